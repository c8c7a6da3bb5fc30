//! The scripts of `topo completion`, loaded by their shells.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Types each line into a shell at a pseudo terminal, presses Tab, and prints the resulting line.
const ZSH: &str = r#"
zmodload zsh/zpty
zpty topo zsh -f
line() { zpty -w topo $1 }
line 'stty -echo; PS1='
line $1
line 'autoload -Uz compinit; compinit -u -D'
line $2
line 'unsetopt zle_bracketed_paste; shown() { print -r -- "[$BUFFER]" > $TTY; BUFFER= }; zle -N shown; bindkey "^X" shown'
line 'print -r -- "is"" ready"'
zpty -r topo seen '*is ready*'
shift 2
for typed; do
    zpty -w -n topo $typed$'\t\x18'
    zpty -r topo seen '*\[*\]*'
    print -r -- ${${seen##*\[}%%\]*}
done
zpty -d topo
"#;

/// The line in bash once its last word is completed. Words are quoted to be read back.
const BASH: &str = r#"
source <(topo completion bash)
for typed; do
    eval "COMP_WORDS=($typed)"
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _topo
    echo "${COMPREPLY[@]}"
done
"#;

/// A directory with topologies, one of them with a blank in its name.
fn directory() -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let write =
        |name: &str, text: &str| std::fs::write(directory.path().join(name), text).expect("a topology");
    write("compose.yaml", "services: { web: { image: i }, worker: { image: i } }\n");
    write("my shop.yaml", "services: { front: { image: i }, back: { image: i } }\n");
    std::fs::create_dir(directory.path().join("zsh")).expect("a directory of functions");
    directory
}

/// The output of a shell; `None` if it is not installed.
fn printed(directory: &Path, shell: &str, arguments: &[&str]) -> Option<String> {
    let topo = Path::new(env!("CARGO_BIN_EXE_topo")).parent().expect("a directory");
    let output = Command::new(shell)
        .args(arguments)
        .current_dir(directory)
        .env("PATH", format!("{}:{}", topo.display(), std::env::var("PATH").unwrap_or_default()))
        .env("HOME", directory)
        .env("TERM", "xterm")
        .env_remove("TOPO_COMPLETE")
        .output();
    let Ok(output) = output else {
        crate::golden::say(&format!("SKIPPED: {shell} is not installed"));
        return None;
    };
    Some(String::from_utf8_lossy(&output.stdout).replace('\r', "").trim_end_matches('\n').to_owned())
}

#[test]
fn bash_completes_with_the_printed_script() {
    let directory = directory();
    let lines = [
        ("topo sca", "scale"),
        ("topo stop w", "web worker"),
        ("topo up --exclude wo", "worker"),
        ("topo up --progress = pl", "plain"),
        ("topo scale wo", "worker="),
        ("topo -f my", r"my\ shop.yaml"),
        (r"topo -f my\\\ s", r"my\ shop.yaml"),
        (r#"topo -f '"my '"#, "my shop.yaml"),
        (r"topo up my\\\ shop.yaml f", "front"),
        (r"topo -f my\\\ shop.yaml logs b", "back"),
    ];
    let mut arguments = vec!["-c", BASH, "bash"];
    arguments.extend(lines.iter().map(|(typed, _)| *typed));
    let Some(printed) = printed(directory.path(), "bash", &arguments) else { return };
    assert_eq!(printed.lines().collect::<Vec<_>>(), lines.map(|(_, wanted)| wanted));
}

#[test]
fn zsh_completes_with_the_printed_script_sourced_or_autoloaded() {
    let directory = directory();
    let lines = [
        // The first Tab loads the function.
        ("topo sca", "topo scale "),
        ("topo up wor", "topo up worker "),
        ("topo up --progress=pl", "topo up --progress=plain "),
        ("topo up --progress pl", "topo up --progress plain "),
        ("topo scale wor", "topo scale worker="),
        ("topo -f my", r"topo -f my\ shop.yaml "),
        (r"topo -f my\ s", r"topo -f my\ shop.yaml "),
        (r#"topo -f "my "#, r#"topo -f "my shop.yaml" "#),
        ("topo -f ~/my", r"topo -f ~/my\ shop.yaml "),
        (r"topo up my\ shop.yaml f", r"topo up my\ shop.yaml front "),
        ("topo -f 'my shop.yaml' logs b", "topo -f 'my shop.yaml' logs back "),
    ];
    let sourced = [":", "source <(topo completion zsh)"];
    let found = ["topo completion zsh > zsh/_topo; fpath+=$PWD/zsh", ":"];
    for loaded in [sourced, found] {
        let mut arguments = vec!["-f", "-c", ZSH, "zsh"];
        arguments.extend(loaded);
        arguments.extend(lines.iter().map(|(typed, _)| *typed));
        let Some(printed) = printed(directory.path(), "zsh", &arguments) else { return };
        assert_eq!(printed.lines().collect::<Vec<_>>(), lines.map(|(_, wanted)| wanted), "{loaded:?}");
    }
}

#[test]
fn fish_completes_with_the_printed_script() {
    let directory = directory();
    let lines = [
        ("topo sca", "scale\tSet the number of containers of a service"),
        ("topo up w", "web\nworker"),
        ("topo up --progress=pl", "--progress=plain\tA line for each thing that happened"),
        ("topo scale wo", "worker="),
        ("topo -f my", "my shop.yaml"),
        (r"topo -f my\ s", "my shop.yaml"),
        (r#"topo -f "my "#, "my shop.yaml"),
        ("topo -f ~/my", "~/my shop.yaml"),
        (r"topo up my\ shop.yaml f", "front"),
        ("topo -f 'my shop.yaml' logs b", "back"),
    ];
    let script = "source (topo completion fish | psub); for typed in $argv; complete -C $typed; end";
    let mut arguments = vec!["--no-config", "-c", script];
    arguments.extend(lines.iter().map(|(typed, _)| *typed));
    let Some(printed) = printed(directory.path(), "fish", &arguments) else { return };
    let wanted: Vec<&str> = lines.iter().map(|(_, wanted)| *wanted).collect();
    assert_eq!(printed, wanted.join("\n"));
}

#[test]
fn elvish_accepts_the_printed_script() {
    let directory = directory();
    // Names of the editor exist only at a terminal: they are replaced by a stub.
    let script = "topo completion elvish | slurp | var script = (all); \
                  eval &ns=(ns [&'edit:'=(ns [&'completion:'=(ns [&arg-completer=[&]])])]) \
                  $script\"\\nput ($edit:completion:arg-completer[topo] topo up wo)\" | to-lines";
    let Some(printed) = printed(directory.path(), "elvish", &["-norc", "-c", script]) else { return };
    assert_eq!(printed, "worker");
}
