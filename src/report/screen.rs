//! In: what indicatif wants drawn. Out: the same on the standard error stream.
//! Must not: leave the cursor where a `^C` would begin another line, or end the run of a terminal that is
//! gone.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use console::Term;
use indicatif::{MultiProgress, ProgressDrawTarget, TermLike};

/// How often indicatif draws at most, a second.
const RATE: u8 = 20;

/// The live lines of the terminal, there while a run is reported in the form for it. Whatever else is
/// written to the terminal meanwhile goes through [`Live::give_way`], and stands above them.
#[derive(Clone, Debug)]
pub struct Live(pub(super) MultiProgress);

impl Live {
    /// No line so far.
    pub fn new() -> Self {
        Self(MultiProgress::with_draw_target(ProgressDrawTarget::hidden()))
    }

    /// Those of this process, which has one terminal.
    pub fn of_process() -> Self {
        static LIVE: OnceLock<Live> = OnceLock::new();
        LIVE.get_or_init(Self::new).clone()
    }

    /// Writes whole lines where live ones are, which are drawn again below.
    pub fn give_way<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    /// Lines are drawn on the standard error stream from now on; nowhere when that is no terminal.
    pub(super) fn begin(&self) {
        // Another run may be drawn there still: a new target does not know of its lines, and they would stay.
        let _ = self.0.clear();
        self.0.set_draw_target(draw_target());
    }

    /// What is drawn is wiped out, and nothing is drawn from now on.
    pub(super) fn end(&self) {
        // A terminal that went away must not end the run.
        let _ = self.0.clear();
        // Lines draw once more when they are dropped, and would wipe out what is written now.
        self.0.set_draw_target(ProgressDrawTarget::hidden());
    }
}

impl Default for Live {
    fn default() -> Self {
        Self::new()
    }
}

/// A writer whose lines stand above live ones. What is written is held back until its line is whole.
pub struct Above<'out> {
    live: Live,
    out: &'out mut dyn io::Write,
    held: Vec<u8>,
    pace: Pace,
}

/// When held lines are handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    Line,
    Flush,
}

impl<'out> Above<'out> {
    /// Hands each line on at once.
    pub fn by_line(live: &Live, out: &'out mut dyn io::Write) -> Self {
        Self { live: live.clone(), out, held: Vec::new(), pace: Pace::Line }
    }

    /// Hands lines on when it is flushed, since drawing again for each of many would take long.
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

/// Lines and columns of the standard error stream's terminal.
pub(super) fn size() -> (usize, usize) {
    let (height, width) = Term::stderr().size();
    (height.into(), width.into())
}

/// A terminal on which lines end at their end.
///
/// indicatif fills every line up with blanks, so that the cursor ends at the right edge. The `^C` that a
/// terminal shows there scrolls, and the next drawing is one line off. Here the rest of a line is erased
/// instead, and the next line begins when it is written.
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
