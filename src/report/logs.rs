//! In: lines of several containers. Out: the lines, each prefixed with its container's name. Must
//! not: block, or know an engine.

use std::collections::VecDeque;
use std::io;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};

use crate::engine::OutputStream;
use crate::report::Look;
use crate::run::LineEnds;
use crate::run::logs::{BothLineEnds, ComesBackAs, Label, Line, LogEvent, LogSink};

/// Where lines are written to; readers may be slow.
pub trait Outlet {
    /// Writes some of the bytes, at least one; pending while the reader accepts none.
    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;
}

/// A blocking writer takes all bytes at once.
impl<Writer: io::Write> Outlet for Writer {
    fn poll_write(&mut self, _context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write_all(bytes).and_then(|()| self.flush()).map(|()| bytes.len()))
    }
}

/// Writes lines of several containers, each of their two streams to its own outlet. Lines are
/// buffered until the outlet takes them.
pub struct Printer<'out> {
    out: &'out mut dyn Outlet,
    err: &'out mut dyn Outlet,
    /// What was printed and is still buffered, in order.
    held: VecDeque<(OutputStream, BytesMut)>,
    prefixes: Prefixes,
    look: Look,
    line_ends: BothLineEnds,
    labels: Vec<String>,
    width: usize,
    /// The error that prevents further writing.
    broken_by: Option<(OutputStream, io::Error)>,
}

/// Whether lines are prefixed with the name of their container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefixes {
    /// With names: `gateway-1  | line`.
    Names,
    /// Without names, as they were printed.
    None,
}

impl<'out> Printer<'out> {
    /// Writes to `out` what containers print to their standard output, and to `err` the rest.
    pub fn new(out: &'out mut dyn Outlet, err: &'out mut dyn Outlet, prefixes: Prefixes, look: Look) -> Self {
        Self {
            out,
            err,
            held: VecDeque::new(),
            prefixes,
            look,
            line_ends: BothLineEnds { out: LineEnds::LineFeed, err: LineEnds::LineFeed },
            labels: Vec::new(),
            width: 0,
            broken_by: None,
        }
    }

    /// The line ends of `out` and `err`; a line feed by default.
    pub fn with_line_ends(mut self, out: LineEnds, err: LineEnds) -> Self {
        self.line_ends = BothLineEnds { out, err };
        self
    }

    /// Writes a line of a container, with its time if requested.
    fn timed_line(&mut self, label: Label, line: Line<'_>, times: bool) {
        if !times || line.time.is_empty() {
            return self.line(label, line.stream, line.text);
        }
        self.line(label, line.stream, &[line.time, b" ", line.text].concat());
    }

    /// Writes a line of a container, given without its end.
    pub fn line(&mut self, label: Label, stream: OutputStream, line: &[u8]) {
        let prefix = self.prefix(label);
        // A colour that the container does not reset must not affect the next line.
        let end: &[u8] = if self.look.colors && line.contains(&0x1b) { b"\x1b[0m\n" } else { b"\n" };
        self.hold(stream, &[prefix.as_bytes(), line, end]);
    }

    /// Writes a line that a hook printed in a container, as Docker Compose does: `web-1 ->  | line`.
    fn hook_line(&mut self, label: Label, line: &str) {
        let prefix = match self.prefixes {
            Prefixes::None => String::new(),
            Prefixes::Names => {
                let name = format!("{} -> ", self.labels[label.0]);
                let text = format!("{name:<width$} |", width = self.width);
                format!("{} ", self.look.in_color(label.0, &text))
            }
        };
        let end: &[u8] = if self.look.colors && line.contains('\u{1b}') { b"\x1b[0m\n" } else { b"\n" };
        self.hold(OutputStream::Out, &[prefix.as_bytes(), line.as_bytes(), end]);
    }

    /// Writes a remark about a container, even without prefixes.
    pub fn remark(&mut self, label: Label, words: &str) {
        let name = self.look.in_color(label.0, &self.labels[label.0]);
        self.hold(OutputStream::Err, &[name.as_bytes(), b" ", words.as_bytes(), b"\n"]);
    }

    /// Writes an error about a container.
    fn complain(&mut self, words: &str) {
        self.hold(OutputStream::Err, &[b"error: ", words.as_bytes(), b"\n"]);
    }

    fn hold(&mut self, stream: OutputStream, parts: &[&[u8]]) {
        if self.broken_by.is_some() {
            return;
        }
        if self.held.back().is_none_or(|(last, _)| *last != stream) {
            self.held.push_back((stream, BytesMut::new()));
        }
        if let Some((_, bytes)) = self.held.back_mut() {
            parts.iter().for_each(|part| bytes.extend_from_slice(part));
        }
    }

    fn prefix(&self, label: Label) -> String {
        match self.prefixes {
            Prefixes::None => String::new(),
            Prefixes::Names => {
                let text = format!("{:<width$} |", self.labels[label.0], width = self.width);
                format!("{} ", self.look.in_color(label.0, &text))
            }
        }
    }
}

