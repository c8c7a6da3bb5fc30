//! In: how steps ended. Out: the ends that follow from them, an event for each, and the outcome.
//! Must not: call an engine, wait, or read a clock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::event::{End, Event};
use super::outcome::{Ended, Outcome, is_optional, note_running};
use super::schedule::{Limits, Schedule};
use crate::plan::{Plan, StepId};
use crate::topology::name::ContainerName;

/// The state of a run. It changes only between two polls of the calls.
pub(super) struct RunState<'run> {
    plan: &'run Plan,
    schedule: Schedule<'run>,
    events: &'run UnboundedSender<Event>,
    ended: Vec<Option<Ended>>,
    running: BTreeSet<ContainerName>,
    is_cancelled: bool,
}

impl<'run> RunState<'run> {
    pub(super) fn new(plan: &'run Plan, limits: Limits, events: &'run UnboundedSender<Event>) -> Self {
        Self {
            plan,
            schedule: Schedule::new(&plan.steps, limits),
            events,
            ended: vec![None; plan.steps.len()],
            running: plan.observed.running(),
            is_cancelled: false,
        }
    }

    /// The next step to start now, if any.
    pub(super) fn start_next(&mut self) -> Option<StepId> {
        self.schedule.start_next()
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.is_cancelled
    }

    /// A step that was under way is over, and with it those that cannot start any more.
    pub(super) fn note(&mut self, step: StepId, end: End, took: Duration) {
        let skipped = self.schedule.end(step, &end);
        self.record_end(step, end, took);
        for (step, end) in skipped {
            self.record_end(step, end, Duration::ZERO);
        }
    }

    /// Nothing new starts from here on, but what is owed to what has begun: those steps are returned.
    pub(super) fn cancel(&mut self) -> BTreeSet<StepId> {
        self.is_cancelled = true;
        self.tell(Event::Cancelling);
        let must_finish = self.schedule.must_finish();
        for step in self.schedule.cancel(&must_finish) {
            self.record_end(step, End::Cancelled, Duration::ZERO);
        }
        must_finish
    }

    fn tell(&self, event: Event) {
        // The run goes on when nobody listens any more.
        let _ = self.events.send(event);
    }

    fn record_end(&mut self, step: StepId, end: End, took: Duration) {
        note_running(&mut self.running, &self.plan.steps[step].action, &end);
        self.tell(Event::StepEnded { step, end: end.clone(), took });
        let is_tolerated = matches!(end, End::Failed(_)) && is_optional(self.plan, step);
        self.ended[step.index()] = Some(Ended { end, took, is_tolerated });
    }

    pub(super) fn outcome(self, took: Duration) -> Outcome {
        debug_assert!(self.schedule.is_over(), "a step that nothing holds up was not started");
        Outcome {
            steps: self.ended.into_iter().flatten().collect(),
            is_cancelled: self.is_cancelled,
            took,
            running: self.running,
            ended: BTreeMap::new(),
            doubt: None,
        }
    }
}
