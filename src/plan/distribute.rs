//! Images to and from registries, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::observed::Observed;
use crate::plan::{Action, Because, Needs, Plan, PullChoice, Step, StepId, services_in_order, spec};
use crate::topology::name::ServiceName;
use crate::topology::service::PullPolicy;
use crate::topology::{Service, Topology};
use crate::value::image::ImageReference;

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

/// Why an image is not pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// It is there, and is pulled only when it is not.
    Present,
    /// Its service says that it is never pulled.
    Never,
    /// It is built, and has no name of its own.
    Built,
    /// It can be built, and those are left out.
    Buildable,
}

/// Plans `pull`: the images that have a name in a registry, those that can be built among them. Also returns
/// the images that are not pulled.
pub fn pull(
    topology: &Topology,
    observed: &Observed,
    choices: &PullChoices,
) -> (Plan, BTreeMap<ImageReference, LeftOut>) {
    let mut plan = Plan::new(topology.name.clone());
    let mut seen: BTreeMap<ImageReference, StepId> = BTreeMap::new();
    let mut left_out = BTreeMap::new();
    for (name, service) in chosen(topology, &choices.services, choices.with_dependencies) {
        // Another program runs it, of whatever image.
        if service.provider.is_some() {
            continue;
        }
        let image = spec::image_name(topology, name, service);
        if let Some(why) = left_out_because(service, &image, observed, choices) {
            left_out.insert(image, why);
            continue;
        }
        if let Some(step) = seen.get(&image) {
            plan.share_pull(*step, name);
            continue;
        }
        let platform = spec::platform(topology, service);
        let action = Action::PullImage { image: image.clone(), platform };
        let may_fail = choices.tolerates_failures;
        let step = plan.steps.push(Step { may_fail, ..asked(action, name) });
        seen.insert(image, step);
    }
    // One service may leave out what another one pulls.
    left_out.retain(|image, _| !seen.contains_key(image));
    (plan, left_out)
}

fn left_out_because(
    service: &Service,
    image: &ImageReference,
    observed: &Observed,
    choices: &PullChoices,
) -> Option<LeftOut> {
    if service.build.is_some() && service.image.is_none() {
        return Some(LeftOut::Built);
    }
    if service.build.is_some() && choices.without_buildable {
        return Some(LeftOut::Buildable);
    }
    let policy = choices.policy.unwrap_or(match service.pull_policy.as_deref() {
        Some(PullPolicy::Never | PullPolicy::Build) => PullChoice::Never,
        Some(PullPolicy::Missing) => PullChoice::Missing,
        Some(PullPolicy::Always | PullPolicy::Refresh | PullPolicy::Every { .. }) | None => {
            PullChoice::Always
        }
    });
    // What `latest` names moves: that it is there says nothing, as for Docker Compose.
    let is_settled = image.version() != "latest";
    match policy {
        PullChoice::Always => None,
        PullChoice::Missing => {
            (is_settled && observed.images.contains_key(image)).then_some(LeftOut::Present)
        }
        PullChoice::Never => Some(LeftOut::Never),
    }
}

/// Plans `push`: the images that are built here under a name of their own, with all their tags.
pub fn push(topology: &Topology, choices: &PushChoices) -> Plan {
    let mut plan = Plan::new(topology.name.clone());
    let mut images: BTreeMap<ImageReference, &ServiceName> = BTreeMap::new();
    for (name, service) in chosen(topology, &choices.services, choices.with_dependencies) {
        let Some(build) = service.build.as_ref().filter(|_| service.image.is_some()) else { continue };
        images.entry(spec::image_name(topology, name, service)).or_insert(name);
        for tag in &build.tags {
            images.entry(tag.value.clone()).or_insert(name);
        }
    }
    for (image, name) in images {
        let may_fail = choices.tolerates_failures;
        plan.steps.push(Step { may_fail, ..asked(Action::PushImage { image }, name) });
    }
    push_one_by_one(&mut plan);
    plan
}

/// Lets the pushes to one repository wait for each other: they share layers, and registries mix up uploads
/// of one layer to one repository that are under way at the same time.
pub(super) fn push_one_by_one(plan: &mut Plan) {
    let mut last = BTreeMap::<String, StepId>::new();
    for step in plan.steps.ids() {
        let Action::PushImage { image } = &plan.steps[step].action else { continue };
        let repository = image.full_name();
        if let Some(former) = last.insert(repository, step) {
            plan.steps.order(former, step, Needs::Settled);
        }
    }
}

fn asked(action: Action, service: &ServiceName) -> Step {
    Step::new(action, Because::Asked, Some(service.clone()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::topology;
    use crate::topology::name::ImageId;

    #[test]
    fn what_is_there_is_left_out_unless_its_name_moves() {
        let topology = topology(
            "services:
  pinned: { image: 'a:1', pull_policy: missing }
  untagged: { image: b, pull_policy: missing }
  latest: { image: 'r.example:5000/c:latest', pull_policy: if_not_present }
  digest: { image: 'd@sha256:0000000000000000000000000000000000000000000000000000000000000000', pull_policy: missing }
  absent: { image: 'e:1', pull_policy: missing }
  never: { image: 'f:1', pull_policy: never }
  built: { build: . }
  shared: { image: 'e:1', pull_policy: never }
",
        );
        let mut observed = Observed::default();
        for (name, service) in &topology.services {
            let image = spec::image_name(&topology, name, service);
            if image.as_str() != "e:1" {
                observed.images.insert(image, ImageId::new("sha256:1"));
            }
        }
        let (plan, left_out) = pull(&topology, &observed, &PullChoices::default());
        let pulled: BTreeSet<&str> = plan
            .steps
            .iter()
            .filter_map(|step| match &step.action {
                Action::PullImage { image, .. } => Some(image.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(pulled, BTreeSet::from(["b", "e:1", "r.example:5000/c:latest"]));
        let left_out: Vec<(&str, LeftOut)> =
            left_out.iter().map(|(image, why)| (image.as_str().split('@').next().unwrap(), *why)).collect();
        assert_eq!(
            left_out,
            [
                ("a:1", LeftOut::Present),
                ("d", LeftOut::Present),
                ("f:1", LeftOut::Never),
                ("shop-built", LeftOut::Built),
            ]
        );
    }
}
