//! In: a document with errors. Out: its project's name, if that is certain. Must not: guess.
//! Otherwise another project, that of the directory, could be stopped by mistake.

use std::collections::BTreeSet;

use super::ResolveChoices;
use super::project_name::normal_project_name;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::document::{Document, Key, Node, Value};
use crate::source::{PROJECT_NAME, Sources, Span};
use crate::topology::name::ProjectName;

/// The project's name, if it is certain despite the errors; `found` are those of its texts.
pub fn name_in(
    document: &Document,
    choices: &ResolveChoices,
    sources: &Sources,
    found: &Diagnostics,
) -> Option<ProjectName> {
    let in_texts = || Texts { document, sources, found }.name(&choices.default_name);
    choices.name.clone().or_else(in_texts).filter(|name| !name.is_empty()).map(ProjectName::new)
}

/// Whether the project's name in the topology uses variables.
pub fn is_name_filled_in(document: &Document, sources: &Sources) -> bool {
    let name = document.root.as_map().and_then(|root| root.get("name"));
    name.is_some_and(|name| sources.text(name.span).contains('$'))
}

struct Texts<'a> {
    document: &'a Document,
    sources: &'a Sources,
    found: &'a Diagnostics,
}

impl Texts<'_> {
    fn name(&self, default: &str) -> Option<String> {
        let name = self.document.root.as_map().and_then(|root| root.entry("name"));
        let unread = self.document.perhaps_named.last();
        match (name, unread) {
            // A later file wins.
            (Some((key, name)), _) if unread.is_none_or(|file| *file <= key.span.file) => {
                self.name_that_was_read(key, name, default)
            }
            (_, Some(file)) => the_name_at_the_top(&self.sources.get(*file).text),
            _ if self.env_file_may_name() || self.is_name_misplaced() => None,
            _ => Some(default.to_owned()),
        }
    }

    fn name_that_was_read(&self, key: &Key, name: &Node, default: &str) -> Option<String> {
        let is_of_name = |at: Span| name.span.contains(at) || key.span.contains(at);
        let is_wrong = |found: &&Diagnostic| {
            found.severity == Severity::Error && found.labels.iter().any(|label| is_of_name(label.span))
        };
        if self.found.sorted().iter().any(is_wrong) || self.env_file_may_name() {
            return None;
        }
        // Without the unreadable lines, a nested key may look like a top-level one.
        let is_cut = self.document.unparsed.lines || self.document.unparsed.rest;
        if is_cut && self.sources.position(key.span).1 != 1 {
            return None;
        }
        // Only one side of a merge conflict was read.
        let is_perhaps_other = self.document.perhaps_named.contains(&key.span.file);
        if is_perhaps_other && names_at_the_top(&self.sources.get(key.span.file).text).len() > 1 {
            return None;
        }
        match name.as_text()? {
            "" => Some(default.to_owned()),
            text => Some(normal_project_name(text)),
        }
    }

    /// Whether an env file with errors may set the project's name.
    fn env_file_may_name(&self) -> bool {
        let mut wrong = self.found.sorted().into_iter().filter(|found| found.severity == Severity::Error);
        wrong.any(|found| {
            let file = found.span().map(|at| self.sources.get(at.file));
            file.is_some_and(|file| file.is_env_file && file.text.contains(PROJECT_NAME))
        })
    }

    /// Whether the name may have been written under another top-level key, or indented too far.
    fn is_name_misplaced(&self) -> bool {
        let entries = self.document.root.as_map().map(|root| root.entries.as_slice()).unwrap_or_default();
        let mut known =
            entries.iter().filter(|(key, _)| key.text != "version" && !key.text.starts_with("x-"));
        known.any(|(_, node)| match &node.value {
            Value::Scalar(_) => true,
            Value::Map(section) => {
                section.get("name").is_some_and(|name| matches!(name.value, Value::Scalar(_)))
            }
            Value::Null | Value::List(_) => false,
        })
    }
}

/// The name by the unindented lines of a file, when there is exactly one and it is a single word.
fn the_name_at_the_top(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut names = lines.iter().enumerate().filter_map(|(index, line)| {
        let goes_on = lines
            .get(index + 1)
            .is_some_and(|next| next.starts_with(char::is_whitespace) && !next.trim().is_empty());
        Some(Some(line.strip_prefix("name:")?).filter(|_| !goes_on))
    });
    let first = word(names.next()??)?;
    names.all(|other| other.and_then(word) == Some(first)).then(|| normal_project_name(first))
}

/// The different unindented lines of a file that set a name.
fn names_at_the_top(text: &str) -> BTreeSet<&str> {
    text.lines().filter(|line| line.starts_with("name:")).map(str::trim_end).collect()
}

/// The text of a plain or quoted scalar without special characters.
fn word(value: &str) -> Option<&str> {
    let value = value.split(" #").next()?.trim();
    let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    let word = quoted.unwrap_or(value);
    let is_plain = |letter: char| letter.is_alphanumeric() || " _-.".contains(letter);
    (!word.is_empty() && word.chars().all(is_plain)).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_single_plain_word_is_certain() {
        for (text, expected) in [
            ("name: shop\n", Some("shop")),
            ("services: [\nname: 'shop' # ours\n\nx", Some("shop")),
            ("name: My Shop", Some("myshop")),
            ("name: shop\n---\nname: \"shop\"", Some("shop")),
            ("name: shop\n---\nname: other", None),
            ("name: shop\n  floor", None),
            ("name: ${SHOP}", None),
            ("name: [shop", None),
            ("name: \"shop", None),
            ("name: *shop", None),
            ("name: >-\n  shop", None),
            ("name:", None),
            (" name: shop", None),
        ] {
            assert_eq!(the_name_at_the_top(text).as_deref(), expected, "{text}");
        }
    }
}
