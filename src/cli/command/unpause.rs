//! `topo unpause`.

use clap::Args;

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::engine::control::Control;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::plan;
use crate::plan::observed::Status;
use crate::report::Goal;

/// Resume paused containers.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo unpause web")]
pub(crate) struct UnpauseArgs {
    /// A topology file, and the services to resume; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: &mut Global, options: UnpauseArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    let mut control = Control::new("unpause", Goal::UNPAUSE, global, (options.excluded, &options.arguments))?;
    control.end_status = Some(Status::Running);
    control.run(|scope, _| Ok(plan::unpause(scope)))
}
