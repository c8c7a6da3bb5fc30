//! In: a body with one JSON value per line. Out: the values. Must not: know what they mean.

use std::collections::VecDeque;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use serde::de::DeserializeOwned;

use crate::engine::EngineError;

/// The longest accepted line, in bytes (16 MiB).
const LINE_LIMIT: usize = 16 * 1024 * 1024;

/// Reads values from a body as it arrives.
pub struct JsonLines<S> {
    body: S,
    rest: Vec<u8>,
    lines: VecDeque<Vec<u8>>,
}

impl<S: Stream<Item = Result<Bytes, EngineError>> + Unpin> JsonLines<S> {
    /// A reader of this body.
    pub fn new(body: S) -> Self {
        Self { body, rest: Vec::new(), lines: VecDeque::new() }
    }

    /// The next value; `None` at the end of the body.
    pub async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, EngineError> {
        let Some(line) = self.next_line().await? else { return Ok(None) };
        serde_json::from_slice(&line).map(Some).map_err(|error| {
            let line = String::from_utf8_lossy(&line);
            EngineError::BadAnswer(format!("cannot understand what the engine sent: {error} in `{line}`"))
        })
    }

    async fn next_line(&mut self) -> Result<Option<Vec<u8>>, EngineError> {
        while self.lines.is_empty() {
            match self.body.try_next().await? {
                Some(piece) => self.take(&piece)?,
                // The last line need not end with a line break.
                None if self.rest.trim_ascii().is_empty() => return Ok(None),
                None => return Ok(Some(std::mem::take(&mut self.rest))),
            }
        }
        Ok(self.lines.pop_front())
    }

    fn take(&mut self, piece: &[u8]) -> Result<(), EngineError> {
        let mut parts = piece.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            if self.rest.len() + part.len() > LINE_LIMIT {
                return Err(EngineError::BadAnswer("the engine sent a line of more than 16 MiB".to_owned()));
            }
            self.rest.extend_from_slice(part);
            let is_complete = parts.peek().is_some();
            if is_complete {
                let line = std::mem::take(&mut self.rest);
                self.lines.extend((!line.trim_ascii().is_empty()).then_some(line));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(pieces: &[&'static str]) -> Result<Vec<u32>, EngineError> {
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect();
        let mut lines = JsonLines::new(futures_util::stream::iter(pieces));
        let mut values = Vec::new();
        while let Some(value) = lines.next().await? {
            values.push(value);
        }
        Ok(values)
    }

    #[tokio::test]
    async fn values_may_be_split_anywhere() {
        assert_eq!(read(&["1\n2", "3\n", "\r\n4\r", "\n", "5"]).await, Ok(vec![1, 23, 4, 5]));
        assert_eq!(read(&[]).await, Ok(vec![]));
    }

    #[tokio::test]
    async fn invalid_json_is_shown() {
        let error = read(&["1\nnope\n"]).await.unwrap_err().to_string();
        assert!(error.ends_with("in `nope`"), "{error}");
    }
}
