//! The actions of steps. Each variant has exactly the data that it needs, and addresses objects by
//! name.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::plan::resources::Resources;
use crate::plan::sealed::Sealed;
use crate::plan::{compose_hash, spec};
use crate::topology::name::{ContainerName, NetworkName, ServiceName, VolumeKey, VolumeName};
use crate::topology::service::{BuildContext, Hook, Namespace};
use crate::topology::value::Pairs;
use crate::topology::{Build, Mount, Network, Service, ServiceNetwork, Volume};
use crate::value::image::ImageReference;

/// A request or a wait that brings the engine closer to the topology.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Pulls an image from its registry.
    PullImage {
        /// The reference to pull.
        image: ImageReference,
        /// `os/arch[/variant]`, the engine's own when absent.
        platform: Option<String>,
    },
    /// Pushes an image to its registry.
    PushImage {
        /// The reference to push.
        image: ImageReference,
    },
    /// Removes a tag of an image, and the image with its last tag.
    RemoveImage {
        /// The reference.
        image: ImageReference,
    },
    /// Builds an image and tags it.
    BuildImage(Box<ImageSpec>),
    /// Creates a network.
    CreateNetwork(Box<NetworkSpec>),
    /// Removes a network.
    RemoveNetwork {
        /// Its name in the engine.
        network: NetworkName,
    },
    /// Creates a volume.
    CreateVolume(Box<VolumeSpec>),
    /// Removes a volume with its data.
    RemoveVolume {
        /// Its name in the engine.
        volume: VolumeName,
    },
    /// Connects a container, running or not, to a network.
    ConnectNetwork {
        /// The container.
        container: ContainerName,
        /// The network, and the container's endpoint in it.
        attachment: Box<Attachment>,
    },
    /// Disconnects a container, running or not, from a network; without effect if it is not
    /// connected.
    DisconnectNetwork {
        /// The container.
        container: ContainerName,
        /// The network's name in the engine.
        network: NetworkName,
    },
    /// Creates a container without starting it.
    CreateContainer(Box<ContainerSpec>),
    /// Creates a container, runs it to completion and removes it. An exit code other than 0 is a
    /// failure, after which the container is kept.
    RunToEnd(Box<ContainerSpec>),
    /// Changes limits and the restart policy of a container, running or not.
    UpdateContainer {
        /// The container.
        container: ContainerName,
        /// What is changed; what is absent stays as it is.
        change: Box<Resources>,
    },
    /// Renames a container.
    RenameContainer {
        /// Its current name.
        from: ContainerName,
        /// Its new name.
        to: ContainerName,
    },
    /// Starts a container; without effect if it is running.
    StartContainer {
        /// The container.
        container: ContainerName,
        /// Hooks to run in it once it is running, one after the other.
        post_start: Vec<Sealed<Hook>>,
    },
    /// Waits until a container satisfies a condition, by the engine's events.
    Wait {
        /// The container.
        container: ContainerName,
        /// The condition.
        until: Condition,
    },
    /// Stops a container; without effect if it is not running.
    StopContainer {
        /// The container.
        container: ContainerName,
        /// The time until it is killed; the container's own setting when absent.
        grace: Option<Duration>,
        /// Hooks to run in it before, one after the other.
        pre_stop: Vec<Sealed<Hook>>,
        /// What happens after a failed hook.
        after_failed_hook: AfterFailedHook,
    },
    /// Sends a signal to a container's process; without effect if it is not running.
    KillContainer {
        /// The container.
        container: ContainerName,
        /// The signal, in the engine's notation: `SIGKILL`, `HUP`, `9`.
        signal: String,
    },
    /// Pauses a container; without effect if it is paused.
    PauseContainer {
        /// The container.
        container: ContainerName,
    },
    /// Resumes a paused container; without effect if it is not paused.
    UnpauseContainer {
        /// The container.
        container: ContainerName,
    },
    /// Removes a container; if it does not exist, that is not an error.
    RemoveContainer {
        /// The container.
        container: ContainerName,
        /// Whether its anonymous volumes are removed as well.
        anonymous_volumes: AnonymousVolumes,
    },
}

