//! In: what indicatif wants drawn. Out: the same on the standard error stream.
//! Must not: leave the cursor where a `^C` would begin another line.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use console::Term;
use indicatif::{ProgressDrawTarget, TermLike};

/// How often indicatif draws at most, a second.
const RATE: u8 = 20;

/// Live lines are drawn on the standard error stream; nowhere when that is no terminal.
pub(super) fn draw_target() -> ProgressDrawTarget {
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
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.term.size().1
    }

    fn height(&self) -> u16 {
        self.term.size().0
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.term.move_cursor_up(lines)
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.term.move_cursor_down(lines)
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.term.move_cursor_right(columns)
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.term.move_cursor_left(columns)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.term.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        if text.bytes().all(|byte| byte == b' ') {
            self.is_line_over.store(true, Ordering::Relaxed);
            return self.term.write_str("\u{1b}[K");
        }
        if self.is_line_over.swap(false, Ordering::Relaxed) {
            self.term.write_str("\r\n")?;
        }
        self.term.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.term.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.is_line_over.store(false, Ordering::Relaxed);
        self.term.flush()
    }
}
