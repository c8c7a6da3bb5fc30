//! In: the words of the command line. Out: the same words, as clap takes them.
//!
//! `topo exec FILE -T web ls -l`: everything up to the service is topo's, everything after it is the
//! command's, options too. For clap the command begins at the first word that is no option; so a file
//! before the service becomes `--file FILE`. A switch may have a value: see [`switches`].

pub(super) mod environment;
pub(super) mod excluded;
pub(super) mod global;
pub(super) mod invocation;
pub(super) mod overview;
pub(super) mod settings;
mod switches;
pub(super) mod typed;
pub(super) mod usage;

use std::ffi::OsString;

use clap::{Arg, Command};

use crate::cli::arguments::global::is_topology_file;

/// The commands that take a service and a command line.
const WITH_A_COMMAND_LINE: [&str; 2] = ["exec", "run"];

/// Makes options of the files before a service, in the commands that take a command line, and plain
/// switches of those with a value.
pub(crate) fn prepared(words: Vec<OsString>, topo: fn() -> Command) -> Vec<OsString> {
    // What clap knows of all commands takes a while to put together: most command lines need it only once.
    let has_a_command_line = words.iter().any(|word| WITH_A_COMMAND_LINE.iter().any(|name| word == name));
    let has_value =
        |word: &OsString| word.to_str().is_some_and(|word| word.starts_with('-') && word.contains('='));
    let may_have_switches = words.iter().any(has_value);
    if !has_a_command_line && !may_have_switches {
        return words;
    }
    let topo = &topo();
    let words = if has_a_command_line { with_files_as_options(words, topo) } else { words };
    if may_have_switches { switches::plain(words, topo) } else { words }
}

fn with_files_as_options(mut words: Vec<OsString>, topo: &Command) -> Vec<OsString> {
    let Some((command, mut at)) = command_with_words(&words, topo) else { return words };
    while words.get(at).and_then(|word| word.to_str()).is_some_and(is_topology_file) {
        words.insert(at, OsString::from("--file"));
        at = first_plain(&words, at + 2, command);
    }
    words
}

/// Where the command line begins that is run in a container: behind the service.
pub(crate) fn start_of_command_line(words: &[OsString], topo: &Command) -> Option<usize> {
    let (command, mut at) = command_with_words(words, topo)?;
    while words.get(at).and_then(|word| word.to_str()).is_some_and(is_topology_file) {
        at = first_plain(words, at + 1, command);
    }
    Some(at + 1)
}

/// The command that takes a command line, and its first word that is no option.
fn command_with_words<'t>(words: &[OsString], topo: &'t Command) -> Option<(&'t Command, usize)> {
    let at = first_plain(words, 1, topo);
    let name = words.get(at)?.to_str().filter(|name| WITH_A_COMMAND_LINE.contains(name))?;
    let command = topo.find_subcommand(name)?;
    Some((command, first_plain(words, at + 1, command)))
}

/// The first word from `at` on that is neither an option nor the value of one.
fn first_plain(words: &[OsString], mut at: usize, command: &Command) -> usize {
    while let Some(word) = words.get(at).and_then(|word| word.to_str()) {
        at += match option(word, command) {
            None => return at,
            Some(Width::Alone) => 1,
            Some(Width::WithValue) => 2,
        };
    }
    at
}

/// How many words an option takes.
pub(crate) enum Width {
    Alone,
    WithValue,
}

/// Nothing for a word that is no option. One that nobody knows stands alone: clap will refuse it.
pub(crate) fn option(word: &str, command: &Command) -> Option<Width> {
    if let Some(long) = word.strip_prefix("--") {
        // After `--` nothing is an option.
        let is_named = |arg: &&Arg| {
            arg.get_long() == Some(long) || arg.get_all_aliases().is_some_and(|names| names.contains(&long))
        };
        return (!long.is_empty())
            .then(|| command.get_arguments().find(is_named).map_or(Width::Alone, width));
    }
    let letters = word.strip_prefix('-').filter(|letters| !letters.is_empty())?;
    let arg = |letter| command.get_arguments().find(|arg| arg.get_short() == Some(letter));
    // `-Tu root`: the first letter with a value takes the rest of the word, or the next word.
    // `-T=true`: what follows `=` are no letters.
    let with_value = letters
        .char_indices()
        .take_while(|(_, letter)| *letter != '=')
        .find(|(_, letter)| arg(*letter).is_some_and(takes_value));
    let is_last = with_value.is_some_and(|(start, letter)| start + letter.len_utf8() == letters.len());
    Some(if is_last { Width::WithValue } else { Width::Alone })
}

/// Whether the words of a program follow in a command, as in `exec` and `run`.
pub(crate) fn takes_a_command_line(command: &Command) -> bool {
    command.get_positionals().any(Arg::is_trailing_var_arg_set)
}

fn width(arg: &Arg) -> Width {
    if takes_value(arg) { Width::WithValue } else { Width::Alone }
}

fn takes_value(arg: &Arg) -> bool {
    arg.get_action().takes_values() && !arg.is_require_equals_set()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepare(line: &str) -> String {
        let words = line.split(' ').map(OsString::from).collect();
        let prepared = prepared(words, crate::cli::command_line);
        prepared.join(std::ffi::OsStr::new(" ")).into_string().unwrap()
    }

    #[test]
    fn a_file_before_the_service_is_an_option() {
        for (line, wanted) in [
            ("topo exec a.yaml web ls", "topo exec --file a.yaml web ls"),
            ("topo -p x exec -T a.yaml -u root web ls", "topo -p x exec -T --file a.yaml -u root web ls"),
            ("topo exec -Tu root a.yml b.yaml web", "topo exec -Tu root --file a.yml --file b.yaml web"),
            ("topo run --rm -i=false a.yaml web", "topo run --rm --interactive=false --file a.yaml web"),
        ] {
            assert_eq!(prepare(line), wanted);
        }
    }

    #[test]
    fn the_values_of_options_and_the_words_of_the_command_stay() {
        for line in [
            "topo exec -w a.yaml web ls",
            "topo exec --workdir a.yaml web ls",
            "topo exec web cat b.yaml",
            "topo exec web -u a.yaml",
            "topo exec -- a.yaml ls",
            "topo up a.yaml",
            "topo",
        ] {
            assert_eq!(prepare(line), line);
        }
    }
}
