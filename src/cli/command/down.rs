//! `topo down`.

use clap::{Args, ValueEnum};

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::engine::connection;
use crate::cli::engine::control::{grace, standings, warn_of_cut_off};
use crate::cli::engine::session::{self, Session};
use crate::cli::engine::turn::Turn;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::interrupt;
use crate::cli::topology::project::{Project, project};
use crate::cli::topology::provide;
use crate::diagnostic::Diagnostics;
use crate::engine::Identity;
use crate::engine::Observe;
use crate::plan::action::AfterFailedHook;
use crate::plan::{self, DownChoices, ImagesChoice, Observed, Plan, Scope, VolumesLeft};
use crate::report::wording::{Kind, names};
use crate::report::{Goal, ScopedGoal};
use crate::run::provider::Order;
use crate::source::Sources;
use crate::topology::name::{ProjectName, ServiceName, VolumeName};

/// How many volumes are listed by name.
const MOST_NAMES: usize = 12;

/// Stop and remove what belongs to the project.
///
/// Containers and networks are removed, including those of inactive profiles. Volumes are kept, unless -v is
/// given.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  topo down\n  topo down compose.yaml --volumes")]
pub(crate) struct DownArgs {
    /// A topology file, and the services to remove; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    #[command(flatten)]
    choices: DownOptions,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    global: Global,
}

/// What `down` and `plan --down` can be told.
#[derive(Args, Clone, Debug)]
pub(super) struct DownOptions {
    /// Also remove the volumes that the topology declares, with their data
    #[arg(short, long)]
    pub(super) volumes: bool,
    /// Also remove the images of services: those without `image` (`local`), or all
    #[arg(long, value_name = "local|all", hide_possible_values = true)]
    pub(super) rmi: Option<Images>,
    /// Also remove containers of services that the topology does not have, and those of `topo run`
    #[arg(long)]
    pub(super) remove_orphans: bool,
    /// Stop containers even if a command of their `pre_stop` fails
    #[arg(long)]
    pub(super) force: bool,
    /// Seconds to wait for containers to stop (default: each one's grace period)
    #[arg(short, long, value_name = "SECONDS")]
    pub(super) timeout: Option<u32>,
}

/// Which images go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Images {
    /// Those that have no name of their own
    Local,
    /// All
    All,
}

impl DownOptions {
    pub(super) fn choices(&self, services: Vec<ServiceName>, global: &Global) -> DownChoices {
        DownChoices {
            services,
            volumes: self.volumes,
            images: match self.rmi {
                None => ImagesChoice::None,
                Some(Images::Local) => ImagesChoice::Local,
                Some(Images::All) => ImagesChoice::All,
            },
            remove_orphans: self.remove_orphans,
            command_for_all: global.command("down --remove-orphans"),
            grace: grace(self.timeout),
            after_failed_hook: if self.force { AfterFailedHook::GoOn } else { AfterFailedHook::GiveUp },
        }
    }
}

pub(super) fn run(global: &mut Global, mut options: DownArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    options.choices.remove_orphans |= global.settings.remove_orphans;
    let output = global.output();
    let services = options.excluded.take_services(global, &options.arguments)?;
    let project = project(global, &services, &output)?;
    let services = options.excluded.services_of(&project, services, &output)?;
    let Project { query, topology } = project;
    let choices = options.choices.choices(services, global);
    session::block_on(async {
        let (engine, turn, observed) = interrupt::unless_asked_to_end(async {
            let engine = connection::connect(&output).await?;
            let turn = Turn::of(engine.address(), &query.project, global);
            turn.take().await;
            let observed = engine.observe(&query).await?;
            Ok((engine, turn, observed))
        })
        .await?;
        let mut found = Diagnostics::default();
        let plan = plan::down(&query.project, topology.as_ref(), &observed, &choices, &mut found);
        global.name_topology(&mut found);
        output.checked(&Sources::default(), &found)?;
        let mut session = Session::new(&engine, global, &output);
        session.turn = turn;
        interrupt::listen(session.cancel.clone());
        let scope = Scope {
            project: &query.project,
            topology: topology.as_ref(),
            observed: &observed,
            services: &choices.services,
            excluded: &[],
        };
        warn_of_cut_off(scope, &plan, global, &output);
        let idle = match choices.services.is_empty() {
            true => one_offs_that_run(&query.project, &observed, &plan),
            false => Some(standings(scope, &choices.services, None)),
        };
        let scoped_goal = ScopedGoal { services: choices.services.clone(), idle, ..Goal::DOWN.into() };
        let again = async |_: &_| {
            let observed = engine.observe(&query).await?;
            let mut found = Diagnostics::default();
            Ok(plan::down(&query.project, topology.as_ref(), &observed, &choices, &mut found))
        };
        let (_, outcome) = session.converge(&plan, scoped_goal, "down", again).await;
        session.turn.end();
        if let Some(topology) = topology.as_ref().filter(|_| outcome.is_success()) {
            provide::end(topology, &choices.services, Order::Down, &output, &session.cancel).await?;
        }
        let left = plan::volumes_left(&query.project, topology.as_ref(), &observed, &choices);
        if outcome.is_success() && global.is_shown() {
            about_volumes(&left, global).iter().for_each(|remark| session.remark(remark));
        }
        session::exit_of(&outcome)
    })
}

/// What is said in place of `is down already` where containers of `run` are left running.
fn one_offs_that_run(project: &ProjectName, observed: &Observed, plan: &Plan) -> Option<String> {
    let containers = observed.containers.iter();
    let running = containers.filter(|container| container.is_one_off && container.state.is_running());
    let listed: Vec<&str> = running.map(|container| container.name.as_str()).collect();
    let is_left = plan.steps.is_empty() && !listed.is_empty();
    is_left.then(|| format!("containers of `run` in {project} keep running: {}", names(listed, MOST_NAMES)))
}

/// `1 volume kept: desafio2_dados ('topo down -v' removes it)`
fn about_volumes(left: &VolumesLeft, global: &Global) -> Vec<String> {
    let VolumesLeft { declared, undeclared } = left;
    let words: Vec<&str> = undeclared.iter().map(VolumeName::as_str).collect();
    let by_hand = format!("docker volume rm {}", words.join(" "));
    let kinds = [(declared, "", global.command("down -v")), (undeclared, "undeclared ", by_hand)];
    let some = kinds.into_iter().filter(|(left, _, _)| !left.is_empty());
    let remark = |(left, which, command): (&Vec<VolumeName>, &str, String)| {
        let listed = names(left.iter().map(|name| name.as_str()), MOST_NAMES);
        let count = Kind::Volume.count(left.len()).replacen(' ', &format!(" {which}"), 1);
        let them = if left.len() == 1 { "it" } else { "them" };
        format!("{count} kept: {listed} (`{command}` removes {them})")
    };
    some.map(remark).collect()
}
