//! `topo watch`.

use clap::Args;

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::attached::watching::{Watching, rules};
use crate::cli::engine::connection;
use crate::cli::engine::creation::plan_up_in_turn;
use crate::cli::engine::preflight::PreflightOptions;
use crate::cli::engine::session::{self, Session};
use crate::cli::engine::turn::Turn;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::interrupt;
use crate::cli::topology::load::{Needs, Operation, Selection, check_targets, load_or_explain};
use crate::cli::topology::provide;
use crate::engine::Identity;
use crate::plan::{BuildChoice, UpChoices};
use crate::report::{Goal, QuietFilter};

/// Update services when their files change.
///
/// `develop` in the topology says which files are watched, and what happens when they change: they are copied
/// into containers, containers are restarted, or images are rebuilt. Files that change together are handled
/// together. Failures are reported, and watching continues. Ctrl-C ends it: the services keep running, once
/// those that are just being restarted or recreated are up again.
#[derive(Args, Debug)]
#[command(
    after_help = "Example, where compose.yaml says `develop: { watch: [{ path: ./src, action: rebuild }] }` of `web`:\n  topo watch web"
)]
pub(crate) struct WatchArgs {
    /// A topology file, and the services to watch; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// Do not bring the services up first
    #[arg(long)]
    no_up: bool,
    /// Remove images that a rebuild has replaced; `--prune=false` keeps them
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_value_t = true, default_missing_value = "true",
          require_equals = true, hide_possible_values = true, action = clap::ArgAction::Set)]
    prune: bool,
    /// Do not show the steps of builds
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    preflight: PreflightOptions,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: &mut Global, options: WatchArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    let output = global.output();
    let services = options.excluded.take_services(global, &options.arguments)?;
    let needs = Needs::Services(options.excluded.of(Selection::of(&services, Operation::Run)));
    let (loaded, mut topology) = load_or_explain(global, &needs, &output)?;
    check_targets(&topology, &services)?;
    let rules = rules(&topology, &services, &output)?;
    session::block_on(async {
        let engine = interrupt::unless_asked_to_end(async {
            provide::bring_up(&mut topology, &services, false, &output).await?;
            connection::connect(&output).await
        })
        .await?;
        let mut session = Session::new(&engine, global, &output);
        session.turn = Turn::of(engine.address(), &topology.name, global);
        session.quiet_filter = QuietFilter { builds: options.quiet, ..QuietFilter::default() };
        interrupt::listen(session.cancel.clone());
        if !options.no_up {
            let choices = UpChoices { services, build: BuildChoice::Always, ..UpChoices::default() };
            options.excluded.warn_of_dependants(&topology, &choices, &output);
            if session.cancel.run_until_cancelled(session.turn.take()).await.is_none() {
                return Err(CliError::Interrupted);
            }
            let (turn, sources) = (&session.turn, &loaded.sources);
            let preflight = options.preflight;
            let plan =
                plan_up_in_turn(&engine, turn, sources, &topology, &choices, preflight, global).await?;
            let again = async |seen: &_| session.plan_up_again(&topology, &choices, seen).await;
            let (_, outcome) = session.converge(&plan, Goal::UP, "watch", again).await;
            if !outcome.is_success() {
                return session::exit_of(&outcome);
            }
            session.turn.end();
        }
        session.names_resume = false;
        let sources = &loaded.sources;
        let (topology, prunes) = (&topology, options.prune);
        let again = global.command("up");
        let watching = Watching { session, sources, again, topology, output: &output, rules, prunes };
        let cancel = watching.session.cancel.clone();
        watching.watch(&cancel).await?;
        // It has no other end than Ctrl-C.
        Err(CliError::Interrupted)
    })
}
