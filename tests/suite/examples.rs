//! The examples in `--help` refer to the project in `tests/examples`, and work there.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value as Json;

use crate::golden::copy_directory;

const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples");

/// Runs topo in the project, without an engine.
fn topo(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_topo"))
        .args(words)
        .current_dir(PROJECT)
        .env("DOCKER_HOST", "unix:///nonexistent/engine.sock")
        .stdin(Stdio::null())
        .output()
        .expect("topo runs")
}

fn printed(words: &[&str]) -> String {
    String::from_utf8(topo(words).stdout).expect("UTF-8")
}

/// The words of every `topo ...` below an `Example:`, without `topo`.
fn examples() -> Vec<Vec<String>> {
    let help = printed(&["-h"]);
    let names = help.lines().skip_while(|line| !line.starts_with("Usage:")).skip(1);
    let names = names.take_while(|line| *line != "Options:").filter(|line| line.starts_with("  "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    let mut examples = Vec::new();
    for name in names.filter(|name| *name != "help") {
        let help = printed(&[name, "--help"]);
        let lines = help.lines().skip_while(|line| !line.starts_with("Example")).skip(1);
        for line in lines.take_while(|line| line.starts_with("  ")) {
            let words = shlex::split(line).unwrap_or_else(|| panic!("words as a shell splits them: {line}"));
            let is_between = |word: &String| matches!(word.as_str(), "|" | ">" | ">>");
            let commands = words.split(is_between).filter(|words| words[0] == "topo");
            examples.extend(commands.map(|words| words[1..].to_vec()));
        }
    }
    examples
}

/// The services of the project, by name, whatever their profiles.
fn services() -> serde_json::Map<String, Json> {
    let model = printed(&["--profile", "*", "config", "--format", "json"]);
    let model: Json = serde_json::from_str(&model).expect("a topology");
    model["services"].as_object().expect("services").clone()
}

#[test]
fn every_example_of_a_help_is_understood_without_an_engine() {
    let examples = examples();
    assert!(examples.len() > 40, "the examples are found: {examples:?}");
    for words in &examples {
        // Some write a file, so they run in a temporary copy.
        let directory = tempfile::tempdir().expect("a directory");
        copy_directory(Path::new(PROJECT), directory.path());
        std::fs::create_dir(directory.path().join("tables")).expect("a directory");
        let output = Command::new(env!("CARGO_BIN_EXE_topo"))
            .args(words)
            .current_dir(directory.path())
            .env("DOCKER_HOST", "unix:///nonexistent/engine.sock")
            .env("HOME", directory.path())
            .stdin(Stdio::null())
            .output()
            .expect("topo runs");
        let code = output.status.code();
        // 3: it was understood, and the engine is missing.
        assert!(
            matches!(code, Some(0 | 3)),
            "{words:?}: {code:?}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn every_example_names_existing_services_ports_and_images() {
    let services = services();
    for words in examples() {
        let takes_service = matches!(
            words[0].as_str(),
            "attach"
                | "build"
                | "commit"
                | "create"
                | "events"
                | "exec"
                | "export"
                | "images"
                | "kill"
                | "logs"
                | "pause"
                | "port"
                | "push"
                | "restart"
                | "rm"
                | "run"
                | "scale"
                | "start"
                | "stop"
                | "top"
                | "unpause"
                | "wait"
                | "watch"
        );
        let behind: Vec<&String> = words.iter().skip(1).filter(|word| !word.starts_with('-')).collect();
        let named = behind.first().map(|word| word.split([':', '=']).next().expect("a word").to_owned());
        let service = named.filter(|_| takes_service).map(|name| {
            services.get(&name).unwrap_or_else(|| panic!("{words:?}: `{name}` is not a service")).clone()
        });
        match (words[0].as_str(), service) {
            ("port", Some(service)) => {
                let port: u64 = behind[1].parse().expect("a port");
                let ports = service["ports"].as_array().expect("ports");
                assert!(ports.iter().any(|published| published["target"] == port), "{words:?}: {ports:?}");
            }
            ("watch", service) => {
                let is_watched = |service: &Json| service["develop"]["watch"].is_array();
                let mut meant = service.iter().chain(services.values());
                assert!(meant.any(is_watched), "{words:?}: there is nothing to watch");
            }
            ("push", _) => {
                let is_pushed = |service: &Json| service["build"].is_object() && service["image"].is_string();
                assert!(services.values().any(is_pushed), "{words:?}: there is nothing to push");
            }
            ("up", _) => {
                let option = words.iter().skip_while(|word| *word != "--exit-code-from").nth(1);
                assert!(option.is_none_or(|name| services.contains_key(name)), "{words:?}");
            }
            ("exec", Some(service)) => {
                let user = words.iter().skip_while(|word| *word != "-U").nth(1);
                let wanted = &service["environment"]["POSTGRES_USER"];
                assert!(user.is_none_or(|user| wanted == user.as_str()), "{words:?}: {wanted}");
            }
            _ => {}
        }
    }
}
