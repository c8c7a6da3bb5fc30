//! Plans `pull` and `push`: images, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::observed::Observed;
use crate::plan::{Action, Because, Needs, Plan, PullChoice, Step, StepId, services_in_order, spec};
use crate::topology::name::ServiceName;
use crate::topology::service::PullPolicy;
use crate::topology::{Service, Topology};
use crate::value::image::ImageReference;

/// The caller's options for `pull`.
#[derive(Clone, Debug, Default)]
pub struct PullChoices {
    /// The services whose images are pulled; all when empty.
    pub services: Vec<ServiceName>,
    /// Whether the services that they depend on are included.
    pub with_dependencies: bool,
    /// When images are pulled, instead of the topology's policy.
    pub policy: Option<PullChoice>,
    /// Whether images that can be built are skipped.
    pub without_buildable: bool,
    /// Whether a failed pull is not a failure of the command.
    pub tolerates_failures: bool,
}

/// The caller's options for `push`.
#[derive(Clone, Debug, Default)]
pub struct PushChoices {
    /// The services whose images are pushed; all when empty.
    pub services: Vec<ServiceName>,
    /// Whether the services that they depend on are included.
    pub with_dependencies: bool,
    /// Whether a failed push is not a failure of the command.
    pub tolerates_failures: bool,
}

/// Why an image is not pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// It exists, and is pulled only when missing.
    Present,
    /// Its service's policy is never to pull it.
    Never,
    /// It is built, and has no explicit name.
    Built,
    /// It can be built, and such images are skipped.
    Buildable,
}

/// Plans `pull`: images with a name in a registry, including those that can be built. Also returns
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
        // A provider runs it, whatever its image.
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
    // One service may skip what another one pulls.
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
    // `latest` moves, so that its presence means nothing, as for Docker Compose.
    let is_settled = image.version() != "latest";
    match policy {
        PullChoice::Always => None,
        PullChoice::Missing => {
            (is_settled && observed.images.contains_key(image)).then_some(LeftOut::Present)
        }
        PullChoice::Never => Some(LeftOut::Never),
    }
}

/// Plans `push`: images that are built here and have an explicit name, with all their tags.
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

/// Serializes pushes to one repository: they share layers, and registries confuse concurrent
/// uploads of one layer to one repository.
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

/// The chosen services, or all; with their dependencies if requested.
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
    fn existing_images_are_skipped_unless_their_tag_moves() {
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
