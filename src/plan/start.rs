//! Plans `start` for existing containers: dependencies first, each dependant as soon as its
//! condition is satisfied.

mod fixed_address;
mod pre_start;

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::observed::{ByService, ObservedContainer, Status};
use crate::plan::scope::{self, Dependencies, Order};
use crate::plan::{Action, Because, Condition, Needs, Plan, Scope, StepId, namespace};
use crate::topology::name::{ContainerName, ServiceName};
use crate::topology::service::Dependency;
use crate::value::image::ImageReference;

/// What to wait for after everything is started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WaitChoice {
    /// Nothing.
    #[default]
    Nothing,
    /// Until every container in scope is ready.
    Ready,
}

/// Why services that are named or needed cannot be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CannotStart {
    /// They have no container.
    Missing(BTreeSet<ServiceName>),
    /// They have a paused container, which the engine does not start, as in Docker Compose 2.40.
    Paused(BTreeSet<ServiceName>),
}

/// Plans to start the existing containers of the services and of their dependencies. A completed
/// job is not run again unless its service is named.
///
/// # Errors
///
/// Why services cannot be started.
pub fn start(scope: Scope<'_>, wait: WaitChoice) -> Result<Plan, CannotStart> {
    let dependencies = scope.dependencies();
    let containers = scope.observed.by_service();
    let services = with_dependencies(scope, &containers, &dependencies)?;
    let mut start = Start::new(scope, &dependencies, &dependencies);
    for service in &services {
        for container in containers.of(service) {
            if start.is_to_start(container) {
                start.start(container, start.because(service));
            }
        }
    }
    let restarted = start.restart_sharing();
    for service in services.union(&restarted) {
        start.gate(service);
    }
    start.give_fixed_addresses_first();
    if wait == WaitChoice::Ready {
        start.wait_until_ready(&services);
    }
    Ok(start.plan)
}

/// The services in scope, and their dependencies.
fn with_dependencies(
    scope: Scope<'_>,
    containers: &ByService<'_>,
    dependencies: &Dependencies,
) -> Result<BTreeSet<ServiceName>, CannotStart> {
    let all: BTreeSet<&ServiceName> = scope.containers().map(|container| &container.service).collect();
    let mut ways: Vec<(ServiceName, bool)> = match scope.services {
        [] => all.into_iter().map(|service| (service.clone(), true)).collect(),
        named => named.iter().map(|service| (service.clone(), true)).collect(),
    };
    let (mut services, mut missing, mut paused) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    while let Some((service, is_required)) = ways.pop() {
        if services.contains(&service) {
            continue;
        }
        let is_there = containers.of(&service).next().is_some();
        if !is_there {
            if is_required && !has_none_by_nature(scope, &service) {
                missing.insert(service);
            }
            continue;
        }
        if is_required && containers.of(&service).any(is_paused) {
            paused.insert(service.clone());
        }
        let needed = dependencies.get(&service).into_iter().flatten();
        ways.extend(needed.map(|(needed, dependency)| (needed.clone(), is_required && dependency.required)));
        services.insert(service);
    }
    match (missing.is_empty(), paused.is_empty()) {
        (true, true) => Ok(services),
        (false, _) => Err(CannotStart::Missing(missing)),
        (true, false) => Err(CannotStart::Paused(paused)),
    }
}

fn is_paused(container: &ObservedContainer) -> bool {
    container.state.status == Status::Paused
}

/// Whether a provider runs it, or its scale is 0.
fn has_none_by_nature(scope: Scope<'_>, service: &ServiceName) -> bool {
    let service = scope.topology.and_then(|topology| topology.service(service.as_str()));
    service.is_some_and(|service| service.provider.is_some() || service.replicas() == 0)
}

/// A plan to start containers, under construction.
pub(super) struct Start<'a> {
    pub(super) scope: Scope<'a>,
    pub(super) containers: ByService<'a>,
    dependencies: &'a Dependencies,
    jobs: BTreeSet<&'a ServiceName>,
    pub(super) plan: Plan,
    /// The step that starts each container.
    starts: BTreeMap<&'a ContainerName, StepId>,
    /// The first step before the start of each container, if there is one.
    preparations: BTreeMap<&'a ContainerName, StepId>,
    /// The last step of the `pre_start` containers that run once for a service.
    prepared: BTreeMap<&'a ServiceName, StepId>,
    /// The step that pulls an image; `None` if it exists.
    pulls: BTreeMap<ImageReference, Option<StepId>>,
    waits: BTreeMap<(&'a ContainerName, &'static str), StepId>,
    /// Which services wait for which.
    order: Order<'a>,
}

