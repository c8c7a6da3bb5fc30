//! In: containers. Out: what they printed so far, in the order of time.
//! Must not: wait for more, or hold more than the next line of each.

use std::collections::VecDeque;

use futures_util::future::join_all;
use futures_util::{Stream, StreamExt};

use super::Source;
use super::cutter::{Cutter, Line};
use super::printer::{ENOUGH, Printer, Voice};
use crate::engine::{Engine, EngineError, LogChoice, LogChunk, OutputStream};
use crate::topology::name::ContainerName;

/// Prints what containers printed so far, lines in the order of their times. Returns the containers whose
/// output could not be read, or not to its end.
pub async fn show<E: Engine>(
    engine: &E,
    sources: &[Source],
    printer: &mut Printer<'_>,
) -> Vec<(ContainerName, EngineError)> {
    let voices: Vec<_> = sources.iter().map(|source| printer.join(&source.label)).collect();
    // Times are needed to put lines in order, also when nobody wants to see them.
    let with_times = |source: &Source| LogChoice { follow: false, timestamps: true, ..source.choice.clone() };
    let choices: Vec<_> = sources.iter().map(with_times).collect();
    let opening = sources.iter().zip(&choices).map(|(source, choice)| engine.logs(&source.container, choice));
    let mut failed = Vec::new();
    let mut readers = Vec::new();
    for ((source, voice), opened) in sources.iter().zip(voices).zip(join_all(opening).await) {
        match opened {
            Ok(chunks) => readers.push(Reader::new(source, voice, chunks)),
            Err(error) => failed.push((source.container.clone(), error)),
        }
    }
    join_all(readers.iter_mut().map(Reader::fill)).await;
    while let Some(first) = earliest(&readers) {
        let reader = &mut readers[first];
        reader.print_next(printer);
        if printer.held() >= ENOUGH {
            printer.hand_on().await;
        }
        reader.fill().await;
        if printer.is_broken() {
            break;
        }
    }
    printer.hand_on().await;
    let broken =
        readers.into_iter().filter_map(|reader| Some((reader.source.container.clone(), reader.error?)));
    failed.into_iter().chain(broken).collect()
}

/// One container's lines.
struct Reader<'source, S> {
    source: &'source Source,
    voice: Voice,
    chunks: S,
    cutter: Cutter,
    lines: VecDeque<Waiting>,
    is_over: bool,
    error: Option<EngineError>,
}

/// A line that waits for its turn.
struct Waiting {
    stream: OutputStream,
    time: Vec<u8>,
    text: Vec<u8>,
}

impl<'source, S> Reader<'source, S>
where
    S: Stream<Item = Result<LogChunk, EngineError>> + Unpin,
{
    fn new(source: &'source Source, voice: Voice, chunks: S) -> Self {
        Self {
            source,
            voice,
            chunks,
            cutter: Cutter::default(),
            lines: VecDeque::new(),
            is_over: false,
            error: None,
        }
    }

    /// Reads until there is a line, or none to come.
    async fn fill(&mut self) {
        while self.lines.is_empty() && !self.is_over {
            let chunk = self.chunks.next().await;
            let mut keep = |line: Line<'_>| self.lines.push_back(Waiting::from(line));
            match chunk {
                Some(Ok(ref chunk)) => self.cutter.push(chunk, &mut keep),
                Some(Err(_)) | None => {
                    self.cutter.finish(&mut keep);
                    self.is_over = true;
                }
            }
            self.error = chunk.and_then(Result::err);
        }
    }

    fn print_next(&mut self, printer: &mut Printer<'_>) {
        let Some(Waiting { stream, time, text }) = self.lines.pop_front() else { return };
        let line = Line { stream, time: &time, text: &text };
        printer.timed_line(self.voice, line, self.source.choice.timestamps);
    }
}

impl From<Line<'_>> for Waiting {
    fn from(line: Line<'_>) -> Self {
        let Line { stream, time, text } = line;
        Self { stream, time: time.to_owned(), text: text.to_owned() }
    }
}

/// The place of the reader with the earliest next line. A line without a time comes at once.
fn earliest<S>(readers: &[Reader<'_, S>]) -> Option<usize> {
    let nexts = readers.iter().enumerate().filter_map(|(place, reader)| Some((place, reader.lines.front()?)));
    nexts.min_by(|(_, one), (_, other)| one.time.cmp(&other.time)).map(|(place, _)| place)
}
