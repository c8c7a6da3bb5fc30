//! In: the command line. Out: the stages called in order, words, and an exit code.
//! Must not: hold logic that a stage could hold.
//!
//! [`command`] has a file for each command. What stands beside it is what several of them need.

mod arguments;
mod attached;
mod command;
mod engine;
mod error;
mod exit;
mod io;
mod list;
pub mod on_engine;
mod process;
mod topology;
mod trace;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use arguments::global::Global;
use arguments::invocation::Invocation;
use arguments::typed::TypedLine;
use command::{Command, completion};
pub use error::CliError;
pub use exit::Exit;
use io::output::Output;

/// Make a Docker Engine match a topology of services, networks and volumes.
///
/// The topology is a Compose file: compose.yaml in this directory or one above it, or the file that is named, as in
/// `topo up shop.yaml`.
#[derive(Debug, Parser)]
#[command(
    name = "topo",
    version,
    arg_required_else_help = true,
    disable_version_flag = true,
    after_help = after_help()
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Print version
    #[arg(short = 'V', short_alias = 'v', long, action = ArgAction::Version)]
    version: Option<bool>,
    #[command(flatten)]
    global: Global,
}

/// Runs the program. Why a command could not do what it was asked is said here, and nowhere else.
pub fn main() -> ExitCode {
    let mut global = Global::default();
    let ended = run(Invocation::of_process(), &mut global);
    ended.unwrap_or_else(|error| error.print(&global, &global.output())).into()
}

/// Understands the command line and runs its command. `global` becomes the options of every command.
fn run(invocation: Invocation, global: &mut Global) -> Result<Exit, CliError> {
    if completion::answer(&invocation.words)? {
        return Ok(Exit::Success);
    }
    raise_limit();
    let output = global.output();
    if let Err(message) = trace::start() {
        output.warning(&message);
    }
    if let Some(metadata) = invocation.metadata() {
        output.print(&metadata)?;
        return Ok(Exit::Success);
    }
    let (program, typed) = (invocation.program, invocation.words.clone());
    let words = arguments::prepared(as_topo_takes_them(invocation, &output)?, command_line);
    let mut topo = command_line();
    let parsed = topo.try_get_matches_from_mut(&words);
    match parsed.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches))) {
        Ok((Cli { command, global: before, version: _ }, matches)) => {
            *global = Global { typed: TypedLine::of(program, &typed, &matches, &topo), ..before };
            command.run(global)
        }
        Err(error) => {
            let grouped = is_help(&error).then(|| grouped_help(&words)).flatten();
            global.color = Some(arguments::usage::typed_color(&words));
            arguments::usage::answer(grouped.unwrap_or(error), &words, &command_line(), &global.output())
        }
    }
}

fn is_help(error: &clap::Error) -> bool {
    matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand)
}

/// The help that is asked for, with commands in groups if it is that of the program itself.
fn grouped_help(words: &[OsString]) -> Option<clap::Error> {
    arguments::overview::grouped(command_line()).try_get_matches_from(words).err()
}

/// The words for topo itself, whatever program it was called as.
fn as_topo_takes_them(invocation: Invocation, output: &Output) -> Result<Vec<OsString>, CliError> {
    invocation.with_options_in_environment().map_err(CliError::usage)?;
    if !invocation.program.is_compose() {
        return Ok(invocation.words);
    }
    let (words, notes) = arguments::invocation::as_topo_takes_them(invocation.words, &command_line());
    notes.iter().for_each(|note| output.warning(note));
    Ok(words)
}

/// How many files may be open at once, where the system allows it: each container that is listened to takes a
/// connection.
const OPEN_FILES: u64 = 16 * 1024;

/// Takes what the system allows: its usual limit is low for the sake of programs that know no better.
fn raise_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(OPEN_FILES, |maximum| maximum.min(OPEN_FILES));
    if current.is_some_and(|current| current < wanted) {
        // With the limit as it is, it takes longer.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    }
}

/// The exit codes, below every `--help` of the program itself.
fn after_help() -> String {
    let rows = Exit::TABLE.iter().map(|(exit, meaning)| format!("  {:>3}  {meaning}\n", exit.code()));
    format!("Exit codes:\n{}{}\n", rows.collect::<String>(), Exit::PASSED_ON)
}

/// The command line as clap knows it, for completions.
fn command_line() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_well_formed() {
        super::command_line().debug_assert();
    }
}
