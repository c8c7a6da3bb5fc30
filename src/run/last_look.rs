//! In: a plan that was carried out, and the engine. Out: what the engine has otherwise than the plan left it.
//! Must not: decide what is done about it: that is planned again.
//!
//! The calls of a run are over, but others may still be under way: those of a run that was killed a moment before, of
//! another program, of somebody else. One list and the engine's own memory of the last minutes show what came of them.

use std::collections::{BTreeMap, BTreeSet};

use super::event::End;
use super::outcome::Outcome;
use super::stopping::{unfinished, was_asked_to_end};
use crate::engine::{Change, Engine, EngineError, Glimpse};
use crate::plan::observed::Status;
use crate::plan::{Action, Plan, StepId};
use crate::topology::name::ContainerName;

/// What somebody or something else did to a container meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meanwhile {
    /// It was stopped, or is being stopped.
    Stopped,
    /// It was removed.
    Removed,
    /// It was started, although the plan stopped it.
    Started,
    /// It was created, and the plan knows nothing of it.
    Created,
}

/// What the last look at a project shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastLook {
    /// What happened meanwhile that is not as the plan left it.
    pub meanwhile: BTreeMap<ContainerName, Meanwhile>,
    /// The containers that ended by themselves since they were seen to run.
    pub ended: BTreeSet<ContainerName>,
}

/// Looks at the containers of a plan's project once more.
///
/// # Errors
///
/// The engine does not answer.
pub async fn last_look<E: Engine>(
    engine: &E,
    plan: &Plan,
    outcome: &Outcome,
) -> Result<LastLook, EngineError> {
    // In this order: whoever is seen to have ended was asked to before.
    let seen = engine.glance(&plan.project).await?;
    let recent = engine.recent(&plan.project).await;
    // What an engine does not remember is believed to have happened by itself.
    Ok(compare(plan, outcome, &seen, &recent.unwrap_or_default()))
}

fn compare(
    plan: &Plan,
    outcome: &Outcome,
    seen: &BTreeMap<ContainerName, Glimpse>,
    recent: &[Change],
) -> LastLook {
    let left = Left::by(plan, outcome);
    let stopping = unfinished(recent);
    let mut look = LastLook::default();
    for container in &left.containers {
        let runs = outcome.running.contains(container);
        let Some(glimpse) = seen.get(container) else {
            // One that removes itself when it ends is gone by itself.
            if !runs || !ended_by_itself(recent, container) {
                look.meanwhile.insert(container.clone(), Meanwhile::Removed);
            }
            continue;
        };
        let is_asked_to_end = stopping.contains_key(container) || was_asked_to_end(recent, container);
        let meanwhile = match (runs, glimpse.status) {
            (true, _) if glimpse.is_running() && !is_asked_to_end => continue,
            (true, Status::Exited) if !is_asked_to_end => {
                look.ended.insert(container.clone());
                continue;
            }
            (true, _) => Meanwhile::Stopped,
            (false, _) if glimpse.is_running() && left.stopped.contains(container) => Meanwhile::Started,
            (false, _) => continue,
        };
        look.meanwhile.insert(container.clone(), meanwhile);
    }
    for (container, _) in seen.iter().filter(|(_, glimpse)| !glimpse.is_one_off) {
        if !left.containers.contains(container) {
            look.meanwhile.insert(container.clone(), Meanwhile::Created);
        }
    }
    look
}

fn ended_by_itself(recent: &[Change], container: &ContainerName) -> bool {
    use crate::engine::What;
    let is_end = |change: &Change| change.container == *container && matches!(change.what, What::Died { .. });
    recent.iter().any(is_end) && !was_asked_to_end(recent, container)
}

/// What a run leaves, by all that it knows.
#[derive(Default)]
struct Left {
    /// The containers that are there, without those of `run`.
    containers: BTreeSet<ContainerName>,
    /// Those of them that the plan stopped.
    stopped: BTreeSet<ContainerName>,
}

impl Left {
    fn by(plan: &Plan, outcome: &Outcome) -> Self {
        let before = plan.observed.containers.iter().filter(|(_, container)| !container.is_one_off);
        let mut left = Self { containers: before.map(|(name, _)| name.clone()).collect(), ..Self::default() };
        let is_done = |step: &StepId| outcome.steps[step.index()].end == End::Done;
        for step in plan.in_order().into_iter().filter(is_done) {
            left.note(&plan.steps[step].action);
        }
        left
    }

    fn note(&mut self, action: &Action) {
        match action {
            Action::CreateContainer(spec) if spec.one_off.is_none() => {
                self.containers.insert(spec.name.clone());
            }
            Action::RenameContainer { from, to } => {
                if self.containers.remove(from) {
                    self.containers.insert(to.clone());
                }
                if self.stopped.remove(from) {
                    self.stopped.insert(to.clone());
                }
            }
            Action::StartContainer { container, .. } => _ = self.stopped.remove(container),
            Action::StopContainer { container, .. } => _ = self.stopped.insert(container.clone()),
            Action::RemoveContainer { container, .. } => {
                self.containers.remove(container);
                self.stopped.remove(container);
            }
            Action::CreateContainer(_)
            | Action::RunToEnd(_)
            | Action::KillContainer { .. }
            | Action::UpdateContainer { .. }
            | Action::PauseContainer { .. }
            | Action::UnpauseContainer { .. }
            | Action::ConnectNetwork { .. }
            | Action::DisconnectNetwork { .. }
            | Action::Wait { .. }
            | Action::PullImage { .. }
            | Action::PushImage { .. }
            | Action::RemoveImage { .. }
            | Action::BuildImage(_)
            | Action::CreateNetwork(_)
            | Action::RemoveNetwork { .. }
            | Action::CreateVolume(_)
            | Action::RemoveVolume { .. } => {}
        }
    }
}
