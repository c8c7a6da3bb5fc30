//! In: a run. Out: the same to another report, without the progress of pulls or builds.
//! Must not: keep back how a step ended.

use std::time::Duration;

use super::Report;
use crate::plan::{Action, Plan};
use crate::run::{Event, Outcome};

/// Whose progress is kept back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hushed {
    /// That of pulls and pushes.
    pub pulls: bool,
    /// That of builds.
    pub builds: bool,
}

/// A report that hears less.
pub struct Hush<'out> {
    report: Box<dyn Report + 'out>,
    hushed: Hushed,
}

impl<'out> Hush<'out> {
    /// Keeps the progress back from `report`.
    pub fn new(report: Box<dyn Report + 'out>, hushed: Hushed) -> Self {
        Self { report, hushed }
    }

    fn is_kept_back(&self, plan: &Plan, event: &Event) -> bool {
        let Event::StepProgress { step, .. } = event else { return false };
        match plan.steps[*step].action {
            Action::PullImage { .. } | Action::PushImage { .. } => self.hushed.pulls,
            Action::BuildImage(_) => self.hushed.builds,
            _ => false,
        }
    }
}

impl Report for Hush<'_> {
    fn event(&mut self, plan: &Plan, event: &Event) {
        if !self.is_kept_back(plan, event) {
            self.report.event(plan, event);
        }
    }

    fn tick(&mut self, plan: &Plan) {
        self.report.tick(plan);
    }

    fn tick_every(&self) -> Option<Duration> {
        self.report.tick_every()
    }

    fn finish(&mut self, plan: &Plan, outcome: &Outcome) {
        self.report.finish(plan, outcome);
    }
}
