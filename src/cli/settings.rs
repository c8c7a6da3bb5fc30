//! What variables of the environment decide where no option does.
//!
//! The names are those of Docker Compose 2.40, and so is where they are read: `COMPOSE_PROGRESS` and
//! `COMPOSE_STATUS_STDOUT` only count in the environment that topo was started with, the others in
//! `.env` too.

use clap::ValueEnum;

use crate::cli::global::{ColorChoice, Global, ProgressForm};
use crate::cli::output::{self, Output};
use crate::source::{self, Environment, FileChoice};

/// Choices that have no option for every command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `COMPOSE_REMOVE_ORPHANS`: as if `--remove-orphans` were given.
    pub remove_orphans: bool,
    /// `COMPOSE_IGNORE_ORPHANS`: nothing is said of orphans.
    pub ignore_orphans: bool,
    /// `COMPOSE_MENU`: as if `--menu` were given.
    pub has_menu: bool,
    /// `COMPOSE_STATUS_STDOUT`: progress goes to standard output.
    pub reports_to_output: bool,
}

/// Fills in what no option said. What cannot be understood is told and passed over.
pub fn fill_in(global: &mut Global) {
    let environment = surroundings(global);
    let mut wrong = Vec::new();
    let set = |name: &str| environment.value(name).filter(|value| !value.is_empty());
    if global.color.is_none() && output::variable("NO_COLOR").is_none() {
        let read = |word: &str| ColorChoice::from_str(word, true).ok();
        global.color = chosen("COMPOSE_ANSI", set("COMPOSE_ANSI"), read, "auto, always or never", &mut wrong);
    }
    if global.progress.is_none() {
        let word = output::variable("COMPOSE_PROGRESS");
        let read = |word: &str| ProgressForm::from_str(word, true).ok();
        let known = "auto, tty, plain, json or quiet";
        global.progress = chosen("COMPOSE_PROGRESS", word.as_deref(), read, known, &mut wrong);
    }
    if global.parallel.is_none() {
        let (name, known) = ("COMPOSE_PARALLEL_LIMIT", "a number");
        global.parallel = chosen(name, set(name), |text| text.parse().ok(), known, &mut wrong);
    }
    let mut is_on = |name: &str, value: Option<&str>| {
        chosen(name, value, truth, "true or false", &mut wrong).unwrap_or_default()
    };
    global.settings = Settings {
        remove_orphans: is_on("COMPOSE_REMOVE_ORPHANS", set("COMPOSE_REMOVE_ORPHANS")),
        ignore_orphans: is_on("COMPOSE_IGNORE_ORPHANS", set("COMPOSE_IGNORE_ORPHANS")),
        has_menu: is_on("COMPOSE_MENU", set("COMPOSE_MENU")),
        reports_to_output: is_on(
            "COMPOSE_STATUS_STDOUT",
            output::variable("COMPOSE_STATUS_STDOUT").as_deref(),
        ),
    };
    let output = Output::new(global);
    wrong.iter().for_each(|words| output.warning(words));
}

/// The variables that topo was started with, and those of `.env`.
fn surroundings(global: &Global) -> Environment {
    let choice = FileChoice {
        files: global.files.clone(),
        project_directory: global.project_directory.clone(),
        env_files: global.env_files.clone(),
        project_name: None,
        working_directory: std::env::current_dir().unwrap_or_default(),
    };
    source::surroundings(&choice, Environment::of_process())
}

fn chosen<T>(
    name: &str,
    value: Option<&str>,
    read: impl Fn(&str) -> Option<T>,
    known: &str,
    wrong: &mut Vec<String>,
) -> Option<T> {
    let value = value?;
    let read = read(value);
    if read.is_none() {
        wrong.push(format!("`{name}` is `{value}`, which is passed over: write {known}"));
    }
    read
}

/// The words that Docker Compose takes.
fn truth(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "1" | "t" | "true" | "y" | "yes" | "on" => Some(true),
        "0" | "f" | "false" | "n" | "no" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_understood_is_told_with_what_can() {
        let mut wrong = Vec::new();
        assert_eq!(chosen("A", Some("yes"), truth, "true or false", &mut wrong), Some(true));
        assert_eq!(chosen("A", None, truth, "true or false", &mut wrong), None);
        assert_eq!(chosen("A", Some("perhaps"), truth, "true or false", &mut wrong), None);
        assert_eq!(wrong, ["`A` is `perhaps`, which is passed over: write true or false"]);
    }
}
