//! In: a connection that was taken over. Out: the output of a process, and a way to its input.
//! Must not: know whose process it is.

use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
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
