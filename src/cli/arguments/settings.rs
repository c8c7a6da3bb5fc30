//! What variables of the environment decide where no option does.
//!
//! The names are those of Docker Compose 2.40, and so is where they are read: `COMPOSE_PROGRESS` and
//! `COMPOSE_STATUS_STDOUT` only count in the environment that topo was started with, the others in
//! `.env` too.

use clap::ValueEnum;

use crate::source::Environment;

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ProgressForm {
    /// `tty` in a terminal, `plain` elsewhere
    #[default]
    Auto,
    /// Live lines
    Tty,
    /// A line for each thing that happened
    Plain,
    /// A JSON object for each thing that happened
    Json,
    /// Failures only
    Quiet,
}

/// Whether output is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// In a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Choices that have no option for every command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `COMPOSE_REMOVE_ORPHANS`: as if `--remove-orphans` were given.
    pub remove_orphans: bool,
    /// `COMPOSE_IGNORE_ORPHANS`: nothing is said of orphans.
    pub ignore_orphans: bool,
    /// `COMPOSE_MENU`: as if `--menu` were given with this value.
    pub has_menu: Option<bool>,
    /// `COMPOSE_STATUS_STDOUT`: progress goes to standard output.
    pub reports_to_output: bool,
}

/// What is said of variables that could not be understood.
#[derive(Debug, Default)]
pub struct UnparsedVariables(pub Vec<String>);

impl Settings {
    /// What the environment decides.
    pub fn of(environment: &Environment, unparsed: &mut UnparsedVariables) -> Self {
        let mut is_on =
            |name: &str, value: Option<&str>| unparsed.chosen(name, value, truth, "true or false");
        let mut of_all = |name: &str| is_on(name, set(environment, name));
        Self {
            remove_orphans: of_all("COMPOSE_REMOVE_ORPHANS").unwrap_or_default(),
            ignore_orphans: of_all("COMPOSE_IGNORE_ORPHANS").unwrap_or_default(),
            has_menu: of_all("COMPOSE_MENU"),
            reports_to_output: is_on("COMPOSE_STATUS_STDOUT", variable("COMPOSE_STATUS_STDOUT").as_deref())
                .unwrap_or_default(),
        }
    }
}

/// `COMPOSE_ANSI`, where NO_COLOR does not decide.
pub(crate) fn ansi(environment: &Environment, unparsed: &mut UnparsedVariables) -> Option<ColorChoice> {
    if variable("NO_COLOR").is_some() {
        return None;
    }
    let read = |word: &str| ColorChoice::from_str(word, true).ok();
    unparsed.chosen("COMPOSE_ANSI", set(environment, "COMPOSE_ANSI"), read, "auto, always or never")
}

/// `COMPOSE_PROGRESS`.
pub(crate) fn progress(unparsed: &mut UnparsedVariables) -> Option<ProgressForm> {
    let word = variable("COMPOSE_PROGRESS");
    let read = |word: &str| ProgressForm::from_str(word, true).ok();
    unparsed.chosen("COMPOSE_PROGRESS", word.as_deref(), read, "auto, tty, plain, json or quiet")
}

/// `COMPOSE_PARALLEL_LIMIT`.
pub(crate) fn parallel(environment: &Environment, unparsed: &mut UnparsedVariables) -> Option<i32> {
    let name = "COMPOSE_PARALLEL_LIMIT";
    unparsed.chosen(name, set(environment, name), |text| text.parse().ok(), "a number")
}

/// A variable of the environment that topo was started with; an empty one counts as unset.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn set<'e>(environment: &'e Environment, name: &str) -> Option<&'e str> {
    environment.value(name).filter(|value| !value.is_empty())
}

impl UnparsedVariables {
    fn chosen<T>(
        &mut self,
        name: &str,
        value: Option<&str>,
        read: impl Fn(&str) -> Option<T>,
        known: &str,
    ) -> Option<T> {
        let value = value?;
        let read = read(value);
        if read.is_none() {
            self.0.push(format!("`{name}` is `{value}`, which is ignored: write {known}"));
        }
        read
    }
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
        let mut unparsed = UnparsedVariables::default();
        assert_eq!(unparsed.chosen("A", Some("yes"), truth, "true or false"), Some(true));
        assert_eq!(unparsed.chosen("A", None, truth, "true or false"), None);
        assert_eq!(unparsed.chosen("A", Some("perhaps"), truth, "true or false"), None);
        assert_eq!(unparsed.0, ["`A` is `perhaps`, which is ignored: write true or false"]);
    }
}
