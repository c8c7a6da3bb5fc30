//! What is to become of every container, before any step is planned: one decision may follow from
//! another one's.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::{Context, RecreateChoice, StartChoice, order};
use crate::diagnostic::{Diagnostics, code};
use crate::lint::host_port;
use crate::plan::action::Attachment;
use crate::plan::drift::{Differences, NetworkChange, Updated, Wanted};
use crate::plan::observed::{ObservedContainer, ObservedMount, Status};
use crate::plan::resources::Resources;
use crate::plan::{Because, Guard, compose_hash, drift, label, orphan, scope, spec};
use crate::topology::Separator;
use crate::topology::Service;
use crate::topology::name::{ContainerName, NetworkName, ServiceName};
use crate::topology::platform::Platform;
use crate::topology::service::NamespaceKind;

/// What becomes of every container.
#[derive(Default)]
pub(super) struct Decisions<'a> {
    /// The wanted containers of each service, by number.
    pub(super) replicas: BTreeMap<ServiceName, Vec<Replica<'a>>>,
    /// Containers that go without a successor.
    pub(super) removed: Vec<(&'a ObservedContainer, Because)>,
    /// Services that another one wants completed.
    jobs: BTreeSet<&'a ServiceName>,
}

/// What becomes of one wanted container. When nothing is said, it stays as it is.
pub(super) struct Replica<'a> {
    /// Its number among those of its service.
    pub(super) number: u32,
    /// The container that the engine has; one is created when it has none.
    pub(super) current: Option<&'a ObservedContainer>,
    /// It is replaced by a new one.
    pub(super) replaced: Option<Decision>,
    /// Its limits or its restart policy are changed, unless it is surely replaced.
    pub(super) updated: Option<Updated>,
    /// Its networks that it joins, leaves, or gets another place in, unless it is surely replaced.
    pub(super) networks: BTreeMap<NetworkName, NetworkChange>,
    /// It is stopped and started again.
    pub(super) restarted: Option<Decision>,
    /// It does not run, and is started.
    pub(super) is_started: bool,
    /// It is frozen, and goes on, unless it is surely stopped.
    pub(super) is_unpaused: bool,
}

/// Why something is done, surely or on a condition.
#[derive(Clone, Debug)]
pub(super) struct Decision {
    pub(super) because: Because,
    pub(super) only_if: Option<Guard>,
}

impl Decision {
    pub(super) fn unconditional(because: Because) -> Self {
        Self { because, only_if: None }
    }

    /// One deed for two reasons: a sure one wins, and either of two conditions is enough.
    pub(super) fn or(self, other: Decision) -> Decision {
        match (self.only_if, other.only_if) {
            (None, _) => Decision::unconditional(self.because),
            (Some(_), None) => Decision::unconditional(other.because),
            (Some(guard), Some(other)) => Decision { because: self.because, only_if: Some(guard.or(other)) },
        }
    }
}

impl<'a> Replica<'a> {
    /// A container that nothing becomes of: one that the engine has, or none yet.
    fn new(number: u32, current: Option<&'a ObservedContainer>) -> Self {
        Self {
            number,
            current,
            replaced: None,
            updated: None,
            networks: BTreeMap::new(),
            restarted: None,
            is_started: false,
            is_unpaused: false,
        }
    }

    fn is_replaced_unconditionally(&self) -> bool {
        is_unconditional(self.replaced.as_ref())
    }

    fn is_stopped_unconditionally(&self) -> bool {
        self.is_replaced_unconditionally() || is_unconditional(self.restarted.as_ref())
    }
}

fn is_unconditional(decision: Option<&Decision>) -> bool {
    decision.is_some_and(|decision| decision.only_if.is_none())
}

/// Decides for the services, each after those that it depends on, for those that go along with them, and for
/// orphans.
pub(super) fn decide<'a>(
    context: Context<'a>,
    services: &[ServiceName],
    along: &[ServiceName],
    found: &mut Diagnostics,
) -> Decisions<'a> {
    let mut decisions = Decisions { jobs: scope::jobs_of(context.topology), ..Decisions::default() };
    for name in services {
        let service = &context.topology.services[name].value;
        let wanted = wanted_number(context, name, service, found);
        decisions.decide(context, name, service, wanted);
    }
    for name in along {
        decisions.follow(context, name, &context.topology.services[name].value);
    }
    orphan::warn_of_replaced(context.topology, &decisions.superseded(), found);
    decisions.orphans(context, found);
    decisions
}

