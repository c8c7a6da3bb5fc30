//! What is said when a command needs a service, and none is named, or one that is not there.

use crate::cli::arguments::global::Global;
use crate::cli::arguments::invocation::Invocation;
use crate::cli::error::CliError;
use crate::cli::topology::declared;
use crate::cli::topology::unreadable::topology_meant;
use crate::diagnostic::suggest::{all_of, closest};
use crate::source::Remote;

/// The most services that are listed.
const LISTED: usize = 12;

/// A service is to be named: how, and which there are. `words` is what is typed behind the command,
/// with `SERVICE` for a service.
pub(crate) fn none_is_named(global: &Global, command: &str, words: &str) -> CliError {
    let names = declared::services(global);
    let words = words.replace("SERVICE", names.first().map_or("web", String::as_str));
    let example = format!("write `{} {words}`", global.command(command));
    let help: Vec<String> = std::iter::once(example).chain(listed(&names)).collect();
    CliError::usage("no service is named").help(help.join("; "))
}

/// `--exclude` leaves nothing to do anything to.
pub(crate) fn none_is_left() -> CliError {
    CliError::usage("no service is left: all of them are excluded").help("leave one `--exclude` out")
}

/// No service has this name; the help says which there are.
pub(crate) fn unknown(name: &str, names: &[String]) -> CliError {
    let closest = closest(name, names.iter().map(String::as_str));
    let meant = closest.map(|name| format!("did you mean `{name}`?")).or_else(|| meant_instead(name, names));
    // The only one needs no list beside it.
    let others = listed(names).filter(|_| meant.is_none() || names.len() > 1);
    let help: Vec<String> = meant.into_iter().chain(others).collect();
    let help = Some(help.join("; ").replace("?; ", "? ")).filter(|help| !help.is_empty());
    CliError::usage(format!("no service is named `{name}`")).perhaps_help(help)
}

/// What was probably meant by a word that stands where a service is expected, other than a service.
pub(crate) fn meant_instead(word: &str, names: &[String]) -> Option<String> {
    let apart: Vec<&str> = word.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let is_list = word.contains(',') && apart.iter().all(|name| names.iter().any(|known| known == name));
    match word {
        "help" => Some("did you mean `--help`?".to_owned()),
        _ if is_plan() && closest(word, ["down"]).is_some() => Some("did you mean `--down`?".to_owned()),
        _ if is_plan() && closest(word, PLANNED).is_some() => {
            Some(format!("a plan is always for `up`: leave out `{word}`"))
        }
        _ if is_of_config() && is_command(word) => Some(format!("did you mean `topo {word}`?")),
        _ if is_list => Some(format!("separate them: `{}`", apart.join(" "))),
        _ => of_another_machine(word).or_else(|| topology_meant(word)),
    }
}

/// What is planned anyway.
const PLANNED: [&str; 2] = ["up", "plan"];

fn of_another_machine(word: &str) -> Option<String> {
    Some(format!("topo fetches no files: {}", Remote::parse(word)?.help(word)))
}

/// Whether this process was asked for a plan, which takes `--down` and no `down`.
fn is_plan() -> bool {
    Invocation::of_process().words.iter().any(|word| word == "plan")
}

/// Whether this process was asked for the canonical form, behind which further commands of topo are tried.
fn is_of_config() -> bool {
    Invocation::of_process().words.iter().any(|word| word == "config" || word == "convert")
}

fn is_command(word: &str) -> bool {
    crate::cli::command_line().find_subcommand(word).is_some()
}

/// `services here: ...`; nothing where there is none.
fn listed(names: &[String]) -> Option<String> {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    match names.len() {
        0 => None,
        1..=LISTED => Some(format!("services here: {}", all_of(names))),
        count => {
            let first: Vec<String> = names[..LISTED].iter().map(|name| format!("`{name}`")).collect();
            Some(format!("services here: {} and {} more", first.join(", "), count - LISTED))
        }
    }
}
