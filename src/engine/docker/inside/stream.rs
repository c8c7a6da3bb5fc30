//! In: a connection that was taken over. Out: the output of a process, and a way to its input.
//! Must not: know whose process it is.

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::super::logs::{Shape, chunks};
use super::super::transport::Connection;
use crate::engine::attach::Input;
use crate::engine::{Attached, EngineError};

/// How many bytes are read at once.
const PIECE: usize = 64 * 1024;

/// A process that a connection leads to.
pub(super) fn attached(connection: Connection, shape: Shape) -> Attached {
    let (read, write) = tokio::io::split(connection);
    Attached { output: Box::pin(chunks(Box::pin(pieces(read)), shape)), input: Input::new(write) }
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
