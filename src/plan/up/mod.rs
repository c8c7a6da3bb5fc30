//! What `up` does: from whatever the engine has to what the topology says.

mod address;
mod container;
mod decision;
mod image;
mod mounted_image;
mod names;
mod network;
mod older_engine;
mod one_off;
mod order;
mod ports;
mod pre_start;
mod processors;
mod volume;

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::DiGraph;

use crate::diagnostic::{Diagnostics, code};
use crate::plan::namespace::{self, CutOff};
use crate::plan::observed::{ByService, Observed, ObservedContainer, Query};
use crate::plan::scope;
use crate::plan::{Action, Because, Condition, Needs, Plan, Scope, Step, StepId, Values, spec};
use crate::topology::name::{ContainerName, NetworkName, ServiceName, VolumeName};
use crate::topology::{Service, Topology};
use crate::value::image::ImageReference;
use container::PlacedContainer;
use decision::{Decision, Replica};
use network::NetworkPlace;
pub use one_off::{OneOffChoices, one_off, one_off_query};
pub use order::services as services_in_order;

/// What the caller decides about `up`.
#[derive(Clone, Debug, Default)]
pub struct UpChoices {
    /// The services that are brought up, with what they depend on; all when empty.
    pub services: Vec<ServiceName>,
    /// Whether only the named services are touched.
    pub without_dependencies: bool,
    /// Whether services go along that depend on what is replaced or restarted with `restart: true`, also
    /// those that were not chosen.
    pub restarts_dependants: bool,
    /// When images are built.
    pub build: BuildChoice,
    /// When images are pulled, in place of what the topology says.
    pub pull: Option<PullChoice>,
    /// When containers are replaced.
    pub recreate: RecreateChoice,
    /// Whether containers of services that were not chosen are replaced even if they match.
    pub recreate_dependencies: bool,
    /// Whether replaced containers get new anonymous volumes.
    pub renew_anonymous_volumes: bool,
    /// Whether networks and volumes are made that no service uses.
    pub all_resources: bool,
    /// How many containers of a service run, in place of what the topology says.
    pub scale: BTreeMap<ServiceName, u32>,
    /// Whether a service keeps as many containers as it has, also one that was chosen.
    pub keeps_numbers: bool,
    /// Whether every service is waited for until it is ready.
    pub wait: bool,
    /// Whether containers are started at all.
    pub start: StartChoice,
    /// Whether containers of services that the topology no longer has are removed.
    pub remove_orphans: bool,
    /// How long containers may take to stop, in place of what each says.
    pub grace: Option<std::time::Duration>,
    /// Which values are part of the reasons of steps.
    pub values: Values,
    /// Containers that ended by themselves a moment ago: they are not started again.
    pub ended: BTreeSet<ContainerName>,
}

impl UpChoices {
    /// The same wishes once they were fulfilled, and something else undid a part of that: what was to be done in any case
    /// is done. What ended by itself since stays as it is.
    pub fn fulfilled(&self, ended: BTreeSet<ContainerName>) -> Self {
        Self {
            build: match self.build {
                BuildChoice::Always | BuildChoice::Missing => BuildChoice::Missing,
                BuildChoice::Never => BuildChoice::Never,
            },
            pull: match self.pull {
                Some(PullChoice::Never) => Some(PullChoice::Never),
                Some(PullChoice::Always | PullChoice::Missing) | None => Some(PullChoice::Missing),
            },
            recreate: match self.recreate {
                RecreateChoice::Force | RecreateChoice::Changed => RecreateChoice::Changed,
                RecreateChoice::Never => RecreateChoice::Never,
            },
            recreate_dependencies: false,
            renew_anonymous_volumes: false,
            ended,
            ..self.clone()
        }
    }
}

/// When images are built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BuildChoice {
    /// When they are not there.
    #[default]
    Missing,
    /// Every time.
    Always,
    /// Never.
    Never,
}

/// When images are pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullChoice {
    /// Every time.
    Always,
    /// When they are not there.
    Missing,
    /// Never.
    Never,
}

