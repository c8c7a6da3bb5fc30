//! In: a run. Out: one line per important event, the same on every machine except for times.
//! Must not: move the cursor, or redraw.
//!
//! ```text
//! image shop-api:latest  building
//! image shop-api:latest  [2/4] RUN pip install flask  cached
//! image shop-api:latest  [4/4] RUN make check
//! image shop-api:latest  | 12 tests, 0 failures
//! image shop-api:latest  built in 3.2s
//! container shop-db-1  created
//! container shop-db-1  waiting until healthy
//! container shop-db-1  healthy in 1.1s
//! container shop-api-1  could not be started
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Write};
use std::time::Duration;

use super::builds::{BuildCounts, FROM_CACHE, is_shown};
use super::failure::write_failures;
use super::look::sanitize;
use super::objects::{ObjectChange, Objects};
use super::prose::wrapped;
use super::summary::end_line;
use super::wording::{Kind, doing, done, duration, failed, object};
use super::{AfterCancel, Context, Report, meanwhile};
use crate::engine::{Progress, StepState};
use crate::plan::{Action, Because, Plan, Step, StepId};
use crate::run::{End, Event, Failure, LastLook, Outcome};

/// Shorter durations are not shown.
const SHORTEST_SHOWN_DURATION: Duration = Duration::from_millis(100);

/// How often slow stops are looked for. The first tick comes at once.
const TICK: Duration = Duration::from_secs(1);

/// A stop that is in progress for this many ticks is slow: one to two seconds.
const TICKS_UNTIL_SLOW: u32 = 2;

/// The report for pipes and logs.
pub struct Plain<'out> {
    context: Context,
    /// The terminal's width in columns, at which the summary is wrapped.
    width: Option<usize>,
    out: &'out mut dyn Write,
    /// The objects of the plan; known from the first event on.
    objects: Option<Objects>,
    /// The results of the steps of builds.
    builds: HashMap<StepId, BuildCounts>,
    /// Steps with a line of output that was shown.
    printed: BTreeSet<StepId>,
    /// Stops in progress, and for how many ticks.
    stops: BTreeMap<StepId, u32>,
    /// Whether another run now kills what this one was still stopping, and reports it.
    is_reported_elsewhere: bool,
}

impl<'out> Plain<'out> {
    /// Writes to `out`, which has `width` columns if it is a terminal.
    pub fn new(context: Context, width: Option<usize>, out: &'out mut dyn Write) -> Self {
        Self {
            context,
            width,
            out,
            objects: None,
            builds: HashMap::new(),
            printed: BTreeSet::new(),
            stops: BTreeMap::new(),
            is_reported_elsewhere: false,
        }
    }

    fn line(&mut self, plan: &Plan, step: StepId, words: &str) -> io::Result<()> {
        writeln!(self.out, "{}  {words}", object(&plan.steps[step].action))
    }

    fn write_event(&mut self, plan: &Plan, event: &Event) -> io::Result<()> {
        match event {
            Event::StepStarted { step } if is_long(&plan.steps[*step].action) => {
                self.line(plan, *step, &doing(&plan.steps[*step].action))
            }
            Event::StepStarted { step } => {
                if matches!(plan.steps[*step].action, Action::StopContainer { .. }) {
                    self.stops.insert(*step, 0);
                }
                Ok(())
            }
            Event::StepProgress { step, progress: Progress::Now(what) } if shows_status(plan, *step) => {
                self.line(plan, *step, &sanitize(what))
            }
            Event::StepProgress { step, progress: Progress::Step { name, state } } => {
                self.builds.entry(*step).or_default().note(name, *state);
                match state {
                    StepState::Began if is_shown(name) => self.line(plan, *step, &sanitize(name)),
                    StepState::Cached if is_shown(name) => {
                        self.line(plan, *step, &format!("{}  cached", sanitize(name)))
                    }
                    _ => Ok(()),
                }
            }
            Event::StepProgress { step, progress: Progress::Output(output) } => {
                self.printed.insert(*step);
                self.line(plan, *step, &format!("| {}", sanitize(output)))
            }
            Event::StepProgress { step, progress: Progress::Warning(words) } => {
                self.line(plan, *step, &format!("warning: {}", sanitize(words)))
            }
            Event::StepProgress { .. } => Ok(()),
            Event::StepEnded { step, end, took } => self.write_end(plan, *step, end, *took),
            Event::Cancelling => {
                self.is_reported_elsewhere = self.context.after_cancel == AfterCancel::Kill;
                writeln!(self.out, "{}", self.context.words_of_cancel())
            }
        }
    }

    fn write_end(&mut self, plan: &Plan, step: StepId, end: &End, took: Duration) -> io::Result<()> {
        self.stops.remove(&step);
        let action = &plan.steps[step].action;
        let is_from_cache = self.builds.get(&step).is_some_and(|build| build.is_from_cache());
        let done = if is_from_cache { FROM_CACHE.into() } else { done(action) };
        match end {
            End::Done if self.is_reported_elsewhere => Ok(()),
            End::Done if self.is_part_of_a_replacement(plan, step) => match action {
                Action::RenameContainer { from: _, to } => {
                    writeln!(self.out, "{} {to}  recreated", Kind::Container.word())
                }
                _ => Ok(()),
            },
            End::Done if took >= SHORTEST_SHOWN_DURATION => {
                self.line(plan, step, &format!("{done} in {}", duration(took)))
            }
            End::Done => self.line(plan, step, &done),
            // The engine's message follows at the end.
            End::Failed(Failure { cause, log_tail: _ }) => self.line(plan, step, &failed(action, cause)),
            // Skipped steps are summarised at the end.
            End::NotNeeded | End::Skipped { .. } | End::Cancelled => Ok(()),
        }
    }

