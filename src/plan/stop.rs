//! Stopping: dependants before what they depend on.

use std::collections::BTreeMap;
use std::time::Duration;

use petgraph::algo::has_path_connecting;

use crate::plan::observed::ObservedContainer;
use crate::plan::{Action, Because, Needs, Plan, Step, StepId, label};
use crate::topology::Topology;
use crate::topology::name::{ContainerName, ServiceName};

/// Adds steps that stop those of the containers that run. A container stops only after all that depend
/// on it have stopped.
pub(super) fn add<'a>(
    plan: &mut Plan,
    containers: &[&'a ObservedContainer],
    topology: Option<&Topology>,
    grace: Option<Duration>,
) -> BTreeMap<&'a ContainerName, StepId> {
    let mut stops = BTreeMap::new();
    let mut by_service: BTreeMap<&ServiceName, Vec<StepId>> = BTreeMap::new();
    for container in containers.iter().filter(|container| container.state.is_running()) {
        let action = Action::StopContainer { container: container.name.clone(), grace };
        let service = Some(container.service.clone());
        let step = plan.steps.add_node(Step { action, because: Because::Down, service, only_if: None });
        stops.insert(&container.name, step);
        by_service.entry(&container.service).or_default().push(step);
    }
    for container in containers {
        let Some(dependant) = stops.get(&container.name) else { continue };
        for needed in dependencies(container, topology) {
            for stop in by_service.get(&needed).into_iter().flatten() {
                // Old labels and an edited topology may contradict each other.
                if !has_path_connecting(&plan.steps, *stop, *dependant, None) {
                    plan.steps.update_edge(*dependant, *stop, Needs::Done);
                }
            }
        }
    }
    stops
}

/// By the topology, or by the container's labels when the topology does not know the service.
fn dependencies(container: &ObservedContainer, topology: Option<&Topology>) -> Vec<ServiceName> {
    match topology.and_then(|topology| topology.service(container.service.as_str())) {
        Some(service) => service.depends_on.0.keys().cloned().collect(),
        None => label::dependencies_of(container),
    }
}
