//! Corrects spans that the YAML library reports differently from how users see them.

use std::ops::Range;

/// A block scalar from its `|` or `>` to the end of its last line with text; `after` is the end of
/// the token before it.
pub(super) fn block_scalar(text: &str, after: usize, content: Range<usize>) -> Range<usize> {
    let before = text.get(after..content.start).unwrap_or_default();
    // There may be blank lines between the header and the content.
    let header = before.trim_end_matches(['\n', '\r', ' ', '\t']);
    let line_start = header.rfind('\n').map_or(0, |newline| newline + 1);
    let line = &header[line_start..];
    let line = &line[..line.find(" #").unwrap_or(line.len())];
    let start = line.rfind(['|', '>']).map_or(content.start, |indicator| after + line_start + indicator);
    let inside = text.get(content.clone()).unwrap_or_default();
    let end = content.start + inside.trim_end_matches(['\n', '\r', ' ', '\t']).len();
    start..if end > content.start { end } else { after + header.len() }
}

/// The span of an empty value: right after its `:` or `-`.
pub(super) fn empty_value(text: &str, at: usize) -> Range<usize> {
    let rest = text.get(at..).unwrap_or_default();
    let gap = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let at = if rest[gap..].starts_with(':') { at + gap + 1 } else { at };
    at..at
}

/// The `-` of the first element of a block sequence whose start was reported at, or after, the
/// dash.
pub(super) fn first_dash(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    if bytes.get(at) == Some(&b'-') {
        return at;
    }
    let before = text.get(..at).unwrap_or_default().trim_end_matches([' ', '\t', '\n', '\r']);
    if before.ends_with('-') { before.len() - 1 } else { at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_scalar_begins_at_its_indicator() {
        let text = "a: |2-  # | not here\n\n   x\n\nb: 1";
        let range = block_scalar(text, 1, text.find('x').expect("an x")..text.len() - 4);
        assert_eq!(&text[range], "|2-  # | not here\n\n   x");
    }

    #[test]
    fn an_empty_value_is_after_the_colon() {
        assert_eq!(empty_value("a : # x", 1), 3..3);
        assert_eq!(empty_value("- ", 1), 1..1);
        assert_eq!(empty_value("a", 1), 1..1);
    }
}
