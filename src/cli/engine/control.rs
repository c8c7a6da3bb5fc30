//! What commands about containers that are there share: whose, and how a plan about them is carried out.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::engine::connection;
use crate::cli::engine::session::{self, Session};
use crate::cli::engine::turn::Turn;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::interrupt;
use crate::cli::io::output::Output;
use crate::cli::topology::load::{Needs, Operation, Selection, load_or_explain};
use crate::cli::topology::project::{Project, project};
use crate::cli::topology::provide;
use crate::engine::{Engine, Identity, Query};
use crate::plan::observed::{Observed, ObservedContainer, Status};
use crate::plan::{self, Action, CutOff, Plan, Scope, WaitChoice};
use crate::report::standing::standing;
use crate::report::{Goal, Objects, ScopedGoal};
use crate::run::LastLook;
use crate::run::provider::Order;
use crate::topology::Topology;
use crate::topology::name::ServiceName;

/// A command about containers that are there.
pub struct Control {
    /// Its name.
    pub command: &'static str,
    /// What it wants of the whole project.
    pub goal: Goal,
    /// Its options.
    pub global: Global,
    /// The services that were named.
    pub services: Vec<ServiceName>,
    /// Those that are left out.
    excluded: Excluded,
    /// Where its words go.
    pub output: Output,
    /// The state that it brings containers to: one that is in it was so already.
    pub end_status: Option<Status>,
    /// What is said beside that nothing is to do, where containers run.
    pub help_for_running: Option<String>,
    /// The last wait is given up after this time; never when absent.
    pub wait_limit: Option<Duration>,
    /// Triggered by the first Ctrl-C.
    pub cancel: CancellationToken,
    /// The turn to change the project; one that does not wait for it has none.
    pub turn: Turn,
    /// Whether other runs are waited for.
    pub takes_turn: bool,
    begun: Instant,
}

impl Control {
    /// Takes the files out of the arguments; the others are services.
    pub fn new(
        command: &'static str,
        goal: Goal,
        global: &mut Global,
        (excluded, arguments): (Excluded, &[String]),
    ) -> Result<Self, CliError> {
        let output = global.output();
        let services = excluded.take_services(global, arguments)?;
        Ok(Self {
            command,
            goal,
            global: global.clone(),
            services,
            excluded,
            output,
            end_status: None,
            help_for_running: None,
            wait_limit: None,
            cancel: CancellationToken::new(),
            turn: Turn::default(),
            takes_turn: true,
            begun: Instant::now(),
        })
    }

