//! A topology's README is followed to the letter: its commands are run and print what it says.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::{Project, ROOT, Ran};

#[path = "lesson.rs"]
mod text;

/// Follows the README of a topology in a copy of the folder of topologies, in which project NAME is
/// `topo-test-NAME`: nobody's own projects are touched.
#[track_caller]
pub fn follow(project: &Project, topology: &str) {
    let topologies = copy_topologies(project);
    // What curl says of its progress is nobody's concern here.
    project.write(".curlrc", "silent\nshow-error\n");
    let readme = std::fs::read_to_string(topologies.join(topology).join("README.md")).expect("a README");
    let blocks = text::blocks(&readme);
    assert!(blocks.iter().any(|block| block.is_run), "the README of {topology} has commands");
    for block in blocks.iter().filter(|block| block.is_run) {
        let ran = shell(project.folder(), &block.commands);
        assert_eq!(ran.code, 0, "{}\n{}", block.commands, ran.out);
        let missing = text::first_missing(&block.printed, &ran.out);
        assert_eq!(missing, None, "{} does not print this, but\n{}", block.commands, ran.out);
    }
}

/// Copies the folder of topologies into the project's own, and returns where it is.
pub fn copy_topologies(project: &Project) -> PathBuf {
    let topologies = project.folder().join("topologies");
    copy(&Path::new(ROOT).join("topologies"), &topologies);
    topologies
}

/// Both outputs together, as a person sees them.
fn shell(folder: &Path, commands: &str) -> Ran {
    let topo = Path::new(env!("CARGO_BIN_EXE_topo")).parent().expect("a folder");
    let path = format!("{}:{}", topo.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("sh")
        .args(["-ec", &format!("exec 2>&1\n{commands}")])
        .current_dir(folder)
        .stdin(Stdio::null())
        .env("PATH", path)
        .env("CURL_HOME", folder)
        // Accounts at registries are kept here, and go with the folder.
        .env("DOCKER_CONFIG", folder)
        .output();
    Ran::of(output.expect("a shell"))
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let target = to.join(entry.file_name().expect("a name"));
        match entry {
            folder if folder.is_dir() => copy(&folder, &target),
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
    // Without a name it is that of the folder, which all copies share.
    let name = file.file_stem().expect("a name").to_string_lossy();
    format!("{topology}\nname: topo-test-{name}\n")
}
