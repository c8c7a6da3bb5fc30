//! In: lines of several containers. Out: the lines, each under its container's name.
//! Must not: wait, or know an engine.

use std::io::{self, Write};

use super::cutter::Line;
use crate::engine::OutputStream;
use crate::report::Look;

/// Writes lines of several containers, those of each of their two streams to a writer of its own.
pub struct Printer<'out> {
    out: &'out mut dyn Write,
    err: &'out mut dyn Write,
    prefixes: Prefixes,
    look: Look,
    labels: Vec<String>,
    width: usize,
    is_broken: bool,
}

/// Whether lines begin with the name of the container that printed them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefixes {
    /// They do: `gateway-1  | line`.
    Names,
    /// They are as they were printed.
    None,
}

/// A container among those whose lines are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voice(usize);

impl<'out> Printer<'out> {
    /// Writes to `out` what containers print to their standard output, and to `err` the rest.
    pub fn new(out: &'out mut dyn Write, err: &'out mut dyn Write, prefixes: Prefixes, look: Look) -> Self {
        Self { out, err, prefixes, look, labels: Vec::new(), width: 0, is_broken: false }
    }

    /// Lets a container join, if it has not. The column of names gets as wide as the longest so far.
    pub fn join(&mut self, label: &str) -> Voice {
        if let Some(place) = self.labels.iter().position(|joined| joined == label) {
            return Voice(place);
        }
        self.width = self.width.max(label.chars().count() + 1);
        self.labels.push(label.to_owned());
        Voice(self.labels.len() - 1)
    }

    /// Writes a line of a container with its time, if it is wanted.
    pub(super) fn timed_line(&mut self, voice: Voice, line: Line<'_>, times: bool) {
        if !times || line.time.is_empty() {
            return self.line(voice, line.stream, line.text);
        }
        self.line(voice, line.stream, &[line.time, b" ", line.text].concat());
    }

    /// Writes a line, without its end, of a container.
    pub fn line(&mut self, voice: Voice, stream: OutputStream, line: &[u8]) {
        let prefix = self.prefix(voice);
        // A colour that the container leaves on must not run into the next line.
        let end: &[u8] = if self.look.colors && line.contains(&0x1b) { b"\x1b[0m\n" } else { b"\n" };
        let writer = match stream {
            OutputStream::Out => &mut self.out,
            OutputStream::Err => &mut self.err,
        };
        let written = write_all(writer, &[prefix.as_bytes(), line, end]);
        self.is_broken |= written.is_err();
    }

    /// Writes a remark on a container, unless names are left out too.
    pub fn remark(&mut self, voice: Voice, words: &str) {
        if self.prefixes == Prefixes::None {
            return;
        }
        let label = self.look.in_color(voice.0, &self.labels[voice.0]);
        let written = writeln!(self.err, "{label} {words}");
        self.is_broken |= written.is_err();
        self.flush();
    }

    /// Hands on what was written.
    pub fn flush(&mut self) {
        self.is_broken |= self.out.flush().is_err() || self.err.flush().is_err();
    }

    /// True when nobody reads any more: a pipe was closed.
    pub fn is_broken(&self) -> bool {
        self.is_broken
    }

    fn prefix(&self, voice: Voice) -> String {
        match self.prefixes {
            Prefixes::None => String::new(),
            Prefixes::Names => {
                let text = format!("{:<width$} |", self.labels[voice.0], width = self.width);
                format!("{} ", self.look.in_color(voice.0, &text))
            }
        }
    }
}

fn write_all(writer: &mut dyn Write, parts: &[&[u8]]) -> io::Result<()> {
    parts.iter().try_for_each(|part| writer.write_all(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_under_their_names_and_streams_stay_apart() {
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
    fn without_names_lines_are_as_they_were_printed() {
        let (out, err) = print(Prefixes::None, Look::BARE, |printer| {
            let db = printer.join("db-1");
            printer.line(db, OutputStream::Out, b"\xffready");
            printer.remark(db, "exited with code 0");
        });
        assert_eq!((out.as_str(), err.as_str()), ("\u{fffd}ready\n", ""));
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
        let mut err = Vec::new();
        let mut printer = Printer::new(&mut closed, &mut err, Prefixes::Names, Look::BARE);
        let db = printer.join("db-1");
        assert!(!printer.is_broken());
        printer.line(db, OutputStream::Out, b"ready");
        assert!(printer.is_broken());
    }

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn print(prefixes: Prefixes, look: Look, say: impl FnOnce(&mut Printer<'_>)) -> (String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        say(&mut Printer::new(&mut out, &mut err, prefixes, look));
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (text(out), text(err))
    }
}
