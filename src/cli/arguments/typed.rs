//! In: the words typed, and what clap made of them. Out: the same command line, as it may be shown again.
//!
//! Failures end up in logs of CI. An option whose values may be secrets has the type [`Variable`], and is shown with
//! their names alone; a test sees to it that no such option has another type.

use std::any::TypeId;
use std::ffi::OsString;

use clap::{ArgMatches, Command};

use crate::cli::arguments::invocation::Program;
use crate::value::pair::Pair;

/// The value of an option: `NAME=VALUE`, or a name alone that takes the caller's value. It may be a secret.
#[derive(Clone, Debug)]
pub(crate) struct Variable(String);

impl Variable {
    /// As it was typed.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Variable {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// The command line of this process.
#[derive(Clone, Debug, Default)]
pub struct TypedLine {
    /// The program that topo was called as.
    pub(crate) program: Program,
    /// The name of the command.
    command: Option<String>,
    /// The words behind the program, without values that may be secrets.
    words: Vec<String>,
}

impl TypedLine {
    /// The words, of which clap, which knows `topo`, made the matches. The program comes first.
    pub(crate) fn of(program: Program, words: &[OsString], matches: &ArgMatches, topo: &Command) -> Self {
        let mut secrets = Vec::new();
        collect_variables(matches, topo, &mut secrets);
        let words = words.iter().skip(1).map(|word| without_value(&word.to_string_lossy(), &secrets));
        Self { program, command: matches.subcommand_name().map(str::to_owned), words: words.collect() }
    }

    /// The whole line.
    pub(crate) fn whole(&self) -> String {
        let program = self.program.name().split(' ');
        // A word with a NUL cannot be typed again.
        let words = program.chain(self.words.iter().map(String::as_str)).filter(|word| !word.contains('\0'));
        shlex::try_join(words).unwrap_or_default()
    }

    /// The whole line, if a command is known.
    pub(crate) fn command_line(&self) -> Option<String> {
        self.command.as_ref().map(|_| self.whole())
    }

    /// The whole line, if it is one of this command: typing it again goes on.
    pub(crate) fn again(&self, command: &str) -> Option<String> {
        (self.command.as_deref() == Some(command)).then(|| self.whole())
    }
}

/// The values of all options whose type says that they may be secrets.
fn collect_variables(matches: &ArgMatches, command: &Command, found: &mut Vec<String>) {
    for argument in command.get_arguments().filter(|argument| is_variable(argument)) {
        let values = matches.get_raw(argument.get_id().as_str()).into_iter().flatten();
        found.extend(values.map(|value| value.to_string_lossy().into_owned()));
    }
    if let Some((name, matches)) = matches.subcommand()
        && let Some(command) = command.find_subcommand(name)
    {
        collect_variables(matches, command, found);
    }
}

fn is_variable(argument: &clap::Arg) -> bool {
    argument.get_value_parser().type_id() == TypeId::of::<Variable>()
}

/// `--env=A=1`, `-eA=1` and `A=1` with no more than the name of the variable.
fn without_value(word: &str, variables: &[String]) -> String {
    let shown = variables.iter().find_map(|variable| {
        let option = word.strip_suffix(variable.as_str())?;
        Some(format!("{option}{}", Pair::split(variable).name))
    });
    shown.unwrap_or_else(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> String {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let mut topo = crate::cli::command_line();
        let matches = topo.try_get_matches_from_mut(&words).expect("it is understood");
        let line = TypedLine::of(Program::Topo, &words, &matches, &topo);
        line.words.join(" ")
    }

    #[test]
    fn values_of_variables_are_not_shown() {
        for (typed, wanted) in [
            ("topo build --build-arg TOKEN=x=y web", "build --build-arg TOKEN web"),
            ("topo build --build-arg=TOKEN=x web", "build --build-arg=TOKEN web"),
            ("topo run -e A=1 --env C=3 -e D web", "run -e A --env C -e D web"),
            ("topo run -Te A=1 -de B=2 web", "run -Te A -de B web"),
            ("topo run --env=A=1 web printenv A=1", "run --env=A web printenv A"),
            ("topo up -d --scale web=3", "up -d --scale web=3"),
            ("topo --env-file x.env up", "--env-file x.env up"),
            ("topo run -l a=b web", "run -l a=b web"),
        ] {
            assert_eq!(shown(typed), wanted);
        }
    }

    #[test]
    fn another_command_is_not_what_was_typed() {
        let words = ["wait", "a b", "--down-project"].map(str::to_owned).to_vec();
        let line = TypedLine { command: Some("wait".to_owned()), words, ..TypedLine::default() };
        assert_eq!(line.again("wait").as_deref(), Some("topo wait 'a b' --down-project"));
        assert_eq!(line.again("down"), None);
    }

    /// Options with other values than those of variables.
    const PUBLIC: &[&str] = &["filter", "label", "scale", "ssh"];

    #[test]
    fn an_option_that_sets_values_by_name_hides_them() {
        fn check(command: &Command) {
            for argument in command.get_arguments() {
                let names = argument.get_value_names().unwrap_or_default();
                let sets_values = names.iter().any(|name| name.contains('='));
                let is_public = argument.get_long().is_some_and(|long| PUBLIC.contains(&long));
                assert!(
                    !sets_values || is_public || is_variable(argument) || argument.is_positional(),
                    "{}",
                    argument.get_id()
                );
            }
            command.get_subcommands().for_each(check);
        }
        check(&crate::cli::command_line());
    }
}
