//! Missing and extra colons.

use super::syntax_error::{COMMENT, ErrorContext, QUOTE, Words, indentation, shorten};
use crate::source::Span;

const CLOSE_DASH: &str = "a `-` needs a space after it";

/// Keys whose values are pairs, on the lines below them.
const OF_PAIRS: [&str; 6] = ["annotations", "args", "environment", "extra_hosts", "labels", "sysctls"];

impl ErrorContext<'_> {
    pub(super) fn missing_colon(&self, at: usize) -> Words {
        if let Some(words) = self.other_dash(at) {
            return words;
        }
        let line = self.line(at);
        let above = self.line_before(line.start);
        let is_in_list = above.is_some_and(|(above, depth)| {
            depth == at - line.start && self.text[above.range()].starts_with("- ")
        });
        let line = &self.text[at..self.trim_end(at, line.end)];
        let pair = line.split_once(':').filter(|(key, _)| !key.contains([' ', '"', '\'']));
        let (message, instead, more) = match (line.strip_prefix('-'), pair) {
            (Some(rest), _) => (CLOSE_DASH, format!("- {rest}"), ""),
            _ if line.starts_with("//") => (COMMENT, format!("#{}", &line[2..]), ""),
            (None, Some((key, value))) if !value.is_empty() => {
                ("a `:` needs a space after it", format!("{key}: {value}"), "")
            }
            (None, _) if is_in_list => (
                "an element of a list needs a `-` before it",
                format!("- {line}"),
                ", like the element above",
            ),
            (None, _) => (
                "a key needs a `:` after it",
                as_pair(line),
                ", or indent it if it belongs to the text above",
            ),
        };
        let span = Span::new(self.file, at, at + line.len());
        Words {
            message: message.to_owned(),
            span,
            label: "neither a key nor a value".to_owned(),
            help: format!("write `{}`{more}", shorten(&instead)),
            fixes: Vec::new(),
            other: None,
        }
        .fixed(span, instead)
    }

    /// A `:` where a key is not possible: the value contains one, or a line above lacks a space or
    /// is indented deeper.
    pub(super) fn second_colon(&self, at: usize) -> Words {
        let line = self.line(at);
        let before = &self.text[line.start..at];
        if let Some(colon) = before.find(": ") {
            let value = line.start + colon + 2;
            let value = value + indentation(&self.text[value..line.end]);
            let mut words = self.unquoted_colon(value, self.trim_end(value, line.end));
            let pair = &self.text[value..self.trim_end(value, line.end)];
            let key = before[..colon].trim();
            if OF_PAIRS.contains(&key) && is_pair(pair) {
                words.message = "a pair is on the line below its key".to_owned();
                words.help = format!("write it below, indented:\n\n{key}:\n  {pair}");
                words.fixes.clear();
            }
            return words;
        }
        let Some((above, above_indentation)) = self.line_before(line.start) else {
            return self.simple(at, "a `:` is not allowed here", "a key is not allowed here", QUOTE);
        };
        if let Some(head) = self.head_of_text(above, indentation(before)) {
            return self.no_colon(line.start + indentation(before), head, indentation(before));
        }
        let above_text = &self.text[above.range()];
        if let Some(comment) = above_text.strip_prefix("//") {
            let mut words = self.simple(above.start as usize, COMMENT, "read as a value", "");
            words.help = format!("write `#{}`", shorten(comment));
            return words.fixed(above, format!("#{comment}"));
        }
        if let Some(rest) = above_text.strip_prefix('-').filter(|rest| !rest.starts_with([' ', '-']))
            && !above_text.contains(": ")
        {
            let help = format!("write `- {}`", shorten(rest));
            let words = Words {
                span: above,
                ..self.simple(at, CLOSE_DASH, "read as text, not as an element", &help)
            };
            return words.fixed(above, format!("- {rest}"));
        }
        let is_word = |colon: usize| !above_text[..colon].trim_start_matches("- ").contains(' ');
        match above_text.find(':') {
            Some(colon) if !is_word(colon) && !above_text.contains(": ") && !above_text.ends_with(':') => {
                self.no_colon(line.start + indentation(before), above, above_indentation)
            }
            Some(colon) if !above_text.contains(": ") && !above_text.ends_with(':') => {
                let (key, value) = above_text.split_at(colon);
                Words {
                    message: "a `:` needs a space after it".to_owned(),
                    span: above,
                    label: "read as one text, not as a key and its value".to_owned(),
                    help: format!("write `{}: {}`", shorten(key), shorten(&value[1..])),
                    fixes: Vec::new(),
                    other: None,
                }
                .fixed(above, format!("{key}: {}", &value[1..]))
            }
            None => self.no_colon(line.start + indentation(before), above, above_indentation),
            _ => {
                self.too_deep(line.start + indentation(before), indentation(before), above, above_indentation)
            }
        }
    }

    /// The first line of the text that ends with the line `last`: a line meant as a key is indented
    /// like the key below, and its value is indented deeper.
    fn head_of_text(&self, last: Span, depth: usize) -> Option<Span> {
        let mut lines = std::iter::successors(self.line_before(last.end as usize), |(line, indentation)| {
            self.line_before(line.start as usize - indentation)
        });
        let (head, head_depth) = lines.find(|(_, indentation)| *indentation <= depth)?;
        let text = &self.text[head.range()];
        let is_key = !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
        (head != last && head_depth == depth && is_key).then_some(head)
    }

    /// The line above, at `above`, is neither a key nor an element that can contain the key at
    /// `start`.
    fn no_colon(&self, start: usize, above: Span, above_depth: usize) -> Words {
        let depth = start - self.line(start).start;
        let text = &self.text[above.range()];
        let (first, rest) = text.split_once([' ', '=']).unwrap_or((text, ""));
        let rest = rest.trim_start_matches([' ', '=']);
        let is_element = text.starts_with("- ");
        let is_above = depth > above_depth && rest.is_empty();
        let (instead, more) = match () {
            _ if is_element && depth > above_depth && !rest.contains([' ', '=']) => {
                (format!("{rest}:"), " without the dash, if this belongs below it")
            }
            _ if !is_element && is_above => (format!("{first}:"), ""),
            _ if !is_element && depth == above_depth => (as_pair(text), ""),
            _ => return self.too_deep(start, depth, above, above_depth),
        };
        Words {
            message: if is_element {
                "a list element has no keys below it"
            } else {
                "a key needs a `:` after it"
            }
            .to_owned(),
            span: above,
            label: "read as text, not as a key".to_owned(),
            help: format!("write `{}`{more}", shorten(&instead)),
            fixes: Vec::new(),
            other: None,
        }
        .fixed(above, instead)
    }

    fn unquoted_colon(&self, start: usize, end: usize) -> Words {
        let value = &self.text[start..end];
        let quoted = match value.contains(['"', '\\']) {
            true => format!("'{}'", value.replace('\'', "''")),
            false => format!("\"{value}\""),
        };
        let shown = shorten(&quoted);
        let is_key = |text: &str| {
            !text.is_empty() && text.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
        };
        let help = match () {
            _ if shown == quoted && value.split_once(':').is_some_and(|(key, _)| is_key(key)) => {
                format!(
                    "write `{quoted}`, or put it on a line of its own, below and indented, if it is a key"
                )
            }
            _ if shown == quoted => format!("write `{quoted}`"),
            _ if value.contains('\'') => {
                "put the value into single quotes, and write each `'` within them twice".to_owned()
            }
            _ => "put the value into single quotes".to_owned(),
        };
        let span = Span::new(self.file, start, end);
        Words {
            message: "a value that contains `: ` must be quoted".to_owned(),
            span,
            label: "YAML reads the `:` as the end of another key".to_owned(),
            help,
            fixes: Vec::new(),
            other: None,
        }
        .fixed(span, quoted)
    }

    fn too_deep(&self, start: usize, depth: usize, above: Span, above_depth: usize) -> Words {
        Words {
            message: "a key cannot be inside the value above it".to_owned(),
            span: self.token(start),
            label: format!("indented by {depth} spaces"),
            help: "align it with the key above, or put the text above into quotes if both lines are one text"
                .to_owned(),
            fixes: Vec::new(),
            other: Some((above, format!("has a value already, and is indented by {above_depth}"))),
        }
    }
}

/// Whether it is a name, a `: ` and a value that needs no quotes.
fn is_pair(text: &str) -> bool {
    let is_name = |text: &str| text.chars().all(|letter| letter.is_alphanumeric() || "_-.".contains(letter));
    text.split_once(": ").is_some_and(|(name, value)| is_name(name) && !value.contains(": "))
}

/// A line without its `:` as a key and, if it has more than one word, its value.
fn as_pair(line: &str) -> String {
    let (key, value) = line.split_once([' ', '=']).unwrap_or((line, ""));
    let value = value.trim_start_matches([' ', '=']);
    format!("{key}: {value}").trim_end().to_owned()
}
