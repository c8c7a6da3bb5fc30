//! Recovery from a syntax error: the text with the lines concerned blanked out, so that no byte
//! moves. A text indented with tabs only is read with a space for each, and a list without dashes
//! gets them.

use super::dash;

/// `text` with the line of the error at `start`, and the deeper lines below it, blanked out; `None`
/// if that changes nothing.
pub(super) fn without_mistake(text: &str, start: usize) -> Option<String> {
    if let Some(list) = dash::with_dashes(text, start) {
        return Some(list);
    }
    let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    if indentation_of(&text[line_start..]).contains('\t')
        && let Some(spaced) = with_spaces(text)
    {
        return Some(spaced);
    }
    let end = line_start + length(&text[line_start..]);
    let is_blank = text[line_start..end].trim().is_empty();
    // By bytes, so that all that follows keeps its offset.
    let blank = |byte: u8| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' };
    let blanked = text[line_start..end].bytes().map(blank);
    (!is_blank).then(|| text[..line_start].chars().chain(blanked).chain(text[end..].chars()).collect())
}

/// The text with a space for each tab of the indentation; `None` if other lines are indented with
/// spaces.
fn with_spaces(text: &str) -> Option<String> {
    let mut spaced = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let indentation = indentation_of(line);
        if indentation.contains(' ') && !line.trim().is_empty() {
            return None;
        }
        spaced.extend(std::iter::repeat_n(' ', indentation.len()));
        spaced.push_str(&line[indentation.len()..]);
    }
    Some(spaced)
}

/// The length of the first line of `text` and the lines below it.
fn length(text: &str) -> usize {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    let mut length = first.len();
    let is_below = |line: &str| match indentation_of(first).contains('\t') {
        // The depth of a tab is unknown.
        true => indentation_of(line).contains('\t'),
        false => indentation_of(line).len() > indentation_of(first).len(),
    };
    for line in lines {
        let content = line.trim();
        if !content.is_empty() && !is_below(line) {
            // A bracket that closes what is blanked out.
            return if content.starts_with([']', '}']) { length + line.len() } else { length };
        }
        length += line.len();
    }
    length
}

fn indentation_of(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_removed_with_the_lines_below_it() {
        let text = "a:\n  é: [\n    x\n\n  ]\n  c: d\n";
        let blanked = without_mistake(text, 5).expect("something to blank out");
        assert_eq!(blanked.len(), text.len());
        assert_eq!(
            blanked.trim_end(),
            format!("a:\n{}\n{}\n\n{}\n  c: d", " ".repeat(7), " ".repeat(5), " ".repeat(3))
        );
        assert_eq!(without_mistake(&blanked, 5), None);
    }

    #[test]
    fn tabs_are_replaced_or_removed_with_their_line() {
        let tabs = "a:\n\tb:\n\t\tc: 1\n";
        assert_eq!(without_mistake(tabs, 3).as_deref(), Some("a:\n b:\n  c: 1\n"));
        let mixed = "a:\n  b:\n\t c: 1\n\n  d: 2\n";
        assert_eq!(without_mistake(mixed, 9).as_deref(), Some("a:\n  b:\n      \n\n  d: 2\n"));
    }
}
