//! What happens in a run. Events say what happened, not how to print it.

use std::time::Duration;

use crate::engine::{EngineError, Progress};
use crate::plan::StepId;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The step's call was made, or its wait began.
    StepStarted {
        /// The step.
        step: StepId,
    },
    /// The step goes on.
    StepProgress {
        /// The step.
        step: StepId,
        /// How far it is.
        progress: Progress,
    },
    /// The step is over; every step ends exactly once.
    StepEnded {
        /// The step.
        step: StepId,
        /// How it ended.
        end: End,
        /// How long it took; zero for one that never started.
        took: Duration,
    },
    /// The user asked to stop: nothing new is started from here on.
    Cancelling,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// It was done.
    Done,
    /// Its guard did not hold: there was nothing to do.
    NotNeeded,
    /// It failed.
    Failed(Failure),
    /// It was not started, because a step that it needs was not done.
    Skipped {
        /// The step that failed first.
        because_of: StepId,
    },
    /// It was not started, or a wait, pull or build was given up, because the user asked to stop.
    Cancelled,
}

/// Why a step failed, and what helps to understand it.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// What went wrong.
    pub cause: Cause,
    /// The last lines that the container printed, when it died or stayed unhealthy.
    pub log_tail: Vec<String>,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Cause {
    /// The engine's words.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The container ended before it was healthy.
    #[error("it exited with code {exit_code} before it was ready")]
    Exited {
        /// Its exit code.
        exit_code: i64,
    },
    /// The container ended with an exit code other than 0.
    #[error("it exited with code {exit_code}")]
    Unsuccessful {
        /// Its exit code.
        exit_code: i64,
    },
    /// The health check failed too often.
    #[error("it is unhealthy")]
    Unhealthy {
        /// The command of the health check, how often it failed and how, in words.
        check: Option<String>,
        /// What the health check printed last.
        output: Option<String>,
    },
    /// The container has no health check, so that it can never be healthy.
    #[error("it has no health check, so it can never become healthy")]
    NoHealthcheck,
    /// The time for waiting was over.
    #[error("it was not ready within {} s", .limit.as_secs_f64())]
    NotInTime {
        /// How long the waits of the run might last.
        limit: Duration,
        /// What its health check printed last.
        output: Option<String>,
    },
    /// The container is frozen: it comes to no condition.
    #[error("it is paused, and cannot become ready")]
    Paused,
    /// The container is gone.
    #[error("it was removed by somebody else")]
    Removed,
}

impl Cause {
    /// The exit code of the container that ended too early, or in a wrong way.
    pub fn exit_code(&self) -> Option<i64> {
        match self {
            Cause::Exited { exit_code } | Cause::Unsuccessful { exit_code } => Some(*exit_code),
            Cause::Engine(_)
            | Cause::Unhealthy { .. }
            | Cause::NoHealthcheck
            | Cause::NotInTime { .. }
            | Cause::Paused
            | Cause::Removed => None,
        }
    }
}
