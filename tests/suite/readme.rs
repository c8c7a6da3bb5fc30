//! The commands, exit codes and diagnostics in the README are those of the program.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::golden::{self, tests_directory};

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

fn readme() -> String {
    std::fs::read_to_string(file()).expect("README.md")
}

fn help() -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_topo")).arg("-h").output().expect("topo runs");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_table_of_commands_matches_the_help() {
    let help = help();
    let commands = help.lines().skip_while(|line| !line.starts_with("Usage:")).skip(1);
    let listed: Vec<String> = commands
        .take_while(|line| *line != "Options:")
        .filter(|line| line.starts_with("  "))
        .filter_map(|line| line.trim().split_once("  "))
        .filter(|(name, _)| *name != "help")
        .map(|(name, about)| format!("| `topo {name}` | {} |", about.trim()))
        .collect();
    let readme = readme();
    let written: Vec<&str> = readme.lines().filter(|line| line.starts_with("| `topo ")).collect();
    assert!(!listed.is_empty(), "{help}");
    assert_eq!(written, listed);
}

#[test]
fn the_table_of_exit_codes_matches_the_help() {
    let help = help();
    let codes = help.lines().skip_while(|line| *line != "Exit codes:").skip(1);
    let listed: Vec<String> = codes
        .filter_map(|line| line.trim().split_once("  "))
        .map(|(code, meaning)| format!("| {code} | {meaning} |"))
        .collect();
    let readme = readme();
    let is_code = |line: &&str| {
        let first = line.trim_start_matches("| ").split(' ').next().unwrap_or_default();
        line.starts_with("| ") && !first.is_empty() && first.chars().all(|letter| letter.is_ascii_digit())
    };
    let written: Vec<&str> = readme.lines().filter(is_code).collect();
    assert!(!listed.is_empty(), "{help}");
    assert_eq!(written, listed);
}

#[test]
fn the_diagnostics_shown_are_those_of_the_program() {
    let case = tests_directory().join("cli/the_readme_shows_a_real_mistake");
    let shown = String::from_utf8(validate(&case, &["shop.yaml"]).stdout).expect("UTF-8");
    let readme = readme();
    let (before, rest) = readme.split_once("```text\n").expect("a block of text");
    let (_, after) = rest.split_once("```\n").expect("its end");
    let written = format!("{before}```text\n{}\n```\n{after}", shown.trim_end());
    golden::check(&file(), &written);
}

#[test]
fn the_recipe_for_ci_passes_on_the_topologies_here() {
    let readme = readme();
    let steps = readme.lines().filter_map(|line| line.trim().strip_prefix("- run: topo validate "));
    let steps: Vec<&str> = steps.map(|step| step.split(" > ").next().unwrap_or(step)).collect();
    assert_eq!(steps.len(), 2, "{steps:?}");
    for step in steps {
        let arguments: Vec<&str> = step.split(' ').collect();
        let output = validate(Path::new(env!("CARGO_MANIFEST_DIR")), &arguments);
        assert!(output.status.success(), "{step}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

fn validate(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_topo"));
    command.arg("validate").args(arguments).current_dir(directory).env_clear();
    command.output().expect("topo runs")
}

#[test]
fn the_keys_of_json_progress_are_those_that_are_written() {
    let readme = readme();
    let section = readme.split("## ").find(|section| section.starts_with("For programs")).expect("a section");
    let runs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runs");
    let mut count = 0;
    for directory in std::fs::read_dir(runs).expect("runs") {
        let text = std::fs::read_to_string(directory.expect("a run").path().join("json.txt")).expect("lines");
        for line in text.lines() {
            let line: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(line).expect("an object");
            let words = ["event", "action", "object", "end", "state"].map(|key| line.get(key));
            let words = words.into_iter().flatten().filter_map(|word| word.as_str());
            for word in line.keys().map(String::as_str).chain(words) {
                assert!(section.contains(&format!("`{word}`")), "`{word}` is not explained");
                count += 1;
            }
        }
    }
    assert!(count > 100);
}
