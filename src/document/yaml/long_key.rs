//! Keys that the YAML library does not recognise, because they are too long or span lines.
//!
//! "The `:` indicator must appear at most 1024 Unicode characters beyond the start of the key", and
//! an implicit key is "restricted to a single line" (YAML 1.2.2, section 7.4).

use super::syntax_error::{ErrorContext, Words, indentation};
use crate::diagnostic::code;
use crate::source::Span;
use granit_parser::StructureStyle;

/// The most characters of a key.
const LIMIT: usize = 1024;

const SEVERAL_LINES: [&str; 3] =
    ["a key cannot span several lines", "its `:` is on another line", "write the key on one line"];

impl super::Reader<'_> {
    /// Refuses a key in `{}` whose `:` is on another line: this library accepts it, but not that of
    /// Docker Compose.
    pub(super) fn refuse_key_on_lines(&mut self, key: Span) {
        let Some(super::Open {
            collection: super::Collection::Map(map), style: StructureStyle::Flow, ..
        }) = self.open.last()
        else {
            return;
        };
        let range = key.range();
        let end = self.text.len() - self.text[range.end..].trim_start().len();
        let is_on_lines = self.text[range.start..end].contains('\n') && self.text[end..].starts_with(':');
        // A key after `? ` may span lines.
        if map.awaits_key() && is_on_lines && !self.text[..range.start].trim_end().ends_with('?') {
            let [message, label, help] = SEVERAL_LINES;
            self.found.error(code::YAML_SYNTAX, message).label(key, label).help(help);
        }
    }
}

impl ErrorContext<'_> {
    /// The error about the key before the `:` at `at`, if it would be a key but for its length.
    pub(super) fn key_before(&self, at: usize) -> Option<Words> {
        if !self.text[at..].starts_with(':') {
            return None;
        }
        let end = self.text[..at].trim_end().len();
        let start = self.start_of_key(end)?;
        let key = &self.text[start..end];
        let length = key.chars().count();
        let (message, label, help) = if key.contains('\n') {
            let [message, label, help] = SEVERAL_LINES;
            (message, label.to_owned(), help)
        } else if length > LIMIT {
            (
                "a key cannot be longer than 1,024 characters",
                format!("has {length} characters"),
                match self.bracket {
                    Some(_) => "shorten it, or write `? ` before it",
                    None => "shorten it, or write `? ` before it, and `: ` with its value on the next line",
                },
            )
        } else {
            return None;
        };
        let span = Span::new(self.file, start, end);
        Some(Words {
            message: message.to_owned(),
            span,
            label,
            help: help.to_owned(),
            fixes: Vec::new(),
            other: None,
        })
    }

    /// The start of the quoted or plain text that ends at `end`.
    fn start_of_key(&self, end: usize) -> Option<usize> {
        let before = &self.text[..end];
        if let Some(quote @ ('"' | '\'')) = before.chars().next_back() {
            return before[..end - 1].rfind(quote);
        }
        let line = self.line(end).start;
        let opened = before[line..].rfind(['{', '[', ',']).filter(|_| self.bracket.is_some());
        let start = opened.map_or(line, |bracket| line + bracket + 1);
        Some(start + indentation(&before[start..]))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::yaml;
    use crate::diagnostic::Diagnostics;
    use crate::source::Sources;

    /// The first part of the message about a text, and its length in characters.
    fn said(text: &str) -> Option<(String, usize)> {
        let mut sources = Sources::default();
        let file = sources.add("compose.yaml", text);
        let mut found = Diagnostics::default();
        yaml::read(file, text, &mut found);
        let first = *found.sorted().first()?;
        Some((first.message.clone(), first.span().map_or(0, |span| span.range().len())))
    }

    #[test]
    fn the_length_of_a_key_is_limited() {
        let too_long = "a key cannot be longer than 1,024 characters".to_owned();
        for (form, quotes) in [
            ("a:\n  KEY: x\n", 0),
            ("a: {KEY: x}\n", 0),
            ("a: {b: c, \"KEY\": x}\n", 2),
            ("a: ['KEY': x]\n", 2),
        ] {
            let text = |length: usize| form.replace("KEY", &"é".repeat(length));
            assert_eq!(said(&text(1024 - quotes)), None, "{form}");
            let bytes = 2 * (1025 - quotes) + quotes;
            assert_eq!(said(&text(1025 - quotes)), Some((too_long.clone(), bytes)), "{form}");
            assert_eq!(said(&text(100_000)).map(|(message, _)| message), Some(too_long.clone()), "{form}");
        }
        assert_eq!(said(&format!("a:\n  ? {}\n  : x\n", "k".repeat(2000))), None);
        assert_eq!(said(&format!("a: {{? {}: x}}\n", "k".repeat(2000))), None);
    }

    #[test]
    fn a_key_must_be_on_one_line() {
        let lines = "a key cannot span several lines".to_owned();
        for text in [
            "a:\n  \"b\n   c\": x\n",
            "a: [d, \"b\n  c\": x]\n",
            "a: {b\n  c: x}\n",
            "a: {d: 1, \"b\n  c\": x}\n",
            "a: {b\n  : x}\n",
        ] {
            assert_eq!(said(text).map(|(message, _)| message), Some(lines.clone()), "{text}");
        }
        for text in ["a: {? b\n  c : x}\n", "a: {b:\n  x}\n", "a: {b\n  c, d}\n", "a: {b: {c: x}\n  }\n"] {
            assert_eq!(said(text), None, "{text}");
        }
    }
}
