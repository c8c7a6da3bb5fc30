//! In: the values of variables and env files that a topology uses. Out: texts of other programs
//! with these values redacted. Must not: change topo's own messages, or names that are shown
//! everywhere.
//!
//! The engine quotes what it was given: a mount that it cannot create, a program that it does not
//! find. A value from a variable is replaced by the text in the file, `${PASSWORD}`.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use crate::document::Document;
use crate::source::{Environment, PROJECT_NAME, substitute, template_variables};
use crate::topology::Topology;
use crate::topology::secrecy::HIDDEN;

/// The fewest bytes of a value that is redacted: shorter ones occur by accident.
const SHORTEST: usize = 4;

/// The fewest bytes of a value that is redacted within words, too.
const WITHIN_WORDS: usize = 8;

/// The fewest bytes of a redacted part of a value, such as the user in an address.
const SHORTEST_PART: usize = 6;

/// Values that reveal nothing.
const COMMON: &[&str] = &["true", "false", "none", "null", "root", "localhost"];

/// Replaces values that must not be shown.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    /// Values and their replacements by the first bytes of the value. The longest come first.
    secrets: HashMap<[u8; SHORTEST], Vec<Secret>>,
    /// Names of objects, which are shown everywhere.
    names: BTreeSet<String>,
    /// Prefixes of the names of objects.
    projects: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Secret {
    value: String,
    shown: String,
    /// Whether it is redacted within longer words.
    is_within_words: bool,
}

impl Redactor {
    /// The values that a topology has from variables, from files and from the caller.
    pub fn for_topology(topology: &Topology, document: &Document, environment: &Environment) -> Self {
        let mut redactor = Self::default();
        redactor.take_names(topology);
        for (scalar, written) in document.filled().scalars() {
            let environment = document.environment(scalar.file).unwrap_or(environment);
            redactor.take_filled(written, environment);
        }
        for secret in topology.secrets.values() {
            let variable = secret.environment.as_ref().map(|variable| variable.value.as_str());
            if let Some((name, value)) = variable.and_then(|name| Some((name, environment.value(name)?))) {
                redactor.add(value, &format!("${{{name}}}"));
            }
        }
        for value in topology.pairs_from_elsewhere() {
            redactor.add(value, HIDDEN);
        }
        redactor
    }

    /// Adds a value and its replacement.
    pub fn add(&mut self, value: &str, shown: &str) {
        self.put(value, shown, value.len() >= WITHIN_WORDS);
        let escaped = escaped(value);
        if escaped != value {
            self.put(&escaped, shown, true);
        }
        for part in value.split(is_separator).filter(|part| part.len() >= SHORTEST_PART && *part != value) {
            self.put(part, shown, false);
        }
    }

    /// Adds the values of another one.
    pub fn extend(&mut self, other: Self) {
        let Self { secrets, names, projects } = other;
        for secret in secrets.into_values().flatten() {
            self.put(&secret.value, &secret.shown, secret.is_within_words);
        }
        self.names.extend(names);
        self.projects.extend(projects);
    }

