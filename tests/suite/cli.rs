//! Golden command lines: what a person sees of commands that need no engine.
//!
//! `tests/cli/<claim>/command` holds arguments of topo, one command a line; the other files of the folder
//! are what it finds there. `expected.txt` holds what each command printed and its exit code.
//! `TOPO_UPDATE_GOLDEN=1` rewrites it.

use std::path::Path;
use std::process::{Command, Output};

#[test]
fn commands_print_what_is_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let mut different = Vec::new();
    let mut count = 0;
    for folder in folders(&root) {
        let printed = run_all(&folder);
        let expected = folder.join("expected.txt");
        count += 1;
        if std::env::var_os("TOPO_UPDATE_GOLDEN").is_some() {
            std::fs::write(&expected, &printed).expect("the expected text is written");
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != printed {
            different.push(format!("{}:\n{printed}", folder.display()));
        }
    }
    assert!(count > 0, "no case is in {}", root.display());
    assert!(different.is_empty(), "TOPO_UPDATE_GOLDEN=1 rewrites these:\n{}", different.join("\n"));
}

fn folders(root: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(root).expect("the folder of cases");
    let mut folders: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    folders.sort();
    folders
}

fn run_all(folder: &Path) -> String {
    let commands = std::fs::read_to_string(folder.join("command")).expect("a file `command`");
    commands.lines().filter(|line| !line.is_empty()).map(|line| run(folder, line)).collect()
}

fn run(folder: &Path, line: &str) -> String {
    let words = shlex::split(line).expect("words as a shell splits them");
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_topo"))
        .args(words)
        .current_dir(folder)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("LANG", "C.UTF-8")
        .env("DOCKER_HOST", "unix:///nonexistent/engine.sock")
        .output()
        .expect("topo runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let code = status.code().expect("an exit code");
    let (out, err) = (text(stdout), text(stderr));
    let folder = folder.display().to_string();
    format!("$ topo {line}\n{out}{err}[exit {code}]\n\n").replace(&folder, "FOLDER")
}
