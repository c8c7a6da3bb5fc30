//! `topo restart`.

use clap::Args;

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::engine::control::Control;
use crate::cli::engine::control::grace;
use crate::cli::exit::Exit;
use crate::plan::{self, RestartChoices};
use crate::report::Goal;

/// Stop containers and start them again.
///
/// A service is stopped before what it depends on and started after it, when that is healthy where the
/// topology says so. Containers stay the same: for changes of the topology there is `topo up`.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo restart web")]
pub struct RestartArgs {
    /// A topology file, and the services to restart; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// Leave alone the services that depend on these with `restart: true`
    #[arg(long)]
    no_deps: bool,
    /// Seconds to wait for containers to stop (default: each one's grace period)
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u32>,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    global: Global,
}

pub fn run(global: Global, options: RestartArgs) -> Result<Exit, Exit> {
    let control = Control::new(
        "restart",
        Goal::RESTART,
        global.merged(options.global),
        (options.excluded, &options.arguments),
    )?;
    let choices = RestartChoices { grace: grace(options.timeout), without_dependants: options.no_deps };
    control.run(|scope, _| Ok(plan::restart(scope, &choices)))
}
