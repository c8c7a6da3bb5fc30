//! Exit codes: all of them, in one place.

use std::process::ExitCode;

use crate::cli::io::interrupt;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// What was asked for was done; `validate` found nothing.
    Success,
    /// The topology has errors, or does not fit what the engine has; nothing was touched.
    Findings,
    /// Wrong usage, or something outside the topology: a file that cannot be read, an option that does
    /// not exist.
    Usage,
    /// No engine answers.
    NoEngine,
    /// A step failed, or the engine refused; what was done before it remains.
    Failed,
    /// `plan --exit-code`: there is something to do.
    SomethingToDo,
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
    /// The exit code of a container's process, passed on.
    Container(u8),
}

impl Exit {
    /// Every exit code with its meaning, for `topo --help` and the README.
    pub const TABLE: &'static [(Exit, &'static str)] = &[
        (Exit::Success, "success, also when there was nothing to do"),
        (Exit::Findings, "the topology has errors, or does not fit what the engine has; nothing was touched"),
        (Exit::Usage, "could not run: wrong usage, a file that cannot be read"),
        (Exit::NoEngine, "no engine answers"),
        (Exit::Failed, "a step failed or the engine refused; steps completed before the failure are kept"),
        (Exit::SomethingToDo, "`plan --exit-code` found something to do"),
        (Exit::Interrupted, "interrupted by Ctrl-C"),
        (Exit::Terminated, "ended by SIGTERM, as by `kill` or a supervisor"),
    ];

    /// Whose exit code else may be seen, for the same.
    pub const PASSED_ON: &'static str = "`run`, `exec`, `attach`, `wait` and `up --exit-code-from` or `--abort-on-...` pass on the exit code of a process";

    /// The exit code of a program whose reader is gone: that of SIGPIPE.
    pub const WITHOUT_READER: Exit = Exit::Container(141);

    /// The exit code of a container, passed on. One that is no code of a shell is passed on as a failure.
    pub fn of_container(code: i64) -> Self {
        Exit::Container(u8::try_from(code).unwrap_or(u8::MAX))
    }

    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
            Exit::NoEngine => 3,
            Exit::Failed => 4,
            Exit::SomethingToDo => 5,
            Exit::Interrupted => 130,
            Exit::Terminated => 143,
            Exit::Container(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        let exit = match exit {
            Exit::Interrupted => interrupt::exit(),
            exit => exit,
        };
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_a_container_never_becomes_a_success() {
        let codes = [0, 3, 143, 256, -1, 0x4000_0000].map(|code| Exit::of_container(code).code());
        assert_eq!(codes, [0, 3, 143, 255, 255, 255]);
    }
}
