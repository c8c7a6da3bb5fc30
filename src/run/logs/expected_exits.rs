//! In: events of runs. Out: the containers that topo itself is taking down in order to bring them
//! back. Must not: read their output.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::plan::{Action, Plan};
use crate::run::{End, Event};
use crate::topology::name::ContainerName;

/// The containers that topo itself is taking down in order to bring them or their successors back,
/// so that their exits are not reported. Clones share state.
#[derive(Clone, Debug, Default)]
pub struct ExpectedExits(Rc<RefCell<BTreeMap<ContainerName, ComesBackAs>>>);

/// How a container comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComesBackAs {
    /// As a successor.
    Recreated,
    /// It is restarted.
    Restarted,
}

impl ExpectedExits {
    /// Handles an event of a run.
    pub fn apply(&self, plan: &Plan, event: &Event) {
        match event {
            Event::StepStarted { step } => {
                if let Action::StopContainer { container, .. } = &plan.steps[*step].action
                    && let Some(way) = comes_back_as(plan, container)
                {
                    self.0.borrow_mut().insert(container.clone(), way);
                }
            }
            Event::StepEnded { step, end, took: _ } => match &plan.steps[*step].action {
                Action::StartContainer { container, .. } => self.forget(container),
                Action::StopContainer { container, .. } if *end != End::Done => self.forget(container),
                _ => {}
            },
            Event::StepProgress { .. } | Event::Cancelling => {}
        }
    }

    fn forget(&self, container: &ContainerName) {
        self.0.borrow_mut().remove(container);
    }

    /// How a container comes back that is currently down.
    pub(super) fn comes_back_as(&self, container: &ContainerName) -> Option<ComesBackAs> {
        self.0.borrow().get(container).copied()
    }
}

/// How a plan brings back a container that it stops.
fn comes_back_as(plan: &Plan, stopped: &ContainerName) -> Option<ComesBackAs> {
    let (mut is_removed, mut is_started) = (false, false);
    for step in plan.steps.iter() {
        match &step.action {
            Action::RemoveContainer { container, .. } => is_removed |= container == stopped,
            Action::StartContainer { container, .. } => is_started |= container == stopped,
            _ => {}
        }
    }
    is_started.then_some(if is_removed { ComesBackAs::Recreated } else { ComesBackAs::Restarted })
}
