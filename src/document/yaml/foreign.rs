//! What other tools leave in a file.

use crate::diagnostic::{Diagnostics, code};
use crate::source::{FileId, Span};
use std::borrow::Cow;

/// The most conflicts that are reported.
const LIMIT: usize = 100;

/// The text with the first side of each conflict that a merge left, everything else in place.
pub(super) fn without_conflicts<'a>(file: FileId, text: &'a str, found: &mut Diagnostics) -> Cow<'a, str> {
    let mut mended: Option<Vec<u8>> = None;
    let mut side = Side::None;
    let mut conflicts = 0;
    let mut start = 0;
    // Most texts have none.
    let lines = text.contains("<<<<<<< ").then(|| text.split_inclusive('\n'));
    for line in lines.into_iter().flatten() {
        let marker = Span::new(file, start, start + line.trim_end().len());
        let next = side.after(line);
        if next == Side::First && side == Side::None && conflicts < LIMIT {
            conflicts += 1;
            found
                .error(code::YAML_SYNTAX, "a conflict of a merge is left in the file")
                .label(marker, "one side begins here, the other one at `=======`")
                .help("keep one of the two sides, and remove the other lines from `<<<<<<<` to `>>>>>>>`");
        }
        if matches!(side, Side::Base | Side::Second) || next != side {
            let bytes = mended.get_or_insert_with(|| text.as_bytes().to_vec());
            let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
            bytes[start..start + line.len()]
                .iter_mut()
                .filter(|byte| !is_break(byte))
                .for_each(|byte| *byte = b' ');
        }
        side = next;
        start += line.len();
    }
    match mended.map(String::from_utf8) {
        Some(Ok(mended)) => Cow::Owned(mended),
        _ => Cow::Borrowed(text),
    }
}

/// Where in a conflict a line is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    None,
    First,
    /// What both sides were made of: `merge.conflictStyle` of Git is `diff3` or `zdiff3`.
    Base,
    Second,
}

impl Side {
    /// Where what follows `line` is.
    fn after(self, line: &str) -> Self {
        match self {
            Self::None if line.starts_with("<<<<<<< ") => Self::First,
            Self::First if line.trim_end() == "|||||||" || line.starts_with("||||||| ") => Self::Base,
            Self::First | Self::Base if line.trim_end() == "=======" => Self::Second,
            Self::First | Self::Base | Self::Second if line.starts_with(">>>>>>> ") => Self::None,
            side => side,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    #[test]
    fn of_a_conflict_the_first_side_is_read() {
        let text = "a: 1\n<<<<<<< HEAD\nb: é\n=======\nb: 3\n>>>>>>> other\nc: 4\n";
        let file = Sources::default().add("compose.yaml", text);
        let mut found = Diagnostics::default();
        let mended = without_conflicts(file, text, &mut found);
        assert_eq!(mended.len(), text.len());
        assert_eq!(mended.split_whitespace().collect::<String>(), "a:1b:éc:4");
        assert_eq!(found.sorted()[0].span(), Some(Span::new(file, 5, 17)));
    }

    #[test]
    fn what_both_sides_were_made_of_is_no_side() {
        for base in ["||||||| 1a2b3c", "|||||||"] {
            let text = format!("<<<<<<< HEAD\nb: 2\n{base}\nb: 1\n=======\nb: 3\n>>>>>>> other\nc: 4\n");
            let file = Sources::default().add("compose.yaml", text.as_str());
            let mended = without_conflicts(file, &text, &mut Diagnostics::default());
            assert_eq!(mended.split_whitespace().collect::<String>(), "b:2c:4");
        }
    }
}
