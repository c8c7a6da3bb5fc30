//! What the engine has, as far as planning needs it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde_json::Value as Json;

use crate::plan::Condition;
use crate::topology::name::{ContainerName, ImageId, NetworkName, ProjectName, ServiceName, VolumeName};
use crate::value::image::ImageReference;
use crate::value::port::Protocol;

/// What the engine is to look for.
#[derive(Clone, Debug)]
pub struct Query {
    /// The project whose containers, networks and volumes are read.
    pub project: ProjectName,
    /// Images whose ids are wanted.
    pub images: BTreeSet<ImageReference>,
    /// Networks that are wanted whosever they are.
    pub networks: BTreeSet<NetworkName>,
    /// Volumes that are wanted whosever they are.
    pub volumes: BTreeSet<VolumeName>,
    /// The fingerprints that containers of services have, in the eyes of Docker Compose, when they are as
    /// they are wanted. Of those that are not, it is read what they were created with.
    pub fingerprints: BTreeMap<ServiceName, String>,
    /// Whether it is wanted how many processors the engine's machine has.
    pub processors: bool,
}

impl Query {
    /// A project's own containers, networks and volumes, and nothing else.
    pub fn of_project(project: ProjectName) -> Self {
        Self {
            project,
            images: BTreeSet::new(),
            networks: BTreeSet::new(),
            volumes: BTreeSet::new(),
            fingerprints: BTreeMap::new(),
            processors: false,
        }
    }
}

/// Everything that the engine has of one project, and the images that it may need.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Containers of the project, one-off ones included.
    pub containers: Vec<ObservedContainer>,
    /// Networks of the project, and those outside it that were asked for.
    pub networks: Vec<ObservedNetwork>,
    /// Volumes of the project, and those outside it that were asked for.
    pub volumes: Vec<ObservedVolume>,
    /// The images that were asked for and are there.
    pub images: BTreeMap<ImageReference, ImageId>,
    /// The platforms of the images that were asked for: `linux/arm64/v8`.
    pub platforms: BTreeMap<ImageId, String>,
    /// How long ago images got their names, by a pull or a build, where the engine knows it.
    pub image_ages: BTreeMap<ImageReference, Duration>,
    /// The API that is spoken with it, when that is known.
    pub api: Option<ApiVersion>,
    /// How many processors its machine has, where that was asked for and it said so soon.
    pub processors: Option<usize>,
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
    /// The engine's id, in full.
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
    /// The image reference as it was given when it was created.
    pub image_name: String,
    /// Its state.
    pub state: ContainerState,
    /// All labels.
    pub labels: BTreeMap<String, String>,
    /// The networks that it is attached to, with the engine's ids of them; an id is empty before the
    /// container is first started. One of a network that was removed meanwhile stays here.
    pub networks: BTreeMap<NetworkName, String>,
    /// Its addresses in these networks, where it has some.
    pub addresses: BTreeMap<NetworkName, ObservedAddresses>,
    /// Its ports, published or not, by their numbers.
    pub ports: Vec<PublishedPort>,
    /// What is mounted in it.
    pub mounts: Vec<ObservedMount>,
    /// The command line that it was created with, as the engine prints it.
    pub command: String,
    /// Seconds since 1970 at which it was created.
    pub created: i64,
    /// The engine's words for its state: `Up 3 minutes (healthy)`.
    pub status_text: String,
    /// The ids of the containers whose namespaces it shares, as far as the engine was asked for them: that of
    /// its network is known in any case.
    pub namespace_owners: BTreeSet<String>,
    /// What it was created with, where the engine was asked for it.
    pub settings: Option<Settings>,
}

/// What a container was created with, as far as its labels do not tell it: these values may be secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Environment variables, those of the image among them.
    pub environment: BTreeMap<String, String>,
    /// The command, without the entry point.
    pub command: Vec<String>,
    /// The entry point.
    pub entrypoint: Vec<String>,
    /// The host ports by those of the container: `80/tcp`.
    pub ports: BTreeMap<String, String>,
    /// Further attributes as the model has them, by their keys. What nobody asked for is absent or says nothing.
    pub attributes: BTreeMap<String, Json>,
}

/// A port of a container, as the engine reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedPort {
    /// Where it is reached on the host; absent when it is not published there.
    pub host: Option<SocketAddr>,
    /// Its number in the container.
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
    /// Whether it is a volume of the driver that comes with the engine.
    pub is_local_volume: bool,
}

impl ObservedMount {
    /// Whether it is a volume under a name that the engine made up: 64 hexadecimal digits.
    pub fn is_anonymous_volume(&self) -> bool {
        self.name.len() == 64 && self.name.bytes().all(|byte| byte.is_ascii_hexdigit())
    }
}

/// A container's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerState {
    /// Created, running, exited...
    pub status: Status,
    /// What its health check says; absent without one.
    pub health: Option<Health>,
    /// The last exit code; meaningful when it does not run.
    pub exit_code: i64,
    /// Whether the engine is to start it again when it ends on its own with exit code 0.
    pub restarts_after_success: bool,
    /// What the last run of the health check printed.
    pub health_output: Option<String>,
    /// The command of a health check that failed, how often and how, in words.
    pub failed_check: Option<String>,
    /// How often the engine started it again since somebody started it.
    pub restarts: u32,
    /// Whether it was started a moment ago, so that it may be about to end again.
    pub is_just_started: bool,
    /// No later than the first words of its last run: in seconds since 1970 with a fraction, by the engine's
    /// clock; not known of one that was never started, or that the engine started again since.
    pub begun: Option<String>,
    /// When its last run began, by the engine's clock: in nanoseconds since 1970. Known of those that were
    /// asked for: what shares a namespace with another container, and what others share one with.
    pub started: Option<i128>,
}

/// Where in its life a container is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Never started.
    Created,
    /// Running.
    Running,
    /// Frozen.
    Paused,
    /// Between two runs, by its restart policy.
    Restarting,
    /// Being removed.
    Removing,
    /// Ended.
    Exited,
    /// Beyond repair: removal failed.
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
    /// Not known yet.
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
    /// The running containers that are attached to it, whosever they are. Known only of the networks of
    /// the project.
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

/// Containers of services, without those of `run`. Projects may have many: nobody looks through all of
/// them for each service.
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

    /// A container attached to a network that is not the project's.
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
    /// True while its process is there, frozen or between two runs.
    pub fn is_running(&self) -> bool {
        self.status.is_running()
    }

    /// Whether nothing is to be waited for any more.
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

/// The time that the engine gives a container to stop when nothing else is said.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(10);
