//! `topo pause`.

use clap::Args;

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::engine::control::Control;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::plan;
use crate::plan::observed::Status;
use crate::report::Goal;

/// Pause running containers.
///
/// Their processes are frozen until `topo unpause`.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo pause web")]
pub(crate) struct PauseArgs {
    /// A topology file, and the services to pause; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: &mut Global, options: PauseArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    let mut control = Control::new("pause", Goal::PAUSE, global, (options.excluded, &options.arguments))?;
    control.end_status = Some(Status::Paused);
    control.run(|scope, _| Ok(plan::pause(scope)))
}
