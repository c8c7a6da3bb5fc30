//! What `up` does: from whatever the engine has to what the topology says.

mod container;
mod image;
mod order;
mod ports;
mod resource;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diagnostic::{Diagnostics, code};
use crate::plan::observed::{Observed, ObservedContainer, Query};
use crate::plan::{Action, Because, Condition, Guard, Needs, Plan, Step, StepId, spec};
use crate::topology::name::{ContainerName, ImageName, ServiceName};
use crate::topology::{Service, Topology};
use container::Placed;

/// What the caller decides about `up`.
#[derive(Clone, Debug, Default)]
pub struct UpChoices {
    /// The services that are brought up, with what they depend on; all when empty.
    pub services: Vec<ServiceName>,
    /// Whether only the named services are touched.
    pub without_dependencies: bool,
    /// When images are built.
    pub build: BuildChoice,
    /// When images are pulled, in place of what the topology says.
    pub pull: Option<PullChoice>,
    /// When containers are replaced.
    pub recreate: RecreateChoice,
    /// Whether replaced containers get new anonymous volumes.
    pub renew_anonymous_volumes: bool,
    /// How many containers of a service run, in place of what the topology says.
    pub scale: BTreeMap<ServiceName, u32>,
    /// Whether every service is waited for until it is ready.
    pub wait: bool,
    /// Whether containers are started at all.
    pub start: StartChoice,
    /// Whether containers of services that the topology no longer has are removed.
    pub remove_orphans: bool,
    /// How long containers may take to stop, in place of what each says.
    pub grace: Option<std::time::Duration>,
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
        images: services().map(|(name, service)| spec::image_name(topology, name, service)).collect(),
        networks: topology.networks.iter().map(|(key, network)| spec::network_name(key, network)).collect(),
        volumes: topology.volumes.iter().map(|(key, volume)| spec::volume_name(key, volume)).collect(),
    }
}

/// Plans `up`. What stands in the way goes to `found`.
pub fn up(topology: &Topology, observed: &Observed, choices: &UpChoices, found: &mut Diagnostics) -> Plan {
    let mut up = Up {
        topology,
        observed,
        choices,
        found,
        plan: Plan::new(topology.name.clone()),
        images: BTreeMap::new(),
        networks: BTreeMap::new(),
        volumes: BTreeMap::new(),
        placed: BTreeMap::new(),
        waits: BTreeMap::new(),
        ports: ports::Ports::default(),
    };
    let order = order::services(topology, &choices.services, choices.without_dependencies);
    let restarted = up.restarted_with_dependencies(&order);
    for name in &order {
        let service = &topology.services[name].value;
        up.place_service(name, service, restarted.get(name));
    }
    if choices.wait {
        up.wait_for_all(&order);
    }
    up.remove_orphans();
    let Up { mut plan, ports, .. } = up;
    ports.order(&mut plan);
    plan
}

/// A plan in the making.
struct Up<'a> {
    topology: &'a Topology,
    observed: &'a Observed,
    choices: &'a UpChoices,
    found: &'a mut Diagnostics,
    plan: Plan,
    /// The step that makes sure of an image; none when it is there.
    images: BTreeMap<ImageName, Option<StepId>>,
    /// The step that makes sure of a network, by key; none when it is there.
    networks: BTreeMap<String, Option<StepId>>,
    /// The step that makes sure of a volume, by key; none when it is there.
    volumes: BTreeMap<String, Option<StepId>>,
    /// What became of each service's containers so far.
    placed: BTreeMap<ServiceName, Vec<Placed>>,
    /// The step that waits for a container; none when nothing is to be waited for.
    waits: BTreeMap<(ContainerName, &'static str), Option<StepId>>,
    /// Host ports that are given up and taken.
    ports: ports::Ports,
}

/// A step and how it is needed.
type Gate = (StepId, Needs);

