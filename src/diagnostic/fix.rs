//! In: what a diagnostic says to write. Out: edits of the files, byte by byte. Must not: write a
//! file, or change text that came from a variable.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Diagnostic;
use crate::source::{Sources, Span};

/// Changes that fix what a diagnostic reports; its help describes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The changes, all or none of which are applied.
    pub changes: Vec<Change>,
    /// Whether the topology keeps its meaning, or gets the only one that can have been intended. A
    /// guess, such as the closest known name, is not safe.
    pub is_safe: bool,
}

/// One change, in terms of the text at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Replaces `old`, which must occur exactly once within the place, by `new`.
    Replace {
        /// The place.
        within: Span,
        /// The text to replace.
        old: String,
        /// The replacement.
        new: String,
    },
    /// Gives the scalar at the place, whose value must be `old`, another value, in the quotes that it
    /// has or needs.
    Scalar {
        /// The whole scalar.
        at: Span,
        /// Its value.
        old: String,
        /// The new value.
        new: String,
    },
    /// Replaces a whole value, which must be written out there and contain no comment, by other YAML.
    Value {
        /// The value.
        at: Span,
        /// A scalar, or a collection in brackets.
        new: String,
    },
    /// Removes the lines of the place, which may otherwise contain only a comment.
    RemoveLines(Span),
}

/// New text for a range of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The range.
    pub span: Span,
    /// The text.
    pub text: String,
}

impl Fix {
    /// The edits; `None` if the text is not as expected, because a value came from a variable or
    /// was written with escapes.
    pub fn edits(&self, sources: &Sources) -> Option<Vec<Edit>> {
        self.changes.iter().map(|change| change.edit(sources)).collect()
    }
}

impl Change {
    /// Where it is made.
    pub(super) fn place_mut(&mut self) -> &mut Span {
        match self {
            Self::Replace { within: at, .. }
            | Self::Scalar { at, .. }
            | Self::Value { at, .. }
            | Self::RemoveLines(at) => at,
        }
    }

    fn edit(&self, sources: &Sources) -> Option<Edit> {
        match self {
            Self::Replace { within, old, new } => {
                let mut places = sources.text(*within).match_indices(old.as_str());
                let (start, _) = places.next().filter(|_| !old.is_empty() && places.next().is_none())?;
                let start = within.range().start + start;
                Some(Edit { span: Span::new(within.file, start, start + old.len()), text: new.clone() })
            }
            Self::Scalar { at, old, new } => {
                let quotes = quotes_of(sources.text(*at), old)?;
                Some(Edit { span: *at, text: in_quotes(new, quotes) })
            }
            Self::Value { at, new } => {
                let has_comment = sources.comments(at.file).iter().any(|comment| at.contains(*comment));
                // Variables, aliases, tags and blocks cannot be written out in one line.
                let is_written_out = !sources.text(*at).contains(['$', '&', '*', '!', '|', '>']);
                (at.start < at.end && is_written_out && !has_comment)
                    .then(|| Edit { span: *at, text: new.clone() })
            }
            Self::RemoveLines(place) => {
                let text = &sources.get(place.file).text;
                let range = place.range();
                let start = text[..range.start].rfind('\n').map_or(0, |end| end + 1);
                let end = text[range.end..].find('\n').map_or(text.len(), |length| range.end + length + 1);
                let rest = text[range.end..end].trim();
                // The file must not begin with an empty line after its first lines are removed.
                let blank = if start == 0 { blank_lines(&text[end..]) } else { 0 };
                let is_alone =
                    text[start..range.start].trim().is_empty() && (rest.is_empty() || rest.starts_with('#'));
                is_alone
                    .then(|| Edit { span: Span::new(place.file, start, end + blank), text: String::new() })
            }
        }
    }
}

/// How a scalar is quoted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    None,
    Single,
    Double,
}

/// How a scalar is quoted; `None` if its value is not this one, or if it has lines or escapes.
fn quotes_of(written: &str, value: &str) -> Option<Quotes> {
    let within = |quote: char| written.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    let (quotes, text) = match (within('"'), within('\'')) {
        (Some(text), _) => (Quotes::Double, text.to_owned()),
        (_, Some(text)) => (Quotes::Single, text.replace("''", "'")),
        (None, None) => (Quotes::None, written.to_owned()),
    };
    let has_escapes = quotes == Quotes::Double && written.contains('\\');
    (text == value && !has_escapes && !written.contains('\n')).then_some(quotes)
}

