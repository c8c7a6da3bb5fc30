//! `topo restart`.

use std::time::Duration;

use clap::Args;

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::engine::control::Control;
use crate::cli::engine::control::grace;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::plan::{self, RestartChoices, WaitChoice};
use crate::report::Goal;

/// Stop containers and start them again.
///
/// All are restarted at the same time, except that a service stops before another one and starts after it if
/// it depends on it with `restart: true` or shares one of its namespaces; with --wait, any dependency counts.
/// The containers stay the same: `topo up` applies changes of the topology.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  topo restart web\n  topo restart --wait")]
pub(crate) struct RestartArgs {
    /// A topology file, and the services to restart; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// Do not restart the services that depend on these with `restart: true`
    #[arg(long)]
    no_deps: bool,
    /// Restart in the order of dependencies, and wait until every service is healthy, running, or completed
    #[arg(long)]
    wait: bool,
    /// Seconds after which `--wait` fails
    #[arg(long, value_name = "SECONDS", requires = "wait")]
    wait_timeout: Option<u32>,
    /// Seconds to wait for containers to stop (default: each one's grace period)
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u32>,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: &mut Global, options: RestartArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    let mut control = Control::new("restart", Goal::RESTART, global, (options.excluded, &options.arguments))?;
    control.wait_limit = options.wait_timeout.map(|seconds| Duration::from_secs(seconds.into()));
    let choices = RestartChoices {
        grace: grace(options.timeout),
        without_dependants: options.no_deps,
        wait: if options.wait { WaitChoice::Ready } else { WaitChoice::Nothing },
    };
    control.run(|scope, _| Ok(plan::restart(scope, &choices)))
}