impl<'a> Start<'a> {
    /// `dependencies` are those whose order is kept, `all` tell which services are jobs.
    pub(super) fn new(scope: Scope<'a>, dependencies: &'a Dependencies, all: &'a Dependencies) -> Self {
        let plan = Plan::amid(scope.project.clone(), scope.observed);
        let jobs = scope::jobs(all.values().flatten());
        Self {
            scope,
            containers: scope.observed.by_service(),
            dependencies,
            jobs,
            plan,
            starts: BTreeMap::new(),
            preparations: BTreeMap::new(),
            prepared: BTreeMap::new(),
            pulls: BTreeMap::new(),
            waits: BTreeMap::new(),
            order: Order::default(),
        }
    }

    /// Whether to start it: neither if it is running, nor if it is a completed job, unless named.
    pub(super) fn is_to_start(&self, container: &ObservedContainer) -> bool {
        let is_done = container.state.status == Status::Exited && container.state.exit_code == 0;
        let is_named = self.scope.services.contains(&container.service);
        !container.state.is_running() && (is_named || !is_done || !self.jobs.contains(&container.service))
    }

    fn is_meant(&self, service: &ServiceName) -> bool {
        self.scope.services.is_empty() || self.scope.services.contains(service)
    }

    fn because(&self, service: &ServiceName) -> Because {
        if self.is_meant(service) {
            return Because::Asked;
        }
        let dependant = self.dependencies.iter().find(|(_, needed)| needed.contains_key(service));
        dependant.map_or(Because::Asked, |(dependant, _)| Because::NeededBy(dependant.clone()))
    }

    pub(super) fn start(&mut self, container: &'a ObservedContainer, because: Because) -> StepId {
        let prepared = self.before_first_start(container, &because);
        let action = self.scope.start(container);
        let step = scope::add(&mut self.plan, action, because, container);
        if let Some(prepared) = prepared {
            self.plan.steps.order(prepared, step, Needs::Done);
        }
        self.starts.insert(&container.name, step);
        step
    }

    /// Containers with a namespace of a container that is started have an old one: they are
    /// restarted, and stop first, so that an interrupted run leaves nothing that is cut off.
    fn restart_sharing(&mut self) -> BTreeSet<ServiceName> {
        let namespaces = namespace::shared(self.scope);
        let mut restarted = BTreeSet::new();
        loop {
            let started = self.starts.len();
            for (service, owners) in &namespaces {
                for owner in owners.keys() {
                    self.restart_with(service, owner, &mut restarted);
                }
            }
            if self.starts.len() == started {
                return restarted;
            }
        }
    }

    fn restart_with(
        &mut self,
        service: &ServiceName,
        owner: &ServiceName,
        restarted: &mut BTreeSet<ServiceName>,
    ) {
        let first = self.containers.of(owner).min_by_key(|container| container.number);
        let Some(begin) = first.and_then(|first| self.starts.get(&first.name)).copied() else { return };
        let running: Vec<&ObservedContainer> = self
            .containers
            .of(service)
            .filter(|container| container.state.is_running() && !self.starts.contains_key(&container.name))
            .collect();
        for container in running {
            let because = Because::RestartedWith(owner.clone());
            let stop = self.scope.stop(container, None);
            let stop = scope::add(&mut self.plan, stop, because.clone(), container);
            let back = self.start(container, because);
            self.plan.steps.order(stop, begin, Needs::Done);
            self.plan.steps.order(stop, back, Needs::Done);
            restarted.insert(service.clone());
        }
    }

    /// A service's containers start once its dependencies satisfy their conditions.
    pub(super) fn gate(&mut self, service: &ServiceName) {
        let own: Vec<StepId> = self
            .containers
            .of(service)
            .filter_map(|container| {
                let first = self.preparations.get(&container.name);
                first.or(self.starts.get(&container.name)).copied()
            })
            .collect();
        if own.is_empty() {
            return;
        }
        let Some((service, dependencies)) = self.dependencies.get_key_value(service) else { return };
        for (needed, dependency) in dependencies {
            if !self.order.admits(needed, service) {
                continue;
            }
            let how = if dependency.required { Needs::Done } else { Needs::Settled };
            for gate in self.gates(service, needed, dependency) {
                for start in &own {
                    self.plan.steps.order(gate, *start, how);
                }
            }
        }
    }

