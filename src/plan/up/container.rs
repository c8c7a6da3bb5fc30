//! The steps that bring one container about: it is created, replaced, restarted, started, or left as it is.
//!
//! # How a container is replaced
//!
//! A successor is created beside its predecessor, which runs on until everything that the successor needs is
//! there. Arrows point from a step to what waits for it.
//!
//! ```text
//!    image, networks, volumes,           what the service
//!    owners of shared namespaces         depends on is ready
//!               |                         |            |
//!               v                         v            |
//!    create ID_shop-web-1 ------> stop shop-web-1      |
//!               |                   |     :            |
//!               v                   v     :            |
//!             remove shop-web-1 <---+     : undo       |
//!               |                         :            |
//!               v                         v            v
//!    rename ID_shop-web-1 ------------> start shop-web-1 ------> wait
//!        to shop-web-1
//! ```
//!
//! | step | in this place, because |
//! |---|---|
//! | create | a specification that the engine refuses, or an image that cannot be pulled, leaves the old container running; the new one takes anonymous volumes over while the old one still has them |
//! | stop | the new one may want the same host ports and volumes; what is restarted with it has stopped before |
//! | remove | the name is free only then; anonymous volumes stay, since the successor has them |
//! | rename | the name begins with the predecessor's id until now, as Docker Compose does it: each of the two programs recognizes what the other left |
//! | start | it is the `undo` of the stop: once that has begun, everything up to here is done even if the user asks to stop |
//!
//! A run that fails, or is told to stop, before a predecessor's turn has come removes the successor again (`run`).
//! One that is killed leaves one of two things, and the next one goes on from there ([`Because::Interrupted`]):
//! both containers, of which the successor is removed and made anew; or the successor alone under its temporary
//! name, which is put right. Where only an image that is pulled or built by the plan itself can tell whether
//! the container changes, all five steps have that as their condition ([`Guard`]). Names and host ports that
//! move between containers of different services add needs at the end (`names.rs`, `ports.rs`), and the
//! container's name is the `group` of all steps.

use std::sync::Arc;

use super::decision::{Decision, Replica};
use super::{Context, Gate, StartChoice, Up, order};
use crate::diagnostic::code;
use crate::plan::action::{AfterFailedHook, AnonymousVolumes, ContainerSpec};
use crate::plan::drift::Updated;
use crate::plan::observed::{ContainerState, ObservedContainer};
use crate::plan::spec::ContainerBase;
use crate::plan::{Action, Because, Condition, FormerImage, Guard, Needs, Scope, StepId, spec, stop};
use crate::topology::Service;
use crate::topology::attribute::Named;
use crate::topology::name::{ContainerName, ServiceName};
use crate::topology::service::Dependency;

/// A container and how the plan leaves it.
#[derive(Clone, Debug)]
pub(super) struct PlacedContainer {
    /// Its name when the plan is done.
    pub(super) name: ContainerName,
    /// The last steps before others can use it; none when it is left as it is.
    pub(super) started: Vec<StepId>,
    /// The step after which it can be named as the owner of a namespace; none when it can be already.
    exists: Option<StepId>,
    /// The step that stops it, for good or for a while.
    stopped: Option<Stop>,
    /// The step that starts it again; what shares its namespaces runs without them.
    revived: Option<Stop>,
    /// Its state, when no step changes it.
    state: Option<ContainerState>,
}

/// A step that stops a container.
#[derive(Clone, Debug)]
struct Stop {
    step: StepId,
    /// What it waits for: its successor is ready to take its place.
    needs: Vec<Gate>,
}

impl PlacedContainer {
    /// Whether it is in a condition already.
    pub(super) fn is_in(&self, condition: Condition) -> bool {
        self.state.as_ref().is_some_and(|state| state.is_in(condition))
    }
}

/// What the containers of one service have in common.
pub(super) struct Placing<'a> {
    pub(super) name: &'a ServiceName,
    pub(super) service: &'a Arc<Service>,
    /// Whether a container that stays shows that what comes before the first start was done.
    pub(super) is_prepared: bool,
    /// What makes its containers.
    pub(super) base: ContainerBase,
    /// What they wait for before they start.
    pub(super) gates: Vec<Gate>,
    /// Networks and volumes that they need to be created.
    resources: Vec<Gate>,
    /// Containers whose namespaces or volumes they share, and which are created by this plan.
    shared: Vec<Gate>,
    /// Stops of containers that they are restarted with: they stop before those do.
    stopped_before: Vec<Stop>,
}

