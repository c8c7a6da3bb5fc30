//! Golden command lines: what a person sees of commands that need no engine.
//!
//! `tests/cli/<claim>/command` holds arguments of topo, one command a line; the other files of the folder
//! are what it finds there. As in a shell, `NAME=value` before the arguments sets a variable, and `< FILE`
//! after them is the standard input. `expected.txt` holds what each command printed and its exit code.
//! `TOPO_UPDATE_GOLDEN=1` rewrites it.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

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

/// Commands run in a copy, since they may write files.
fn run_all(case: &Path) -> String {
    let copy = tempfile::tempdir().expect("a temporary folder");
    // A project takes its name from its folder.
    let folder = copy.path().canonicalize().expect("its path").join(case.file_name().expect("a name"));
    copy_folder(case, &folder);
    let commands = std::fs::read_to_string(case.join("command")).expect("a file `command`");
    commands.lines().filter(|line| !line.is_empty()).map(|line| run(&folder, line)).collect()
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let target = to.join(entry.file_name());
        match entry.path() {
            folder if folder.is_dir() => copy_folder(&folder, &target),
            file => drop(std::fs::copy(file, target).expect("a copied file")),
        }
    }
}

fn run(folder: &Path, line: &str) -> String {
    let Invocation { variables, arguments, input } = Invocation::read(line);
    let shown = match arguments.first().and_then(|first| line.find(first)) {
        Some(start) => format!("{}topo {}", &line[..start], &line[start..]),
        None => "topo".to_owned(),
    };
    let stdin = match &input {
        Some(file) => Stdio::from(File::open(folder.join(file)).expect("the input")),
        None => Stdio::null(),
    };
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_topo"))
        .args(arguments)
        .current_dir(folder)
        .stdin(stdin)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("LANG", "C.UTF-8")
        .env("DOCKER_HOST", "unix:///nonexistent/engine.sock")
        .envs(variables)
        .output()
        .expect("topo runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let code = status.code().expect("an exit code");
    let (out, err) = (text(stdout), text(stderr));
    format!("$ {shown}\n{out}{err}[exit {code}]\n\n").replace(&folder.display().to_string(), "FOLDER")
}

/// A line of a `command` file.
struct Invocation {
    variables: Vec<(String, String)>,
    arguments: Vec<String>,
    input: Option<String>,
}

impl Invocation {
    fn read(line: &str) -> Self {
        let mut words = shlex::split(line).expect("words as a shell splits them");
        let input = words.iter().position(|word| word == "<").map(|at| words.split_off(at).remove(1));
        let is_variable = |word: &&String| word.contains('=') && !word.starts_with('-');
        let arguments = words.split_off(words.iter().take_while(is_variable).count());
        let variable = |word: String| word.split_once('=').map(|(name, value)| (name.into(), value.into()));
        Self { variables: words.into_iter().filter_map(variable).collect(), arguments, input }
    }
}
