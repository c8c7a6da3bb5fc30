//! In: a text, and the width of the terminal. Out: its lines, wrapped between words. Must not:
//! break a word: paths, commands and names are copied whole.

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// The narrowest width that is wrapped: below, the terminal does it as well.
const NARROWEST: usize = 30;

/// Wraps a text, with the lines from the second on indented; unchanged without a terminal.
///
/// Escape sequences have no width, and blanks before the first word belong to the first line.
pub fn wrapped(text: &str, width: Option<usize>, indent: usize) -> String {
    let Some(width) = width.filter(|width| *width >= NARROWEST) else { return text.to_owned() };
    let margin = " ".repeat(indent);
    let options = Options::new(width)
        .subsequent_indent(&margin)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit)
        .break_words(false);
    textwrap::fill(text, options)
}

/// Wraps a text of paragraphs. Indented lines are kept: they are examples.
pub fn reflowed(text: &str, width: Option<usize>) -> String {
    let Some(width) = width else { return text.to_owned() };
    let mut lines: Vec<String> = Vec::new();
    let mut is_in_paragraph = false;
    for line in text.lines() {
        let is_prose = !line.is_empty() && !line.starts_with(' ');
        match lines.last_mut() {
            Some(paragraph) if is_prose && is_in_paragraph => *paragraph = format!("{paragraph} {line}"),
            _ => lines.push(line.to_owned()),
        }
        is_in_paragraph = is_prose;
    }
    let shown = |line: &String| match line.starts_with(' ') {
        true => line.clone(),
        false => wrapped(line, Some(width), 0),
    };
    lines.iter().map(shown).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_wrapped_and_words_stay_whole() {
        let text = "  help: start that engine, or unset DOCKER_HOST to use the local one";
        assert_eq!(
            wrapped(text, Some(40), 8),
            "  help: start that engine, or unset\n        DOCKER_HOST to use the local one"
        );
        let path = "cannot read `/a/very/long/path/to/some/topology-of-mine.yaml`";
        assert_eq!(
            wrapped(path, Some(30), 2),
            "cannot read\n  `/a/very/long/path/to/some/topology-of-mine.yaml`"
        );
        assert_eq!(wrapped(text, None, 8), text);
    }

    #[test]
    fn escape_sequences_have_no_width() {
        let text = "\u{1b}[1;31merror\u{1b}[0m: no service is named `wbe` here";
        assert_eq!(wrapped(text, Some(40), 2), text);
    }

    #[test]
    fn paragraphs_are_wrapped_and_examples_are_kept() {
        let text = "one two three four five\nsix seven eight.\n\n    web:  # stays as it is, however long it may be\n";
        assert_eq!(
            reflowed(text, Some(32)),
            "one two three four five six\nseven eight.\n\n    web:  # stays as it is, however long it may be"
        );
        assert_eq!(reflowed(text, None), text);
    }
}
