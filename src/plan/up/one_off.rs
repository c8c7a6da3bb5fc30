//! What `run` does: what a service depends on is brought up, and one container more is created.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Context, Up, UpChoices, check_engine, decision, order};
use crate::diagnostic::Diagnostics;
use crate::plan::action::OneOff;
use crate::plan::observed::{Observed, Query};
use crate::plan::spec::Addresses;
use crate::plan::{Action, Because, Plan, build, spec};
use crate::topology::name::{ContainerName, ServiceName};
use crate::topology::{Service, Topology};

/// What the caller decides about a container of `run`.
#[derive(Clone, Debug)]
pub struct OneOffChoices {
    /// The service that it is made from.
    pub service_name: ServiceName,
    /// The service as the container has it.
    pub service: Arc<Service>,
    /// The container's name; one is made when absent.
    pub name: Option<ContainerName>,
    /// 64 hexadecimal digits that no other container of `run` has.
    pub slug: String,
    /// Whether it answers to the service's names in its networks.
    pub has_aliases: bool,
    /// How it differs from a service's container.
    pub one_off: OneOff,
    /// What is decided about images, and about what the service depends on.
    pub up: UpChoices,
}

/// What the engine is to be asked before planning.
pub fn one_off_query(topology: &Topology, service: &ServiceName) -> Query {
    let needed = order::services(topology, std::slice::from_ref(service), false);
    // What is there need not be built for what is built from it.
    let contexts = topology.services.keys().chain(topology.inactive.keys());
    let contexts: BTreeSet<ServiceName> = contexts.flat_map(|name| build::contexts(topology, name)).collect();
    let images = needed.into_iter().chain(contexts).filter_map(|name| {
        let service = topology.service(name.as_str())?;
        Some(super::images_of(topology, &name, service).collect::<Vec<_>>())
    });
    Query { images: images.flatten().collect(), ..super::query(topology) }
}

/// Plans `run`. The container is created by the last step, and started by none: whoever wants its
/// output attaches to it first. What stands in the way goes to `found`.
pub fn one_off(
    topology: &Topology,
    observed: &Observed,
    choices: &OneOffChoices,
    found: &mut Diagnostics,
) -> (Plan, ContainerName) {
    let OneOffChoices { service_name, service, name: _, slug: _, has_aliases: _, one_off: _, up } = choices;
    let containers = observed.by_service();
    let context = Context { topology, observed, containers: &containers, choices: up };
    let mut needed = order::services(topology, std::slice::from_ref(service_name), up.without_dependencies);
    needed.retain(|name| name != service_name);
    let others = needed.iter().map(|name| (name, &*topology.services[name].value));
    check_engine(context, others.chain([(service_name, &**service)]), found);
    let along = context.along(&needed);
    let decisions = decision::decide(context, &needed, &along, found);
    let mut up = Up::new(context, found);
    up.remove_without_successor(&decisions.removed);
    for name in needed.iter().chain(&along) {
        if let Some(replicas) = decisions.replicas.get(name) {
            up.place_service(name, replicas);
        }
    }
    let placing = up.placing(service_name, service);
    let is_taken = context.containers_of(service_name).any(|container| container.state.is_running());
    let addresses = if is_taken { Addresses::LeftOut } else { Addresses::Kept };
    let wanted =
        spec::one_off(topology, choices, &placing.base, addresses, &|service| up.container_of(service));
    let container = wanted.name.clone();
    let needs = [up.before_create(&placing), placing.gates].concat();
    up.add(Action::CreateContainer(Box::new(wanted)), Because::Asked, Some(service_name), &needs);
    (up.finish(), container)
}