/// How many containers of a service are wanted.
fn wanted_number(
    context: Context<'_>,
    name: &ServiceName,
    service: &Service,
    found: &mut Diagnostics,
) -> usize {
    // Another program runs it.
    if service.provider.is_some() {
        return 0;
    }
    let is_kept = context.choices.keeps_numbers || !context.is_chosen(name);
    let there = u32::try_from(context.containers_of(name).count()).unwrap_or(u32::MAX);
    let wanted = match context.choices.scale.get(name) {
        Some(wanted) => *wanted,
        // Whoever asks for another service needs this one, in whatever number it is there.
        None if there > 0 && is_kept => there,
        None => service.replicas(),
    };
    if wanted > Service::MOST_REPLICAS {
        let at = context.topology.place_of(&["services", name.as_str()]);
        found
            .error(code::BAD_VALUE, format!("{wanted} containers of `{name}` are too many"))
            .label(at, "this service")
            .help(format!("run {} at most", Service::MOST_REPLICAS));
        return 0;
    }
    if context.choices.scale.contains_key(name) {
        host_port::check_replicas(name, service, wanted, found);
    }
    let Some(fixed) = service.container_name.as_ref().filter(|_| wanted > 1) else {
        return wanted as usize;
    };
    found
        .error(code::CONFLICT, format!("{wanted} containers of `{name}` cannot have the same name"))
        .label(fixed.span, "this is the name of one container")
        .help("remove `container_name`, or run one container");
    1
}

impl<'a> Decisions<'a> {
    fn decide(&mut self, context: Context<'a>, name: &ServiceName, service: &'a Service, wanted: usize) {
        let mut replicas = self.existing(context, name, service);
        // Those that are to be replaced anyway go first, then the highest numbers.
        replicas.sort_by_key(|replica| (replica.is_replaced_unconditionally(), replica.number));
        for surplus in replicas.split_off(wanted.min(replicas.len())) {
            self.removed.extend(surplus.current.map(|container| (container, Because::TooMany)));
        }
        let known: BTreeSet<u32> = replicas.iter().map(|replica| replica.number).collect();
        let new = (1..).filter(|number| !known.contains(number)).take(wanted - replicas.len());
        replicas.extend(new.map(|number| Replica::new(number, None)));
        replicas.sort_by_key(|replica| replica.number);
        self.replicas.insert(name.clone(), replicas);
    }

    /// A service that was not chosen: what runs of it is replaced or restarted with what it depends on, and
    /// nothing else is done about it.
    fn follow(&mut self, context: Context<'a>, name: &ServiceName, service: &'a Service) {
        let model = spec::container_model(context.topology, service);
        let judge = Judge { context, decisions: self, name, service, model };
        let running = context.containers_of(name).filter(|container| container.state.is_running());
        let follow = |current: &'a ObservedContainer| {
            let is_acted_on = context.choices.start == StartChoice::Start;
            let replica = Replica {
                replaced: judge.replaced_along(current),
                restarted: if is_acted_on { judge.restarted(current) } else { None },
                ..Replica::new(current.number, Some(current))
            };
            (replica.replaced.is_some() || replica.restarted.is_some()).then_some(replica)
        };
        let replicas: Vec<Replica<'a>> = running.filter_map(follow).collect();
        if !replicas.is_empty() {
            self.replicas.insert(name.clone(), replicas);
        }
    }

    /// The service's containers that the engine has, one of each number, and what becomes of them if
    /// they are not too many. What an interrupted replacement left beside them is removed.
    fn existing(
        &mut self,
        context: Context<'a>,
        name: &ServiceName,
        service: &'a Service,
    ) -> Vec<Replica<'a>> {
        let mut by_number: BTreeMap<u32, Vec<&'a ObservedContainer>> = BTreeMap::new();
        for container in context.containers_of(name) {
            by_number.entry(container.number).or_default().push(container);
        }
        let model = spec::container_model(context.topology, service);
        let judge = Judge { context, decisions: self, name, service, model };
        let mut leftovers = Vec::new();
        let mut replicas = Vec::new();
        for (number, mut containers) in by_number {
            let lasting = spec::container_name(context.topology, name, service, number);
            // The one under its own name counts, or else the newest.
            containers.sort_by_key(|container| (container.name != lasting, Reverse(container.created)));
            let current = containers.remove(0);
            leftovers.extend(containers.into_iter().map(|leftover| (leftover, Because::Interrupted)));
            replicas.push(judge.replica(number, current));
        }
        self.removed.extend(leftovers);
        replicas
    }

    fn orphans(&mut self, context: Context<'a>, found: &mut Diagnostics) {
        let is_orphan = |container: &&ObservedContainer| {
            !container.is_one_off && context.topology.service(container.service.as_str()).is_none()
        };
        // A container of `run` that has ended is of no use to anybody.
        let is_spent = |container: &&ObservedContainer| container.is_one_off && !container.state.is_running();
        let containers = &context.observed.containers;
        if context.choices.remove_orphans {
            let gone = containers.iter().filter(|container| is_orphan(container) || is_spent(container));
            return self.removed.extend(gone.map(|container| (container, Because::Orphan)));
        }
        let orphans: Vec<&ObservedContainer> = containers.iter().filter(is_orphan).collect();
        orphan::warn(Some(context.topology), &orphans, "", found);
    }

    /// The containers that give way to others of their services.
    fn superseded(&self) -> Vec<&'a ObservedContainer> {
        let replicas = self.replicas.values().flatten();
        let replaced =
            replicas.filter(|replica| replica.replaced.is_some()).filter_map(|replica| replica.current);
        let surplus = self.removed.iter().filter(|(_, because)| *because == Because::TooMany);
        replaced.chain(surplus.map(|(container, _)| *container)).collect()
    }
}

