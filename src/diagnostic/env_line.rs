//! In: the text of an env file. Out: the part of a line that is a value, so that it can be hidden.
//! Must not: judge whether a value is a secret.

use std::ops::Range;

/// The bytes of the line at `line` that belong to a value, if any.
pub(super) fn value(text: &str, line: Range<usize>) -> Option<Range<usize>> {
    let mut quote = None;
    for before in text[..line.start].lines() {
        quote = quote_after(before, quote);
    }
    let shown = text[line.clone()].trim_end();
    let end = line.start + shown.len();
    if quote.is_some() {
        return (!shown.is_empty()).then_some(line.start..end);
    }
    match shown.find('=') {
        Some(sign) => Some(line.start + sign + 1..end).filter(|value| !is_expression(&text[value.clone()])),
        // A bare name has the caller's value; anything else may have been meant as a value.
        None if shown.trim_start().starts_with('#') || is_name(shown) => None,
        None => Some(line.start..end),
    }
}

/// The quote that is open after a line, given the one that was open before it.
fn quote_after(line: &str, open: Option<char>) -> Option<char> {
    let (quote, rest) = match open {
        Some(quote) => (quote, line),
        None => {
            let (_, value) = line.split_once('=').filter(|(name, _)| !name.trim_start().starts_with('#'))?;
            let value = value.trim_start();
            let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            (quote, &value[1..])
        }
    };
    let mut is_escaped = false;
    let is_closed = rest.chars().any(|letter| {
        let closes = letter == quote && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        closes
    });
    (!is_closed).then_some(quote)
}

/// Whether it is empty, or refers to another variable.
fn is_expression(value: &str) -> bool {
    value.is_empty() || (value.starts_with("${") && value.find('}') == Some(value.len() - 1))
}

fn is_name(text: &str) -> bool {
    let name = text.trim().trim_start_matches("export ");
    name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_on_every_line_that_they_span() {
        let text = "# a\nA=one\nexport B\nC=\nD=\"two\n three=\n\"\nE='f\\'o'\nfive six\r\n#G=h\nI=${J:?}\n";
        let mut start = 0;
        let mut values = Vec::new();
        for line in text.split_inclusive('\n') {
            let end = start + line.trim_end_matches('\n').len();
            values.extend(value(text, start..end).map(|value| &text[value]));
            start += line.len();
        }
        assert_eq!(values, ["one", "\"two", " three=", "\"", "'f\\'o'", "five six", "h"]);
    }
}
