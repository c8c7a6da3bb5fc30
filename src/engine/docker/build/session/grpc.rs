//! In: streams of HTTP/2. Out: gRPC messages in both directions. Must not: know what a message
//! means.

use std::future::poll_fn;

use bytes::{Buf, Bytes, BytesMut};
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::{HeaderMap, HeaderValue, Response};

/// The longest accepted message, in bytes: a builder requests one file at a time.
const MESSAGE_LIMIT: usize = 64 * 1024;

/// The gRPC status codes that are used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    Ok = 0,
    Unknown = 2,
    NotFound = 5,
    Unimplemented = 12,
}

/// Writes a message in gRPC's framing: uncompressed, with its length.
pub(super) fn frame(message: &[u8], frames: &mut BytesMut) {
    frames.extend_from_slice(&[0]);
    frames.extend_from_slice(&u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
    frames.extend_from_slice(message);
}

/// The incoming messages.
pub(super) struct Messages {
    stream: RecvStream,
    buffer: BytesMut,
}

impl Messages {
    pub(super) fn new(stream: RecvStream) -> Self {
        Self { stream, buffer: BytesMut::new() }
    }

    /// The next message; `None` at the end of the stream, or after an invalid message.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(message) = cut(&mut self.buffer)? {
                return Some(message);
            }
            let piece = self.stream.data().await?.ok()?;
            // Allows the sender to send as much again.
            let _ = self.stream.flow_control().release_capacity(piece.len());
            self.buffer.extend_from_slice(&piece);
        }
    }
}

/// Takes the first message off the buffer; the inner `None` if it is incomplete, the outer one if
/// it is invalid.
fn cut(buffer: &mut BytesMut) -> Option<Option<Bytes>> {
    let Some((head, rest)) = buffer.split_first_chunk::<5>() else { return Some(None) };
    let [is_compressed, length @ ..] = *head;
    let length = u32::from_be_bytes(length) as usize;
    if is_compressed != 0 || length > MESSAGE_LIMIT {
        return None;
    }
    if rest.len() < length {
        return Some(None);
    }
    buffer.advance(head.len());
    Some(Some(buffer.split_to(length).freeze()))
}

/// The response to a call.
pub(super) struct Answer(SendStream<Bytes>);

impl Answer {
    /// Begins the response.
    pub(super) fn begin(mut respond: SendResponse<Bytes>) -> Result<Self, h2::Error> {
        let mut response = Response::new(());
        response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
        Ok(Self(respond.send_response(response, false)?))
    }

    /// Sends framed messages, no faster than the other side receives them.
    pub(super) async fn send(&mut self, mut frames: Bytes) -> Result<(), h2::Error> {
        let Self(stream) = self;
        while !frames.is_empty() {
            stream.reserve_capacity(frames.len());
            while stream.capacity() == 0 {
                match poll_fn(|context| stream.poll_capacity(context)).await {
                    Some(capacity) => capacity?,
                    None => return Err(h2::Reason::CANCEL.into()),
                };
            }
            let length = stream.capacity().min(frames.len());
            stream.send_data(frames.split_to(length), false)?;
        }
        Ok(())
    }

    /// Ends the call. The message is plain ASCII, since it is a header.
    pub(super) fn end(mut self, code: Code, message: &'static str) -> Result<(), h2::Error> {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from(code as u16));
        if !message.is_empty() {
            trailers.insert("grpc-message", HeaderValue::from_static(message));
        }
        self.0.send_trailers(trailers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_assembled_from_pieces() {
        let mut frames = BytesMut::new();
        frame(b"one", &mut frames);
        frame(b"", &mut frames);
        let mut buffer = BytesMut::new();
        let mut seen = Vec::new();
        for byte in frames {
            buffer.extend_from_slice(&[byte]);
            seen.extend(cut(&mut buffer).unwrap());
        }
        assert_eq!(seen, [&b"one"[..], b""]);
    }

    #[test]
    fn compressed_and_oversized_messages_are_refused() {
        for head in [[1, 0, 0, 0, 1], [0, 0xff, 0, 0, 0]] {
            assert_eq!(cut(&mut BytesMut::from(&head[..])), None);
        }
    }
}
