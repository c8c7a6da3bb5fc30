//! In: an explanation. Out: the same without the values that are hidden by default. Must not: hide
//! where a value comes from.

use serde_json::Value as Json;

use super::{Candidate, CandidateKind, Explanation, Part};
use crate::source::PROJECT_NAME;
use crate::topology::Topology;
use crate::topology::secrecy::{self, HIDDEN};

/// Replaces values that come from variables, env files or the caller, or that look like secrets, by
/// [`HIDDEN`]; true if there are any.
pub fn conceal(explained: &mut Explanation, topology: &Topology) -> bool {
    let mut hider = Hider { topology, has_hidden: false };
    let Explanation { path: _, keys, value, candidates, variables, parts, container_variable: _, note: _ } =
        explained;
    let is_of_image =
        candidates.iter().any(|candidate| candidate.wins && candidate.kind == CandidateKind::Image);
    if let Some(value) = value {
        *value = hider.value(&mut keys.clone(), value, is_of_image);
    }
    candidates.iter_mut().for_each(|candidate| hider.candidate(candidate, keys));
    for (name, candidates) in variables {
        let name = std::slice::from_ref(name);
        candidates.iter_mut().for_each(|candidate| hider.candidate(candidate, name));
    }
    parts.iter_mut().for_each(|part| hider.part(part));
    hider.has_hidden
}

struct Hider<'a> {
    topology: &'a Topology,
    has_hidden: bool,
}

impl Hider<'_> {
    fn value(&mut self, keys: &mut Vec<String>, value: &Json, is_of_image: bool) -> Json {
        match value {
            Json::Null => Json::Null,
            Json::Object(map) => {
                let entry = |(key, value): (&String, &Json)| {
                    keys.push(key.clone());
                    let shown = self.value(keys, value, is_of_image);
                    keys.pop();
                    (key.clone(), shown)
                };
                map.iter().map(entry).collect()
            }
            Json::Array(items) => {
                let words: Vec<&str> = items.iter().map(|item| item.as_str().unwrap_or_default()).collect();
                let secret = secrecy::secret_words(&words);
                let shown = items.iter().zip(secret).map(|(item, is_secret)| match is_secret {
                    true => self.hidden().into(),
                    false => self.value(keys, item, is_of_image),
                });
                shown.collect()
            }
            Json::Bool(_) | Json::Number(_) | Json::String(_) => {
                let path: Vec<&str> = keys.iter().map(String::as_str).collect();
                let is_literal = is_of_image || self.topology.origin(&path).is_literal;
                let is_secret = self.topology.is_secret_word(keys)
                    || says_secret(keys)
                    || value.as_str().is_some_and(secrecy::looks_secret);
                if is_literal && !is_secret { value.clone() } else { self.hidden().into() }
            }
        }
    }

    fn candidate(&mut self, candidate: &mut Candidate, keys: &[String]) {
        let is_elsewhere = match candidate.kind {
            CandidateKind::Process | CandidateKind::CommandLine | CandidateKind::Variables => {
                keys.last().is_none_or(|name| name != PROJECT_NAME)
            }
            // A bare name means that the caller's value is passed on.
            CandidateKind::EnvFile | CandidateKind::LabelFile => candidate.note.is_none(),
            CandidateKind::Written
            | CandidateKind::Environment
            | CandidateKind::Labels
            | CandidateKind::Image
            | CandidateKind::Default
            | CandidateKind::Fallback => false,
        };
        let is_secret = says_secret_here(keys, &candidate.text) || self.topology.is_secret_word(keys);
        if !candidate.text.is_empty() && (is_elsewhere || is_secret) {
            candidate.text = self.hidden();
        }
    }

    fn part(&mut self, part: &mut Part) {
        let Part { path, value, place: _, is_literal } = part;
        let keys: Vec<String> = path.split('.').map(str::to_owned).collect();
        if !value.is_empty() && (!*is_literal || says_secret_here(&keys, value)) {
            *value = self.hidden();
        }
    }

    fn hidden(&mut self) -> String {
        self.has_hidden = true;
        HIDDEN.to_owned()
    }
}

fn says_secret_here(keys: &[String], text: &str) -> bool {
    // A text that is only a variable shows no value.
    let is_variable = text.trim_matches(['"', '\'']).strip_prefix('$').is_some_and(|rest| {
        rest.trim_matches(['{', '}']).chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    });
    !is_variable && (says_secret(keys) || secrecy::looks_secret(text))
}

/// Whether a key on the path to a value suggests a secret, apart from the name of its service or
/// network. `secrets` itself lists only names and places.
fn says_secret(keys: &[String]) -> bool {
    keys.get(2..)
        .unwrap_or(keys)
        .iter()
        .any(|key| !key.starts_with("secrets") && secrecy::names_a_secret(key))
}
