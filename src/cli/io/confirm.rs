//! Asking before something is destroyed.

use std::io::BufRead;

use crate::cli::io::output::Output;

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is to be done.
    Yes,
    /// It is not to be done.
    No,
    /// The standard input ended without an answer.
    Nobody,
}

/// Asks a question on standard error, and reads a line of standard input: a terminal, or `yes | topo ...`.
pub(crate) fn confirm(question: &str, output: &Output) -> Answer {
    output.complain(&format!("{question} [y/N] "));
    let mut line = String::new();
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => {
            output.complain("\n");
            Answer::Nobody
        }
        Ok(_) => answer(&line),
    }
}

fn answer(line: &str) -> Answer {
    match line.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Answer::Yes,
        _ => Answer::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_one() {
        assert_eq!(["y\n", " YES \n"].map(answer), [Answer::Yes; 2]);
        assert_eq!(["\n", "n", "yess\n"].map(answer), [Answer::No; 3]);
    }
}