/// When containers are replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecreateChoice {
    /// When they differ from the topology.
    #[default]
    Changed,
    /// Always.
    Force,
    /// Never.
    Never,
}

/// Whether containers are started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartChoice {
    /// They are.
    #[default]
    Start,
    /// They are only created.
    CreateOnly,
}

/// What the engine is to be asked before planning.
pub fn query(topology: &Topology) -> Query {
    let services = || topology.services.iter().chain(&topology.inactive);
    Query {
        project: topology.name.clone(),
        images: services().flat_map(|(name, service)| images_of(topology, name, service)).collect(),
        networks: topology.networks.iter().map(|(key, network)| spec::network_name(key, network)).collect(),
        volumes: topology.volumes.iter().map(|(key, volume)| spec::volume_name(key, volume)).collect(),
        settings: true,
        processors: services().any(|(_, service)| processors::are_limited(service)),
    }
}

/// The image of a service, those of the containers that run before its own, and those that it mounts.
fn images_of(
    topology: &Topology,
    name: &ServiceName,
    service: &Service,
) -> impl Iterator<Item = ImageReference> + use<> {
    let hooks = service.pre_start.iter().filter_map(|hook| hook.image.as_ref());
    let images: Vec<ImageReference> = hooks.map(|image| image.value.clone()).collect();
    let mounted: Vec<ImageReference> = spec::mounted_images(service).map(|(_, image)| image).collect();
    images.into_iter().chain(mounted).chain([spec::image_name(topology, name, service)])
}

/// Plans `up`. What stands in the way goes to `found`.
pub fn up(topology: &Topology, observed: &Observed, choices: &UpChoices, found: &mut Diagnostics) -> Plan {
    let containers = observed.by_service();
    let context = Context { topology, observed, containers: &containers, choices };
    let order = order::services(topology, &choices.services, choices.without_dependencies);
    check_engine(context, order.iter().map(|name| (name, &*topology.services[name].value)), found);
    let along = context.along(&order);
    let decisions = decision::decide(context, &order, &along, found);
    let mut up = Up::new(context, found);
    up.remove_without_successor(&decisions.removed);
    for name in order.iter().chain(&along) {
        if let Some((name, replicas)) = decisions.replicas.get_key_value(name) {
            up.place_service(name, replicas);
        }
    }
    if choices.all_resources {
        up.place_unused_resources();
    }
    if choices.wait && choices.start == StartChoice::Start {
        up.wait_for_all(&order);
    }
    let plan = up.finish();
    warn_of_cut_off(context, &plan, found);
    plan
}

/// Reports what the services need that the engine does not have.
fn check_engine<'a>(
    context: Context<'a>,
    services: impl Iterator<Item = (&'a ServiceName, &'a Service)> + Clone,
    found: &mut Diagnostics,
) {
    older_engine::check(context, services.clone(), found);
    processors::check(context, services, found);
}

/// With `--no-deps` nobody goes along, and containers of `run` and of inactive services never do.
fn warn_of_cut_off(context: Context<'_>, plan: &Plan, found: &mut Diagnostics) {
    let Context { topology, observed, .. } = context;
    let scope =
        Scope { project: &topology.name, topology: Some(topology), observed, services: &[], excluded: &[] };
    for CutOff { service, container, owner, namespace } in namespace::cut_off(scope, plan) {
        let namespace = namespace.word();
        let cut_off = container.as_ref().map_or(service.as_str(), ContainerName::as_str);
        let warning = found
            .warning(code::CUT_OFF, format!("`{cut_off}` loses the {namespace} namespace of `{owner}`"))
            .label(topology.place_of(&["services", service.as_str()]), "shares it, and is left as it is");
        let without = if context.choices.without_dependencies { "leave out `--no-deps`, or " } else { "" };
        match container {
            Some(_) => warning.help("run its command again afterwards"),
            None if topology.service(service.as_str()).is_none() => continue,
            None => warning.help(format!("{without}bring `{service}` up afterwards: `topo up -d {service}`")),
        };
    }
}

