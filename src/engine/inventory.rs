//! The content of engines, for lists and tables.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use futures_util::Stream;
use serde::Deserialize;

use super::EngineError;
use crate::plan::observed::ObservedContainer;
use crate::plan::preflight::{Neighbour, RegistryAnswer};
use crate::topology::name::{ImageId, ProjectName, ServiceName, VolumeName};
use crate::value::image::ImageReference;

/// Lists the objects of an engine.
pub trait Inventory {
    /// The containers of one service, those of `run` included.
    fn containers_of(
        &self,
        project: &ProjectName,
        service: &ServiceName,
    ) -> impl Future<Output = Result<Vec<ObservedContainer>, EngineError>>;

    /// The containers of the engine, of all projects, in one call.
    fn neighbours(&self) -> impl Future<Output = Result<Vec<Neighbour>, EngineError>>;

    /// Whether an image has a tag; true if it no longer exists.
    fn has_names(&self, image: &ImageId) -> impl Future<Output = Result<bool, EngineError>>;

    /// The projects of this engine, sorted by name.
    fn projects(
        &self,
        containers: Containers,
    ) -> impl Future<Output = Result<Vec<ListedProject>, EngineError>>;

    /// The details of these images; missing ones are left out.
    fn images(
        &self,
        ids: &BTreeSet<ImageId>,
    ) -> impl Future<Output = Result<BTreeMap<ImageId, ImageDetails>, EngineError>>;

    /// The volumes of a project, sorted by name.
    fn volumes(&self, project: &ProjectName)
    -> impl Future<Output = Result<Vec<VolumeDetails>, EngineError>>;
}

/// Looks up images.
pub trait Images {
    /// The reference with the digest that its registry currently has for it: `name:tag@sha256:...`.
    /// One with a digest only gets its full name.
    fn pinned_image(&self, image: &ImageReference) -> impl Future<Output = Result<String, EngineError>>;

    /// Whether the registry of an image would let it be pulled, and for which platforms; `None` if that is not
    /// certain.
    fn ask_registry(&self, image: &ImageReference) -> impl Future<Output = Option<RegistryAnswer>>;

    /// The variables that an image sets, as `NAME=value`; `None` if the engine does not have it.
    fn image_variables(
        &self,
        image: &ImageReference,
    ) -> impl Future<Output = Result<Option<Vec<String>>, EngineError>>;
}

/// Reports resource usage of containers.
pub trait Statistics {
    /// The processes of a container.
    fn processes(&self, container: &str) -> impl Future<Output = Result<Processes, EngineError>>;

    /// The resource usage of a container.
    fn usage(
        &self,
        container: &str,
        samples: Samples,
    ) -> impl Future<
        Output = Result<impl Stream<Item = Result<Usage, EngineError>> + Unpin + use<Self>, EngineError>,
    >;
}

/// Reports events in the engine's format.
pub trait History {
    /// The events of a project's containers.
    fn incidents(
        &self,
        project: &ProjectName,
        choice: &EventFilter,
    ) -> impl Future<
        Output = Result<
            impl Stream<Item = Result<ContainerEvent, EngineError>> + Unpin + use<Self>,
            EngineError,
        >,
    >;
}

/// A project of this engine, whatever created it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedProject {
    /// Its name.
    pub name: String,
    /// The number of containers by state, in the engine's words.
    pub states: BTreeMap<String, usize>,
    /// Its topology files.
    pub files: BTreeSet<String>,
}

/// An image in a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ImageDetails {
    /// Its size in bytes.
    #[serde(default)]
    pub size: u64,
    /// Its operating system.
    #[serde(default)]
    pub os: String,
    /// Its architecture.
    #[serde(default)]
    pub architecture: String,
    /// The variant of the architecture; mostly empty.
    #[serde(default)]
    pub variant: String,
    /// When it was created: RFC 3339, or empty.
    #[serde(default)]
    pub created: String,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Metadata {
    last_tag_time: String,
}

/// A volume in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeDetails {
    /// Its name.
    pub name: VolumeName,
    /// Its driver.
    pub driver: String,
    /// Its path on the engine's machine.
    pub mountpoint: String,
    /// `local` or `global`.
    pub scope: String,
    /// All labels.
    pub labels: BTreeMap<String, String>,
    /// The services whose containers mount it.
    pub used_by: BTreeSet<ServiceName>,
}

/// Which containers count for a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Containers {
    /// Those that run.
    Running,
    /// All.
    All,
}

impl ImageDetails {
    /// `linux/arm64/v8`.
    pub fn platform(&self) -> String {
        let parts = [&self.os, &self.architecture, &self.variant].map(String::as_str);
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
    }

    /// When it was last tagged, or created: RFC 3339. Empty or the year 1 if the engine does not
    /// know.
    pub fn tagged(&self) -> &str {
        let tagged = &self.metadata.last_tag_time;
        if tagged.is_empty() || tagged.starts_with("0001-") { &self.created } else { tagged }
    }
}

/// The processes of a container, in the format of the host's `ps`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Processes {
    /// The column titles.
    pub titles: Vec<String>,
    /// A row for each process, with a value for each title.
    pub processes: Vec<Vec<String>>,
}

/// The resource usage of a container.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// CPU usage since the last sample: 1 is one CPU fully used.
    pub processors: f64,
    /// Memory in bytes, without reclaimable cache.
    pub memory: u64,
    /// The memory limit, in bytes; that of the machine without a limit.
    pub memory_limit: u64,
    /// Bytes received from networks.
    pub received: u64,
    /// Bytes sent to networks.
    pub sent: u64,
    /// Bytes read from disks.
    pub read: u64,
    /// Bytes written to disks.
    pub written: u64,
    /// Processes and threads.
    pub processes: u64,
}

/// How many samples of a container's usage to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Samples {
    /// One, after about a second: CPU usage needs two measurements.
    One,
    /// One per second, until the container ends.
    Many,
}

/// An event of a container, in the engine's format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerEvent {
    /// The action: `start`, `die`, `exec_start: sh`.
    pub action: String,
    /// The container's id.
    pub id: String,
    /// The attributes: `name`, `image`, `exitCode`, and the container's labels.
    pub attributes: BTreeMap<String, String>,
    /// The time, in nanoseconds since 1970.
    pub at: i64,
}

/// Which period of events to report, in seconds since 1970 as the engine expects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// The start; only future events when absent.
    pub since: Option<String>,
    /// The end; unlimited when absent.
    pub until: Option<String>,
}
