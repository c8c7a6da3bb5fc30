//! `topo stop`.

use clap::Args;

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::engine::control::Control;
use crate::cli::engine::control::grace;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::plan;
use crate::plan::observed::Status;
use crate::report::Goal;

/// Stop containers and keep them.
///
/// A service is stopped before what it depends on. `topo start` starts them again.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo stop web")]
pub(crate) struct StopArgs {
    /// A topology file, and the services to stop; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// Seconds to wait for containers to stop (default: each one's grace period)
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u32>,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: &mut Global, options: StopArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    let mut control = Control::new("stop", Goal::STOP, global, (options.excluded, &options.arguments))?;
    control.end_status = Some(Status::Exited);
    control.run(|scope, _| Ok(plan::stop(scope, grace(options.timeout))))
}
