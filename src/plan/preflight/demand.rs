//! What the steps of a plan take of an engine and its machine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::{Neighbour, port};
use crate::plan::action::{ContainerSpec, NetworkSpec};
use crate::plan::observed::Observed;
use crate::plan::{Action, Because, Plan, Step, spec};
use crate::source::{Span, Spanned};
use crate::topology::name::{ContainerName, NetworkName, ServiceName};
use crate::topology::service::{MountKind, Namespace, Port};
use crate::topology::{Service, Topology};
use crate::value::image::ImageReference;
use crate::value::port::{PortRange, Protocol};
use crate::value::subnet::Subnet;

/// What the steps of a plan take of an engine and its machine.
#[derive(Debug)]
pub struct Demands<'a> {
    pub(super) plan: &'a Plan,
    pub(super) topology: &'a Topology,
    pub(super) observed: &'a Observed,
    pub(super) ports: Vec<PortDemand>,
    pub(super) names: Vec<NameDemand>,
    pub(super) subnets: Vec<SubnetDemand>,
    pub(super) sources: Vec<SourceDemand>,
    pub(super) pulls: Vec<PullDemand>,
    pub(super) images: Vec<ImageDemand>,
    /// Whether the engine writes much.
    pub(super) fills_disk: bool,
    /// Containers whose ports the plan makes free.
    pub(super) stopped: BTreeSet<ContainerName>,
    /// Networks whose addresses the plan makes free.
    pub(super) removed_networks: BTreeSet<NetworkName>,
}

/// A host port, or one of a range, for each of these containers.
#[derive(Debug)]
pub(super) struct PortDemand {
    pub(super) service: ServiceName,
    pub(super) port: Port,
    pub(super) range: PortRange,
    pub(super) at: Option<Span>,
    pub(super) containers: BTreeSet<ContainerName>,
}

/// A name for a container.
#[derive(Debug)]
pub(super) struct NameDemand {
    pub(super) name: ContainerName,
    /// Where the topology gives it, or the service whose name it is made of.
    pub(super) at: Option<Span>,
    pub(super) is_fixed: bool,
}

/// A subnet for a network.
#[derive(Debug)]
pub(super) struct SubnetDemand {
    pub(super) network: NetworkName,
    pub(super) subnet: Subnet,
    pub(super) at: Option<Span>,
}

/// A path on the machine that the engine does not create.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SourceDemand {
    pub(super) path: PathBuf,
    pub(super) at: Option<Span>,
}

/// An image of a registry.
#[derive(Debug)]
pub(super) struct PullDemand {
    pub(super) image: ImageReference,
    pub(super) platform: Option<String>,
    pub(super) at: Option<Span>,
}

/// An image that is there, to run on the engine.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ImageDemand {
    pub(super) image: ImageReference,
    /// The platform that it is for.
    pub(super) runs: String,
    /// The platform that is asked for.
    pub(super) asked: Option<String>,
    pub(super) at: Option<Span>,
}

impl<'a> Demands<'a> {
    /// What a plan takes, which was made for a topology and what the engine has of it.
    pub fn of(plan: &'a Plan, topology: &'a Topology, observed: &'a Observed) -> Self {
        let mut demands = Self {
            plan,
            topology,
            observed,
            ports: Vec::new(),
            names: Vec::new(),
            subnets: Vec::new(),
            sources: Vec::new(),
            pulls: Vec::new(),
            images: Vec::new(),
            fills_disk: false,
            stopped: stopped(plan),
            removed_networks: BTreeSet::new(),
        };
        let made_images = made_images(plan);
        for step in plan.steps.iter() {
            demands.add(step, &made_images);
        }
        demands
    }

    /// Whether the plan takes nothing that others could have.
    pub fn is_empty(&self) -> bool {
        let Self { ports, names, subnets, sources, pulls, images, fills_disk, .. } = self;
        let is_empty = ports.is_empty() && names.is_empty() && subnets.is_empty() && sources.is_empty();
        is_empty && pulls.is_empty() && images.is_empty() && !fills_disk
    }

    /// Whether the containers of other projects matter.
    pub fn concern_containers(&self) -> bool {
        !self.ports.is_empty() || !self.names.is_empty()
    }

    /// Whether the routes of the machine matter.
    pub fn concern_routes(&self) -> bool {
        !self.subnets.is_empty()
    }

    /// Whether the machine's disk matters.
    pub fn fill_disk(&self) -> bool {
        self.fills_disk
    }

