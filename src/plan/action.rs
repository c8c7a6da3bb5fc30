//! What a step does. Each variant carries just the data that it needs, and addresses by name.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::plan::sealed::Sealed;
use crate::plan::{compose_hash, spec};
use crate::topology::name::{ContainerName, NetworkName, ServiceName, VolumeKey, VolumeName};
use crate::topology::service::{BuildContext, Hook, Namespace};
use crate::topology::value::Pairs;
use crate::topology::{Build, Mount, Network, Service, ServiceNetwork, Volume};
use crate::value::image::ImageReference;

/// One call, or one wait, that brings the engine nearer to the topology.
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
    /// Sends an image to its registry.
    PushImage {
        /// The reference to push.
        image: ImageReference,
    },
    /// Removes a tag of an image, and the image when it was the last one.
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
    /// Removes a volume and what is in it.
    RemoveVolume {
        /// Its name in the engine.
        volume: VolumeName,
    },
    /// Attaches a container to a network, running or not.
    ConnectNetwork {
        /// The container.
        container: ContainerName,
        /// The network, and the container's place in it.
        attachment: Box<Attachment>,
    },
    /// Detaches a container from a network, running or not; one that is not attached is left as it is.
    DisconnectNetwork {
        /// The container.
        container: ContainerName,
        /// The network's name in the engine.
        network: NetworkName,
    },
    /// Creates a container without starting it.
    CreateContainer(Box<ContainerSpec>),
    /// Creates a container, runs it to its end and removes it. Another exit code than 0 is a failure,
    /// after which it stays.
    RunToEnd(Box<ContainerSpec>),
    /// Gives a container another name.
    RenameContainer {
        /// Its name now.
        from: ContainerName,
        /// Its name afterwards.
        to: ContainerName,
    },
    /// Starts a container; one that runs already is left as it is.
    StartContainer {
        /// The container.
        container: ContainerName,
        /// Commands that are run in it as soon as it runs, one after the other.
        post_start: Vec<Sealed<Hook>>,
    },
    /// Waits until a container is in a condition, by the engine's events.
    Wait {
        /// The container.
        container: ContainerName,
        /// What is waited for.
        until: Condition,
    },
    /// Stops a container; one that does not run is left as it is.
    StopContainer {
        /// The container.
        container: ContainerName,
        /// How long it may take before it is killed; the container's own setting when absent.
        grace: Option<Duration>,
        /// Commands that are run in it before, one after the other.
        pre_stop: Vec<Sealed<Hook>>,
        /// What comes after one of them that failed.
        after_failed_hook: AfterFailedHook,
    },
    /// Sends a signal to a container's process; one that does not run is left as it is.
    KillContainer {
        /// The container.
        container: ContainerName,
        /// The signal, as the engine takes it: `SIGKILL`, `HUP`, `9`.
        signal: String,
    },
    /// Freezes a container; one that is frozen already is left as it is.
    PauseContainer {
        /// The container.
        container: ContainerName,
    },
    /// Lets a frozen container go on; one that is not frozen is left as it is.
    UnpauseContainer {
        /// The container.
        container: ContainerName,
    },
    /// Removes a container; one that is gone already is no failure.
    RemoveContainer {
        /// The container.
        container: ContainerName,
        /// Whether its anonymous volumes go with it.
        anonymous_volumes: AnonymousVolumes,
    },
}

/// What comes after a command of `pre_stop` that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterFailedHook {
    /// The container runs on, and the step has failed.
    #[default]
    GiveUp,
    /// The container is stopped all the same, with a warning.
    GoOn,
}

/// What becomes of the anonymous volumes of a container that is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnonymousVolumes {
    /// They stay: a successor mounts them, or they may hold data.
    Keep,
    /// They go with the container.
    Remove,
}

/// What a wait waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// Its health check passes. An unhealthy or ended container fails the wait.
    Healthy,
    /// It ended with exit code 0. Another exit code fails the wait.
    Completed,
    /// It runs and, when it has a health check, is healthy; or it ended with exit code 0 and is not to
    /// be restarted. This is what `up --wait` wants of every service.
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
    /// The build section, with its paths resolved. Its `additional_contexts` name no services any
    /// more, but their images: `docker-image://NAME`.
    pub build: Sealed<Build>,
    /// What is in the secrets that the build may read, by their ids.
    pub secrets: BTreeMap<String, FileContent>,
    /// `os/arch[/variant]` when the service names one.
    pub platform: Option<String>,
    /// The instance of buildx that builds it; the engine's own builder when absent.
    pub builder: Option<String>,
}

/// A network to create.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkSpec {
    /// Its name in the engine.
    pub name: NetworkName,
    /// The network as the topology has it.
    pub network: Sealed<Network>,
    /// The labels that say what it belongs to; those of the topology stand beside them.
    pub labels: BTreeMap<String, String>,
}

