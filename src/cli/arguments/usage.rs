//! In: a command line that cannot be understood. Out: what is wrong with it, and what to type instead.
//! Must not: understand command lines; clap does.
//!
//! Who types `docker compose` all day types its words here too: where topo has something else, it says so.

use std::error::Error as _;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, Error, ValueEnum};

use crate::cli::arguments::global::is_topology_file;
use crate::cli::arguments::settings::ColorChoice;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::output::Output;
use crate::diagnostic::suggest::{all_of, closest, one_of};

/// What is wrong with a command line. Prints what was asked for when it is a help or a version.
pub(crate) fn answer(
    error: Error,
    words: &[OsString],
    topo: &Command,
    output: &Output,
) -> Result<Exit, CliError> {
    if error.use_stderr() {
        let words: Vec<String> =
            words.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
        return Err(match UsageError::of(&error, &words, topo) {
            Some(UsageError { message, help }) => CliError::usage(message).help(help),
            None => CliError::Parser(Box::new(error)),
        });
    }
    if output.color() == ColorChoice::Never {
        output.print(&error.render().to_string())?;
    } else if let Err(failed) = error.print()
        // A reader that has gone is no failure.
        && failed.kind() != std::io::ErrorKind::BrokenPipe
    {
        return Err(CliError::Output(failed));
    }
    Ok(Exit::Success)
}

/// Whether colours were asked for, as far as that can be seen in words that are not understood: `--color`,
/// else `--ansi`; the last one wins.
pub(crate) fn typed_color(words: &[OsString]) -> ColorChoice {
    let typed = |option: &str| {
        words.iter().enumerate().rev().find_map(|(at, word)| {
            let value = match word.to_str()?.strip_prefix(option)? {
                "" => words.get(at + 1)?.to_str()?,
                rest => rest.strip_prefix('=')?,
            };
            ColorChoice::from_str(value, false).ok()
        })
    };
    typed("--color").or_else(|| typed("--ansi")).unwrap_or_default()
}

/// What is wrong, and what to type.
#[derive(Debug, PartialEq, Eq)]
struct UsageError {
    message: String,
    help: String,
}

impl UsageError {
    /// Nothing where what clap prints is no mistake: a help, a version.
    fn of(error: &Error, words: &[String], topo: &Command) -> Option<Self> {
        match error.kind() {
            ErrorKind::UnknownArgument => match named(error, ContextKind::InvalidArg)? {
                letter if letter.starts_with("-=") => value_of_a_letter(words),
                typed => unknown_option(&typed, words, topo),
            },
            ErrorKind::InvalidSubcommand => {
                Some(unknown_command(&named(error, ContextKind::InvalidSubcommand)?, words, topo))
            }
            ErrorKind::InvalidValue | ErrorKind::ValueValidation => bad_value(error),
            ErrorKind::TooManyValues => value_of_a_switch(error),
            ErrorKind::MissingRequiredArgument => missing(error, words, topo),
            ErrorKind::ArgumentConflict => conflict(error),
            _ => None,
        }
    }
}

fn named(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// The names of arguments, without their values: `--pull`, `SHELL`.
fn arguments(error: &Error, kind: ContextKind) -> Vec<String> {
    let texts = match error.get(kind) {
        Some(ContextValue::String(text)) => std::slice::from_ref(text),
        Some(ContextValue::Strings(texts)) => texts,
        _ => &[],
    };
    texts.iter().map(|text| bare(text)).collect()
}

/// `--timeout <SECONDS>` is `--timeout`, `<SHELL>` is `SHELL`.
fn bare(argument: &str) -> String {
    let name = argument.split([' ', '=']).next().unwrap_or(argument);
    name.trim_matches(['<', '>', '[', ']', '.']).to_owned()
}

/// The command that is meant, among the words before one.
fn command_before<'t>(word: &str, words: &[String], topo: &'t Command) -> Option<&'t Command> {
    let before = words.iter().take_while(|other| !other.starts_with(word));
    before.filter_map(|word| topo.find_subcommand(word)).next()
}

/// What a command is called with its program.
fn whole_name(command: Option<&Command>) -> String {
    command.map_or("topo".to_owned(), |command| format!("topo {}", command.get_name()))
}

/// `--detach=maybe`.
fn value_of_a_switch(error: &Error) -> Option<UsageError> {
    let switch = arguments(error, ContextKind::InvalidArg).into_iter().next()?;
    let value = named(error, ContextKind::InvalidValue)?;
    Some(no_value_of(&switch, &value))
}

