//! The commands in the READMEs of the topologies are understood by topo.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[path = "../engine/lesson.rs"]
mod text;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// All READMEs under `topologies`, including the index.
fn readmes() -> Vec<PathBuf> {
    let directory = Path::new(ROOT).join("topologies");
    let entries =
        std::fs::read_dir(&directory).expect("topologies").map(|entry| entry.expect("an entry").path());
    let mut readmes: Vec<PathBuf> =
        entries.map(|path| path.join("README.md")).filter(|path| path.exists()).collect();
    readmes.push(directory.join("README.md"));
    readmes.sort();
    readmes
}

/// The words of each `topo ...` of a README, in a code block, a list or a sentence.
fn commands(readme: &str) -> Vec<Vec<String>> {
    let blocks = text::blocks(readme).into_iter().map(|block| block.commands).collect::<Vec<_>>().join("\n");
    let in_lists = readme.lines().filter(|line| line.starts_with("  topo ")).map(str::trim);
    let in_sentences = readme.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let in_sentences = in_sentences.filter(|span| span.starts_with("topo ") && span.contains(".yaml"));
    blocks.lines().chain(in_lists).chain(in_sentences).flat_map(commands_of_line).collect()
}

fn commands_of_line(line: &str) -> Vec<Vec<String>> {
    let words = shlex::split(line).unwrap_or_else(|| panic!("words as a shell splits them: {line}"));
    let is_between = |word: &String| matches!(word.as_str(), "|" | "||" | "&&" | ";" | "<" | ">" | ">>");
    let commands = words.split(is_between).filter(|words| words.first().is_some_and(|word| word == "topo"));
    commands.map(<[String]>::to_vec).collect()
}

#[test]
fn every_command_of_the_lessons_is_understood() {
    // Some write a file, so they run in a temporary directory.
    let directory = tempfile::tempdir().expect("a directory");
    std::os::unix::fs::symlink(Path::new(ROOT).join("topologies"), directory.path().join("topologies"))
        .expect("a link");
    let mut count = 0;
    for readme in readmes() {
        let text = std::fs::read_to_string(&readme).expect("a README");
        // `...` replaces what the reader already knows.
        for words in commands(&text).iter().filter(|words| !words.contains(&"...".to_owned())) {
            let mut topo = Command::new(env!("CARGO_BIN_EXE_topo"));
            topo.args(&words[1..]).current_dir(directory.path()).stdin(Stdio::null());
            topo.env("DOCKER_HOST", "unix:///nonexistent/engine.sock");
            topo.env("COMPOSE_FILE", "topologies/carguru.yaml");
            let output = topo.output().expect("topo runs");
            let said = String::from_utf8_lossy(&output.stderr);
            // 3: it was understood, and the engine is missing.
            let code = output.status.code();
            assert!(matches!(code, Some(0 | 3)), "{}: {words:?}: {code:?}\n{said}", readme.display());
            count += 1;
        }
    }
    assert!(count > 100, "the commands are found: {count}");
}

#[test]
fn every_topology_has_a_lesson_and_is_in_the_index() {
    let directory = Path::new(ROOT).join("topologies");
    let index = std::fs::read_to_string(directory.join("README.md")).expect("the index");
    for entry in
        std::fs::read_dir(&directory).expect("topologies").map(|entry| entry.expect("an entry").path())
    {
        let name = entry.file_stem().expect("a name").to_string_lossy().into_owned();
        if entry.extension().is_some_and(|extension| extension == "yaml") {
            assert!(directory.join(&name).join("README.md").exists(), "{name} has no README");
            assert!(index.contains(&format!("]({name}/README.md)")), "{name} is not in the index");
        }
    }
}