/// Judges the containers of one service.
struct Judge<'a, 'decisions> {
    context: Context<'a>,
    /// What becomes of the services that this one depends on.
    decisions: &'decisions Decisions<'a>,
    name: &'decisions ServiceName,
    service: &'a Service,
    /// What makes the service's containers.
    model: Json,
}

impl<'a> Judge<'a, '_> {
    fn replica(&self, number: u32, current: &'a ObservedContainer) -> Replica<'a> {
        let name = spec::container_name(self.context.topology, self.name, self.service, number);
        let found = self.found(current, &name);
        let mut replaced = self.replaced(current, &found);
        if found.in_place.updated.is_some() && self.can_be_replaced() {
            let because = Because::UpdateRefused;
            let refused = Decision { because, only_if: Some(Guard::update_refused(name)) };
            replaced = [replaced, Some(refused)].into_iter().flatten().reduce(Decision::or);
        }
        let Differences { made: _, updated, networks } = found.in_place;
        let is_acted_on = self.context.choices.start == StartChoice::Start;
        let is_running = current.state.is_running();
        let restarted = if is_acted_on && is_running { self.restarted(current) } else { None };
        let has_ended = self.is_done(current) || self.context.choices.ended.contains(&current.name);
        let is_started = is_acted_on && !is_running && !has_ended;
        let mut replica = Replica {
            replaced,
            updated,
            networks,
            restarted,
            is_started,
            ..Replica::new(number, Some(current))
        };
        let is_frozen = is_acted_on && current.state.status == Status::Paused;
        replica.is_unpaused = is_frozen && !replica.is_stopped_unconditionally();
        replica
    }

    /// Whether a container whose update the engine refuses is replaced instead.
    fn can_be_replaced(&self) -> bool {
        let Context { topology, observed, choices, .. } = self.context;
        let image = spec::image_name(topology, self.name, self.service);
        choices.recreate != RecreateChoice::Never && observed.images.contains_key(&image)
    }

    fn replaced(&self, current: &ObservedContainer, found: &Found) -> Option<Decision> {
        match self.context.choices.recreate {
            RecreateChoice::Never => {
                return is_beyond_repair(current).then(|| Decision::unconditional(Because::NotRunning));
            }
            RecreateChoice::Force if self.is_chosen() => {
                return Some(Decision::unconditional(Because::Asked));
            }
            _ if self.context.choices.recreate_dependencies && !self.is_chosen() => {
                return Some(Decision::unconditional(Because::Asked));
            }
            RecreateChoice::Force | RecreateChoice::Changed => {}
        }
        let renewed = self.context.renewal(self.name, self.service, current).map(|guard| Decision {
            because: Because::ImageChanged { from: current.image.clone() },
            only_if: Some(guard),
        });
        let mounted = self.context.mounts_another_image(self.service, current);
        let differs = found.made.clone().map(Decision::unconditional);
        let volumes = self.renews_volumes(current);
        let reasons = [self.replaced_with_shared(current), differs, renewed, mounted, volumes];
        reasons.into_iter().flatten().reduce(Decision::or)
    }

    /// With services chosen, `--force-recreate` is about them and not about what they depend on.
    fn is_chosen(&self) -> bool {
        self.context.is_chosen(self.name)
    }

    /// It holds on to a container that is or was replaced.
    fn replaced_with_shared(&self, current: &ObservedContainer) -> Option<Decision> {
        let decision = |shared: ServiceName| {
            let first = self.decisions.replicas.get(&shared).map(|replicas| replicas.first());
            let container = match first {
                Some(first) => first?.current,
                None => self.context.containers_of(&shared).min_by_key(|container| container.number),
            };
            let is_linked = order::linked(self.service).any(|linked| linked == shared);
            let because = match is_linked {
                true => Because::LinkRecreated(shared),
                false => Because::DependencyRecreated(shared),
            };
            // One that is older than what it shares cannot share it: an interrupted run got no further.
            if container.is_none_or(|container| container.created > current.created) {
                return Some(Decision::unconditional(because));
            }
            let replaced = first.flatten()?.replaced.as_ref()?;
            Some(Decision { because, only_if: replaced.only_if.clone() })
        };
        order::held(self.context.topology, self.service).into_iter().filter_map(decision).reduce(Decision::or)
    }

    /// It goes along with a service that it shares with and that is replaced by this plan.
    fn replaced_along(&self, current: &ObservedContainer) -> Option<Decision> {
        let shared = order::held(self.context.topology, self.service);
        let is_touched = shared.iter().any(|shared| self.decisions.replicas.contains_key(shared));
        let is_spared = self.context.choices.recreate == RecreateChoice::Never;
        if is_touched && !is_spared { self.replaced_with_shared(current) } else { None }
    }

    /// Its anonymous volumes are to be new ones, and it has some.
    fn renews_volumes(&self, current: &ObservedContainer) -> Option<Decision> {
        let has_some = current.mounts.iter().any(ObservedMount::is_anonymous_volume);
        let is_from_dockerfile = self.context.choices.renew_anonymous_volumes && self.is_chosen();
        (has_some && is_from_dockerfile).then(|| Decision::unconditional(Because::VolumesRenewed))
    }

    /// What of the container itself is not as the topology says. `lasting` is the name that it is to have.
    fn found(&self, current: &ObservedContainer, lasting: &ContainerName) -> Found {
        let nothing = Differences::default();
        if is_beyond_repair(current) {
            return Found { made: Some(Because::NotRunning), in_place: nothing };
        }
        let Context { topology, observed, choices, .. } = self.context;
        let place = ["services", self.name.as_str()];
        let networks = self.networks(lasting);
        let own_names = self.own_names(current, lasting);
        let wanted = Wanted {
            topology,
            place,
            model: &self.model,
            resources: Resources::of(self.service),
            networks: &networks,
            own_names: &own_names,
            api: observed.api,
            values: choices.values,
        };
        let in_place = match drift::differences(&wanted, current) {
            Some(differences) if differences.made.is_empty() => differences,
            Some(differences) => {
                let made = Some(Because::Changed(differences.all()));
                return Found { made, in_place: Differences { made: Vec::new(), ..differences } };
            }
            None if self.is_as_compose_made_it(current) => drift::differences_of_same(&wanted, current),
            None => {
                let made = drift::made_by(topology, place, current, &self.model, choices.values);
                return Found { made: Some(made), in_place: nothing };
            }
        };
        if let Some(other) = self.other_platform(current) {
            return Found { made: Some(other), in_place };
        }
        let image = observed.images.get(&spec::image_name(topology, self.name, self.service));
        let is_other = image.is_some_and(|image| *image != current.image);
        Found { made: is_other.then(|| Because::ImageChanged { from: current.image.clone() }), in_place }
    }

    /// The place of the container with this name in each of its networks.
    fn networks(&self, lasting: &ContainerName) -> Vec<Attachment> {
        let topology = self.context.topology;
        let container_of = |name: &ServiceName| {
            let service = topology.services.get(name)?;
            let first = self.context.containers_of(name).map(|container| container.number).min();
            Some(spec::container_name(topology, name, service, first.unwrap_or(1)))
        };
        let links = spec::links(topology, self.service, &container_of);
        spec::attachments(topology, self.name, self.service, lasting, &links)
    }

    /// The names that a container has in its networks without asking for them: its own, and those that it had by
    /// another convention.
    fn own_names(&self, current: &ObservedContainer, lasting: &ContainerName) -> BTreeSet<ContainerName> {
        let by =
            |separator| spec::own_container_name(self.context.topology, self.name, current.number, separator);
        let conventions = [Separator::Hyphen, Separator::Underscore].map(by);
        conventions.into_iter().chain([current.name.clone(), lasting.clone()]).collect()
    }

    /// The image that runs is for another platform than the caller asks for. That it was not asked for when
    /// the container was created does not matter.
    fn other_platform(&self, current: &ObservedContainer) -> Option<Because> {
        let Context { topology, observed, .. } = self.context;
        let is_named = self.service.platform.as_ref().is_some_and(|platform| !platform.is_empty());
        let asked = topology.default_platform.as_ref().filter(|_| !is_named)?;
        let runs = observed.platforms.get(&current.image).filter(|runs| !runs.is_empty())?;
        let (asked, runs) = (asked.clone(), runs.clone());
        (!Platform::parse(&runs).is_for(&Platform::parse(&asked)))
            .then_some(Because::OtherPlatform { asked, runs })
    }

    /// Docker Compose made it, of the very service that the topology has.
    fn is_as_compose_made_it(&self, current: &ObservedContainer) -> bool {
        // It mounts these for writing.
        if self.service.volumes_from.iter().any(|from| from.is_read_only()) {
            return false;
        }
        let id = |service: &ServiceName| {
            let containers = self.context.containers_of(service);
            containers.min_by_key(|container| container.number).map(|container| container.id.clone())
        };
        let made = current.labels.get(label::CONFIG_HASH);
        made.is_some_and(|made| *made == compose_hash::container(self.service, id))
    }

    /// It depends on a service with `restart: true`, or shares a namespace that is gone when the other
    /// stops.
    fn restarted(&self, current: &ObservedContainer) -> Option<Decision> {
        let shared: Vec<ServiceName> = order::namespaces(self.context.topology, self.service).collect();
        let dependencies = self.service.depends_on.0.iter();
        let meant = dependencies.filter(|(needed, dependency)| dependency.restart || shared.contains(needed));
        let decision = |needed: &ServiceName| {
            let replicas = self.decisions.replicas.get(needed)?.iter();
            let decision = |replica: &Replica<'_>| {
                let deeds = [replica.replaced.clone(), replica.restarted.clone()];
                let decision = deeds.into_iter().flatten().reduce(Decision::or);
                let is_back = replica.is_started && shared.contains(needed);
                let because = Because::RestartedWith(needed.clone());
                match (is_back, decision) {
                    (true, _) => Some(Decision::unconditional(because)),
                    (false, decision) => {
                        decision.map(|decision| Decision { because, only_if: decision.only_if })
                    }
                }
            };
            replicas.filter_map(decision).reduce(Decision::or)
        };
        let stale = self.stale(current).map(Decision::unconditional);
        meant.filter_map(|(needed, _)| decision(needed)).chain(stale).reduce(Decision::or)
    }

    /// It shares a namespace with a container that was started again since: what it has is the old one.
    fn stale(&self, current: &ObservedContainer) -> Option<Because> {
        let since = current.state.started.as_ref()?;
        let is_stale = |(owner, namespace): (ServiceName, NamespaceKind)| {
            let mut containers = self.context.containers_of(&owner);
            let container = containers.find(|container| current.namespace_owners.contains(&container.id))?;
            let is_newer = container.state.is_running() && container.state.started.as_ref()? > since;
            is_newer.then_some(Because::NamespaceStale { owner, namespace })
        };
        self.context.topology.namespaces_of(self.service).find_map(is_stale)
    }

    /// A job that is done is not done again while nothing has changed.
    fn is_done(&self, current: &ObservedContainer) -> bool {
        let is_job = self.decisions.jobs.contains(self.name);
        current.state.status == Status::Exited && current.state.exit_code == 0 && is_job
    }
}

/// What of a container is not as the topology says.
struct Found {
    /// Why only a new one will do.
    made: Option<Because>,
    /// What the engine can change.
    in_place: Differences,
}

/// It can be started by nobody.
fn is_beyond_repair(container: &ObservedContainer) -> bool {
    matches!(container.state.status, Status::Dead | Status::Removing)
}
