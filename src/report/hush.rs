//! Whose progress is kept back. How a step ended is always told.

use crate::plan::{Action, Plan};
use crate::run::Event;

/// Whose progress is kept back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hushed {
    /// That of pulls and pushes.
    pub pulls: bool,
    /// That of builds.
    pub builds: bool,
}

impl Hushed {
    /// Whether an event is progress that is kept back.
    pub fn keeps_back(self, plan: &Plan, event: &Event) -> bool {
        let Event::StepProgress { step, .. } = event else { return false };
        match plan.steps[*step].action {
            Action::PullImage { .. } | Action::PushImage { .. } => self.pulls,
            Action::BuildImage(_) => self.builds,
            _ => false,
        }
    }
}
