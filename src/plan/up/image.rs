//! The steps for a service's image.

use super::{BuildChoice, Context, Gate, PullChoice, Up, order};
use crate::diagnostic::code;
use crate::plan::observed::ObservedContainer;
use crate::plan::{Action, Because, FormerImage, Guard, Needs, StepId, build, spec};
use crate::topology::name::ServiceName;
use crate::topology::service::PullPolicy;
use crate::topology::value::Duration;
use crate::topology::{Service, Topology};
use crate::value::image::ImageReference;

impl<'a> Context<'a> {
    /// The condition under which an unchanged container is replaced: its image is pulled or built,
    /// and turns out to be another one.
    pub(super) fn renewal(
        self,
        name: &ServiceName,
        service: &Service,
        container: &ObservedContainer,
    ) -> Option<Guard> {
        let is_built = self.builder(name, service).is_some_and(|(_, builder)| self.is_built(builder, true));
        let is_renewed = is_built || self.is_pulled(service, true);
        let image = spec::image_name(self.topology, name, service);
        is_renewed.then(|| Guard::image_differs(FormerImage { image, from: container.image.clone() }))
    }

    /// Whether an existing image is pulled or built again for one of the services.
    pub(super) fn is_renewed(self, image: &ImageReference) -> bool {
        let mut users = self.topology.services.iter();
        users.any(|(name, service)| {
            let is_built =
                || self.builder(name, service).is_some_and(|(_, builder)| self.is_built(builder, true));
            spec::image_name(self.topology, name, service) == *image
                && (is_built() || self.is_pulled(service, true))
        })
    }

    /// The service that defines how the image is built: this one, or another one with the same
    /// image.
    fn builder<'s>(
        self,
        name: &'s ServiceName,
        service: &'s Service,
    ) -> Option<(&'s ServiceName, &'s Service)>
    where
        Self: 's,
    {
        if service.build.is_some() {
            return Some((name, service));
        }
        let image = spec::image_name(self.topology, name, service);
        let mut builders = self.topology.services.iter().filter(|(_, other)| other.build.is_some());
        let builder = builders.find(|(name, other)| spec::image_name(self.topology, name, other) == image)?;
        Some((builder.0, &builder.1.value))
    }

    /// The service that defines how the image is built, if it is to be built.
    fn building<'s>(
        self,
        name: &'s ServiceName,
        service: &'s Service,
    ) -> Option<(&'s ServiceName, &'s Service)>
    where
        Self: 's,
    {
        let is_there = self.observed.images.contains_key(&spec::image_name(self.topology, name, service));
        self.builder(name, service).filter(|(_, builder)| self.is_built(builder, is_there))
    }

    /// The services whose images a build copies from or is based on.
    fn build_contexts(self, builder: &ServiceName) -> Vec<&'a ServiceName> {
        let Topology { services, inactive, .. } = self.topology;
        let known =
            |name: &ServiceName| services.get_key_value(name).or_else(|| inactive.get_key_value(name));
        let contexts = build::contexts(self.topology, builder);
        contexts.filter_map(|context| known(&context)).map(|(name, _)| name).collect()
    }

    /// A service whose image is built for others need not be active.
    fn service(self, name: &ServiceName) -> Option<&'a Service> {
        self.topology.service(name.as_str()).map(|service| &*service.value)
    }

    fn is_built(self, builder: &Service, is_there: bool) -> bool {
        match self.choices.build {
            BuildChoice::Always => true,
            BuildChoice::Never => false,
            BuildChoice::Missing => {
                !is_there || matches!(builder.pull_policy.as_deref(), Some(PullPolicy::Build))
            }
        }
    }

    fn is_pulled(self, service: &Service, is_there: bool) -> bool {
        // An image without an explicit name is in no registry.
        if service.image.is_none() {
            return false;
        }
        let asked = self.choices.pull.unwrap_or(match service.pull_policy.as_deref() {
            Some(PullPolicy::Always) => PullChoice::Always,
            Some(PullPolicy::Never | PullPolicy::Build) => PullChoice::Never,
            Some(PullPolicy::Missing) | None => PullChoice::Missing,
            Some(PullPolicy::Refresh) => self.pull_after(service, service.pull_refresh_after),
            Some(PullPolicy::Every { period, .. }) => self.pull_after(service, Some(*period)),
        });
        match asked {
            PullChoice::Never => false,
            PullChoice::Missing => !is_there,
            // An image that is built here is not pulled.
            PullChoice::Always => service.build.is_none(),
        }
    }
}

