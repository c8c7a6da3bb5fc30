//! What each command requires of a topology with a mistake.
//!
//! `tests/needs/*.yaml` are topologies with one mistake each, and `tests/needs/commands` are
//! arguments of topo. `tests/needs/expected.txt` is the table: `goes` if the command proceeds to
//! the engine or prints its output, `refuses` if the mistake stops it. `TOPO_UPDATE_GOLDEN=1`
//! rewrites it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[test]
fn a_command_checks_only_what_it_needs() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/needs");
    let topologies = topologies(&directory);
    let commands = std::fs::read_to_string(directory.join("commands")).expect("a file `commands`");
    let mut table = String::new();
    for topology in &topologies {
        let name = topology.file_stem().expect("a name").to_string_lossy();
        table += &format!("{name}\n");
        for command in commands.lines() {
            let answer = if proceeds(topology, command) { "goes" } else { "refuses" };
            table += &format!("  {command:<26} {answer}\n");
        }
    }
    let expected = directory.join("expected.txt");
    if std::env::var_os("TOPO_UPDATE_GOLDEN").is_some() {
        std::fs::write(&expected, &table).expect("the expected text is written");
    }
    let wanted = std::fs::read_to_string(&expected).unwrap_or_default();
    let different: Vec<(&str, &str)> =
        wanted.lines().zip(table.lines()).filter(|(wanted, is)| wanted != is).collect();
    assert!(different.is_empty() && wanted.lines().count() == table.lines().count(), "{different:#?}");
}

fn topologies(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("a directory of topologies");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut topologies: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    topologies.sort();
    topologies
}

/// Whether a command does its work, or would if the engine answered.
fn proceeds(topology: &Path, command: &str) -> bool {
    const NO_ENGINE: i32 = 3;
    let ended = Command::new(env!("CARGO_BIN_EXE_topo"))
        .arg("-f")
        .arg(topology)
        .args(command.split(' '))
        .stdin(Stdio::null())
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("DOCKER_HOST", "unix:///nonexistent/engine.sock")
        .output()
        .expect("topo runs");
    let code = ended.status.code();
    assert!(matches!(code, Some(0..=NO_ENGINE)), "{command}: {code:?} {ended:?}");
    matches!(code, Some(0 | NO_ENGINE))
}