/// What a plan is made from.
#[derive(Clone, Copy)]
struct Context<'a> {
    topology: &'a Topology,
    observed: &'a Observed,
    containers: &'a ByService<'a>,
    choices: &'a UpChoices,
}

impl<'a> Context<'a> {
    /// The services that go along with those that are brought up, as far as these are replaced or restarted.
    fn along(self, services: &[ServiceName]) -> Vec<ServiceName> {
        let along = match (self.choices.restarts_dependants, self.choices.without_dependencies) {
            (true, _) => order::Along::Restarted,
            (false, true) => order::Along::Nobody,
            (false, false) => order::Along::Sharing,
        };
        order::along(self.topology, services, along)
    }

    /// Whether somebody asked for the service itself: with none named, all are meant.
    fn is_chosen(self, service: &ServiceName) -> bool {
        let chosen = &self.choices.services;
        chosen.is_empty() || chosen.contains(service)
    }

    /// Whether replaced containers of a service get new anonymous volumes, or those of one that gets new ones.
    fn renews_volumes(self, name: &ServiceName, service: &Service) -> bool {
        let mut volumes_of = order::volumes_from(service).chain([name.clone()]);
        self.choices.renew_anonymous_volumes && volumes_of.any(|service| self.is_chosen(&service))
    }

    /// The containers that the engine has of a service.
    fn containers_of(self, service: &ServiceName) -> impl Iterator<Item = &'a ObservedContainer> + use<'a> {
        self.containers.of(service)
    }
}

/// A plan in the making.
struct Up<'a> {
    context: Context<'a>,
    found: &'a mut Diagnostics,
    plan: Plan,
    /// The step that makes sure of an image; none when it is there.
    images: BTreeMap<ImageReference, Option<StepId>>,
    /// What becomes of each network that a service uses.
    networks: BTreeMap<NetworkName, NetworkPlace>,
    /// The step that makes sure of a volume; none when it is there.
    volumes: BTreeMap<VolumeName, Option<StepId>>,
    /// What became of each service's containers so far.
    placed: BTreeMap<ServiceName, Placed>,
    /// The step that waits for a container; none when nothing is to be waited for.
    waits: BTreeMap<(ContainerName, Condition), Option<StepId>>,
    /// The steps that change the limits of containers, by the names that these have by then.
    updates: BTreeMap<ContainerName, StepId>,
    /// The steps that take containers out of networks that their services do not have, by the names that those have
    /// before the plan.
    left: BTreeMap<(ContainerName, NetworkName), StepId>,
    /// The steps that remove containers which have no successor.
    removals: BTreeMap<ContainerName, StepId>,
    /// The containers that the engine has and that the plan is about, by their names before it.
    handled: BTreeSet<ContainerName>,
    /// The last steps of the containers that run once for a service before its own are started.
    prepared: BTreeMap<ServiceName, Vec<Gate>>,
    /// Host ports that are given up and taken.
    ports: ports::Ports,
}

/// What became of a service's containers.
struct Placed {
    containers: Vec<PlacedContainer>,
    /// What they wait for before they start.
    gates: Vec<Gate>,
}

/// A step and how it is needed.
type Gate = (StepId, Needs);

impl<'a> Up<'a> {
    fn new(context: Context<'a>, found: &'a mut Diagnostics) -> Self {
        Self {
            context,
            found,
            plan: Plan::amid(context.topology.name.clone(), context.observed),
            images: BTreeMap::new(),
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
            placed: BTreeMap::new(),
            waits: BTreeMap::new(),
            updates: BTreeMap::new(),
            left: BTreeMap::new(),
            removals: BTreeMap::new(),
            handled: BTreeSet::new(),
            prepared: BTreeMap::new(),
            ports: ports::Ports::default(),
        }
    }

    /// What is left to do when every container has its place.
    fn finish(mut self) -> Plan {
        self.finish_networks();
        self.warn_of_volumes_left();
        self.hand_names_over();
        std::mem::take(&mut self.ports).hand_over(&mut self.plan, self.context.observed);
        self.plan.group_by_lasting_names();
        self.hand_addresses_over();
        self.plan
    }

