//! In: pieces of output, cut anywhere. Out: lines.
//! Must not: know where they come from or go to.

/// The longest line that is held back until its end comes, in bytes. A longer one is cut.
const LONGEST: usize = 64 * 1024;

/// Puts pieces of one stream together to lines.
///
/// A line ends with `\n`, `\r\n` or a bare `\r`: progress bars redraw their line with it, and are seen
/// while they move. A `\r` with nothing before it is no line.
#[derive(Debug, Default)]
pub struct Lines {
    partial: Vec<u8>,
    /// The last line ended with a `\r`, so that a `\n` that follows belongs to it.
    ended_by_return: bool,
}

impl Lines {
    /// Takes a piece, and gives every line that it completes to `line`, without its end.
    pub fn push(&mut self, piece: &[u8], mut line: impl FnMut(&[u8])) {
        let mut rest = piece;
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.hold(&rest[..end], &mut line);
            self.end_line(rest[end], &mut line);
            rest = &rest[end + 1..];
        }
        self.hold(rest, &mut line);
    }

    /// True when a line has begun and its end has not come.
    pub fn is_in_line(&self) -> bool {
        !self.partial.is_empty()
    }

    /// The stream ended: gives what is left, if anything.
    pub fn finish(&mut self, line: impl FnOnce(&[u8])) {
        if !self.partial.is_empty() {
            line(&self.partial);
            self.partial.clear();
        }
    }

    fn hold(&mut self, piece: &[u8], line: &mut impl FnMut(&[u8])) {
        if piece.is_empty() {
            return;
        }
        self.ended_by_return = false;
        self.partial.extend_from_slice(piece);
        while self.partial.len() > LONGEST {
            let rest = self.partial.split_off(LONGEST);
            line(&self.partial);
            self.partial = rest;
        }
    }

    fn end_line(&mut self, end: u8, line: &mut impl FnMut(&[u8])) {
        let is_return = end == b'\r';
        let is_line = if is_return { !self.partial.is_empty() } else { !self.ended_by_return };
        if is_line {
            line(&self.partial);
            self.partial.clear();
        }
        self.ended_by_return = is_return && (is_line || self.ended_by_return);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_may_come_in_pieces() {
        assert_eq!(lines(&["he", "llo\nwor", "ld\n"]), ["hello", "world"]);
    }

    #[test]
    fn an_empty_line_is_a_line() {
        assert_eq!(lines(&["\n\na\n\r\n"]), ["", "", "a", ""]);
    }

    #[test]
    fn a_terminals_line_end_is_one_even_when_it_is_cut_in_two() {
        assert_eq!(lines(&["a\r\nb\r", "\nc\r\r\n"]), ["a", "b", "c"]);
    }

    #[test]
    fn a_progress_bar_is_seen_while_it_moves() {
        assert_eq!(lines(&["\r10%", "\r20%\r", "30%\n"]), ["10%", "20%", "30%"]);
    }

    #[test]
    fn what_has_no_end_comes_at_the_end() {
        assert_eq!(lines(&["a\nb"]), ["a", "b"]);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let long = "x".repeat(LONGEST + 5);
        assert_eq!(lines(&[&long, "y\n"]), [&long[..LONGEST], "xxxxxy"]);
    }

    fn lines(pieces: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        let mut lines = Lines::default();
        let mut note = |line: &[u8]| found.push(String::from_utf8_lossy(line).into_owned());
        for piece in pieces {
            lines.push(piece.as_bytes(), &mut note);
        }
        lines.finish(note);
        found
    }
}
