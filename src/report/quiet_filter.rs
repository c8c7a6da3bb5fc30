//! In: an event of a run. Out: whether it is progress that the user does not want to see. Must not:
//! hide how a step ended.

use crate::plan::{Action, Plan};
use crate::run::Event;

/// Whose progress is hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuietFilter {
    /// That of pulls and pushes.
    pub pulls: bool,
    /// That of builds.
    pub builds: bool,
}

impl QuietFilter {
    /// Whether an event is progress that is not shown.
    pub fn hides(self, plan: &Plan, event: &Event) -> bool {
        let Event::StepProgress { step, .. } = event else { return false };
        match plan.steps[*step].action {
            Action::PullImage { .. } | Action::PushImage { .. } => self.pulls,
            Action::BuildImage(_) => self.builds,
            _ => false,
        }
    }
}
