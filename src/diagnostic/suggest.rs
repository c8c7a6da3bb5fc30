//! Suggestions for mistyped words: the closest known word, or a valid name.

/// Characters that word processors and web pages use in place of a hyphen.
pub const OTHER_DASHES: [char; 6] = ['\u{2010}', '\u{2011}', '\u{2012}', '–', '—', '−'];

/// The candidate that `word` was probably meant to be, if one is close enough.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Blanks around a word are a slip of any length.
    let folded = word.trim().to_lowercase();
    // Any two words of one or two letters are close to each other.
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

/// Whether two words differ only in the order of their letters, such as `bd` and `db`.
fn has_same_letters(word: &str, candidate: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.to_lowercase().chars().collect();
        letters.sort_unstable();
        letters
    };
    sorted(word) == sorted(candidate)
}

/// A name with `-` in place of characters that are not allowed; may be empty. Other alphabets are
/// transliterated first: `café` is `cafe`.
pub fn similar(name: &str, is_allowed: impl Fn(char) -> bool) -> String {
    let name = in_ascii(name);
    let words = name.split(|letter| !is_allowed(letter)).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// A text transliterated to ASCII: `Straße` is `Strasse`. What is not a letter is kept.
pub fn in_ascii(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len());
    for letter in text.chars() {
        let is_accent = matches!(letter, '\u{300}'..='\u{36f}');
        match deunicode::deunicode_char(letter).filter(|_| letter.is_alphanumeric() || is_accent) {
            Some(letters) => ascii.push_str(letters.trim()),
            None => ascii.push(letter),
        }
    }
    ascii
}

/// Alternatives: `` `a`, `b` or `c` ``.
pub fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    joined(names, "or")
}

/// An enumeration: `` `a`, `b` and `c` ``.
pub fn all_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    joined(names, "and")
}

fn joined<'a>(names: impl IntoIterator<Item = &'a str>, word: &str) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_other_alphabets_are_transliterated() {
        for (text, ascii) in [
            ("aplicação", "aplicacao"),
            // A combining accent, as in file names on macOS.
            ("cafe\u{301}", "cafe"),
            ("Straße", "Strasse"),
            ("база", "baza"),
            ("web 1 → db", "web 1 → db"),
        ] {
            assert_eq!(in_ascii(text), ascii);
        }
        assert_eq!(similar("meu contêiner!", |letter| letter.is_ascii_alphanumeric()), "meu-conteiner");
    }
}
