//! In: a command line of Docker Compose. Out: the same command line, as topo takes it.
//!
//! topo has nearly all of Docker Compose's options itself. The others have no effect in Docker Compose 2.40 either, ask
//! not to be asked, or are former names; scripts have them.

use std::ffi::OsString;

use clap::{Arg, Command};

use crate::cli::arguments::{self, Width};

/// What becomes of an option that only Docker Compose has.
enum Becomes {
    /// It is left out; the reason.
    Nothing(&'static str),
    /// Other words say it.
    Words(&'static [&'static str]),
    /// It stands behind the command, where that has it.
    Behind,
}

/// An option's names, the commands that have it (none: it stands before the command), and what becomes of it.
const OPTIONS: &[(&[&str], &[&str], Becomes)] = &[
    (&["-y", "--yes"], &["up", "create"], Becomes::Nothing("topo asks nothing here")),
    (&["-a", "--all"], &["rm"], Becomes::Nothing("it has no effect in Docker Compose either")),
    (
        &["--compress", "--force-rm", "--no-rm"],
        &["build"],
        Becomes::Nothing("it has no effect in Docker Compose either"),
    ),
    (&["--no-parallel"], &["pull"], Becomes::Nothing("it has no effect in Docker Compose either")),
    (&["--verbose"], &[], Becomes::Nothing("`--progress plain` shows each thing that happens")),
    (&["--no-ansi"], &[], Becomes::Words(&["--ansi", "never"])),
    (&["--all-resources"], &[], Becomes::Behind),
    (&["--workdir"], &[], Becomes::Words(&["--project-directory"])),
    (&["--version", "-v"], &[], Becomes::Words(&["version"])),
];

/// The words as topo takes them, and what is to be said about those that are left out.
pub(crate) fn as_topo_takes_them(words: Vec<OsString>, topo: &Command) -> (Vec<OsString>, Vec<String>) {
    let mut taken: Vec<OsString> = Vec::with_capacity(words.len());
    let mut notes = Vec::new();
    let mut behind: Vec<String> = Vec::new();
    let mut words = words.into_iter();
    taken.extend(words.next());
    let mut command: Option<&Command> = None;
    while let Some(word) = words.next() {
        let text = word.to_str().unwrap_or_default();
        match becomes(text, command) {
            Some(Becomes::Nothing(reason)) => notes.push(format!("`{text}` has no effect: {reason}")),
            Some(Becomes::Behind) => behind.push(text.to_owned()),
            Some(Becomes::Words(others)) => taken.extend(others.iter().map(OsString::from)),
            None => {
                let width = arguments::option(text, command.unwrap_or(topo));
                taken.push(word);
                match width {
                    Some(Width::WithValue) => taken.extend(words.next()),
                    Some(Width::Alone) => {}
                    // After the service of `exec` and `run` the words are those of a program.
                    None if command.is_some_and(arguments::takes_a_command_line) => break,
                    None => {
                        let name = taken.last().and_then(|word| word.to_str()).unwrap_or_default();
                        let begun = command.is_none();
                        command = command.or_else(|| topo.find_subcommand(name));
                        let options = command.into_iter().flat_map(Command::get_arguments);
                        let options: Vec<&str> = options.filter_map(Arg::get_long).collect();
                        let has_it = |word: &&String| options.contains(&word.trim_start_matches('-'));
                        taken.extend(behind.iter().filter(|_| begun).filter(has_it).map(OsString::from));
                    }
                }
            }
        }
    }
    taken.extend(words);
    (taken, notes)
}

fn becomes(word: &str, command: Option<&Command>) -> Option<&'static Becomes> {
    let is_about = |commands: &[&str]| match command {
        None => commands.is_empty(),
        Some(command) => commands.contains(&command.get_name()),
    };
    let known = OPTIONS.iter().find(|(names, commands, _)| names.contains(&word) && is_about(commands));
    known.map(|(_, _, becomes)| becomes)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    fn taken(line: &str) -> (String, Vec<String>) {
        let words = line.split(' ').map(OsString::from).collect();
        let (words, notes) = as_topo_takes_them(words, &crate::cli::command_line());
        (words.join(OsStr::new(" ")).into_string().unwrap(), notes)
    }

    #[test]
    fn what_topo_has_not_is_left_out_or_said_in_other_words() {
        for (line, wanted) in [
            ("docker-compose -p x up -y -d web", "docker-compose -p x up -d web"),
            ("docker-compose up -d --yes", "docker-compose up -d"),
            ("docker-compose --verbose ps", "docker-compose ps"),
            (
                "docker-compose --no-ansi --workdir a ps",
                "docker-compose --ansi never --project-directory a ps",
            ),
            ("docker-compose --all-resources up -d", "docker-compose up --all-resources -d"),
            ("docker-compose --all-resources ps", "docker-compose ps"),
            ("docker-compose build --force-rm --compress web", "docker-compose build web"),
            ("docker-compose rm -a -f", "docker-compose rm -f"),
            ("docker-compose --version", "docker-compose version"),
            ("docker-compose -v", "docker-compose version"),
        ] {
            assert_eq!(taken(line).0, wanted, "{line}");
        }
        assert_eq!(taken("docker-compose up -y").1, ["`-y` has no effect: topo asks nothing here"]);
    }

    #[test]
    fn values_and_the_words_of_a_program_stay() {
        for line in [
            "docker-compose -p --verbose up",
            "docker-compose run --rm web apt install -y curl",
            "docker-compose exec -T web ls --all",
            "docker-compose ps -a",
            "docker-compose down -v",
            "docker-compose rm -s -v",
        ] {
            assert_eq!(taken(line), (line.to_owned(), Vec::new()), "{line}");
        }
    }
}
