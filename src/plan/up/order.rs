//! Which services are brought up, in which order, and what they share.

use std::collections::BTreeSet;

use crate::topology::name::ServiceName;
use crate::topology::{Service, Topology};

/// The chosen services (all when none is chosen) and what they depend on; a service comes after all
/// that it depends on. The topology has no cycles.
pub fn services(topology: &Topology, chosen: &[ServiceName], without_dependencies: bool) -> Vec<ServiceName> {
    let roots: Vec<&ServiceName> =
        if chosen.is_empty() { topology.services.keys().collect() } else { chosen.iter().collect() };
    let is_wanted = |name: &ServiceName| {
        topology.services.contains_key(name) && (!without_dependencies || roots.contains(&name))
    };
    let needs = |name: &ServiceName| match topology.services.get(name) {
        Some(service) => service.depends_on.0.keys().collect(),
        None => Vec::new(),
    };
    let order = needed_first(&roots, needs);
    order.into_iter().filter(|name| is_wanted(name)).cloned().collect()
}

/// The services and all that they need; each comes after what it needs.
pub fn needed_first<'a>(
    services: &[&'a ServiceName],
    needs: impl Fn(&'a ServiceName) -> Vec<&'a ServiceName>,
) -> Vec<&'a ServiceName> {
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    // Depth first with an own stack: a chain of services may be long. `true` marks the way back.
    let mut stack: Vec<(&ServiceName, bool)> = services.iter().rev().map(|name| (*name, false)).collect();
    while let Some((name, is_way_back)) = stack.pop() {
        if is_way_back {
            order.push(name);
        } else if seen.insert(name) {
            stack.push((name, true));
            stack.extend(needs(name).into_iter().rev().map(|needed| (needed, false)));
        }
    }
    order
}

/// Services whose namespaces or volumes a service shares: it holds on to one container of each, and must
/// be replaced with it.
pub fn shared(service: &Service) -> BTreeSet<ServiceName> {
    let by_volumes = service.volumes_from.iter().filter(|from| !from.starts_with("container:"));
    let by_volumes = by_volumes.filter_map(|from| from.split(':').next()).map(ServiceName::from);
    namespaces(service).chain(by_volumes).collect()
}

/// Services whose namespaces a service shares: what it has of them is gone when they stop.
pub fn namespaces(service: &Service) -> impl Iterator<Item = ServiceName> {
    let modes = [&service.network_mode, &service.ipc, &service.pid, &service.uts];
    modes.into_iter().flatten().filter_map(|mode| mode.strip_prefix("service:")).map(ServiceName::from)
}