impl Up<'_> {
    fn add(
        &mut self,
        action: Action,
        because: Because,
        service: Option<&ServiceName>,
        needs: &[Gate],
    ) -> StepId {
        self.add_guarded(action, because, service, needs, None)
    }

    fn add_guarded(
        &mut self,
        action: Action,
        because: Because,
        service: Option<&ServiceName>,
        needs: &[Gate],
        only_if: Option<Guard>,
    ) -> StepId {
        let step = self.plan.steps.add_node(Step { action, because, service: service.cloned(), only_if });
        for (needed, how) in needs {
            self.plan.steps.update_edge(*needed, step, *how);
        }
        step
    }

    /// How many containers of a service are wanted.
    fn replicas(&self, name: &ServiceName, service: &Service) -> u32 {
        self.choices.scale.get(name).copied().unwrap_or_else(|| service.replicas())
    }

    fn place_service(
        &mut self,
        name: &ServiceName,
        service: &Arc<Service>,
        restarted_with: Option<&ServiceName>,
    ) {
        let gates = self.gates(name, service);
        let wanted = self.replicas(name, service);
        let mut placed = Vec::new();
        for number in 1..=wanted {
            placed.push(self.place_container(name, service, number, &gates, restarted_with));
        }
        self.placed.insert(name.clone(), placed);
        self.remove_surplus(name, wanted);
    }

    /// What a service's containers wait for before they start.
    fn gates(&mut self, name: &ServiceName, service: &Service) -> Vec<Gate> {
        let mut gates = Vec::new();
        if self.choices.start == StartChoice::CreateOnly {
            // What is not started has no condition to come to.
            return gates;
        }
        for (needed, dependency) in &service.depends_on.0 {
            let how = if dependency.required { Needs::Done } else { Needs::Settled };
            for placed in self.placed.get(needed).cloned().unwrap_or_default() {
                let condition = order::condition(dependency.condition);
                let step = match condition {
                    None => placed.start,
                    Some(condition) => self.wait(needed, &placed, condition, Because::NeededBy(name.clone())),
                };
                gates.extend(step.map(|step| (step, how)));
            }
        }
        gates
    }

    /// The step that waits for a container to be in a condition, unless it is in it already.
    fn wait(
        &mut self,
        service: &ServiceName,
        placed: &Placed,
        until: Condition,
        because: Because,
    ) -> Option<StepId> {
        let key = (placed.name.clone(), until.word());
        if let Some(known) = self.waits.get(&key) {
            return *known;
        }
        let step = (!placed.is_in(until)).then(|| {
            let needs: Vec<Gate> = placed.start.map(|start| (start, Needs::Done)).into_iter().collect();
            let container = placed.name.clone();
            self.add(Action::Wait { container, until }, because, Some(service), &needs)
        });
        self.waits.insert(key, step);
        step
    }

    fn wait_for_all(&mut self, order: &[ServiceName]) {
        for name in order {
            for placed in self.placed.get(name).cloned().unwrap_or_default() {
                self.wait(name, &placed, Condition::Ready, Because::Asked);
            }
        }
    }

    /// Containers beyond the wanted number go.
    fn remove_surplus(&mut self, name: &ServiceName, wanted: u32) {
        let observed = self.observed;
        let is_surplus = |container: &&ObservedContainer| {
            container.service == *name && container.number > wanted && !container.is_one_off
        };
        for container in observed.containers.iter().filter(is_surplus) {
            self.remove(container, &Because::TooMany);
        }
    }

    fn remove_orphans(&mut self) {
        let is_orphan = |container: &&ObservedContainer| {
            !container.is_one_off && self.topology.service(container.service.as_str()).is_none()
        };
        let orphans: Vec<&ObservedContainer> = self.observed.containers.iter().filter(is_orphan).collect();
        if orphans.is_empty() {
            return;
        }
        if self.choices.remove_orphans {
            for container in orphans {
                self.remove(container, &Because::Orphan);
            }
            return;
        }
        let names: BTreeSet<&str> = orphans.iter().map(|container| container.name.as_str()).collect();
        self.found
            .warning(code::ORPHANS, format!("the topology has no service for {}", list(&names)))
            .help("containers of a service that was renamed or removed: `--remove-orphans` removes them");
    }
}

fn list(names: &BTreeSet<&str>) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