    /// The host ports that are to be published, and that none of these containers publishes.
    pub fn ports_beside(&self, containers: &[Neighbour]) -> BTreeSet<(Protocol, u16)> {
        let each = |demand: &PortDemand| {
            let protocol = demand.port.protocol;
            demand.range.ports().map(move |number| (protocol, number))
        };
        let ports = self.ports.iter().flat_map(each);
        ports.filter(|(protocol, number)| !port::is_published(containers, *number, *protocol)).collect()
    }

    /// The images that are not there, and are to be pulled.
    pub fn pulls(&self) -> impl Iterator<Item = &ImageReference> {
        self.pulls.iter().map(|demand| &demand.image)
    }

    fn add(&mut self, step: &Step, made_images: &BTreeSet<&ImageReference>) {
        match &step.action {
            Action::CreateContainer(spec) => {
                self.add_container(spec, step, made_images);
                // A client starts it.
                if spec.one_off.is_some() {
                    self.add_ports(&spec.name, &spec.service_name, &spec.service, spec.network_mode.as_ref());
                }
            }
            Action::RunToEnd(spec) => self.add_container(spec, step, made_images),
            Action::StartContainer { container, .. } => self.add_started(container, step),
            Action::CreateNetwork(spec) => self.add_subnets(spec),
            Action::RemoveNetwork { network } => _ = self.removed_networks.insert(network.clone()),
            Action::PullImage { image, platform } => {
                self.fills_disk = true;
                if step.because == Because::Absent {
                    let at = self.place_of_image(image, step.service.as_ref());
                    self.pulls.push(PullDemand { image: image.clone(), platform: platform.clone(), at });
                }
            }
            Action::BuildImage(_) | Action::CreateVolume(_) => self.fills_disk = true,
            _ => {}
        }
    }

    fn add_container(&mut self, spec: &ContainerSpec, step: &Step, made_images: &BTreeSet<&ImageReference>) {
        self.fills_disk = true;
        self.add_name(spec, step);
        self.add_sources(spec);
        if !made_images.contains(&spec.image) {
            self.add_image(spec);
        }
    }

    /// The name that it keeps: the one that it has until its predecessor is gone is made up.
    fn add_name(&mut self, spec: &ContainerSpec, step: &Step) {
        let name = step.group.clone().unwrap_or_else(|| spec.name.clone());
        let keys = ["services", spec.service_name.as_str(), "container_name"];
        let is_fixed = self.topology.node_at(&keys).is_some() || spec.one_off.is_some();
        // The name of a container of `run` is not in the topology.
        let at = spec.one_off.is_none().then(|| self.topology.place_of(&keys));
        self.names.push(NameDemand { name, at, is_fixed });
    }

    fn add_sources(&mut self, spec: &ContainerSpec) {
        for mount in spec.mounts().iter().filter(|mount| mount.kind == MountKind::Bind) {
            let is_made = mount.bind.as_ref().and_then(|bind| bind.create_host_path) != Some(false);
            let Some(source) = mount.source.as_ref().filter(|_| !is_made) else { continue };
            let at = self.place_of_source(source, &spec.service_name);
            let demand = SourceDemand { path: PathBuf::from(&source.value), at };
            if !self.sources.contains(&demand) {
                self.sources.push(demand);
            }
        }
    }

    fn add_image(&mut self, spec: &ContainerSpec) {
        let Some(service) = self.topology.service(spec.service_name.as_str()) else { return };
        let id = self.observed.images.get(&spec.image);
        let Some(runs) = id.and_then(|id| self.observed.platforms.get(id)).filter(|runs| !runs.is_empty())
        else {
            return;
        };
        let at = self.place_of_image(&spec.image, Some(&spec.service_name));
        let asked = spec::platform(self.topology, service);
        let demand = ImageDemand { image: spec.image.clone(), runs: runs.clone(), asked, at };
        if !self.images.contains(&demand) {
            self.images.push(demand);
        }
    }

    /// A container that this plan creates, or one that is there.
    fn add_started(&mut self, container: &ContainerName, step: &Step) {
        let group = step.group.as_ref().unwrap_or(container);
        let plan = self.plan;
        let created = plan.steps.iter().find_map(|other| match &other.action {
            Action::CreateContainer(spec) if other.group.as_ref() == Some(group) => Some(spec),
            _ => None,
        });
        if let Some(spec) = created {
            return self.add_ports(group, &spec.service_name, &spec.service, spec.network_mode.as_ref());
        }
        let topology = self.topology;
        let service = step.service.as_ref().and_then(|name| Some((name, topology.services.get(name)?)));
        if let Some((name, service)) = service {
            let mode = service.network_mode.as_ref().map(|mode| &mode.value);
            self.add_ports(group, name, service, mode);
        }
    }

