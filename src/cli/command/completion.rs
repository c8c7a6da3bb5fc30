//! `topo completion`, and what a shell gets when it asks topo to complete a command line.
//!
//! The script that a shell loads asks topo itself at every Tab, with [`VARIABLE`] in the environment: so
//! the services of the topology complete as well.

mod line;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Arg, Args, Command};
use clap_complete::Shell;
use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter, complete,
};

use crate::cli::arguments;
use crate::cli::arguments::global::{Global, is_topology_file};
use crate::cli::arguments::settings::{ColorChoice, Settings};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::output::Output;
use crate::cli::topology::declared;
use crate::lint;
use line::Line;

/// Print a script that completes commands, options and services in a shell.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  topo completion bash > ~/.local/share/bash-completion/completions/topo\n  \
                        topo completion zsh > \"${fpath[1]}/_topo\"\n  \
                        topo completion fish > ~/.config/fish/completions/topo.fish\n  \
                        topo completion powershell >> $PROFILE\n  \
                        topo completion elvish >> ~/.config/elvish/rc.elv"
)]
pub(crate) struct CompletionArgs {
    /// The shell
    shell: Shell,
    #[command(flatten)]
    global: Global,
}

/// Names the shell that asks topo to complete a command line.
const VARIABLE: &str = "TOPO_COMPLETE";
/// Says which of the words is to be completed, from 0; without it the last one is.
const INDEX: &str = "TOPO_COMPLETE_INDEX";

pub(crate) fn run(global: &mut Global, options: CompletionArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    let output = global.output();
    output.print(match options.shell {
        Shell::Bash => include_str!("completion/topo.bash"),
        Shell::Elvish => include_str!("completion/topo.elv"),
        Shell::Fish => include_str!("completion/topo.fish"),
        Shell::PowerShell => include_str!("completion/topo.ps1"),
        Shell::Zsh => include_str!("completion/topo.zsh"),
        // The list of shells may grow.
        shell => return Err(CliError::usage(format!("{shell} has no completion"))),
    })?;
    Ok(Exit::Success)
}

/// Completes a command line, when a shell asks for that and nothing else; true then.
///
/// Each candidate is a line: its value and, for the shells that show it, a tab and what it is.
pub(crate) fn answer(words: &[OsString]) -> Result<bool, CliError> {
    let Some(shell) = std::env::var(VARIABLE).ok().filter(|shell| !shell.is_empty()) else {
        return Ok(false);
    };
    let index = std::env::var(INDEX).ok().and_then(|index| index.parse().ok());
    let words = words.iter().skip_while(|word| *word != "--").skip(1);
    let words = words.map(|word| word.to_string_lossy().into_owned()).collect();
    let line = match shell.as_str() {
        "bash" => Line::in_pieces(words, index),
        "zsh" => Line::as_written(words, index),
        _ => Line::as_meant(words, index),
    };
    let is_described = matches!(shell.as_str(), "fish" | "powershell" | "zsh");
    Output::new(ColorChoice::Never, &Settings::default()).print(&candidates(&line, is_described))?;
    Ok(true)
}

/// What may stand in the place of the word that is completed.
fn candidates(line: &Line, is_described: bool) -> String {
    let here = std::env::current_dir().ok();
    let mut topo = with_names(crate::cli::command_line(), &Arc::new(global_of(&line.words)));
    let mut words: Vec<OsString> = line.words.iter().map(OsString::from).collect();
    // What is run in a container is known there, and not here.
    if arguments::start_of_command_line(&words, &topo).is_some_and(|start| line.index >= start) {
        return String::new();
    }
    // Behind `-` an option would be one letter where it has one.
    if let Some(word) = words.get_mut(line.index).filter(|word| *word == "-") {
        word.push("-");
    }
    // A command line that cannot be completed is left to who types it.
    let mut candidates = complete(&mut topo, words, line.index, here.as_deref()).unwrap_or_default();
    // CompletionArgs would hide the few words that are meant mostly.
    let begins_an_option = line.words.get(line.index).is_some_and(|word| word.starts_with('-'));
    candidates
        .retain(|candidate| begins_an_option || !candidate.get_value().to_string_lossy().starts_with('-'));
    let mut shown = String::new();
    for candidate in candidates {
        let value = candidate.get_value().to_string_lossy();
        // The folder where one is needs no Tab.
        if value == "." {
            continue;
        }
        shown += value.strip_prefix(&line.kept).unwrap_or(&value);
        let help = candidate.get_help().filter(|_| is_described).map(ToString::to_string);
        if let Some(first) = help.as_deref().and_then(|help| help.lines().next()) {
            shown += &format!("\t{first}");
        }
        shown.push('\n');
    }
    shown
}

/// The command line, with the topology's services where a service is expected, and other names where those
/// are.
fn with_names(command: Command, global: &Arc<Global>) -> Command {
    let command = command.mut_args(|argument| match completer(&argument, global) {
        Some(completer) => argument.add(completer),
        None => argument,
    });
    command.mut_subcommands(|command| with_names(command, global))
}

fn completer(argument: &Arg, global: &Arc<Global>) -> Option<ArgValueCompleter> {
    let about = Arc::clone(global);
    match argument.get_id().as_str() {
        "code" => Some(ArgValueCompleter::new(codes)),
        "command" => Some(ArgValueCompleter::new(commands)),
        "profiles" => Some(ArgValueCompleter::new(move |begin: &OsStr| profiles(begin, &about))),
        "project_directory" => Some(ArgValueCompleter::new(PathCompleter::dir())),
        _ => Expected::by(argument, about).map(ArgValueCompleter::new),
    }
}

