//! Plans `build`: images, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::action::ImageSpec;
use crate::plan::{Action, Because, Needs, Plan, Step, StepId, distribute, spec};
use crate::source::{Span, Spanned};
use crate::topology::Topology;
use crate::topology::name::ServiceName;
use crate::topology::service::BuildContext;
use crate::topology::value::{Flag, Loose};
use crate::value::image::ImageReference;

/// The caller's options for `build`.
#[derive(Clone, Debug, Default)]
pub struct BuildChoices {
    /// The services whose images are built; all when empty.
    pub services: Vec<ServiceName>,
    /// Whether the services that they depend on are included.
    pub with_dependencies: bool,
    /// Whether the build cache is ignored.
    pub no_cache: bool,
    /// Whether base images are always pulled.
    pub pull: bool,
    /// Whether images with explicit names are pushed to their registries.
    pub push: bool,
    /// Build arguments that override the topology's.
    pub args: BTreeMap<String, String>,
    /// SSH agents or keys for builds, besides the topology's: the id, and a path for a key.
    pub ssh: BTreeMap<String, Option<String>>,
    /// The provenance attestation, instead of the topology's.
    pub provenance: Option<String>,
    /// The bill-of-materials attestation, instead of the topology's.
    pub sbom: Option<String>,
    /// The buildx instance; the engine's own builder when absent.
    pub builder: Option<String>,
}

/// Plans `build`.
pub fn build(topology: &Topology, choices: &BuildChoices) -> Plan {
    let mut plan = Plan::new(topology.name.clone());
    let mut steps = BTreeMap::<ImageReference, StepId>::new();
    let mut by_service = BTreeMap::<ServiceName, StepId>::new();
    for name in chosen(topology, choices) {
        let service = &topology.services[&name];
        let Some(mut image) = spec::image(topology, &name, service) else { continue };
        adapt(&mut image, choices, service.key);
        // An image of two services is built once.
        let step = *steps.entry(image.image.clone()).or_insert_with(|| {
            let has_name = service.image.is_some();
            add(&mut plan, image, &name, choices.push && has_name)
        });
        by_service.insert(name, step);
    }
    for (name, step) in &by_service {
        for base in contexts(topology, name).filter_map(|base| by_service.get(&base)) {
            // Two images that are built from each other must exist already.
            if !plan.steps.waits_for(*base, *step) {
                plan.steps.order(*base, *step, Needs::Done);
            }
        }
    }
    distribute::push_one_by_one(&mut plan);
    plan
}

/// Adds the step that builds an image, and those that push its tags after it.
fn add(plan: &mut Plan, image: ImageSpec, service: &ServiceName, is_pushed: bool) -> StepId {
    let mut step = |action| {
        let service = Some(service.clone());
        plan.steps.push(Step::new(action, Because::Asked, service))
    };
    let tags = image.build.tags.iter().map(|tag| tag.value.clone());
    let tags: BTreeSet<ImageReference> = tags.chain([image.image.clone()]).collect();
    let build = step(Action::BuildImage(Box::new(image)));
    let pushes: Vec<StepId> =
        tags.into_iter().filter(|_| is_pushed).map(|image| step(Action::PushImage { image })).collect();
    for push in pushes {
        plan.steps.order(build, push, Needs::Done);
    }
    build
}

fn adapt(image: &mut ImageSpec, choices: &BuildChoices, span: Span) {
    let build = &mut image.build.0;
    build.no_cache = Flag(*build.no_cache || choices.no_cache);
    build.pull = Flag(*build.pull || choices.pull);
    for (argument, value) in &choices.args {
        build.args.0.insert(argument.clone(), Spanned::new(Some(value.clone()), span));
    }
    let keys = choices.ssh.iter().map(|(id, path)| (id.clone(), Spanned::new(path.clone(), span)));
    build.ssh.0.extend(keys);
    for (chosen, own) in [(&choices.provenance, &mut build.provenance), (&choices.sbom, &mut build.sbom)] {
        if let Some(chosen) = chosen {
            *own = Some(Loose(chosen.clone()));
        }
    }
    image.builder = choices.builder.clone();
}

/// The chosen services, and those whose images they are built from; with their dependencies if
/// requested.
fn chosen(topology: &Topology, choices: &BuildChoices) -> BTreeSet<ServiceName> {
    let mut ways: Vec<ServiceName> = match &choices.services[..] {
        [] => topology.services.keys().cloned().collect(),
        services => services.to_vec(),
    };
    let mut chosen = BTreeSet::new();
    while let Some(name) = ways.pop() {
        let Some(service) = topology.services.get(&name).filter(|_| !chosen.contains(&name)) else {
            continue;
        };
        ways.extend(contexts(topology, &name));
        if choices.with_dependencies {
            ways.extend(service.depends_on.0.keys().cloned());
        }
        chosen.insert(name);
    }
    chosen
}

/// The services whose images a build uses as contexts or base images.
pub(super) fn contexts<'a>(
    topology: &'a Topology,
    name: &ServiceName,
) -> impl Iterator<Item = ServiceName> + use<'a> {
    let bases = topology.bases.get(name).into_iter().flatten().cloned();
    let build = topology.service(name.as_str()).and_then(|service| service.build.as_ref());
    let contexts = build.into_iter().flat_map(|build| build.additional_contexts.texts());
    contexts
        .filter_map(|(_, context)| BuildContext::parse(context).service().map(ServiceName::from))
        .chain(bases)
}
