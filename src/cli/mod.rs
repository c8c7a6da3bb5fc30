//! In: the command line. Out: the stages called in order, words, and an exit code.
//! Must not: hold logic that a stage could hold.
//!
//! A command is a file with its options and a function `run`; to add one, add the file and a line to
//! [`Command`] and to [`dispatch`].

mod arguments;
mod attach;
mod build;
mod commit;
mod completion;
mod config;
mod confirm;
mod control;
mod cp;
mod create;
mod detach;
mod down;
mod events;
mod exec;
mod exit;
mod explain;
mod export;
mod follow;
mod foreground;
mod global;
mod graph;
mod images;
mod inside;
mod interrupt;
mod kill;
mod list;
mod load;
mod logs;
mod ls;
mod man;
mod menu;
mod output;
mod pause;
mod plan;
mod port;
mod provide;
mod ps;
mod pull;
mod push;
mod relay;
mod restart;
mod rm;
mod run;
mod scale;
mod schema;
mod session;
mod settings;
mod signals;
mod start;
mod stats;
mod stop;
mod terminal;
mod time;
mod top;
mod units;
mod unpause;
mod unreadable;
mod up;
mod validate;
mod version;
mod volumes;
mod wait;
mod watch;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

pub use exit::Exit;
use global::Global;

/// Reads a topology of services, networks and volumes, and makes a Docker Engine match it.
///
/// The topology is a Compose file: compose.yaml in this folder or above it, or the file that is named,
/// as in `topo up topologies/desafio5.yaml`.
#[derive(Debug, Parser)]
#[command(name = "topo", version, arg_required_else_help = true, after_help = after_help())]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

#[derive(Debug, Subcommand)]
enum Command {
    Up(up::Options),
    Down(down::Options),
    Create(create::Options),
    Start(start::Options),
    Stop(stop::Options),
    Restart(restart::Options),
    Kill(kill::Options),
    Pause(pause::Options),
    Unpause(unpause::Options),
    Rm(rm::Options),
    Scale(scale::Options),
    Wait(wait::Options),
    Watch(watch::Options),
    Plan(plan::Options),
    Validate(validate::Options),
    Ps(ps::Options),
    Ls(ls::Options),
    Logs(logs::Options),
    Events(events::Options),
    Top(top::Options),
    Stats(stats::Options),
    Port(port::Options),
    Images(images::Options),
    Volumes(volumes::Options),
    Exec(exec::Options),
    Run(Box<run::Options>),
    Attach(attach::Options),
    Cp(cp::Options),
    Commit(commit::Options),
    Export(export::Options),
    Build(build::Options),
    Pull(pull::Options),
    Push(push::Options),
    Config(config::Options),
    Graph(graph::Options),
    Explain(explain::Options),
    Schema(schema::Options),
    Version(version::Options),
    Completion(completion::Options),
    Man(man::Options),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    if completion::answer(&words) {
        return ExitCode::SUCCESS;
    }
    let words = arguments::prepared(words, &Cli::command());
    let cli = Cli::parse_from(words);
    dispatch(cli).into()
}

fn dispatch(Cli { global, command }: Cli) -> Exit {
    let done = match command {
        Command::Up(options) => up::run(global, options),
        Command::Down(options) => down::run(global, options),
        Command::Create(options) => create::run(global, options),
        Command::Start(options) => start::run(global, options),
        Command::Stop(options) => stop::run(global, options),
        Command::Restart(options) => restart::run(global, options),
        Command::Kill(options) => kill::run(global, options),
        Command::Pause(options) => pause::run(global, options),
        Command::Unpause(options) => unpause::run(global, options),
        Command::Rm(options) => rm::run(global, options),
        Command::Scale(options) => scale::run(global, options),
        Command::Wait(options) => wait::run(global, options),
        Command::Watch(options) => watch::run(global, options),
        Command::Plan(options) => plan::run(global, options),
        Command::Validate(options) => validate::run(global, options),
        Command::Ps(options) => ps::run(global, options),
        Command::Ls(options) => ls::run(global, options),
        Command::Logs(options) => logs::run(global, options),
        Command::Events(options) => events::run(global, options),
        Command::Top(options) => top::run(global, options),
        Command::Stats(options) => stats::run(global, options),
        Command::Port(options) => port::run(global, options),
        Command::Images(options) => images::run(global, options),
        Command::Volumes(options) => volumes::run(global, options),
        Command::Exec(options) => exec::run(global, options),
        Command::Run(options) => run::run(global, *options),
        Command::Attach(options) => attach::run(global, options),
        Command::Cp(options) => cp::run(global, options),
        Command::Commit(options) => commit::run(global, options),
        Command::Export(options) => export::run(global, options),
        Command::Build(options) => build::run(global, options),
        Command::Pull(options) => pull::run(global, options),
        Command::Push(options) => push::run(global, options),
        Command::Config(options) => config::run(global, options),
        Command::Graph(options) => graph::run(global, options),
        Command::Explain(options) => explain::run(global, options),
        Command::Schema(options) => schema::run(global, options),
        Command::Version(options) => version::run(global, options),
        Command::Completion(options) => completion::run(global, options),
        Command::Man(options) => man::run(global, options),
    };
    // A function that could not go on has said why.
    done.unwrap_or_else(|exit| exit)
}

/// The exit codes, below every `--help` of the program itself.
fn after_help() -> String {
    let rows = Exit::TABLE.iter().map(|(exit, meaning)| format!("  {:>3}  {meaning}\n", exit.code()));
    format!("Exit codes:\n{}{}\n", rows.collect::<String>(), Exit::PASSED_ON)
}

/// The command line as clap knows it, for completions.
fn command() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_well_formed() {
        super::command().debug_assert();
    }
}
