//! `topo up`.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::down::grace;
use crate::cli::exit::Exit;
use crate::cli::follow::{self, Following};
use crate::cli::global::Global;
use crate::cli::interrupt;
use crate::cli::load::{Purpose, is_on, load_or_explain};
use crate::cli::output::Output;
use crate::cli::session::{self, Session};
use crate::diagnostic::Diagnostics;
use crate::engine::LogChoice;
use crate::plan::{self, BuildChoice, Plan, PullChoice, RecreateChoice, Scope, StartChoice, UpChoices};
use crate::report::Intent;
use crate::report::logs::Prefixes;
use crate::topology::Topology;
use crate::topology::name::ServiceName;

/// Make the engine match the topology.
///
/// Images are built or pulled where they are missing; containers that differ from the topology are
/// replaced, all others stay as they are. In the foreground the services' output is shown and Ctrl-C
/// stops them.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo up topologies/desafio5.yaml -d --wait")]
pub(super) struct Options {
    /// A topology file, and the services that are brought up with what they need; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    #[command(flatten)]
    up: UpOptions,
    /// Leave the services running in the background
    #[arg(short, long)]
    detach: bool,
    /// Seconds after which `--wait` fails
    #[arg(long, value_name = "SECONDS", requires = "wait")]
    wait_timeout: Option<u32>,
    /// Show the output without the names of services
    #[arg(long)]
    no_log_prefix: bool,
    /// Show the time of each line of output
    #[arg(long)]
    timestamps: bool,
    #[command(flatten)]
    global: Global,
}

/// What `up` and `plan` can be told.
#[derive(Args, Clone, Debug)]
pub(super) struct UpOptions {
    /// Build images even if they are there
    #[arg(long, conflicts_with = "no_build")]
    build: bool,
    /// Build no image, even if it is missing
    #[arg(long)]
    no_build: bool,
    /// When images are pulled, in place of what the topology says
    #[arg(long, value_name = "always|missing|never", hide_possible_values = true)]
    pull: Option<Pull>,
    /// Replace containers even if nothing changed
    #[arg(long, conflicts_with = "no_recreate")]
    force_recreate: bool,
    /// Replace no container, even if it changed
    #[arg(long)]
    no_recreate: bool,
    /// Give replaced containers new anonymous volumes
    #[arg(short = 'V', long)]
    renew_anon_volumes: bool,
    /// Leave alone what the services depend on
    #[arg(long)]
    no_deps: bool,
    /// Create containers without starting them
    #[arg(long, conflicts_with = "wait")]
    no_start: bool,
    /// Run this many containers of a service
    #[arg(long, value_name = "SERVICE=NUMBER")]
    scale: Vec<String>,
    /// Wait until every service is healthy, running, or completed; implies `--detach`
    #[arg(long)]
    wait: bool,
    /// Remove containers of services that the topology does not have
    #[arg(long)]
    pub(super) remove_orphans: bool,
    /// Seconds that containers may take to stop, in place of what each says
    #[arg(short, long, value_name = "SECONDS")]
    pub(super) timeout: Option<u32>,
}

/// When images are pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Pull {
    /// Every time
    Always,
    /// When they are not there
    Missing,
    /// Never
    Never,
}

impl UpOptions {
    pub(super) fn choices(&self, services: Vec<ServiceName>, output: &Output) -> Result<UpChoices, Exit> {
        Ok(UpChoices {
            services,
            without_dependencies: self.no_deps,
            build: match (self.build, self.no_build) {
                (true, _) => BuildChoice::Always,
                (_, true) => BuildChoice::Never,
                _ => BuildChoice::Missing,
            },
            pull: self.pull.map(|pull| match pull {
                Pull::Always => PullChoice::Always,
                Pull::Missing => PullChoice::Missing,
                Pull::Never => PullChoice::Never,
            }),
            recreate: match (self.force_recreate, self.no_recreate) {
                (true, _) => RecreateChoice::Force,
                (_, true) => RecreateChoice::Never,
                _ => RecreateChoice::Changed,
            },
            renew_anonymous_volumes: self.renew_anon_volumes,
            scale: scale(&self.scale, output)?,
            wait: self.wait,
            start: if self.no_start { StartChoice::CreateOnly } else { StartChoice::Start },
            remove_orphans: self.remove_orphans || is_on("COMPOSE_REMOVE_ORPHANS"),
            grace: grace(self.timeout),
        })
    }
}

