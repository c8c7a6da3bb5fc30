//! Stopping: dependants before what they depend on.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use petgraph::algo::has_path_connecting;

use crate::plan::observed::{Observed, ObservedContainer};
use crate::plan::{Action, Because, Needs, Plan, Step, StepId, label};
use crate::topology::Topology;
use crate::topology::name::{ContainerName, ProjectName, ServiceName};

/// Plans to stop a project's running containers (of the given services; of all when none is given),
/// and to keep them.
pub fn stop(
    project: &ProjectName,
    topology: Option<&Topology>,
    observed: &Observed,
    services: &[ServiceName],
    grace: Option<Duration>,
) -> Plan {
    let mut plan = Plan::new(project.clone());
    let is_meant = |container: &&ObservedContainer| {
        !container.is_one_off && (services.is_empty() || services.contains(&container.service))
    };
    let meant = observed.containers.iter().filter(is_meant);
    let containers: Vec<Stopped<'_>> = meant.map(|container| (container, Because::Asked)).collect();
    add(&mut plan, &containers, topology, grace);
    plan
}

/// A container that is to be stopped, and why.
pub(super) type Stopped<'a> = (&'a ObservedContainer, Because);

/// Adds steps that stop those of the containers that run. A container stops only after all that depend
/// on it have stopped.
pub(super) fn add<'a>(
    plan: &mut Plan,
    containers: &[Stopped<'a>],
    topology: Option<&Topology>,
    grace: Option<Duration>,
) -> BTreeMap<&'a ContainerName, StepId> {
    let mut stops = BTreeMap::new();
    let mut by_service: BTreeMap<&ServiceName, Vec<StepId>> = BTreeMap::new();
    for (container, because) in containers.iter().filter(|(container, _)| container.state.is_running()) {
        let action = Action::StopContainer { container: container.name.clone(), grace };
        let service = Some(container.service.clone());
        let step = plan.steps.add_node(Step { action, because: because.clone(), service, only_if: None });
        stops.insert(&container.name, step);
        by_service.entry(&container.service).or_default().push(step);
    }
    let dependencies = dependencies(containers, topology);
    for (service, own_stops) in &by_service {
        for needed in stopped_dependencies(service, &dependencies, &by_service) {
            for (dependant, stop) in
                own_stops.iter().flat_map(|own| needed.iter().map(move |stop| (own, stop)))
            {
                // Old labels and an edited topology may contradict each other.
                if !has_path_connecting(&plan.steps, *stop, *dependant, None) {
                    plan.steps.update_edge(*dependant, *stop, Needs::Done);
                }
            }
        }
    }
    stops
}

type Dependencies = BTreeMap<ServiceName, Vec<ServiceName>>;

/// What each service depends on: by the topology, or by its containers' labels when the topology does
/// not know it.
fn dependencies(containers: &[Stopped<'_>], topology: Option<&Topology>) -> Dependencies {
    let mut all = Dependencies::new();
    for (container, _) in containers {
        let known = topology.and_then(|topology| topology.service(container.service.as_str()));
        if known.is_none() {
            all.entry(container.service.clone()).or_default().extend(label::dependencies_of(container));
        }
    }
    for (name, service) in
        topology.iter().flat_map(|topology| topology.services.iter().chain(&topology.inactive))
    {
        all.insert(name.clone(), service.depends_on.0.keys().cloned().collect());
    }
    all
}

/// The stops of the nearest services below this one that are stopped: one that does not run may stand
/// between two that do.
fn stopped_dependencies<'plan>(
    service: &ServiceName,
    dependencies: &Dependencies,
    stops: &'plan BTreeMap<&ServiceName, Vec<StepId>>,
) -> Vec<&'plan [StepId]> {
    let mut nearest = Vec::new();
    let mut seen = BTreeSet::from([service]);
    let mut ways: Vec<&ServiceName> = dependencies.get(service).into_iter().flatten().collect();
    while let Some(needed) = ways.pop() {
        if !seen.insert(needed) {
            continue;
        }
        match stops.get(needed) {
            Some(stops) => nearest.push(stops.as_slice()),
            None => ways.extend(dependencies.get(needed).into_iter().flatten()),
        }
    }
    nearest
}
