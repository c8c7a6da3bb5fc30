//! Steps to stop containers that are removed: dependants before their dependencies.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::plan::observed::ObservedContainer;
use crate::plan::scope::{self, ByService, First, put_in_order};
use crate::plan::{Because, Needs, Plan, Scope, StepId};
use crate::topology::name::ContainerName;

/// A container to remove, and the reason.
pub(super) type Going<'a> = (&'a ObservedContainer, Because);

/// Adds steps that stop the running ones of the containers. A container stops only after all its
/// dependants have stopped.
pub(super) fn add<'a>(
    plan: &mut Plan,
    scope: Scope<'_>,
    containers: &[Going<'a>],
    grace: Option<Duration>,
) -> BTreeMap<&'a ContainerName, StepId> {
    let mut stops = BTreeMap::new();
    let mut by_service = ByService::new();
    for (container, because) in containers.iter().filter(|(container, _)| container.state.is_running()) {
        let step = scope::add(plan, scope.stop(container, grace), because.clone(), container);
        stops.insert(&container.name, step);
        by_service.entry(container.service.clone()).or_default().push(step);
    }
    put_in_order(plan, &by_service, &scope.dependencies(), First::Dependant, Needs::Done);
    stops
}