fn no_value_of(switch: &str, value: &str) -> UsageError {
    let message = format!("`{switch}` cannot be `{value}`");
    UsageError { message, help: format!("write `{switch}`, or `{switch}=false`") }
}

/// `-q=maybe`, where clap finds a letter `=`.
fn value_of_a_letter(words: &[String]) -> Option<UsageError> {
    let letters = words.iter().filter(|word| word.starts_with('-') && !word.starts_with("--"));
    let (letters, value) = letters.filter_map(|word| word.split_once('=')).next()?;
    let switch = letters.chars().next_back().filter(|letter| *letter != '-')?;
    Some(no_value_of(&format!("-{switch}"), value))
}

fn missing(error: &Error, words: &[String], topo: &Command) -> Option<UsageError> {
    let missing = arguments(error, ContextKind::InvalidArg);
    let (command, name) = innermost(words, topo);
    if let Some(positional) = missing.iter().find(|name| !name.starts_with('-')) {
        let message = format!("`{name}` needs {positional}");
        return Some(UsageError { message, help: example_of(command, &name, positional) });
    }
    let (is, them) = if missing.len() == 1 { ("is", "it") } else { ("are", "them") };
    let message = format!("{} {is} missing", all_of(missing.iter().map(String::as_str)));
    (!missing.is_empty()).then(|| UsageError { message, help: format!("`{name} --help` explains {them}") })
}

/// The command that the words lead to, and its whole name: `topo config explain`.
fn innermost<'t>(words: &[String], topo: &'t Command) -> (&'t Command, String) {
    let (mut command, mut name) = (topo, "topo".to_owned());
    for word in words {
        if let Some(next) = command.find_subcommand(word) {
            name = format!("{name} {}", next.get_name());
            command = next;
        }
    }
    (command, name)
}

/// What to type for an argument that has no option's name: its possible values, else the first example of the help.
fn example_of(command: &Command, name: &str, positional: &str) -> String {
    let is_it = |argument: &&Arg| {
        argument.get_value_names().is_some_and(|names| names.iter().any(|name| name.as_str() == positional))
    };
    let values = command.get_positionals().find(is_it).map(Arg::get_possible_values).unwrap_or_default();
    let lines = values.iter().map(|value| format!("{name} {}", value.get_name())).collect::<Vec<_>>();
    if !lines.is_empty() {
        return format!("write {}", one_of(lines.iter().map(String::as_str)));
    }
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    match help.lines().map(str::trim).find(|line| line.starts_with(name)) {
        Some(example) => format!("write it as in `{example}`"),
        None => format!("`{name} --help` explains it"),
    }
}

fn conflict(error: &Error) -> Option<UsageError> {
    let (one, others) = (arguments(error, ContextKind::InvalidArg), arguments(error, ContextKind::PriorArg));
    if one == others {
        let message = format!("`{}` is given more than once", one.first()?);
        return Some(UsageError { message, help: "leave one of them out".to_owned() });
    }
    let others = one_of(others.iter().map(String::as_str));
    let message = format!("`{}` cannot be used with {others}", one.first()?);
    (!others.is_empty()).then(|| UsageError { message, help: "leave one of them out".to_owned() })
}

/// Options of `docker compose` and of `docker` that topo has not, or has under another name. The first row
/// that is about the command is taken; a row without commands is about all.
const OPTIONS: &[(&[&str], &[&str], &str)] = &[
    (&["--dry-run"], &["down"], "`topo plan --down` shows what `down` would do, and why"),
    (
        &["--dry-run"],
        &[],
        "`topo plan` shows what `up` would do, and why; `topo plan --down` what `down` would",
    ),
    (&["-y", "--yes"], &["rm"], "`--force` removes without asking"),
    (&["-y", "--yes"], &[], "leave it out: topo does not ask here"),
    (&["--no-ansi"], &[], "write `--color never`, and `--progress plain` for line-by-line progress"),
    (
        &["--verbose", "--debug", "-D", "--log-level", "-l"],
        &[],
        "`--progress plain` prints one line for each event",
    ),
    (&["--workdir"], &[], "write `--project-directory DIRECTORY`"),
    (
        &["--insecure-registry"],
        &[],
        "name the registry under `insecure-registries` in the engine's `daemon.json`",
    ),
    (
        &["--all-resources"],
        &[],
        "write it after the command: `topo up`, `create`, `plan` and `config` have it",
    ),
    (&["-H", "--host"], &[], "set `DOCKER_HOST`, as in `DOCKER_HOST=ssh://ana@server topo ps`"),
    (&["-c", "--context"], &[], "set `DOCKER_CONTEXT`, as in `DOCKER_CONTEXT=server topo ps`"),
    (&["--config"], &[], "set `DOCKER_CONFIG` to the directory of the Docker CLI's `config.json`"),
    (
        &["--detach-keys"],
        &["up"],
        "press `d` during `topo up` to detach; `run`, `exec` and `attach` have `--detach-keys`",
    ),
    (
        &["--compress", "--force-rm", "--no-rm"],
        &["build"],
        "leave it out: it has no effect in Docker Compose either",
    ),
    (&["--no-parallel"], &["pull", "build"], "write `--parallel 1`"),
    (&["--build"], &["restart", "start"], "`topo up --build` builds, and recreates what changed"),
];