/// A value as YAML, in these quotes or in those that it needs.
fn in_quotes(value: &str, quotes: Quotes) -> String {
    match quotes {
        Quotes::None if is_plain(value) => value.to_owned(),
        Quotes::None | Quotes::Double if !value.contains(['"', '\\']) => format!("\"{value}\""),
        Quotes::None | Quotes::Single => format!("'{}'", value.replace('\'', "''")),
        Quotes::Double => format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

/// Whether every YAML reader reads an unquoted text as itself, also between brackets.
fn is_plain(text: &str) -> bool {
    let words = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];
    let is_word = words.iter().any(|word| word.eq_ignore_ascii_case(text));
    let is_path = ["./", "../", "/"].iter().any(|begin| text.starts_with(begin));
    let begins = is_path || text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@+=~%".contains(letter);
    begins && !is_word && text.chars().all(is_allowed) && !text.ends_with(':')
}

/// The length of the empty lines at the start of a text.
fn blank_lines(text: &str) -> usize {
    let lines = text.split_inclusive('\n');
    lines.take_while(|line| line.trim().is_empty() && line.ends_with('\n')).map(str::len).sum()
}

/// The result of applying the fixes of several diagnostics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    /// The whole new text of each changed file.
    pub texts: BTreeMap<PathBuf, String>,
    /// The edits, in the order of the files and of their text.
    pub edits: Vec<Edit>,
    /// How many diagnostics are fixed. One whose edits overlap those of another waits for the next
    /// run.
    pub count: usize,
}

/// Applies the fixes of these diagnostics, unsafe ones only on request.
pub fn apply(sources: &Sources, diagnostics: &[&Diagnostic], with_unsafe: bool) -> Fixed {
    let mut chosen: BTreeMap<PathBuf, Vec<Edit>> = BTreeMap::new();
    let mut count = 0;
    let fixes = diagnostics.iter().filter_map(|diagnostic| diagnostic.fix.as_ref());
    for fix in fixes.filter(|fix| fix.is_safe || with_unsafe) {
        let Some(edits) = fix.edits(sources) else { continue };
        let path = |edit: &Edit| sources.get(edit.span.file).path.clone();
        let overlaps = |edit: &Edit| {
            let others = chosen.get(&path(edit)).into_iter().flatten();
            others
                .into_iter()
                .any(|other| edit.span.start < other.span.end && other.span.start < edit.span.end)
        };
        if !edits.iter().any(overlaps) {
            edits.into_iter().for_each(|edit| chosen.entry(path(&edit)).or_default().push(edit));
            count += 1;
        }
    }
    chosen.values_mut().for_each(|edits| edits.sort_by_key(|edit| edit.span.start));
    let edits = chosen.values().flatten().cloned().collect();
    let texts = chosen.into_iter().map(|(path, edits)| (path, edited(sources, edits))).collect();
    Fixed { texts, edits, count }
}

