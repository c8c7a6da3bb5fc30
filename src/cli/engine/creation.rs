//! What commands that create containers share: their options, and how they plan.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::engine::connection;
use crate::cli::engine::plan_file;
use crate::cli::engine::preflight::PreflightOptions;
use crate::cli::engine::session;
use crate::cli::engine::turn::Turn;
use crate::cli::error::CliError;
use crate::cli::io::interrupt;
use crate::cli::topology::load::{Needs, Operation, Selection, check_targets};
use crate::cli::topology::provide;
use crate::diagnostic::Diagnostics;
use crate::engine::{Engine, Identity, Target};
use crate::lint::build_context;
use crate::plan::{
    self, Action, BuildChoice, Observed, Plan, PlanFile, PullChoice, RecreateChoice, StoredPlan, UpChoices,
};
use crate::report::QuietFilter;
use crate::source::{FileSystem, Sources};
use crate::topology::Topology;
use crate::topology::name::ServiceName;
use crate::value::pair::Pair;

/// How containers are created.
#[derive(Args, Clone, Debug)]
pub(crate) struct CreateOptions {
    #[command(flatten)]
    pub(crate) excluded: Excluded,
    /// Build images even if they exist
    #[arg(long, conflicts_with = "no_build")]
    build: bool,
    /// Build no image, even if it is missing
    #[arg(long)]
    no_build: bool,
    /// When to pull images, overriding `pull_policy`
    #[arg(long, value_name = "always|missing|never", hide_possible_values = true)]
    pull: Option<Pull>,
    /// Recreate containers even if nothing changed
    #[arg(long, conflicts_with = "no_recreate")]
    force_recreate: bool,
    /// Recreate no containers, even if they changed
    #[arg(long)]
    no_recreate: bool,
    /// Number of containers of a service
    #[arg(long, value_name = "SERVICE=NUMBER")]
    scale: Vec<String>,
    /// Also create networks and volumes that no service uses
    #[arg(long)]
    all_resources: bool,
    /// Remove containers of services that the topology does not have
    #[arg(long)]
    pub(crate) remove_orphans: bool,
}

/// Whose progress is kept back.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct QuietOptions {
    /// Do not show the progress of pulls
    #[arg(long)]
    quiet_pull: bool,
    /// Do not show the steps of builds
    #[arg(long)]
    quiet_build: bool,
}

/// When images are pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pull {
    /// Every time
    Always,
    /// When they are not there
    Missing,
    /// Never
    Never,
    /// As the topology says
    #[value(hide = true)]
    Policy,
    /// They are built
    #[value(hide = true)]
    Build,
}

impl CreateOptions {
    /// What is needed of the topology to create containers of these services.
    pub(crate) fn needs(&self, services: &[ServiceName]) -> Result<Needs, CliError> {
        Ok(Needs::Services(self.selection(services)?))
    }

    /// The services whose containers are created.
    pub(crate) fn selection(&self, services: &[ServiceName]) -> Result<Selection, CliError> {
        let scale = scale(&self.scale, "--scale")?;
        Ok(self.excluded.of(Selection { scale, ..Selection::of(services, Operation::Run) }))
    }

    /// The choices of `up`, as far as these options say something about them.
    pub(crate) fn choices(
        &self,
        services: Vec<ServiceName>,
        topology: &Topology,
    ) -> Result<UpChoices, CliError> {
        Ok(UpChoices {
            services,
            build: match (self.build || self.pull == Some(Pull::Build), self.no_build) {
                (true, _) => BuildChoice::Always,
                (_, true) => BuildChoice::Never,
                _ => BuildChoice::Missing,
            },
            pull: self.pull.and_then(Pull::choice),
            recreate: match (self.force_recreate, self.no_recreate) {
                (true, _) => RecreateChoice::Force,
                (_, true) => RecreateChoice::Never,
                _ => RecreateChoice::Changed,
            },
            scale: self.scale_of(topology)?,
            remove_orphans: self.remove_orphans,
            all_resources: self.all_resources,
            ..UpChoices::default()
        })
    }
}

impl CreateOptions {
    fn scale_of(&self, topology: &Topology) -> Result<BTreeMap<ServiceName, u32>, CliError> {
        let scale = scale(&self.scale, "--scale")?;
        check_scale(&scale, topology)?;
        Ok(scale)
    }
}

impl Pull {
    /// Nothing where the topology decides.
    pub(crate) fn choice(self) -> Option<PullChoice> {
        match self {
            Self::Always => Some(PullChoice::Always),
            Self::Missing => Some(PullChoice::Missing),
            Self::Never => Some(PullChoice::Never),
            Self::Policy | Self::Build => None,
        }
    }
}

impl QuietOptions {
    /// Whose progress is kept back.
    pub(crate) fn quiet_filter(self) -> QuietFilter {
        QuietFilter { pulls: self.quiet_pull, builds: self.quiet_build }
    }
}

