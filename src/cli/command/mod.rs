//! In: the options of a command. Out: an exit code.
//! Must not: hold what several commands need; that stands beside this directory.
//!
//! A command is a file with its options and a function `run`; to add one, add the file and a line to
//! [`Command`] and to [`Command::run`].

mod attach;
mod build;
mod commit;
pub(super) mod completion;
mod config;
mod cp;
mod create;
mod down;
mod events;
mod exec;
mod explain;
mod export;
mod graph;
mod images;
mod kill;
mod logs;
mod ls;
mod man;
mod pause;
mod plan;
mod port;
mod ps;
mod pull;
mod push;
mod restart;
mod rm;
mod run;
mod scale;
mod schema;
mod start;
mod stats;
mod stop;
mod top;
mod unpause;
mod up;
mod validate;
mod version;
mod volumes;
mod wait;
mod watch;

use clap::Subcommand;

use crate::cli::arguments::global::Global;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;

/// A command with its options.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Up(up::UpArgs),
    Down(down::DownArgs),
    Create(create::CreateArgs),
    Start(start::StartArgs),
    Stop(stop::StopArgs),
    Restart(restart::RestartArgs),
    Kill(kill::KillArgs),
    Pause(pause::PauseArgs),
    Unpause(unpause::UnpauseArgs),
    Rm(rm::RmArgs),
    Scale(scale::ScaleArgs),
    Wait(wait::WaitArgs),
    Watch(watch::WatchArgs),
    Plan(plan::PlanArgs),
    Validate(validate::ValidateArgs),
    Ps(ps::PsArgs),
    Ls(ls::LsArgs),
    Logs(logs::LogsArgs),
    Events(events::EventsArgs),
    Top(top::TopArgs),
    Stats(stats::StatsArgs),
    Port(port::PortArgs),
    Images(images::ImagesArgs),
    Volumes(volumes::VolumesArgs),
    Exec(exec::ExecArgs),
    Run(Box<run::RunArgs>),
    Attach(attach::AttachArgs),
    Cp(cp::CpArgs),
    Commit(commit::CommitArgs),
    Export(export::ExportArgs),
    Build(build::BuildArgs),
    Pull(pull::PullArgs),
    Push(push::PushArgs),
    Config(config::ConfigArgs),
    Graph(graph::GraphArgs),
    Explain(explain::ExplainArgs),
    Schema(schema::SchemaArgs),
    Version(version::VersionArgs),
    Completion(completion::CompletionArgs),
    Man(man::ManArgs),
}

impl Command {
    /// Runs the command. `global` is what stood before its name; what stands behind it is merged into it.
    pub(super) fn run(self, global: &mut Global) -> Result<Exit, CliError> {
        match self {
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
        }
    }
}
