//! Why a command ends is printed at its end, and what engines say is understood in one place.

use crate::grammars::{code_of, sources};

/// What has its places: what it looks like, where it may stand, and what is done elsewhere.
const HABITS: &[(&[&str], &[&str], &str)] = &[
    // Findings of a topology are pushed with their codes, and are no errors of the command line.
    (&["output.error(", "output().error("], &["cli/error.rs"], "return a `CliError`"),
    (
        &["error.print(", "CliError::print("],
        // Watching goes on, and so does the program of `run`; what a last look shows belongs to the report of a run; a
        // help is what was asked for.
        &[
            "cli/mod.rs",
            "cli/error.rs",
            "cli/attached/watching.rs",
            "cli/command/run.rs",
            "cli/engine/converge.rs",
            "cli/arguments/usage.rs",
        ],
        "return the `CliError`: it is printed at the end",
    ),
    // The last Ctrl-C leaves at once.
    (&["process::exit("], &["cli/io/interrupt.rs"], "return a `CliError`"),
    (
        &["message.contains(\"", "words.contains(\"", "error.contains(\"", "to_string().contains(\""],
        &["engine/phrase.rs"],
        "name the words in `src/engine/phrase.rs`",
    ),
    (&["args_os(", "env::args("], &["cli/arguments/invocation.rs"], "ask `Global::typed`"),
];

#[test]
fn errors_are_printed_at_the_end_and_words_are_known_in_one_place() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let path = path.to_string_lossy();
        for (looks, homes, instead) in HABITS.iter().filter(|(_, homes, _)| !homes.contains(&&*path)) {
            assert!(!homes.is_empty());
            let found = code_of(&text).filter(|(_, line)| looks.iter().any(|look| line.contains(look)));
            wrong.extend(
                found.map(|(number, line)| format!("src/{path}:{number}: {}: {instead}", line.trim())),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_place_is_needed() {
    let all = sources();
    for (looks, homes, _) in HABITS {
        for home in *homes {
            let (_, text) = all.iter().find(|(path, _)| path.to_string_lossy() == *home).expect("a file");
            let is_needed = text.lines().any(|line| looks.iter().any(|look| line.contains(look)));
            assert!(is_needed || *home == "engine/phrase.rs", "src/{home} is not needed for {looks:?}");
        }
    }
}
