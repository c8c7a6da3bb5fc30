//! `topo create`.

use std::time::Instant;

use clap::Args;

use crate::cli::arguments::global::Global;
use crate::cli::engine::creation::{CreateOptions, PlanSource, QuietOptions, prepare_up};
use crate::cli::engine::preflight::PreflightOptions;
use crate::cli::engine::session::{self, Session};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::interrupt;
use crate::cli::topology::load::load_or_explain;
use crate::plan::{StartChoice, UpChoices};
use crate::report::Goal;

/// Create containers without starting them.
///
/// Images are built or pulled where they are missing, networks and volumes are created. `topo start`
/// starts what was created.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo create web --build")]
pub(crate) struct CreateArgs {
    /// A topology file, and the services to create with their dependencies; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    #[command(flatten)]
    create: CreateOptions,
    #[command(flatten)]
    quiet: QuietOptions,
    #[command(flatten)]
    preflight: PreflightOptions,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: &mut Global, mut options: CreateArgs) -> Result<Exit, CliError> {
    global.merge(options.global.clone());
    options.create.remove_orphans |= global.settings.remove_orphans;
    let output = global.output();
    let services = options.create.excluded.take_services(global, &options.arguments)?;
    let (loaded, mut topology) = load_or_explain(global, &options.create.needs(&services)?, &output)?;
    let choices = options.create.choices(services, &topology)?;
    let choices = UpChoices { start: StartChoice::CreateOnly, ..choices };
    options.create.excluded.warn_of_dependants(&topology, &choices, &output);
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
        session.quiet_filter = options.quiet.quiet_filter();
        interrupt::listen(session.cancel.clone());
        let again = async |seen: &_| session.plan_up_again(&topology, &choices, seen).await;
        let (_, outcome) = session.converge(&plan, Goal::CREATE, "create", again).await;
        session::exit_of(&outcome)
    })
}