    fn add_ports(
        &mut self,
        container: &ContainerName,
        name: &ServiceName,
        service: &Service,
        mode: Option<&Namespace>,
    ) {
        // In the network of the host, or of another container, the engine publishes nothing.
        let is_published = match mode {
            None | Some(Namespace::Named(_)) => true,
            Some(
                Namespace::Host
                | Namespace::None
                | Namespace::Private
                | Namespace::Shareable
                | Namespace::Service(_)
                | Namespace::Container(_),
            ) => false,
        };
        for port in service.ports.0.iter().filter(|_| is_published) {
            let Some(range) = port.published.filter(|range| range.first != 0) else { continue };
            let known = self.ports.iter_mut();
            let mut known = known.filter(|known| known.service == *name && known.port == port.value);
            if let Some(known) = known.next() {
                known.containers.insert(container.clone());
                continue;
            }
            let at = self.place_of_port(port, name);
            let containers = BTreeSet::from([container.clone()]);
            self.ports.push(PortDemand {
                service: name.clone(),
                port: port.value.clone(),
                range,
                at,
                containers,
            });
        }
    }

    fn add_subnets(&mut self, spec: &NetworkSpec) {
        let ipam = &spec.network.ipam;
        let is_of_machine = spec.network.driver.as_deref() != Some("overlay")
            && matches!(ipam.driver.as_deref(), None | Some("" | "default"));
        let topology = self.topology;
        let key =
            topology.networks.iter().find(|(key, network)| spec::network_name(key, network) == spec.name);
        let pools = ipam.config.iter().filter_map(|pool| pool.subnet.as_ref()).filter(|_| is_of_machine);
        for text in pools {
            let Ok(subnet) = Subnet::parse(text) else { continue };
            let written = key.and_then(|(_, network)| {
                let mut pools = network.ipam.config.iter();
                pools.find_map(|pool| pool.subnet.as_ref().filter(|written| *written == text))
            });
            let at = written.map(|written| written.span).or(key.map(|(_, network)| network.key));
            self.subnets.push(SubnetDemand { network: spec.name.clone(), subnet, at });
        }
    }

    /// The place of a port; what was read from a stored plan is found in the topology by its value.
    fn place_of_port(&self, port: &Spanned<Port>, name: &ServiceName) -> Option<Span> {
        let written = self.topology.services.get(name).map(|service| service.ports.0.iter());
        let written = written.into_iter().flatten().find(|written| written.value == port.value);
        self.place(written.map_or(port.span, |written| written.span), name)
    }

    fn place_of_source(&self, source: &Spanned<String>, name: &ServiceName) -> Option<Span> {
        let written = self.topology.services.get(name).map(|service| service.volumes.0.iter());
        let mut written = written.into_iter().flatten().filter_map(|mount| mount.source.as_ref());
        let written = written.find(|written| **written == *source);
        self.place(written.map_or(source.span, |written| written.span), name)
    }

    fn place_of_image(&self, image: &ImageReference, service: Option<&ServiceName>) -> Option<Span> {
        let topology = self.topology;
        let written = service.into_iter().chain(topology.services.keys()).find_map(|name| {
            let written = topology.service(name.as_str())?.image.as_ref()?;
            (written.value == *image).then_some(written.span)
        });
        written.or_else(|| service.map(|name| topology.place_of(&["services", name.as_str()])))
    }

    /// A place, or else that of the service.
    fn place(&self, at: Span, service: &ServiceName) -> Option<Span> {
        known(at).or_else(|| Some(self.topology.place_of(&["services", service.as_str()])))
    }
}

fn known(at: Span) -> Option<Span> {
    (at != Span::NOWHERE).then_some(at)
}

/// Containers that a plan stops, at least for a while, by the names that they have before it.
fn stopped(plan: &Plan) -> BTreeSet<ContainerName> {
    let renames = plan.steps.iter().filter_map(|step| match &step.action {
        Action::RenameContainer { from, to } => Some((to, from)),
        _ => None,
    });
    let former: BTreeMap<&ContainerName, &ContainerName> = renames.collect();
    let stopped = plan.steps.iter().filter_map(|step| match &step.action {
        Action::StopContainer { container, .. }
        | Action::KillContainer { container, .. }
        | Action::RemoveContainer { container, .. } => Some(container),
        _ => None,
    });
    stopped.flat_map(|container| [container, former.get(container).unwrap_or(&container)]).cloned().collect()
}

/// Images that a plan pulls or builds.
fn made_images(plan: &Plan) -> BTreeSet<&ImageReference> {
    plan.steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::PullImage { image, .. } => Some(image),
            Action::BuildImage(spec) => Some(&spec.image),
            _ => None,
        })
        .collect()
}
