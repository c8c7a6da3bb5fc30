//! Randomly changed topologies, taken through every stage that reads: nothing may panic, and
//! nothing may be refused without a message. `TOPO_MUTATIONS` sets how many are tried.

use std::collections::BTreeSet;

use topo::diagnostic::render::{RenderOptions, render};
use topo::diagnostic::{Diagnostic, Severity};
use topo::topology::{Form, Resources, escape_variables, to_yaml};

use crate::config::{Place, accepted_cases, cases};
use crate::loading::Loaded;

/// Words that replace others.
const WORDS: &[&str] = &[
    "",
    "~",
    "0",
    "-1",
    "1.5",
    "1e999",
    "99999999999999999999",
    "true",
    "\"\"",
    "\" \"",
    "[]",
    "{}",
    "[[]]",
    "{a: {}}",
    "${SET}",
    "${NOTHING}",
    "${A:?no}",
    "$$",
    "${",
    "é",
    "a:b:c",
    "::",
    "/",
    "..",
    "-",
    "=",
    "1-",
    "65536",
    "1-70000",
    "10.0.0.0/33",
    "service:a",
    "container:",
    "!reset",
    "!override {}",
    "*a",
    "&a b",
    "|",
    "\n",
    "\t",
    "x-",
    "#",
    "'",
    "2024-01-01",
    "host",
    "on-failure:",
    "1w",
    "5Z",
    "CMD",
    "e.env",
    "/dev/zero",
];

/// Messages that would not appear if something had that name.
const NAMES_NOTHING: &[&str] = &[
    "is named",
    "does not exist",
    "cannot be named",
    "cannot be set for one container",
    "is not an IP address",
    "is not a device",
    "has no source",
    "health check cannot begin",
    "`isolation` cannot be",
];

/// A pseudo-random sequence that is the same on every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).expect("a small number")
    }
}

#[test]
fn mutated_topologies_are_checked_without_panics() {
    let count = std::env::var("TOPO_MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000);
    let seeds: Vec<String> = cases().into_iter().map(|case| case.text).collect();
    let place = Place::new();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for _ in 0..count {
        let text = mutated(&seeds, &mut numbers);
        let loaded = place.load(&text);
        assert!(loaded.topology.is_some() || loaded.found.has_errors(), "refused without a word: {text:?}");
        render(&loaded.sources, &loaded.found.sorted(), RenderOptions::PLAIN);
        if let Some(topology) = loaded.topology {
            to_yaml(&escape_variables(topology.canonical(Form::Full, Resources::All)));
        }
    }
}

/// Advice to quote a value must not lead to the next error.
#[test]
fn quoted_values_are_valid_where_quotes_are_advised() {
    let place = Place::new();
    let (mut advised, mut wrong) = (0, BTreeSet::new());
    for text in accepted_cases().iter().map(|case| case.text.as_str()) {
        let pieces = pieces(text);
        let untouched = place.load(text);
        let is_new =
            |message: &&str| !untouched.found.sorted().iter().any(|known| known.message == **message);
        // Keys are not values.
        let is_value = |at: &usize| pieces.get(at + 1).is_none_or(|next| !next.starts_with(':'));
        for at in (0..pieces.len()).filter(is_value) {
            let before = pieces[..at].concat();
            let with = |word: &str| format!("{before}{word}{}", pieces[at + 1..].concat());
            let Some(quoted) = quoted_by_advice(&place.load(&with("true")), before.len()) else { continue };
            advised += 1;
            let again = place.load(&with(&quoted));
            let errors = again.found.sorted();
            let is_there = |found: &&Diagnostic| {
                found.severity == Severity::Error
                    && found.span().is_some_and(|span| span.range().contains(&before.len()))
            };
            let is_wrong = |message: &&str| !NAMES_NOTHING.iter().any(|words| message.contains(words));
            let error = errors.into_iter().find(is_there).map(|error| error.message.as_str());
            wrong.extend(error.filter(is_wrong).filter(is_new).map(str::to_owned));
        }
    }
    assert!(wrong.is_empty(), "in quotes it is wrong too: {wrong:#?}");
    assert!(advised > 100, "only {advised} values were to be quoted");
}

/// The value that an error at this place says to write instead.
fn quoted_by_advice(loaded: &Loaded, at: usize) -> Option<String> {
    let found = loaded.found.sorted();
    let here = found.iter().filter(|found| found.severity == Severity::Error);
    let mut here = here.filter(|found| found.span().is_some_and(|span| span.range().start == at));
    here.find_map(|found| {
        found.help.as_deref()?.strip_prefix("quote it: ").map(|quoted| quoted.trim_matches('`').to_owned())
    })
}

/// Replaces one to four words of a topology by others, or by those of another topology.
fn mutated(seeds: &[String], numbers: &mut Numbers) -> String {
    let mut pieces = pieces(&seeds[numbers.below(seeds.len())]);
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(pieces.len());
        let other = self::pieces(&seeds[numbers.below(seeds.len())]);
        let (from, to) = (numbers.below(other.len()), numbers.below(other.len()));
        match numbers.below(5) {
            0 | 1 => pieces[at] = WORDS[numbers.below(WORDS.len())],
            2 => pieces[at] = other[from],
            3 if from < to => drop(pieces.splice(at..at, other[from..to].iter().copied())),
            _ => drop(pieces.remove(at)),
        }
        if pieces.is_empty() {
            break;
        }
    }
    pieces.concat()
}

/// The words of a text and the separators between them.
fn pieces(text: &str) -> Vec<&str> {
    let is_between = |letter: char| " \n,:[]{}\"".contains(letter);
    text.split_inclusive(is_between)
        .flat_map(|piece| {
            let word = piece.trim_end_matches(is_between);
            [word, &piece[word.len()..]]
        })
        .filter(|piece| !piece.is_empty())
        .collect()
}