    fn gates(&mut self, service: &ServiceName, needed: &ServiceName, dependency: &Dependency) -> Vec<StepId> {
        let containers: Vec<&ObservedContainer> = self.containers.of(needed).collect();
        let condition = scope::condition(dependency);
        let because = Because::NeededBy(service.clone());
        let gate = |container: &'a ObservedContainer| match condition {
            None => self.starts.get(&container.name).copied(),
            Some(until) => self.wait(container, until, because.clone()),
        };
        containers.into_iter().filter_map(gate).collect()
    }

    /// The step that waits for a container, unless the condition is satisfied and no step changes
    /// it.
    fn wait(
        &mut self,
        container: &'a ObservedContainer,
        until: Condition,
        because: Because,
    ) -> Option<StepId> {
        let key = (&container.name, until.word());
        if let Some(known) = self.waits.get(&key) {
            return Some(*known);
        }
        let start = self.starts.get(&container.name).copied();
        if start.is_none() && container.state.is_in(until) {
            return None;
        }
        let action = Action::Wait { container: container.name.clone(), until };
        let step = scope::add(&mut self.plan, action, because, container);
        if let Some(start) = start {
            self.plan.steps.order(start, step, Needs::Done);
        }
        self.waits.insert(key, step);
        Some(step)
    }

    pub(super) fn wait_until_ready(&mut self, services: &BTreeSet<ServiceName>) {
        for service in services {
            let is_meant = self.is_meant(service);
            let until = if self.jobs.contains(service) { Condition::Completed } else { Condition::Ready };
            let containers: Vec<&ObservedContainer> = self.containers.of(service).collect();
            for container in containers.into_iter().filter(|_| is_meant) {
                self.wait(container, until, Because::Asked);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::{names, observed, shop, steps};

    fn plan(containers: &str, services: &[&str], wait: WaitChoice) -> Result<Vec<String>, CannotStart> {
        let (project, observed, services) = (shop(), observed(containers), names(services));
        let scope = Scope {
            project: &project,
            topology: None,
            observed: &observed,
            services: &services,
            excluded: &[],
        };
        start(scope, wait).map(|plan| steps(&plan))
    }

    #[test]
    fn excluded_services_are_neither_started_nor_reported_as_missing() {
        let (project, excluded) = (shop(), names(&["db", "gone"]));
        let observed = observed(
            "
            web: done <- db:service_healthy:false,gone:service_started:false
            db: created",
        );
        for services in [vec![], names(&["web"])] {
            let scope = Scope {
                project: &project,
                topology: None,
                observed: &observed,
                services: &services,
                excluded: &excluded,
            };
            let plan = start(scope, WaitChoice::Nothing).map(|plan| steps(&plan));
            assert_eq!(plan, Ok(vec!["start web".to_owned()]));
        }
    }

    #[test]
    fn a_dependency_is_started_first_and_its_condition_waited_for() {
        let containers = "
            web: done <- db:service_healthy:false,cache:service_started:false
            db: created
            cache: running
            other: created";
        assert_eq!(
            plan(containers, &["web"], WaitChoice::Nothing).expect("all are there"),
            ["start db", "wait until healthy db after start db", "start web after wait until healthy db"]
        );
    }

    #[test]
    fn a_completed_job_is_run_again_only_if_named() {
        let containers = "
            web: failed <- job:service_completed_successfully:false
            job: done";
        assert_eq!(plan(containers, &[], WaitChoice::Nothing).expect("all are there"), ["start web"]);
        assert_eq!(plan(containers, &["job"], WaitChoice::Nothing).expect("it is there"), ["start job"]);
    }

    #[test]
    fn just_started_containers_are_waited_for() {
        assert_eq!(plan("web: running", &[], WaitChoice::Ready), Ok(vec![]));
        let waits = vec!["wait until ready web".to_owned()];
        assert_eq!(plan("web: young", &[], WaitChoice::Ready), Ok(waits));
    }

    #[test]
    fn waiting_includes_only_services_in_scope() {
        let containers = "
            web: created <- db:service_started:false
            db: created";
        assert_eq!(
            plan(containers, &["web"], WaitChoice::Ready).expect("all are there"),
            ["start db", "start web after start db", "wait until ready web after start web"]
        );
    }

    #[test]
    fn a_needed_service_without_a_container_is_named() {
        let missing = plan("web: created <- db:service_started:false", &["web"], WaitChoice::Nothing);
        assert_eq!(missing, Err(CannotStart::Missing(BTreeSet::from(["db".into()]))));
    }

    #[test]
    fn paused_containers_are_reported_even_if_only_needed() {
        let containers = "web: created <- db:service_healthy:false\ndb: paused";
        let paused = Err(CannotStart::Paused(BTreeSet::from(["db".into()])));
        assert_eq!(plan(containers, &["web"], WaitChoice::Nothing), paused);
        assert_eq!(plan(containers, &[], WaitChoice::Nothing), paused);
    }
}
