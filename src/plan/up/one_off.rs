//! Plans `run`: a service's dependencies are brought up, and one more container is created.

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

/// The caller's options for a container of `run`.
#[derive(Clone, Debug)]
pub struct OneOffChoices {
    /// The service that it is based on.
    pub service_name: ServiceName,
    /// The service adapted for the container.
    pub service: Arc<Service>,
    /// The container's name; generated when absent.
    pub name: Option<ContainerName>,
    /// 64 hexadecimal digits that identify the container.
    pub slug: String,
    /// Whether it has the service's names as aliases in its networks.
    pub has_aliases: bool,
    /// How it differs from a service's container.
    pub one_off: OneOff,
    /// The options for images and for the service's dependencies.
    pub up: UpChoices,
}

/// What to look for in the engine before planning.
pub fn one_off_query(topology: &Topology, service: &ServiceName) -> Query {
    let needed = order::services(topology, std::slice::from_ref(service), false);
    // Existing images need not be built for those that are built from them.
    let contexts = topology.services.keys().chain(topology.inactive.keys());
    let contexts: BTreeSet<ServiceName> = contexts.flat_map(|name| build::contexts(topology, name)).collect();
    let images = needed.into_iter().chain(contexts).filter_map(|name| {
        let service = topology.service(name.as_str())?;
        Some(super::images_of(topology, &name, service).collect::<Vec<_>>())
    });
    Query { images: images.flatten().collect(), ..super::query(topology) }
}

/// Plans `run`. The last step creates the container; none starts it: a client attaches to it first.
/// Errors go to `found`.
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
