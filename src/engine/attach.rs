//! In: a container. Out: the output of its main process, its input, its exit. Must not: decide what
//! happens with the output.

use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use futures_util::{Stream, StreamExt, stream};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::{EngineError, LogChunk, Observe, TerminalSize};
use crate::plan::observed::Status;
use crate::topology::name::ContainerName;

/// How to attach to a container's process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachChoice {
    /// Whether its input is attached too.
    pub has_input: bool,
    /// The key sequence that detaches from its terminal, in the engine's notation.
    pub detach_keys: String,
}

/// The settings of a container that matter for attaching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Console {
    /// Whether it has a terminal.
    pub has_terminal: bool,
    /// Whether its input is open.
    pub has_input: bool,
    /// Whether its input is closed when the first client that attaches closes it.
    pub ends_with_input: bool,
}

/// Which end of a container to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastEnd {
    /// The exit of its process.
    Exit,
    /// Its removal by the engine, which was told to remove it after its exit.
    Removal,
}

/// An attached process.
pub struct Attached {
    /// Its output, until it exits or closes its output.
    pub output: Pin<Box<dyn Stream<Item = Result<LogChunk, EngineError>>>>,
    /// Its input.
    pub input: Input,
}

/// The input of a process.
pub struct Input(Pin<Box<dyn AsyncWrite>>);

/// The exit code of a container's process, once it exits.
pub type EndOfProcess = LocalBoxFuture<'static, Result<i64, EngineError>>;

/// How long an engine may need to record the exit of a process whose output has ended. Docker
/// records it before the end of the output, other engines may do so shortly after.
pub(super) const END_IS_NOTED: Duration = Duration::from_millis(100);

/// The output of a process ended while it is running.
pub(super) fn output_ended_early() -> EngineError {
    EngineError::Disconnected("the output ended before the process did".to_owned())
}

/// Attaches to the processes of containers.
pub trait Attach: Observe {
    /// Attaches to a container's process, which need not be started yet: then no output is lost.
    fn attach(
        &self,
        container: &ContainerName,
        choice: &AttachChoice,
        has_terminal: bool,
    ) -> impl Future<Output = Result<Attached, EngineError>>;

    /// The settings of a container that matter for attaching.
    fn console(&self, container: &ContainerName) -> impl Future<Output = Result<Console, EngineError>>;

    /// Starts waiting for a container's next end. Once the outer future is ready, no end is missed.
    fn wait_for_end(
        &self,
        container: &ContainerName,
        end: LastEnd,
    ) -> impl Future<Output = Result<EndOfProcess, EngineError>>;

    /// Sends a signal to a container's process: `TERM`, `KILL`...
    fn signal(
        &self,
        container: &ContainerName,
        signal: &str,
    ) -> impl Future<Output = Result<(), EngineError>>;

    /// Sets the size of a container's terminal.
    fn resize_container(
        &self,
        container: &ContainerName,
        size: TerminalSize,
    ) -> impl Future<Output = Result<(), EngineError>>;

    /// Whether a terminal's size can be set before its program starts.
    fn takes_size_at_start(&self) -> bool;

    /// The exit code of a container's process whose output has ended; `ended` waits for it. Engines
    /// end the output only with the process, even if the process closes it earlier: if it is still
    /// running, the connection was lost.
    fn end_after_output(
        &self,
        container: &ContainerName,
        ended: impl Future<Output = Result<i64, EngineError>>,
    ) -> impl Future<Output = Result<i64, EngineError>> {
        async move {
            let mut ended = pin!(ended);
            let still_runs = async {
                tokio::time::sleep(END_IS_NOTED).await;
                // A container that is gone has exited; if it was restarted, its exit was recorded
                // before.
                self.inspect(container).await.is_ok_and(|state| state.status == Status::Running)
            };
            let still_runs = tokio::select! { biased;
                code = &mut ended => return code,
                still_runs = still_runs => still_runs,
            };
            if still_runs { Err(output_ended_early()) } else { ended.await }
        }
    }
}

/// How long there must be no output after the exit of a process until its output counts as closed.
const SILENCE: Duration = Duration::from_secs(2);

impl Attached {
    /// Closes the output when nothing more arrives after the process has `ended`: an engine that is
    /// asked to attach while a process exits may leave the connection open forever. The time does
    /// not count while arrived output is still unread.
    pub fn closed_after(self, ended: impl Future + Clone + 'static) -> Self {
        let output = stream::unfold((self.output, ended), async |(mut output, ended)| {
            let silence = async {
                ended.clone().await;
                tokio::time::sleep(SILENCE).await;
            };
            let chunk = tokio::select! { biased;
                chunk = output.next() => chunk,
                () = silence => None,
            };
            chunk.map(|chunk| (chunk, (output, ended)))
        });
        Self { output: Box::pin(output), input: self.input }
    }
}

impl Input {
    /// Wraps a writer.
    pub(super) fn new(input: impl AsyncWrite + 'static) -> Self {
        Self(Box::pin(input))
    }

    /// Sends bytes; false if the process takes no more.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).await.is_ok() && self.0.flush().await.is_ok()
    }

    /// Closes the input; the output continues.
    pub async fn close(&mut self) {
        // A process that has already exited does not need it.
        let _ = self.0.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use bytes::Bytes;

    use super::*;
    use crate::engine::OutputStream;

    fn attached(output: impl Stream<Item = Result<LogChunk, EngineError>> + 'static) -> Attached {
        Attached { output: Box::pin(output), input: Input::new(tokio::io::sink()) }
    }

    fn chunk() -> LogChunk {
        LogChunk { stream: OutputStream::Out, bytes: Bytes::from_static(b"bye") }
    }

    #[tokio::test(start_paused = true)]
    async fn an_output_that_stays_open_ends_some_time_after_its_process() {
        let open = || stream::iter([Ok(chunk())]).chain(stream::pending());
        let shown: Vec<_> = attached(open()).closed_after(ready(())).output.collect().await;
        assert_eq!(shown.len(), 1);
        let mut running =
            attached(open()).closed_after(futures_util::FutureExt::shared(pending::<()>())).output;
        assert!(running.next().await.is_some());
        let more = tokio::time::timeout(SILENCE * 100, running.next()).await;
        assert!(more.is_err(), "a process that runs may be silent");
    }
}
