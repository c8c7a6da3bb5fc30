//! `topo build`.

use std::collections::BTreeMap;

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::interrupt;
use crate::cli::load::{Purpose, load_or_explain};
use crate::cli::output::Output;
use crate::cli::session::{self, Session};
use crate::plan::{self, BuildChoices};
use crate::report::Intent;
use crate::topology::name::ServiceName;

/// Build images.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo build topologies/desafio5.yaml gateway --no-cache")]
pub(super) struct Options {
    /// A topology file, and the services whose images are built; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// Run every step anew
    #[arg(long)]
    no_cache: bool,
    /// Pull base images anew
    #[arg(long)]
    pull: bool,
    /// Build argument, in place of the topology's; without a value it is the caller's variable
    #[arg(long = "build-arg", value_name = "NAME[=VALUE]")]
    build_args: Vec<String>,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: Global, options: Options) -> Result<Exit, Exit> {
    let mut global = global.merged(options.global);
    let services: Vec<ServiceName> =
        global.take_files(&options.arguments).into_iter().map(ServiceName::from).collect();
    let output = Output::new(&global);
    let (_, topology) = load_or_explain(&global, &services, Purpose::Run, &output)?;
    let args = build_args(&options.build_args);
    let choices = BuildChoices { services, no_cache: options.no_cache, pull: options.pull, args };
    let plan = plan::build(&topology, &choices);
    if plan.steps.node_count() == 0 {
        output.warning("no service here has a `build` section");
        return Ok(Exit::Success);
    }
    session::block_on(async {
        let engine = session::connect(&output).await?;
        let session = Session::new(&engine, &global, &output);
        interrupt::listen(session.cancel.clone());
        let outcome = session.carry_out(&plan, Intent::BUILD, "build").await;
        Ok(session::exit_of(&outcome))
    })
}

/// A name alone is the caller's variable, and is left out when the caller has none.
fn build_args(arguments: &[String]) -> BTreeMap<String, String> {
    let read = |argument: &String| match argument.split_once('=') {
        Some((name, value)) => Some((name.to_owned(), value.to_owned())),
        None => Some((argument.clone(), std::env::var(argument).ok()?)),
    };
    arguments.iter().filter_map(read).collect()
}
