//! In: an upgraded connection. Out: the output of a process, and its input. Must not: know whose
//! process it is.

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::super::logs::{Shape, chunks};
use super::super::transport::Connection;
use crate::engine::attach::Input;
use crate::engine::{Attached, EngineError};

/// How many bytes are read at once.
const PIECE: usize = 64 * 1024;

/// The process at the other end of a connection.
pub(super) fn attached(connection: Connection, shape: Shape) -> Attached {
    let (read, write) = tokio::io::split(connection);
    Attached { output: Box::pin(chunks(Box::pin(pieces(read)), shape)), input: Input::new(write) }
}

/// The chunks that arrive on a connection.
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