/// What happens after a `pre_stop` hook has failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterFailedHook {
    /// The step fails, and the container keeps running.
    #[default]
    GiveUp,
    /// The container is stopped anyway, with a warning.
    GoOn,
}

/// What happens to the anonymous volumes of a removed container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnonymousVolumes {
    /// They are kept: a successor mounts them, or they may contain data.
    Keep,
    /// They are removed with the container.
    Remove,
}

/// The condition of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// Its health check passes. An unhealthy or exited container fails the wait.
    Healthy,
    /// It exited with code 0. Any other exit code fails the wait.
    Completed,
    /// It is running and, if it has a health check, healthy; or it exited with code 0 and is not to
    /// be restarted. This is the condition of `up --wait` for every service.
    Ready,
}

impl Condition {
    /// The condition in one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Completed => "completed",
            Self::Ready => "ready",
        }
    }
}

/// An image to build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageSpec {
    /// The service that it is built for.
    pub service: ServiceName,
    /// The tag that the service's containers are created from.
    pub image: ImageReference,
    /// The build section, with absolute paths. `additional_contexts` that refer to services are
    /// replaced by their images: `docker-image://NAME`.
    pub build: Sealed<Build>,
    /// The contents of the secrets for the build, by id.
    pub secrets: BTreeMap<String, FileContent>,
    /// `os/arch[/variant]` when the service names one.
    pub platform: Option<String>,
    /// The buildx instance that builds it; the engine's own builder when absent.
    pub builder: Option<String>,
}

/// A network to create.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkSpec {
    /// Its name in the engine.
    pub name: NetworkName,
    /// The network in the topology.
    pub network: Sealed<Network>,
    /// The labels added by topo, besides those of the topology.
    pub labels: BTreeMap<String, String>,
}

/// A volume to create.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VolumeSpec {
    /// Its name in the engine.
    pub name: VolumeName,
    /// The volume in the topology.
    pub volume: Sealed<Volume>,
    /// The labels added by topo, besides those of the topology.
    pub labels: BTreeMap<String, String>,
}

/// A container to create.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContainerSpec {
    /// Its name in the engine.
    pub name: ContainerName,
    /// The service's key in the topology.
    pub service_name: ServiceName,
    /// The parts of the service that no other field contains. Where it shares something with
    /// another service (`ipc`, `pid`, `uts`, `volumes_from`), it refers to that service's
    /// container.
    pub service: Sealed<Service>,
    /// The image that it is created from.
    pub image: ImageReference,
    /// Networks by their names in the engine, in the order of connection. Empty with a network
    /// mode.
    pub networks: Vec<Attachment>,
    /// `host`, `none`, `container:NAME`...; absent when `networks` is enough.
    pub network_mode: Option<Namespace>,
    /// The names in the engine of the volumes that it mounts, by their keys in the topology.
    pub volumes: BTreeMap<VolumeKey, VolumeName>,
    /// Secrets and configs.
    pub files: Vec<FileSpec>,
    /// The labels added by topo, besides those of the topology.
    pub labels: BTreeMap<String, String>,
    /// What the fingerprint label is computed from once ids are known; absent when it does not
    /// depend on ids.
    pub references: Option<References>,
    /// Links to other containers: `NAME:alias`.
    pub links: Vec<String>,
    /// The container that this one replaces: its anonymous volumes are inherited, by mount target.
    pub predecessor: Option<ContainerName>,
    /// Set for a container of `run`.
    pub one_off: Option<OneOff>,
}

/// The services that a container shares something with, for Docker Compose's fingerprint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct References {
    /// The service as written: it refers to services, not to containers.
    pub service: Sealed<Service>,
    /// The container of each of those services.
    pub containers: BTreeMap<ServiceName, ContainerName>,
}

