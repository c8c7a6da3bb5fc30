//! Missing dashes of lists, other characters in their place, and text between elements.

use super::syntax_error::{ErrorContext, Words, indentation, shorten};
use crate::diagnostic::suggest::OTHER_DASHES;
use crate::source::Span;
use std::ops::Range;

/// The most elements that a help shows.
const SHOWN: usize = 5;

impl ErrorContext<'_> {
    pub(super) fn key_in_list(&self, at: usize) -> Words {
        if let Some(words) = self.quoted_apart(at).or_else(|| self.other_dash(at)) {
            return words;
        }
        let element = self.as_element(at);
        let words = Words {
            message: "a key is among list elements".to_owned(),
            span: self.token(at),
            label: "a list of `-` lines holds nothing else".to_owned(),
            help: match &element {
                Some(element) => format!("write `{}`, like the elements above", shorten(element)),
                None => "begin the line with `- `, or indent it differently from the list".to_owned(),
            },
            fixes: Vec::new(),
            other: self.line_before(self.line(at).start).map(|(span, _)| (span, "the list".to_owned())),
        };
        let line = self.line(at).end;
        match element {
            Some(element) => words.fixed(Span::new(self.file, at, self.trim_end(at, line)), element),
            None => words,
        }
    }

    /// An element with another dash than a hyphen, in a list.
    pub(super) fn other_dash(&self, at: usize) -> Option<Words> {
        let line = &self.text[at..self.line(at).end];
        let element = line.strip_prefix(OTHER_DASHES)?;
        let dash = &line[..line.len() - element.len()];
        let words = Words {
            message: format!("`{dash}` is not a hyphen"),
            span: Span::new(self.file, at, at + dash.len()),
            label: "looks like the `-` of a list, but is not one".to_owned(),
            help: format!("write `- {}`, with a plain hyphen", shorten(element.trim())),
            fixes: Vec::new(),
            other: None,
        };
        let end = at + line.trim_end().len();
        Some(words.fixed(Span::new(self.file, at, end), format!("- {}", element.trim())))
    }

    /// A pair as an element of a list of `NAME=value`.
    fn as_element(&self, at: usize) -> Option<String> {
        let (above, _) = self.line_before(self.line(at).start)?;
        let (key, value) = self.text[at..self.line(at).end].split_once(": ")?;
        let is_pair = self.text[above.range()].trim_start_matches("- ").contains('=');
        is_pair.then(|| format!("- {key}={}", value.trim()))
    }

    /// `- "8080":"80"`; `at` is where the first pair of quotes ended.
    fn quoted_apart(&self, at: usize) -> Option<Words> {
        let line = self.line(at);
        let line = line.start..self.trim_end(line.start, line.end);
        let start = line.start + self.text[line.clone()].find(['"', '\''])?;
        let is_element = self.text[line.start..start].trim() == "-";
        let rest = self.text[at..line.end].strip_prefix(':').filter(|_| is_element && start < at)?;
        let whole = format!("{}:{rest}", &self.text[start..at]).replace(['"', '\''], "");
        let words = Words {
            message: "text follows a quoted value".to_owned(),
            span: Span::new(self.file, at, line.end),
            label: "the value ended before this".to_owned(),
            help: format!("put one pair of quotes around all of it: `- \"{}\"`", shorten(&whole)),
            fixes: Vec::new(),
            other: None,
        };
        Some(words.fixed(Span::new(self.file, start, line.end), format!("\"{whole}\"")))
    }

    /// The elements of a list without dashes, one of them at `at`.
    pub(super) fn without_dashes(&self, at: usize) -> Option<Words> {
        let elements = elements_without_dashes(self.text, at)?;
        let shown = elements.iter().take(SHOWN).map(|element| shorten(&self.text[element.clone()]));
        let lines: Vec<String> = shown.map(|element| format!("- {element}")).collect();
        let more = if elements.len() > SHOWN { "\n..." } else { "" };
        let (first, second) = (elements.first()?, elements.get(1)?);
        let words = Words {
            message: "the elements of a list need a `-` before them".to_owned(),
            span: Span::new(self.file, first.start, first.end),
            label: "a text by itself".to_owned(),
            help: format!("write\n\n{}{more}", lines.join("\n")),
            fixes: Vec::new(),
            other: Some((Span::new(self.file, second.start, second.end), "and another one".to_owned())),
        };
        let places = elements.iter().map(|element| Span::new(self.file, element.start, element.end));
        Some(
            places.fold(words, |words, place| words.fixed(place, format!("- {}", &self.text[place.range()]))),
        )
    }
}

/// `text` with a dash before each element of the list at `at`; no other byte moves.
pub(super) fn with_dashes(text: &str, at: usize) -> Option<String> {
    let elements = elements_without_dashes(text, at)?;
    let mut bytes = text.as_bytes().to_vec();
    for element in elements {
        // There is always space: every line is indented by at least two more than its key.
        bytes[element.start - 2] = b'-';
    }
    String::from_utf8(bytes).ok()
}

/// Quoted strings on one line each below a key: the lines around `at`. Unquoted ones would be read
/// as one string.
fn elements_without_dashes(text: &str, at: usize) -> Option<Vec<Range<usize>>> {
    let first = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let depth = indentation(text[first..].lines().next()?);
    let element = |start: usize| element_at(text, start, depth);
    element(first)?;
    let mut starts = vec![first];
    while let Some(above) = line_above(text, starts[0]).filter(|above| element(*above).is_some()) {
        starts.insert(0, above);
    }
    let key = line_above(text, starts[0])?;
    let key = text[key..].lines().next()?;
    let is_below_key = key.trim_end().ends_with(':') && indentation(key) + 2 <= depth;
    let mut next = first;
    while let Some(below) = text[next..].find('\n').map(|newline| next + newline + 1) {
        if element(below).is_none() {
            break;
        }
        starts.push(below);
        next = below;
    }
    (is_below_key && starts.len() > 1).then(|| starts.into_iter().filter_map(element).collect())
}

/// The quoted string on the line at `start`, indented by `depth` spaces.
fn element_at(text: &str, start: usize, depth: usize) -> Option<Range<usize>> {
    let line = text[start..].lines().next()?;
    let content = line.trim();
    let quote = content.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let is_one_text = content.len() > 1 && content.matches(quote).count() == 2 && content.ends_with(quote);
    let is_aligned = line[..indentation(line)] == *" ".repeat(depth);
    let start = start + depth;
    (is_one_text && is_aligned).then(|| start..start + content.len())
}

/// The start of the line before the one at `start`.
fn line_above(text: &str, start: usize) -> Option<usize> {
    let end = text[..start].strip_suffix('\n')?.len();
    Some(text[..end].rfind('\n').map_or(0, |newline| newline + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_below_a_key_get_dashes() {
        let text = "ports:\n  \"é:80\"\n  '81:81'\nx: 1\n";
        let repaired = "ports:\n- \"é:80\"\n- '81:81'\nx: 1\n";
        for at in [9, 19] {
            assert_eq!(with_dashes(text, at).as_deref(), Some(repaired));
        }
        assert_eq!(with_dashes("ports:\n \"a\"\n \"b\"\n", 8), None);
        assert_eq!(with_dashes("ports:\n  \"a\"\n", 9), None);
        assert_eq!(with_dashes("ports: x\n  \"a\"\n  \"b\"", 11), None);
        assert_eq!(with_dashes("\"a\"\n\"b\"", 5), None);
        assert_eq!(with_dashes("", 0), None);
    }
}
