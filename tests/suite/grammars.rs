//! Values with a grammar are parsed in `src/value/`, and nowhere else.

use std::path::{Path, PathBuf};

/// How code looks for the prefixes and separators of a topology's values.
const PATTERNS: &[&str] = &[
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

/// Where that is allowed: in the grammars of values, and for other texts.
const ALLOWED: &[&str] = &[
    "value/",
    // YAML's own syntax, even if broken, and lines of env files.
    "diagnostic/env_line.rs",
    "document/unparsed.rs",
    "document/yaml/",
    "source/env/",
    // What was meant by texts that no attribute accepts.
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
    // Addresses and credentials of engines and registries, and what looks like credentials.
    "engine/docker/connect.rs",
    "engine/docker/credentials.rs",
    "engine/docker/inspect.rs",
    "topology/secrecy.rs",
    // Tables of the kernel.
    "engine/machine/sockets.rs",
    // Texts that topo writes itself.
    "plan/label.rs",
    "plan/scope.rs",
    // One rule per grammar, which nothing else reads.
    "lint/log_option.rs",
    "lint/user.rs",
    "lint/volume_option.rs",
];

/// Grammars with their own keywords: how they are recognised, and the only places under `src/` that
/// may.
const WORDS: &[(&[&str], &[&str])] = &[
    // `security_opt`
    (&["\"seccomp=", "\"seccomp:", "\"systempaths="], &["value/security_option.rs"]),
    // Build contexts.
    (&["\"docker-image:", "\"oci-layout:"], &["value/build_context.rs"]),
    // Access modes of `volumes_from`, and other options of mounts.
    (&["\":ro\"", "\":rw\""], &["value/"]),
    // Digests of images; credentials and SSH keys are not images.
    (&["split('@')", ".split_once('@')"], &["value/image.rs", "topology/secrecy.rs"]),
    // Ports with protocols: `80/tcp`. Subnets and platforms have a slash as well.
    (
        &["\"/tcp\"", "\"/udp\"", ".split_once('/')"],
        &[
            "value/",
            "cli/command/port.rs",
            "engine/docker/connect.rs",
            "engine/docker/silence.rs",
            "lint/subnet.rs",
            "report/builds.rs",
            // Subnets in place of something else.
            "topology/attribute/form.rs",
        ],
    ),
];

#[test]
fn keywords_of_a_grammar_are_used_only_where_it_is_parsed() {
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
fn values_are_parsed_where_their_grammar_is() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        if ALLOWED.iter().any(|home| path.to_string_lossy().starts_with(home)) {
            continue;
        }
        for (number, line) in code_of(&text) {
            if let Some(looking) = PATTERNS.iter().find(|looking| line.contains(**looking)) {
                wrong.push(format!("src/{}:{number}: {looking}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "ask the parser in src/value instead:\n{}", wrong.join("\n"));
}

#[test]
fn every_exception_is_needed() {
    let all = sources();
    for home in ALLOWED {
        let mut own = all.iter().filter(|(path, _)| path.to_string_lossy().starts_with(home));
        let looks =
            |text: &str| code_of(text).any(|(_, line)| PATTERNS.iter().any(|looking| line.contains(looking)));
        assert!(own.any(|(_, text)| looks(text)), "src/{home} takes nothing apart: leave it out of the list");
    }
}

/// The numbered lines of a source, without comments and without its tests, which come last.
pub(crate) fn code_of(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").enumerate();
    lines.map(|(index, line)| (index + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Every Rust file under `src/`, by relative path, without test files.
pub(crate) fn sources() -> Vec<(PathBuf, String)> {
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

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("a directory of the sources");
    let paths = entries.map(|entry| entry.expect("an entry of a directory").path());
    let below = |path: PathBuf| if path.is_dir() { files_below(&path) } else { vec![path] };
    paths.flat_map(below).filter(|path| path.extension().is_some_and(|end| end == "rs")).collect()
}
