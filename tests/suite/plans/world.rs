//! An engine that performs a plan immediately, and refuses what a real one would refuse.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use serde_json::json;
use topo::plan::action::{Attachment, ContainerSpec};
use topo::plan::observed::{
    ApiVersion, ContainerState, Health, ObservedAddresses, ObservedContainer, ObservedEndpoint,
    ObservedNetwork, ObservedVolume, PublishedPort, Query, Settings, Status, TakenSubnet,
};
use topo::plan::resources::Resources;
use topo::plan::{Action, Condition, FormerImage, Guard, Needs, Observed, Plan, Step, StepId, label};
use topo::source::Spanned;
use topo::topology::name::{ContainerName, ImageId, NetworkName, ServiceName, VolumeName};
use topo::topology::service::{MountKind, ServiceNetwork};
use topo::topology::{Network, Service};
use topo::value::image::ImageReference;
use topo::value::subnet::Subnet;

/// The complete state of an engine. Everything that runs is healthy.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) containers: Vec<Container>,
    pub(crate) networks: BTreeMap<NetworkName, ObservedNetwork>,
    pub(crate) volumes: BTreeMap<VolumeName, ObservedVolume>,
    pub(crate) images: BTreeMap<ImageReference, ImageId>,
    /// How long ago images were tagged.
    pub(crate) image_ages: BTreeMap<ImageReference, std::time::Duration>,
    /// How often an image was rebuilt elsewhere: each number is another image.
    pub(crate) releases: BTreeMap<ImageReference, usize>,
    /// Services that exit with code 0 after their start.
    pub(crate) jobs: BTreeSet<ServiceName>,
    /// The API version of the engine, if set.
    pub(crate) api: Option<ApiVersion>,
    /// The number of processors, if set.
    pub(crate) processors: Option<usize>,
    /// The subnets of the networks, as far as the topology fixes them.
    subnets: BTreeMap<NetworkName, Vec<(Subnet, Subnet)>>,
    /// Whether it updates no container.
    pub(crate) refuses_updates: bool,
    /// The containers that it was asked to update, and did not.
    refused_updates: BTreeSet<ContainerName>,
    clock: i64,
}

/// A container, and what decides whether the engine can start it.
#[derive(Clone, Debug)]
pub(crate) struct Container {
    pub(crate) seen: ObservedContainer,
    pub(crate) spec: ContainerSpec,
    /// The ids of the containers whose namespaces it shares.
    owners: Vec<String>,
    started: i64,
}

type Refused = Result<(), String>;

impl World {
    /// Performs the plan's steps in an order decided by `choose`, as far as their needs allow;
    /// stops before the step for which `choose` returns `None`.
    pub(crate) fn follow(
        &mut self,
        plan: &Plan,
        mut choose: impl FnMut(&[StepId]) -> Option<StepId>,
    ) -> Refused {
        let mut left: BTreeSet<StepId> = plan.steps.ids().collect();
        while !left.is_empty() {
            let is_ready =
                |step: &StepId| plan.steps[*step].needs.keys().all(|needed| !left.contains(needed));
            let ready: Vec<StepId> = left.iter().copied().filter(is_ready).collect();
            refuse_if(ready.is_empty(), "the plan has a cycle")?;
            let Some(step) = choose(&ready) else { return Ok(()) };
            left.remove(&step);
            self.take(&plan.steps[step]).map_err(|error| format!("step {}: {error}", step.index()))?;
        }
        Ok(())
    }

    /// Performs the plan's steps in order; one fails, and those that depend on it are skipped.
    pub(crate) fn follow_without(&mut self, plan: &Plan, fails: StepId) {
        let mut done = BTreeSet::new();
        for step in plan.in_order() {
            let mut needs = plan.steps[step].needs.iter();
            let is_possible = needs.all(|(needed, how)| *how == Needs::Settled || done.contains(needed));
            if is_possible && step != fails && self.take(&plan.steps[step]).is_ok() {
                done.insert(step);
            }
        }
    }

