//! The scope of a command: its containers, and how their services depend on each other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::plan::action::AfterFailedHook;
use crate::plan::observed::{Observed, ObservedContainer};
use crate::plan::sealed::Sealed;
use crate::plan::{Action, Because, Condition, Needs, Plan, Step, StepId, label, namespace, spec};
use crate::topology::name::{ProjectName, ServiceName};
use crate::topology::service::{Dependency, DependencyCondition, Hook};
use crate::topology::{Service, Topology};

/// The scope of a command. Containers of `run` are included only where stated.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The project.
    pub project: &'a ProjectName,
    /// Its topology; without one, containers are only known by their labels.
    pub topology: Option<&'a Topology>,
    /// The state of the engine.
    pub observed: &'a Observed,
    /// The services; all when empty.
    pub services: &'a [ServiceName],
    /// Services that are left out: neither are they in scope, nor are they changed for others.
    pub excluded: &'a [ServiceName],
}

/// What each service depends on.
pub(super) type Dependencies = BTreeMap<ServiceName, BTreeMap<ServiceName, Dependency>>;

/// Steps by service.
pub(super) type ByService = BTreeMap<ServiceName, Vec<StepId>>;

impl<'a> Scope<'a> {
    /// The containers in scope. With a topology, orphans are not.
    pub fn containers(self) -> impl Iterator<Item = &'a ObservedContainer> {
        self.all_containers().filter(move |container| self.is_meant(&container.service))
    }

    /// Orphans; none without a topology.
    pub fn orphans(self) -> impl Iterator<Item = &'a ObservedContainer> {
        self.all_containers().filter(move |container| !self.is_known(&container.service))
    }

    /// The containers of `run` of the services in scope.
    pub(super) fn one_offs(self) -> impl Iterator<Item = &'a ObservedContainer> {
        let one_offs = self.observed.containers.iter().filter(|container| container.is_one_off);
        one_offs.filter(move |container| self.is_meant(&container.service))
    }

    /// Starts a container, and runs its `post_start` hooks.
    pub(super) fn start(self, container: &ObservedContainer) -> Action {
        let post_start = self.hooks(container, spec::post_start);
        Action::StartContainer { container: container.name.clone(), post_start }
    }

    /// Runs the `pre_stop` hooks of a container, and stops it.
    pub(super) fn stop(self, container: &ObservedContainer, grace: Option<Duration>) -> Action {
        // Hooks do not apply to `pre_start` containers.
        let pre_stop = match label::is_of_pre_start(&container.labels) {
            true => Vec::new(),
            false => self.hooks(container, spec::pre_stop),
        };
        let after_failed_hook = AfterFailedHook::GiveUp;
        Action::StopContainer { container: container.name.clone(), grace, pre_stop, after_failed_hook }
    }

    fn hooks(
        self,
        container: &ObservedContainer,
        hooks: impl Fn(&Topology, &ServiceName, &Service) -> Vec<Sealed<Hook>>,
    ) -> Vec<Sealed<Hook>> {
        let Some(topology) = self.topology else { return Vec::new() };
        let service = topology.service(container.service.as_str());
        service.map_or_else(Vec::new, |service| hooks(topology, &container.service, &service.value))
    }

    fn all_containers(self) -> impl Iterator<Item = &'a ObservedContainer> {
        self.observed.containers.iter().filter(|container| !container.is_one_off)
    }

    fn is_meant(self, service: &ServiceName) -> bool {
        if self.excluded.contains(service) {
            return false;
        }
        if self.services.is_empty() { self.is_known(service) } else { self.services.contains(service) }
    }

    fn is_known(self, service: &ServiceName) -> bool {
        self.topology.is_none_or(|topology| topology.service(service.as_str()).is_some())
    }

    /// What the services depend on: according to the topology, or to the labels of containers whose
    /// service it does not have.
    pub(super) fn dependencies(self) -> Dependencies {
        let mut all = Dependencies::new();
        for container in self.all_containers() {
            all.entry(container.service.clone()).or_default().extend(labelled(container));
        }
        let known =
            self.topology.into_iter().flat_map(|topology| topology.services.iter().chain(&topology.inactive));
        for (name, service) in known {
            let dependencies = service.depends_on.0.iter();
            let dependencies =
                dependencies.map(|(needed, dependency)| (needed.clone(), dependency.value.clone()));
            all.insert(name.clone(), dependencies.collect());
        }
        // A namespace ends when its owner stops, whatever `depends_on` says.
        for (name, owners) in namespace::shared(self) {
            let needed = all.entry(name).or_default();
            owners.into_keys().for_each(|owner| needed.entry(owner).or_default().restart = true);
        }
        all.retain(|service, _| !self.excluded.contains(service));
        all.values_mut().for_each(|needed| needed.retain(|needed, _| !self.excluded.contains(needed)));
        all
    }
}