fn unknown_option(typed: &str, words: &[String], topo: &Command) -> Option<UsageError> {
    if !typed.starts_with('-') {
        let whole = whole_name(command_before(typed, words, topo));
        let help = format!("`{whole} --help` shows what it takes");
        return Some(UsageError { message: format!("`{whole}` does not take `{typed}`"), help });
    }
    let option = typed.split('=').next().unwrap_or(typed);
    let command = command_before(option, words, topo);
    let name = command.map(Command::get_name);
    let is_about =
        |commands: &[&str]| commands.is_empty() || name.is_some_and(|name| commands.contains(&name));
    let known = OPTIONS.iter().find(|(options, commands, _)| options.contains(&option) && is_about(commands));
    let whole = whole_name(command);
    let message = format!("`{whole}` has no option `{option}`");
    if let Some((_, _, help)) = known {
        return Some(UsageError { message, help: (*help).to_owned() });
    }
    let shown = |command: &Command| -> Vec<String> {
        let names = command.get_arguments().filter_map(|argument| argument.get_long());
        names.map(|name| format!("--{name}")).collect()
    };
    let mut options = shown(command.unwrap_or(topo));
    options.push("--help".to_owned());
    let all = format!("`{whole} --help` lists its options");
    let help = match closest(option, options.iter().map(String::as_str)) {
        Some(closest) => format!("did you mean `{closest}`?"),
        None => match behind_a_command(option, command, topo) {
            Some(example) => format!("write it after the command, as in `{example}`"),
            None => all,
        },
    };
    Some(UsageError { message, help })
}

/// `-d up` is `up -d`.
fn behind_a_command(option: &str, command: Option<&Command>, topo: &Command) -> Option<String> {
    let has = |command: &&Command| {
        let mut arguments = command.get_arguments();
        arguments.any(|argument| {
            argument.get_long().is_some_and(|long| option == format!("--{long}"))
                || argument.get_short().is_some_and(|short| option == format!("-{short}"))
        })
    };
    let owner = topo.get_subcommands().find(has).filter(|_| command.is_none())?;
    Some(format!("topo {} {option}", owner.get_name()))
}

/// Commands of `docker compose`, of `docker` and of other tools, and what does the same.
const COMMANDS: &[(&[&str], &str)] = &[
    (&["publish", "bridge"], "Docker Compose does it: `docker compose COMMAND`"),
    (&["alpha viz", "viz", "draw"], "write `topo graph`"),
    (&["alpha dry-run", "dry-run", "diff", "preview"], "write `topo plan`"),
    (&["alpha watch"], "write `topo watch`"),
    (&["alpha scale"], "write `topo scale`"),
    (&["alpha"], "Docker Compose does it: `docker compose alpha`"),
    (&["apply", "deploy"], "write `topo up -d`"),
    (
        &["destroy", "delete", "remove", "teardown"],
        "`topo down` removes the project's containers and networks, `topo rm` its stopped containers",
    ),
    (&["rmi"], "`topo down --rmi local` removes the images as well"),
    (&["check", "lint", "test"], "write `topo validate`"),
    (&["status", "list"], "`topo ps` lists containers, `topo ls` projects"),
    (&["shell", "sh", "bash", "ssh", "enter"], "write `topo exec SERVICE sh`"),
    (
        &[
            "login",
            "logout",
            "inspect",
            "network",
            "volume",
            "container",
            "image",
            "system",
            "prune",
            "init",
            "stack",
            "swarm",
        ],
        "Docker does it: `docker COMMAND`",
    ),
];