    fn take(&mut self, step: &Step) -> Refused {
        if let Some(Guard { differing_images, refused_updates }) = &step.only_if {
            let differs = |former: &FormerImage| self.images.get(&former.image) != Some(&former.from);
            let is_refused = refused_updates.iter().any(|name| self.refused_updates.contains(name));
            if !is_refused && !differing_images.iter().any(differs) {
                return Ok(());
            }
        }
        if let Action::UpdateContainer { container, change: _ } = &step.action
            && self.refuses_updates
        {
            self.refused_updates.insert(container.clone());
            return Ok(());
        }
        self.perform(&step.action)
    }

    pub(crate) fn perform(&mut self, action: &Action) -> Refused {
        self.clock += 1;
        match action {
            Action::PullImage { image, .. } => {
                self.make_image(image);
                Ok(())
            }
            Action::BuildImage(spec) => {
                self.make_image(&spec.image);
                Ok(())
            }
            Action::CreateNetwork(spec) => {
                let id = format!("network-{}", self.clock);
                let network = ObservedNetwork {
                    name: spec.name.clone(),
                    id,
                    labels: spec.all_labels(),
                    attached: Vec::new(),
                    held: BTreeMap::new(),
                };
                self.subnets.insert(spec.name.clone(), subnets(&spec.network));
                refuse_if(self.networks.insert(spec.name.clone(), network).is_some(), "the network is there")
            }
            Action::RemoveNetwork { network } => self.remove_network(network),
            Action::CreateVolume(spec) => {
                let volume = ObservedVolume { name: spec.name.clone(), labels: spec.all_labels() };
                refuse_if(self.volumes.insert(spec.name.clone(), volume).is_some(), "the volume is there")
            }
            Action::RemoveVolume { volume } => self.remove_volume(volume),
            Action::CreateContainer(spec) => self.create(spec),
            Action::RenameContainer { from, to } => {
                refuse_if(self.find(to).is_some(), "the name is taken")?;
                self.container(from)?.seen.name = to.clone();
                Ok(())
            }
            Action::UpdateContainer { container, change } => {
                let settings = &mut self.container(container)?.seen.settings;
                let resources = &mut settings.as_mut().expect("the engine tells them").resources;
                *resources = resources.after(change);
                Ok(())
            }
            Action::StartContainer { container, .. } => self.start(container),
            // It leaves nothing behind.
            Action::RunToEnd(_) => Ok(()),
            Action::UnpauseContainer { container } => {
                let state = &mut self.container(container)?.seen.state;
                if state.status == Status::Paused {
                    state.status = Status::Running;
                }
                Ok(())
            }
            Action::StopContainer { container, .. } => {
                self.container(container)?.stop(143);
                Ok(())
            }
            Action::PushImage { .. }
            | Action::RemoveImage { .. }
            | Action::KillContainer { .. }
            | Action::PauseContainer { .. } => {
                panic!("no plan of up or down does so")
            }
            Action::RemoveContainer { container, .. } => {
                refuse_if(self.container(container)?.seen.state.is_running(), "it runs")?;
                self.containers.retain(|other| other.seen.name != *container);
                Ok(())
            }
            Action::ConnectNetwork { container, attachment } => self.connect(container, attachment),
            Action::DisconnectNetwork { container, network } => {
                if let Ok(container) = self.container(container) {
                    container.disconnect(network);
                }
                Ok(())
            }
            Action::Wait { container, until } => self.wait(container, *until),
        }
    }

    pub(crate) fn make_image(&mut self, image: &ImageReference) {
        let release = self.releases.get(image).copied().unwrap_or_default();
        self.images.insert(image.clone(), ImageId::new(format!("sha256:{image}-{release}")));
    }

    fn remove_network(&mut self, name: &NetworkName) -> Refused {
        let network = self.networks.get(name).ok_or("no such network")?;
        let is_attached = |container: &Container| {
            container.seen.state.is_running() && container.seen.networks.get(name) == Some(&network.id)
        };
        refuse_if(self.containers.iter().any(is_attached), "the network has active endpoints")?;
        self.networks.remove(name);
        Ok(())
    }

