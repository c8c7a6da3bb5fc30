//! In: a run. Out: the same to another report, without the events that a filter keeps back.

use std::time::Duration;

use super::Report;
use crate::plan::Plan;
use crate::run::{Event, Outcome};

/// A report that gets the events that `passes` lets through.
pub struct Filtered<'out, F> {
    report: Box<dyn Report + 'out>,
    passes: F,
}

impl<'out, F: FnMut(&Plan, &Event) -> bool> Filtered<'out, F> {
    /// Puts a filter before `report`.
    pub fn new(report: Box<dyn Report + 'out>, passes: F) -> Self {
        Self { report, passes }
    }
}

impl<F: FnMut(&Plan, &Event) -> bool> Report for Filtered<'_, F> {
    fn event(&mut self, plan: &Plan, event: &Event) {
        if (self.passes)(plan, event) {
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
