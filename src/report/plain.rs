//! In: a run. Out: one line for each event that matters, the same on every machine but for times.
//! Must not: move a cursor, or draw again.
//!
//! ```text
//! image shop-api:latest  building
//! image shop-api:latest  [2/4] RUN pip install flask
//! image shop-api:latest  built in 3.2s
//! container shop-db-1  created
//! container shop-db-1  waiting until healthy
//! container shop-db-1  healthy in 1.1s
//! container shop-api-1  could not be started: port is already allocated
//! ```

use std::io::{self, Write};
use std::time::Duration;

use super::failure::write_failures;
use super::look::tame;
use super::summary::end_line;
use super::wording::{doing, done, duration, engine_words, failed, object};
use super::{Context, Report};
use crate::engine::{Progress, StepState};
use crate::plan::{Action, Plan, StepId};
use crate::run::{End, Event, Failure, Outcome};

/// What takes less is not worth a time.
const WORTH_A_TIME: Duration = Duration::from_millis(100);

/// The report for pipes and logs.
pub struct Plain<'out> {
    context: Context,
    out: &'out mut dyn Write,
}

impl<'out> Plain<'out> {
    /// Writes to `out`.
    pub fn new(context: Context, out: &'out mut dyn Write) -> Self {
        Self { context, out }
    }

    fn line(&mut self, plan: &Plan, step: StepId, words: &str) -> io::Result<()> {
        writeln!(self.out, "{}  {words}", object(&plan.steps[step].action))
    }

    fn write_event(&mut self, plan: &Plan, event: &Event) -> io::Result<()> {
        match event {
            Event::StepStarted { step } if is_long(&plan.steps[*step].action) => {
                self.line(plan, *step, &doing(&plan.steps[*step].action))
            }
            Event::StepStarted { .. } => Ok(()),
            Event::StepProgress { step, progress: Progress::Now(what) } if is_build(plan, *step) => {
                self.line(plan, *step, &tame(what))
            }
            Event::StepProgress { step, progress: Progress::Step { name, state: StepState::Began } }
                if !is_internal(name) =>
            {
                self.line(plan, *step, &tame(name))
            }
            Event::StepProgress { .. } => Ok(()),
            Event::StepEnded { step, end, took } => self.write_end(plan, *step, end, *took),
            Event::Cancelling => writeln!(self.out, "stopping: nothing new is started"),
        }
    }

    fn write_end(&mut self, plan: &Plan, step: StepId, end: &End, took: Duration) -> io::Result<()> {
        let action = &plan.steps[step].action;
        match end {
            End::Done if took >= WORTH_A_TIME => {
                self.line(plan, step, &format!("{} in {}", done(action), duration(took)))
            }
            End::Done => self.line(plan, step, &done(action)),
            End::Failed(Failure { cause, log_tail: _ }) => {
                let words =
                    engine_words(cause).map_or(String::new(), |words| format!(": {}", first_line(&words)));
                self.line(plan, step, &format!("{}{words}", failed(action, cause)))
            }
            // What was not started is summed up at the end.
            End::NotNeeded | End::Skipped { .. } | End::Cancelled => Ok(()),
        }
    }
}

impl Report for Plain<'_> {
    fn event(&mut self, plan: &Plan, event: &Event) {
        // A reader that went away must not end the run.
        let _ = self.write_event(plan, event);
    }

    fn finish(&mut self, plan: &Plan, outcome: &Outcome) {
        let _ = write_failures(self.out, plan, outcome, &self.context);
        let _ = writeln!(self.out, "{}", end_line(plan, outcome, self.context.intent));
        let _ = self.out.flush();
    }
}

fn is_long(action: &Action) -> bool {
    matches!(
        action,
        Action::PullImage { .. } | Action::PushImage { .. } | Action::BuildImage(_) | Action::Wait { .. }
    )
}

fn is_build(plan: &Plan, step: StepId) -> bool {
    matches!(plan.steps[step].action, Action::BuildImage(_))
}

/// What a builder does on its own behalf: it reads the Dockerfile, looks up base images...
fn is_internal(build_step: &str) -> bool {
    build_step.starts_with("[internal]")
}

fn first_line(words: &str) -> String {
    tame(words.lines().next().unwrap_or_default())
}
