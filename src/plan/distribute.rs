//! Images to and from registries, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::observed::Observed;
use crate::plan::{Action, Because, Needs, Plan, PullChoice, Step, StepId, services_in_order, spec};
use crate::topology::image_reference::ImageReference;
use crate::topology::name::{ImageName, ServiceName};
use crate::topology::service::PullPolicy;
use crate::topology::{Service, Topology};

/// What the caller decides about `pull`.
#[derive(Clone, Debug, Default)]
pub struct PullChoices {
    /// The services whose images are pulled; all when empty.
    pub services: Vec<ServiceName>,
    /// Whether those of the services that they depend on are pulled too.
    pub with_dependencies: bool,
    /// When images are pulled, in place of what the topology says.
    pub policy: Option<PullChoice>,
    /// Whether images that can be built are left out.
    pub without_buildable: bool,
    /// Whether an image that cannot be pulled is no failure.
    pub tolerates_failures: bool,
}

/// What the caller decides about `push`.
#[derive(Clone, Debug, Default)]
pub struct PushChoices {
    /// The services whose images are pushed; all when empty.
    pub services: Vec<ServiceName>,
    /// Whether those of the services that they depend on are pushed too.
    pub with_dependencies: bool,
    /// Whether an image that cannot be pushed is no failure.
    pub tolerates_failures: bool,
}

/// Plans `pull`: the images that have a name in a registry, those that can be built among them.
pub fn pull(topology: &Topology, observed: &Observed, choices: &PullChoices) -> Plan {
    let mut plan = Plan::new(topology.name.clone());
    let mut seen: BTreeMap<ImageName, StepId> = BTreeMap::new();
    for (name, service) in chosen(topology, &choices.services, choices.with_dependencies) {
        // Another program runs it, of whatever image.
        if service.provider.is_some() {
            continue;
        }
        let image = spec::image_name(topology, name, service);
        let is_there = observed.images.contains_key(&image);
        let is_buildable = service.build.is_some();
        let is_left_out = is_buildable && (choices.without_buildable || service.image.is_none());
        if is_left_out || !is_pulled(service, is_there, choices.policy) {
            continue;
        }
        if let Some(step) = seen.get(&image) {
            plan.share_pull(*step, name);
            continue;
        }
        let platform = spec::platform(topology, service);
        let action = Action::PullImage { image: image.clone(), platform };
        let step = plan.steps.add_node(asked(action, name));
        seen.insert(image, step);
        if choices.tolerates_failures {
            plan.tolerated.insert(step);
        }
    }
    plan
}

fn is_pulled(service: &Service, is_there: bool, policy: Option<PullChoice>) -> bool {
    let policy = policy.unwrap_or(match service.pull_policy.as_deref() {
        Some(PullPolicy::Never | PullPolicy::Build) => PullChoice::Never,
        Some(PullPolicy::Missing) => PullChoice::Missing,
        Some(PullPolicy::Always | PullPolicy::Refresh | PullPolicy::Every { .. }) | None => {
            PullChoice::Always
        }
    });
    match policy {
        PullChoice::Always => true,
        PullChoice::Missing => !is_there,
        PullChoice::Never => false,
    }
}

/// Plans `push`: the images that are built here under a name of their own, with all their tags.
pub fn push(topology: &Topology, choices: &PushChoices) -> Plan {
    let mut plan = Plan::new(topology.name.clone());
    let mut images: BTreeMap<ImageName, &ServiceName> = BTreeMap::new();
    for (name, service) in chosen(topology, &choices.services, choices.with_dependencies) {
        let Some(build) = service.build.as_ref().filter(|_| service.image.is_some()) else { continue };
        images.entry(spec::image_name(topology, name, service)).or_insert(name);
        for tag in &build.tags {
            images.entry(ImageName::new(tag.value.clone())).or_insert(name);
        }
    }
    for (image, name) in images {
        let step = plan.steps.add_node(asked(Action::PushImage { image }, name));
        if choices.tolerates_failures {
            plan.tolerated.insert(step);
        }
    }
    push_one_by_one(&mut plan);
    plan
}

/// Lets the pushes to one repository wait for each other: they share layers, and registries mix up uploads
/// of one layer to one repository that are under way at the same time.
pub(super) fn push_one_by_one(plan: &mut Plan) {
    let mut last = BTreeMap::<String, StepId>::new();
    for step in plan.steps.node_indices().collect::<Vec<_>>() {
        let Action::PushImage { image } = &plan.steps[step].action else { continue };
        let repository = ImageReference::parse(image.as_str()).full_name();
        if let Some(former) = last.insert(repository, step) {
            plan.steps.update_edge(former, step, Needs::Settled);
        }
    }
}

fn asked(action: Action, service: &ServiceName) -> Step {
    Step { action, because: Because::Asked, service: Some(service.clone()), only_if: None }
}

/// The chosen services, or all; with what they depend on if that is wanted.
fn chosen<'a>(
    topology: &'a Topology,
    services: &[ServiceName],
    with_dependencies: bool,
) -> Vec<(&'a ServiceName, &'a Service)> {
    let wanted = BTreeSet::from_iter(services_in_order(topology, services, !with_dependencies));
    let all = topology.services.iter().map(|(name, service)| (name, &*service.value));
    all.filter(|(name, _)| wanted.contains(*name)).collect()
}