fn unknown_command(typed: &str, words: &[String], topo: &Command) -> UsageError {
    let message = format!("topo has no command `{typed}`");
    UsageError { message, help: instead(typed, words, topo) }
}

/// What to type in place of a command that topo has not.
fn instead(typed: &str, words: &[String], topo: &Command) -> String {
    let mut behind = words.iter().skip_while(|word| *word != typed).skip(1);
    match typed {
        "compose" | "docker" | "docker-compose" => {
            let rest: Vec<&str> = behind.skip_while(|word| *word == "compose").map(String::as_str).collect();
            match rest.first() {
                Some(next) if !next.starts_with('-') && topo.find_subcommand(next).is_none() => {
                    instead(next, words, topo)
                }
                Some(_) => {
                    format!("leave it out: `topo {}`", shlex::try_join(rest).unwrap_or_default())
                }
                None => LIST.to_owned(),
            }
        }
        file if is_topology_file(file) => format!("write a command before the file, as in `topo up {file}`"),
        _ => {
            let next = behind.next().map(String::as_str).unwrap_or_default();
            let both = format!("{typed} {next}");
            let known =
                COMMANDS.iter().find(|(names, _)| names.contains(&both.as_str()) || names.contains(&typed));
            let names = topo.get_subcommands().map(Command::get_name);
            match (known, closest(typed, names)) {
                (Some((_, help)), _) => help.replace("COMMAND", typed),
                (None, Some(closest)) => format!("did you mean `{closest}`?"),
                (None, None) => LIST.to_owned(),
            }
        }
    }
}

const LIST: &str = "`topo --help` lists the commands";