    fn remove_volume(&mut self, name: &VolumeName) -> Refused {
        let is_used =
            self.containers.iter().any(|container| container.volumes().any(|volume| volume == name.as_str()));
        refuse_if(is_used, "the volume is in use")?;
        self.volumes.remove(name);
        Ok(())
    }

    fn create(&mut self, spec: &ContainerSpec) -> Refused {
        refuse_if(self.find(&spec.name).is_some(), "the name is taken")?;
        let image = self.images.get(&spec.image).ok_or("no such image")?.clone();
        let owners = owners(spec).map(|owner| Ok(self.container(&owner)?.seen.id.clone()));
        let owners = owners.collect::<Result<Vec<_>, String>>()?;
        if let Some(predecessor) = &spec.predecessor {
            self.container(predecessor)?;
        }
        let missing =
            spec.networks.iter().find(|attachment| !self.networks.contains_key(&attachment.network));
        refuse_if(missing.is_some(), "no such network")?;
        let number = spec.labels[label::NUMBER].parse().expect("a number");
        let mut labels = self.labels(spec)?;
        let mounted = topo::plan::spec::mounted_images(&spec.service);
        let mounted = mounted.map(|(target, image)| {
            Ok((target.to_owned(), self.images.get(&image).ok_or("no such image")?.clone()))
        });
        let mounted = mounted.collect::<Result<BTreeMap<_, _>, String>>()?;
        labels.insert(label::MOUNTED_IMAGES.to_owned(), label::mounted_images_text(&mounted));
        let seen = ObservedContainer {
            id: format!("{:012x}{:052x}", self.clock, 0),
            name: spec.name.clone(),
            service: spec.service_name.clone(),
            number,
            is_one_off: false,
            image,
            image_name: spec.image.to_string(),
            state: state(Status::Created, 0),
            labels,
            networks: spec
                .networks
                .iter()
                .map(|attachment| (attachment.network.clone(), String::new()))
                .collect(),
            addresses: spec
                .networks
                .iter()
                .map(|attachment| (attachment.network.clone(), asked_for(&attachment.settings)))
                .collect(),
            ports: Vec::new(),
            mounts: Vec::new(),
            command: String::new(),
            created: self.clock,
            status_text: String::new(),
            namespace_owners: owners.iter().cloned().collect(),
            settings: Some(settings(spec)),
        };
        let container = Container { seen, spec: spec.clone(), owners, started: 0 };
        let missing = container.volumes().find(|volume| !self.volumes.contains_key(volume.as_str()));
        refuse_if(missing.is_some(), "no such volume")?;
        self.containers.push(container);
        Ok(())
    }

    pub(crate) fn start(&mut self, name: &ContainerName) -> Refused {
        let container = self.container(name)?.clone();
        refuse_if(container.seen.state.status == Status::Paused, "it is paused")?;
        if container.seen.state.is_running() {
            return Ok(());
        }
        for owner in &container.owners {
            let owner =
                self.containers.iter().find(|other| other.seen.id == *owner).ok_or("the owner is gone")?;
            refuse_if(!owner.seen.state.is_running(), "the owner does not run")?;
        }
        let mut networks = BTreeMap::new();
        for (network, id) in &container.seen.networks {
            let found = self.networks.get(network).ok_or("the network is gone")?;
            refuse_if(!id.is_empty() && *id != found.id, "the network is another one")?;
            networks.insert(network.clone(), found.id.clone());
        }
        let mut addresses = container.seen.addresses.clone();
        for network in networks.keys() {
            let known = addresses.entry(network.clone()).or_default();
            known.held = self.give_addresses(network, &known.fixed)?;
        }
        let ports = self.publish(&container.spec.service)?;
        let is_job = self.jobs.contains(&container.seen.service);
        let started = self.clock;
        let container = self.container(name)?;
        container.started = started;
        container.seen.networks = networks;
        container.seen.addresses = addresses;
        container.seen.ports = ports;
        container.seen.state = state(Status::Running, 0);
        container.seen.state.started = Some(started.into());
        container.seen.state.health = container.spec.service.has_healthcheck().then_some(Health::Healthy);
        if is_job {
            container.stop(0);
        }
        Ok(())
    }

