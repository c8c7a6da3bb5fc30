//! Reading on after a syntax error: the text without the lines that hold it, everything else in place.

/// `text` with the line of the mistake at `start`, and the lines indented deeper below it, blanked
/// out; nothing when that changes nothing.
pub(super) fn without_mistake(text: &str, start: usize) -> Option<String> {
    let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let end = line_start + length(&text[line_start..]);
    let is_blank = text[line_start..end].trim().is_empty();
    // Bytes, so that all that follows stays where it is.
    let blank = |byte: u8| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' };
    let blanked = text[line_start..end].bytes().map(blank);
    (!is_blank).then(|| text[..line_start].chars().chain(blanked).chain(text[end..].chars()).collect())
}

/// How much of `text` the first line and those below it take.
fn length(text: &str) -> usize {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    let mut length = first.len();
    for line in lines {
        let content = line.trim();
        if !content.is_empty() && indentation(line) <= indentation(first) {
            // A bracket that closes what is blanked out.
            return if content.starts_with([']', '}']) { length + line.len() } else { length };
        }
        length += line.len();
    }
    length
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_with_what_is_below_it() {
        let text = "a:\n  é: [\n    x\n\n  ]\n  c: d\n";
        let blanked = without_mistake(text, 5).expect("something to blank out");
        assert_eq!(blanked.len(), text.len());
        assert_eq!(
            blanked.trim_end(),
            format!("a:\n{}\n{}\n\n{}\n  c: d", " ".repeat(7), " ".repeat(5), " ".repeat(3))
        );
        assert_eq!(without_mistake(&blanked, 5), None);
    }
}
