//! Where a service's image comes from.

use super::{BuildChoice, Gate, PullChoice, Up};
use crate::plan::observed::ObservedContainer;
use crate::plan::{Action, Because, Guard, Needs, StepId, spec};
use crate::topology::Service;
use crate::topology::name::{ImageName, ServiceName};
use crate::topology::service::PullPolicy;

impl Up<'_> {
    /// The step that makes sure of a service's image before a container is created from it.
    pub(super) fn image(&mut self, name: &ServiceName, service: &Service) -> Option<StepId> {
        let image = spec::image_name(self.topology, name, service);
        if let Some(known) = self.images.get(&image) {
            return *known;
        }
        let is_there = self.observed.images.contains_key(&image);
        let because = if is_there { Because::Asked } else { Because::Absent };
        let action = if self.is_built(service, is_there) {
            spec::image(self.topology, name, service).map(|image| Action::BuildImage(Box::new(image)))
        } else if self.is_pulled(service, is_there) {
            let platform = service.platform.as_ref().map(|platform| platform.value.clone());
            Some(Action::PullImage { image: image.clone(), platform })
        } else {
            None
        };
        let bases = match &action {
            Some(Action::BuildImage(_)) => self.base_images(service),
            _ => Vec::new(),
        };
        let step = action.map(|action| self.add(action, because, Some(name), &bases));
        self.images.insert(image, step);
        step
    }

    /// The steps that make the images of the services that a build takes for contexts.
    fn base_images(&mut self, service: &Service) -> Vec<Gate> {
        let topology = self.topology;
        let contexts = service.build.iter().flat_map(|build| build.additional_contexts.texts());
        let names = contexts.filter_map(|(_, context)| context.strip_prefix("service:"));
        let bases = names.filter_map(|name| Some((ServiceName::new(name), topology.service(name)?)));
        bases.filter_map(|(name, base)| Some((self.image(&name, base)?, Needs::Done))).collect()
    }

    /// Whether the image is made anew although a container of it is there and unchanged.
    pub(super) fn is_image_renewed(&self, service: &Service) -> bool {
        self.is_built(service, true) || self.is_pulled(service, true)
    }

    /// The condition under which an unchanged container is replaced, after its image was made anew.
    pub(super) fn image_guard(&self, image: &ImageName, container: &ObservedContainer) -> Guard {
        Guard::ImageDiffers { image: image.clone(), from: container.image.clone() }
    }

    fn is_built(&self, service: &Service, is_there: bool) -> bool {
        if service.build.is_none() {
            return false;
        }
        match self.choices.build {
            BuildChoice::Always => true,
            BuildChoice::Never => false,
            BuildChoice::Missing => {
                !is_there || matches!(service.pull_policy.as_deref(), Some(PullPolicy::Build))
            }
        }
    }

    fn is_pulled(&self, service: &Service, is_there: bool) -> bool {
        let asked = self.choices.pull.unwrap_or(match service.pull_policy.as_deref() {
            Some(PullPolicy::Always | PullPolicy::Refresh) => PullChoice::Always,
            Some(PullPolicy::Never | PullPolicy::Build) => PullChoice::Never,
            Some(PullPolicy::Missing | PullPolicy::Every { .. }) | None => PullChoice::Missing,
        });
        match asked {
            PullChoice::Never => false,
            PullChoice::Missing => !is_there,
            // An image that is built here is in no registry.
            PullChoice::Always => service.build.is_none(),
        }
    }
}
