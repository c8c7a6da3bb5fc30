//! In: what indicatif draws. Out: the same on standard error. Must not: leave the cursor where a
//! `^C` would wrap to the next line, or fail when the terminal is gone.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use console::Term;
use indicatif::{MultiProgress, ProgressDrawTarget, TermLike};

/// The maximum frame rate of indicatif, per second.
const RATE: u8 = 20;

/// The live lines on the terminal during a run. All other output to the terminal goes through
/// [`Live::give_way`], and appears above them.
#[derive(Clone, Debug)]
pub struct Live(pub(super) MultiProgress);

impl Live {
    /// Without lines.
    pub fn new() -> Self {
        Self(MultiProgress::with_draw_target(ProgressDrawTarget::hidden()))
    }

    /// The live lines of this process, which has one terminal.
    pub fn of_process() -> Self {
        static LIVE: OnceLock<Live> = OnceLock::new();
        LIVE.get_or_init(Self::new).clone()
    }

    /// Writes whole lines above the live ones, which are redrawn.
    pub fn give_way<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    /// Draws on standard error from now on, if that is a terminal.
    pub(super) fn begin(&self) {
        // A previous run may still have lines there, which a new target would not remove.
        let _ = self.0.clear();
        self.0.set_draw_target(draw_target());
    }

    /// Clears the live lines and stops drawing.
    pub(super) fn end(&self) {
        // A closed terminal must not end the run.
        let _ = self.0.clear();
        // Lines are drawn again when dropped, and would erase later output.
        self.0.set_draw_target(ProgressDrawTarget::hidden());
    }
}

impl Default for Live {
    fn default() -> Self {
        Self::new()
    }
}

/// A writer above the live lines. Output is buffered until its line is complete.
pub struct Above<'out> {
    live: Live,
    out: &'out mut dyn io::Write,
    held: Vec<u8>,
    pace: Pace,
}

/// When buffered lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    Line,
    Flush,
}

impl<'out> Above<'out> {
    /// Writes each line at once.
    pub fn by_line(live: &Live, out: &'out mut dyn io::Write) -> Self {
        Self { live: live.clone(), out, held: Vec::new(), pace: Pace::Line }
    }

    /// Writes lines when flushed: redrawing after each of many lines would be slow.
    pub fn by_flush(live: &Live, out: &'out mut dyn io::Write) -> Self {
        Self { pace: Pace::Flush, ..Self::by_line(live, out) }
    }
}

impl io::Write for Above<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.pace == Pace::Line && bytes.ends_with(b"\n") {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let held = std::mem::take(&mut self.held);
        let out = &mut self.out;
        self.live.give_way(|| out.write_all(&held).and_then(|()| out.flush()))
    }
}

fn draw_target() -> ProgressDrawTarget {
    let term = Term::stderr();
    match term.is_term() {
        true => ProgressDrawTarget::term_like_with_hz(Box::new(Screen::new(term)), RATE),
        false => ProgressDrawTarget::hidden(),
    }
}

/// Lines and columns of standard error's terminal.
pub(super) fn size() -> (usize, usize) {
    let (height, width) = Term::stderr().size();
    (height.into(), width.into())
}

/// A terminal whose lines are not padded.
///
/// indicatif pads every line with blanks, so that the cursor is at the right edge. A `^C` there
/// makes the terminal scroll, and the next redraw is one line off. Here the rest of a line is
/// erased instead, and the next line begins only when it is written.
#[derive(Debug)]
struct Screen {
    term: Term,
    is_line_over: AtomicBool,
}

impl Screen {
    fn new(term: Term) -> Self {
        Self { term, is_line_over: AtomicBool::new(false) }
    }

    /// indicatif panics when it cannot draw.
    fn even_if_gone(drawn: io::Result<()>) -> io::Result<()> {
        drawn.or(Ok(()))
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.term.size().1
    }

    fn height(&self) -> u16 {
        self.term.size().0
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        Self::even_if_gone(self.term.move_cursor_up(lines))
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        Self::even_if_gone(self.term.move_cursor_down(lines))
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        Self::even_if_gone(self.term.move_cursor_right(columns))
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        Self::even_if_gone(self.term.move_cursor_left(columns))
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        Self::even_if_gone(self.term.write_line(text))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        if text.bytes().all(|byte| byte == b' ') {
            self.is_line_over.store(true, Ordering::Relaxed);
            return Self::even_if_gone(self.term.write_str("\u{1b}[K"));
        }
        if self.is_line_over.swap(false, Ordering::Relaxed) {
            Self::even_if_gone(self.term.write_str("\r\n"))?;
        }
        Self::even_if_gone(self.term.write_str(text))
    }

    fn clear_line(&self) -> io::Result<()> {
        Self::even_if_gone(self.term.clear_line())
    }

    fn flush(&self) -> io::Result<()> {
        self.is_line_over.store(false, Ordering::Relaxed);
        Self::even_if_gone(self.term.flush())
    }
}