    /// Starts a container without regard to others.
    pub(crate) fn start_later(&mut self, name: &ContainerName) -> Refused {
        self.clock += 1;
        self.start(name)
    }

    fn publish(&self, service: &Service) -> Result<Vec<PublishedPort>, String> {
        let mut published: Vec<PublishedPort> = Vec::new();
        for port in &service.ports.0 {
            let Some(range) = port.published else { continue };
            let is_taken = |host: u16| {
                let running = self.containers.iter().flat_map(|container| &container.seen.ports);
                let is_it = |other: &PublishedPort| {
                    other.protocol == port.protocol && other.host.is_some_and(|other| other.port() == host)
                };
                running.chain(&published).any(is_it)
            };
            let free = (range.first..=range.last).find(|host| !is_taken(*host));
            let host = free.ok_or(format!("port {range} is taken"))?;
            published.push(PublishedPort {
                host: Some((Ipv4Addr::UNSPECIFIED, host).into()),
                target: port.target,
                protocol: port.protocol,
            });
        }
        Ok(published)
    }

    fn connect(&mut self, name: &ContainerName, attachment: &Attachment) -> Refused {
        let id = self.networks.get(&attachment.network).ok_or("no such network")?.id.clone();
        let mut addresses = asked_for(&attachment.settings);
        if self.container(name)?.seen.state.is_running() {
            addresses.held = self.give_addresses(&attachment.network, &addresses.fixed)?;
        }
        let container = self.container(name)?;
        container.seen.addresses.insert(attachment.network.clone(), addresses);
        let known = container.seen.networks.insert(attachment.network.clone(), id);
        container.endpoints().insert(attachment.network.clone(), endpoint(attachment));
        refuse_if(known.is_some(), "it is attached already")
    }

    /// Those that are asked for, and of each other subnet the lowest one that is free.
    fn give_addresses(&self, network: &NetworkName, fixed: &[IpAddr]) -> Result<Vec<IpAddr>, String> {
        let running = self.containers.iter().filter(|container| container.seen.state.is_running());
        let attached = running.filter(|container| container.seen.networks.contains_key(network));
        let held = attached.filter_map(|container| container.seen.addresses.get(network));
        let taken: BTreeSet<IpAddr> = held.flat_map(|known| known.held.iter().copied()).collect();
        let mut given = Vec::new();
        for (subnet, range) in self.subnets.get(network).into_iter().flatten() {
            let asked_for = fixed.iter().find(|address| subnet.contains(**address)).copied();
            let gateway = subnet.default_gateway(Some(*range));
            let mut addresses: Vec<IpAddr> = range.from_highest().filter(|one| *one != gateway).collect();
            addresses.reverse();
            let address = asked_for.or_else(|| addresses.into_iter().find(|one| !taken.contains(one)));
            let address = address.ok_or("no address is left")?;
            refuse_if(taken.contains(&address), "the address is in use")?;
            given.push(address);
        }
        Ok(given)
    }

    fn wait(&mut self, name: &ContainerName, until: Condition) -> Refused {
        let state = &self.container(name)?.seen.state;
        let is_completed = state.status == Status::Exited && state.exit_code == 0;
        let is_met = match until {
            Condition::Healthy => state.status == Status::Running && state.health == Some(Health::Healthy),
            Condition::Completed => is_completed,
            Condition::Ready => is_completed || state.status == Status::Running,
        };
        refuse_if(!is_met, "the condition will never hold")
    }

    fn find(&self, name: &ContainerName) -> Option<&Container> {
        self.containers.iter().find(|container| container.seen.name == *name)
    }

