//! Plans `down`: everything of the project is removed, dependants before their dependencies.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::diagnostic::{Diagnostics, code};
use crate::plan::action::{AfterFailedHook, AnonymousVolumes};
use crate::plan::observed::{Observed, ObservedContainer, ObservedNetwork, ObservedVolume};
use crate::plan::{Action, Because, Needs, Plan, Scope, Step, StepId, label, orphan, spec, stop};
use crate::topology::name::{ContainerName, NetworkName, ProjectName, ServiceName, VolumeName};
use crate::topology::{Service, Topology};
use crate::value::image::ImageReference;

/// The caller's options for `down`.
#[derive(Clone, Debug, Default)]
pub struct DownChoices {
    /// The services to remove; all, with networks, when empty.
    pub services: Vec<ServiceName>,
    /// Whether volumes are removed with their data: those declared in the topology, or all of the
    /// project without a topology.
    pub volumes: bool,
    /// Which images are removed.
    pub images: ImagesChoice,
    /// Whether orphans and containers of `run` are removed.
    pub remove_orphans: bool,
    /// The command that includes them, for help: `topo down --remove-orphans shop.yaml`.
    pub command_for_all: String,
    /// The time until containers are killed, instead of their own settings.
    pub grace: Option<Duration>,
    /// What happens after a failed `pre_stop` hook.
    pub after_failed_hook: AfterFailedHook,
}

/// Which images are removed with their services.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImagesChoice {
    /// None.
    #[default]
    None,
    /// Those that were built without an explicit name: `shop-web`.
    Local,
    /// All.
    All,
}

/// Plans `down`, based on what exists: services of inactive profiles are removed too.
pub fn down(
    project: &ProjectName,
    topology: Option<&Topology>,
    observed: &Observed,
    choices: &DownChoices,
    found: &mut Diagnostics,
) -> Plan {
    let mut down = Down { topology, observed, choices, plan: Plan::amid(project.clone(), observed) };
    let (going, staying): (Vec<&ObservedContainer>, Vec<&ObservedContainer>) =
        observed.containers.iter().partition(|container| is_going(container, topology, choices));
    let removals = down.containers(&going);
    down.images(&going, &removals);
    if !choices.services.is_empty() {
        return down.plan;
    }
    let (one_offs, orphans): (Vec<&ObservedContainer>, Vec<&ObservedContainer>) =
        staying.iter().partition(|container| container.is_one_off);
    let stay = if orphans.len() == 1 { ": it stays" } else { ": they stay" };
    orphan::warn(topology, &orphans, stay, found);
    orphan::warn_of_one_offs(&one_offs, &choices.command_for_all, found);
    down.networks(&staying, &removals, found);
    if choices.volumes {
        let volumes = down.volumes(&removals);
        // Remaining containers, of this project or another one, may use them, which is reported.
        volumes.into_iter().for_each(|step| down.plan.steps[step].may_fail = true);
    }
    down.plan
}

/// The volumes of a project that `down` keeps: they may contain data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumesLeft {
    /// Those that `down -v` would remove.
    pub declared: Vec<VolumeName>,
    /// Those that the topology does not declare, or no longer.
    pub undeclared: Vec<VolumeName>,
}

/// The volumes that `down` keeps.
pub fn volumes_left(
    project: &ProjectName,
    topology: Option<&Topology>,
    observed: &Observed,
    choices: &DownChoices,
) -> VolumesLeft {
    let mut left = VolumesLeft::default();
    for volume in own_volumes(project, topology, observed).filter(|_| choices.services.is_empty()) {
        match is_declared_volume(topology, &volume.name) {
            true if choices.volumes => {}
            true => left.declared.push(volume.name.clone()),
            false => left.undeclared.push(volume.name.clone()),
        }
    }
    left
}

/// What the topology now declares as external is never removed, whatever created it.
fn own_volumes<'a>(
    project: &ProjectName,
    topology: Option<&Topology>,
    observed: &'a Observed,
) -> impl Iterator<Item = &'a ObservedVolume> {
    observed.volumes.iter().filter(move |volume| {
        label::belongs_to(&volume.labels, project) && !is_external_volume(topology, &volume.name)
    })
}

