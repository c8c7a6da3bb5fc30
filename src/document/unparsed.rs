//! The parts of a topology that could not be read, in which something missing may have been.

use std::collections::HashSet;

use crate::source::Span;

/// The parts of a topology that are not in its tree. Each has been reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unparsed {
    /// Lines of a file.
    pub lines: bool,
    /// An included file, or the target of an alias, which may define anything.
    pub definitions: bool,
    /// What a mapping inherits by `<<`, which may be any service.
    pub bases: bool,
    /// The services without all of what they extend.
    pub without_base: HashSet<String>,
    /// The spans of aliases without a value.
    pub aliases: HashSet<Span>,
    /// Everything after some place: there is too much.
    pub rest: bool,
    /// The keys and names in unreadable lines.
    pub lost: HashSet<String>,
    /// Whether the unreadable text may contain the `name` of the project.
    pub name: bool,
}

impl Unparsed {
    /// Whether everything was read.
    pub fn is_none(&self) -> bool {
        !(self.lines || self.definitions || self.bases || self.rest) && self.without_base.is_empty()
    }

    /// Whether something of this name may be defined in the unreadable part.
    pub fn may_define(&self, name: &str) -> bool {
        self.rest || self.definitions || self.lost.contains(name)
    }

    /// Records that the value of an alias is unknown: the value of `key`, or what a mapping
    /// inherits by `<<`. Near the top it may define anything.
    pub(super) fn lose_value(&mut self, key: Option<&str>, is_merged: bool, is_in_section: bool) {
        self.lines = true;
        self.definitions |= is_in_section;
        self.bases |= is_merged;
        self.lost.extend(key.map(str::to_owned));
    }

    /// Whether a service of this name may have inherited something unknown.
    pub fn may_inherit(&self, service: &str) -> bool {
        self.bases || self.without_base.contains(service)
    }

    /// Adds the unread parts of another file.
    pub(super) fn add(&mut self, other: Unparsed) {
        let Unparsed { lines, definitions, bases, without_base, aliases, rest, lost, name } = other;
        self.lines |= lines;
        self.definitions |= definitions;
        self.bases |= bases;
        self.without_base.extend(without_base);
        self.aliases.extend(aliases);
        self.rest |= rest;
        self.lost.extend(lost);
        self.name |= name;
    }

    /// Records the unread parts of a text: the lines that differ in `left`, which is what remains
    /// of its `readable` part after errors, and everything after that part.
    pub(super) fn lose(&mut self, readable: &str, left: &str, text: &str) {
        self.rest |= readable.len() < text.len();
        // It is unknown where the rest begins.
        self.name |= self.rest && may_name(text);
        // Most texts have no errors, and need not be compared.
        if std::ptr::eq(readable, left) {
            return;
        }
        let lines = readable
            .split('\n')
            .zip(left.split('\n'))
            .filter(|(before, after)| before.trim() != after.trim());
        let lost: Vec<&str> = lines.map(|(line, _)| line).collect();
        self.lines |= !lost.is_empty();
        self.name |= lost.iter().any(|line| may_name(line));
        self.lost.extend(lost.into_iter().flat_map(keys));
    }
}

/// Whether a text contains the word `name`, which may be a key.
pub(super) fn may_name(text: &str) -> bool {
    let is_of_word = |letter: char| letter.is_alphanumeric() || "_-.".contains(letter);
    text.match_indices("name").any(|(at, found)| {
        !text[..at].ends_with(is_of_word) && !text[at + found.len()..].starts_with(is_of_word)
    })
}

/// `web` and `image` of `  "web": {image: x}`, `web` of `- web`, `image` of `image = x`.
fn keys(line: &str) -> impl Iterator<Item = String> {
    let line = line.trim().trim_start_matches("- ");
    let first_word = line.split([' ', '=']).next();
    let parts = line.split(':').map(|part| part.rsplit(['{', '[', ',']).next().unwrap_or_default());
    let parts = parts.chain(first_word).map(|part| part.trim().trim_matches(['"', '\'', ':']).to_owned());
    parts.filter(|key| !key.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_lost_lines_are_known() {
        let mut unparsed = Unparsed::default();
        let text = "a: 1\n  'b': {x: [\n  - c\nd";
        unparsed.lose(text, "a: 1\n            \n     \nd", text);
        assert!(["b", "c", "x"].iter().all(|name| unparsed.may_define(name)));
        assert!(unparsed.lines && !unparsed.rest && !unparsed.name);
        assert!(!unparsed.may_define("a") && !unparsed.may_define("d"));
    }

    #[test]
    fn a_lost_name_is_a_whole_word() {
        for named in ["name: a", "\tname: a", "{name: a, x: [", "\"name\": a", "? name", "!!str name : a"] {
            assert!(may_name(named), "{named}");
        }
        for other in ["container_name: a", "hostname: a", "names: a", "image: x/name-a"] {
            assert!(!may_name(other), "{other}");
        }
    }
}
