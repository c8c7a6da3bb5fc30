//! What becomes of one container.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Gate, RecreateChoice, StartChoice, Up};
use crate::plan::action::{AnonymousVolumes, ContainerSpec};
use crate::plan::drift::{self, Verdict};
use crate::plan::observed::{ContainerState, Health, ObservedContainer, Status};
use crate::plan::{Action, Because, Condition, Guard, Needs, StepId, spec};
use crate::topology::Service;
use crate::topology::name::{ContainerName, ServiceName};
use crate::topology::service::DependencyCondition;

/// A container and how the plan leaves it.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    /// Its name.
    pub(super) name: ContainerName,
    /// The step that starts it; none when it runs already, or is not to run.
    pub(super) start: Option<StepId>,
    /// The last step before it can be named as another container's namespace.
    exists: Option<StepId>,
    /// Its state, when no step changes it.
    state: Option<ContainerState>,
    /// Whether it is surely replaced.
    is_replaced: bool,
}

impl Placed {
    /// Whether it is in a condition already.
    pub(super) fn is_in(&self, condition: Condition) -> bool {
        let Some(state) = &self.state else { return false };
        let is_completed = state.status == Status::Exited && state.exit_code == 0;
        let is_healthy = state.status == Status::Running && state.health == Some(Health::Healthy);
        match condition {
            Condition::Healthy => is_healthy,
            Condition::Completed => is_completed,
            Condition::Ready => {
                let runs_unchecked = state.status == Status::Running && state.health.is_none();
                is_healthy || runs_unchecked || (is_completed && !state.restarts_after_success)
            }
        }
    }
}

/// The containers that the engine has for one replica.
struct Existing<'a> {
    /// The one that counts.
    current: Option<&'a ObservedContainer>,
    /// Others, from a replacement that was interrupted.
    leftovers: Vec<&'a ObservedContainer>,
}

