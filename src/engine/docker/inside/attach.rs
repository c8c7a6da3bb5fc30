//! In: a container. Out: the output of its main process, its input, its exit. Must not: decide what
//! happens with the output.

use http::Method;
use serde::Deserialize;

use super::super::logs::Shape;
use super::super::transport::{Call, escape, stream_of};
use super::super::{Docker, inspect};
use super::stream::attached;
use crate::engine::{
    Attach, AttachChoice, Attached, Console, EndOfProcess, EngineError, LastEnd, TerminalSize,
};
use crate::topology::name::ContainerName;

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

impl Attach for Docker {
    async fn attach(
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
        Ok(attached(connection, if has_terminal { Shape::Raw } else { Shape::Frames }))
    }

    async fn console(&self, container: &ContainerName) -> Result<Console, EngineError> {
        let inspected = inspect::inspect(&self.transport, container.as_str()).await?;
        Ok(Console {
            has_terminal: inspected.config.tty,
            has_input: inspected.config.open_stdin,
            ends_with_input: inspected.config.stdin_once,
        })
    }

    async fn wait_for_end(
        &self,
        container: &ContainerName,
        end: LastEnd,
    ) -> Result<EndOfProcess, EngineError> {
        let condition = match end {
            LastEnd::Exit => "next-exit",
            LastEnd::Removal => "removed",
        };
        let call = Call::new(Method::POST, path(container, "wait")).query("condition", condition);
        Ok(Box::pin(exit_code(self.transport.send(call).await?)))
    }

    async fn signal(&self, container: &ContainerName, signal: &str) -> Result<(), EngineError> {
        let call = Call::new(Method::POST, path(container, "kill")).query("signal", signal);
        self.transport.send(call).await.map(|_| ())
    }

    async fn resize_container(
        &self,
        container: &ContainerName,
        size: TerminalSize,
    ) -> Result<(), EngineError> {
        self.resize(path(container, "resize"), size).await
    }

    /// Since API 1.42.
    fn takes_size_at_start(&self) -> bool {
        self.transport.version().minor >= 42
    }
}

/// The exit code in a response that arrives when the process exits.
async fn exit_code(answer: http::Response<hyper::body::Incoming>) -> Result<i64, EngineError> {
    let mut lines = super::super::json_lines::JsonLines::new(stream_of(answer));
    let ended: Option<Ended> = lines.next().await?;
    match ended {
        Some(Ended { status_code, error: None }) => Ok(status_code),
        Some(Ended { error: Some(error), .. }) if !error.message.is_empty() => {
            Err(EngineError::BrokenOff(error.message))
        }
        Some(Ended { status_code, .. }) => Ok(status_code),
        None => Err(EngineError::Disconnected("the engine does not say how the container ended".to_owned())),
    }
}

fn path(container: &ContainerName, action: &str) -> String {
    format!("/containers/{}/{action}", escape(container.as_str(), ""))
}
