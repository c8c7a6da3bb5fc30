//! In: a run. Out: only its failures. Must not: write anything on success.

use std::collections::BTreeSet;
use std::io::Write;

use super::failure::write_failures;
use super::summary::end_line;
use super::{Context, Report};
use crate::plan::Plan;
use crate::run::{Event, LastLook, Outcome};

/// The report for scripts.
pub struct Quiet<'out> {
    context: Context,
    out: &'out mut dyn Write,
}

impl<'out> Quiet<'out> {
    /// Writes to `out`.
    pub fn new(context: Context, out: &'out mut dyn Write) -> Self {
        Self { context, out }
    }
}

impl Report for Quiet<'_> {
    fn event(&mut self, _plan: &Plan, _event: &Event) {}

    fn go_on(&mut self, _plan: &Plan, _seen: &LastLook) {}

    fn finish(&mut self, plan: &Plan, outcome: &Outcome) {
        if outcome.is_success() {
            return;
        }
        // A closed pipe must not end the run.
        let _ = write_failures(self.out, plan, outcome, &self.context, None, &BTreeSet::new());
        if !self.context.is_not_the_end(outcome) {
            let _ = writeln!(self.out, "{}", end_line(plan, outcome, &self.context.scoped_goal));
        }
    }
}
