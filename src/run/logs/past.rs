//! In: containers. Out: their output so far, in the order of time. Must not: wait for more, or
//! buffer more than some lines of each.

use std::collections::VecDeque;

use futures_util::{StreamExt, stream};

use super::Source;
use super::drain::Unreadable;
use super::line_cutter::{BothLineEnds, Line};
use super::log_stream::{LogStream, Position};
use super::sink::{ENOUGH, Label, LogEvent, LogSink, hand_on};
use crate::engine::{EngineError, LogChoice, Logs, OutputStream};

/// How many bytes of a container are read ahead if there are too many for concurrent streams.
const AHEAD: usize = 256 * 1024;

/// Reads the output of containers so far, with lines in the order of their times. Returns the
/// containers whose output could not be read, or not to its end. At most `limit` streams are open
/// at once.
pub async fn read_past<E: Logs>(
    engine: &E,
    sources: &[Source],
    at_once: usize,
    sink: &mut dyn LogSink,
) -> Vec<Unreadable> {
    let line_ends = sink.line_ends();
    let labels: Vec<_> = sources.iter().map(|source| sink.join(&source.label)).collect();
    let pace = if sources.len() <= at_once { Pace::KeepsOpen } else { Pace::ReadsAhead };
    let readers = sources.iter().zip(labels);
    let mut readers: Vec<_> =
        readers.map(|(source, label)| Reader::new(engine, source, label, line_ends, pace)).collect();
    stream::iter(&mut readers).for_each_concurrent(at_once, Reader::fill).await;
    while let Some(first) = earliest(&readers) {
        let reader = &mut readers[first];
        reader.give_next(sink);
        if sink.held() >= ENOUGH {
            hand_on(sink).await;
        }
        reader.fill().await;
        if sink.is_broken() {
            break;
        }
    }
    hand_on(sink).await;
    readers.into_iter().filter_map(Reader::unreadable).collect()
}

/// How a container's output is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// From one open stream, line by line.
    KeepsOpen,
    /// In large parts, closing the stream in between: there are more containers than streams may be
    /// open.
    ReadsAhead,
}

/// One container's lines.
struct Reader<'source, E> {
    source: &'source Source,
    label: Label,
    pace: Pace,
    stream: LogStream<'source, E>,
    lines: VecDeque<Waiting>,
    is_over: bool,
    error: Option<EngineError>,
}

/// A line that is not yet passed on.
struct Waiting {
    stream: OutputStream,
    time: Vec<u8>,
    text: Vec<u8>,
}

impl<'source, E: Logs> Reader<'source, E> {
    fn new(
        engine: &'source E,
        source: &'source Source,
        label: Label,
        line_ends: BothLineEnds,
        pace: Pace,
    ) -> Self {
        let choice = LogChoice { follow: false, ..source.choice.clone() };
        let stream = LogStream::new(engine, source.container.clone(), choice, Position::default(), line_ends);
        Self { source, label, pace, stream, lines: VecDeque::new(), is_over: false, error: None }
    }

    /// Reads until there is a line, or the end.
    async fn fill(&mut self) {
        if !self.lines.is_empty() || self.is_over {
            return;
        }
        let mut bytes = 0;
        while !self.is_over && (self.lines.is_empty() || (self.pace == Pace::ReadsAhead && bytes < AHEAD)) {
            let mut keep = |line: Line<'_>| {
                bytes += line.text.len();
                self.lines.push_back(Waiting::from(line));
            };
            match self.stream.read(&mut keep).await {
                Ok(goes_on) => self.is_over = !goes_on,
                Err(error) => (self.is_over, self.error) = (true, Some(error)),
            }
        }
        if self.is_over || self.pace == Pace::ReadsAhead {
            self.stream.close();
        }
    }

    fn give_next(&mut self, sink: &mut dyn LogSink) {
        let Some(Waiting { stream, time, text }) = self.lines.pop_front() else { return };
        let line = Line { stream, time: &time, text: &text };
        let with_time = self.source.choice.timestamps;
        sink.event(self.label, &LogEvent::Line { line, with_time });
    }

    fn unreadable(self) -> Option<Unreadable> {
        Some(Unreadable { container: self.source.container.clone(), why: self.error?.to_string() })
    }
}

impl From<Line<'_>> for Waiting {
    fn from(line: Line<'_>) -> Self {
        let Line { stream, time, text } = line;
        Self { stream, time: time.to_owned(), text: text.to_owned() }
    }
}

/// The index of the reader with the earliest next line. A line without a time comes at once.
fn earliest<E>(readers: &[Reader<'_, E>]) -> Option<usize> {
    let nexts = readers.iter().enumerate().filter_map(|(place, reader)| Some((place, reader.lines.front()?)));
    nexts.min_by(|(_, one), (_, other)| one.time.cmp(&other.time)).map(|(place, _)| place)
}