    /// The labels of a new container, with those that depend on the ids of others.
    fn labels(&mut self, spec: &ContainerSpec) -> Result<BTreeMap<String, String>, String> {
        let mut labels = spec.all_labels();
        if let Some(references) = &spec.references {
            let id = |name| Ok((name, self.container(name)?.seen.id.clone()));
            let ids = references.containers.values().map(id).collect::<Result<_, String>>()?;
            labels.insert(label::CONFIG_HASH.to_owned(), references.fingerprint(&ids));
        }
        Ok(labels)
    }

    pub(crate) fn container(&mut self, name: &ContainerName) -> Result<&mut Container, String> {
        let found = self.containers.iter_mut().find(|container| container.seen.name == *name);
        found.ok_or_else(|| format!("no such container: {name}"))
    }

    /// Whether a container runs with everything that it shares and is connected to.
    pub(crate) fn is_whole(&self, container: &Container) -> bool {
        let owner_is_well = |owner: &String| {
            let owner = self.containers.iter().find(|other| other.seen.id == *owner);
            owner.is_some_and(|owner| owner.started <= container.started)
        };
        let is_attached = |(network, id): (&NetworkName, &String)| {
            self.networks.get(network).is_some_and(|found| found.id == *id)
        };
        container.owners.iter().all(owner_is_well) && container.seen.networks.iter().all(is_attached)
    }

    /// The engine's answer to a query.
    pub(crate) fn observe(&self, query: &Query) -> Observed {
        let is_own = |labels: &BTreeMap<String, String>| label::belongs_to(labels, &query.project);
        let mut containers: Vec<ObservedContainer> =
            self.containers.iter().map(|container| container.seen.clone()).collect();
        containers.sort_by(|one, other| {
            (&one.service, one.number, &one.name).cmp(&(&other.service, other.number, &other.name))
        });
        let networks = self.networks.values();
        let networks =
            networks.filter(|network| is_own(&network.labels) || query.networks.contains(&network.name));
        let volumes = self.volumes.values();
        let volumes = volumes.filter(|volume| is_own(&volume.labels) || query.volumes.contains(&volume.name));
        let images = self.images.iter().filter(|(image, _)| query.images.contains(*image));
        Observed {
            containers,
            networks: networks.map(|network| self.with_attached(network)).collect(),
            volumes: volumes.cloned().collect(),
            images: images.map(|(image, id)| (image.clone(), id.clone())).collect(),
            platforms: self.images.values().map(|id| (id.clone(), "linux/amd64".to_owned())).collect(),
            image_ages: self.image_ages.clone(),
            api: self.api,
            processors: self.processors.filter(|_| query.processors),
            subnets: self.taken_subnets(),
        }
    }

    fn taken_subnets(&self) -> Vec<TakenSubnet> {
        let taken = |(network, subnets): (&NetworkName, &Vec<(Subnet, Subnet)>)| {
            let taken =
                |(subnet, _): &(Subnet, Subnet)| TakenSubnet { network: network.clone(), subnet: *subnet };
            subnets.iter().map(taken).collect::<Vec<_>>()
        };
        let there = self.subnets.iter().filter(|(network, _)| self.networks.contains_key(*network));
        there.flat_map(taken).collect()
    }

    fn with_attached(&self, network: &ObservedNetwork) -> ObservedNetwork {
        let is_attached = |container: &&Container| {
            container.seen.state.is_running()
                && container.seen.networks.get(&network.name) == Some(&network.id)
        };
        let mut network = network.clone();
        network
            .attached
            .extend(self.containers.iter().filter(is_attached).map(|container| container.seen.name.clone()));
        network
    }
}

impl Container {
    pub(crate) fn disconnect(&mut self, network: &NetworkName) {
        self.seen.networks.remove(network);
        self.seen.addresses.remove(network);
        self.endpoints().remove(network);
    }

    pub(crate) fn endpoints(&mut self) -> &mut BTreeMap<NetworkName, ObservedEndpoint> {
        &mut self.seen.settings.as_mut().expect("the engine tells them").endpoints
    }

