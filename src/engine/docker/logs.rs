//! In: a container. Out: its past and future output. Must not: keep more than one chunk of it, or
//! split it into lines.
//!
//! A container without a terminal has two streams in one body: frames of an eight-byte header
//! (stream, three zeros, big-endian length) and the payload. With a terminal, the body is the
//! output itself.

use bytes::{Buf, Bytes};
use futures_util::{Stream, TryStreamExt, stream};

use super::inspect;
use super::transport::{Call, Transport, escape, stream_of};
use crate::engine::{EngineError, LogChoice, LogChunk, OutputStream};
use crate::topology::name::ContainerName;

/// Opens a container's output.
pub async fn logs(
    transport: &Transport,
    container: &ContainerName,
    choice: &LogChoice,
) -> Result<impl Stream<Item = Result<LogChunk, EngineError>> + Unpin + use<>, EngineError> {
    let response = transport.send(call(container, choice)).await?;
    let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    let is_raw = match content_type {
        // Since API 1.42 the content type tells which of the two it is.
        Some("application/vnd.docker.multiplexed-stream") => false,
        Some("application/vnd.docker.raw-stream") if transport.version().minor >= 42 => true,
        _ => inspect::inspect(transport, container.as_str()).await?.config.tty,
    };
    Ok(chunks(stream_of(response), if is_raw { Shape::Raw } else { Shape::Frames }))
}

/// The encoding of output in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// With a terminal: everything is output.
    Raw,
    /// Two multiplexed streams in frames.
    Frames,
}

/// Decodes a body into chunks of output.
pub fn chunks<S>(body: S, shape: Shape) -> impl Stream<Item = Result<LogChunk, EngineError>> + Unpin + use<S>
where
    S: Stream<Item = Result<Bytes, EngineError>> + Unpin,
{
    let state = match shape {
        Shape::Raw => State::Raw,
        Shape::Frames => State::start(),
    };
    Box::pin(stream::try_unfold((body, Decoder { state, piece: Bytes::new() }), next_chunk))
}

fn call(container: &ContainerName, choice: &LogChoice) -> Call {
    let LogChoice { follow, tail, since, until, timestamps } = choice;
    let flag = |on: bool| if on { "1" } else { "0" };
    let tail = tail.map_or_else(|| "all".to_owned(), |lines| lines.to_string());
    let mut call = Call::get(format!("/containers/{}/logs", escape(container.as_str(), "")))
        .query("stdout", "1")
        .query("stderr", "1")
        .query("follow", flag(*follow))
        .query("timestamps", flag(*timestamps))
        .query("tail", &tail);
    if let Some(since) = since {
        call = call.query("since", since);
    }
    if let Some(until) = until {
        call = call.query("until", until);
    }
    call
}

async fn next_chunk<S>(
    (mut body, mut decoder): (S, Decoder),
) -> Result<Option<(LogChunk, (S, Decoder))>, EngineError>
where
    S: Stream<Item = Result<Bytes, EngineError>> + Unpin,
{
    loop {
        if let Some(chunk) = decoder.next()? {
            return Ok(Some((chunk, (body, decoder))));
        }
        match body.try_next().await? {
            Some(piece) => decoder.piece = piece,
            None if decoder.is_between_chunks() => return Ok(None),
            None => return Err(EngineError::Disconnected("the output ended in the middle".to_owned())),
        }
    }
}

/// Decodes frames without copying their payload.
struct Decoder {
    state: State,
    /// The rest of the last chunk of the body.
    piece: Bytes,
}

enum State {
    /// Everything is output.
    Raw,
    /// A header, with the number of bytes received.
    Header { bytes: [u8; 8], have: usize },
    /// A payload, with the number of bytes still to come.
    Payload { stream: u8, left: usize },
}

impl State {
    fn start() -> Self {
        State::Header { bytes: [0; 8], have: 0 }
    }
}

impl Decoder {
    /// Whether the body may end here: an engine always sends a frame completely.
    fn is_between_chunks(&self) -> bool {
        match self.state {
            State::Raw | State::Header { have: 0, .. } => true,
            State::Header { .. } | State::Payload { .. } => false,
        }
    }

