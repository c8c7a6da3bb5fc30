//! In: a container. Out: what its own process writes, a way to its input, its end.
//! Must not: decide what becomes of the output.

use std::pin::pin;

use http::Method;
use serde::Deserialize;

use super::super::logs::Shape;
use super::super::transport::{Call, escape, stream_of};
use super::super::{Docker, inspect};
use super::stream::Attached;
use super::{END_IS_NOTED, TerminalSize, output_ended_early};
use crate::engine::{Engine, EngineError};
use crate::plan::observed::Status;
use crate::topology::name::ContainerName;

/// What of a container's process is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachChoice {
    /// Whether its input is wanted too.
    pub has_input: bool,
    /// The keys that leave it alone in its terminal, as the engine takes them.
    pub detach_keys: String,
}

/// What a container is like for one who attaches to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Console {
    /// Whether it has a terminal.
    pub has_terminal: bool,
    /// Whether its input is open.
    pub has_input: bool,
    /// Whether its input ends with that of the first one who attaches to it.
    pub ends_with_input: bool,
}

/// Which end of a container is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastEnd {
    /// Its process ends.
    Exit,
    /// The engine has removed it, as it was told to do when the process ends.
    Removal,
}

/// A container whose end is waited for.
pub struct Waiting {
    answer: http::Response<hyper::body::Incoming>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Ended {
    status_code: i64,
    error: Option<EndError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EndError {
    message: String,
}

impl Docker {
    /// Gets in touch with a container's process, which need not run yet: then nothing of what it
    /// writes is lost.
    pub async fn attach(
        &self,
        container: &ContainerName,
        choice: &AttachChoice,
        has_terminal: bool,
    ) -> Result<Attached, EngineError> {
        let AttachChoice { has_input, detach_keys } = choice;
        let mut call = Call::new(Method::POST, path(container, "attach"))
            .query("stream", "1")
            .query("stdout", "1")
            .query("stderr", "1")
            .query("stdin", if *has_input { "1" } else { "0" });
        if !detach_keys.is_empty() {
            call = call.query("detachKeys", detach_keys);
        }
        let (connection, _) = self.transport.take_over(call, "tcp").await?;
        Ok(Attached::new(connection, if has_terminal { Shape::Raw } else { Shape::Frames }))
    }

    /// What a container is like for one who attaches to it.
    pub async fn console(&self, container: &ContainerName) -> Result<Console, EngineError> {
        let inspected = inspect::inspect(&self.transport, container.as_str()).await?;
        Ok(Console {
            has_terminal: inspected.config.tty,
            has_input: inspected.config.open_stdin,
            ends_with_input: inspected.config.stdin_once,
        })
    }

    /// Begins to wait for a container's next end. Once this is ready, no end is missed.
    pub async fn wait_for_end(
        &self,
        container: &ContainerName,
        end: LastEnd,
    ) -> Result<Waiting, EngineError> {
        let condition = match end {
            LastEnd::Exit => "next-exit",
            LastEnd::Removal => "removed",
        };
        let call = Call::new(Method::POST, path(container, "wait")).query("condition", condition);
        Ok(Waiting { answer: self.transport.send(call).await? })
    }

    /// The exit code of a container's process whose output has ended, which `ended` waits for. Engines end the
    /// output with the process, whatever that closed itself: of one that still runs, the connection was lost.
    pub async fn end_after_output(
        &self,
        container: &ContainerName,
        ended: impl Future<Output = Result<i64, EngineError>>,
    ) -> Result<i64, EngineError> {
        let mut ended = pin!(ended);
        let still_runs = async {
            tokio::time::sleep(END_IS_NOTED).await;
            // A container that is gone has ended; one that is started again had noted its end before.
            self.inspect(container).await.is_ok_and(|state| state.status == Status::Running)
        };
        let still_runs = tokio::select! { biased;
            code = &mut ended => return code,
            still_runs = still_runs => still_runs,
        };
        if still_runs { Err(output_ended_early()) } else { ended.await }
    }

    /// Sends a signal to a container's process: `TERM`, `KILL`...
    pub async fn signal(&self, container: &ContainerName, signal: &str) -> Result<(), EngineError> {
        let call = Call::new(Method::POST, path(container, "kill")).query("signal", signal);
        self.transport.send(call).await.map(|_| ())
    }

    /// Tells a container the size of its terminal.
    pub async fn resize_container(
        &self,
        container: &ContainerName,
        size: TerminalSize,
    ) -> Result<(), EngineError> {
        self.resize(path(container, "resize"), size).await
    }
}

impl Waiting {
    /// The exit code of its process.
    pub async fn exit_code(self) -> Result<i64, EngineError> {
        let mut lines = super::super::json_lines::JsonLines::new(stream_of(self.answer));
        let ended: Option<Ended> = lines.next().await?;
        match ended {
            Some(Ended { status_code, error: None }) => Ok(status_code),
            Some(Ended { error: Some(error), .. }) if !error.message.is_empty() => {
                Err(EngineError::Other(error.message))
            }
            Some(Ended { status_code, .. }) => Ok(status_code),
            None => {
                Err(EngineError::Disconnected("the engine does not say how the container ended".to_owned()))
            }
        }
    }
}

fn path(container: &ContainerName, action: &str) -> String {
    format!("/containers/{}/{action}", escape(container.as_str(), ""))
}
