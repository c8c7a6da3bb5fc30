//! In: how each step ended. Out: what came of the run as a whole.
//! Must not: find words for it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::event::{Cause, End, Failure};
use crate::engine::EngineError;
use crate::plan::{Action, Condition, Needs, Plan, StepId};
use crate::topology::name::ContainerName;

/// What came of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// How each step ended, in the order of [`StepId::index`].
    pub steps: Vec<Ended>,
    /// True when the user asked to stop before everything was over.
    pub is_cancelled: bool,
    /// How long the whole run took.
    pub took: Duration,
    /// The containers that this run knows to run now: they ran before, were started or found healthy, and
    /// were not seen to end.
    pub running: BTreeSet<ContainerName>,
    /// The containers that ran, by what this run knew, and were found ended when it was over, each with its
    /// exit code. Only a run that failed looks for them.
    pub ended: BTreeMap<ContainerName, i64>,
    /// Why the engine is not known to be as the plan left it, although the steps were done.
    pub doubt: Option<Doubt>,
}

/// Why what was done may not last.
#[derive(Clone, Debug, PartialEq)]
pub enum Doubt {
    /// Something else changes these containers, again and again.
    Changing(BTreeSet<ContainerName>),
    /// The engine could not be looked at once more.
    Unseen(EngineError),
}

/// How a step ended, and after how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// How it ended.
    pub end: End,
    /// How long it took; zero for one that was not started.
    pub took: Duration,
    /// True for a step that failed and that nothing requires: a warning, no failure of the run.
    pub is_tolerated: bool,
}

/// How many steps ended in each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Steps that were done.
    pub done: usize,
    /// Steps whose guard did not hold.
    pub not_needed: usize,
    /// Steps that failed.
    pub failed: usize,
    /// Steps that were not started because of a failure.
    pub skipped: usize,
    /// Steps that were not started, or given up, because the user asked to stop.
    pub cancelled: usize,
}

impl Outcome {
    /// How many steps ended in each way.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for Ended { end, took: _, is_tolerated: _ } in &self.steps {
            let count = match end {
                End::Done => &mut counts.done,
                End::NotNeeded => &mut counts.not_needed,
                End::Failed(_) => &mut counts.failed,
                End::Skipped { .. } => &mut counts.skipped,
                End::Cancelled => &mut counts.cancelled,
            };
            *count += 1;
        }
        counts
    }

    /// The steps that failed, in the plan's order, tolerated ones included.
    pub fn failures(&self) -> impl Iterator<Item = (StepId, &Failure)> {
        self.steps.iter().enumerate().filter_map(|(index, ended)| match &ended.end {
            End::Failed(failure) => Some((StepId::new(index), failure)),
            End::Done | End::NotNeeded | End::Skipped { .. } | End::Cancelled => None,
        })
    }

    /// The steps that were not started because `step` failed, in the plan's order.
    pub fn skipped_by(&self, step: StepId) -> impl Iterator<Item = StepId> {
        let skip = End::Skipped { because_of: step };
        let steps = self.steps.iter().enumerate();
        steps.filter(move |(_, ended)| ended.end == skip).map(|(index, _)| StepId::new(index))
    }

    /// True when nothing failed that is required, nobody asked to stop before the end, and the engine was seen to be as
    /// it was left.
    pub fn is_success(&self) -> bool {
        let is_well = |ended: &Ended| match ended.end {
            End::Done | End::NotNeeded => true,
            End::Failed(_) => ended.is_tolerated,
            End::Skipped { .. } | End::Cancelled => false,
        };
        self.doubt.is_none() && self.steps.iter().all(is_well)
    }
}

/// Whether the plan tolerates that a step fails, or the step is a wait that some steps want to see over,
/// but none requires: the dependency is declared with `required: false`.
pub fn is_optional(plan: &Plan, step: StepId) -> bool {
    if plan.steps[step].may_fail {
        return true;
    }
    let is_wait = matches!(plan.steps[step].action, Action::Wait { .. });
    let mut dependants = plan.steps.dependants(step).peekable();
    is_wait && dependants.peek().is_some() && dependants.all(|(_, needs)| needs == Needs::Settled)
}

/// Notes what the end of a step says of the containers that run.
pub(super) fn note_running(running: &mut BTreeSet<ContainerName>, action: &Action, end: &End) {
    match (action, end) {
        (Action::StartContainer { container, .. }, End::Done)
        | (Action::Wait { container, until: Condition::Healthy }, End::Done) => {
            running.insert(container.clone());
        }
        (Action::StopContainer { container, .. } | Action::RemoveContainer { container, .. }, End::Done)
        | (Action::Wait { container, until: Condition::Completed }, End::Done) => {
            running.remove(container);
        }
        (Action::Wait { container, .. }, End::Failed(failure)) if has_ended(&failure.cause) => {
            running.remove(container);
        }
        (Action::RenameContainer { from, to }, End::Done) if running.remove(from) => {
            running.insert(to.clone());
        }
        _ => {}
    }
}

fn has_ended(cause: &Cause) -> bool {
    match cause {
        Cause::Exited { .. } | Cause::Unsuccessful { .. } | Cause::Removed => true,
        Cause::Engine(_)
        | Cause::Unhealthy { .. }
        | Cause::NoHealthcheck
        | Cause::NotInTime { .. }
        | Cause::Paused => false,
    }
}