    /// The text with its secrets redacted.
    pub fn redact<'words>(&self, words: &'words str) -> Cow<'words, str> {
        if self.secrets.is_empty() {
            return Cow::Borrowed(words);
        }
        let mut shown = String::new();
        let (mut at, mut copied) = (0, 0);
        while at < words.len() {
            let begins_word = !words[..at].ends_with(is_part_of_word);
            if let Some(name) = begins_word.then(|| self.name_at(&words[at..])).flatten() {
                at += name;
                continue;
            }
            match self.secret_at(&words[at..], begins_word) {
                Some(secret) => {
                    shown.push_str(&words[copied..at]);
                    shown.push_str(&secret.shown);
                    at += secret.value.len();
                    copied = at;
                }
                None => at += words[at..].chars().next().map_or(1, char::len_utf8),
            }
        }
        if copied == 0 {
            return Cow::Borrowed(words);
        }
        shown.push_str(&words[copied..]);
        Cow::Owned(shown)
    }

    /// The length of the object name at the start of the text, if there is one.
    fn name_at(&self, words: &str) -> Option<usize> {
        let ends = |length: usize| ends_word(&words[length..]);
        let is_name = |name: &&String| words.starts_with(name.as_str()) && ends(name.len());
        let name = self.names.iter().filter(is_name).map(String::len).max();
        name.or_else(|| {
            let rest = self.projects.iter().find_map(|project| words.strip_prefix(project.as_str()))?;
            let is_object = rest.starts_with(['-', '_']);
            let rest =
                rest.find(|letter| !is_part_of_word(letter)).unwrap_or(rest.len()) + words.len() - rest.len();
            is_object.then_some(rest)
        })
    }

    fn secret_at(&self, words: &str, begins_word: bool) -> Option<&Secret> {
        let key = words.as_bytes().first_chunk()?;
        let fits = |secret: &&Secret| {
            let rest = words.strip_prefix(secret.value.as_str());
            rest.is_some_and(|rest| secret.is_within_words || (begins_word && ends_word(rest)))
        };
        self.secrets.get(key)?.iter().find(fits)
    }

    fn put(&mut self, value: &str, shown: &str, is_within_words: bool) {
        let is_small_number = value.len() < SHORTEST_PART && value.bytes().all(|byte| byte.is_ascii_digit());
        let Some(key) = value.as_bytes().first_chunk() else { return };
        if is_small_number || value.trim().is_empty() || COMMON.contains(&value) {
            return;
        }
        let secrets = self.secrets.entry(*key).or_default();
        let secret = Secret { value: value.to_owned(), shown: shown.to_owned(), is_within_words };
        match secrets.iter_mut().find(|known| known.value == value) {
            Some(known) => known.is_within_words |= is_within_words,
            None => {
                let place = secrets.partition_point(|known| known.value.len() >= value.len());
                secrets.insert(place, secret);
            }
        }
    }

    /// A text of the topology with variables: adds their values, and the text with the variables
    /// filled in.
    fn take_filled(&mut self, written: &str, environment: &Environment) {
        let text = substitute(written, &|name| environment.value(name), &mut written.len().max(1 << 16)).text;
        for variable in
            template_variables(written).into_iter().filter(|variable| variable.name != PROJECT_NAME)
        {
            if let Some(value) = environment.value(&variable.name) {
                self.add(value, &format!("${{{}}}", variable.name));
            }
        }
        let (words, filled): (Vec<&str>, Vec<&str>) =
            (written.split(is_separator).collect(), text.split(is_separator).collect());
        if words.len() == filled.len() {
            let changed = words.iter().zip(&filled).filter(|(written, filled)| written != filled);
            changed.for_each(|(written, filled)| self.put(filled, written, false));
        }
    }

    fn take_names(&mut self, topology: &Topology) {
        self.projects.insert(topology.name.to_string());
        self.names.insert(topology.name.to_string());
        for (name, service) in &topology.services {
            self.names.insert(name.to_string());
            self.names.extend(service.container_name.as_ref().map(ToString::to_string));
            self.names.extend(service.image.as_ref().map(ToString::to_string));
        }
        self.names.extend(topology.networks.keys().map(ToString::to_string));
        self.names.extend(topology.volumes.keys().map(ToString::to_string));
    }
}

/// The text as Go quotes it.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t")
}

/// Separators in mounts, addresses and command lines.
fn is_separator(letter: char) -> bool {
    letter.is_whitespace() || "\"'`,;:@=".contains(letter)
}

/// Whether a word ends before this text; a full stop at its end is not part of it.
fn ends_word(rest: &str) -> bool {
    !rest.trim_start_matches('.').starts_with(is_part_of_word)
}

fn is_part_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || "_-./".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor() -> Redactor {
        let environment = Environment::from_pairs([
            ("PW", "geheim-1"),
            ("SHORT", "abc"),
            ("WORD", "mango"),
            ("PORT", "8080"),
            ("URL", "postgres://app:kartoffel@db/app"),
            ("QUOTED", "say \"geheim\" twice"),
            ("IMAGE", "busybox:1.37"),
        ]);
        let mut redactor = Redactor::default();
        redactor.names.extend(["busybox:1.37", "mango-db", "web"].map(str::to_owned));
        redactor.projects.insert("geheim-1".to_owned());
        for text in ["$PW", "/x/${SHORT}y", "${WORD}", "$PORT", "${URL}", "$QUOTED", "${IMAGE}"] {
            redactor.take_filled(text, &environment);
        }
        redactor
    }

    #[test]
    fn values_of_variables_are_replaced_by_their_names() {
        let redactor = redactor();
        for (words, shown) in [
            ("exec: \"geheim-1\": not found", "exec: \"${PW}\": not found"),
            ("--pw=xgeheim-1x, geheim-1", "--pw=x${PW}x, ${PW}"),
            ("no such directory: /x/abcy", "no such directory: /x/${SHORT}y"),
            ("abc, mango and /mangos", "abc, ${WORD} and /mangos"),
            ("unable to find user mango: no entry", "unable to find user ${WORD}: no entry"),
            ("there is no mango.", "there is no ${WORD}."),
            ("see mango.example", "see mango.example"),
            ("port 8080 is taken", "port 8080 is taken"),
            ("cannot use kartoffel here", "cannot use ${URL} here"),
            ("bad: \"say \\\"geheim\\\" twice\"", "bad: \"${QUOTED}\""),
            ("No such image: busybox:1.37", "No such image: busybox:1.37"),
            ("geheim-1-web-1, mango-db", "geheim-1-web-1, mango-db"),
            ("ü geheim-1 ü", "ü ${PW} ü"),
        ] {
            assert_eq!(redactor.redact(words), shown, "{words}");
        }
    }

    #[test]
    fn another_redactor_can_be_merged_in() {
        let mut all = Redactor::default();
        assert_eq!(all.redact("geheim-1"), "geheim-1");
        all.extend(redactor());
        assert_eq!(all.redact("geheim-1"), "${PW}");
        all.add("of an env file", HIDDEN);
        assert_eq!(all.redact("set of an env file"), "set (hidden)");
    }
}