/// Whether `down -v` may remove a volume, as in Docker Compose 2.40: the volume of a renamed key
/// still contains data. Without a topology all are included.
fn is_declared_volume(topology: Option<&Topology>, name: &VolumeName) -> bool {
    topology.is_none_or(|topology| {
        topology.volumes.iter().any(|(key, volume)| spec::volume_name(key, volume) == *name)
    })
}

fn is_going(container: &ObservedContainer, topology: Option<&Topology>, choices: &DownChoices) -> bool {
    // A `pre_start` container is removed with those of its service.
    let is_of_run = container.is_one_off && !label::is_of_pre_start(&container.labels);
    if !choices.services.is_empty() {
        return choices.services.contains(&container.service) && !is_of_run;
    }
    let is_known = topology.is_none_or(|topology| topology.service(container.service.as_str()).is_some());
    // A container of `run` may be in use: Docker Compose keeps it too.
    (is_known && !is_of_run) || choices.remove_orphans
}

struct Down<'a> {
    topology: Option<&'a Topology>,
    observed: &'a Observed,
    choices: &'a DownChoices,
    plan: Plan,
}

/// The step that removes each container.
type Removals<'a> = BTreeMap<&'a ContainerName, StepId>;

impl<'a> Down<'a> {
    fn add(
        &mut self,
        action: Action,
        service: Option<&ServiceName>,
        needs: impl IntoIterator<Item = StepId>,
    ) -> StepId {
        let needs = needs.into_iter().map(|needed| (needed, Needs::Done)).collect();
        self.plan.steps.push(Step { needs, ..Step::new(action, Because::Down, service.cloned()) })
    }