    /// Reports slow stops.
    fn write_tick(&mut self, plan: &Plan) -> io::Result<()> {
        let slow = self.stops.iter_mut().filter_map(|(step, ticks)| {
            *ticks += 1;
            (*ticks == TICKS_UNTIL_SLOW).then_some(*step)
        });
        for step in slow.collect::<Vec<_>>() {
            if self.is_reported_elsewhere {
                continue;
            }
            let words = match plan.steps[step].because {
                Because::Replaced => "stopping the former container",
                _ => "stopping",
            };
            self.line(plan, step, words)?;
        }
        self.out.flush()
    }

    /// Whether a step creates a successor under another name, or moves the old container out of its
    /// way. To users this is one change, reported once the successor has the name.
    fn is_part_of_a_replacement(&mut self, plan: &Plan, step: StepId) -> bool {
        let objects = self.objects.get_or_insert_with(|| Objects::in_plan(plan));
        let object = &objects.all()[objects.index(step)];
        let Step { action, because, .. } = &plan.steps[step];
        let is_part = matches!(action, Action::CreateContainer(_) | Action::RenameContainer { .. })
            || *because == Because::Replaced;
        let is_rename = |step: &StepId| matches!(plan.steps[*step].action, Action::RenameContainer { .. });
        is_part
            && object.change(plan, |_| true) == Some(ObjectChange::Recreated)
            && object.steps.iter().any(is_rename)
    }
}

impl Report for Plain<'_> {
    fn go_on(&mut self, _plan: &Plan, seen: &LastLook) {
        for line in meanwhile::lines(seen) {
            let _ = writeln!(self.out, "{line}");
        }
    }

    fn event(&mut self, plan: &Plan, event: &Event) {
        // A closed pipe must not end the run.
        let _ = self.write_event(plan, event);
    }

    fn tick(&mut self, plan: &Plan) {
        let _ = self.write_tick(plan);
    }

    fn tick_every(&self) -> Option<Duration> {
        Some(TICK)
    }

    fn finish(&mut self, plan: &Plan, outcome: &Outcome) {
        let _ = write_failures(self.out, plan, outcome, &self.context, self.width, &self.printed);
        if !self.context.is_not_the_end(outcome) {
            let line = end_line(plan, outcome, &self.context.scoped_goal);
            let _ = writeln!(self.out, "{}", wrapped(&line, self.width, 2));
        }
        let _ = self.out.flush();
    }
}

fn is_long(action: &Action) -> bool {
    matches!(
        action,
        Action::PullImage { .. } | Action::PushImage { .. } | Action::BuildImage(_) | Action::Wait { .. }
    )
}

/// The status messages of pulls are too many for a log.
fn shows_status(plan: &Plan, step: StepId) -> bool {
    matches!(plan.steps[step].action, Action::BuildImage(_) | Action::Wait { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::action::AfterFailedHook;
    use crate::report::{AfterCancel, StopSignal};
    use std::sync::OnceLock;

    #[test]
    fn a_slow_stop_is_reported() {
        let told = |because: Because, ticks: usize| {
            let mut plan = Plan::new("shop".into());
            let action = Action::StopContainer {
                container: "shop-web-1".into(),
                grace: None,
                pre_stop: Vec::new(),
                after_failed_hook: AfterFailedHook::GiveUp,
            };
            let step = plan.steps.push(Step::new(action, because, Some("web".into())));
            let mut out = Vec::new();
            let context = Context::bare();
            let mut plain = Plain::new(context, None, &mut out);
            plain.event(&plan, &Event::StepStarted { step });
            (0..ticks).for_each(|_| plain.tick(&plan));
            plain.event(&plan, &Event::StepEnded { step, end: End::NotNeeded, took: Duration::ZERO });
            plain.tick(&plan);
            String::from_utf8(out).expect("it is UTF-8")
        };
        assert_eq!(told(Because::Replaced, 1), "");
        assert_eq!(told(Because::Replaced, 4), "container shop-web-1  stopping the former container\n");
        assert_eq!(told(Because::Down, 4), "container shop-web-1  stopping\n");
    }

    #[test]
    fn a_signal_is_named() {
        static TERMINATED: OnceLock<StopSignal> = OnceLock::new();
        static INTERRUPTED: OnceLock<StopSignal> = OnceLock::new();
        TERMINATED.get_or_init(|| StopSignal::Terminate);
        INTERRUPTED.get_or_init(|| StopSignal::Interrupt);
        let told = |stop_signal, after_cancel| {
            let mut out = Vec::new();
            let context = Context { stop_signal, after_cancel, ..Context::bare() };
            Plain::new(context, None, &mut out).event(&Plan::new("shop".into()), &Event::Cancelling);
            String::from_utf8(out).expect("it is UTF-8")
        };
        for after_cancel in [AfterCancel::End, AfterCancel::Stop] {
            let terminated = told(&TERMINATED, after_cancel);
            assert!(terminated.contains("SIGTERM") && !terminated.contains("Ctrl-C"), "{terminated}");
            assert!(told(&INTERRUPTED, after_cancel).contains("Ctrl-C again"));
        }
    }
}
