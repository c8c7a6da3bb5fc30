//! In: a plan, and the events of its run. Out: words.
//! Must not: decide anything, start anything, or read an engine.
//!
//! | form | for | module |
//! |---|---|---|
//! | `tty` | a person who watches: one line an object, redrawn while it goes on | [`terminal`] |
//! | `plain` | pipes and logs of CI: one line an event that matters | [`plain`] |
//! | `json` | programs: one object a line | [`json`] |
//! | `quiet` | scripts: nothing but failures | [`quiet`] |
//!
//! Every word for an action, a reason or a failure is in [`wording`].

mod advice;
mod builds;
mod commands;
mod failure;
mod frame;
pub mod json;
pub mod logs;
mod look;
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
pub use look::{Look, tame, tame_lines};
pub use objects::{ObjectChange, ObjectSteps, Objects};
pub use quiet_filter::QuietFilter;
pub use redacted::Redacted;
pub use screen::{Above, Live};
pub use summary::{Goal, ScopedGoal};

use std::io::Write;
use std::sync::OnceLock;
use std::time::Duration;

use crate::plan::{Plan, Step};
use crate::run::{Event, Outcome};
use crate::topology::name::ServiceName;

/// Turns what happens in a run into words.
pub trait Report {
    /// Something happened.
    fn event(&mut self, plan: &Plan, event: &Event);

    /// Time passed: what moves on its own is drawn again.
    fn tick(&mut self, _plan: &Plan) {}

    /// How often [`Report::tick`] is to be called; never when absent.
    fn tick_every(&self) -> Option<Duration> {
        None
    }

    /// The run is over.
    fn finish(&mut self, plan: &Plan, outcome: &Outcome);
}

/// A form of report that the user can choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// [`Form::Tty`] on a terminal, else [`Form::Plain`].
    #[default]
    Auto,
    /// For a person who watches.
    Tty,
    /// For pipes and logs.
    Plain,
    /// For programs.
    Json,
    /// For scripts.
    Quiet,
}

/// What a report says besides the run's own story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// What the command wants, and of whom.
    pub scoped_goal: ScopedGoal,
    /// How other commands about the same topology are typed.
    pub commands: Commands,
    /// The command that goes on after a failure: `topo up shop.yaml`.
    pub resume: Option<String>,
    /// The command that goes on in spite of a `pre_stop` hook that fails: `topo down shop.yaml --force`.
    pub past_hooks: Option<String>,
    /// The command that clears away what is left after a failure: `topo down shop.yaml`.
    pub clean_up: Option<String>,
    /// What comes after the user asked to stop.
    pub after_cancel: AfterCancel,
    /// How the user asked to stop, once that happened.
    pub stop_signal: &'static OnceLock<StopSignal>,
    /// Whether what runs is stopped next when the run fails.
    pub stops_on_failure: bool,
    /// The services whose output is shown while the run goes on: it is not repeated for a failure.
    pub shown: Vec<ServiceName>,
    /// How texts look.
    pub look: Look,
}

/// What comes after the user asked to stop, and the run is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterCancel {
    /// Nothing.
    #[default]
    End,
    /// What runs is stopped, and that is reported; if asked once more, killed.
    Stop,
    /// What could not be stopped so far is killed, and that is reported.
    Kill,
}

/// How somebody asks a run to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopSignal {
    /// By SIGINT: Ctrl-C.
    Interrupt,
    /// By SIGTERM: `kill`, or whatever supervises topo.
    Terminate,
}

/// Nobody asks to stop by a signal.
pub static NO_STOP_SIGNAL: OnceLock<StopSignal> = OnceLock::new();

impl AfterCancel {
    /// What is said at once when the user asks to stop; by Ctrl-C where no signal is known.
    pub fn words(self, signal: Option<StopSignal>) -> &'static str {
        if signal == Some(StopSignal::Terminate) {
            return match self {
                Self::End => "stopping on SIGTERM; another one ends at once",
                Self::Stop => "stopping on SIGTERM; another one kills",
                Self::Kill => Self::Kill.words(None),
            };
        }
        match self {
            Self::End => "stopping; Ctrl-C again ends at once",
            Self::Stop => "stopping; Ctrl-C again kills",
            Self::Kill => "killing the remaining containers",
        }
    }
}

impl Context {
    /// What is said at once when the user asks to stop.
    fn words_of_cancel(&self) -> &'static str {
        self.after_cancel.words(self.stop_signal.get().copied())
    }

    /// One that says no more than the run itself.
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

    /// Whether another run goes on where this one was told to stop: that one says how it all ended.
    fn is_not_the_end(&self, outcome: &Outcome) -> bool {
        outcome.is_cancelled && self.after_cancel != AfterCancel::End
    }

    /// Whether the output of what a step is for was shown already.
    fn has_shown(&self, step: &Step) -> bool {
        step.service.as_ref().is_some_and(|service| self.shown.contains(service))
    }
}

/// The report of a form. It writes to `out`; live progress is drawn on the standard error stream, if
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
