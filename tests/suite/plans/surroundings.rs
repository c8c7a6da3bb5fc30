//! What an engine and its machine have besides the project of a case.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use serde::Deserialize;
use topo::diagnostic::Diagnostics;
use topo::plan::observed::{PublishedPort, TakenSubnet};
use topo::plan::preflight::{
    Demands, Disk, Listener, Machine, Neighbour, Process, RegistryAnswer, Route, check,
};
use topo::plan::{Observed, Plan, preflight};
use topo::topology::Topology;
use topo::value::image::ImageReference;
use topo::value::port::Protocol;
use topo::value::subnet::Subnet;

use super::world::World;

/// What the engine and its machine have, under `surroundings` of `state.yaml`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Surroundings {
    containers: Vec<Container>,
    /// The subnets of networks.
    subnets: BTreeMap<String, String>,
    registries: BTreeMap<String, Answer>,
    platform: Option<String>,
    machine: Option<MachineState>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Container {
    name: String,
    project: Option<String>,
    /// `0.0.0.0:8080/tcp`
    #[serde(default)]
    ports: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    /// Images for these platforms.
    Index(BTreeSet<String>),
    /// One image.
    Single(String),
    /// In these words.
    Lacks(String),
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct MachineState {
    /// `127.0.0.1:8080/tcp`, and the program that listens there, if it is known.
    listeners: BTreeMap<String, Option<String>>,
    /// The interfaces of subnets.
    routes: BTreeMap<String, String>,
    /// How many MiB are free, of how many.
    disk: Option<(u64, u64)>,
    emulates: Option<bool>,
}

impl Surroundings {
    /// What stands in the way of a plan besides what was found when it was made.
    pub(crate) fn check(
        &self,
        plan: &Plan,
        topology: &Topology,
        world: &World,
        observed: &Observed,
    ) -> Diagnostics {
        let mut observed = observed.clone();
        observed.subnets.extend(self.subnets.iter().map(|(network, subnet)| TakenSubnet {
            network: network.as_str().into(),
            subnet: parsed(subnet),
        }));
        let mut found = Diagnostics::default();
        check(&Demands::of(plan, topology, &observed), &self.around(topology, world), &mut found);
        found
    }

    fn around(&self, topology: &Topology, world: &World) -> preflight::Surroundings {
        let Self { containers, subnets: _, registries, platform, machine } = self;
        let others = containers.iter().map(|Container { name, project, ports }| Neighbour {
            name: name.as_str().into(),
            project: project.as_ref().map(|project| project.as_str().into()),
            ports: ports.iter().map(|port| published(port)).collect(),
        });
        preflight::Surroundings {
            containers: neighbours(world, topology).into_iter().chain(others).collect(),
            registries: registries
                .iter()
                .map(|(image, answer)| (ImageReference::from(image.as_str()), answer.answer()))
                .collect(),
            platform: platform.clone(),
            machine: machine.as_ref().map(MachineState::machine),
        }
    }
}

/// The containers of the project, as a list of all shows them.
pub(crate) fn neighbours(world: &World, topology: &Topology) -> Vec<Neighbour> {
    let own = world.containers.iter().map(|container| Neighbour {
        name: container.seen.name.clone(),
        project: Some(topology.name.clone()),
        ports: container.seen.ports.clone(),
    });
    own.collect()
}

impl Answer {
    fn answer(&self) -> RegistryAnswer {
        match self {
            Self::Index(platforms) => RegistryAnswer::Has { platforms: platforms.clone(), is_index: true },
            Self::Single(platform) => {
                RegistryAnswer::Has { platforms: [platform.clone()].into(), is_index: false }
            }
            Self::Lacks(reason) => RegistryAnswer::Lacks { reason: reason.clone(), help: None },
        }
    }
}

impl MachineState {
    fn machine(&self) -> Machine {
        let Self { listeners, routes, disk, emulates } = self;
        Machine {
            listeners: listeners
                .iter()
                .map(|(address, program)| {
                    let (address, protocol) = socket(address);
                    let process = program.clone().map(|name| Process { id: 812, name });
                    Listener { address, protocol, process }
                })
                .collect(),
            routes: routes
                .iter()
                .map(|(subnet, interface)| Route { subnet: parsed(subnet), interface: interface.clone() })
                .collect(),
            disk: disk.map(|(free, total)| Disk {
                path: "/var/lib/docker".into(),
                free: free << 20,
                total: total << 20,
            }),
            emulates: *emulates,
        }
    }
}

fn published(text: &str) -> PublishedPort {
    let (host, protocol) = socket(text);
    PublishedPort { host: Some(host), target: 80, protocol }
}

fn socket(text: &str) -> (SocketAddr, Protocol) {
    let (address, protocol) = text.rsplit_once('/').expect("an address and a protocol");
    (address.parse().expect("an address"), Protocol::parse(protocol).expect("a protocol"))
}

fn parsed(subnet: &str) -> Subnet {
    Subnet::parse(subnet).expect("a subnet")
}
