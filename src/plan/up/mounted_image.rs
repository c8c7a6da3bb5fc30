//! Further images of a service: those that it mounts, and those of its `pre_start` hooks.
//!
//! A container keeps the image that a reference meant when it was created. Its labels record which
//! one that was, as the engine does not report it.

use super::decision::Decision;
use super::{Context, Gate, PullChoice, Up};
use crate::plan::observed::ObservedContainer;
use crate::plan::{Action, Because, FormerImage, Guard, Needs, label, spec};
use crate::topology::Service;
use crate::topology::name::{ImageId, ServiceName};
use crate::value::image::ImageReference;

/// An image that is mounted in a container.
struct Mounted {
    reference: ImageReference,
    /// The image that the reference meant then.
    from: ImageId,
}

impl Mounted {
    fn changed(self) -> Because {
        Because::MountedImageChanged { image: self.reference, from: self.from }
    }
}

impl<'a> Context<'a> {
    /// Why a container is replaced because of a mounted image, unconditionally or once that is
    /// rebuilt.
    pub(super) fn mounts_another_image(
        self,
        service: &Service,
        container: &ObservedContainer,
    ) -> Option<Decision> {
        let decision = |mounted: Mounted| {
            let now = self.observed.images.get(&mounted.reference)?;
            if *now != mounted.from {
                return Some(Decision::unconditional(mounted.changed()));
            }
            let guard = FormerImage { image: mounted.reference.clone(), from: mounted.from.clone() };
            let only_if = Some(Guard::image_differs(guard));
            self.is_renewed(&mounted.reference).then(|| Decision { because: mounted.changed(), only_if })
        };
        mounted(service, container).into_iter().filter_map(decision).reduce(Decision::or)
    }

    /// The service that an image is built for.
    fn builder_of(self, image: &ImageReference) -> Option<(&'a ServiceName, &'a Service)> {
        let mut builders = self.topology.services.iter().filter(|(_, service)| service.build.is_some());
        let builder =
            builders.find(|(name, service)| spec::image_name(self.topology, name, service) == *image)?;
        Some((builder.0, &builder.1.value))
    }
}

/// The images mounted in a container of a service, as far as its labels record them.
fn mounted(service: &Service, container: &ObservedContainer) -> Vec<Mounted> {
    let mut noted = label::mounted_images(&container.labels);
    let mounted = |(target, reference)| Some(Mounted { from: noted.remove(target)?, reference });
    spec::mounted_images(service).filter_map(mounted).collect()
}

impl Up<'_> {
    /// The steps that provide the images that a service mounts.
    pub(super) fn mounted_images(&mut self, name: &ServiceName, service: &Service) -> Vec<Gate> {
        let images: Vec<ImageReference> = spec::mounted_images(service).map(|(_, image)| image).collect();
        images.into_iter().filter_map(|image| self.further_image(name, service, image)).collect()
    }

    /// The step that provides a further image of a service.
    pub(super) fn further_image(
        &mut self,
        name: &ServiceName,
        service: &Service,
        image: ImageReference,
    ) -> Option<Gate> {
        if let Some((builder_name, builder)) = self.context.builder_of(&image) {
            return self.image(builder_name, builder).map(|step| (step, Needs::Done));
        }
        if !self.images.contains_key(&image) {
            let is_pulled = match self.context.choices.pull {
                Some(PullChoice::Always) => true,
                Some(PullChoice::Never) => false,
                Some(PullChoice::Missing) | None => !self.context.observed.images.contains_key(&image),
            };
            let platform = spec::platform(self.context.topology, service);
            let pull = Action::PullImage { image: image.clone(), platform };
            let step = is_pulled.then(|| self.add(pull, Because::Absent, Some(name), &[]));
            self.images.insert(image.clone(), step);
        }
        self.images.get(&image).copied().flatten().map(|step| (step, Needs::Done))
    }
}
