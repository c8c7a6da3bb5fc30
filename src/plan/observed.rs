//! The state of the engine, as far as planning needs it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde_json::Value as Json;

use crate::plan::Condition;
use crate::plan::resources::Resources;
use crate::topology::name::{ContainerName, ImageId, NetworkName, ProjectName, ServiceName, VolumeName};
use crate::value::image::ImageReference;
use crate::value::port::Protocol;
use crate::value::subnet::Subnet;

/// What to look for in the engine.
#[derive(Clone, Debug)]
pub struct Query {
    /// The project whose containers, networks and volumes are read.
    pub project: ProjectName,
    /// Images whose ids are wanted.
    pub images: BTreeSet<ImageReference>,
    /// Networks that are needed, of any project.
    pub networks: BTreeSet<NetworkName>,
    /// Volumes that are needed, of any project.
    pub volumes: BTreeSet<VolumeName>,
    /// Whether the settings of containers are needed: what they were created with, and what was changed since.
    pub settings: bool,
    /// Whether the number of the machine's processors is needed.
    pub processors: bool,
}

impl Query {
    /// Only the containers, networks and volumes of a project.
    pub fn of_project(project: ProjectName) -> Self {
        Self {
            project,
            images: BTreeSet::new(),
            networks: BTreeSet::new(),
            volumes: BTreeSet::new(),
            settings: false,
            processors: false,
        }
    }
}

/// Everything that the engine has of a project, and the images that it may need.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Containers of the project, including one-off ones.
    pub containers: Vec<ObservedContainer>,
    /// Networks of the project, and those outside it that were requested.
    pub networks: Vec<ObservedNetwork>,
    /// Volumes of the project, and those outside it that were requested.
    pub volumes: Vec<ObservedVolume>,
    /// The requested images that exist.
    pub images: BTreeMap<ImageReference, ImageId>,
    /// The platforms of the requested images: `linux/arm64/v8`.
    pub platforms: BTreeMap<ImageId, String>,
    /// How long ago images were tagged, by a pull or a build, if the engine knows.
    pub image_ages: BTreeMap<ImageReference, Duration>,
    /// The negotiated API version, if known.
    pub api: Option<ApiVersion>,
    /// The number of the machine's processors, if requested and quickly answered.
    pub processors: Option<usize>,
    /// The subnets that no other network of the engine can have, of networks of any project.
    pub subnets: Vec<TakenSubnet>,
}

/// A subnet of a network of the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenSubnet {
    /// The network's name.
    pub network: NetworkName,
    /// The subnet.
    pub subnet: Subnet,
}

/// A version `1.minor` of the Docker Engine API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiVersion {
    /// The part after the dot; the part before it has always been 1.
    pub minor: u32,
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "1.{}", self.minor)
    }
}

/// A container.
#[derive(Clone, Debug)]
pub struct ObservedContainer {
    /// The engine's full id.
    pub id: String,
    /// Its name, without the leading slash.
    pub name: ContainerName,
    /// The service that it belongs to, by its label.
    pub service: ServiceName,
    /// The replica number, from 1, by its label.
    pub number: u32,
    /// True for a container of `run`.
    pub is_one_off: bool,
    /// The image that it was created from.
    pub image: ImageId,
    /// The image reference that it was created with.
    pub image_name: String,
    /// Its state.
    pub state: ContainerState,
    /// All labels.
    pub labels: BTreeMap<String, String>,
    /// The networks that it is connected to, with their ids; an id is empty before the first start.
    /// A network that was removed meanwhile is still listed.
    pub networks: BTreeMap<NetworkName, String>,
    /// Its addresses in these networks, where it has some.
    pub addresses: BTreeMap<NetworkName, ObservedAddresses>,
    /// Its ports, published or not, by their numbers.
    pub ports: Vec<PublishedPort>,
    /// Its mounts.
    pub mounts: Vec<ObservedMount>,
    /// The command line that it was created with, as printed by the engine.
    pub command: String,
    /// When it was created, in seconds since 1970.
    pub created: i64,
    /// The engine's text for its state: `Up 3 minutes (healthy)`.
    pub status_text: String,
    /// The ids of the containers whose namespaces it shares, as far as they were requested; that of
    /// its network is always known.
    pub namespace_owners: BTreeSet<String>,
    /// Its settings, if requested.
    pub settings: Option<Settings>,
}

