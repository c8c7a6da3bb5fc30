//! In: the words of the command line. Out: the same words, where `--detach=true` is `--detach`, and
//! `--detach=false` is nothing.
//!
//! Every switch of Docker Compose takes `=true` and `=false`, and scripts write them. clap knows a switch
//! that stands alone, or one that always takes a value: so the words are put right before it reads them.

use std::any::TypeId;
use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};

use super::{Width, option, takes_a_command_line};

/// Puts the switches right that have a value, up to `--` or a command line of `exec` or `run`.
pub(super) fn plain(words: Vec<OsString>, topo: &Command) -> Vec<OsString> {
    let mut read: Vec<OsString> = Vec::with_capacity(words.len());
    let mut words = words.into_iter();
    read.extend(words.next());
    let mut command = topo;
    while let Some(word) = words.next() {
        let Some(text) = word.to_str() else {
            read.push(word);
            continue;
        };
        match option(text, command) {
            Some(Width::WithValue) => {
                read.push(word);
                read.extend(words.next());
            }
            Some(Width::Alone) => match Switch::of(text, command) {
                Some(switch) => switch.put_into(&mut read),
                None => read.push(word),
            },
            None => {
                let subcommand = command.find_subcommand(text);
                // What follows here is the command's.
                let is_over = subcommand.is_none() && (text == "--" || takes_a_command_line(command));
                command = subcommand.unwrap_or(command);
                read.push(word);
                if is_over {
                    break;
                }
            }
        }
    }
    read.extend(words);
    read
}

/// A switch with a value that is understood.
struct Switch<'a> {
    /// The word up to the `=`.
    name: &'a str,
    is_on: bool,
    /// Whether clap takes a value here: the switch is on without a word.
    takes_value: bool,
    /// Its name in full.
    long: Option<String>,
}

impl<'a> Switch<'a> {
    fn of(word: &'a str, command: &Command) -> Option<Self> {
        let (name, value) = word.split_once('=')?;
        let is_on = truth(value)?;
        // Not among the arguments: clap adds it when it reads the words.
        if matches!(name, "--help" | "-h") {
            return Some(Self { name, is_on, takes_value: false, long: None });
        }
        let arg = match name.strip_prefix("--") {
            Some(long) => command.get_arguments().find(|arg| is_called(arg, long)),
            // Of several letters the last one has the value.
            None => {
                let letter = name.chars().next_back()?;
                command.get_arguments().find(|arg| arg.get_short() == Some(letter))
            }
        }?;
        let takes_value = arg.get_value_parser().type_id() == TypeId::of::<bool>();
        let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
        let long = arg.get_long().map(str::to_owned);
        (is_switch || takes_value).then_some(Self {
            name,
            is_on,
            takes_value: takes_value && !is_switch,
            long,
        })
    }

    fn put_into(self, words: &mut Vec<OsString>) {
        let Self { name, is_on, takes_value, long } = self;
        match (takes_value, is_on) {
            // Before a command line clap takes `-T=true` for a word of it: `=` is no letter that it knows.
            (true, _) if !name.starts_with("--") && long.is_some() => {
                if name.chars().count() > 2 {
                    words.push(name[..name.len() - 1].into());
                }
                words.push(format!("--{}={is_on}", long.unwrap_or_default()).into());
            }
            (true, _) => words.push(format!("{name}={is_on}").into()),
            (false, true) => words.push(name.into()),
            // `-dT=false` is `-d`.
            (false, false) if !name.starts_with("--") && name.chars().count() > 2 => {
                words.push(name[..name.len() - 1].into());
            }
            // The last word counts.
            (false, false) => words.retain(|word| word != name),
        }
    }
}

fn is_called(arg: &Arg, long: &str) -> bool {
    arg.get_long() == Some(long) || arg.get_all_aliases().is_some_and(|names| names.contains(&long))
}

/// What Go takes for a truth value.
fn truth(value: &str) -> Option<bool> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> String {
        let words = line.split(' ').map(OsString::from).collect();
        let read = plain(words, &crate::cli::command_line());
        read.join(std::ffi::OsStr::new(" ")).into_string().unwrap()
    }

    #[test]
    fn a_switch_takes_a_truth_value() {
        for (line, wanted) in [
            ("topo up --detach=true --wait=false", "topo up --detach"),
            ("topo -p x up -d=1 --build=T a.yaml", "topo -p x up -d --build a.yaml"),
            ("topo up --detach --detach=False", "topo up"),
            ("topo logs -ft=f web", "topo logs -f web"),
            ("topo watch --prune=0", "topo watch --prune=false"),
            ("topo run -T=true --rm=true web sh", "topo run --no-tty=true --rm web sh"),
            ("topo run --rm -T=true db echo oi", "topo run --rm --no-tty=true db echo oi"),
            ("topo up --menu=t", "topo up --menu=true"),
            ("topo exec -T=1 db echo oi", "topo exec --no-tty=true db echo oi"),
            ("topo exec -it=f db echo oi", "topo exec -i --tty=false db echo oi"),
            ("topo up --help=false -d", "topo up -d"),
            ("topo up -h=1", "topo up -h"),
        ] {
            assert_eq!(read(line), wanted, "{line}");
        }
    }

    #[test]
    fn what_is_no_switch_of_topo_stays() {
        for line in [
            "topo exec web ls --all=true",
            "topo run --rm web up --detach=true",
            "topo up -- --detach=true",
            "topo up -p --wait=true",
            "topo up --detach=maybe",
            "topo up --timeout=1",
            "topo run -e A=true web",
            "topo up --no-such=true",
        ] {
            assert_eq!(read(line), line);
        }
    }
}
