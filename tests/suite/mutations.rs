//! Topologies that were changed at random, taken through every stage that reads: nothing may panic, and
//! nothing may be refused without a word. `TOPO_MUTATIONS` says how many are tried.

use topo::diagnostic::render;
use topo::topology::{Form, Resources, escape_variables, to_yaml};

use crate::config::{Place, cases};

/// Words that are put in the place of others.
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

/// Numbers that look random and are the same on every run (xorshift).
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
fn mutated_topologies_are_checked_without_harm() {
    let count = std::env::var("TOPO_MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000);
    let seeds: Vec<String> = cases().into_iter().map(|case| case.text).collect();
    let place = Place::new();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for _ in 0..count {
        let text = mutated(&seeds, &mut numbers);
        let loaded = place.load(&text);
        assert!(loaded.topology.is_some() || loaded.found.has_errors(), "refused without a word: {text:?}");
        render::plain(&loaded.sources, &loaded.found.sorted());
        if let Some(topology) = loaded.topology {
            to_yaml(&escape_variables(topology.canonical(Form::Full, Resources::All)));
        }
    }
}

/// One to four words of a topology become others, or those of another topology.
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

/// The words of a text and what stands between them.
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
