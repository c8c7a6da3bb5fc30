//! `topo version`.

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use crate::cli::arguments::global::Global;
use crate::cli::arguments::invocation::{COMPOSE_VERSION, Invocation};
use crate::cli::engine::connection;
use crate::cli::engine::session;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::output::Output;
use crate::engine::EngineError;
use crate::engine::{About, Address, Identity, Origin};
use crate::report::sanitize;

/// Show the version of topo and of the engine.
#[derive(Args, Debug)]
// `-f` is `--format` here, as in Docker Compose; a file has no version.
#[command(mut_arg("files", |file| file.short(None)))]
#[command(after_help = "Example:\n  topo version --format json")]
pub(crate) struct VersionArgs {
    /// Output format
    #[arg(
        short,
        long,
        value_name = "pretty|json",
        default_value = "pretty",
        hide_default_value = true,
        hide_possible_values = true
    )]
    format: VersionFormat,
    /// Only topo's own version number
    #[arg(long)]
    short: bool,
    #[command(flatten)]
    global: Global,
}

/// How versions are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum VersionFormat {
    /// For people
    Pretty,
    /// One JSON object
    Json,
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// An engine that answers: where it is, the API version that topo speaks with it, what it says of itself.
struct Found {
    address: Address,
    spoken: String,
    about: About,
}

pub(super) fn run(global: &mut Global, options: VersionArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    let output = global.output();
    if Invocation::of_process().program.is_compose() {
        output.print(&as_compose(&options.format, options.short))?;
        return Ok(Exit::Success);
    }
    if options.short {
        output.print(&format!("{VERSION}\n"))?;
        return Ok(Exit::Success);
    }
    // The version is shown all the same: a missing engine is no failure here.
    let found = session::block_on(async { Ok(ask(output).await) })?;
    output.print(&match options.format {
        VersionFormat::Pretty => pretty(&found),
        VersionFormat::Json => format!("{}\n", as_json(&found)),
    })?;
    Ok(Exit::Success)
}

/// The release of Docker Compose that topo stands in for, in the forms that programs look for.
fn as_compose(format: &VersionFormat, is_short: bool) -> String {
    match format {
        _ if is_short => format!("{COMPOSE_VERSION}\n"),
        VersionFormat::Pretty => format!("Docker Compose version v{COMPOSE_VERSION} (topo {VERSION})\n"),
        VersionFormat::Json => format!("{}\n", json!({ "version": format!("v{COMPOSE_VERSION}") })),
    }
}

async fn ask(output: Output) -> Result<Found, EngineError> {
    let engine = connection::open(output).await?;
    let about = engine.about().await?;
    Ok(Found { address: engine.address().clone(), spoken: engine.version().to_string(), about })
}

fn pretty(found: &Result<Found, EngineError>) -> String {
    let engine = match found {
        Err(error) => format!("none: {error}"),
        Ok(Found { address, spoken, about }) => {
            let About { version, api, system, processor } = about;
            let spoken = if spoken == api { String::new() } else { format!(", topo speaks {spoken}") };
            format!("{version} (API {api}{spoken}; {system}/{processor}) at {address}")
        }
    };
    format!("topo    {VERSION}\nengine  {}\n", sanitize(&engine))
}

/// Who named the address.
fn source(origin: &Origin) -> &'static str {
    match origin {
        Origin::DockerHost => "DOCKER_HOST",
        Origin::Context { chosen_by, .. } => chosen_by,
        Origin::Default => "default",
    }
}

fn as_json(found: &Result<Found, EngineError>) -> Json {
    let engine = match found {
        Err(error) => json!({ "error": error.to_string() }),
        Ok(Found { address, spoken, about: About { version, api, system, processor } }) => json!({
            "version": version, "api": api, "spoken_api": spoken, "os": system, "arch": processor,
            "address": address.endpoint.to_string(), "address_source": source(&address.origin),
        }),
    };
    json!({ "version": VERSION, "engine": engine })
}
