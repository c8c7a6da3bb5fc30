//! In: containers. Out: what they printed so far, in the order of time.
//! Must not: wait for more, or hold more than the next line of each.

use std::collections::VecDeque;

use futures_util::future::join_all;
use futures_util::{Stream, StreamExt};

use super::Source;
use super::printer::{Cutter, Printer, Voice};
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
        reader.fill().await;
        if printer.is_broken() {
            break;
        }
    }
    printer.flush();
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
    lines: VecDeque<Line>,
    is_over: bool,
    error: Option<EngineError>,
}

struct Line {
    stream: OutputStream,
    text: Vec<u8>,
    /// How many bytes of it are its time and the blank behind it.
    time: usize,
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
            let mut keep = |stream, text: &[u8]| self.lines.push_back(Line::new(stream, text));
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
        let Some(line) = self.lines.pop_front() else { return };
        let hidden = if self.source.choice.timestamps { 0 } else { line.time };
        printer.line(self.voice, line.stream, &line.text[hidden..]);
    }
}

impl Line {
    fn new(stream: OutputStream, text: &[u8]) -> Self {
        Self { stream, time: time_length(text), text: text.to_owned() }
    }

    /// Its time, which engines write with nine digits, so that texts are in order when times are.
    fn time(&self) -> &[u8] {
        &self.text[..self.time]
    }
}

/// The place of the reader with the earliest next line. A line without a time comes at once.
fn earliest<S>(readers: &[Reader<'_, S>]) -> Option<usize> {
    let nexts = readers.iter().enumerate().filter_map(|(place, reader)| Some((place, reader.lines.front()?)));
    nexts.min_by(|(_, one), (_, other)| one.time().cmp(other.time())).map(|(place, _)| place)
}

/// The length of the time that a line begins with, and of the blank behind it: `2026-01-31T...Z `.
fn time_length(text: &[u8]) -> usize {
    let Some(length) = text.iter().position(|byte| *byte == b' ') else { return 0 };
    let time = &text[..length];
    let is_time = time.len() >= 20 && time[0].is_ascii_digit() && time[10] == b'T';
    if is_time { length + 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_need_not_begin_with_a_time() {
        assert_eq!(time_length(b"2026-11-22T03:17:26.982807349Z begin"), 31);
        assert_eq!(time_length(b"2026-11-22T03:17:26.982807349Z"), 0);
        assert_eq!(time_length(b"a line of another log driver"), 0);
    }
}