/// A container that is there.
struct Existing<'a> {
    container: &'a ObservedContainer,
    /// Its name by the time that anything is done to it.
    name: ContainerName,
    /// The steps that put its name and its networks right.
    reconnected: Vec<Gate>,
    /// The step that changes its limits.
    updated: Option<StepId>,
}

/// A container that is to take another one's place.
struct Successor {
    created: StepId,
    temporary: ContainerName,
    lasting: ContainerName,
}

impl<'a> Up<'a> {
    pub(super) fn placing(&mut self, name: &'a ServiceName, service: &'a Arc<Service>) -> Placing<'a> {
        let base = ContainerBase::of(self.context.topology, service, &|service| self.container_of(service));
        let gates = self.gates(name, service);
        let resources = [self.networks_of(service), self.volumes_of(service)].concat();
        let shared = self.shared(name, service);
        let stopped_before = self.stopped_before(service);
        Placing { name, service, is_prepared: false, base, gates, resources, shared, stopped_before }
    }

    /// The steps that create the containers whose namespaces or volumes a service shares.
    fn shared(&mut self, name: &ServiceName, service: &Service) -> Vec<Gate> {
        let mut steps = Vec::new();
        for shared in order::held(self.context.topology, service) {
            match self.placed.get(&shared) {
                Some(placed) => steps.extend(placed.containers.first().and_then(|first| first.exists)),
                None if self.context.containers_of(&shared).next().is_none() => {
                    self.missing_shared(name, &shared)
                }
                None => {}
            }
        }
        steps.into_iter().map(|step| (step, Needs::Done)).collect()
    }

    fn missing_shared(&mut self, name: &ServiceName, shared: &ServiceName) {
        let at = self.context.topology.place_of(&["services", name.as_str()]);
        self.found
            .error(code::UNKNOWN_SERVICE, format!("`{name}` shares with `{shared}`, which has no container"))
            .label(at, format!("needs a container of `{shared}`"))
            .help(format!("bring `{shared}` up too"));
    }

    /// Stops of the containers that a service is restarted with. An interrupted run must leave nothing
    /// that runs without the namespaces that it shares.
    fn stopped_before(&self, service: &Service) -> Vec<Stop> {
        let shared: Vec<ServiceName> = order::namespaces(self.context.topology, service).collect();
        let stops = |(needed, dependency): (&ServiceName, &Named<Dependency>)| {
            let shares = shared.contains(needed);
            let is_meant = dependency.restart || shares;
            let containers = self.placed.get(needed).filter(|_| is_meant).map(|placed| &placed.containers);
            let stop = move |container: &PlacedContainer| {
                container.stopped.clone().or_else(|| container.revived.clone().filter(|_| shares))
            };
            containers.into_iter().flatten().filter_map(stop).collect::<Vec<_>>()
        };
        service.depends_on.0.iter().flat_map(stops).collect()
    }

    pub(super) fn place(&mut self, placing: &Placing<'_>, replica: &Replica<'_>) -> PlacedContainer {
        let Placing { name, service, base, .. } = placing;
        let container_of = |service: &ServiceName| self.container_of(service);
        let wanted =
            spec::container(self.context.topology, name, service, base, replica.number, &container_of);
        match replica.current {
            None => self.create(placing, wanted),
            Some(current) => self.bring_about(placing, replica, current, wanted),
        }
    }

    /// The container that stands for a service where another one shares something with it.
    pub(super) fn container_of(&self, name: &ServiceName) -> Option<ContainerName> {
        if let Some(first) = self.placed.get(name).and_then(|placed| placed.containers.first()) {
            return Some(first.name.clone());
        }
        if let Some(first) = self.context.containers_of(name).min_by_key(|container| container.number) {
            return Some(first.name.clone());
        }
        let service = self.context.topology.services.get(name)?;
        Some(spec::container_name(self.context.topology, name, service, 1))
    }

    fn create(&mut self, placing: &Placing<'_>, wanted: ContainerSpec) -> PlacedContainer {
        let name = wanted.name.clone();
        let needs = self.before_create(placing);
        let create = Action::CreateContainer(Box::new(wanted));
        let created = self.add(create, Because::Absent, Some(placing.name), &needs);
        let needs = [&placing.gates[..], &[(created, Needs::Done)]].concat();
        let decision = Decision::unconditional(Because::Absent);
        let start = self.first_start(placing, &name, decision, &needs);
        PlacedContainer {
            name,
            started: start.into_iter().collect(),
            exists: Some(created),
            stopped: None,
            revived: None,
            state: None,
        }
    }

    /// Image, networks, volumes, and the containers that it shares with.
    pub(super) fn before_create(&mut self, placing: &Placing<'_>) -> Vec<Gate> {
        let image = self.image(placing.name, placing.service).map(|step| (step, Needs::Done));
        let mounted = self.mounted_images(placing.name, placing.service);
        let resources = placing.resources.iter().chain(&placing.shared).copied();
        image.into_iter().chain(mounted).chain(resources).collect()
    }

    /// From the container that is there to the one that is wanted: see the module documentation.
    fn bring_about(
        &mut self,
        placing: &Placing<'_>,
        replica: &Replica<'_>,
        current: &ObservedContainer,
        wanted: ContainerSpec,
    ) -> PlacedContainer {
        self.handled.insert(current.name.clone());
        let lasting = wanted.name.clone();
        let existing = self.update_in_place(placing, replica, current, &wanted);
        let replaced = replica.replaced.as_ref();
        let successor =
            replaced.map(|decision| (decision, self.create_successor(placing, decision, &existing, wanted)));
        let stopped = self.stop_replica(placing, replica, &existing, successor.as_ref().map(|(_, new)| new));
        let renamed = successor
            .map(|(decision, new)| self.take_over(placing, decision, &existing, new, stopped.as_ref()));
        let mut ready = existing.reconnected.clone();
        ready.extend(existing.updated.map(|step| (step, Needs::Settled)));
        ready.extend(stopped.iter().map(|stop| (stop.step, Needs::Done)));
        ready.extend(renamed.map(|step| (step, Needs::Done)));
        let start = self.start_replica(placing, replica, &lasting, &ready);
        ready.extend(start.map(|step| (step, Needs::Done)));
        let unpaused = self.unpause_replica(placing, replica, &lasting, &ready);
        let last = unpaused.or(start);
        if let (Some(stopped), Some(back)) = (&stopped, start.or(renamed)) {
            self.plan.steps[stopped.step].undo = Some(back);
        }
        let reconnected = existing.reconnected.iter().map(|(step, _)| *step);
        PlacedContainer {
            name: lasting,
            started: last.map_or_else(|| reconnected.collect(), |last| vec![last]),
            exists: renamed.or(existing.renamed()),
            stopped,
            revived: start.filter(|_| replica.is_started).map(|step| Stop { step, needs: Vec::new() }),
            state: last.is_none().then(|| current.state.clone()),
        }
    }

    /// The name, the networks and the limits of a container that perhaps stays are put right.
    fn update_in_place<'c>(
        &mut self,
        placing: &Placing<'_>,
        replica: &Replica<'_>,
        current: &'c ObservedContainer,
        wanted: &ContainerSpec,
    ) -> Existing<'c> {
        let mut existing = Existing {
            container: current,
            name: current.name.clone(),
            reconnected: Vec::new(),
            updated: None,
        };
        if replica.replaced.as_ref().is_some_and(|decision| decision.only_if.is_none()) {
            return existing;
        }
        if current.name != wanted.name {
            let rename = Action::RenameContainer { from: current.name.clone(), to: wanted.name.clone() };
            let needs = self.detached_from(current);
            // A successor that did not get its lasting name begins with the id of its predecessor.
            let is_temporary = current.name.as_str().ends_with(&format!("_{}", wanted.name));
            let topology = self.context.topology;
            let other = topology.separator.other();
            let by_other = spec::own_container_name(topology, placing.name, current.number, other);
            let because = match current.name {
                _ if is_temporary => Because::Interrupted,
                ref name if *name == by_other => Because::OtherConvention(other),
                _ => Because::Misnamed,
            };
            let step = self.add(rename, because, Some(placing.name), &needs);
            existing.name = wanted.name.clone();
            existing.reconnected.push((step, Needs::Done));
        }
        let connected = self.reconnect(
            (current, &existing.name),
            &wanted.networks,
            &replica.networks,
            &existing.reconnected,
        );
        let renamed = existing.reconnected.clone();
        existing.reconnected.extend(connected.into_iter().map(|step| (step, Needs::Done)));
        if let Some(Updated { changes, change }) = &replica.updated {
            let (container, change) = (existing.name.clone(), Box::new(change.clone()));
            let update = Action::UpdateContainer { container: container.clone(), change };
            let step = self.add(update, Because::Changed(changes.clone()), Some(placing.name), &renamed);
            self.updates.insert(container, step);
            existing.updated = Some(step);
        }
        existing
    }

    fn create_successor(
        &mut self,
        placing: &Placing<'_>,
        decision: &Decision,
        existing: &Existing<'_>,
        mut wanted: ContainerSpec,
    ) -> Successor {
        let lasting = wanted.name.clone();
        let temporary = temporary_name(existing.container, &lasting);
        let keeps_volumes = !self.context.renews_volumes(placing.name, placing.service);
        wanted.name = temporary.clone();
        wanted.predecessor = keeps_volumes.then(|| existing.name.clone());
        let mut needs = [self.before_create(placing), existing.reconnected.clone()].concat();
        needs.extend(self.gates_of_guard(decision));
        let create = Action::CreateContainer(Box::new(wanted));
        let created = self.add_deed(create, decision.clone(), Some(placing.name), &needs);
        Successor { created, temporary, lasting }
    }

    /// Stops what is replaced or restarted. What is to be restarted with others stops before they do;
    /// otherwise it runs until everything that its successor waits for is there.
    fn stop_replica(
        &mut self,
        placing: &Placing<'_>,
        replica: &Replica<'_>,
        existing: &Existing<'_>,
        successor: Option<&Successor>,
    ) -> Option<Stop> {
        let deeds = [replica.replaced.clone(), replica.restarted.clone()];
        let mut decision = deeds.into_iter().flatten().reduce(Decision::or)?;
        if !existing.container.state.is_running() {
            return None;
        }
        if replica.replaced.is_some() {
            decision.because = Because::Replaced;
        }
        let mut needs = [existing.reconnected.clone(), self.gates_of_guard(&decision)].concat();
        needs.extend(self.successors_ready(placing, successor));
        let stops_early = !placing.stopped_before.is_empty();
        let gates: &[Gate] = if stops_early { &[] } else { &placing.gates };
        let container = existing.name.clone();
        let grace = self.context.choices.grace;
        let pre_stop = spec::pre_stop(self.context.topology, placing.name, placing.service);
        let after_failed_hook = AfterFailedHook::GiveUp;
        let action = Action::StopContainer { container, grace, pre_stop, after_failed_hook };
        let step = self.add_deed(action, decision, Some(placing.name), &[&needs, gates].concat());
        for other in &placing.stopped_before {
            self.plan.steps.order(step, other.step, Needs::Done);
        }
        self.ports.release(existing.container, step, gates);
        Some(Stop { step, needs })
    }

    /// The steps that create the successors of a container and of those that stop after it, as far as
    /// they are possible while those run: the successor of one that shares is created only when the
    /// other has been replaced.
    fn successors_ready(&self, placing: &Placing<'_>, successor: Option<&Successor>) -> Vec<Gate> {
        let own = successor.map(|successor| (successor.created, Needs::Done));
        let others = placing.stopped_before.iter().flat_map(|other| other.needs.iter().copied());
        let comes_after = |step: StepId| {
            let mut stops = placing.stopped_before.iter().map(|other| other.step);
            stops.any(|stop| self.plan.steps.waits_for(step, stop))
        };
        own.into_iter().chain(others).filter(|(step, _)| !comes_after(*step)).collect()
    }

    /// The old container goes, and the new one gets its name. Returns the last step.
    fn take_over(
        &mut self,
        placing: &Placing<'_>,
        decision: &Decision,
        existing: &Existing<'_>,
        successor: Successor,
        stopped: Option<&Stop>,
    ) -> StepId {
        let Successor { created, temporary, lasting } = successor;
        let decision = Decision { because: Because::Replaced, only_if: decision.only_if.clone() };
        // The old container goes last: until then a failed create can be undone.
        let mut needs = vec![(created, Needs::Done)];
        needs.extend(stopped.map(|stop| (stop.step, Needs::Done)));
        let removed =
            self.add_deed(removal(existing.name.clone()), decision.clone(), Some(placing.name), &needs);
        let rename = Action::RenameContainer { from: temporary, to: lasting };
        self.add_deed(rename, decision, Some(placing.name), &[(removed, Needs::Done)])
    }

    fn start_replica(
        &mut self,
        placing: &Placing<'_>,
        replica: &Replica<'_>,
        name: &ContainerName,
        ready: &[Gate],
    ) -> Option<StepId> {
        let not_running = replica.is_started.then(|| Decision::unconditional(Because::NotRunning));
        let deeds = [replica.replaced.clone(), replica.restarted.clone(), not_running];
        let decision = deeds.into_iter().flatten().reduce(Decision::or)?;
        let needs = [&placing.gates, ready].concat();
        if replica.has_run_before() {
            return self.start(placing, name, decision, &needs);
        }
        self.first_start(placing, name, decision, &needs)
    }

    /// A successor is not frozen, which is no failure.
    fn unpause_replica(
        &mut self,
        placing: &Placing<'_>,
        replica: &Replica<'_>,
        name: &ContainerName,
        ready: &[Gate],
    ) -> Option<StepId> {
        let unpause = Action::UnpauseContainer { container: name.clone() };
        let needs = [&placing.gates, ready].concat();
        replica.is_unpaused.then(|| self.add(unpause, Because::Paused, Some(placing.name), &needs))
    }

    fn first_start(
        &mut self,
        placing: &Placing<'_>,
        name: &ContainerName,
        decision: Decision,
        needs: &[Gate],
    ) -> Option<StepId> {
        if self.context.choices.start == StartChoice::CreateOnly {
            return None;
        }
        let needs = self.before_first_start(placing, name, &decision, needs);
        self.start(placing, name, decision, &needs)
    }

    fn start(
        &mut self,
        placing: &Placing<'_>,
        name: &ContainerName,
        decision: Decision,
        needs: &[Gate],
    ) -> Option<StepId> {
        if self.context.choices.start == StartChoice::CreateOnly {
            return None;
        }
        let post_start = spec::post_start(self.context.topology, placing.name, placing.service);
        let start = Action::StartContainer { container: name.clone(), post_start };
        let step = self.add_deed(start, decision, Some(placing.name), needs);
        self.ports.take(placing.name, placing.service, step);
        Some(step)
    }

    /// The steps after which a condition can be looked at.
    fn gates_of_guard(&self, decision: &Decision) -> Vec<Gate> {
        let Some(Guard { differing_images, refused_updates }) = &decision.only_if else { return Vec::new() };
        let image =
            |former: &FormerImage| Some((self.images.get(&former.image).copied().flatten()?, Needs::Done));
        let update = |name: &ContainerName| Some((*self.updates.get(name)?, Needs::Settled));
        differing_images.iter().filter_map(image).chain(refused_updates.iter().filter_map(update)).collect()
    }

    /// Stops and removes containers that have no successor, dependants before what they depend on.
    pub(super) fn remove_without_successor(&mut self, removed: &[stop::Going<'_>]) {
        let Context { topology, observed, choices, .. } = self.context;
        let scope = Scope {
            project: &topology.name,
            topology: Some(topology),
            observed,
            services: &[],
            excluded: &[],
        };
        let stops = stop::add(&mut self.plan, scope, removed, choices.grace);
        for (container, because) in removed {
            let stop = stops.get(&container.name).copied();
            if let Some(stop) = stop {
                self.ports.release(container, stop, &[]);
            }
            let action = removal(container.name.clone());
            let needs: Vec<Gate> = stop.map(|stop| (stop, Needs::Done)).into_iter().collect();
            let step = self.add(action, because.clone(), Some(&container.service), &needs);
            self.removals.insert(container.name.clone(), step);
        }
    }
}

impl Existing<'_> {
    /// The step that gave it its lasting name.
    fn renamed(&self) -> Option<StepId> {
        let is_renamed = self.container.name != self.name;
        self.reconnected.first().map(|(step, _)| *step).filter(|_| is_renamed)
    }
}

/// `up` destroys no data. Even a container that never ran may hold some: it took its predecessor's
/// anonymous volumes over, and could then not be started.
fn removal(container: ContainerName) -> Action {
    Action::RemoveContainer { container, anonymous_volumes: AnonymousVolumes::Keep }
}

/// The name that a successor has until its predecessor is gone. It begins with the predecessor's id, as
/// Compose does it, so that an interrupted run is recognized by both.
fn temporary_name(current: &ObservedContainer, lasting: &ContainerName) -> ContainerName {
    let short_id = current.id.get(..12).unwrap_or(&current.id);
    ContainerName::new(format!("{short_id}_{lasting}"))
}
