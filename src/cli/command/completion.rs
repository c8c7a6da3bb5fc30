//! `topo completion`, and what a shell gets when it asks topo to complete a command line.
//!
//! The script that a shell loads asks topo itself at every Tab, with [`VARIABLE`] in the environment: so
//! the services of the topology complete as well.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{Arg, Args, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter};
use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};

use crate::cli::declared;
use crate::cli::exit::Exit;
use crate::cli::global::{Global, is_topology_file};
use crate::diagnostic::code;

/// Print a script that completes commands, options and services in a shell.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  topo completion bash > ~/.local/share/bash-completion/completions/topo\n  \
                        topo completion fish > ~/.config/fish/completions/topo.fish\n  \
                        topo completion powershell >> $PROFILE"
)]
pub struct Options {
    /// The shell
    shell: Shell,
    #[command(flatten)]
    global: Global,
}

/// Names the shell that asks topo to complete a command line.
const VARIABLE: &str = "TOPO_COMPLETE";

pub fn run(global: Global, options: Options) -> Result<Exit, Exit> {
    let output = global.merged(options.global).output();
    let shells = Shells::builtins();
    let shell = shells.completer(&options.shell.to_string()).expect("every shell that can be named is there");
    let mut script = Vec::new();
    shell
        .write_registration(VARIABLE, "topo", "topo", "topo", &mut script)
        .expect("memory can be written to");
    output.print(&String::from_utf8_lossy(&script));
    Ok(Exit::Success)
}

/// Completes a command line, when a shell asks for that and nothing else; true then.
pub fn answer(words: &[OsString]) -> bool {
    let here = std::env::current_dir().ok();
    let complete = CompleteEnv::with_factory(|| with_names(crate::cli::command_line())).var(VARIABLE);
    // A command line that cannot be completed is left to who types it.
    complete.try_complete(words, here.as_deref()).unwrap_or(true)
}

/// The command line, with the topology's services where a service is expected, and other names where those
/// are.
fn with_names(command: Command) -> Command {
    let command = command.mut_args(|argument| match completer(&argument) {
        Some(completer) => argument.add(completer),
        None => argument,
    });
    command.mut_subcommands(with_names)
}

fn completer(argument: &Arg) -> Option<ArgValueCompleter> {
    match argument.get_id().as_str() {
        "code" => Some(ArgValueCompleter::new(codes)),
        "profiles" => Some(ArgValueCompleter::new(profiles)),
        _ => Expected::by(argument).map(ArgValueCompleter::new),
    }
}

/// The codes of findings, for `explain`.
fn codes(current: &OsStr) -> Vec<CompletionCandidate> {
    let begin = current.to_string_lossy();
    let codes = code::ALL.iter().filter(|code| code.name().starts_with(&*begin));
    codes.map(|code| CompletionCandidate::new(code.name())).collect()
}

fn profiles(current: &OsStr) -> Vec<CompletionCandidate> {
    let begin = current.to_string_lossy();
    let global = global_of(&words());
    let names = if is_readable(&global) { declared::profiles(&global) } else { Default::default() };
    names.into_iter().filter(|name| name.starts_with(&*begin)).map(CompletionCandidate::new).collect()
}

/// Standard input is the shell's.
fn is_readable(global: &Global) -> bool {
    !global.files.iter().any(|file| file == "-")
}

/// What is expected at one place of a command line.
struct Expected {
    /// Whether a topology may stand there, too.
    is_file: bool,
    /// What follows the service at once.
    behind: &'static str,
}

impl Expected {
    fn by(argument: &Arg) -> Option<Self> {
        let name = argument.get_value_names()?.first()?;
        let behind = if name.contains("SERVICE=") { "=" } else { "" };
        let is_expected = name.contains("SERVICE") || (name.contains("FILE") && argument.is_positional());
        is_expected.then_some(Self { is_file: argument.is_positional(), behind })
    }
}

impl ValueCompleter for Expected {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let begin = current.to_string_lossy();
        let global = global_of(&words());
        let names = if is_readable(&global) { declared::services(&global) } else { Vec::new() };
        let services = names.iter().filter(|name| name.starts_with(&*begin));
        let services = services.map(|name| CompletionCandidate::new(format!("{name}{}", self.behind)));
        let is_shown = |path: &std::path::Path| path.is_dir() || is_topology_file(&path.to_string_lossy());
        let files = match self.is_file {
            true => PathCompleter::any().filter(is_shown).complete(current),
            false => Vec::new(),
        };
        services.chain(files).collect()
    }
}

/// The words of the command line that is completed: those behind `--`.
fn words() -> Vec<String> {
    let words = std::env::args_os().skip_while(|word| word != "--").skip(1);
    words.map(|word| word.to_string_lossy().into_owned()).collect()
}

/// Which topology a command line that is not finished yet is about.
fn global_of(words: &[String]) -> Global {
    let mut global = Global::default();
    let mut words = words.iter().map(String::as_str).skip(1);
    while let Some(word) = words.next() {
        let (option, value) =
            word.split_once('=').map_or((word, None), |(option, value)| (option, Some(value)));
        let mut value = || value.or_else(|| words.next()).map(PathBuf::from);
        match option {
            "--env-file" => global.env_files.extend(value()),
            "--project-directory" => global.project_directory = value(),
            "--file" => global.files.extend(value()),
            // `-f` in front of a topology is the same as nothing.
            _ if is_topology_file(word) => global.files.push(PathBuf::from(word)),
            _ => {}
        }
    }
    global
}

#[cfg(test)]
mod tests {
    use super::*;

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
