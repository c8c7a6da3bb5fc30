//! In: why a command did not do what it was asked. Out: what is said of it, and the exit code.
//!
//! Whoever cannot go on returns a [`CliError`] and prints nothing: [`crate::cli::main`] prints it, once, when all that
//! the command had open is closed. A warning is for what does not stop the command, and is printed at once.
//!
//! | what happened | how it is returned |
//! |---|---|
//! | the words typed, or a file outside the topology, are wrong | `CliError::usage("..").help("what to type")` |
//! | the topology has errors | [`Output::checked`](crate::cli::io::output::Output::checked) |
//! | the engine cannot be reached, or refuses | `?` on the engine's answer |
//! | a plan's steps failed, or Ctrl-C came | `?` on [`exit_of`](crate::cli::engine::session::exit_of) |
//! | anything else stood in the way | `CliError::failed("..").help("..")` |
//! | some of it failed, the rest was done | [`CliError::Several`] |
//!
//! A kind with another exit code is a variant here, with an arm in [`CliError::exit`].

use std::io;

use crate::cli::arguments::global::Global;
use crate::cli::arguments::settings::ColorChoice;
use crate::cli::engine::redaction::redacted;
use crate::cli::exit::Exit;
use crate::cli::io::output::Output;
use crate::diagnostic::Diagnostics;
use crate::engine::EngineError;
use crate::source::Sources;

/// What is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// What to type, or to do, if that is known.
    pub help: Option<String>,
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum CliError {
    /// The words typed are wrong, or something outside the topology is: a file that cannot be read.
    Usage(Problem),
    /// The words typed are wrong, as clap says it.
    Parser(Box<clap::Error>),
    /// The topology has errors.
    Diagnostics {
        /// Its texts.
        sources: Box<Sources>,
        /// What was found in them.
        found: Box<Diagnostics>,
        /// What follows from it, where that is not plain.
        conclusion: Option<Problem>,
    },
    /// No engine answers.
    Unreachable(Box<EngineError>),
    /// The engine refused.
    Refused(Box<EngineError>),
    /// Steps of a plan failed. The report of the run has said which.
    StepsFailed,
    /// Something else stood in the way.
    Failed(Problem),
    /// Several things failed, and the command did the rest of its work.
    Several(Vec<CliError>, Exit),
    /// A program in a container could not be run, which shells have exit codes for.
    Program(Problem, u8),
    /// Ctrl-C or SIGTERM came.
    Interrupted,
    /// Standard output cannot be written: a disk is full.
    Output(io::Error),
    /// The user did not want it done after all, which is no failure.
    Declined,
    /// Nobody reads what a program prints any more; it is not heard to its end.
    NoReader,
}

impl Problem {
    /// A problem that nothing is known to be done about.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    /// Adds what to do about it.
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    fn print(&self, output: &Output) {
        output.error(&self.message, self.help.as_deref());
    }
}

impl From<EngineError> for CliError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Unreachable { .. } | EngineError::NoAddress { .. } => {
                Self::Unreachable(Box::new(error))
            }
            _ => Self::Refused(Box::new(error)),
        }
    }
}

