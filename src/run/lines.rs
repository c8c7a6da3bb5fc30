//! In: chunks of output, split anywhere. Out: lines. Must not: know where they come from or go to.

/// What ends a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineEnds {
    /// `\n`, `\r\n` or a bare `\r`, for people: progress bars redraw their line with it, and each
    /// version is shown. A `\r` with nothing before it is not a line.
    #[default]
    Any,
    /// `\n`, for programs: every other byte is part of the line.
    LineFeed,
}

impl LineEnds {
    /// The longest incomplete line that is buffered, in bytes. A longer one is split.
    fn longest(self) -> usize {
        match self {
            Self::Any => 64 * 1024,
            Self::LineFeed => 16 * 1024 * 1024,
        }
    }
}

/// Assembles chunks of a stream into lines.
#[derive(Debug, Default)]
pub struct Lines {
    ends: LineEnds,
    partial: Vec<u8>,
    /// Whether the last line ended with `\r`, so that a following `\n` belongs to it.
    ended_by_return: bool,
}

impl Lines {
    /// For lines with these ends.
    pub fn ending_with(ends: LineEnds) -> Self {
        Self { ends, ..Self::default() }
    }

    /// Takes a chunk, and calls `line` with every completed line, without its end.
    pub fn push(&mut self, piece: &[u8], mut line: impl FnMut(&[u8])) {
        let mut rest = piece;
        let ends = self.ends;
        let is_end = |byte: &u8| *byte == b'\n' || (*byte == b'\r' && ends == LineEnds::Any);
        while let Some(end) = rest.iter().position(is_end) {
            self.hold(&rest[..end], &mut line);
            self.end_line(rest[end], &mut line);
            rest = &rest[end + 1..];
        }
        self.hold(rest, &mut line);
    }

    /// Whether there is an incomplete line.
    pub fn is_in_line(&self) -> bool {
        !self.partial.is_empty()
    }

    /// The incomplete line; may be empty.
    pub fn begun(&self) -> &[u8] {
        &self.partial
    }

    /// Ends the stream: passes on the incomplete line, if any.
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
        let longest = self.ends.longest();
        while self.partial.len() > longest {
            let rest = self.partial.split_off(longest);
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
    fn a_line_may_arrive_in_chunks() {
        assert_eq!(lines(&["he", "llo\nwor", "ld\n"]), ["hello", "world"]);
    }

    #[test]
    fn an_empty_line_is_a_line() {
        assert_eq!(lines(&["\n\na\n\r\n"]), ["", "", "a", ""]);
    }

    #[test]
    fn a_terminal_line_end_may_be_split() {
        assert_eq!(lines(&["a\r\nb\r", "\nc\r\r\n"]), ["a", "b", "c"]);
    }

    #[test]
    fn every_state_of_a_progress_bar_is_a_line() {
        assert_eq!(lines(&["\r10%", "\r20%\r", "30%\n"]), ["10%", "20%", "30%"]);
    }

    #[test]
    fn an_incomplete_line_is_returned_at_the_end() {
        assert_eq!(lines(&["a\nb"]), ["a", "b"]);
    }

    #[test]
    fn an_endless_line_is_split() {
        let longest = LineEnds::Any.longest();
        let long = "x".repeat(longest + 5);
        assert_eq!(lines(&[&long, "y\n"]), [&long[..longest], "xxxxxy"]);
    }

    #[test]
    fn for_programs_only_the_line_feed_is_removed() {
        let long = "x".repeat(LineEnds::Any.longest() + 5);
        for text in ["10%\r20%\r\ndone\n", "\r\n\n", long.as_str()] {
            let mut kept = Vec::new();
            let mut lines = Lines::ending_with(LineEnds::LineFeed);
            let mut keep = |line: &[u8]| kept.push(String::from_utf8_lossy(line).into_owned());
            let (first, rest) = text.split_at(1);
            lines.push(first.as_bytes(), &mut keep);
            lines.push(rest.as_bytes(), &mut keep);
            lines.finish(keep);
            let whole: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
            assert_eq!(kept, whole, "{text:?}");
        }
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
