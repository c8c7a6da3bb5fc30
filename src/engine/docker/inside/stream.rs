//! In: a connection that was taken over. Out: the output of a process, and a way to its input.
//! Must not: know whose process it is.

use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::super::logs::{Shape, chunks};
use super::super::transport::Connection;
use crate::engine::{EngineError, LogChunk};

/// How many bytes are read at once.
const PIECE: usize = 64 * 1024;

/// A process that can be talked to.
pub struct Attached {
    /// What it writes, until it ends or closes its output.
    pub output: Pin<Box<dyn Stream<Item = Result<LogChunk, EngineError>>>>,
    /// The way to its input.
    pub input: Input,
}

/// The way to the input of a process.
pub struct Input(Pin<Box<dyn AsyncWrite>>);

impl Attached {
    pub(super) fn new(connection: Connection, shape: Shape) -> Self {
        let (read, write) = tokio::io::split(connection);
        Self { output: Box::pin(chunks(Box::pin(pieces(read)), shape)), input: Input(Box::pin(write)) }
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

/// What comes over a connection, as it comes.
fn pieces(read: impl AsyncRead + Unpin) -> impl Stream<Item = Result<Bytes, EngineError>> {
    stream::try_unfold((read, BytesMut::new()), async |(mut read, mut buffer)| {
        buffer.reserve(PIECE);
        match read.read_buf(&mut buffer).await {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some((buffer.split().freeze(), (read, buffer)))),
            Err(error) => Err(EngineError::Disconnected(error.to_string())),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;
    use crate::engine::OutputStream;

    fn attached(output: impl Stream<Item = Result<LogChunk, EngineError>> + 'static) -> Attached {
        Attached { output: Box::pin(output), input: Input(Box::pin(tokio::io::sink())) }
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