/// A value that is none of those that there are, or that is not understood.
fn bad_value(error: &Error) -> Option<UsageError> {
    // `--timeout <SECONDS>`; `<SHELL>`.
    let argument = named(error, ContextKind::InvalidArg)?;
    let value = named(error, ContextKind::InvalidValue)?;
    let (option, kind) = argument.split_once(' ').unwrap_or((&argument, &argument));
    let (option, kind) = (option.trim_matches(['<', '>']), kind.trim_matches(['<', '>', '[', ']', '.']));
    let choices = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(choices)) => choices.as_slice(),
        _ => &[],
    };
    let choice = || one_of(choices.iter().map(String::as_str));
    if value.is_empty() {
        let help = match (choices.is_empty(), kind.contains('|')) {
            (false, _) => format!("write {}", choice()),
            (true, true) => format!("write {}", one_of(kind.split('|'))),
            (true, false) => format!("write `{option} {kind}`"),
        };
        return Some(UsageError { message: format!("`{option}` needs a value"), help });
    }
    let (message, help) = match kind {
        "SECONDS" => (
            format!("`{value}` is not a number of seconds"),
            format!("write a whole number, as in `{option} 10`"),
        ),
        "NUMBER" => {
            (format!("`{value}` is not a number"), format!("write a whole number, as in `{option} 2`"))
        }
        _ => {
            let message = format!("`{option}` cannot be `{value}`");
            let closest = closest(&value, choices.iter().map(String::as_str));
            let help = match (closest, error.source()) {
                (Some(closest), _) => format!("did you mean `{closest}`?"),
                (None, Some(reason)) => reason.to_string(),
                (None, None) => format!("write {}", choice()),
            };
            (message, help)
        }
    };
    Some(UsageError { message, help })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(line: &str) -> UsageError {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let topo = crate::cli::command_line();
        let error = topo.clone().try_get_matches_from(&words).expect_err("it cannot be understood");
        UsageError::of(&error, &words[1..], &topo).expect("topo has words for it")
    }

    #[test]
    fn colours_that_were_typed_hold_for_a_line_that_is_not_understood() {
        let color = |line: &str| typed_color(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        for line in [
            "--color never up --foo",
            "up --foo --color=never",
            "--ansi never up --foo",
            "--ansi=never up --foo",
            "--color always up --foo --color never",
            "--color never --ansi always up --foo",
        ] {
            assert_eq!(color(line), ColorChoice::Never, "{line}");
        }
        assert_eq!(color("up --foo --color=always"), ColorChoice::Always);
        for line in ["up --foo", "up --color", "up --color no", "up --colors never"] {
            assert_eq!(color(line), ColorChoice::Auto, "{line}");
        }
    }

    #[test]
    fn what_compose_calls_otherwise_is_named() {
        for (line, wanted) in [
            ("topo --dry-run up", "`topo plan` shows"),
            ("topo down --dry-run", "`topo plan --down` shows"),
            ("topo up -y", "does not ask"),
            ("topo rm --yes", "`--force`"),
            ("topo --all-resources up", "after the command"),
            ("topo --context=far up", "`DOCKER_CONTEXT=server topo ps`"),
            ("topo compose -p x up -d", "`topo -p x up -d`"),
            ("topo docker compose ps", "`topo ps`"),
            ("topo docker compose -p x ps", "`topo -p x ps`"),
            ("topo docker inspect web", "`docker inspect`"),
            ("topo docker rmi web", "`topo down --rmi local`"),
            ("topo docker", "`topo --help`"),
            ("topo publish shop", "`docker compose publish`"),
            ("topo alpha viz", "`topo graph`"),
            ("topo alpha generate", "`docker compose alpha`"),
            ("topo network ls", "`docker network`"),
            ("topo shop.yaml", "`topo up shop.yaml`"),
        ] {
            let UsageError { help, .. } = mistake(line);
            assert!(help.contains(wanted), "{line}: {help}");
        }
    }

    #[test]
    fn the_closest_name_is_told_and_never_one_that_has_nothing_to_do_with_it() {
        assert_eq!(mistake("topo stpo").help, "did you mean `stop`?");
        assert_eq!(mistake("topo up --detahc").help, "did you mean `--detach`?");
        assert_eq!(mistake("topo up --halp").help, "did you mean `--help`?");
        assert_eq!(mistake("topo up --no-such-option").help, "`topo up --help` lists its options");
        assert_eq!(mistake("topo --build up").help, "write it after the command, as in `topo up --build`");
    }

    #[test]
    fn what_is_missing_too_much_or_at_odds_is_named() {
        let told = |line| {
            let UsageError { message, help } = mistake(line);
            format!("{message}: {help}")
        };
        assert_eq!(
            told("topo completion"),
            "`topo completion` needs SHELL: write `topo completion bash`, `topo completion elvish`, \
             `topo completion fish`, `topo completion powershell` or `topo completion zsh`"
        );
        assert!(
            told("topo config explain")
                .starts_with("`topo config explain` needs FILE|PATH: write it as in `topo config explain ")
        );
        assert_eq!(told("topo up -d -d"), "`--detach` is given more than once: leave one of them out");
        assert_eq!(told("topo up -d --wait-timeout 5"), "`--wait` is missing: `topo up --help` explains it");
        assert_eq!(
            told("topo ls web"),
            "`topo ls` does not take `web`: `topo ls --help` shows what it takes"
        );
        assert_eq!(
            told("topo up --build --no-build"),
            "`--build` cannot be used with `--no-build`: leave one of them out"
        );
    }

    #[test]
    fn a_switch_with_another_value_than_a_truth_is_named() {
        for (line, switch, value) in [
            ("topo up --detach=maybe", "--detach", "maybe"),
            ("topo config -q=yes", "-q", "yes"),
            ("topo logs -ft=yes", "-t", "yes"),
        ] {
            let UsageError { message, help } = mistake(line);
            assert_eq!(message, format!("`{switch}` cannot be `{value}`"));
            assert_eq!(help, format!("write `{switch}`, or `{switch}=false`"));
        }
    }

    #[test]
    fn a_value_is_told_with_what_is_expected() {
        let told = |line| {
            let UsageError { message, help } = mistake(line);
            format!("{message}: {help}")
        };
        assert_eq!(
            told("topo stop -t abc"),
            "`abc` is not a number of seconds: write a whole number, as in `--timeout 10`"
        );
        assert_eq!(
            told("topo stop -t 99999999999"),
            "`99999999999` is not a number of seconds: write a whole number, as in `--timeout 10`"
        );
        assert_eq!(
            told("topo logs --index x"),
            "`x` is not a number: write a whole number, as in `--index 2`"
        );
        assert_eq!(told("topo up --pull alway"), "`--pull` cannot be `alway`: did you mean `always`?");
        assert_eq!(told("topo down --rmi"), "`--rmi` needs a value: write `local` or `all`");
        assert_eq!(told("topo ps --format"), "`--format` needs a value: write `table`, `json` or `TEMPLATE`");
        assert_eq!(told("topo stop --timeout="), "`--timeout` needs a value: write `--timeout SECONDS`");
        assert_eq!(told("topo kill -s SIGHUB"), "`--signal` cannot be `SIGHUB`: did you mean `SIGHUP`?");
    }
}
