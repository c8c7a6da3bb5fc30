//! In: a Dockerfile's text and a builder's error message. Out: the lines concerned. Must not:
//! understand what an instruction does.

use crate::engine::phrase;
use std::ops::RangeInclusive;

use super::context::Dockerfile;
use super::steps::Steps;
use crate::engine::{EngineError, Excerpt};

/// How many lines are shown before and after those that a failure concerns.
const AROUND: usize = 2;
/// How many of the lines concerned are shown at most.
const MOST: usize = 20;

/// The error of a build that ended with this message, with its place in the Dockerfile.
pub(super) fn failure(steps: Steps, words: &str, dockerfile: Option<&Dockerfile>) -> EngineError {
    let step = steps.failed_step().map(str::to_owned);
    let error = steps.failure(words);
    let (Some(dockerfile), EngineError::BuildFailed { message, output, .. }) = (dockerfile, &error) else {
        return error;
    };
    let text = dockerfile.text();
    let (about, message) = match (step, refused_line(message)) {
        (Some(step), _) => (lines_of(&text, &step), message.as_str()),
        (None, Some((line, words))) => (Some(line..=line), words),
        (None, None) => (None, message.as_str()),
    };
    let Some(about) = about else { return error };
    let message = format!("{}:{}: {message}", dockerfile.shown(), about.start());
    EngineError::BuildFailed { message, output: output.clone(), excerpt: Some(excerpt(&text, about)) }
}

/// The line that a builder could not parse, and its error.
fn refused_line(words: &str) -> Option<(usize, &str)> {
    let rest = phrase::DOCKERFILE_ERROR.around(words)?.1;
    let (line, words) = rest.split_once(": ")?;
    Some((line.parse().ok()?, words))
}

fn excerpt(text: &str, about: RangeInclusive<usize>) -> Excerpt {
    let last = *about.end().min(&(about.start() + MOST));
    let first = about.start().saturating_sub(AROUND).max(1);
    let lines = text.lines().skip(first - 1).take(last + AROUND + 1 - first);
    Excerpt { first, lines: lines.map(str::to_owned).collect(), about }
}

/// The lines, from 1, of the instruction of a step. `None` if the builder's name for it differs
/// from the text, as it does when variables were filled in.
fn lines_of(text: &str, step: &str) -> Option<RangeInclusive<usize>> {
    let instruction = step.strip_prefix('[')?.split_once("] ")?.1;
    let wanted = words(instruction);
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let mut whole = line.to_owned();
        let mut last = index;
        while let Some(start) = whole.trim_end().strip_suffix('\\') {
            whole = start.to_owned();
            match lines.by_ref().find(|(_, line)| !line.trim_start().starts_with('#')) {
                Some((index, line)) => {
                    whole.push_str(line);
                    last = index;
                }
                None => break,
            }
        }
        if words(&whole) == wanted || is_heredoc(&whole, instruction) {
            return Some(index + 1..=last + 1);
        }
    }
    None
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// For a here-document, the builder's name contains the first line and the beginning of the second.
fn is_heredoc(line: &str, instruction: &str) -> bool {
    line.contains("<<") && instruction.split_once(" (").is_some_and(|(start, _)| words(start) == words(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# syntax\nFROM busybox AS base\n\nRUN echo one && \\\n  # why\n  false\nRUN <<EOT\nexit 1\nEOT\nCOPY $A /\n";

    #[test]
    fn an_instruction_is_found_where_it_begins() {
        assert_eq!(lines_of(TEXT, "[base 1/3] FROM busybox AS base"), Some(2..=2));
        assert_eq!(lines_of(TEXT, "[base 2/3] RUN echo one &&   false"), Some(4..=6));
        assert_eq!(lines_of(TEXT, "[3/3] RUN <<EOT (exit 1)"), Some(7..=7));
    }

    #[test]
    fn instructions_with_variables_are_not_guessed() {
        assert_eq!(lines_of(TEXT, "[3/3] COPY src /"), None);
        assert_eq!(lines_of(TEXT, "[internal] load metadata for docker.io/library/busybox"), None);
        assert_eq!(lines_of("RUN x \\", "[1/1] RUN x"), Some(1..=1));
    }

    #[test]
    fn a_line_with_a_syntax_error_is_shown_in_context() {
        let words = "dockerfile parse error on line 4: unknown instruction: RNU";
        assert_eq!(refused_line(words), Some((4, "unknown instruction: RNU")));
        assert_eq!(refused_line("no such host"), None);
        let Excerpt { first, lines, about } = excerpt("1\n2\n3\n4\n5\n6\n7\n", 4..=4);
        assert_eq!((first, lines.join(" "), about), (2, "2 3 4 5 6".to_owned(), 4..=4));
        assert_eq!(excerpt("1\n2", 1..=1).lines, ["1", "2"]);
    }
}
