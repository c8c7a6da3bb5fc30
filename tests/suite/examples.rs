//! The examples of the helps are about the topologies of this repository, and hold there.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value as Json;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Runs topo in the repository, where no engine answers.
fn topo(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_topo"))
        .args(words)
        .current_dir(ROOT)
        .env("DOCKER_HOST", "unix:///nonexistent/engine.sock")
        .stdin(Stdio::null())
        .output()
        .expect("topo runs")
}

fn printed(words: &[&str]) -> String {
    String::from_utf8(topo(words).stdout).expect("UTF-8")
}

/// The words of every `topo ...` below an `Example:` that names a topology of the repository, without `topo`.
fn examples() -> Vec<Vec<String>> {
    let help = printed(&["-h"]);
    let names = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names =
        names.take_while(|line| line.starts_with("  ")).filter_map(|line| line.split_whitespace().next());
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
    examples.retain(|words| words.iter().any(|word| word.starts_with("topologies/")));
    examples
}

/// The services of a topology, by name, whatever their profiles.
fn services(file: &str) -> serde_json::Map<String, Json> {
    let model = printed(&["--profile", "*", "config", file, "--format", "json"]);
    let model: Json = serde_json::from_str(&model).unwrap_or_else(|_| panic!("{file} is a topology"));
    model["services"].as_object().expect("services").clone()
}

#[test]
fn every_example_of_a_help_is_understood_without_an_engine() {
    let examples = examples();
    assert!(examples.len() > 30, "the examples are found: {examples:?}");
    // Some write a file: into a folder that goes.
    let folder = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink(Path::new(ROOT).join("topologies"), folder.path().join("topologies"))
        .expect("a link");
    for words in examples.iter().filter(|words| !words.iter().any(|word| word.contains('*'))) {
        let output = Command::new(env!("CARGO_BIN_EXE_topo"))
            .args(words)
            .current_dir(folder.path())
            .env("DOCKER_HOST", "unix:///nonexistent/engine.sock")
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
fn every_example_names_services_ports_and_images_that_are_there() {
    for words in examples() {
        let file = words.iter().find(|word| word.starts_with("topologies/")).expect("a file");
        if file.contains('*') {
            continue;
        }
        let services = services(file);
        let behind: Vec<&String> = words.iter().skip_while(|word| *word != file).skip(1).collect();
        // Only a command line is behind options.
        let named = behind
            .iter()
            .find(|word| !word.starts_with('-'))
            .map(|word| word.split([':', '=']).next().expect("a word").to_owned());
        let takes_service = !matches!(
            words[0].as_str(),
            "up" | "down" | "ps" | "plan" | "config" | "volumes" | "graph" | "pull" | "push" | "stats"
        );
        let service = named.filter(|_| takes_service).map(|name| {
            services
                .get(&name)
                .unwrap_or_else(|| panic!("{words:?}: `{name}` is no service of {file}"))
                .clone()
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