/// The codes of findings, for `explain`.
fn codes(current: &OsStr) -> Vec<CompletionCandidate> {
    let begin = current.to_string_lossy();
    let codes = lint::codes().filter(|code| code.name().starts_with(&*begin));
    codes.map(|code| CompletionCandidate::new(code.name())).collect()
}

/// The commands, for `man`.
fn commands(current: &OsStr) -> Vec<CompletionCandidate> {
    let (begin, topo) = (current.to_string_lossy(), crate::cli::command_line());
    let commands = topo.get_subcommands().map(Command::get_name).filter(|name| name.starts_with(&*begin));
    commands.map(CompletionCandidate::new).collect()
}

fn profiles(current: &OsStr, global: &Global) -> Vec<CompletionCandidate> {
    let begin = current.to_string_lossy();
    let names = if is_readable(global) { declared::profiles(global) } else { Default::default() };
    names.into_iter().filter(|name| name.starts_with(&*begin)).map(CompletionCandidate::new).collect()
}

/// Standard input is the shell's.
fn is_readable(global: &Global) -> bool {
    !global.files.iter().any(|file| file == "-")
}

/// What is expected at one place of a command line.
struct Expected {
    /// What follows a service at once; nothing when no service is expected.
    behind_service: Option<&'static str>,
    /// Whether the path of a value is expected: `services.web.image`.
    takes_path: bool,
    files: Files,
    global: Arc<Global>,
}

/// The files that may stand at a place.
#[derive(Clone, Copy)]
enum Files {
    None,
    Topologies,
    Any,
}

impl Expected {
    fn by(argument: &Arg, global: Arc<Global>) -> Option<Self> {
        let name = argument.get_value_names()?.first()?;
        let is_copied = name.contains("FROM");
        let behind_service = match () {
            _ if is_copied => Some(":"),
            _ if name.contains("SERVICE=") => Some("="),
            _ => name.contains("SERVICE").then_some(""),
        };
        let files = match () {
            _ if is_copied || argument.get_long() == Some("file") => Files::Any,
            _ if name.contains("FILE") && argument.is_positional() => Files::Topologies,
            _ if name.contains("SERVICE") && argument.is_positional() => Files::Topologies,
            _ => Files::None,
        };
        let takes_path = name.contains("PATH") && argument.is_positional();
        let is_expected = behind_service.is_some() || !matches!(files, Files::None);
        is_expected.then_some(Self { behind_service, takes_path, files, global })
    }
}

impl ValueCompleter for Expected {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let begin = current.to_string_lossy();
        let behind = self.behind_service.filter(|_| is_readable(&self.global));
        let mut names = behind.map_or(Vec::new(), |_| declared::services(&self.global));
        names.retain(|name| name.starts_with(&*begin));
        if self.takes_path && is_readable(&self.global) {
            names.extend(declared::paths(&self.global, &begin));
        }
        // A folder with the name of a service would stand in its way.
        let shows_folders = names.is_empty() || begin.contains('/');
        let names = names
            .iter()
            .map(|name| CompletionCandidate::new(format!("{name}{}", behind.unwrap_or_default())));
        let is_shown = |path: &std::path::Path| path.is_dir() || is_topology_file(&path.to_string_lossy());
        let mut files = match self.files {
            Files::None => Vec::new(),
            Files::Topologies => PathCompleter::any().filter(is_shown).complete(current),
            Files::Any => PathCompleter::any().complete(current),
        };
        if matches!(self.files, Files::Topologies) && !shows_folders {
            files.retain(|file| !file.get_value().to_string_lossy().ends_with('/'));
        }
        if self.behind_service != Some(":") {
            // The folder itself is no topology; but it can be copied.
            files.retain(|file| file.get_value() != ".");
        }
        names.chain(files).collect()
    }
}

/// Which topology a command line that is not finished yet is about.
fn global_of(words: &[String]) -> Global {
    let mut global = Global::default();
    let mut words = words.iter().map(String::as_str).skip(1);
    while let Some(word) = words.next() {
        let (option, value) =
            word.split_once('=').map_or((word, None), |(option, value)| (option, Some(value)));
        let mut value = || value.or_else(|| words.next()).map(at_home);
        match option {
            "--env-file" => global.env_files.extend(value()),
            "--project-directory" => global.project_directory = value(),
            "--file" => global.files.extend(value()),
            // `-f` in front of a topology is the same as nothing.
            _ if is_topology_file(word) => global.files.push(at_home(word)),
            _ => {}
        }
    }
    global
}

/// The path that a word means: a shell has not replaced its `~` yet.
fn at_home(word: &str) -> PathBuf {
    match (word.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_itself_is_no_topology() {
        let topo = crate::cli::command_line();
        let file = topo.get_arguments().find(|argument| argument.get_long() == Some("file"));
        let files = Expected::by(file.expect("topo has it"), Arc::new(Global::default()));
        let offered = files.expect("files are expected").complete(OsStr::new(""));
        assert!(offered.iter().any(|file| file.get_value() == "src/"), "{offered:?}");
        assert!(!offered.iter().any(|file| file.get_value() == "."), "{offered:?}");
    }

    #[test]
    fn an_unfinished_command_line_says_which_topology_it_is_about() {
        let about = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let Global { files, env_files, project_directory, .. } = global_of(&words);
            (files, env_files, project_directory)
        };
        let path = PathBuf::from;
        assert_eq!(about("topo up shop.yaml we"), (vec![path("shop.yaml")], vec![], None));
        assert_eq!(about("topo -f a.yml --file=b logs "), (vec![path("a.yml"), path("b")], vec![], None));
        assert_eq!(
            about("topo --env-file x --project-directory=y ps "),
            (vec![], vec![path("x")], Some(path("y")))
        );
    }
}