impl Up<'_> {
    pub(super) fn place_container(
        &mut self,
        name: &ServiceName,
        service: &Arc<Service>,
        number: u32,
        gates: &[Gate],
        restarted_with: Option<&ServiceName>,
    ) -> Placed {
        let mut wanted = spec::container(self.topology, name, service, number);
        let namespaces = self.namespaces(service);
        let existing = existing(self.observed, name, number, &wanted.name);
        let cleanups: Vec<Gate> = existing
            .leftovers
            .iter()
            .map(|container| (self.remove(container, &Because::Interrupted), Needs::Done))
            .collect();
        let Some(current) = existing.current else {
            return self.create(
                name,
                service,
                wanted,
                Because::Absent,
                gates,
                &[&namespaces[..], &cleanups].concat(),
            );
        };
        let verdict = self.judge(name, service, &wanted, current);
        match verdict {
            Verdict::Recreate(because) => {
                wanted.predecessor = self.predecessor(current);
                self.replace(
                    name,
                    service,
                    wanted,
                    current,
                    because,
                    gates,
                    &[&namespaces[..], &cleanups].concat(),
                )
            }
            Verdict::Keep => self.keep(name, service, wanted, current, gates, restarted_with),
        }
    }

    fn predecessor(&self, current: &ObservedContainer) -> Option<ContainerName> {
        (!self.choices.renew_anonymous_volumes).then(|| current.name.clone())
    }

    fn judge(
        &self,
        name: &ServiceName,
        service: &Service,
        wanted: &ContainerSpec,
        current: &ObservedContainer,
    ) -> Verdict {
        match self.choices.recreate {
            RecreateChoice::Force if self.is_chosen(name) => return Verdict::Recreate(Because::Asked),
            RecreateChoice::Never => return Verdict::Keep,
            RecreateChoice::Force | RecreateChoice::Changed => {}
        }
        if let Some(replaced) = self.replaced_namespace(service) {
            return Verdict::Recreate(Because::DependencyRecreated(replaced));
        }
        if matches!(current.state.status, Status::Dead | Status::Removing) {
            return Verdict::Recreate(Because::NotRunning);
        }
        let model = spec::container_model(self.topology, service);
        let verdict =
            drift::judge(self.topology, name, &model, self.observed.images.get(&wanted.image), current);
        let lost =
            || wanted.networks.iter().find(|attachment| !current.networks.contains(&attachment.network));
        match (verdict, lost()) {
            (Verdict::Keep, Some(attachment)) => {
                Verdict::Recreate(Because::NetworkLost(attachment.network.clone()))
            }
            (verdict, _) => verdict,
        }
    }

    /// With services chosen, `--force-recreate` is about them and not about what they depend on.
    fn is_chosen(&self, name: &ServiceName) -> bool {
        self.choices.services.is_empty() || self.choices.services.contains(name)
    }

    /// A container that is what the topology says: at most it is started, or replaced when its image
    /// turns out to be another one.
    fn keep(
        &mut self,
        name: &ServiceName,
        service: &Arc<Service>,
        mut wanted: ContainerSpec,
        current: &ObservedContainer,
        gates: &[Gate],
        restarted_with: Option<&ServiceName>,
    ) -> Placed {
        if self.is_image_renewed(service) && self.choices.recreate != RecreateChoice::Never {
            wanted.predecessor = self.predecessor(current);
            return self.replace_if_image_differs(name, service, wanted, current, gates);
        }
        let mut start = None;
        if self.is_left_as_it_is(name, current) {
            // Nothing to do.
        } else if let (true, Some(dependency)) = (current.state.is_running(), restarted_with) {
            let because = Because::DependencyRecreated(dependency.clone());
            let stop = self.stop(current, &because, &[]);
            let needs = [gates, &[(stop, Needs::Done)]].concat();
            start = self.start(name, service, &current.name, because, &needs, None);
        } else if !current.state.is_running() {
            let mut needs = gates.to_vec();
            let mut container = current.name.clone();
            if current.name != wanted.name {
                let rename = Action::RenameContainer { from: current.name.clone(), to: wanted.name.clone() };
                needs.push((self.add(rename, Because::Interrupted, Some(name), &[]), Needs::Done));
                container = wanted.name.clone();
            }
            start = self.start(name, service, &container, Because::NotRunning, &needs, None);
        }
        let state = start.is_none().then(|| current.state.clone());
        let name = if start.is_some() { wanted.name } else { current.name.clone() };
        Placed { name, start, exists: None, state, is_replaced: false }
    }

    /// Running is running; and a job that is done is not done again while nothing has changed.
    fn is_left_as_it_is(&self, name: &ServiceName, current: &ObservedContainer) -> bool {
        if self.choices.start == StartChoice::CreateOnly {
            return true;
        }
        let is_done = current.state.status == Status::Exited && current.state.exit_code == 0;
        is_done && self.is_job(name)
    }

    /// A job is a service that another one wants completed.
    fn is_job(&self, name: &ServiceName) -> bool {
        self.topology.services.values().any(|other| {
            let dependency = other.depends_on.0.get(name);
            dependency.is_some_and(|dependency| dependency.condition == DependencyCondition::Completed)
        })
    }

    fn create(
        &mut self,
        name: &ServiceName,
        service: &Arc<Service>,
        wanted: ContainerSpec,
        because: Because,
        gates: &[Gate],
        needs: &[Gate],
    ) -> Placed {
        let container = wanted.name.clone();
        let needs = [&self.before_create(name, service), needs].concat();
        let create = self.add(Action::CreateContainer(Box::new(wanted)), because.clone(), Some(name), &needs);
        let start_needs = [gates, &[(create, Needs::Done)]].concat();
        let start = self.start(name, service, &container, because, &start_needs, None);
        Placed { name: container, start, exists: Some(create), state: None, is_replaced: false }
    }

    /// Image, networks and volumes.
    fn before_create(&mut self, name: &ServiceName, service: &Service) -> Vec<Gate> {
        let image = self.image(name, service).map(|step| (step, Needs::Done));
        image.into_iter().chain(self.resources(service)).collect()
    }

    /// The successor is created beside its predecessor, which goes only when everything that the
    /// successor needs is there: until then a failure leaves the old container running.
    #[allow(clippy::too_many_arguments)]
    fn replace(
        &mut self,
        name: &ServiceName,
        service: &Arc<Service>,
        wanted: ContainerSpec,
        current: &ObservedContainer,
        because: Because,
        gates: &[Gate],
        needs: &[Gate],
    ) -> Placed {
        let before = [&self.before_create(name, service), needs].concat();
        let renamed = self.exchange(name, wanted, current, because.clone(), gates, &before, None);
        let needs = [gates, &[(renamed.step, Needs::Done)]].concat();
        let start = self.start(name, service, &renamed.name, because, &needs, None);
        Placed { name: renamed.name, start, exists: Some(renamed.step), state: None, is_replaced: true }
    }

    fn replace_if_image_differs(
        &mut self,
        name: &ServiceName,
        service: &Arc<Service>,
        wanted: ContainerSpec,
        current: &ObservedContainer,
        gates: &[Gate],
    ) -> Placed {
        let guard = self.image_guard(&wanted.image, current);
        let because = Because::ImageChanged { from: current.image.clone() };
        let before = self.before_create(name, service);
        let renamed = self.exchange(name, wanted, current, because.clone(), gates, &before, Some(guard));
        let needs = [gates, &[(renamed.step, Needs::Done)]].concat();
        // Not guarded: a container that runs already stays as it is, one that does not is started.
        let start = self.start(name, service, &renamed.name, because, &needs, None);
        Placed { name: renamed.name, start, exists: Some(renamed.step), state: None, is_replaced: false }
    }

    /// Create beside, stop, remove, rename.
    #[allow(clippy::too_many_arguments)]
    fn exchange(
        &mut self,
        name: &ServiceName,
        mut wanted: ContainerSpec,
        current: &ObservedContainer,
        because: Because,
        gates: &[Gate],
        needs: &[Gate],
        only_if: Option<Guard>,
    ) -> Renamed {
        let lasting = wanted.name.clone();
        wanted.name = temporary_name(current, &lasting);
        let temporary = wanted.name.clone();
        let anonymous_volumes = match wanted.predecessor {
            Some(_) => AnonymousVolumes::Keep,
            None => AnonymousVolumes::Remove,
        };
        let service = Some(name);
        let create = Action::CreateContainer(Box::new(wanted));
        let create = self.add_guarded(create, because, service, needs, only_if.clone());
        let container = current.name.clone();
        let stop = Action::StopContainer { container: container.clone(), grace: self.choices.grace };
        let stop_needs = [gates, &[(create, Needs::Done)]].concat();
        let stop = self.add_guarded(stop, Because::Replaced, service, &stop_needs, only_if.clone());
        self.ports.release(current, stop);
        let remove = Action::RemoveContainer { container, anonymous_volumes };
        let remove =
            self.add_guarded(remove, Because::Replaced, service, &[(stop, Needs::Done)], only_if.clone());
        let rename = Action::RenameContainer { from: temporary, to: lasting.clone() };
        let step = self.add_guarded(rename, Because::Replaced, service, &[(remove, Needs::Done)], only_if);
        Renamed { name: lasting, step }
    }

    fn start(
        &mut self,
        name: &ServiceName,
        service: &Service,
        container: &ContainerName,
        because: Because,
        needs: &[Gate],
        only_if: Option<Guard>,
    ) -> Option<StepId> {
        if self.choices.start == StartChoice::CreateOnly {
            return None;
        }
        let start = Action::StartContainer { container: container.clone() };
        let step = self.add_guarded(start, because, Some(name), needs, only_if);
        self.ports.take(service, step);
        Some(step)
    }

    fn stop(&mut self, container: &ObservedContainer, because: &Because, needs: &[Gate]) -> StepId {
        let stop = Action::StopContainer { container: container.name.clone(), grace: self.choices.grace };
        let step = self.add(stop, because.clone(), Some(&container.service), needs);
        self.ports.release(container, step);
        step
    }

    /// Stops and removes a container; the last step is returned.
    pub(super) fn remove(&mut self, container: &ObservedContainer, because: &Because) -> StepId {
        let needs: Vec<Gate> = match container.state.is_running() {
            true => vec![(self.stop(container, because, &[]), Needs::Done)],
            false => Vec::new(),
        };
        let remove = Action::RemoveContainer {
            container: container.name.clone(),
            anonymous_volumes: AnonymousVolumes::Remove,
        };
        self.add(remove, because.clone(), Some(&container.service), &needs)
    }

    /// Containers whose namespaces or volumes a service shares must exist first.
    fn namespaces(&self, service: &Service) -> Vec<Gate> {
        let shared = shared_services(service).into_iter().filter_map(|name| self.placed.get(&name));
        shared.flatten().filter_map(|placed| placed.exists).map(|step| (step, Needs::Done)).collect()
    }

    /// A service whose namespace or volumes this one shares, and which is replaced.
    fn replaced_namespace(&self, service: &Service) -> Option<ServiceName> {
        let is_replaced = |name: &ServiceName| {
            self.placed.get(name).is_some_and(|placed| placed.iter().any(|placed| placed.is_replaced))
        };
        shared_services(service).into_iter().find(is_replaced)
    }

    /// Services that are restarted because one that they depend on, with `restart: true`, is replaced.
    /// Known before anything is placed, since what is replaced depends on the observed state alone.
    pub(super) fn restarted_with_dependencies(
        &self,
        order: &[ServiceName],
    ) -> BTreeMap<ServiceName, ServiceName> {
        let mut replaced = BTreeSet::new();
        let mut restarted = BTreeMap::new();
        for name in order {
            let service = &self.topology.services[name].value;
            let because_of = service.depends_on.0.iter().find(|(needed, dependency)| {
                dependency.restart && (replaced.contains(*needed) || restarted.contains_key(*needed))
            });
            if let Some((needed, _)) = because_of {
                restarted.insert(name.clone(), needed.clone());
            }
            let is_replaced = (1..=self.replicas(name, service)).any(|number| {
                let wanted = spec::container(self.topology, name, service, number);
                let current = existing(self.observed, name, number, &wanted.name).current;
                current.is_some_and(|current| self.judge(name, service, &wanted, current) != Verdict::Keep)
            });
            if is_replaced {
                replaced.insert(name.clone());
            }
        }
        restarted
    }
}