/// Which of two dependent services has its steps first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    /// The dependency.
    Needed,
    /// The one that needs it.
    Dependant,
}

/// Orders the steps of services by their dependencies, including transitive ones over services
/// without steps.
pub(super) fn put_in_order(
    plan: &mut Plan,
    steps: &ByService,
    dependencies: &Dependencies,
    first: First,
    needs: Needs,
) {
    let mut order = Order::default();
    for (service, own) in steps {
        for needed in nearest(service, steps, dependencies) {
            if !order.admits(service, needed) {
                continue;
            }
            for (dependant, needed) in
                own.iter().flat_map(|own| steps[needed].iter().map(move |step| (*own, *step)))
            {
                match first {
                    First::Needed => plan.steps.order(needed, dependant, needs),
                    First::Dependant => plan.steps.order(dependant, needed, needs),
                }
            }
        }
    }
}

/// Which services come before which.
#[derive(Debug, Default)]
pub(super) struct Order<'a>(BTreeMap<&'a ServiceName, Vec<&'a ServiceName>>);

impl<'a> Order<'a> {
    /// Records that one service comes before another, unless that contradicts what is recorded:
    /// labels of different times may be inconsistent.
    pub(super) fn admits(&mut self, before: &'a ServiceName, after: &'a ServiceName) -> bool {
        let (mut ways, mut seen) = (vec![after], BTreeSet::new());
        while let Some(way) = ways.pop() {
            if way == before {
                return false;
            }
            if seen.insert(way) {
                ways.extend(self.0.get(way).into_iter().flatten());
            }
        }
        self.0.entry(before).or_default().push(after);
        true
    }
}

/// The nearest dependencies of this service that have steps.
fn nearest<'a>(
    service: &'a ServiceName,
    steps: &ByService,
    dependencies: &'a Dependencies,
) -> BTreeSet<&'a ServiceName> {
    let mut nearest = BTreeSet::new();
    let mut seen = BTreeSet::from([service]);
    let mut ways = vec![service];
    while let Some(way) = ways.pop() {
        for needed in dependencies.get(way).into_iter().flat_map(BTreeMap::keys) {
            if !seen.insert(needed) {
                continue;
            }
            if steps.contains_key(needed) {
                nearest.insert(needed);
            } else {
                ways.push(needed);
            }
        }
    }
    nearest
}

/// The dependencies of a container's service when the container was created:
/// `db:service_healthy:false`.
fn labelled(container: &ObservedContainer) -> impl Iterator<Item = (ServiceName, Dependency)> {
    let text = container.labels.get(label::DEPENDS_ON).map_or("", String::as_str);
    text.split(',').filter(|item| !item.is_empty()).map(|item| {
        let mut words = item.split(':');
        let service = ServiceName::new(words.next().unwrap_or_default());
        let condition = words.next().and_then(DependencyCondition::from_word);
        let restart = words.next() == Some("true");
        let condition = condition.unwrap_or(DependencyCondition::Started);
        (service, Dependency { condition, restart, required: true })
    })
}

/// The jobs: services that another one waits for to complete.
pub(super) fn jobs<'a>(
    dependencies: impl IntoIterator<Item = (&'a ServiceName, &'a Dependency)>,
) -> BTreeSet<&'a ServiceName> {
    let dependencies = dependencies.into_iter();
    let wanted = dependencies.filter(|(_, needed)| needed.condition == DependencyCondition::Completed);
    wanted.map(|(name, _)| name).collect()
}

/// The jobs of a topology: services that another one waits for to complete.
pub fn jobs_of(topology: &Topology) -> BTreeSet<&ServiceName> {
    let dependencies = topology.services.values().flat_map(|service| &service.depends_on.0);
    jobs(dependencies.map(|(name, dependency)| (name, &dependency.value)))
}

/// Adds a step for a container.
pub(super) fn add(
    plan: &mut Plan,
    action: Action,
    because: Because,
    container: &ObservedContainer,
) -> StepId {
    let service = Some(container.service.clone());
    plan.steps.push(Step::new(action, because, service))
}

/// The condition to wait for after the start, if any.
pub(super) fn condition(dependency: &Dependency) -> Option<Condition> {
    match dependency.condition {
        DependencyCondition::Started => None,
        DependencyCondition::Healthy => Some(Condition::Healthy),
        DependencyCondition::Completed => Some(Condition::Completed),
    }
}