impl References {
    /// The fingerprint of the container; `ids` has the ids of the containers it refers to.
    pub fn fingerprint(&self, ids: &BTreeMap<&ContainerName, String>) -> String {
        let id = |service: &ServiceName| ids.get(self.containers.get(service)?).cloned();
        compose_hash::container(&self.service, id)
    }
}

/// How a container of `run` differs from a service's container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneOff {
    /// Whether a client will attach to its input, which is closed when the client disconnects.
    pub has_input: bool,
    /// Whether the engine removes it when it exits.
    pub is_removed_at_its_end: bool,
    /// Lines and columns of the terminal that will show it.
    pub terminal_size: Option<(u16, u16)>,
    /// The index of the `pre_start` hook, if it runs one.
    pub pre_start: Option<usize>,
}

/// A secret or a config that a container gets as a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileSpec {
    /// Where it appears: an absolute path.
    pub target: String,
    /// Its content.
    pub content: FileContent,
    /// Its owner.
    pub uid: Option<u32>,
    /// Its group.
    pub gid: Option<u32>,
    /// Its permissions.
    pub mode: Option<u32>,
}

/// Where the content of a secret or a config is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileContent {
    /// In a file on this machine.
    File(PathBuf),
    /// In memory.
    Text(Sealed<String>),
}

/// A container's endpoint in a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// The network's name in the engine.
    pub network: NetworkName,
    /// Every alias, including the service's name.
    pub aliases: Vec<String>,
    /// Links to other containers: `NAME:alias`.
    pub links: Vec<String>,
    /// The service's settings for this network.
    pub settings: Sealed<ServiceNetwork>,
}

impl Action {
    /// The container of the action, by its name before the action.
    pub fn container(&self) -> Option<&ContainerName> {
        match self {
            Action::CreateContainer(spec) | Action::RunToEnd(spec) => Some(&spec.name),
            Action::RenameContainer { from, .. } => Some(from),
            Action::ConnectNetwork { container, .. }
            | Action::DisconnectNetwork { container, .. }
            | Action::UpdateContainer { container, .. }
            | Action::StartContainer { container, .. }
            | Action::Wait { container, .. }
            | Action::StopContainer { container, .. }
            | Action::KillContainer { container, .. }
            | Action::PauseContainer { container }
            | Action::UnpauseContainer { container }
            | Action::RemoveContainer { container, .. } => Some(container),
            Action::PullImage { .. }
            | Action::PushImage { .. }
            | Action::RemoveImage { .. }
            | Action::BuildImage(_)
            | Action::CreateNetwork(_)
            | Action::RemoveNetwork { .. }
            | Action::CreateVolume(_)
            | Action::RemoveVolume { .. } => None,
        }
    }
}

impl ContainerSpec {
    /// Its mounts, with the names of volumes in the engine.
    pub fn mounts(&self) -> Vec<Mount> {
        self.service.volumes.0.iter().map(|mount| spec::with_engine_name(&self.volumes, mount)).collect()
    }

    /// All labels, including those of the topology.
    pub fn all_labels(&self) -> BTreeMap<String, String> {
        with_own(&self.service.labels, &self.labels)
    }
}

impl NetworkSpec {
    /// All labels, including those of the topology.
    pub fn all_labels(&self) -> BTreeMap<String, String> {
        with_own(&self.network.labels, &self.labels)
    }
}

impl VolumeSpec {
    /// All labels, including those of the topology.
    pub fn all_labels(&self) -> BTreeMap<String, String> {
        with_own(&self.volume.labels, &self.labels)
    }
}

fn with_own(labels: &Pairs, own: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut all = labels.to_map();
    all.extend(own.clone());
    all
}

impl ImageSpec {
    /// The directory that is sent to the engine, if the context is one.
    pub fn context_folder(&self) -> Option<PathBuf> {
        let context = self.build.context.as_ref()?;
        BuildContext::parse(&context.value).local().map(PathBuf::from)
    }
}