fn scale(arguments: &[String], output: &Output) -> Result<BTreeMap<ServiceName, u32>, Exit> {
    let mut scale = BTreeMap::new();
    for argument in arguments {
        let read = argument.split_once('=').and_then(|(name, number)| Some((name, number.parse().ok()?)));
        let Some((name, number)) = read else {
            output.error(&format!("`{argument}` is not a scale"), Some("write `--scale web=3`"));
            return Err(Exit::Usage);
        };
        scale.insert(ServiceName::from(name), number);
    }
    Ok(scale)
}

pub(super) fn run(global: Global, options: Options) -> Result<Exit, Exit> {
    let mut global = global.merged(options.global.clone());
    let services: Vec<ServiceName> =
        global.take_files(&options.arguments).into_iter().map(ServiceName::from).collect();
    let output = Output::new(&global);
    let (loaded, topology) = load_or_explain(&global, &services, Purpose::Run, &output)?;
    let choices = options.up.choices(services, &output)?;
    session::block_on(async {
        let engine = session::connect(&output).await?;
        let observed = session::observe(&engine, &plan::query(&topology), &output).await?;
        let mut found = Diagnostics::default();
        let plan = plan::up(&topology, &observed, &choices, &mut found);
        output.diagnostics(&loaded.sources, &found);
        if found.has_errors() {
            return Err(Exit::Findings);
        }
        let mut session = Session::new(&engine, &global, &output);
        session.wait_limit = options.wait_timeout.map(|seconds| Duration::from_secs(seconds.into()));
        bring_up(&session, &topology, &plan, &options, &choices).await
    })
}

async fn bring_up(
    session: &Session<'_>,
    topology: &Topology,
    plan: &Plan,
    options: &Options,
    choices: &UpChoices,
) -> Result<Exit, Exit> {
    interrupt::listen(session.cancel.clone());
    let begun = follow::now();
    let outcome = session.carry_out(plan, Intent::UP, "up").await;
    let is_attached = !options.detach && !options.up.wait && !options.up.no_start;
    if !is_attached {
        return Ok(session::exit_of(&outcome));
    }
    if outcome.is_success() && !session.cancel.is_cancelled() {
        let following = Following {
            services: &choices.services,
            choice: LogChoice {
                follow: true,
                since: Some(begun),
                timestamps: options.timestamps,
                ..LogChoice::default()
            },
            prefixes: if options.no_log_prefix { Prefixes::None } else { Prefixes::Names },
        };
        follow::until_all_end(session, topology, &following).await?;
    }
    if !session.cancel.is_cancelled() {
        return Ok(session::exit_of(&outcome));
    }
    stop(session, topology, choices).await?;
    Ok(if outcome.is_success() { Exit::Interrupted } else { session::exit_of(&outcome) })
}

/// After Ctrl-C in the foreground: the services are stopped, dependants first.
async fn stop(session: &Session<'_>, topology: &Topology, choices: &UpChoices) -> Result<(), Exit> {
    let observed = session.observe(&plan::query(topology)).await?;
    let scope = Scope {
        project: &topology.name,
        topology: Some(topology),
        observed: &observed,
        services: &choices.services,
    };
    let plan = plan::stop(scope, choices.grace);
    // The second Ctrl-C leaves at once; nothing gives this plan up.
    let never = tokio_util::sync::CancellationToken::new();
    let outcome = session.carry_out_until(&plan, Intent::STOP, "up", &never).await;
    if outcome.is_success() { Ok(()) } else { Err(Exit::Failed) }
}