impl LogSink for Printer<'_> {
    fn line_ends(&self) -> BothLineEnds {
        self.line_ends
    }

    /// The column of names grows with the longest one so far.
    fn join(&mut self, label: &str) -> Label {
        if let Some(place) = self.labels.iter().position(|joined| joined == label) {
            return Label(place);
        }
        self.width = self.width.max(label.chars().count() + 1);
        self.labels.push(label.to_owned());
        Label(self.labels.len() - 1)
    }

    fn event(&mut self, label: Label, event: &LogEvent<'_>) {
        match *event {
            LogEvent::Line { line, with_time } => self.timed_line(label, line, with_time),
            LogEvent::HookLine(line) => self.hook_line(label, line),
            LogEvent::Ended { exit_code: Some(code) } => {
                self.remark(label, &format!("exited with code {code}"));
            }
            LogEvent::Ended { exit_code: None } => self.remark(label, "is gone"),
            LogEvent::StartedAgain { exit_code: Some(code) } => {
                self.remark(label, &format!("exited with code {code} and was started again"));
            }
            LogEvent::StartedAgain { exit_code: None } => self.remark(label, "was started again"),
            LogEvent::CameBack(ComesBackAs::Recreated) => self.remark(label, "was recreated"),
            LogEvent::CameBack(ComesBackAs::Restarted) => self.remark(label, "was restarted"),
            LogEvent::Unreadable(unreadable) => self.complain(&unreadable.to_string()),
        }
    }

    fn held(&self) -> usize {
        self.held.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while let Some((stream, bytes)) = self.held.front_mut() {
            let outlet = match stream {
                OutputStream::Out => &mut self.out,
                OutputStream::Err => &mut self.err,
            };
            match ready!(outlet.poll_write(context, bytes)) {
                Ok(count) => bytes.advance(count),
                Err(error) => {
                    self.broken_by = Some((*stream, error));
                    self.held.clear();
                    break;
                }
            }
            if bytes.is_empty() {
                self.held.pop_front();
            }
        }
        Poll::Ready(())
    }

    fn is_broken(&self) -> bool {
        self.broken_by.is_some()
    }

    fn failure(&self) -> Option<String> {
        let (stream, error) = self.broken_by.as_ref()?;
        let stream = match stream {
            OutputStream::Out => "standard output",
            OutputStream::Err => "standard error",
        };
        (error.kind() != io::ErrorKind::BrokenPipe).then(|| format!("{stream} cannot be written: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn lines_are_prefixed_with_names_and_streams_stay_separate() {
        let (out, err) = print(Prefixes::Names, Look::BARE, |printer| {
            let db = printer.join("db-1");
            let gateway = printer.join("gateway-1");
            printer.line(db, OutputStream::Out, b"ready");
            printer.line(gateway, OutputStream::Err, b"no answer");
            printer.remark(db, "exited with code 0");
        });
        assert_eq!(out, "db-1       | ready\n");
        assert_eq!(err, "gateway-1  | no answer\ndb-1 exited with code 0\n");
    }

    #[test]
    fn without_names_lines_are_unchanged() {
        let (out, err) = print(Prefixes::None, Look::BARE, |printer| {
            let db = printer.join("db-1");
            printer.line(db, OutputStream::Out, b"\xffready");
            printer.remark(db, "exited with code 0");
        });
        assert_eq!((out.as_str(), err.as_str()), ("\u{fffd}ready\n", "db-1 exited with code 0\n"));
    }

    #[test]
    fn a_containers_colour_ends_with_its_line() {
        let look = Look { colors: true, unicode: true };
        let (out, _) = print(Prefixes::None, look, |printer| {
            let db = printer.join("db-1");
            printer.line(db, OutputStream::Out, b"\x1b[31mred");
        });
        assert_eq!(out, "\u{1b}[31mred\u{1b}[0m\n");
    }

    #[test]
    fn a_closed_pipe_is_noticed() {
        let mut closed = Closed;
        let mut err: Vec<u8> = Vec::new();
        let mut printer = Printer::new(&mut closed, &mut err, Prefixes::Names, Look::BARE);
        let db = printer.join("db-1");
        printer.line(db, OutputStream::Out, b"ready");
        assert!(!printer.is_broken());
        hand_on(&mut printer);
        assert!(printer.is_broken());
    }

    struct Closed;

    impl io::Write for Closed {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn hand_on(printer: &mut Printer<'_>) {
        assert!(printer.poll_flush(&mut Context::from_waker(Waker::noop())).is_ready());
    }

    fn print(prefixes: Prefixes, look: Look, say: impl FnOnce(&mut Printer<'_>)) -> (String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut printer = Printer::new(&mut out, &mut err, prefixes, look);
        say(&mut printer);
        hand_on(&mut printer);
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (text(out), text(err))
    }
}
