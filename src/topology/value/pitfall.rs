//! Unquoted values that YAML does not read as what they look like.

use crate::diagnostic::{Diagnostics, code};
use crate::document::{Kind, Node, Scalar};
use crate::topology::value::scalar::loose_text;

/// Warns if a text was expected, but YAML reads a number or a boolean in another notation, or other
/// readers would.
pub fn warn_of_reading(scalar: &Scalar, node: &Node, found: &mut Diagnostics) {
    if !scalar.is_plain {
        return;
    }
    let read = loose_text(scalar);
    let kind = match scalar.kind() {
        Kind::Text if is_word(&scalar.text) => return warn_of_word(&scalar.text, node, found),
        Kind::Text => return,
        Kind::Bool(_) => "a boolean",
        Kind::Int(_) | Kind::Float(_) => "a number",
    };
    if read != scalar.text {
        found
            .warning(code::YAML_PITFALL, format!("`{}` is read as `{read}`", scalar.text))
            .label(node.span, format!("without quotes this is {kind}"))
            .replace(node.span, scalar.text.as_str(), format!("\"{}\"", scalar.text))
            .help(format!("quote it: \"{}\"", scalar.text));
    }
}

/// Booleans of YAML 1.1.
fn is_word(text: &str) -> bool {
    ["yes", "no", "on", "off"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn warn_of_word(text: &str, node: &Node, found: &mut Diagnostics) {
    found
        .warning(code::YAML_PITFALL, format!("`{text}` is a boolean to many YAML parsers"))
        .label(node.span, format!("here it is the string `{text}`"))
        .replace(node.span, text, format!("\"{text}\""))
        .help(format!("quote it: \"{text}\""));
}

/// Warns about a port mapping that YAML 1.1 reads as a base-60 number.
pub fn warn_of_base_60(scalar: &Scalar, node: &Node, found: &mut Diagnostics) {
    if !scalar.is_plain || !is_base_60(&scalar.text) {
        return;
    }
    let digits = scalar.text.split(':').filter_map(|digits| digits.parse::<u64>().ok());
    let number = digits.fold(0, |number: u64, digit| number.saturating_mul(60).saturating_add(digit));
    found
        .warning(code::YAML_PITFALL, format!("`{}` is a base-60 number to many YAML parsers", scalar.text))
        .label(node.span, format!("they read `{number}`"))
        .replace(node.span, scalar.text.as_str(), format!("\"{}\"", scalar.text))
        .help(format!("quote it: \"{}\"", scalar.text));
}

/// `[1-9][0-9]*(:[0-5]?[0-9])+`
fn is_base_60(text: &str) -> bool {
    let mut parts = text.split(':');
    let is_number =
        |part: &str| !part.is_empty() && part.len() < 7 && part.bytes().all(|byte| byte.is_ascii_digit());
    let first = parts.next().unwrap_or_default();
    let mut rest = parts.peekable();
    let begins = is_number(first) && !first.starts_with('0') && rest.peek().is_some();
    begins
        && rest.all(|part| {
            is_number(part) && part.len() <= 2 && part.parse::<u8>().is_ok_and(|digit| digit < 60)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_below_60_make_a_base_60_number() {
        for text in ["22:22", "8080:9", "1:00:59"] {
            assert!(is_base_60(text), "{text}");
        }
        for text in ["8080:80", "022:22", "22", "22:", "22:ab", "22:022", "127.0.0.1:22:22"] {
            assert!(!is_base_60(text), "{text}");
        }
    }
}
