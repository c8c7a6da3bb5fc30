//! In: the events of a run, with their times. Out: the progress of each object of the plan. Must
//! not: contain texts, or draw.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::builds::{BuildCounts, is_shown};
use super::objects::{ObjectChange, Objects};
use crate::engine::{Progress, StepState};
use crate::plan::{Action, Plan, StepId};
use crate::run::{Cause, End, Event};

/// The progress of every object of a plan.
#[derive(Debug)]
pub(super) struct ProgressModel {
    pub(super) objects: Objects,
    rows: Vec<ObjectProgress>,
    ends: Vec<Option<StepResult>>,
    needs: Vec<Vec<StepId>>,
    /// Objects that have begun, in that order.
    begun: Vec<usize>,
    pub(super) is_cancelling: bool,
}

/// The result of a step, without details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StepResult {
    Done,
    NotNeeded,
    Failed,
    Dropped,
}

/// The progress of an object.
#[derive(Debug, Default)]
struct ObjectProgress {
    current: Option<Current>,
    failed: Option<(StepId, Cause)>,
    dropped: bool,
    /// The total time of its steps.
    worked: Duration,
    /// The results of the steps of its build.
    build: BuildCounts,
    /// Whether it was done only after a request to stop.
    is_late: bool,
}

/// The current step of an object.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) step: StepId,
    pub(super) since: Instant,
    /// The engine's current status message.
    pub(super) now: Option<String>,
    parts: BTreeMap<String, (u64, Option<u64>)>,
}

/// The state of an object.
#[derive(Debug)]
pub(super) enum ObjectState<'progress> {
    /// A step failed.
    Failed(StepId, &'progress Cause),
    /// A step is in progress.
    Busy(&'progress Current),
    /// Steps are still to come; the next one needs these steps of other objects.
    Idle(Vec<StepId>),
    /// A step was skipped or given up.
    Dropped,
    /// Every step is done.
    Done,
}

impl ProgressModel {
    pub(super) fn new(plan: &Plan) -> Self {
        let objects = Objects::in_plan(plan);
        Self {
            rows: objects.all().iter().map(|_| ObjectProgress::default()).collect(),
            ends: vec![None; plan.steps.len()],
            needs: plan.steps.iter().map(|step| step.needs.keys().copied().collect()).collect(),
            begun: Vec::new(),
            is_cancelling: false,
            objects,
        }
    }

    pub(super) fn note(&mut self, event: &Event, at: Instant) {
        match event {
            Event::StepStarted { step } => self.begin(*step, at),
            Event::StepProgress { step, progress } => {
                let row = &mut self.rows[self.objects.index(*step)];
                if let Progress::Step { name, state } = progress {
                    row.build.note(name, *state);
                }
                if let Some(current) = row.current.as_mut().filter(|current| current.step == *step) {
                    current.note(progress);
                }
            }
            Event::StepEnded { step, end, took } => self.end(*step, end, *took),
            Event::Cancelling => self.is_cancelling = true,
        }
    }

    /// The objects that have begun, in that order.
    pub(super) fn begun(&self) -> &[usize] {
        &self.begun
    }

    /// How many objects are done, including unneeded ones, and how many there are.
    pub(super) fn count(&self) -> (usize, usize) {
        let is_over = |place: &usize| matches!(self.state_of(*place), ObjectState::Done);
        ((0..self.rows.len()).filter(is_over).count(), self.rows.len())
    }

    pub(super) fn state_of(&self, place: usize) -> ObjectState<'_> {
        let row = &self.rows[place];
        if let Some((step, cause)) = &row.failed {
            return ObjectState::Failed(*step, cause);
        }
        if let Some(current) = &row.current {
            return ObjectState::Busy(current);
        }
        let steps = &self.objects.all()[place].steps;
        match steps.iter().find(|step| self.ends[step.index()].is_none()) {
            Some(next) => ObjectState::Idle(self.waits_for(place, *next)),
            None if row.dropped => ObjectState::Dropped,
            None => ObjectState::Done,
        }
    }

    /// Whether an object was done only after a request to stop.
    pub(super) fn is_late(&self, place: usize) -> bool {
        self.rows[place].is_late
    }

    /// The total time of an object's steps.
    pub(super) fn worked(&self, place: usize) -> Duration {
        self.rows[place].worked
    }

    /// Whether every step of an image's build was cached.
    pub(super) fn is_from_cache(&self, place: usize) -> bool {
        self.rows[place].build.is_from_cache()
    }

    /// How an object has changed so far.
    pub(super) fn change(&self, plan: &Plan, place: usize) -> Option<ObjectChange> {
        self.objects.all()[place].change(plan, |step| self.is_done(step))
    }

    /// The last step of an object that is done and `is_meant`.
    pub(super) fn last_done(
        &self,
        plan: &Plan,
        place: usize,
        is_meant: impl Fn(&Action) -> bool,
    ) -> Option<StepId> {
        let steps = self.objects.all()[place].steps.iter().rev();
        steps.copied().find(|step| self.is_done(*step) && is_meant(&plan.steps[*step].action))
    }

    fn is_done(&self, step: StepId) -> bool {
        self.ends[step.index()] == Some(StepResult::Done)
    }

    fn waits_for(&self, place: usize, step: StepId) -> Vec<StepId> {
        let needs = self.needs[step.index()].iter().copied();
        needs.filter(|need| self.ends[need.index()].is_none() && self.objects.index(*need) != place).collect()
    }

    fn begin(&mut self, step: StepId, at: Instant) {
        let place = self.objects.index(step);
        self.rows[place].current = Some(Current { step, since: at, now: None, parts: BTreeMap::new() });
        self.show(place);
    }

    fn end(&mut self, step: StepId, end: &End, took: Duration) {
        let place = self.objects.index(step);
        let row = &mut self.rows[place];
        row.worked += took;
        if row.current.as_ref().is_some_and(|current| current.step == step) {
            row.current = None;
        }
        row.is_late |= self.is_cancelling && *end == End::Done;
        let short = match end {
            End::Done => StepResult::Done,
            End::NotNeeded => StepResult::NotNeeded,
            End::Failed(failure) => {
                row.failed = Some((step, failure.cause.clone()));
                StepResult::Failed
            }
            End::Skipped { .. } | End::Cancelled => {
                row.dropped = true;
                StepResult::Dropped
            }
        };
        self.ends[step.index()] = Some(short);
        if short == StepResult::Failed {
            self.show(place);
        }
    }

    fn show(&mut self, place: usize) {
        if !self.begun.contains(&place) {
            self.begun.push(place);
        }
    }
}

impl Current {
    fn note(&mut self, progress: &Progress) {
        match progress {
            Progress::Bytes { part, done, total } => {
                self.parts.insert(part.clone(), (*done, *total));
            }
            Progress::PartDone { part } => {
                let (done, total) = self.parts.entry(part.clone()).or_default();
                *done = total.unwrap_or(*done);
            }
            Progress::Now(what) => self.now = Some(what.clone()),
            // Several steps may be in progress: the one that began last is shown.
            Progress::Step { name, state: StepState::Began } if is_shown(name) => {
                self.now = Some(name.clone());
            }
            Progress::Step { .. } | Progress::Output(_) | Progress::Warning(_) => {}
        }
    }

    /// Bytes so far, and the total if known.
    pub(super) fn bytes(&self) -> Option<(u64, u64)> {
        let done = self.parts.values().map(|(done, _)| done).sum();
        let total = self.parts.values().map(|(done, total)| total.unwrap_or(*done)).sum();
        (total > 0).then_some((done, total))
    }
}
