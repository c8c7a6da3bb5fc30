//! In: a container. Out: the lines that it prints, each once, even if the connection breaks. Must
//! not: retry forever.

use std::cmp::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::LocalBoxStream;
use tokio::time::sleep;

use super::drain::LogDrain;
use super::line_cutter::{BothLineEnds, Line, LineCutter, unix_seconds};
use crate::engine::{EngineError, LogChoice, LogChunk, Logs, OutputStream};
use crate::run::PAUSES;
use crate::topology::name::ContainerName;

/// Reads the output of a container. When the stream breaks, what comes after the last line is
/// requested again; it gives up after about six seconds without progress.
pub(super) struct LogStream<'read, E> {
    engine: &'read E,
    container: ContainerName,
    choice: LogChoice,
    line_ends: BothLineEnds,
    chunks: Option<LocalBoxStream<'read, Result<LogChunk, EngineError>>>,
    cutter: LineCutter,
    position: Position,
    pauses: std::slice::Iter<'static, Duration>,
    /// Is told what prevents reading.
    drain: Option<&'read LogDrain>,
}

impl<'read, E: Logs> LogStream<'read, E> {
    /// `choice` is the requested part; lines before `position` were passed on before. Times are
    /// always requested, since they identify lines.
    pub(super) fn new(
        engine: &'read E,
        container: ContainerName,
        choice: LogChoice,
        position: Position,
        line_ends: BothLineEnds,
    ) -> Self {
        let choice = LogChoice { timestamps: true, ..choice };
        let mut stream = Self {
            engine,
            container,
            choice,
            line_ends,
            chunks: None,
            cutter: LineCutter::new(line_ends),
            position,
            pauses: PAUSES.iter(),
            drain: None,
        };
        stream.close();
        stream
    }

    /// Reports what prevents reading.
    pub(super) fn telling(self, drain: &'read LogDrain) -> Self {
        Self { drain: Some(drain), ..self }
    }

    /// How far it has read.
    pub(super) fn position(&self) -> &Position {
        &self.position
    }

    /// Reads a chunk, and passes on the completed lines; false at the end.
    ///
    /// # Errors
    ///
    /// The engine refuses, or the stream broke repeatedly.
    pub(super) async fn read(&mut self, mut give: impl FnMut(Line<'_>)) -> Result<bool, EngineError> {
        loop {
            let chunk = self.next_chunk().await;
            let (cutter, position) = (&mut self.cutter, &mut self.position);
            let mut is_new = false;
            let give = |line: Line<'_>| {
                if position.passes(line) {
                    is_new = true;
                    give(line);
                }
            };
            match chunk {
                Some(Ok(chunk)) => {
                    cutter.push(&chunk, give);
                    if is_new {
                        self.pauses = PAUSES.iter();
                    }
                    return Ok(true);
                }
                None => {
                    cutter.finish(give);
                    return Ok(false);
                }
                Some(Err(error)) => self.pause_after(error).await?,
            }
        }
    }

    async fn next_chunk(&mut self) -> Option<Result<LogChunk, EngineError>> {
        if let Some(chunks) = &mut self.chunks {
            return chunks.next().await;
        }
        if let Some(drain) = self.drain {
            drain.asks(&self.container);
        }
        match self.engine.logs(&self.container, &self.choice).await {
            Ok(chunks) => {
                if let Some(drain) = self.drain {
                    drain.hears(&self.container);
                }
                self.chunks.insert(chunks.boxed_local()).next().await
            }
            Err(error) => {
                // A refusal is a response too: the container may be gone.
                if let Some(drain) = self.drain.filter(|_| !may_pass(&error)) {
                    drain.hears(&self.container);
                }
                Some(Err(error))
            }
        }
    }

    /// Closes the stream; the next read continues after the last line.
    pub(super) fn close(&mut self) {
        self.chunks = None;
        let open = self.cutter.open_time().map(<[u8]>::to_owned);
        self.cutter = LineCutter::new(self.line_ends);
        self.position.goes_on();
        // A line that began before others, and is incomplete, is read again too.
        let since = open.as_deref().into_iter().chain(self.position.time()).filter_map(unix_seconds).min();
        if let Some(since) = since {
            self.choice.since = Some(since.to_string());
            self.choice.tail = None;
        }
    }

    async fn pause_after(&mut self, error: EngineError) -> Result<(), EngineError> {
        if !may_pass(&error) {
            return Err(error);
        }
        let Some(pause) = self.pauses.next() else { return Err(error) };
        if let Some(drain) = self.drain {
            drain.tries_again(&self.container, &error);
        }
        self.close();
        sleep(*pause).await;
        Ok(())
    }
}

