//! A value with a grammar is taken apart in `src/value/`, and nowhere else.

use std::path::{Path, PathBuf};

/// How code looks for the prefixes and separators that values of a topology have.
const LOOKING: &[&str] = &[
    "\"container:\"",
    "\"container:{",
    "\"service:\"",
    "\"service:{",
    "find('=')",
    "find(':')",
    "split('=')",
    "split(':')",
    "split_once('=')",
    "split_once(':')",
    "split_once('@')",
];

/// Where that is allowed: the grammars of values, and those that are not of values.
const HOMES: &[&str] = &[
    "value/",
    // YAML's own syntax, also where it is broken, and lines of env files.
    "diagnostic/env_line.rs",
    "document/unparsed.rs",
    "document/yaml/",
    "source/env/",
    // What was meant by texts that no attribute reads.
    "topology/attribute/form.rs",
    "topology/attribute/hint.rs",
    "topology/reference.rs",
    "topology/value/pairs.rs",
    "topology/value/pitfall.rs",
    // Words of the command line.
    "cli/arguments/",
    "cli/command/completion.rs",
    "cli/command/cp/path.rs",
    "cli/arguments/invocation/",
    "cli/arguments/usage.rs",
    "topology/provenance/path.rs",
    // Addresses and accounts of engines and registries, and what looks like an account.
    "engine/docker/connect.rs",
    "engine/docker/credentials.rs",
    "engine/docker/inspect.rs",
    "topology/secrecy.rs",
    // Texts that topo writes itself.
    "plan/label.rs",
    "plan/scope.rs",
    // One rule a grammar, which nothing else reads.
    "lint/log_option.rs",
    "lint/user.rs",
    "lint/volume_option.rs",
];

/// Grammars with words of their own: what looks for one, and the only places under `src/` that may.
const WORDS: &[(&[&str], &[&str])] = &[
    // `security_opt`
    (&["\"seccomp=", "\"seccomp:", "\"systempaths="], &["value/security_option.rs"]),
    // Contexts of builds.
    (&["\"docker-image:", "\"oci-layout:"], &["value/build_context.rs"]),
    // Accesses of `volumes_from`, and other options of mounts.
    (&["\":ro\"", "\":rw\""], &["value/"]),
    // Digests of images; what stands before an account or in a key of SSH is no image.
    (&["split('@')", ".split_once('@')"], &["value/image.rs", "topology/secrecy.rs"]),
    // Ports with their protocols: `80/tcp`. Subnets and platforms have a slash as well.
    (
        &["\"/tcp\"", "\"/udp\"", ".split_once('/')"],
        &[
            "value/",
            "cli/command/port.rs",
            "engine/docker/connect.rs",
            "engine/docker/silence.rs",
            "lint/subnet.rs",
            "report/builds.rs",
            // Subnets where something else was wanted.
            "topology/attribute/form.rs",
        ],
    ),
];

#[test]
fn words_of_a_grammar_are_looked_for_where_it_is() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        for (words, homes) in WORDS {
            if homes.iter().any(|home| path.to_string_lossy().starts_with(home)) {
                continue;
            }
            for (number, line) in code_of(&text) {
                if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                    wrong.push(format!("src/{}:{number}: {word}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "ask the parser in src/value instead:\n{}", wrong.join("\n"));
}

#[test]
fn values_are_taken_apart_where_their_grammar_is() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        if HOMES.iter().any(|home| path.to_string_lossy().starts_with(home)) {
            continue;
        }
        for (number, line) in code_of(&text) {
            if let Some(looking) = LOOKING.iter().find(|looking| line.contains(**looking)) {
                wrong.push(format!("src/{}:{number}: {looking}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "ask the parser in src/value instead:\n{}", wrong.join("\n"));
}

#[test]
fn every_home_is_lived_in() {
    let all = sources();
    for home in HOMES {
        let mut own = all.iter().filter(|(path, _)| path.to_string_lossy().starts_with(home));
        let looks =
            |text: &str| code_of(text).any(|(_, line)| LOOKING.iter().any(|looking| line.contains(looking)));
        assert!(own.any(|(_, text)| looks(text)), "src/{home} takes nothing apart: leave it out of the list");
    }
}

/// The numbered lines of a source, without comments and without its tests, which stand last.
fn code_of(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").enumerate();
    lines.map(|(index, line)| (index + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Every Rust file under `src/`, by its path from there; files of tests alone left out.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = files_below(&root);
    let is_code =
        |path: &PathBuf| !matches!(path.file_stem(), Some(name) if name == "tests" || name == "testing");
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a source file");
        (path.strip_prefix(&root).expect("a file below the root").to_owned(), text)
    };
    files.into_iter().filter(is_code).map(read).collect()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder of the sources");
    let paths = entries.map(|entry| entry.expect("an entry of a folder").path());
    let below = |path: PathBuf| if path.is_dir() { files_below(&path) } else { vec![path] };
    paths.flat_map(below).filter(|path| path.extension().is_some_and(|end| end == "rs")).collect()
}
