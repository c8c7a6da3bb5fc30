//! Why a command ends is printed at its end, and what engines say is understood in one place.

use crate::grammars::{code_of, sources};

/// What has its places: what it looks like, where it may stand, and what is done elsewhere.
const HABITS: &[(&[&str], &[&str], &str)] = &[
    // Findings of a topology are pushed with their codes, and are no errors of the command line.
    (&["output.error(", "output().error("], &["cli/error.rs"], "return a `CliError`"),
    (
        &["error.print(", ".print(global", ".print(&global", ".print(self.global", "CliError::print("],
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

/// Words that only a text of an engine can hold are looked for by their names too.
#[test]
fn no_words_of_an_engine_are_known_elsewhere() {
    let reads_engines =
        |path: &str| ["engine/", "run/", "report/"].iter().any(|folder| path.starts_with(folder));
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let path = path.to_string_lossy();
        if !reads_engines(&path) || path == "engine/phrase.rs" {
            continue;
        }
        let found = code_of(&text).filter(|(_, line)| words_looked_for(line).any(is_phrase));
        wrong.extend(found.map(|(number, line)| format!("src/{path}:{number}: {}", line.trim())));
    }
    assert!(wrong.is_empty(), "name the words in `src/engine/phrase.rs`:\n{}", wrong.join("\n"));
    let look = r#"let (_, name) = before.rsplit_once("name \"")?;"#;
    assert!(
        words_looked_for(look).any(is_phrase) && !words_looked_for(r#"rest.split_once(": ")"#).any(is_phrase)
    );
}

/// The texts that a line of code looks for in another text.
fn words_looked_for(line: &str) -> impl Iterator<Item = &str> {
    const LOOKS: &[&str] = &[
        ".contains(\"",
        ".starts_with(\"",
        ".ends_with(\"",
        ".strip_prefix(\"",
        ".strip_suffix(\"",
        "split_once(\"",
        ".find(\"",
    ];
    LOOKS
        .iter()
        .flat_map(|look| line.split(look).skip(1))
        .map(|rest| rest.split("\")").next().unwrap_or(rest))
}

fn is_phrase(words: &str) -> bool {
    words.contains(' ') && words.contains(char::is_alphabetic)
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
