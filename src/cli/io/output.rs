//! The only place that prints.

use std::fmt;
use std::io::{IsTerminal, Write};

use crate::cli::arguments::settings::{ColorChoice, Settings, variable};
use crate::cli::engine::redaction::redacted;
use crate::cli::error::CliError;
use crate::diagnostic::render::{RenderOptions, render};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, code};
use crate::engine::OutputStream;
use crate::report::prose::wrapped;
use crate::report::{Look, sanitize_lines};
use crate::run::LineEnds;
use crate::source::Sources;

/// Where words go, and how they look there.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    color: ColorChoice,
    /// Progress is on standard output.
    reports_to_output: bool,
    /// Nothing is said of orphans.
    ignores_orphans: bool,
    /// Where everything goes in place of this process's own streams.
    streams: Option<&'static dyn Streams>,
}

/// Streams in place of those of this process: whoever runs commands without a process reads what they say.
pub trait Streams: fmt::Debug + Sync {
    /// A way to write to one of them.
    fn writer(&self, stream: OutputStream) -> Box<dyn Write>;
}

impl Output {
    /// As the command line and the environment want it.
    pub fn new(color: ColorChoice, settings: &Settings) -> Self {
        let &Settings { remove_orphans: _, ignore_orphans, reports_to_output, has_menu: _ } = settings;
        Self { color, reports_to_output, ignores_orphans: ignore_orphans, streams: None }
    }

    /// Whether colours were asked for.
    pub fn color(&self) -> ColorChoice {
        self.color
    }

    /// Writes there, and not to the streams of this process.
    pub fn to(self, streams: &'static dyn Streams) -> Self {
        Self { streams: Some(streams), ..self }
    }

    /// A way to write to one of the two streams.
    pub fn writer(&self, stream: OutputStream) -> Box<dyn Write> {
        match (self.streams, stream) {
            (Some(streams), _) => streams.writer(stream),
            (None, OutputStream::Out) => Box::new(std::io::stdout()),
            (None, OutputStream::Err) => Box::new(std::io::stderr()),
        }
    }

    /// Whether it writes to the streams of this process.
    pub fn is_of_process(&self) -> bool {
        self.streams.is_none()
    }

    /// Whether a person reads one of the two streams.
    pub fn is_terminal(&self, stream: OutputStream) -> bool {
        self.is_of_process()
            && match stream {
                OutputStream::Out => std::io::stdout().is_terminal(),
                OutputStream::Err => std::io::stderr().is_terminal(),
            }
    }

    /// What ends a line there: a terminal shows progress bars while they move, all else gets every byte.
    pub fn line_ends(&self, stream: OutputStream) -> LineEnds {
        if self.is_terminal(stream) { LineEnds::Any } else { LineEnds::LineFeed }
    }

    /// The stream that progress is written to.
    pub fn stream_of_reports(&self) -> OutputStream {
        if self.reports_to_output { OutputStream::Out } else { OutputStream::Err }
    }

    /// Prints to standard output. A reader that has gone is no failure: `topo ps | head` is fine.
    ///
    /// # Errors
    ///
    /// As [`Output::print_to_reader`].
    pub fn print(&self, text: &str) -> Result<(), CliError> {
        self.print_to_reader(text).map(|_| ())
    }