/// The text of a file after its edits, which are sorted.
fn edited(sources: &Sources, edits: Vec<Edit>) -> String {
    let mut text = edits.first().map(|edit| sources.get(edit.span.file).text.clone()).unwrap_or_default();
    for edit in edits.into_iter().rev() {
        text.replace_range(edit.span.range(), &edit.text);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Diagnostics, code};

    const TEXT: &str = "version: '3' # old\na: {foo: fo, bar: \"x\\ty\"}\n";

    fn place(sources: &mut Sources, words: &str) -> Span {
        let file = sources.files().next().map(|(id, _)| id);
        let file = file.unwrap_or_else(|| sources.add("a.yaml", TEXT));
        let start = TEXT.find(words).unwrap();
        Span::new(file, start, start + words.len())
    }

    /// The text at a place, its part to replace with the replacement (`None`: remove the lines),
    /// whether it is safe.
    type Wanted<'a> = (&'a str, Option<(&'a str, &'a str)>, bool);

    fn fixed(changes: &[Wanted<'_>], with_unsafe: bool) -> (Option<String>, usize) {
        let (mut sources, mut found) = (Sources::default(), Diagnostics::default());
        for (words, replacement, is_safe) in changes {
            let at = place(&mut sources, words);
            let diagnostic = found.error(code::BAD_VALUE, *words);
            match replacement {
                Some((old, new)) => diagnostic.replace(at, *old, *new),
                None => diagnostic.remove_lines(at),
            };
            if !is_safe {
                diagnostic.only_a_guess();
            }
        }
        let Fixed { texts, edits: _, count } = apply(&sources, &found.sorted(), with_unsafe);
        (texts.into_values().next(), count)
    }

    #[test]
    fn text_that_occurs_once_is_replaced() {
        let (text, count) =
            fixed(&[("foo: fo", Some(("foo", "food")), true), ("fo,", Some(("fo", "fu")), true)], false);
        assert_eq!(
            (text.unwrap().as_str(), count),
            ("version: '3' # old\na: {food: fu, bar: \"x\\ty\"}\n", 2)
        );
    }

    #[test]
    fn text_that_is_missing_or_occurs_twice_is_kept() {
        assert_eq!(fixed(&[("\"x\\ty\"", Some(("x\ty", "z")), true)], false), (None, 0), "an escape");
        assert_eq!(fixed(&[("foo: fo", Some(("fo", "z")), true)], false), (None, 0), "twice");
    }

    #[test]
    fn lines_are_removed_if_nothing_else_is_on_them() {
        let (text, count) = fixed(&[("version: '3'", None, true)], false);
        assert_eq!((text.unwrap().as_str(), count), ("a: {foo: fo, bar: \"x\\ty\"}\n", 1));
        assert_eq!(fixed(&[("foo: fo", None, true)], false), (None, 0));
    }

    #[test]
    fn guesses_are_applied_only_on_request_and_overlapping_fixes_one_at_a_time() {
        let guess = [("foo", Some(("foo", "food")), false)];
        assert_eq!(fixed(&guess, false), (None, 0));
        assert_eq!(fixed(&guess, true).1, 1);
        assert_eq!(
            fixed(&[("foo", Some(("foo", "a")), true), ("foo:", Some(("foo", "b")), true)], false).1,
            1
        );
    }

    #[test]
    fn a_scalar_keeps_its_quotes_or_gets_those_that_it_needs() {
        let change = |written: &str, old: &str, new: &str| {
            let quotes = quotes_of(written, old)?;
            Some(in_quotes(new, quotes))
        };
        for (written, old, new, wanted) in [
            ("a:b", "a:b", "./a:/b", Some("./a:/b")),
            ("a:b", "a:b", "8080:80", Some("\"8080:80\"")),
            ("a:b", "a:b", "no", Some("\"no\"")),
            ("'a:b'", "a:b", "it's", Some("'it''s'")),
            ("'it''s'", "it's", "its", Some("'its'")),
            ("\"a:b\"", "a:b", "\"", Some("\"\\\"\"")),
            ("a", "a", "a \"b\" c", Some("'a \"b\" c'")),
            ("\"a\\tb\"", "a\tb", "x", None),
            ("${A}", "a", "x", None),
            ("a\n  b", "a b", "x", None),
        ] {
            assert_eq!(change(written, old, new).as_deref(), wanted, "{written}");
        }
    }

    #[test]
    fn a_value_with_comments_variables_or_aliases_stays() {
        let text = "a: [x, y]\nb: [x, # why\n  y]\nc: [x, $Y]\nd: [x, *y]\n";
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", text);
        let comment = text.find('#').unwrap();
        sources.set_comments(file, vec![Span::new(file, comment, comment + "# why".len())]);
        let edit = |begin: &str| {
            let start = text.find(begin).unwrap() + "a: ".len();
            let end = start + text[start..].find(']').unwrap() + 1;
            Change::Value { at: Span::new(file, start, end), new: "[z]".to_owned() }.edit(&sources)
        };
        assert_eq!(edit("a: ").map(|edit| edit.text).as_deref(), Some("[z]"));
        assert_eq!(["b: ", "c: ", "d: "].map(edit), [None, None, None]);
    }
}
