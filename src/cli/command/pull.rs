//! `topo pull`.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Args, ValueEnum};

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::engine::connection;
use crate::cli::engine::session::{self, Session};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::interrupt;
use crate::cli::topology::load::{Needs, Operation, Selection, load_or_explain};
use crate::engine::Observe;
use crate::plan::{self, LeftOut, Plan, PullChoice, PullChoices};
use crate::report::wording::object;
use crate::report::{Goal, ScopedGoal};
use crate::run::Outcome;
use crate::topology::{Service, Topology};
use crate::value::image::ImageReference;

/// Pull images.
///
/// Images that can be built are pulled too if they have a name; `--ignore-buildable` leaves them out.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo pull --policy missing")]
pub(crate) struct PullArgs {
    /// A topology file, and the services whose images are pulled; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// When to pull images, overriding `pull_policy`; always when neither is given
    #[arg(long, value_name = "always|missing", hide_possible_values = true)]
    policy: Option<Policy>,
    /// Also pull the images of the services' dependencies
    #[arg(long)]
    include_deps: bool,
    /// Leave out images that can be built
    #[arg(long)]
    ignore_buildable: bool,
    /// Continue, and succeed, when an image cannot be pulled
    #[arg(long)]
    ignore_pull_failures: bool,
    /// Print only failures
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    global: Global,
}

/// When images are pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Policy {
    /// Every time
    Always,
    /// When they are not there
    Missing,
}

pub(super) fn run(global: &mut Global, options: PullArgs) -> Result<Exit, CliError> {
    global.merge(options.global.clone());
    global.quieten_if(options.quiet);
    let output = global.output();
    let services = options.excluded.take_services(global, &options.arguments)?;
    let needs = Needs::Services(options.excluded.of(Selection {
        without_dependencies: !options.include_deps,
        ..Selection::of(&services, Operation::Transfer)
    }));
    let (_, topology) = load_or_explain(global, &needs, &output)?;
    let choices = PullChoices {
        services,
        with_dependencies: options.include_deps,
        policy: options.policy.map(|policy| match policy {
            Policy::Always => PullChoice::Always,
            Policy::Missing => PullChoice::Missing,
        }),
        without_buildable: options.ignore_buildable,
        tolerates_failures: options.ignore_pull_failures,
    };
    session::block_on(async {
        let engine = connection::connect(&output).await?;
        let observed = engine.observe(&plan::query(&topology)).await?;
        let (plan, left_out) = plan::pull(&topology, &observed, &choices);
        let session = Session::new(&engine, global, &output);
        interrupt::listen(session.cancel.clone());
        for (image, why) in &left_out {
            session.remark(&format!("image {image}  {}", words(*why)));
        }
        let idle = idle(&topology, &left_out);
        let scoped_goal = ScopedGoal { idle: Some(idle), ..ScopedGoal::from(Goal::PULL) };
        let outcome = session.carry_out(&plan, scoped_goal, "pull").await;
        if let Some(services) = buildable(&topology, &plan, &outcome) {
            session.remark(&format!("to build them: {}", global.command(&format!("build {services}"))));
        }
        session::exit_of(&outcome)
    })
}

/// Why an image is left out.
fn words(why: LeftOut) -> &'static str {
    match why {
        LeftOut::Present => "skipped: the engine has it",
        LeftOut::Never => "skipped: its `pull_policy` forbids pulling",
        LeftOut::Built => "skipped: it is built locally, and has no name in a registry",
        LeftOut::Buildable => "skipped: it can be built",
    }
}

/// What is said where nothing is pulled.
fn idle(topology: &Topology, left_out: &BTreeMap<ImageReference, LeftOut>) -> String {
    let project = &topology.name;
    let whys: BTreeSet<LeftOut> = left_out.values().copied().collect();
    match whys.into_iter().collect::<Vec<_>>().as_slice() {
        [] => format!("{project} {}", Goal::PULL.idle),
        [LeftOut::Present] => format!("{project} already has its images"),
        [LeftOut::Built | LeftOut::Buildable] => format!("{project} builds its images"),
        _ => format!("{project} has no image that needs to be pulled"),
    }
}

/// The services whose images could not be pulled, and can be built instead.
fn buildable(topology: &Topology, plan: &Plan, outcome: &Outcome) -> Option<String> {
    let failed: Vec<&str> =
        outcome.failures().map(|(step, _)| object(&plan.steps[step].action).name).collect();
    let buildable = topology.services.iter().filter(|(_, service)| service.build.is_some());
    let is_meant = |service: &Service| {
        service.image.as_ref().is_some_and(|image| failed.contains(&image.value.as_str()))
    };
    let meant = buildable.filter(|(_, service)| is_meant(&service.value));
    let names: Vec<&str> = meant.map(|(name, _)| name.as_str()).collect();
    (!names.is_empty() && !outcome.is_success()).then(|| names.join(" "))
}
