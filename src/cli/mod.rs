//! In: the command line. Out: the stages called in order, words, and an exit code.
//! Must not: hold logic that a stage could hold.
//!
//! [`command`] has a file for each command. What stands beside it is what several of them need.

mod arguments;
mod attached;
mod command;
mod engine;
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
use clap::{ArgAction, CommandFactory, Parser};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use arguments::global::Global;
use arguments::invocation::Invocation;
use arguments::settings::{ColorChoice, Settings};
use command::{Command, completion};
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

/// Runs the program.
pub fn main() -> ExitCode {
    let invocation = Invocation::of_process();
    if completion::answer(&invocation.words) {
        return ExitCode::SUCCESS;
    }
    raise_limit();
    if let Err(message) = trace::start() {
        Output::new(ColorChoice::Auto, &Settings::default()).warning(&message);
    }
    let words = match as_topo_takes_them(invocation) {
        Ok(words) => arguments::prepared(words, command_line),
        Err(exit) => return exit.into(),
    };
    let Cli { command, global, version: _ } = match Cli::try_parse_from(&words) {
        Ok(cli) => cli,
        Err(error) => {
            let grouped = is_help(&error).then(|| grouped_help(&words)).flatten();
            let error = grouped.unwrap_or(error);
            return arguments::usage::explain(&error, &words, &command_line()).into();
        }
    };
    // A command that could not go on has said why.
    command.run(global).unwrap_or_else(|exit| exit).into()
}

fn is_help(error: &clap::Error) -> bool {
    matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand)
}

/// The help that is asked for, with commands in groups if it is that of the program itself.
fn grouped_help(words: &[OsString]) -> Option<clap::Error> {
    arguments::overview::grouped(command_line()).try_get_matches_from(words).err()
}

/// The words for topo itself, whatever program it was called as. A plugin's metadata ends the program.
fn as_topo_takes_them(invocation: Invocation) -> Result<Vec<OsString>, Exit> {
    let output = Output::new(ColorChoice::Auto, &Settings::default());
    if let Some(metadata) = invocation.metadata() {
        output.print(&metadata);
        return Err(Exit::Success);
    }
    invocation.with_options_in_environment().map_err(|message| {
        output.error(&message, None);
        Exit::Usage
    })?;
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
