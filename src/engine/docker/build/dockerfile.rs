//! In: a Dockerfile's text and the name that the builder gave a step. Out: the step's line.
//! Must not: understand what an instruction does.

/// The line, from 1, at which the instruction of a step begins. Nothing when the builder's name for it
/// differs from the text, as it does where variables were filled in.
pub(super) fn line_of(text: &str, step: &str) -> Option<usize> {
    let instruction = step.strip_prefix('[')?.split_once("] ")?.1;
    let wanted = words(instruction);
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let mut whole = line.to_owned();
        while let Some(start) = whole.trim_end().strip_suffix('\\') {
            whole = start.to_owned();
            match lines.by_ref().map(|(_, line)| line).find(|line| !line.trim_start().starts_with('#')) {
                Some(line) => whole.push_str(line),
                None => break,
            }
        }
        if words(&whole) == wanted || is_heredoc(&whole, instruction) {
            return Some(index + 1);
        }
    }
    None
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// Of a here-document the builder's name holds the first line and the beginning of the second.
fn is_heredoc(line: &str, instruction: &str) -> bool {
    line.contains("<<") && instruction.split_once(" (").is_some_and(|(start, _)| words(start) == words(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# syntax\nFROM busybox AS base\n\nRUN echo one && \\\n  # why\n  false\nRUN <<EOT\nexit 1\nEOT\nCOPY $A /\n";

    #[test]
    fn an_instruction_is_found_where_it_begins() {
        assert_eq!(line_of(TEXT, "[base 1/3] FROM busybox AS base"), Some(2));
        assert_eq!(line_of(TEXT, "[base 2/3] RUN echo one &&   false"), Some(4));
        assert_eq!(line_of(TEXT, "[3/3] RUN <<EOT (exit 1)"), Some(7));
    }

    #[test]
    fn what_was_filled_in_is_not_guessed() {
        assert_eq!(line_of(TEXT, "[3/3] COPY src /"), None);
        assert_eq!(line_of(TEXT, "[internal] load metadata for docker.io/library/busybox"), None);
        assert_eq!(line_of("RUN x \\", "[1/1] RUN x"), Some(1));
    }
}
