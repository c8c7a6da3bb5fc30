//! `topo push`.

use clap::Args;

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::engine::connection;
use crate::cli::engine::session::{self, Session};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::interrupt;
use crate::cli::topology::load::{Needs, Operation, Selection, load_or_explain};
use crate::plan::{self, PushChoices};
use crate::report::Goal;

/// Push locally built images to their registries.
///
/// These are the images of services with both `build` and `image`, with all their tags. The credentials are
/// those of `docker login`.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo push web")]
pub(crate) struct PushArgs {
    /// A topology file, and the services whose images are pushed; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// Also push the images of the services' dependencies
    #[arg(long)]
    include_deps: bool,
    /// Continue, and succeed, when an image cannot be pushed
    #[arg(long)]
    ignore_push_failures: bool,
    /// Print only failures
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: &mut Global, options: PushArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    global.quieten_if(options.quiet);
    let output = global.output();
    let services = options.excluded.take_services(global, &options.arguments)?;
    let needs = Needs::Services(options.excluded.of(Selection {
        without_dependencies: !options.include_deps,
        ..Selection::of(&services, Operation::Transfer)
    }));
    let (_, topology) = load_or_explain(global, &needs, &output)?;
    let choices = PushChoices {
        services,
        with_dependencies: options.include_deps,
        tolerates_failures: options.ignore_push_failures,
    };
    let plan = plan::push(&topology, &choices);
    session::block_on(async {
        let engine = connection::connect(&output).await?;
        let session = Session::new(&engine, global, &output);
        interrupt::listen(session.cancel.clone());
        let outcome = session.carry_out(&plan, Goal::PUSH, "push").await;
        session::exit_of(&outcome)
    })
}
