//! In: `TOPO_LOG`. Out: what topo does, line by line on standard error, for those who look for a fault.
//! Must not: show what may be a secret: requests are logged without queries and bodies.

use std::io;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::time::uptime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The variable that turns the log on, such as `topo=debug` or `debug`.
const VARIABLE: &str = "TOPO_LOG";

/// Starts the log where the environment asks for it.
///
/// # Errors
///
/// What is wrong with the variable's value, in words for people.
pub(super) fn start() -> Result<(), String> {
    let Some(value) = std::env::var(VARIABLE).ok().filter(|value| !value.is_empty()) else { return Ok(()) };
    let targets: Targets = value.parse().map_err(|_| {
        format!("`{VARIABLE}` is not a log filter: `{value}`; write a level such as `debug`, or `topo=debug,h2=info`")
    })?;
    let lines =
        tracing_subscriber::fmt::layer().with_timer(uptime()).with_writer(io::stderr).with_ansi(false);
    tracing_subscriber::registry().with(targets).with(lines).init();
    Ok(())
}