    pub(crate) fn stop(&mut self, exit_code: i64) {
        if self.seen.state.is_running() {
            self.seen.state = state(Status::Exited, exit_code);
            self.seen.ports.clear();
            self.seen.addresses.values_mut().for_each(|known| known.held.clear());
        }
    }

    fn volumes(&self) -> impl Iterator<Item = String> {
        let named = self.spec.mounts().into_iter().filter(|mount| mount.kind == MountKind::Volume);
        named.filter_map(|mount| Some(mount.source?.value))
    }
}

/// The subnets of a network, and the part of each that containers get addresses from unless they ask for one.
fn subnets(network: &Network) -> Vec<(Subnet, Subnet)> {
    let subnet = |text: &Spanned<String>| Subnet::parse(text).expect("a subnet");
    let pools = network.ipam.config.iter().map(|pool| {
        let whole = subnet(pool.subnet.as_ref().expect("the subnet is fixed"));
        (whole, pool.ip_range.as_ref().map_or(whole, subnet))
    });
    pools.collect()
}

fn asked_for(settings: &ServiceNetwork) -> ObservedAddresses {
    let texts = [&settings.ipv4_address, &settings.ipv6_address].into_iter().flatten();
    let fixed = texts.map(|text| text.parse().expect("an address")).collect();
    ObservedAddresses { held: Vec::new(), fixed }
}

/// The containers whose namespaces a new one shares.
fn owners(spec: &ContainerSpec) -> impl Iterator<Item = ContainerName> {
    let modes = [&spec.service.ipc, &spec.service.pid].into_iter().flatten().map(|mode| &mode.value);
    let modes = modes.chain(&spec.network_mode);
    modes.filter_map(|mode| mode.container().cloned())
}

/// The settings that an engine reports for a container.
fn settings(spec: &ContainerSpec) -> Settings {
    let service = &spec.service;
    let endpoints = spec.networks.iter().map(|attachment| (attachment.network.clone(), endpoint(attachment)));
    let first = spec.networks.first().map(|attachment| json!(attachment.network));
    let words = |words: &Option<Vec<String>>| words.clone().unwrap_or_default();
    Settings {
        environment: service.environment.to_map(),
        command: words(&service.command.0),
        entrypoint: words(&service.entrypoint.0),
        resources: resources(service),
        endpoints: endpoints.collect(),
        attributes: first.map(|first| (Service::network_mode.to_owned(), first)).into_iter().collect(),
        ..Settings::default()
    }
}

/// Limits, as an engine tells them.
fn resources(service: &Service) -> Resources {
    let asked = Resources::of(service);
    let usual_swap = asked.memory.map(|memory| 2 * memory);
    Resources { memory_swap: asked.memory_swap.or(usual_swap), ..asked }
}

/// A container's place in a network, as an engine tells it.
fn endpoint(attachment: &Attachment) -> ObservedEndpoint {
    let Attachment { network: _, aliases, links, settings } = attachment;
    let text = |text: &Option<Spanned<String>>| text.as_ref().map(|text| text.value.clone());
    ObservedEndpoint {
        aliases: aliases.iter().cloned().collect(),
        links: links.iter().cloned().collect(),
        ipv4_address: text(&settings.ipv4_address),
        ipv6_address: text(&settings.ipv6_address),
        mac_address: text(&settings.mac_address),
        driver_opts: settings.driver_opts.to_map(),
        ..ObservedEndpoint::default()
    }
}

fn state(status: Status, exit_code: i64) -> ContainerState {
    ContainerState {
        status,
        health: None,
        exit_code,
        restarts_after_success: false,
        health_output: None,
        failed_check: None,
        restarts: 0,
        is_just_started: false,
        begun: None,
        started: None,
    }
}

fn refuse_if(is_wrong: bool, reason: &str) -> Refused {
    if is_wrong { Err(reason.to_owned()) } else { Ok(()) }
}
