//! Starting what is there: what a service depends on before it, each as soon as its condition holds.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::has_path_connecting;

use crate::plan::observed::{ObservedContainer, Status};
use crate::plan::scope::{self, Dependencies};
use crate::plan::{Action, Because, Condition, Needs, Plan, Scope, StepId};
use crate::topology::name::{ContainerName, ServiceName};
use crate::topology::service::Dependency;

/// What is waited for when everything is started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WaitChoice {
    /// Nothing.
    #[default]
    Nothing,
    /// Every container that was meant is ready.
    Ready,
}

/// Plans to start the containers that are there, of the services and of what these depend on. A job that
/// is done is not done again, unless its service is named.
///
/// # Errors
///
/// The services that have no container, although they are named or needed.
pub fn start(scope: Scope<'_>, wait: WaitChoice) -> Result<Plan, BTreeSet<ServiceName>> {
    let dependencies = scope.dependencies();
    let services = with_dependencies(scope, &dependencies)?;
    let mut start = Start::new(scope, &dependencies);
    for service in &services {
        for container in scope.containers_of(service) {
            if start.is_to_start(container) {
                start.start(container, start.because(service));
            }
        }
    }
    for service in &services {
        start.gate(service);
    }
    if wait == WaitChoice::Ready {
        start.wait_until_ready(&services);
    }
    Ok(start.plan)
}

/// The services that are meant, and what they depend on.
fn with_dependencies(
    scope: Scope<'_>,
    dependencies: &Dependencies,
) -> Result<BTreeSet<ServiceName>, BTreeSet<ServiceName>> {
    let mut ways: Vec<(ServiceName, bool)> = match scope.services {
        [] => scope.containers().map(|container| (container.service.clone(), true)).collect(),
        named => named.iter().map(|service| (service.clone(), true)).collect(),
    };
    let (mut services, mut missing) = (BTreeSet::new(), BTreeSet::new());
    while let Some((service, is_required)) = ways.pop() {
        if services.contains(&service) {
            continue;
        }
        let is_there = scope.containers_of(&service).next().is_some();
        if !is_there {
            if is_required && !is_scaled_to_none(scope, &service) {
                missing.insert(service);
            }
            continue;
        }
        let needed = dependencies.get(&service).into_iter().flatten();
        ways.extend(needed.map(|(needed, dependency)| (needed.clone(), is_required && dependency.required)));
        services.insert(service);
    }
    if missing.is_empty() { Ok(services) } else { Err(missing) }
}

fn is_scaled_to_none(scope: Scope<'_>, service: &ServiceName) -> bool {
    let service = scope.topology.and_then(|topology| topology.service(service.as_str()));
    service.is_some_and(|service| service.replicas() == 0)
}

/// A plan that starts containers, in the making.
pub(super) struct Start<'a> {
    pub(super) scope: Scope<'a>,
    dependencies: &'a Dependencies,
    jobs: BTreeSet<&'a ServiceName>,
    pub(super) plan: Plan,
    /// The step that starts each container.
    starts: BTreeMap<&'a ContainerName, StepId>,
    waits: BTreeMap<(&'a ContainerName, &'static str), StepId>,
}

impl<'a> Start<'a> {
    pub(super) fn new(scope: Scope<'a>, dependencies: &'a Dependencies) -> Self {
        let plan = Plan::amid(scope.project.clone(), scope.observed);
        let jobs = scope::jobs(dependencies.values().flatten());
        Self { scope, dependencies, jobs, plan, starts: BTreeMap::new(), waits: BTreeMap::new() }
    }

    /// Running is running; and a job that is done is not done again, unless it is asked for by its name.
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
        let action = self.scope.start(container);
        let step = scope::add(&mut self.plan, action, because, container);
        self.starts.insert(&container.name, step);
        step
    }

    /// A service's containers start when what it depends on is as it is to be.
    pub(super) fn gate(&mut self, service: &ServiceName) {
        let own: Vec<StepId> = self
            .scope
            .containers_of(service)
            .filter_map(|container| self.starts.get(&container.name).copied())
            .collect();
        if own.is_empty() {
            return;
        }
        for (needed, dependency) in self.dependencies.get(service).into_iter().flatten() {
            let how = if dependency.required { Needs::Done } else { Needs::Settled };
            for gate in self.gates(service, needed, dependency) {
                for start in &own {
                    // Old labels may contradict each other.
                    if !has_path_connecting(&self.plan.steps, *start, gate, None) {
                        self.plan.steps.update_edge(gate, *start, how);
                    }
                }
            }
        }
    }

    fn gates(&mut self, service: &ServiceName, needed: &ServiceName, dependency: &Dependency) -> Vec<StepId> {
        let scope = self.scope;
        let condition = scope::condition(dependency);
        let because = Because::NeededBy(service.clone());
        let gate = |container: &'a ObservedContainer| match condition {
            None => self.starts.get(&container.name).copied(),
            Some(until) => self.wait(container, until, because.clone()),
        };
        scope.containers_of(needed).filter_map(gate).collect()
    }

    /// The step that waits for a container, unless no step changes it and the condition holds.
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
            self.plan.steps.update_edge(start, step, Needs::Done);
        }
        self.waits.insert(key, step);
        Some(step)
    }

    fn wait_until_ready(&mut self, services: &BTreeSet<ServiceName>) {
        for service in services {
            let is_meant = self.is_meant(service);
            let until = if self.jobs.contains(service) { Condition::Completed } else { Condition::Ready };
            for container in self.scope.containers_of(service).filter(|_| is_meant) {
                self.wait(container, until, Because::Asked);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::{names, observed, shop, steps};

    fn plan(
        containers: &str,
        services: &[&str],
        wait: WaitChoice,
    ) -> Result<Vec<String>, BTreeSet<ServiceName>> {
        let (project, observed, services) = (shop(), observed(containers), names(services));
        let scope = Scope { project: &project, topology: None, observed: &observed, services: &services };
        start(scope, wait).map(|plan| steps(&plan))
    }

    #[test]
    fn a_dependency_is_started_first_and_waited_for_as_it_says() {
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
    fn a_job_that_is_done_is_done_again_only_by_its_name() {
        let containers = "
            web: failed <- job:service_completed_successfully:false
            job: done";
        assert_eq!(plan(containers, &[], WaitChoice::Nothing).expect("all are there"), ["start web"]);
        assert_eq!(plan(containers, &["job"], WaitChoice::Nothing).expect("it is there"), ["start job"]);
    }

    #[test]
    fn waiting_is_for_those_that_were_meant() {
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
        assert_eq!(missing, Err(BTreeSet::from(["db".into()])));
    }
}
