//! Which services are brought up, in which order, and what they share.

use std::collections::BTreeSet;

use crate::topology::name::ServiceName;
use crate::topology::service::{Namespace, ShareKind};
use crate::topology::{Service, Topology};

/// The chosen services (all if none is chosen) and their dependencies; each service comes after all
/// its dependencies. The topology has no cycles.
pub fn services(topology: &Topology, chosen: &[ServiceName], without_dependencies: bool) -> Vec<ServiceName> {
    let roots: Vec<&ServiceName> =
        if chosen.is_empty() { topology.services.keys().collect() } else { chosen.iter().collect() };
    let is_wanted = |name: &ServiceName| {
        topology.services.contains_key(name) && (!without_dependencies || roots.contains(&name))
    };
    let order = needed_first(&roots, |name| needs(topology, name));
    order.into_iter().filter(|name| is_wanted(name)).cloned().collect()
}

fn needs<'a>(topology: &'a Topology, name: &ServiceName) -> Vec<&'a ServiceName> {
    topology.services.get(name).map(|service| service.depends_on.0.keys().collect()).unwrap_or_default()
}

/// The services and all their dependencies; each comes after its dependencies.
pub(super) fn needed_first<'a>(
    services: &[&'a ServiceName],
    needs: impl Fn(&'a ServiceName) -> Vec<&'a ServiceName>,
) -> Vec<&'a ServiceName> {
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    // Depth first with an explicit stack: a chain of services may be long. `true` marks the way
    // back.
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

/// Which services are affected by others that were chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Along {
    /// None.
    Nobody,
    /// Those that share a namespace or volumes, or are linked by the engine: without the other one they are cut
    /// off.
    Sharing,
    /// Those with `restart: true` as well.
    Restarted,
}

/// The services that are affected by these, transitively; each comes after its dependencies.
pub(super) fn along(topology: &Topology, services: &[ServiceName], along: Along) -> Vec<ServiceName> {
    let mut with: BTreeSet<&ServiceName> = services.iter().collect();
    if along == Along::Nobody {
        return Vec::new();
    }
    let all: Vec<&ServiceName> = topology.services.keys().collect();
    let order = needed_first(&all, |name| needs(topology, name));
    let mut followers = Vec::new();
    for (name, service) in order.into_iter().filter_map(|name| topology.services.get_key_value(name)) {
        let shares = || held(topology, service).iter().any(|owner| with.contains(owner));
        let is_restarted = || {
            let mut needed = service.depends_on.0.iter();
            needed.any(|(needed, dependency)| dependency.restart && with.contains(needed))
        };
        let goes = shares() || (along == Along::Restarted && is_restarted());
        if goes && with.insert(name) {
            followers.push(name.clone());
        }
    }
    followers
}

/// The services that the engine itself links a service to: if a container is on no user-defined
/// network, its link is resolved when it is created, and never updated. With the namespace of the
/// host or of another container, the engine refuses links.
pub(super) fn linked(service: &Service) -> impl Iterator<Item = ServiceName> + use<'_> {
    let is_engines = match service.network_mode.as_ref().map(|mode| &mode.value) {
        Some(Namespace::None) => true,
        Some(Namespace::Named(word)) => matches!(word.as_str(), "bridge" | "default"),
        _ => false,
    };
    service.links.iter().filter(move |_| is_engines).map(|link| link.name.clone())
}

/// Services whose namespaces or volumes a service shares, and those that the engine links it to: it
/// uses one container of each, and must be replaced with it.
pub(super) fn held(topology: &Topology, service: &Service) -> BTreeSet<ServiceName> {
    namespaces(topology, service).chain(volumes_from(service)).chain(linked(service)).collect()
}

/// Services whose volumes a service mounts, all of them.
pub(super) fn volumes_from(service: &Service) -> impl Iterator<Item = ServiceName> + use<'_> {
    let by_volumes = service.shares().filter(|share| share.kind == ShareKind::Volumes);
    by_volumes.filter_map(|share| share.owner.service().cloned())
}

/// Services whose namespaces a service shares, which end when they stop.
pub(super) fn namespaces<'a>(
    topology: &'a Topology,
    service: &'a Service,
) -> impl Iterator<Item = ServiceName> + use<'a> {
    topology.namespaces_of(service).map(|(owner, _)| owner)
}