impl Context<'_> {
    /// An image of unknown age is considered old.
    fn pull_after(self, service: &Service, period: Option<Duration>) -> PullChoice {
        let age = service.image.as_ref().and_then(|image| self.observed.image_ages.get(&image.value));
        match (age, period) {
            (Some(age), Some(period)) if *age < period.0 => PullChoice::Missing,
            _ => PullChoice::Always,
        }
    }
}

impl<'a> Up<'a> {
    /// The step that provides a service's image before a container is created from it.
    pub(super) fn image(&mut self, name: &ServiceName, service: &Service) -> Option<StepId> {
        let context = self.context;
        let topology = context.topology;
        let images = &self.images;
        let unknown_contexts = |name| {
            let unknown = context
                .service(name)
                .filter(|service| !images.contains_key(&spec::image_name(topology, name, service)));
            let builder = unknown.and_then(|service| context.building(name, service));
            builder.map_or(Vec::new(), |(name, _)| context.build_contexts(name))
        };
        // A build may need other services' images; an image that is not built needs none of them.
        for needed in order::needed_first(&[name], unknown_contexts) {
            if let Some(needed_service) = context.service(needed) {
                self.single_image(needed, needed_service);
            }
        }
        self.images.get(&spec::image_name(topology, name, service)).copied().flatten()
    }

    fn single_image(&mut self, name: &ServiceName, service: &Service) {
        let image = spec::image_name(self.context.topology, name, service);
        if let Some(known) = self.images.get(&image) {
            if let Some(step) = known {
                self.plan.share_pull(*step, name);
            }
            return;
        }
        let is_there = self.context.observed.images.contains_key(&image);
        let step = self.make_image(name, service, is_there);
        if step.is_none() && !is_there {
            self.missing_image(name, service, &image);
        }
        self.images.insert(image, step);
    }

    fn make_image(&mut self, name: &ServiceName, service: &Service, is_there: bool) -> Option<StepId> {
        let because = if is_there { Because::Asked } else { Because::Absent };
        let context = self.context;
        if let Some((builder_name, builder)) = context.building(name, service) {
            let image = spec::image(context.topology, builder_name, builder)?;
            let needs = self.images_of(&context.build_contexts(builder_name));
            return Some(self.add(Action::BuildImage(Box::new(image)), because, Some(builder_name), &needs));
        }
        let image = spec::image_name(context.topology, name, service);
        let platform = spec::platform(context.topology, service);
        let pull = Action::PullImage { image, platform };
        context.is_pulled(service, is_there).then(|| self.add(pull, because, Some(name), &[]))
    }

    fn images_of(&self, services: &[&ServiceName]) -> Vec<Gate> {
        let topology = self.context.topology;
        let image = |name: &&ServiceName| {
            let service = self.context.service(name)?;
            *self.images.get(&spec::image_name(topology, name, service))?
        };
        services.iter().filter_map(image).map(|step| (step, Needs::Done)).collect()
    }

    fn missing_image(&mut self, name: &ServiceName, service: &Service, image: &ImageReference) {
        let at =
            service.image.as_ref().map(|image| image.span).or(service.build.as_ref().map(|build| build.span));
        let diagnostic = self.found.error(code::MISSING_IMAGE, format!("the engine has no image `{image}`"));
        if let Some(at) = at {
            diagnostic.label(at, format!("`{name}` runs it"));
        }
        diagnostic.help(match service.build {
            Some(_) => "build it: leave out `--no-build`, or run `topo build` first",
            None => "allow it to be pulled: change `pull_policy: never`, or leave out `--pull never`",
        });
    }
}
