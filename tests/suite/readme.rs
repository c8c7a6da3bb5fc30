//! What the README says of commands and exit codes is what the program says.

use std::path::Path;
use std::process::Command;

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("README.md")
}

fn help() -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_topo")).arg("-h").output().expect("topo runs");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_table_of_commands_is_the_programs_own_list() {
    let help = help();
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed: Vec<String> = commands
        .take_while(|line| line.starts_with("  "))
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
fn the_table_of_exit_codes_is_the_programs_own() {
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