    fn add(
        &mut self,
        action: Action,
        because: Because,
        service: Option<&ServiceName>,
        needs: &[Gate],
    ) -> StepId {
        self.add_deed(action, Decision { because, only_if: None }, service, needs)
    }

    fn add_deed(
        &mut self,
        action: Action,
        decision: Decision,
        service: Option<&ServiceName>,
        needs: &[Gate],
    ) -> StepId {
        let Decision { because, only_if } = decision;
        let needs = needs.iter().copied().collect();
        let step = Step::new(action, because, service.cloned());
        self.plan.steps.push(Step { only_if, needs, ..step })
    }

    fn place_service(&mut self, name: &ServiceName, replicas: &[Replica<'_>]) {
        let topology = self.context.topology;
        let Some((name, service)) = topology.services.get_key_value(name) else { return };
        let service = &service.value;
        let mut placing = self.placing(name, service);
        placing.is_prepared = replicas.iter().any(Replica::has_run_before);
        let containers = replicas.iter().map(|replica| self.place(&placing, replica)).collect();
        self.placed.insert(name.clone(), Placed { containers, gates: placing.gates });
    }

    /// Networks and volumes that no service uses are made too.
    fn place_unused_resources(&mut self) {
        let topology = self.context.topology;
        for key in topology.networks.keys() {
            self.network(key);
        }
        for key in topology.volumes.keys() {
            self.volume(key);
        }
    }

    /// What a service's containers wait for before they start.
    fn gates(&mut self, name: &ServiceName, service: &Service) -> Vec<Gate> {
        let mut gates = Vec::new();
        if self.context.choices.start == StartChoice::CreateOnly {
            // What is not started has no condition to come to.
            return gates;
        }
        for (needed, dependency) in &service.depends_on.0 {
            let how = if dependency.required { Needs::Done } else { Needs::Settled };
            let Some(placed) = self.placed.get(needed) else { continue };
            if placed.containers.is_empty() {
                // None of it runs: what it would wait for comes first all the same.
                gates.extend(&placed.gates);
            }
            for container in placed.containers.clone() {
                let steps = match scope::condition(dependency) {
                    None => container.started,
                    Some(until) => {
                        let because = Because::NeededBy(name.clone());
                        self.wait(needed, &container, until, because).into_iter().collect()
                    }
                };
                gates.extend(steps.into_iter().map(|step| (step, how)));
            }
        }
        gates
    }

    /// The step that waits for a container to be in a condition, unless it is in it already.
    fn wait(
        &mut self,
        service: &ServiceName,
        placed: &PlacedContainer,
        until: Condition,
        because: Because,
    ) -> Option<StepId> {
        let key = (placed.name.clone(), until);
        if let Some(known) = self.waits.get(&key) {
            return *known;
        }
        let step = (!placed.is_in(until)).then(|| {
            let needs: Vec<Gate> = placed.started.iter().map(|step| (*step, Needs::Done)).collect();
            let container = placed.name.clone();
            self.add(Action::Wait { container, until }, because, Some(service), &needs)
        });
        self.waits.insert(key, step);
        step
    }

    fn wait_for_all(&mut self, order: &[ServiceName]) {
        let ways = self.plan.steps.graph();
        for name in order {
            for container in self.placed[name].containers.clone() {
                if !self.is_waited_for(&ways, &container.name) {
                    self.wait(name, &container, Condition::Ready, Because::Asked);
                }
            }
        }
    }

    /// A container that another service waits for is ready when that wait is over, unless the other one
    /// goes on also when it fails.
    fn is_waited_for(&self, ways: &DiGraph<StepId, Needs>, container: &ContainerName) -> bool {
        let waits = [Condition::Healthy, Condition::Completed];
        let waits = waits.into_iter().filter_map(|condition| self.waits.get(&(container.clone(), condition)));
        let is_required = |step: StepId| {
            let mut needs = ways.edges(step.node()).map(|edge| *edge.weight()).peekable();
            needs.peek().is_none() || needs.any(|needs| needs == Needs::Done)
        };
        waits.into_iter().any(|step| step.is_none_or(is_required))
    }
}