/// A volume to create.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VolumeSpec {
    /// Its name in the engine.
    pub name: VolumeName,
    /// The volume as the topology has it.
    pub volume: Sealed<Volume>,
    /// The labels that say what it belongs to; those of the topology stand beside them.
    pub labels: BTreeMap<String, String>,
}

/// A container to create.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContainerSpec {
    /// Its name in the engine.
    pub name: ContainerName,
    /// The service's key in the topology.
    pub service_name: ServiceName,
    /// What the topology says of the container and no other field does. Where it shares something with another
    /// service (`ipc`, `pid`, `uts`, `volumes_from`), it names that service's container.
    pub service: Sealed<Service>,
    /// The image that it is created from.
    pub image: ImageReference,
    /// Networks by their names in the engine, the first one first. Empty with a network mode.
    pub networks: Vec<Attachment>,
    /// `host`, `none`, `container:NAME`...; absent when `networks` says it all.
    pub network_mode: Option<Namespace>,
    /// The names in the engine of the volumes that it mounts, by their keys in the topology.
    pub volumes: BTreeMap<VolumeKey, VolumeName>,
    /// Secrets and configs.
    pub files: Vec<FileSpec>,
    /// The labels that say what it belongs to; those of the topology stand beside them.
    pub labels: BTreeMap<String, String>,
    /// What the label of the fingerprint is made from once ids are known; absent when it stays as it is.
    pub references: Option<References>,
    /// Links to other containers: `NAME:alias`.
    pub links: Vec<String>,
    /// The container that this one replaces: its anonymous volumes are taken over, by mount target.
    pub predecessor: Option<ContainerName>,
    /// Set for a container of `run`.
    pub one_off: Option<OneOff>,
}

/// What a container shares with other services, by which Docker Compose knows whether it changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct References {
    /// The service as it is written: it names services, and not their containers.
    pub service: Sealed<Service>,
    /// The container that stands for each of those services.
    pub containers: BTreeMap<ServiceName, ContainerName>,
}

impl References {
    /// The fingerprint of the container; `ids` has the id of each container that stands for a service.
    pub fn fingerprint(&self, ids: &BTreeMap<&ContainerName, String>) -> String {
        let id = |service: &ServiceName| ids.get(self.containers.get(service)?).cloned();
        compose_hash::container(&self.service, id)
    }
}

/// How a container of `run` differs from a service's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneOff {
    /// Whether somebody will attach to its input; the input ends when they go.
    pub has_input: bool,
    /// Whether the engine removes it when it ends.
    pub is_removed_at_its_end: bool,
    /// Lines and columns of the terminal that it will be seen in.
    pub terminal_size: Option<(u16, u16)>,
    /// Which hook of `pre_start` it is, counted from 0.
    pub pre_start: Option<usize>,
}

/// A secret or a config that a container gets as a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileSpec {
    /// Where it appears: an absolute path.
    pub target: String,
    /// What is in it.
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
    /// In a file of this machine.
    File(PathBuf),
    /// Here.
    Text(Sealed<String>),
}

/// A container's place in one network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// The network's name in the engine.
    pub network: NetworkName,
    /// Every alias, the service's name included.
    pub aliases: Vec<String>,
    /// Links to other containers: `NAME:alias`.
    pub links: Vec<String>,
    /// What the service says of this network.
    pub settings: Sealed<ServiceNetwork>,
}

impl Action {
    /// The container that the action is about, by its name before the action.
    pub fn container(&self) -> Option<&ContainerName> {
        match self {
            Action::CreateContainer(spec) | Action::RunToEnd(spec) => Some(&spec.name),
            Action::RenameContainer { from, .. } => Some(from),
            Action::ConnectNetwork { container, .. }
            | Action::DisconnectNetwork { container, .. }
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
    /// Its mounts, with the engine's names of volumes.
    pub fn mounts(&self) -> Vec<Mount> {
        self.service.volumes.0.iter().map(|mount| spec::with_engine_name(&self.volumes, mount)).collect()
    }

    /// All labels, those of the topology included.
    pub fn all_labels(&self) -> BTreeMap<String, String> {
        with_own(&self.service.labels, &self.labels)
    }
}

impl NetworkSpec {
    /// All labels, those of the topology included.
    pub fn all_labels(&self) -> BTreeMap<String, String> {
        with_own(&self.network.labels, &self.labels)
    }
}

impl VolumeSpec {
    /// All labels, those of the topology included.
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
    /// The folder that is sent to the engine, when the context is one.
    pub fn context_folder(&self) -> Option<PathBuf> {
        let context = self.build.context.as_ref()?;
        BuildContext::parse(&context.value).local().map(PathBuf::from)
    }
}
