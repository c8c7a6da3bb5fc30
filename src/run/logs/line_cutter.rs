//! In: chunks of a container's output, with times of the engine. Out: its lines, each with its
//! time. Must not: mistake the text of a line for a time.

use crate::engine::{LogChunk, OutputStream};
use crate::run::{LineEnds, Lines};

/// Splits the output of a container into lines.
#[derive(Debug)]
pub(super) struct LineCutter {
    out: Lines,
    err: Lines,
}

/// The line ends of a container's two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BothLineEnds {
    /// Of its standard output.
    pub out: LineEnds,
    /// Of its standard error.
    pub err: LineEnds,
}

/// A line of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'text> {
    /// Which stream it was printed to.
    pub stream: OutputStream,
    /// When it was printed, as text whose alphabetical order is that of time; empty for a further
    /// part of what was printed at once.
    pub time: &'text [u8],
    /// The line without its end.
    pub text: &'text [u8],
}

impl LineCutter {
    pub(super) fn new(BothLineEnds { out, err }: BothLineEnds) -> Self {
        Self { out: Lines::ending_with(out), err: Lines::ending_with(err) }
    }

    /// The time of the earliest incomplete line.
    pub(super) fn open_time(&self) -> Option<&[u8]> {
        let times = [&self.out, &self.err].map(|lines| line(OutputStream::Out, lines.begun()).time);
        times.into_iter().filter(|time| !time.is_empty()).min()
    }

    /// Takes a chunk of output, and passes on the completed lines.
    pub(super) fn push(&mut self, chunk: &LogChunk, mut give: impl FnMut(Line<'_>)) {
        let stream = chunk.stream;
        let lines = match stream {
            OutputStream::Out => &mut self.out,
            OutputStream::Err => &mut self.err,
        };
        // The engine splits what is longer than 16 KiB, and gives every part a time.
        let repeated = if lines.is_in_line() { time_length(&chunk.bytes) } else { 0 };
        lines.push(&chunk.bytes[repeated..], |text| give(line(stream, text)));
    }

    /// Passes on incomplete lines at the end.
    pub(super) fn finish(&mut self, mut give: impl FnMut(Line<'_>)) {
        self.out.finish(|text| give(line(OutputStream::Out, text)));
        self.err.finish(|text| give(line(OutputStream::Err, text)));
    }
}

fn line(stream: OutputStream, text: &[u8]) -> Line<'_> {
    let (time, text) = text.split_at(time_length(text));
    Line { stream, time: time.trim_ascii_end(), text }
}

/// The length of the time at the start of a text, including the blank after it: `2026-01-31T...Z `.
fn time_length(text: &[u8]) -> usize {
    let is_time = text.get(..19).is_some_and(|start| parts(start).is_some());
    let length = text.iter().take(40).position(|byte| *byte == b' ');
    length.filter(|_| is_time).map_or(0, |length| length + 1)
}

/// Seconds since 1970 of a time in UTC; `None` for another one.
pub(super) fn unix_seconds(time: &[u8]) -> Option<i64> {
    let [year, month, day, hour, minute, second] = parts(time.get(..19).filter(|_| time.ends_with(b"Z"))?)?;
    // Years that begin in March have their leap day at the end.
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = 365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

/// The numbers of `2026-01-31T23:59:59`.
fn parts(time: &[u8]) -> Option<[i64; 6]> {
    let is_separated = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')]
        .into_iter()
        .all(|(place, separator)| time.get(place) == Some(&separator));
    let time = str::from_utf8(time).ok().filter(|_| is_separated)?;
    let number = |from, to| time.get(from..to)?.parse::<i64>().ok().filter(|number| *number >= 0);
    Some([number(0, 4)?, number(5, 7)?, number(8, 10)?, number(11, 13)?, number(14, 16)?, number(17, 19)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn a_line_has_the_time_of_the_engine() {
        let time = "2026-11-22T03:17:26.982807349Z";
        assert_eq!(cut(&[&format!("{time} begin\n{time} \n")]), [(time, "begin"), (time, "")]);
        assert_eq!(cut(&["a line of another kind\n"]), [("", "a line of another kind")]);
        assert_eq!(cut(&["2026-11-22 is no time\n"]), [("", "2026-11-22 is no time")]);
    }

    #[test]
    fn a_long_line_split_by_the_engine_is_joined() {
        let time = "2026-11-22T03:17:26.982807349Z";
        let parts = [&format!("{time} begin, "), &format!("{time} and end\n")[..]];
        assert_eq!(cut(&parts), [(time, "begin, and end")]);
    }

    #[test]
    fn times_are_seconds_since_1970() {
        let seconds = |time: &str| unix_seconds(time.as_bytes());
        assert_eq!(seconds("1970-01-01T00:00:00.5Z"), Some(0));
        assert_eq!(seconds("2000-02-29T12:00:00Z"), Some(951_825_600));
        assert_eq!(seconds("2026-11-22T03:17:26.982807349Z"), Some(1_795_317_446));
        assert_eq!(seconds("2026-11-22T03:17:26+01:00"), None);
        assert_eq!(seconds("soon"), None);
    }

    fn cut(pieces: &[&str]) -> Vec<(&'static str, &'static str)> {
        let mut lines = Vec::new();
        let mut cutter = LineCutter::new(BothLineEnds { out: LineEnds::Any, err: LineEnds::Any });
        for piece in pieces {
            let bytes = Bytes::copy_from_slice(piece.as_bytes());
            cutter.push(&LogChunk { stream: OutputStream::Out, bytes }, |line| {
                let text = |bytes: &[u8]| -> &'static str {
                    String::from_utf8(bytes.to_owned()).expect("it is UTF-8").leak()
                };
                lines.push((text(line.time), text(line.text)));
            });
        }
        lines
    }
}