/// The settings of a container, as far as its labels do not contain them: these values may be secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Environment variables, including those of the image.
    pub environment: BTreeMap<String, String>,
    /// The command, without the entry point.
    pub command: Vec<String>,
    /// The entry point.
    pub entrypoint: Vec<String>,
    /// The host ports by container port: `80/tcp`.
    pub ports: BTreeMap<String, String>,
    /// Further attributes in the form of the model, by key. Those that were not requested are
    /// absent or empty.
    pub attributes: BTreeMap<String, Json>,
    /// Its limits and its restart policy, as they are now.
    pub resources: Resources,
    /// Its place in each of its networks, as it is now.
    pub endpoints: BTreeMap<NetworkName, ObservedEndpoint>,
}

/// A container's place in a network. What the engine chose by itself is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedEndpoint {
    /// Every name of the container in the network but those that it has by itself.
    pub aliases: BTreeSet<String>,
    /// Links to other containers: `NAME:alias`.
    pub links: BTreeSet<String>,
    /// The address that was asked for.
    pub ipv4_address: Option<String>,
    /// The address that was asked for.
    pub ipv6_address: Option<String>,
    /// Further addresses that were asked for.
    pub link_local_ips: BTreeSet<String>,
    /// The hardware address, whoever chose it.
    pub mac_address: Option<String>,
    /// Options of the network's driver.
    pub driver_opts: BTreeMap<String, String>,
    /// Which of the networks gives the default route.
    pub gw_priority: i64,
}

/// A port of a container, as the engine reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedPort {
    /// Its address on the host; `None` if it is not published.
    pub host: Option<SocketAddr>,
    /// The port in the container.
    pub target: u16,
    /// Its protocol.
    pub protocol: Protocol,
}

/// The addresses of a container in one network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedAddresses {
    /// Those that it has at the moment: none when it does not run.
    pub held: Vec<IpAddr>,
    /// Those that it was attached with, and that it is to have whenever it runs.
    pub fixed: Vec<IpAddr>,
}

/// What is mounted in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedMount {
    /// The name of a volume, else the path on the host.
    pub name: String,
    /// Whether it is a volume of the engine's own driver.
    pub is_local_volume: bool,
}

impl ObservedMount {
    /// Whether it is a volume with a generated name: 64 hexadecimal digits.
    pub fn is_anonymous_volume(&self) -> bool {
        self.name.len() == 64 && self.name.bytes().all(|byte| byte.is_ascii_hexdigit())
    }
}

/// A container's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerState {
    /// Created, running, exited...
    pub status: Status,
    /// Its health; `None` without a health check.
    pub health: Option<Health>,
    /// The last exit code; meaningless while it is running.
    pub exit_code: i64,
    /// Whether the engine restarts it after an exit with code 0.
    pub restarts_after_success: bool,
    /// The output of the last run of the health check.
    pub health_output: Option<String>,
    /// A text about the failed health check: its command, how often it failed and how.
    pub failed_check: Option<String>,
    /// How often the engine has restarted it since somebody started it.
    pub restarts: u32,
    /// Whether it was started a moment ago, so that it may be about to exit again.
    pub is_just_started: bool,
    /// Not later than the first output of its last run, in seconds since 1970 with a fraction, by
    /// the engine's clock; unknown if it was never started, or restarted by the engine since.
    pub begun: Option<String>,
    /// When its last run began, by the engine's clock, in nanoseconds since 1970. Known if
    /// requested: for containers that share a namespace, and those that own one.
    pub started: Option<i128>,
}

