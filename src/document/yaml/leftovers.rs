//! Leftovers of other tools in a file.

use crate::diagnostic::{Diagnostics, code};
use crate::source::{FileId, Span};
use std::borrow::Cow;

/// The most conflicts that are reported.
const LIMIT: usize = 100;

/// Replaces what is not part of a topology by blanks, so that no other byte moves.
pub(super) fn strip_leftovers<'a>(file: FileId, text: &'a str, found: &mut Diagnostics) -> Cow<'a, str> {
    let mut text = without_conflicts(file, text, found);
    for without in [without_fences, without_other_indentation] {
        if let Some(repaired) = without(file, &text, found) {
            text = Cow::Owned(repaired);
        }
    }
    text
}

const FENCE: &str = "```";

/// The text without the fences of a Markdown code block.
fn without_fences(file: FileId, text: &str, found: &mut Diagnostics) -> Option<String> {
    if !text.contains(FENCE) {
        return None;
    }
    let mut repaired = String::with_capacity(text.len());
    let mut fences = Vec::new();
    for line in text.split_inclusive('\n') {
        // The content of a block scalar is indented.
        if line.starts_with(FENCE) {
            let end = repaired.len() + line.trim_end().len();
            fences.push(Span::new(file, repaired.len(), end));
            repaired.extend(
                line.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' }),
            );
        } else {
            repaired.push_str(line);
        }
    }
    let (first, others) = fences.split_first()?;
    let diagnostic = found.error(code::YAML_SYNTAX, "a line of Markdown is left in the file");
    diagnostic.label(*first, "in Markdown, three backticks enclose code");
    for fence in others.iter().take(LIMIT) {
        diagnostic.label(*fence, "this one too");
    }
    diagnostic.help(if others.is_empty() { "remove the line" } else { "remove these lines" });
    Some(repaired)
}

/// The text with spaces in place of other indentation characters, which YAML does not accept.
fn without_other_indentation(file: FileId, text: &str, found: &mut Diagnostics) -> Option<String> {
    // A byte-order mark at the beginning is not part of the first line.
    let is_indented = |start: usize, line: &str| {
        line.starts_with(is_other_blank) && !(start == 0 && line.starts_with('\u{feff}'))
    };
    let mut start = 0;
    let mut begun = Vec::new();
    // Most texts have none.
    for line in (!text.is_ascii()).then(|| text.split_inclusive('\n')).into_iter().flatten() {
        if is_indented(start, line) && !line.trim_matches(is_blank).is_empty() {
            begun.push(start);
        }
        start += line.len();
    }
    let (first, others) = begun.split_first()?;
    let blank = text[*first..].chars().next()?;
    found
        .error(code::YAML_SYNTAX, format!("{} is not a space for YAML", name_of(blank)))
        .label(Span::new(file, *first, first + blank.len_utf8()), "the line begins with it")
        .help(match others.len() {
            0 => "indent with spaces".to_owned(),
            1 => "indent with spaces, here and in 1 more line".to_owned(),
            more => format!("indent with spaces, here and in {more} more lines"),
        });
    // Their depth relative to other lines is unknown.
    let is_mixed = text.lines().any(|line| line.starts_with(' ') && !line.trim().is_empty());
    let mut repaired = text.as_bytes().to_vec();
    for start in begun {
        let line = text[start..].lines().next()?;
        let indentation = line.len() - line.trim_start_matches(is_blank).len();
        let length = if is_mixed { line.len() } else { indentation };
        repaired[start..start + length].fill(b' ');
    }
    String::from_utf8(repaired).ok()
}

fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || is_other_blank(letter)
}

/// The first blank other than a space in place of one that YAML requires: in the indentation, after
/// a dash, or after a `:`.
pub(super) fn blank_in(line: &str) -> Option<usize> {
    let needs_space = |before: &str| {
        let before = before.trim_start();
        matches!(before, "" | "-") || before.ends_with(':')
    };
    let mut blanks = line.char_indices().filter(|(_, letter)| is_other_blank(*letter));
    blanks.find(|(at, _)| needs_space(&line[..*at])).map(|(at, _)| at)
}

/// Other blanks of web pages and word processors. A byte-order mark is ignored at the beginning of
/// a file, and a blank elsewhere.
pub(super) fn is_other_blank(letter: char) -> bool {
    let is_invisible = matches!(letter, '\u{200b}' | '\u{2060}' | '\u{feff}');
    is_invisible || (letter.is_whitespace() && !letter.is_ascii())
}