    /// Prints to standard output; false when nobody reads any more.
    ///
    /// # Errors
    ///
    /// When a disk is full: whoever finds half of the text must not take it for the whole.
    pub fn print_to_reader(&self, text: &str) -> Result<bool, CliError> {
        let mut out = self.writer(OutputStream::Out);
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(CliError::Output(error)),
        }
    }

    /// Prints to standard error.
    pub fn complain(&self, text: &str) {
        let mut err = self.writer(OutputStream::Err);
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }

    /// Prints an error that has no place in a topology, and what to do about it. Whoever cannot go on returns it as a
    /// [`CliError`] instead.
    pub fn error(&self, message: &str, help: Option<&str>) {
        self.say(&format!("{}: {}", self.marked("error", "31"), sanitize_lines(&redacted(message))), 2);
        if let Some(help) = help {
            self.say(&format!("  {}: {}", self.marked("help", "36"), sanitize_lines(help)), 8);
        }
    }

    /// Prints a warning that has no place in a topology.
    pub fn warning(&self, message: &str) {
        self.say(&format!("{}: {}", self.marked("warning", "33"), sanitize_lines(&redacted(message))), 2);
    }

    /// Prints something that was done, or is going on.
    pub fn remark(&self, words: &str) {
        self.say(&sanitize_lines(words), 2);
    }

    /// A sentence on standard error; in a terminal its further lines begin with blanks.
    fn say(&self, words: &str, indent: usize) {
        self.complain(&format!("{}\n", wrapped(words, self.width_of_errors(), indent)));
    }

    fn marked(&self, word: &str, color: &str) -> String {
        if self.colors_errors() { format!("\x1b[1;{color}m{word}\x1b[0m") } else { word.to_owned() }
    }

    /// Prints what was found where it stops nobody: warnings and notes.
    ///
    /// # Errors
    ///
    /// All of it when there are errors among it; nothing is printed then.
    pub fn checked(&self, sources: &Sources, found: &Diagnostics) -> Result<(), CliError> {
        if found.has_errors() {
            return Err(CliError::diagnostics(sources, found.clone()));
        }
        self.diagnostics(sources, found);
        Ok(())
    }

    /// Prints everything that was found, and how much it is.
    pub fn diagnostics(&self, sources: &Sources, found: &Diagnostics) {
        let mut sorted = found.sorted();
        sorted.retain(|diagnostic| !(self.ignores_orphans && diagnostic.code == code::ORPHANS));
        if sorted.is_empty() {
            return;
        }
        let options = render_options(self.colors_errors(), self.width_of_errors());
        self.complain(&render(sources, &sorted, options));
        self.complain(&not_shown(found));
        if found.has_errors() {
            let counts = [Severity::Error, Severity::Warning, Severity::Note];
            self.complain(&format!("{}\n", counted(counts.map(|severity| found.count(severity)))));
        }
    }

    /// Findings as they are shown on standard output.
    pub fn findings(&self, sources: &Sources, found: &[&Diagnostic]) -> String {
        render(sources, found, render_options(self.colors_output(), width_of_output()))
    }

    /// How texts look on standard output.
    pub fn look(&self) -> Look {
        Look { colors: self.colors_output(), unicode: speaks_unicode() }
    }

    /// Whether progress is shown by a terminal that understands cursor movements.
    pub fn is_live_terminal(&self) -> bool {
        self.is_terminal(self.stream_of_reports()) && !is_dumb()
    }

    /// How progress looks.
    pub fn look_of_reports(&self) -> Look {
        let colors = if self.reports_to_output { self.colors_output() } else { self.colors_errors() };
        Look { colors, unicode: speaks_unicode() }
    }

    /// Whether standard output is coloured.
    pub fn colors_output(&self) -> bool {
        self.colors(self.is_terminal(OutputStream::Out))
    }

    /// Whether standard error is coloured.
    pub fn colors_errors(&self) -> bool {
        self.colors(self.is_terminal(OutputStream::Err))
    }

    /// The terminal's width in columns; absent when standard error is none.
    fn width_of_errors(&self) -> Option<usize> {
        if self.is_terminal(OutputStream::Err) { width() } else { None }
    }

    fn colors(&self, is_terminal: bool) -> bool {
        match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && variable("NO_COLOR").is_none() && !is_dumb(),
        }
    }
}

/// How findings look: the same everywhere, but in a terminal lines are broken to fit.
fn render_options(color: bool, width: Option<usize>) -> RenderOptions {
    RenderOptions { color, unicode: width.is_none() || speaks_unicode(), width }
}

/// What is said when there are more findings than are kept; empty otherwise.
pub(crate) fn not_shown(found: &Diagnostics) -> String {
    match found.hidden() {
        0 => String::new(),
        hidden => format!("and {hidden} more, which are not shown\n"),
    }
}

/// How many errors, warnings and notes there are: `2 errors, 1 warning`, `no errors, 1 note`.
pub(crate) fn counted([errors, warnings, notes]: [usize; 3]) -> String {
    let counted = |(count, word): (usize, &str)| match count {
        0 => format!("no {word}s"),
        1 => format!("1 {word}"),
        _ => format!("{count} {word}s"),
    };
    let others = [(warnings, "warning"), (notes, "note")].into_iter().filter(|(count, _)| *count > 0);
    let words: Vec<String> = std::iter::once((errors, "error")).chain(others).map(counted).collect();
    words.join(", ")
}

/// The terminal's width in columns; absent when standard error is none.
pub(crate) fn width() -> Option<usize> {
    let columns = variable("COLUMNS").and_then(|columns| columns.parse().ok());
    columns.or_else(|| {
        let (_, columns) = console::Term::stderr().size_checked()?;
        Some(usize::from(columns))
    })
}

/// The height in lines of the terminal that standard output is; 24 when it is none.
pub(crate) fn height_of_output() -> usize {
    console::Term::stdout().size_checked().map_or(24, |(lines, _)| usize::from(lines))
}

/// The width in columns of the terminal that standard output is; absent when it is none.
pub(crate) fn width_of_output() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    let columns = variable("COLUMNS").and_then(|columns| columns.parse().ok());
    columns.or_else(|| Some(usize::from(console::Term::stdout().size_checked()?.1)))
}

fn is_dumb() -> bool {
    variable("TERM").is_some_and(|term| term == "dumb")
}

/// Whether the environment says that text is UTF-8.
pub(crate) fn speaks_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable);
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}