    /// Plans and carries it out on the engine that the environment names.
    pub(crate) fn run(
        mut self,
        plan: impl Fn(Scope<'_>, &Output) -> Result<Plan, CliError>,
    ) -> Result<Exit, CliError> {
        let project = project(&self.global, &self.services, &self.output)?;
        let meant = self.excluded.services_of(&project, self.services.clone(), &self.output)?;
        session::block_on(async {
            let limit = (self.wait_limit, self.begun);
            let (engine, turn, observed) = interrupt::unless_asked_to_end(async {
                let connecting = connection::connect(&self.output);
                let engine = session::within(limit.0, limit.1, connecting).await?;
                let turn = match self.takes_turn {
                    true => Turn::of(engine.address(), &project.query.project, &self.global),
                    false => Turn::default(),
                };
                session::take_turn(&turn, limit).await?;
                let observing = self.observe(&engine, &turn, &project.query);
                let observed = session::within(limit.0, limit.1, observing).await?;
                Ok((engine, turn, observed))
            })
            .await?;
            self.turn = turn;
            interrupt::listen(self.cancel.clone());
            self.carry_out(&engine, (&project, &observed), &meant, plan).await
        })
    }

    /// What is to run is not planned while the engine is still stopping it.
    async fn observe<E: Engine>(&self, engine: &E, turn: &Turn, query: &Query) -> Result<Observed, CliError> {
        match self.command {
            "start" | "restart" => session::observe_settled(engine, turn, query, &self.output).await,
            _ => Ok(engine.observe(query).await?),
        }
    }

    /// Plans for what is there, and carries it out. `meant` are the services without those that are left out.
    pub async fn carry_out<E: Engine>(
        mut self,
        engine: &E,
        (project, observed): (&Project, &Observed),
        meant: &[ServiceName],
        plan: impl Fn(Scope<'_>, &Output) -> Result<Plan, CliError>,
    ) -> Result<Exit, CliError> {
        let Project { query, topology } = project;
        let named = self.services.clone();
        let output = self.output;
        let plan_for = |scope: Scope<'_>| plan(scope, &output);
        let excluded = self.excluded.clone();
        let scope = Scope {
            project: &query.project,
            topology: topology.as_ref(),
            observed,
            services: &named,
            excluded: excluded.names(),
        };
        let mut plan = plan_for(scope)?;
        let created_from;
        if let Some(topology) = self.topology_to_create_from(&plan)? {
            created_from = topology;
            plan = plan_for(Scope { topology: Some(&created_from), ..scope })?;
        }
        if !excluded.is_empty() {
            self.services = services_there(scope);
        }
        warn_of_cut_off(scope, &plan, &self.global, &self.output);
        let mut session = Session::new(engine, &self.global, &self.output);
        (session.wait_limit, session.begun) = (self.wait_limit, self.begun);
        session.cancel = self.cancel.clone();
        session.turn = self.turn.clone();
        let again = async |seen: &LastLook| {
            let observed = self.observe(engine, &self.turn, query).await?;
            let scope = Scope { observed: &observed, ..scope };
            match self.command {
                "start" | "restart" => Ok(start_what_was_lost(scope, seen)),
                _ => plan_for(scope),
            }
        };
        let scoped_goal = self.scoped_goal(scope, &plan);
        let outcome = match self.command {
            "start" | "stop" | "restart" | "rm" => {
                session.converge(&plan, scoped_goal, self.command, again).await.1
            }
            // A signal is sent once, and who is paused may be resumed by somebody else.
            _ => session.carry_out(&plan, scoped_goal, self.command).await,
        };
        session.turn.end();
        if let Some(topology) = topology.as_ref().filter(|_| outcome.is_success() && self.command == "stop") {
            provide::end(topology, meant, Order::Stop, &self.output, &session.cancel).await?;
        }
        session::exit_of(&outcome)
    }
}

impl Control {
    /// What runs to its end before a first start is created from all that its service says: env files and
    /// secrets, which no other step needs.
    fn topology_to_create_from(&self, plan: &Plan) -> Result<Option<Topology>, CliError> {
        let steps = plan.steps.iter().filter(|step| matches!(step.action, Action::RunToEnd(_)));
        let services: BTreeSet<ServiceName> = steps.filter_map(|step| step.service.clone()).collect();
        if services.is_empty() {
            return Ok(None);
        }
        let services: Vec<ServiceName> = services.into_iter().collect();
        let selection = Selection { without_dependencies: true, ..Selection::of(&services, Operation::Run) };
        let (_, topology) = load_or_explain(&self.global, &Needs::Services(selection), &self.output)?;
        Ok(Some(topology))
    }

    fn scoped_goal(&self, scope: Scope<'_>, plan: &Plan) -> ScopedGoal {
        let mut idle = match self.services.as_slice() {
            [] => format!("{} {}", scope.project, self.goal.idle),
            services => standings(scope, services, self.end_status),
        };
        let help = self.help_for_running.iter();
        for help in help.filter(|_| scope.containers().any(|container| container.state.is_running())) {
            idle = format!("{idle}; {help}");
        }
        ScopedGoal { services: self.touched(plan), idle: Some(idle), ..self.goal.into() }
    }

    /// The services that were named, and those that something is done to with them.
    fn touched(&self, plan: &Plan) -> Vec<ServiceName> {
        let mut services = self.services.clone();
        if services.is_empty() {
            return services;
        }
        for object in Objects::in_plan(plan).all() {
            let service = object.service.as_ref().filter(|_| object.change(plan, |_| true).is_some());
            services.extend(service.filter(|service| !services.contains(service)).cloned());
        }
        services
    }
}

/// What was started is not started anew, and what ended by itself stays as it is.
fn start_what_was_lost(scope: Scope<'_>, seen: &LastLook) -> Plan {
    let is_lost = |container: &&ObservedContainer| seen.meanwhile.contains_key(&container.name);
    let lost: BTreeSet<&ServiceName> =
        scope.containers().filter(is_lost).map(|container| &container.service).collect();
    let services: Vec<ServiceName> = lost.into_iter().cloned().collect();
    let plan = match services.as_slice() {
        [] => None,
        services => plan::start(Scope { services, ..scope }, WaitChoice::Nothing).ok(),
    };
    plan.unwrap_or_else(|| Plan::amid(scope.project.clone(), scope.observed))
}

/// What runs on without a namespace that it shares is named, with what mends it.
pub(crate) fn warn_of_cut_off(scope: Scope<'_>, plan: &Plan, global: &Global, output: &Output) {
    for CutOff { service, container, owner, namespace } in plan::cut_off(scope, plan) {
        let namespace = namespace.word();
        let cut_off = container.as_ref().map_or(service.as_str(), |container| container.as_str());
        let mended = match container {
            Some(_) => "run its command again afterwards".to_owned(),
            None => format!("`{}` gives it a new one", global.command(&format!("up -d {service}"))),
        };
        output.warning(&format!(
            "{cut_off} shares the {namespace} namespace of {owner}, and loses it: {mended}"
        ));
    }
}

/// The services that are meant, and have containers.
fn services_there(scope: Scope<'_>) -> Vec<ServiceName> {
    let there: BTreeSet<&ServiceName> = scope.containers().map(|container| &container.service).collect();
    there.into_iter().cloned().collect()
}

/// The states of services: `web is already running, db has no container`.
pub(crate) fn standings(scope: Scope<'_>, services: &[ServiceName], end_status: Option<Status>) -> String {
    let standing = |service: &ServiceName| {
        let containers = scope.containers().filter(|container| container.service == *service);
        standing(service, containers.map(|container| container.state.status), end_status)
    };
    services.iter().map(standing).collect::<Vec<_>>().join(", ")
}

/// How long containers may take to stop, in place of what each says.
pub(crate) fn grace(timeout: Option<u32>) -> Option<Duration> {
    timeout.map(|seconds| Duration::from_secs(seconds.into()))
}
