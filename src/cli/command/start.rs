//! `topo start`.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::Args;

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::engine::control::Control;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::plan::observed::Status;
use crate::plan::{self, CannotStart, WaitChoice};
use crate::report::Goal;
use crate::topology::name::ServiceName;

/// Start existing containers.
///
/// The dependencies of a service are started before it. Nothing is created: that is what `topo up` is for.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo start web --wait")]
pub(crate) struct StartArgs {
    /// A topology file, and the services to start; all that have containers when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// Wait until every service is healthy, running, or completed
    #[arg(long)]
    wait: bool,
    /// Seconds after which `--wait` fails
    #[arg(long, value_name = "SECONDS", requires = "wait")]
    wait_timeout: Option<u32>,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: &mut Global, options: StartArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    let mut control = Control::new("start", Goal::START, global, (options.excluded, &options.arguments))?;
    control.wait_limit = options.wait_timeout.map(|seconds| Duration::from_secs(seconds.into()));
    let wait = if options.wait { WaitChoice::Ready } else { WaitChoice::Nothing };
    control.end_status = Some(Status::Running);
    let [up, unpause] = ["up", "unpause"].map(|command| control.global.command(command));
    control.run(|scope, _output| {
        let missing = match plan::start(scope, wait) {
            // What is named and has no container is to have none.
            Ok(plan) if scope.containers().next().is_some() || !scope.services.is_empty() => {
                return Ok(plan);
            }
            Ok(_) => format!("project `{}`", scope.project),
            Err(CannotStart::Missing(services)) => quoted(&services),
            Err(CannotStart::Paused(services)) => {
                let (is, it) = if services.len() == 1 { ("is", "it") } else { ("are", "them") };
                let names: Vec<&str> = services.iter().map(ServiceName::as_str).collect();
                let help = format!("resume {it}: `{unpause} {}`", names.join(" "));
                return Err(CliError::failed(format!("{} {is} paused", quoted(&services))).help(help));
            }
        };
        Err(CliError::failed(format!("{missing} has no container to start"))
            .help(format!("`{up}` creates and starts them")))
    })
}

fn quoted(services: &BTreeSet<ServiceName>) -> String {
    let quoted: Vec<String> = services.iter().map(|service| format!("`{service}`")).collect();
    quoted.join(", ")
}
