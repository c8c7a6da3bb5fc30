//! The architecture in the crate's documentation, checked against the sources.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The directories of `src/`, left to right: each uses only those to its left, and itself.
const STAGES: &[&str] = &[
    "source",
    "diagnostic",
    "value",
    "document",
    "topology",
    "lint",
    "plan",
    "engine",
    "run",
    "report",
    "cli",
];

/// External crates, and the only paths under `src/` that may name them.
const ALLOWED: &[(&str, &[&str])] = &[
    ("granit_parser", &["document/yaml.rs", "document/yaml/"]),
    ("miette", &["diagnostic/render.rs", "diagnostic/render/"]),
    ("petgraph", &["plan/", "run/", "topology/reference.rs"]),
    ("bollard", &["engine/docker/"]),
    ("notify", &["run/develop/"]),
    ("clap", &["cli/"]),
    ("dagre", &["report/picture/svg/arrange/layered.rs"]),
];

#[test]
fn a_stage_uses_only_those_to_its_left() {
    let mut wrong = Vec::new();
    // A stage is tried with what it is handed from its right.
    for (path, text) in sources().into_iter().filter(|(path, _)| !path.ends_with("testing.rs")) {
        let Some(own) = stage_of(&path) else { continue };
        for (line, used) in uses_of_stages(&text, depth(&path)) {
            if position(&used).is_none_or(|used| used > position(own).expect("a directory that is listed")) {
                wrong.push(format!("src/{}:{line}: `{own}` uses `{used}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "against the order {}:\n{}", STAGES.join(" < "), wrong.join("\n"));
}

#[test]
fn every_directory_is_a_stage() {
    let in_directories: BTreeSet<String> =
        sources().iter().filter_map(|(path, _)| stage_of(path).map(str::to_owned)).collect();
    let listed: BTreeSet<String> = STAGES.iter().map(|stage| (*stage).to_owned()).collect();
    assert_eq!(in_directories, listed);
}

#[test]
fn external_crates_are_used_only_in_their_modules() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        for (name, homes) in ALLOWED {
            let is_home = homes.iter().any(|home| path.to_string_lossy().starts_with(home));
            let is_used = code_lines(&text).any(|(_, line)| paths_after(line, name).next().is_some());
            if is_used && !is_home {
                wrong.push(format!(
                    "src/{} uses `{name}`, whose home is {}",
                    path.display(),
                    homes.join(", ")
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn reports_start_nothing_and_read_no_engine() {
    const FORBIDDEN: &[&str] = &["tokio", "async ", ".await", "Future", "Engine<", ": Engine", "run::run"];
    let mut wrong = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| stage_of(path) == Some("report")) {
        for (number, line) in code_lines(text) {
            let found = FORBIDDEN.iter().filter(|word| line.contains(**word));
            wrong.extend(found.map(|word| format!("src/{}:{number}: `{word}`", path.display())));
        }
    }
    assert!(wrong.is_empty(), "what waits or asks belongs to `run` or `cli`:\n{}", wrong.join("\n"));
}

/// An editor drives all of them with variables, a working directory and texts of its own.
#[test]
fn nothing_below_the_command_line_asks_the_process() {
    const FORBIDDEN: &[&str] =
        &["env::var", "env::args", "env::current_dir", "env::home_dir", "env::temp_dir"];
    let is_below = |path: &Path| stage_of(path).is_some_and(|stage| stage != "cli");
    let wrong = lines_with(FORBIDDEN, |path| is_below(path));
    assert!(wrong.is_empty(), "what topo was started with comes from `cli`:\n{}", wrong.join("\n"));
}

/// A text that an editor has not saved is read in place of the file.
#[test]
fn topologies_are_read_through_the_overlay_alone() {
    const FORBIDDEN: &[&str] = &[
        "std::fs",
        "tokio::fs",
        "File::open",
        ".exists()",
        ".is_dir()",
        ".is_file()",
        ".is_symlink()",
        ".metadata()",
        ".symlink_metadata()",
        ".read_dir()",
        ".read_link()",
        ".canonicalize()",
        "stdin()",
    ];
    const HOMES: &[&str] = &["source/file_system.rs", "source/program.rs"];
    let reads = |path: &Path| {
        let is_home = HOMES.iter().any(|home| path == Path::new(home));
        let stage = stage_of(path).and_then(position);
        stage.is_some_and(|stage| stage <= position("lint").expect("a folder that is listed")) && !is_home
    };
    let wrong = lines_with(FORBIDDEN, reads);
    assert!(wrong.is_empty(), "only src/{} read files:\n{}", HOMES.join(" and src/"), wrong.join("\n"));
}

/// Places of these words in the code of some files, that of their tests left out.
fn lines_with(words: &[&str], is_wanted: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut places = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| is_wanted(path) && !is_test(path)) {
        let code = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
        for (number, line) in code_lines(code) {
            let found = words.iter().filter(|word| line.contains(**word));
            places.extend(found.map(|word| format!("src/{}:{number}: `{word}`", path.display())));
        }
    }
    places
}

/// Whether a file holds nothing but tests or what they need.
fn is_test(path: &Path) -> bool {
    let name = path.file_name().expect("a file").to_string_lossy();
    matches!(&*name, "tests.rs" | "testing.rs" | "hostile.rs" | "exact.rs")
}

/// Another target is added by a line there.
#[test]
fn commands_know_no_kind_of_engine() {
    const HOME: &str = "cli/engine/connection.rs";
    let mut wrong = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| stage_of(path) == Some("cli")) {
        let named = |line: &str| line.contains("engine::docker") || names_docker(line);
        let lines = code_lines(text).filter(|(_, line)| named(line));
        wrong.extend(lines.map(|(number, line)| format!("src/{}:{number}: {}", path.display(), line.trim())));
    }
    wrong.retain(|place| !place.starts_with(&format!("src/{HOME}:")));
    assert!(wrong.is_empty(), "only src/{HOME} names an engine:\n{}", wrong.join("\n"));
}

/// Whether a line of code, without string literals, names the engine's type.
fn names_docker(line: &str) -> bool {
    let code: String = line.split('"').step_by(2).collect();
    code.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|word| word == "Docker")
}

#[test]
fn groups_and_super_paths_are_recognised() {
    let text = "use crate::{\n    plan::Plan,\n    run::{a, b},\n};\nuse super::super::engine::Engine;\n// crate::cli\n";
    let seen: Vec<String> = uses_of_stages(text, 2).into_iter().map(|(_, stage)| stage).collect();
    assert_eq!(seen, ["plan", "run", "engine"]);
}

/// Every Rust file under `src/`, by relative path.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut directories = vec![root.clone()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).expect("a directory of the sources") {
            let path = entry.expect("an entry of a directory").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file");
                files.push((path.strip_prefix(&root).expect("a file below the root").to_owned(), text));
            }
        }
    }
    files.sort();
    files
}

/// The directory that a file is in, or the name of a file that is a stage by itself.
fn stage_of(path: &Path) -> Option<&str> {
    let first = path.iter().next()?.to_str()?;
    let name = first.strip_suffix(".rs").unwrap_or(first);
    (name != "lib" && name != "main").then_some(name)
}

fn position(stage: &str) -> Option<usize> {
    STAGES.iter().position(|listed| *listed == stage)
}

/// How many `super::` lead from a file's module to the crate.
fn depth(path: &Path) -> usize {
    let components = path.iter().count();
    if path.ends_with("mod.rs") { components - 1 } else { components }
}

/// The lines with stages that are named by paths from the crate's root.
fn uses_of_stages(text: &str, depth: usize) -> Vec<(usize, String)> {
    let code: String = code_lines(text).flat_map(|(_, line)| [line, "\n"]).collect();
    let climbing = vec!["super"; depth].join("::");
    let mut uses = Vec::new();
    for root in ["crate", &climbing] {
        for (start, rest) in paths_after(&code, root) {
            let line = code[..start].matches('\n').count() + 1;
            // Inside an inline module the same number of `super::` leads less far.
            let is_meant = |name: &String| root == "crate" || position(name).is_some();
            let names = names_of(rest).into_iter().filter(is_meant);
            uses.extend(names.map(|name| (line, name)));
        }
    }
    uses
}

/// The lines of a text, with comments removed.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let code = |line: &'_ str| !line.trim_start().starts_with("//");
    text.lines().enumerate().map(move |(index, line)| (index + 1, if code(line) { line } else { "" }))
}

/// The text after each `root::`.
fn paths_after<'a>(text: &'a str, root: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    text.match_indices(root).filter_map(move |(start, _)| {
        let is_word =
            !text[..start].ends_with(|letter: char| letter.is_alphanumeric() || "_:".contains(letter));
        let rest = text[start + root.len()..].strip_prefix("::")?;
        is_word.then_some((start, rest))
    })
}

/// The first name of a path, or of each member of a group.
fn names_of(rest: &str) -> Vec<String> {
    let Some(group) = rest.strip_prefix('{') else { return vec![name_of(rest)] };
    let mut depth = 0;
    let mut members = vec![String::new()];
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(String::new()),
            _ if depth == 0 => members.last_mut().expect("never empty").push(letter),
            _ => {}
        }
    }
    members.iter().map(|member| name_of(member.trim())).filter(|name| !name.is_empty()).collect()
}

fn name_of(path: &str) -> String {
    path.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}