    fn containers(&mut self, going: &[&'a ObservedContainer]) -> Removals<'a> {
        let project = self.plan.project.clone();
        let Down { topology, observed, choices, .. } = *self;
        let scope = Scope { project: &project, topology, observed, services: &[], excluded: &[] };
        let with_reason: Vec<stop::Going<'a>> =
            going.iter().map(|container| (*container, Because::Down)).collect();
        let stops = stop::add(&mut self.plan, scope, &with_reason, choices.grace);
        for step in stops.values() {
            if let Action::StopContainer { after_failed_hook, .. } = &mut self.plan.steps[*step].action {
                *after_failed_hook = choices.after_failed_hook;
            }
        }
        let anonymous_volumes =
            if self.choices.volumes { AnonymousVolumes::Remove } else { AnonymousVolumes::Keep };
        let mut removals = Removals::new();
        for container in going {
            let action = Action::RemoveContainer { container: container.name.clone(), anonymous_volumes };
            let step = self.add(action, Some(&container.service), stops.get(&container.name).copied());
            removals.insert(&container.name, step);
        }
        removals
    }

    /// Another container, of whatever project, may use an image: then it is kept, which is
    /// reported.
    fn images(&mut self, going: &[&ObservedContainer], removals: &Removals<'_>) {
        let images = match self.choices.images {
            ImagesChoice::None => return,
            ImagesChoice::Local => self.images_of_services(going, |service| service.image.is_none()),
            ImagesChoice::All => self.images_of_services(going, |_| true),
        };
        for image in images {
            let step = self.add(Action::RemoveImage { image }, None, removals.values().copied());
            self.plan.steps[step].may_fail = true;
        }
    }

    /// The existing images of the removed services; without a topology, those of the containers
    /// with a name given by topo or Compose.
    fn images_of_services(
        &self,
        going: &[&ObservedContainer],
        is_meant: impl Fn(&Service) -> bool,
    ) -> BTreeSet<ImageReference> {
        let Some(topology) = self.topology else {
            let own = |container: &&ObservedContainer| {
                let local = |separator| format!("{}{separator}{}", self.plan.project, container.service);
                let is_local = ["-", "_"].iter().any(|separator| container.image_name == local(separator));
                (is_local || self.choices.images == ImagesChoice::All)
                    .then(|| container.image_name.as_str().into())
            };
            return going.iter().filter_map(own).collect();
        };
        let is_going =
            |name: &ServiceName| self.choices.services.is_empty() || self.choices.services.contains(name);
        let services = topology.services.iter().chain(&topology.inactive);
        let meant = services.filter(|(name, service)| is_going(name) && is_meant(service));
        let images = meant.map(|(name, service)| spec::image_name(topology, name, service));
        images.filter(|image| self.observed.images.contains_key(image)).collect()
    }

    /// A network is removed once no container is connected.
    fn networks(&mut self, staying: &[&ObservedContainer], removals: &Removals<'_>, found: &mut Diagnostics) {
        let observed = self.observed;
        let attached = attached(&observed.containers);
        let staying: BTreeSet<&str> = staying.iter().map(|container| container.id.as_str()).collect();
        let is_ours = |network: &&ObservedNetwork| {
            label::belongs_to(&network.labels, &self.plan.project) && !self.is_external_network(&network.name)
        };
        for network in observed.networks.iter().filter(is_ours).collect::<Vec<_>>() {
            let attached = attached.get(&network.name).map_or(&[][..], Vec::as_slice);
            // An exited container of `run` no longer needs its network.
            let needs_it = |container: &&ObservedContainer| {
                let is_spent = container.is_one_off && !container.state.is_running();
                !is_spent && staying.contains(container.id.as_str())
            };
            if attached.iter().any(needs_it) {
                continue;
            }
            if let Some(foreign_container) = observed.foreign_container(network) {
                warn_of_foreign_container(network, foreign_container, found);
                continue;
            }
            let removed = attached.iter().filter_map(|container| removals.get(&container.name).copied());
            let needs: Vec<StepId> = removed.collect();
            self.add(Action::RemoveNetwork { network: network.name.clone() }, None, needs);
        }
    }

    fn volumes(&mut self, removals: &Removals<'_>) -> Vec<StepId> {
        let (project, topology) = (self.plan.project.clone(), self.topology);
        let own = own_volumes(&project, topology, self.observed);
        let declared = own.filter(|volume| is_declared_volume(topology, &volume.name));
        let remove = |volume: &ObservedVolume| {
            let action = Action::RemoveVolume { volume: volume.name.clone() };
            self.add(action, None, removals.values().copied())
        };
        declared.map(remove).collect()
    }

    /// What the topology now declares as external is never removed, whatever created it.
    fn is_external_network(&self, name: &NetworkName) -> bool {
        let networks = self.topology.into_iter().flat_map(|topology| &topology.networks);
        networks
            .into_iter()
            .any(|(key, network)| network.external.is_external && spec::network_name(key, network) == *name)
    }
}

/// The containers connected to each network.
fn attached(containers: &[ObservedContainer]) -> BTreeMap<&NetworkName, Vec<&ObservedContainer>> {
    let mut attached: BTreeMap<&NetworkName, Vec<&ObservedContainer>> = BTreeMap::new();
    for container in containers {
        for network in container.networks.keys() {
            attached.entry(network).or_default().push(container);
        }
    }
    attached
}

fn is_external_volume(topology: Option<&Topology>, name: &VolumeName) -> bool {
    let mut volumes = topology.into_iter().flat_map(|topology| &topology.volumes);
    volumes.any(|(key, volume)| volume.external.is_external && spec::volume_name(key, volume) == *name)
}

fn warn_of_foreign_container(
    network: &ObservedNetwork,
    foreign_container: &ContainerName,
    found: &mut Diagnostics,
) {
    let network = &network.name;
    found
        .warning(
            code::FOREIGN_OBJECT,
            format!("`{foreign_container}` of another project is attached to `{network}`: it stays"),
        )
        .help(format!("`docker network disconnect {network} {foreign_container}`, then `topo down` again"));
}