/// The phase of a container's life cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Never started.
    Created,
    /// Running.
    Running,
    /// Frozen.
    Paused,
    /// Between two runs, because of its restart policy.
    Restarting,
    /// Being removed.
    Removing,
    /// Exited.
    Exited,
    /// Its removal failed.
    Dead,
}

impl Status {
    /// True while there is a process, frozen or between two runs.
    pub fn is_running(self) -> bool {
        matches!(self, Status::Running | Status::Paused | Status::Restarting)
    }
}

/// What a health check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Health {
    /// Not yet known.
    Starting,
    /// It passes.
    Healthy,
    /// It failed too often.
    Unhealthy,
}

/// A network.
#[derive(Clone, Debug)]
pub struct ObservedNetwork {
    /// Its name.
    pub name: NetworkName,
    /// The engine's id.
    pub id: String,
    /// All labels.
    pub labels: BTreeMap<String, String>,
    /// The running containers connected to it, of any project. Known only for networks of the
    /// project.
    pub attached: Vec<ContainerName>,
    /// Which of them has which address.
    pub held: BTreeMap<IpAddr, ContainerName>,
}

/// A volume.
#[derive(Clone, Debug)]
pub struct ObservedVolume {
    /// Its name.
    pub name: VolumeName,
    /// All labels.
    pub labels: BTreeMap<String, String>,
}

/// Containers by service, without those of `run`. Indexed because projects may have many.
#[derive(Clone, Debug, Default)]
pub struct ByService<'a>(BTreeMap<&'a ServiceName, Vec<&'a ObservedContainer>>);

impl<'a> ByService<'a> {
    /// The containers of a service, in the order in which they were observed.
    pub fn of<'s>(
        &'s self,
        service: &ServiceName,
    ) -> impl Iterator<Item = &'a ObservedContainer> + use<'a, 's> {
        self.0.get(service).into_iter().flatten().copied()
    }
}

impl Observed {
    /// The containers that run, those of `run` too.
    pub fn running(&self) -> impl Iterator<Item = &ContainerName> {
        let running = self.containers.iter().filter(|container| container.state.is_running());
        running.map(|container| &container.name)
    }

    /// The containers by their services.
    pub fn by_service(&self) -> ByService<'_> {
        let mut by_service = ByService::default();
        for container in self.containers.iter().filter(|container| !container.is_one_off) {
            by_service.0.entry(&container.service).or_default().push(container);
        }
        by_service
    }

    /// A container of another project that is connected to a network.
    pub fn foreign_container<'a>(&'a self, network: &'a ObservedNetwork) -> Option<&'a ContainerName> {
        let mut foreign_containers: BTreeSet<&ContainerName> = network.attached.iter().collect();
        if foreign_containers.is_empty() {
            return None;
        }
        for own in &self.containers {
            foreign_containers.remove(&own.name);
        }
        network.attached.iter().find(|name| foreign_containers.contains(name))
    }
}

impl ContainerState {
    /// Whether its process exists, possibly paused or about to be restarted.
    pub fn is_running(&self) -> bool {
        self.status.is_running()
    }

    /// Whether the condition is satisfied.
    pub fn is_in(&self, condition: Condition) -> bool {
        let is_completed = self.status == Status::Exited && self.exit_code == 0;
        let is_healthy = self.status == Status::Running && self.health == Some(Health::Healthy);
        match condition {
            Condition::Healthy => is_healthy,
            Condition::Completed => is_completed,
            Condition::Ready => {
                let runs_unchecked =
                    self.status == Status::Running && self.health.is_none() && !self.is_just_started;
                is_healthy || runs_unchecked || (is_completed && !self.restarts_after_success)
            }
        }
    }
}

/// The engine's default time for a container to stop.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(10);
