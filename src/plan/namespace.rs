//! In: services, containers, and a plan. Out: which services share a namespace, and which of them a
//! plan cuts off. A namespace ends with the run of its owner: containers that share it keep one
//! that is connected to nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::observed::ObservedContainer;
use crate::plan::{Action, Plan, Scope};
use crate::topology::name::{ContainerName, ServiceName};
use crate::topology::service::NamespaceKind;

/// For each service, the services whose namespaces it shares.
pub(super) type Namespaces = BTreeMap<ServiceName, BTreeMap<ServiceName, NamespaceKind>>;

/// A service that keeps running without a namespace that it shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutOff {
    /// The service.
    pub service: ServiceName,
    /// The container, where it is one of `run` and not the service's own.
    pub container: Option<ContainerName>,
    /// Whose namespace it is.
    pub owner: ServiceName,
    /// The namespace.
    pub namespace: NamespaceKind,
}

/// According to the topology, and to the containers of services that it does not have.
pub(super) fn shared(scope: Scope<'_>) -> Namespaces {
    let mut all = Namespaces::new();
    let members = || scope.observed.containers.iter().filter(|container| !container.is_one_off);
    let by_id: BTreeMap<&str, &ServiceName> =
        members().map(|container| (container.id.as_str(), &container.service)).collect();
    for container in members() {
        for owner in container.namespace_owners.iter().filter_map(|id| by_id.get(id.as_str()).copied()) {
            let owners = all.entry(container.service.clone()).or_default();
            owners.insert(owner.clone(), NamespaceKind::Network);
        }
    }
    let Some(topology) = scope.topology else { return all };
    for (name, service) in topology.services.iter().chain(&topology.inactive) {
        let owners: BTreeMap<ServiceName, NamespaceKind> = topology.namespaces_of(service).collect();
        if !owners.is_empty() {
            all.insert(name.clone(), owners);
        }
    }
    all
}

/// Running services that share a namespace whose owner the plan stops without restarting them.
pub fn cut_off(scope: Scope<'_>, plan: &Plan) -> Vec<CutOff> {
    let stopped: BTreeSet<&ContainerName> =
        plan.steps.iter().filter_map(|step| stopped(&step.action)).collect();
    let containers = scope.observed.by_service();
    let runs_on =
        |container: &ObservedContainer| container.state.is_running() && !stopped.contains(&container.name);
    let mut all = Vec::new();
    for (service, owners) in shared(scope) {
        if !containers.of(&service).any(runs_on) {
            continue;
        }
        let is_stopped = |owner: &ServiceName| {
            let first = containers.of(owner).min_by_key(|container| container.number);
            first.is_some_and(|first| stopped.contains(&first.name))
        };
        let lost = owners.into_iter().find(|(owner, _)| is_stopped(owner));
        all.extend(lost.map(|(owner, namespace)| CutOff { service, container: None, owner, namespace }));
    }
    all.extend(one_offs_cut_off(scope, &stopped));
    all
}

/// What `run` made is told by its ids alone: it may have other settings than its service.
fn one_offs_cut_off(scope: Scope<'_>, stopped: &BTreeSet<&ContainerName>) -> Vec<CutOff> {
    let containers = &scope.observed.containers;
    let one_offs = containers.iter().filter(|container| container.is_one_off && container.state.is_running());
    let cut_off = |container: &ObservedContainer| {
        let is_lost = |owner: &&ObservedContainer| {
            stopped.contains(&owner.name) && container.namespace_owners.contains(&owner.id)
        };
        let owner = containers.iter().find(is_lost).filter(|_| !stopped.contains(&container.name))?;
        Some(CutOff {
            service: container.service.clone(),
            container: Some(container.name.clone()),
            owner: owner.service.clone(),
            namespace: NamespaceKind::Network,
        })
    };
    one_offs.filter_map(cut_off).collect()
}

fn stopped(action: &Action) -> Option<&ContainerName> {
    match action {
        Action::StopContainer { container, .. } | Action::RemoveContainer { container, .. } => {
            Some(container)
        }
        Action::KillContainer { container, signal } if signal.ends_with("KILL") || signal == "9" => {
            Some(container)
        }
        _ => None,
    }
}
