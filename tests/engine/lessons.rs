//! A topology's README is followed literally: its commands are run and have the output that it
//! shows.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::{Project, ROOT, Ran};

#[path = "lesson.rs"]
mod text;

/// Follows the README of a topology in a copy of the directory of topologies, with `topo-test-NAME`
/// as the name of project NAME, so that the user's projects are not touched.
#[track_caller]
pub(crate) fn follow(project: &Project, topology: &str) {
    let topologies = copy_topologies(project);
    // The progress of curl does not matter.
    project.write(".curlrc", "silent\nshow-error\n");
    let readme = std::fs::read_to_string(topologies.join(topology).join("README.md")).expect("a README");
    let blocks = text::blocks(&readme);
    assert!(blocks.iter().any(|block| block.is_run), "the README of {topology} has commands");
    for block in blocks.iter().filter(|block| block.is_run) {
        let ran = shell(project.directory(), &block.commands);
        assert_eq!(ran.code, 0, "{}\n{}", block.commands, ran.out);
        let missing = text::first_missing(&block.printed, &ran.out);
        assert_eq!(missing, None, "{} does not print this, but\n{}", block.commands, ran.out);
    }
}

/// Copies the directory of topologies into the project's own, and returns its path.
pub(crate) fn copy_topologies(project: &Project) -> PathBuf {
    let topologies = project.directory().join("topologies");
    copy(&Path::new(ROOT).join("topologies"), &topologies);
    topologies
}

/// Both outputs together, as in a terminal.
fn shell(directory: &Path, commands: &str) -> Ran {
    let topo = Path::new(env!("CARGO_BIN_EXE_topo")).parent().expect("a directory");
    let path = format!("{}:{}", topo.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("sh")
        .args(["-ec", &format!("exec 2>&1\n{commands}")])
        .current_dir(directory)
        .stdin(Stdio::null())
        .env("PATH", path)
        .env("CURL_HOME", directory)
        // Registry credentials are kept here, and removed with the directory.
        .env("DOCKER_CONFIG", directory)
        .output();
    Ran::of(output.expect("a shell"))
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory").map(|entry| entry.expect("an entry").path()) {
        let target = to.join(entry.file_name().expect("a name"));
        match entry {
            directory if directory.is_dir() => copy(&directory, &target),
            file => copy_file(file, &target),
        }
    }
}

fn copy_file(file: PathBuf, target: &Path) {
    std::fs::copy(&file, target).expect("a copied file");
    if file.extension().is_some_and(|extension| extension == "yaml") {
        let text = std::fs::read_to_string(&file).expect("a topology");
        std::fs::write(target, with_a_name_of_the_test(&text, &file)).expect("a topology");
    }
}

fn with_a_name_of_the_test(topology: &str, file: &Path) -> String {
    let start = "\nname: ";
    if topology.contains(start) {
        return topology.replacen(start, &format!("{start}topo-test-"), 1);
    }
    // Without a name, it would be that of the directory, which all copies share.
    let name = file.file_stem().expect("a name").to_string_lossy();
    format!("{topology}\nname: topo-test-{name}\n")
}