/// A container under its lasting name, and the step that gave it.
struct Renamed {
    name: ContainerName,
    step: StepId,
}

/// The name that a successor has until its predecessor is gone. It begins with the predecessor's id, as
/// Compose does it, so that an interrupted run is recognized by both.
fn temporary_name(current: &ObservedContainer, lasting: &ContainerName) -> ContainerName {
    let short_id = current.id.get(..12).unwrap_or(&current.id);
    ContainerName::new(format!("{short_id}_{lasting}"))
}

/// Services whose namespaces or volumes a service shares.
fn shared_services(service: &Service) -> BTreeSet<ServiceName> {
    let modes = [&service.network_mode, &service.ipc, &service.pid, &service.uts];
    let by_mode = modes.into_iter().flatten().filter_map(|mode| mode.strip_prefix("service:"));
    let by_volumes = service.volumes_from.iter().filter(|from| !from.starts_with("container:"));
    let by_volumes = by_volumes.filter_map(|from| from.split(':').next());
    by_mode.chain(by_volumes).map(ServiceName::from).collect()
}

/// The containers of one replica: the one under its own name counts, or else one that an interrupted
/// replacement left under a temporary name.
fn existing<'a>(
    observed: &'a crate::plan::Observed,
    service: &ServiceName,
    number: u32,
    name: &ContainerName,
) -> Existing<'a> {
    let mut all: Vec<&ObservedContainer> = observed
        .containers
        .iter()
        .filter(|container| {
            container.service == *service && container.number == number && !container.is_one_off
        })
        .collect();
    all.sort_by_key(|container| (container.name != *name, std::cmp::Reverse(container.created)));
    let mut all = all.into_iter();
    Existing { current: all.next(), leftovers: all.collect() }
}
