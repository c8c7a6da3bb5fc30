//! In: a container. Out: what its own process writes, a way to its input, its end.
//! Must not: decide what becomes of the output.

use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use futures_util::{Stream, StreamExt, stream};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::{EngineError, LogChunk, Observe, TerminalSize};
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

/// A process that can be talked to.
pub struct Attached {
    /// What it writes, until it ends or closes its output.
    pub output: Pin<Box<dyn Stream<Item = Result<LogChunk, EngineError>>>>,
    /// The way to its input.
    pub input: Input,
}

/// The way to the input of a process.
pub struct Input(Pin<Box<dyn AsyncWrite>>);

/// The exit code of a container's process, when it ends.
pub type EndOfProcess = LocalBoxFuture<'static, Result<i64, EngineError>>;

/// How long an engine may need to note that a process has ended whose output it has ended. Docker notes it
/// before, other engines may do so just after.
pub(super) const END_IS_NOTED: Duration = Duration::from_millis(100);

/// The output of a process ended, and the process runs on.
pub(super) fn output_ended_early() -> EngineError {
    EngineError::Disconnected("the output ended before the process did".to_owned())
}

/// Gets in touch with the processes of containers.
pub trait Attach: Observe {
    /// Gets in touch with a container's process, which need not run yet: then nothing of what it
    /// writes is lost.
    fn attach(
        &self,
        container: &ContainerName,
        choice: &AttachChoice,
        has_terminal: bool,
    ) -> impl Future<Output = Result<Attached, EngineError>>;

    /// What a container is like for one who attaches to it.
    fn console(&self, container: &ContainerName) -> impl Future<Output = Result<Console, EngineError>>;

    /// Begins to wait for a container's next end. Once this is ready, no end is missed.
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

    /// Tells a container the size of its terminal.
    fn resize_container(
        &self,
        container: &ContainerName,
        size: TerminalSize,
    ) -> impl Future<Output = Result<(), EngineError>>;

    /// Whether a terminal can have its size before its program runs.
    fn takes_size_at_start(&self) -> bool;

    /// The exit code of a container's process whose output has ended, which `ended` waits for. Engines end the
    /// output with the process, whatever that closed itself: of one that still runs, the connection was lost.
    fn end_after_output(
        &self,
        container: &ContainerName,
        ended: impl Future<Output = Result<i64, EngineError>>,
    ) -> impl Future<Output = Result<i64, EngineError>> {
        async move {
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
    }
}

/// How long nothing may come of a process that has ended before its output counts as closed.
const SILENCE: Duration = Duration::from_secs(2);

impl Attached {
    /// Closes the output when nothing more comes of a process that has `ended`: an engine that is asked to
    /// attach while a process ends may leave the connection open for ever. While nobody takes what has
    /// come, no time passes.
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
    /// A way to it.
    pub(super) fn new(input: impl AsyncWrite + 'static) -> Self {
        Self(Box::pin(input))
    }

    /// Hands bytes on; false when the process takes no more.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).await.is_ok() && self.0.flush().await.is_ok()
    }

    /// Says that nothing more comes, while the output goes on.
    pub async fn close(&mut self) {
        // A process that has ended already needs no word of it.
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
    async fn an_output_that_is_left_open_ends_some_time_after_its_process() {
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
