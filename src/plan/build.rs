//! What `build` does: images, and nothing else.

use std::collections::BTreeMap;

use crate::plan::{Action, Because, Needs, Plan, Step, spec};
use crate::source::Spanned;
use crate::topology::Topology;
use crate::topology::name::{ImageName, ServiceName};
use crate::topology::value::Flag;

/// What the caller decides about `build`.
#[derive(Clone, Debug, Default)]
pub struct BuildChoices {
    /// The services whose images are built; all when empty.
    pub services: Vec<ServiceName>,
    /// Whether every step is run anew.
    pub no_cache: bool,
    /// Whether base images are pulled anew.
    pub pull: bool,
    /// Build arguments that win over the topology's.
    pub args: BTreeMap<String, String>,
}

/// Plans `build`.
pub fn build(topology: &Topology, choices: &BuildChoices) -> Plan {
    let mut plan = Plan::new(topology.name.clone());
    let mut steps = BTreeMap::<ImageName, _>::new();
    let mut by_service = BTreeMap::<&ServiceName, _>::new();
    for (name, service) in &topology.services {
        let is_meant = choices.services.is_empty() || choices.services.contains(name);
        let Some(mut image) = spec::image(topology, name, service).filter(|_| is_meant) else { continue };
        image.build.no_cache = Flag(*image.build.no_cache || choices.no_cache);
        image.build.pull = Flag(*image.build.pull || choices.pull);
        let span = service.key;
        for (argument, value) in &choices.args {
            image.build.args.0.insert(argument.clone(), Spanned::new(Some(value.clone()), span));
        }
        // Two services may share one image: it is built once.
        let step = *steps.entry(image.image.clone()).or_insert_with(|| {
            let action = Action::BuildImage(Box::new(image));
            plan.steps.add_node(Step {
                action,
                because: Because::Asked,
                service: Some(name.clone()),
                only_if: None,
            })
        });
        by_service.insert(name, step);
    }
    for (name, step) in &by_service {
        let Some(service) = topology.services.get(*name) else { continue };
        let contexts = service.build.iter().flat_map(|build| build.additional_contexts.texts());
        let needed = contexts.filter_map(|(_, context)| context.strip_prefix("service:"));
        for base in needed.filter_map(|base| by_service.get(&ServiceName::from(base))) {
            if base != step {
                plan.steps.update_edge(*base, *step, Needs::Done);
            }
        }
    }
    plan
}
