//! In: the words of a command line as a shell hands them over at a Tab. Out: the words as they are meant.
//! Must not: know what topo's words are.

/// A command line that is not finished yet.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Its words, the program first.
    pub words: Vec<String>,
    /// Which of them is completed.
    pub index: usize,
    /// What of that word the shell keeps: only the rest of it is asked for.
    pub kept: String,
}

impl Line {
    /// The words as the program would get them; the last one is completed when no other is named.
    pub(super) fn as_meant(mut words: Vec<String>, index: Option<usize>) -> Self {
        let index = index.unwrap_or(words.len().saturating_sub(1));
        if index >= words.len() {
            words.push(String::new());
        }
        let index = index.min(words.len() - 1);
        Self { words, index, kept: String::new() }
    }

    /// The words as they are typed, with quotes and backslashes.
    pub(super) fn as_written(words: Vec<String>, index: Option<usize>) -> Self {
        Self::as_meant(words.iter().map(|word| unquoted(word)).collect(), index)
    }

    /// The words as they are typed, and cut before and behind each `=` and `:`, as bash does.
    pub(super) fn in_pieces(words: Vec<String>, index: Option<usize>) -> Self {
        let pieces = Self::as_written(words, index);
        let mut line = Self { words: Vec::new(), index: 0, kept: String::new() };
        let is_cut = |piece: &str| matches!(piece, "=" | ":" | "::" | ":=");
        let mut is_joined = false;
        for (at, piece) in pieces.words.into_iter().enumerate() {
            let is_separator = is_cut(&piece);
            let before = match line.words.last_mut().filter(|_| is_joined || is_separator) {
                Some(word) => {
                    let before = word.clone();
                    word.push_str(&piece);
                    before
                }
                None => {
                    line.words.push(piece.clone());
                    String::new()
                }
            };
            if at == pieces.index {
                line.index = line.words.len() - 1;
                line.kept = if is_separator { format!("{before}{piece}") } else { before };
            }
            is_joined = is_separator;
        }
        line
    }
}

/// A word of a shell without its quotes; the last one may be open.
fn unquoted(word: &str) -> String {
    let backslashes = word.len() - word.trim_end_matches('\\').len();
    // The last one escapes what is not there yet.
    let word = &word[..word.len() - backslashes % 2];
    let closed = ["", "\"", "'"].iter().find_map(|end| shlex::split(&format!("{word}{end}")));
    closed.map_or_else(|| word.to_owned(), |words| words.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &[&str]) -> Vec<String> {
        line.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn quotes_and_backslashes_are_no_part_of_a_word() {
        for (typed, meant) in [
            ("my\\ shop.yaml", "my shop.yaml"),
            ("'my shop", "my shop"),
            ("\"my shop", "my shop"),
            ("my\\ ", "my "),
            ("my\\", "my"),
            ("", ""),
            ("web", "web"),
        ] {
            assert_eq!(Line::as_written(words(&["topo", typed]), None).words[1], meant, "{typed}");
        }
    }

    #[test]
    fn the_word_behind_the_last_one_is_empty() {
        let line = Line::as_meant(words(&["topo", "up"]), Some(2));
        assert_eq!((line.words, line.index), (words(&["topo", "up", ""]), 2));
        assert_eq!(Line::as_meant(Vec::new(), Some(7)).words, words(&[""]));
    }

    #[test]
    fn what_bash_cuts_is_one_word_and_only_its_last_piece_is_asked_for() {
        let line = |typed: &[&str], index| Line::in_pieces(words(typed), Some(index));
        let Line { words: joined, index, kept } = line(&["topo", "up", "--file", "=", "my\\ s", "web"], 4);
        assert_eq!((joined, index), (words(&["topo", "up", "--file=my s", "web"]), 2));
        assert_eq!(kept, "--file=");
        let Line { words: joined, index, kept } = line(&["topo", "up", "--progress", "="], 3);
        assert_eq!((joined, index, kept), (words(&["topo", "up", "--progress="]), 2, "--progress=".into()));
        let Line { words: joined, index, .. } = line(&["topo", "cp", "web", ":", "/etc", "./"], 5);
        assert_eq!((joined, index), (words(&["topo", "cp", "web:/etc", "./"]), 3));
    }
}
