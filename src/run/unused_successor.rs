//! In: what came of a run. Out: an engine without successors that do not take their predecessors' places.
//! Must not: hold up the end of a run for an engine that does not answer.

use std::time::Duration;

use tokio::time::timeout;

use super::event::End;
use super::outcome::Outcome;
use crate::engine::Engine;
use crate::plan::action::AnonymousVolumes;
use crate::plan::{Action, Because, Plan, StepId};
use crate::topology::name::ContainerName;

/// How long the engine may take to remove all of them.
const PATIENCE: Duration = Duration::from_secs(5);

/// Removes the successors that a run has created and whose predecessors it left where they are: the run failed, or
/// was told to stop, before their turn came. What cannot be removed is left to the next run, which finds it.
pub(super) async fn remove_unused_successors<E: Engine>(plan: &Plan, engine: &E, outcome: &Outcome) {
    let removing = async {
        for container in unused_successors(plan, outcome) {
            // Volumes that they took over are still their predecessors'.
            let (container, anonymous_volumes) = (container.clone(), AnonymousVolumes::Keep);
            let remove = Action::RemoveContainer { container, anonymous_volumes };
            let _ = engine.perform(&remove, &|_| {}).await;
        }
    };
    let _ = timeout(PATIENCE, removing).await;
}

/// The successors that were created and whose predecessors were not touched.
fn unused_successors<'plan>(plan: &'plan Plan, outcome: &Outcome) -> Vec<&'plan ContainerName> {
    let end = |step: StepId| &outcome.steps[step.index()].end;
    let gives_way = |step: &StepId| {
        matches!(plan.steps[*step].action, Action::RemoveContainer { .. })
            && plan.steps[*step].because == Because::Replaced
            && matches!(end(*step), End::Skipped { .. } | End::Cancelled)
    };
    let created = |step: &StepId| match &plan.steps[*step].action {
        Action::CreateContainer(spec) if *end(*step) == End::Done => Some(&spec.name),
        _ => None,
    };
    let predecessors = plan.steps.ids().filter(gives_way);
    predecessors.flat_map(|step| plan.steps[step].needs.keys().filter_map(created)).collect()
}
