//! In: what runs do. Out: the containers that topo itself takes down at the moment, to bring them back.
//! Must not: read their output.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::plan::{Action, Plan};
use crate::run::{End, Event};
use crate::topology::name::ContainerName;

/// The containers that topo itself takes down at the moment, to bring them or their successors back: their
/// ends are no news. All clones are one.
#[derive(Clone, Debug, Default)]
pub struct InHand(Rc<RefCell<BTreeMap<ContainerName, Return>>>);

/// How a container comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Return {
    /// A successor takes its place.
    Recreated,
    /// It is started again.
    Restarted,
}

impl Return {
    /// What is said when it is back.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Recreated => "was recreated",
            Self::Restarted => "was restarted",
        }
    }
}

impl InHand {
    /// Takes in what a run does.
    pub fn note(&self, plan: &Plan, event: &Event) {
        match event {
            Event::StepStarted { step } => {
                if let Action::StopContainer { container, .. } = &plan.steps[*step].action
                    && let Some(way) = return_of(plan, container)
                {
                    self.0.borrow_mut().insert(container.clone(), way);
                }
            }
            Event::StepEnded { step, end, took: _ } => match &plan.steps[*step].action {
                Action::StartContainer { container, .. } => self.let_go(container),
                Action::StopContainer { container, .. } if *end != End::Done => self.let_go(container),
                _ => {}
            },
            Event::StepProgress { .. } | Event::Cancelling => {}
        }
    }

    fn let_go(&self, container: &ContainerName) {
        self.0.borrow_mut().remove(container);
    }

    /// How a container comes back that is taken down at the moment.
    pub(super) fn return_of(&self, container: &ContainerName) -> Option<Return> {
        self.0.borrow().get(container).copied()
    }
}

/// How a plan brings back a container that it stops.
fn return_of(plan: &Plan, stopped: &ContainerName) -> Option<Return> {
    let (mut is_removed, mut is_started) = (false, false);
    for step in plan.steps.iter() {
        match &step.action {
            Action::RemoveContainer { container, .. } => is_removed |= container == stopped,
            Action::StartContainer { container, .. } => is_started |= container == stopped,
            _ => {}
        }
    }
    is_started.then_some(if is_removed { Return::Recreated } else { Return::Restarted })
}