/// `a no-break space (U+00A0)`
pub(super) fn name_of(blank: char) -> String {
    let name = match blank {
        '\u{a0}' | '\u{202f}' => "a no-break space",
        '\u{200b}' | '\u{2060}' | '\u{feff}' => "an invisible character",
        _ => "a space of an unusual width",
    };
    format!("{name} (U+{:04X})", u32::from(blank))
}

/// The text with only the first side of each merge conflict; no other byte moves.
fn without_conflicts<'a>(file: FileId, text: &'a str, found: &mut Diagnostics) -> Cow<'a, str> {
    let mut repaired: Option<Vec<u8>> = None;
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
                .error(code::YAML_SYNTAX, "a merge conflict is left in the file")
                .label(marker, "one side begins here, the other at `=======`")
                .help("keep one of the two sides, and remove the other lines from `<<<<<<<` to `>>>>>>>`");
        }
        if matches!(side, Side::Base | Side::Second) || next != side {
            let bytes = repaired.get_or_insert_with(|| text.as_bytes().to_vec());
            let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
            bytes[start..start + line.len()]
                .iter_mut()
                .filter(|byte| !is_break(byte))
                .for_each(|byte| *byte = b' ');
        }
        side = next;
        start += line.len();
    }
    match repaired.map(String::from_utf8) {
        Some(Ok(repaired)) => Cow::Owned(repaired),
        _ => Cow::Borrowed(text),
    }
}

/// The part of a conflict that a line is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    None,
    First,
    /// The common ancestor: `merge.conflictStyle` of Git is `diff3` or `zdiff3`.
    Base,
    Second,
}

impl Side {
    /// The part that follows `line`.
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
    fn the_first_side_of_a_conflict_is_read() {
        let text = "a: 1\n<<<<<<< HEAD\nb: é\n=======\nb: 3\n>>>>>>> other\nc: 4\n";
        let file = Sources::default().add("compose.yaml", text);
        let mut found = Diagnostics::default();
        let repaired = without_conflicts(file, text, &mut found);
        assert_eq!(repaired.len(), text.len());
        assert_eq!(repaired.split_whitespace().collect::<String>(), "a:1b:éc:4");
        assert_eq!(found.sorted()[0].span(), Some(Span::new(file, 5, 17)));
    }

    #[test]
    fn fences_of_markdown_are_skipped() {
        let text = "```yaml\na: |\n  ```\n```\n";
        let file = Sources::default().add("compose.yaml", text);
        let mut found = Diagnostics::default();
        let repaired = strip_leftovers(file, text, &mut found);
        assert_eq!(repaired, "       \na: |\n  ```\n   \n");
        assert_eq!(found.sorted().len(), 1);
    }

    #[test]
    fn other_blanks_used_for_all_indentation_are_read_as_spaces() {
        let repair = |text: &str| {
            let file = Sources::default().add("compose.yaml", text);
            let mut found = Diagnostics::default();
            let repaired = strip_leftovers(file, text, &mut found).into_owned();
            assert!(found.sorted().len() <= 1);
            repaired
        };
        assert_eq!(repair("a:\n\u{a0}\u{a0}b: é\n\u{a0} \u{a0} c: 1"), "a:\n    b: é\n      c: 1");
        assert_eq!(repair("a:\n  b:\n\u{a0}   c: 1\n  d: 2"), "a:\n  b:\n         \n  d: 2");
        assert_eq!(repair("\u{feff}a:\n  b: x\u{a0}y"), "\u{feff}a:\n  b: x\u{a0}y");
    }

    #[test]
    fn other_blanks_matter_only_where_a_space_is_required() {
        assert_eq!(blank_in("  command:\u{a0}sleep 100"), Some(10));
        assert_eq!(blank_in("  -\u{3000}web"), Some(3));
        assert_eq!(blank_in("\u{a0} image: x"), Some(0));
        assert_eq!(blank_in("  command: a\u{a0}b"), None);
        assert_eq!(name_of('\u{a0}'), "a no-break space (U+00A0)");
    }

    #[test]
    fn the_common_ancestor_of_a_conflict_is_skipped() {
        for base in ["||||||| 1a2b3c", "|||||||"] {
            let text = format!("<<<<<<< HEAD\nb: 2\n{base}\nb: 1\n=======\nb: 3\n>>>>>>> other\nc: 4\n");
            let file = Sources::default().add("compose.yaml", text.as_str());
            let repaired = without_conflicts(file, &text, &mut Diagnostics::default());
            assert_eq!(repaired.split_whitespace().collect::<String>(), "b:2c:4");
        }
    }
}