/// Whether it may be temporary: the connection broke, or a proxy reports that the engine does not
/// respond.
fn may_pass(error: &EngineError) -> bool {
    match error {
        EngineError::Unreachable { .. } | EngineError::Disconnected(_) => true,
        EngineError::Refused { status, .. } => matches!(status, 500 | 502 | 503 | 504),
        EngineError::NoAddress { .. }
        | EngineError::Unsupported(_)
        | EngineError::BuildFailed { .. }
        | EngineError::HookFailed { .. }
        | EngineError::NameTaken { .. }
        | EngineError::NoAnswer(_)
        | EngineError::BadAnswer(_)
        | EngineError::BrokenOff(_)
        | EngineError::BadRequest(_)
        | EngineError::ProgramFailed(_)
        | EngineError::LocalFile(_)
        | EngineError::BadPattern(_)
        | EngineError::Unwatchable(_)
        | EngineError::Credentials(_)
        | EngineError::System(_) => false,
    }
}

/// How far a container's output was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Position {
    out: Mark,
    err: Mark,
}

impl Position {
    /// After everything that was printed up to a time, by the engine's clock; at the beginning if
    /// it is empty.
    pub(super) fn after(time: &[u8]) -> Self {
        let mark = Mark { time: time.to_owned(), given: usize::MAX, before: None };
        if time.is_empty() { Self::default() } else { Self { out: mark.clone(), err: mark } }
    }

    /// Whether a line is new; false if it was passed on before.
    fn passes(&mut self, line: Line<'_>) -> bool {
        match line.stream {
            OutputStream::Out => self.out.passes(line.time),
            OutputStream::Err => self.err.passes(line.time),
        }
    }

    /// The stream is read again.
    fn goes_on(&mut self) {
        self.out.goes_on();
        self.err.goes_on();
    }

    /// The time of the last line; `None` before the first.
    fn time(&self) -> Option<&[u8]> {
        let last = self.out.time.as_slice().max(&self.err.time);
        (!last.is_empty()).then_some(last)
    }
}

/// How far one of the two streams was read.
#[derive(Clone, Debug, Default)]
struct Mark {
    /// The time of the last line that has one.
    time: Vec<u8>,
    /// How many lines were passed on with that time, including following ones without a time.
    given: usize,
    /// What was passed on before, as long as the stream may repeat it.
    before: Option<Before>,
}

/// The end of what was passed on before.
#[derive(Clone, Debug)]
struct Before {
    time: Vec<u8>,
    /// How many lines of that time are still to be skipped.
    left: usize,
    /// Whether the last line was an earlier one; those without a time belong to it.
    is_earlier: bool,
}

impl Mark {
    fn goes_on(&mut self) {
        let before = Before { time: self.time.clone(), left: self.given, is_earlier: true };
        self.before = (!self.time.is_empty()).then_some(before);
    }

    fn passes(&mut self, time: &[u8]) -> bool {
        if self.was_given(time) {
            return false;
        }
        if !time.is_empty() && time != self.time {
            time.clone_into(&mut self.time);
            self.given = 0;
        }
        self.given = self.given.saturating_add(1);
        true
    }

    fn was_given(&mut self, time: &[u8]) -> bool {
        let Some(before) = &mut self.before else { return false };
        let order = if time.is_empty() { None } else { Some(time.cmp(&before.time)) };
        match order {
            Some(Ordering::Greater) => {
                self.before = None;
                return false;
            }
            Some(order) => before.is_earlier = order == Ordering::Less,
            None => {}
        }
        if before.is_earlier {
            return true;
        }
        let is_again = before.left > 0;
        before.left = before.left.saturating_sub(1);
        is_again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_passed_on_once_however_the_stream_is_reopened() {
        let all = ["1 a", "2 b", "2 c", " part of c", "3 d"];
        for broken_after in 0..=all.len() {
            let mut position = Position::default();
            let mut given: Vec<&str> =
                all[..broken_after].iter().copied().filter(pass(&mut position)).collect();
            position.goes_on();
            given.extend(all.iter().copied().filter(pass(&mut position)));
            assert_eq!(given, all, "broken after {broken_after}");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_hides_nothing() {
        let mut position = Position::default();
        let given: Vec<&str> = ["5 a", "3 b", "4 c"].into_iter().filter(pass(&mut position)).collect();
        assert_eq!(given, ["5 a", "3 b", "4 c"]);
    }

    #[test]
    fn earlier_lines_are_skipped() {
        let mut position = Position::after(b"2");
        position.goes_on();
        let given: Vec<&str> =
            ["1 a", "2 b", "2 c", " more", "3 d"].into_iter().filter(pass(&mut position)).collect();
        assert_eq!(given, ["3 d"]);
    }

    #[test]
    fn the_two_streams_are_tracked_separately() {
        let mut position = Position::default();
        assert!(position.passes(line(OutputStream::Err, "9")));
        position.goes_on();
        assert!(position.passes(line(OutputStream::Out, "8")), "it was not given before");
        assert!(!position.passes(line(OutputStream::Err, "9")));
    }

    fn pass(position: &mut Position) -> impl FnMut(&&str) -> bool {
        |text| {
            let (time, _) = text.split_once(' ').expect("a time and a text");
            position.passes(line(OutputStream::Out, time))
        }
    }

    fn line(stream: OutputStream, time: &str) -> Line<'_> {
        Line { stream, time: time.as_bytes(), text: b"" }
    }
}