/// How many containers of which service; `words` is what is typed in front of such a wish.
pub(crate) fn scale(arguments: &[String], words: &str) -> Result<BTreeMap<ServiceName, u32>, CliError> {
    let mut scale = BTreeMap::new();
    for argument in arguments {
        let read = Pair::both(argument).and_then(|(name, number)| Some((name, number.parse().ok()?)));
        let Some((name, number)) = read else {
            let service =
                Some(Pair::split(argument).name).filter(|service| !service.is_empty()).unwrap_or("web");
            let help = format!("write `{words} {service}=3`");
            return Err(CliError::usage(format!("expected `SERVICE=NUMBER`, not `{argument}`")).help(help));
        };
        scale.insert(ServiceName::from(name), number);
    }
    Ok(scale)
}

/// What is scaled must be there, and have containers.
pub(crate) fn check_scale(scale: &BTreeMap<ServiceName, u32>, topology: &Topology) -> Result<(), CliError> {
    let is_provided = |name: &&ServiceName| {
        topology.service(name.as_str()).is_some_and(|service| service.provider.is_some())
    };
    if let Some(name) = scale.keys().find(is_provided) {
        let help = "leave it out: a provider decides by itself what it runs";
        return Err(CliError::usage(format!(
            "`{name}` is run by a provider, and has no containers to scale"
        ))
        .help(help));
    }
    let named: Vec<ServiceName> = scale.keys().cloned().collect();
    check_targets(topology, &named)
}

/// Where the plan of an `up` comes from.
pub(crate) enum PlanSource<'a> {
    /// It is made.
    Choices(&'a UpChoices),
    /// It was made before.
    File(PlanFile<StoredPlan>),
}

impl PlanSource<'_> {
    /// The services that it is about, all when there are none, and whether what they depend on is left alone.
    fn services(&self) -> (Vec<ServiceName>, bool) {
        match self {
            Self::Choices(choices) => (choices.services.clone(), choices.without_dependencies),
            Self::File(file) => (file.services.clone(), file.without_dependencies),
        }
    }
}

/// Brings up what is not a container, connects to the engine, waits for the turn to change the project and plans
/// `up`; Ctrl-C ends it. `limit` is how long that may take, counted from when the command began.
pub(crate) async fn prepare_up(
    topology: &mut Topology,
    sources: &Sources,
    plan: PlanSource<'_>,
    (limit, begun): (Option<Duration>, Instant),
    preflight: PreflightOptions,
    global: &Global,
) -> Result<(impl Target + use<>, Turn, Plan), CliError> {
    let output = &global.output();
    interrupt::unless_asked_to_end(async {
        let (services, without_dependencies) = plan.services();
        // What a provider does may be a run of its own.
        provide::bring_up(topology, &services, without_dependencies, output).await?;
        let engine = session::within(limit, begun, connection::connect(output)).await?;
        let turn = Turn::of(engine.address(), &topology.name, global);
        session::take_turn(&turn, (limit, begun)).await?;
        let planning = async {
            match plan {
                PlanSource::Choices(choices) => {
                    plan_up_in_turn(&engine, &turn, sources, topology, choices, preflight, global).await
                }
                PlanSource::File(file) => {
                    plan_file::plan((&engine, &turn), file.plan, topology, sources, preflight, global).await
                }
            }
        };
        let plan = session::within(limit, begun, planning).await?;
        Ok((engine, turn, plan))
    })
    .await
}

/// [`plan_up`], for a run that has its turn and is about to carry the plan out.
pub(crate) async fn plan_up_in_turn(
    engine: &impl Target,
    turn: &Turn,
    sources: &Sources,
    topology: &Topology,
    choices: &UpChoices,
    preflight: PreflightOptions,
    global: &Global,
) -> Result<Plan, CliError> {
    let output = &global.output();
    let observed = session::observe_settled(engine, turn, &plan::query(topology), output).await?;
    let (plan, found) = plan_up_of(&observed, topology, choices);
    preflight.look(engine, &plan, (topology, &observed), found).await.checked(sources, global)?;
    Ok(plan)
}

/// Plans `up`; what stands in the way is said, and errors end the program.
pub(crate) async fn plan_up(
    engine: &impl Engine,
    sources: &Sources,
    topology: &Topology,
    choices: &UpChoices,
    global: &Global,
) -> Result<Plan, CliError> {
    let observed = engine.observe(&plan::query(topology)).await?;
    let (plan, mut found) = plan_up_of(&observed, topology, choices);
    global.name_topology(&mut found);
    global.output().checked(sources, &found)?;
    Ok(plan)
}

fn plan_up_of(observed: &Observed, topology: &Topology, choices: &UpChoices) -> (Plan, Diagnostics) {
    let mut found = Diagnostics::default();
    let plan = plan::up(topology, observed, choices, &mut found);
    require_contexts(&plan, &topology.file_system, &mut found);
    (plan, found)
}

/// What a plan builds must have something to be built from: it would fail half way.
pub(crate) fn require_contexts(plan: &Plan, file_system: &FileSystem, found: &mut Diagnostics) {
    for step in plan.steps.iter() {
        if let Action::BuildImage(spec) = &step.action {
            build_context::require(&spec.build, file_system, found);
        }
    }
}
