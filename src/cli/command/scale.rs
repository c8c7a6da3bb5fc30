//! `topo scale`.

use std::time::Instant;

use clap::Args;

use crate::cli::arguments::global::Global;
use crate::cli::engine::creation::{PlanSource, check_scale, prepare_up, scale};
use crate::cli::engine::preflight::PreflightOptions;
use crate::cli::engine::session::{self, Session};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::interrupt;
use crate::cli::topology::load::{Needs, Operation, Selection, load_or_explain};
use crate::cli::topology::services;
use crate::plan::UpChoices;
use crate::report::{Goal, ScopedGoal};
use crate::topology::name::ServiceName;
use crate::value::pair::Pair;

/// Set the number of containers of a service.
///
/// Existing containers that match the topology stay unchanged; the services' dependencies are started.
#[derive(Args, Debug)]
#[command(
    override_usage = "topo scale [OPTIONS] [FILE] <SERVICE=NUMBER>...",
    after_help = "Example:\n  topo scale api=3 worker=2"
)]
pub(crate) struct ScaleArgs {
    /// A topology file, and the number of containers for each service
    #[arg(value_name = "FILE|SERVICE=NUMBER")]
    arguments: Vec<String>,
    /// Do not touch the services' dependencies
    #[arg(long)]
    no_deps: bool,
    #[command(flatten)]
    preflight: PreflightOptions,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: &mut Global, options: ScaleArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    let wishes = global.take_files(&options.arguments);
    let output = global.output();
    if wishes.is_empty() {
        return Err(services::none_is_named(global, "scale", "SERVICE=3"));
    }
    if let [service, number] = wishes.as_slice()
        && number.parse::<u32>().is_ok()
        && Pair::both(service).is_none()
    {
        return Err(CliError::usage("`scale` takes a service and a number in one argument")
            .help(format!("write `{} {service}={number}`", global.command("scale"))));
    }
    let named = wishes.iter().map(|wish| Pair::split(wish).name);
    let services: Vec<ServiceName> = named.map(ServiceName::from).collect();
    let scale = scale(&wishes, &global.command("scale"))?;
    let selection = Selection {
        without_dependencies: options.no_deps,
        scale: scale.clone(),
        ..Selection::of(&services, Operation::Run)
    };
    let (loaded, mut topology) = load_or_explain(global, &Needs::Services(selection), &output)?;
    check_scale(&scale, &topology)?;
    let choices =
        UpChoices { scale, services, without_dependencies: options.no_deps, ..UpChoices::default() };
    session::block_on(async {
        let limit = (None, Instant::now());
        let (engine, turn, plan) = prepare_up(
            &mut topology,
            &loaded.sources,
            PlanSource::Choices(&choices),
            limit,
            options.preflight,
            global,
        )
        .await?;
        let mut session = Session::new(&engine, global, &output);
        session.turn = turn;
        interrupt::listen(session.cancel.clone());
        let count = |(service, number): (&ServiceName, &u32)| match number {
            1 => format!("{service} already has 1 container"),
            number => format!("{service} already has {number} containers"),
        };
        let idle = choices.scale.iter().map(count).collect::<Vec<_>>().join(", ");
        let scoped_goal = ScopedGoal { idle: Some(idle), ..Goal::SCALE.into() };
        let again = async |seen: &_| session.plan_up_again(&topology, &choices, seen).await;
        let (_, outcome) = session.converge(&plan, scoped_goal, "scale", again).await;
        session::exit_of(&outcome)
    })
}
