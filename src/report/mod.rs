//! In: a plan, and the events of its run. Out: text.
//! Must not: decide anything, start anything, or read an engine.
//!
//! | form | for | module |
//! |---|---|---|
//! | `tty` | a person who watches: one line per object, redrawn during the run | [`terminal`] |
//! | `plain` | pipes and logs of CI: one line per important event | [`plain`] |
//! | `json` | programs: one object per line | [`json`] |
//! | `quiet` | scripts: only failures | [`quiet`] |
//!
//! The texts for actions, reasons and failures are in [`wording`].

mod advice;
mod builds;
mod commands;
mod failure;
mod frame;
pub mod json;
pub mod logs;
mod look;
mod meanwhile;
mod objects;
pub mod picture;
pub mod plain;
pub mod plan;
mod progress_model;
pub mod prose;
mod published_port;
pub mod quiet;
mod quiet_filter;
mod redacted;
mod screen;
pub mod standing;
mod summary;
pub mod terminal;
pub mod wording;

pub use commands::Commands;
pub use look::{Look, sanitize, sanitize_lines};
pub use objects::{ObjectChange, ObjectSteps, Objects};
pub use quiet_filter::QuietFilter;
pub use redacted::Redacted;
pub use screen::{Above, Live};
pub use summary::{Goal, ScopedGoal};

use std::io::Write;
use std::sync::OnceLock;
use std::time::Duration;

use crate::plan::{Plan, Step};
use crate::run::{Event, LastLook, Outcome};
use crate::topology::name::ServiceName;

/// Shows what happens during a run.
pub trait Report {
    /// Something happened.
    fn event(&mut self, plan: &Plan, event: &Event);

    /// Time passed: redraws animated output.
    fn tick(&mut self, _plan: &Plan) {}

    /// How often [`Report::tick`] is to be called; never when absent.
    fn tick_every(&self) -> Option<Duration> {
        None
    }

    /// The run is over, but the engine is not as it was left: another one follows.
    fn go_on(&mut self, plan: &Plan, seen: &LastLook);

    /// The run has ended.
    fn finish(&mut self, plan: &Plan, outcome: &Outcome);
}

/// A form of report that the user can choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// [`Form::Tty`] on a terminal, else [`Form::Plain`].
    #[default]
    Auto,
    /// For a person at a terminal.
    Tty,
    /// For pipes and logs.
    Plain,
    /// For programs.
    Json,
    /// For scripts.
    Quiet,
}

/// What a report needs to know besides the events of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// What the command wants, and for which services.
    pub scoped_goal: ScopedGoal,
    /// How to type other commands about the same topology.
    pub commands: Commands,
    /// The command that continues after a failure: `topo up shop.yaml`.
    pub resume: Option<String>,
    /// The command that continues despite a failing `pre_stop` hook: `topo down shop.yaml --force`.
    pub past_hooks: Option<String>,
    /// The command that removes what is left after a failure: `topo down shop.yaml`.
    pub clean_up: Option<String>,
    /// What follows a request to stop.
    pub after_cancel: AfterCancel,
    /// How the stop was requested, once it was.
    pub stop_signal: &'static OnceLock<StopSignal>,
    /// Whether a failed run is followed by stopping what is running.
    pub stops_on_failure: bool,
    /// The services whose output is shown during the run, so that it is not repeated for a failure.
    pub shown: Vec<ServiceName>,
    /// The styling of texts.
    pub look: Look,
}

/// What follows after a request to stop, when the run has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterCancel {
    /// Nothing.
    #[default]
    End,
    /// What is running is stopped, which is reported as well; after another request it is killed.
    Stop,
    /// What was not stopped so far is killed, which is reported as well.
    Kill,
}

/// How a stop can be requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopSignal {
    /// By SIGINT: Ctrl-C.
    Interrupt,
    /// By SIGTERM: `kill`, or a supervisor of topo.
    Terminate,
}

/// For runs that no signal stops.
pub static NO_STOP_SIGNAL: OnceLock<StopSignal> = OnceLock::new();

impl AfterCancel {
    /// The message when a stop is requested; the one for Ctrl-C without a signal.
    pub fn words(self, signal: Option<StopSignal>) -> &'static str {
        if signal == Some(StopSignal::Terminate) {
            return match self {
                Self::End => "stopping on SIGTERM; a second one ends topo at once",
                Self::Stop => "stopping on SIGTERM; a second one kills the containers",
                Self::Kill => Self::Kill.words(None),
            };
        }
        match self {
            Self::End => "stopping; press Ctrl-C again to end at once",
            Self::Stop => "stopping; press Ctrl-C again to kill",
            Self::Kill => "killing the remaining containers",
        }
    }
}

impl Context {
    /// The message when a stop is requested.
    fn words_of_cancel(&self) -> &'static str {
        self.after_cancel.words(self.stop_signal.get().copied())
    }

    /// A context that adds nothing to the events of the run.
    #[cfg(test)]
    fn bare() -> Self {
        Self {
            scoped_goal: Goal::UP.into(),
            commands: Commands::default(),
            resume: None,
            past_hooks: None,
            clean_up: None,
            after_cancel: AfterCancel::End,
            stop_signal: &NO_STOP_SIGNAL,
            stops_on_failure: false,
            shown: Vec::new(),
            look: Look::BARE,
        }
    }

    /// Whether another run continues after this one was told to stop, and reports the result.
    fn is_not_the_end(&self, outcome: &Outcome) -> bool {
        outcome.is_cancelled && self.after_cancel != AfterCancel::End
    }

    /// Whether the output of a step's service was already shown.
    fn has_shown(&self, step: &Step) -> bool {
        step.service.as_ref().is_some_and(|service| self.shown.contains(service))
    }
}

/// Creates the report of a form. It writes to `out`; live progress is drawn on standard error, if
/// that is a terminal, as lines of `live`.
pub fn report<'out>(
    form: Form,
    is_terminal: bool,
    context: Context,
    live: &Live,
    out: &'out mut dyn Write,
) -> Box<dyn Report + 'out> {
    match form {
        Form::Tty => Box::new(terminal::Terminal::new(context, live, out)),
        Form::Auto if is_terminal => Box::new(terminal::Terminal::new(context, live, out)),
        Form::Auto | Form::Plain => {
            let width = is_terminal.then(|| screen::size().1);
            Box::new(plain::Plain::new(context, width, out))
        }
        Form::Json => Box::new(json::JsonLines::new(context.commands, out)),
        Form::Quiet => Box::new(quiet::Quiet::new(context, out)),
    }
}
