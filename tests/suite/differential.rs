//! Compares `topo config` and `docker compose config`: on the topologies of this project, and on
//! every file below the directory in `TOPO_COMPOSE_FILES`, such as a checkout of another project.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value as Json;

use crate::config::has_docker_compose;
use crate::golden::say;
use crate::reference::difference;

/// Lists that both write, in different orders.
const LISTS: [&str; 6] = ["--services", "--images", "--volumes", "--networks", "--profiles", "--variables"];

/// Options that select what to show of the model.
const MODELS: [&[&str]; 5] =
    [&[], &["--no-path-resolution"], &["--no-normalize"], &["--no-consistency"], &["--profile", "*"]];

#[test]
fn the_topologies_here_are_read_as_in_docker_compose() {
    if !has_docker_compose() {
        say("SKIPPED: Docker Compose 2.40 is not installed, the topologies here are not read by it");
        return;
    }
    let files = files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("topologies"), 0);
    assert!(files.len() >= 5, "{files:?}");
    let wrong: Vec<String> = files.iter().flat_map(|file| models(file).chain(lists(file))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_directory_of_compose_files_is_read_as_in_docker_compose() {
    let Some(directory) = std::env::var_os("TOPO_COMPOSE_FILES") else {
        say("SKIPPED: TOPO_COMPOSE_FILES names no directory of files that topo and Docker Compose both read");
        return;
    };
    assert!(has_docker_compose(), "Docker Compose 2.40 is not installed");
    let files = files_below(Path::new(&directory), 8);
    let wrong: Vec<String> = files.iter().filter_map(|file| compare(file, &[])).collect();
    say(&format!("{} of {} files agree with Docker Compose", files.len() - wrong.len(), files.len()));
    assert!(!files.is_empty() && wrong.is_empty(), "{}", wrong.join("\n"));
}

fn models(file: &Path) -> impl Iterator<Item = String> {
    MODELS.iter().filter_map(move |options| compare(file, options)).chain(read_back(file))
}

/// The difference between the two models, or between acceptance and refusal.
fn compare(file: &Path, options: &[&str]) -> Option<String> {
    let options = [options, &["--format", "json"]].concat();
    let (theirs, ours) = (docker_compose(file, &options), topo(file, &options));
    let words = match (theirs.status.success(), ours.status.success()) {
        (false, false) => return None,
        (true, true) => difference(&json(&theirs), &json(&ours))?,
        (true, false) => format!("  topo refuses it: {}", String::from_utf8_lossy(&ours.stderr)),
        (false, true) => format!("  only topo takes it: {}", String::from_utf8_lossy(&theirs.stderr)),
    };
    Some(format!("{} {options:?}\n{words}", file.display()))
}

/// Docker Compose must read topo's YAML like the file itself.
fn read_back(file: &Path) -> Option<String> {
    let written = tempfile::Builder::new().suffix(".yaml").tempfile().expect("a temporary file");
    std::fs::write(written.path(), topo(file, &[]).stdout).expect("a file is written");
    let (first, again) =
        (docker_compose(file, &["--format", "json"]), docker_compose(written.path(), &["--format", "json"]));
    let words = difference(&json(&first), &json(&again))?;
    Some(format!("{}, written and read back\n{words}", file.display()))
}

fn lists(file: &Path) -> impl Iterator<Item = String> {
    LISTS.iter().filter_map(move |list| {
        let (theirs, ours) = (lines(&docker_compose(file, &[list])), lines(&topo(file, &[list])));
        (theirs != ours)
            .then(|| format!("{} {list}\n  expected {theirs:?}\n  actual   {ours:?}", file.display()))
    })
}

/// The lines of a list, sorted, however wide its columns are.
fn lines(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines: Vec<String> =
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    lines.sort();
    lines
}

fn json(output: &Output) -> Json {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
    })
}

fn docker_compose(file: &Path, options: &[&str]) -> Output {
    // `--profile` comes before the command.
    let (before, after) =
        if options.contains(&"--profile") { options.split_at(2) } else { ([].as_slice(), options) };
    let mut command = Command::new("docker");
    command.args(["compose", "-f"]).arg(file).args(before).arg("config").args(after);
    run(command, file)
}

fn topo(file: &Path, options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_topo"));
    command.arg("config").arg("-f").arg(file).args(options);
    run(command, file)
}

fn run(mut command: Command, file: &Path) -> Output {
    command
        .current_dir(file.parent().expect("a file in a directory"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", "/root")
        .output()
        .expect("the command runs")
}

/// Every YAML file in a directory and up to `depth` levels below it, sorted, without hidden ones.
pub(crate) fn files_below(directory: &Path, depth: usize) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut files = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if path.is_dir() && !is_hidden && depth > 0 {
            files.extend(files_below(&path, depth - 1));
        } else if path.is_file() && is_yaml {
            files.push(path);
        }
    }
    files.sort();
    files
}
