//! The closest known word to one that is not known.

/// The candidate that `word` was probably meant to be, if one is close enough.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = word.to_lowercase();
    // Any two words of one or two letters are close to each other, which says nothing.
    let limit = match word.chars().count() {
        0..3 => 0,
        3..6 => 1,
        6..9 => 2,
        length => (length / 4).max(2),
    };
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&folded, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| {
            *distance <= limit || (*distance == 1 && has_same_letters(&folded, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Whether two words differ in the order of their letters alone, as `bd` and `db`.
fn has_same_letters(word: &str, candidate: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.to_lowercase().chars().collect();
        letters.sort_unstable();
        letters
    };
    sorted(word) == sorted(candidate)
}

/// A name with a `-` in place of the letters that are not allowed in it; empty when none is left.
pub fn similar(name: &str, is_allowed: impl Fn(char) -> bool) -> String {
    let words = name.split(|letter| !is_allowed(letter)).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// Names for a sentence: `` `a`, `b` or `c` ``.
pub fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