impl CliError {
    /// The words typed are wrong, or a file that is none of the topology's is.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage(Problem::new(message))
    }

    /// Something stood in the way that has no other kind.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(Problem::new(message))
    }

    /// The topology has errors.
    pub fn diagnostics(sources: &Sources, found: Diagnostics) -> Self {
        Self::Diagnostics { sources: Box::new(sources.clone()), found: Box::new(found), conclusion: None }
    }

    /// Standard output could not be written.
    pub fn unwritten(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::NoReader,
            _ => Self::Output(error),
        }
    }

    /// Adds what to type, or to do. What has no words of its own takes none.
    pub fn help(self, help: impl Into<String>) -> Self {
        self.perhaps_help(Some(help.into()))
    }

    /// [`CliError::help`], where it is known.
    pub fn perhaps_help(mut self, help: Option<String>) -> Self {
        if let Self::Usage(problem) | Self::Failed(problem) | Self::Program(problem, _) = &mut self {
            problem.help = help;
        }
        self
    }

    /// Adds what follows from what was found in the topology.
    pub fn concluding(mut self, problem: Problem) -> Self {
        if let Self::Diagnostics { conclusion, .. } = &mut self {
            *conclusion = Some(problem);
        }
        self
    }

    /// How the program ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::Parser(_) | Self::Output(_) => Exit::Usage,
            Self::Diagnostics { .. } => Exit::Findings,
            Self::Unreachable(_) => Exit::NoEngine,
            Self::Refused(_) | Self::StepsFailed | Self::Failed(_) => Exit::Failed,
            Self::Several(_, exit) => *exit,
            Self::Program(_, code) => Exit::Container(*code),
            Self::Interrupted => Exit::Interrupted,
            Self::Declined => Exit::Success,
            Self::NoReader => Exit::WITHOUT_READER,
        }
    }

    /// Says what is wrong on standard error, and how the program ends. Commands in the help of the engine name the
    /// topology that `global` chooses.
    pub fn print(&self, global: &Global, output: &Output) -> Exit {
        match self {
            Self::Usage(problem) | Self::Failed(problem) | Self::Program(problem, _) => problem.print(output),
            Self::Parser(error) if global.color == Some(ColorChoice::Never) => {
                output.complain(&error.render().to_string());
            }
            // Nothing can be done where standard error is gone.
            Self::Parser(error) => _ = error.print(),
            Self::Diagnostics { sources, found, conclusion } => {
                output.diagnostics(sources, found);
                conclusion.iter().for_each(|problem| problem.print(output));
            }
            Self::Unreachable(error) | Self::Refused(error) => {
                let hint = error.hint().map(|help| global.commands().filled_in(&help));
                let again = || global.typed.command_line().filter(|_| may_have_passed(error));
                let help = hint.or_else(|| again().map(|line| format!("to try again: `{line}`")));
                Problem { message: error.to_string(), help: help.as_deref().map(redacted) }.print(output);
            }
            Self::Several(errors, _) => errors.iter().for_each(|error| _ = error.print(global, output)),
            Self::Output(error) => {
                Problem::new(format!("standard output cannot be written: {error}")).print(output);
            }
            Self::StepsFailed | Self::Interrupted | Self::Declined | Self::NoReader => {}
        }
        self.exit()
    }
}

/// Whether the same request may succeed a moment later, without a change: the engine has trouble, or was restarted.
fn may_have_passed(error: &EngineError) -> bool {
    use EngineError::{Disconnected, NoAnswer, Refused};
    matches!(error, Disconnected(_) | NoAnswer(_) | Refused { status: 500.., .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scripts rely on them.
    #[test]
    fn each_kind_has_its_exit_code() {
        let message = "in use".to_owned();
        let no_address = EngineError::NoAddress { message: message.clone(), advice: String::new() };
        let errors = [
            (CliError::usage("no such file"), 2),
            (CliError::Parser(Box::new(clap::Error::new(clap::error::ErrorKind::UnknownArgument))), 2),
            (CliError::diagnostics(&Sources::default(), Diagnostics::default()), 1),
            (CliError::from(no_address), 3),
            (CliError::from(EngineError::Refused { status: 409, message }), 4),
            (CliError::StepsFailed, 4),
            (CliError::failed("a folder is gone"), 4),
            (CliError::Several(vec![CliError::failed("one of them")], Exit::Interrupted), 130),
            (CliError::Program(Problem::new("no such program"), 127), 127),
            (CliError::Interrupted, 130),
            (CliError::unwritten(io::ErrorKind::StorageFull.into()), 2),
            (CliError::Declined, 0),
            (CliError::unwritten(io::ErrorKind::BrokenPipe.into()), 141),
        ];
        for (error, code) in errors {
            assert_eq!(error.exit().code(), code, "{error:?}");
        }
    }

    #[test]
    fn help_is_kept_with_the_words_that_it_is_about() {
        let CliError::Usage(problem) = CliError::usage("no service is named").help("name one") else {
            panic!("another kind");
        };
        assert_eq!(
            problem,
            Problem { message: "no service is named".to_owned(), help: Some("name one".to_owned()) }
        );
    }
}
