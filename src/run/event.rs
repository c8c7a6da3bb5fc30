//! Events of a run. They say what happened, not how to print it.

use std::time::Duration;

use crate::engine::{EngineError, Progress};
use crate::plan::StepId;

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The step's call was made, or its wait began.
    StepStarted {
        /// The step.
        step: StepId,
    },
    /// The step made progress.
    StepProgress {
        /// The step.
        step: StepId,
        /// The progress.
        progress: Progress,
    },
    /// The step has ended; every step ends exactly once.
    StepEnded {
        /// The step.
        step: StepId,
        /// How it ended.
        end: End,
        /// How long it took; zero if it was never started.
        took: Duration,
    },
    /// The run was cancelled: nothing new is started from here on.
    Cancelling,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// It succeeded.
    Done,
    /// Its guard did not hold: there was nothing to do.
    NotNeeded,
    /// It failed.
    Failed(Failure),
    /// It was not started, because a step that it needs did not succeed.
    Skipped {
        /// The step that failed first.
        because_of: StepId,
    },
    /// It was not started, or was aborted, because the run was cancelled.
    Cancelled,
}

/// Why a step failed, with details.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The cause.
    pub cause: Cause,
    /// The last lines of the container's output, if it exited or stayed unhealthy.
    pub log_tail: Vec<String>,
}

/// The cause of a failure.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Cause {
    /// An error of the engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The container exited before it was healthy.
    #[error("it exited with code {exit_code} before it was ready")]
    Exited {
        /// Its exit code.
        exit_code: i64,
    },
    /// The container exited with a code other than 0.
    #[error("it exited with code {exit_code}")]
    Unsuccessful {
        /// Its exit code.
        exit_code: i64,
    },
    /// The health check failed too often.
    #[error("it is unhealthy")]
    Unhealthy {
        /// A text about the health check: its command, how often it failed and how.
        check: Option<String>,
        /// The last output of the health check.
        output: Option<String>,
    },
    /// The container has no health check, so that it can never be healthy.
    #[error("it has no health check, so it can never become healthy")]
    NoHealthcheck,
    /// The time limit expired.
    #[error("it was not ready within {} s", .limit.as_secs_f64())]
    NotInTime {
        /// The time limit of the run's waits.
        limit: Duration,
        /// The last output of its health check.
        output: Option<String>,
    },
    /// The container is paused and cannot satisfy the condition.
    #[error("it is paused, and cannot become ready")]
    Paused,
    /// The container was removed.
    #[error("it was removed by something else")]
    Removed,
}

impl Cause {
    /// The exit code of a container that exited too early, or with an error.
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