    /// The next chunk; `None` if more of the body is needed.
    fn next(&mut self) -> Result<Option<LogChunk>, EngineError> {
        while self.piece.has_remaining() {
            match &mut self.state {
                State::Raw => {
                    return Ok(Some(LogChunk {
                        stream: OutputStream::Out,
                        bytes: std::mem::take(&mut self.piece),
                    }));
                }
                State::Header { bytes, have } => {
                    let count = self.piece.len().min(bytes.len() - *have);
                    self.piece.copy_to_slice(&mut bytes[*have..*have + count]);
                    *have += count;
                    if *have == bytes.len() {
                        self.state = payload(*bytes);
                    }
                }
                State::Payload { stream, left } => {
                    let (stream, count) = (*stream, self.piece.len().min(*left));
                    *left -= count;
                    if *left == 0 {
                        self.state = State::start();
                    }
                    return chunk(stream, self.piece.split_to(count)).map(Some);
                }
            }
        }
        Ok(None)
    }
}

fn payload([stream, _, _, _, length @ ..]: [u8; 8]) -> State {
    match u32::from_be_bytes(length) as usize {
        0 => State::start(),
        left => State::Payload { stream, left },
    }
}

fn chunk(stream: u8, bytes: Bytes) -> Result<LogChunk, EngineError> {
    match stream {
        0 | 1 => Ok(LogChunk { stream: OutputStream::Out, bytes }),
        2 => Ok(LogChunk { stream: OutputStream::Err, bytes }),
        // The third stream is for errors of the engine itself.
        _ => Err(EngineError::BrokenOff(format!(
            "the output broke off: {}",
            String::from_utf8_lossy(&bytes).trim()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(body: Vec<u8>, size: usize, state: State) -> Result<(String, String), EngineError> {
        let pieces: Vec<_> = body.chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let decoder = Decoder { state, piece: Bytes::new() };
        let chunks = stream::try_unfold((stream::iter(pieces), decoder), next_chunk);
        let chunks: Vec<LogChunk> = Box::pin(chunks).try_collect().await?;
        let text = |wanted| {
            let bytes =
                chunks.iter().filter(|chunk| chunk.stream == wanted).flat_map(|chunk| chunk.bytes.to_vec());
            String::from_utf8(bytes.collect()).unwrap()
        };
        Ok((text(OutputStream::Out), text(OutputStream::Err)))
    }

    fn frame(stream: u8, text: &str) -> Vec<u8> {
        let mut frame = vec![stream, 0, 0, 0];
        frame.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
        frame.extend(text.bytes());
        frame
    }

    #[tokio::test]
    async fn frames_are_decoded_wherever_the_body_is_split() {
        let body = [frame(1, "out 1\n"), frame(2, "err\n"), frame(1, ""), frame(1, "out 2")].concat();
        for size in 1..=body.len() {
            let read = read(body.clone(), size, State::start()).await;
            assert_eq!(read, Ok(("out 1\nout 2".to_owned(), "err\n".to_owned())), "pieces of {size}");
        }
    }

    #[tokio::test]
    async fn a_body_that_ends_within_a_frame_is_incomplete() {
        let body = [frame(1, "out 1\n"), frame(2, "err\n")].concat();
        let boundaries = [0, 14, body.len()];
        for length in 0..=body.len() {
            let read = read(body[..length].to_vec(), 64, State::start()).await;
            assert_eq!(read.is_ok(), boundaries.contains(&length), "{length} bytes: {read:?}");
        }
    }

    #[tokio::test]
    async fn output_of_a_terminal_is_not_decoded() {
        let body = b"\x01\0\0\0\0\0\0\x05hello\r\n".to_vec();
        let read = read(body, 4, State::Raw).await;
        assert_eq!(read, Ok(("\x01\0\0\0\0\0\0\x05hello\r\n".to_owned(), String::new())));
    }

    #[tokio::test]
    async fn the_stream_of_the_engine_itself_is_an_error() {
        let read = read([frame(1, "a"), frame(3, "disk gone\n")].concat(), 64, State::start()).await;
        assert_eq!(read.unwrap_err().to_string(), "the output broke off: disk gone");
    }
}
