//! What engines say of what they have, as lists and tables show it.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use futures_util::Stream;
use serde::Deserialize;

use super::EngineError;
use crate::plan::observed::ObservedContainer;
use crate::topology::name::{ImageId, ProjectName, ServiceName, VolumeName};
use crate::value::image::ImageReference;

/// Lists what an engine has.
pub trait Inventory {
    /// The containers of one service, those of `run` included.
    fn containers_of(
        &self,
        project: &ProjectName,
        service: &ServiceName,
    ) -> impl Future<Output = Result<Vec<ObservedContainer>, EngineError>>;

    /// Whether an image has a name; one that is gone counts as if it had.
    fn has_names(&self, image: &ImageId) -> impl Future<Output = Result<bool, EngineError>>;

    /// The projects of this engine, by name.
    fn projects(
        &self,
        containers: Containers,
    ) -> impl Future<Output = Result<Vec<ListedProject>, EngineError>>;

    /// What the engine has of these images; one that is gone is left out.
    fn images(
        &self,
        ids: &BTreeSet<ImageId>,
    ) -> impl Future<Output = Result<BTreeMap<ImageId, ImageDetails>, EngineError>>;

    /// The volumes of a project, by name.
    fn volumes(&self, project: &ProjectName)
    -> impl Future<Output = Result<Vec<VolumeDetails>, EngineError>>;
}

/// Tells what images are.
pub trait Images {
    /// The reference with the digest that its registry has for it now, as `name:tag@sha256:...`. One
    /// with a digest is only spelled out.
    fn pinned_image(&self, image: &ImageReference) -> impl Future<Output = Result<String, EngineError>>;

    /// The variables that an image sets, as `NAME=value`; nothing when the engine does not have it.
    fn image_variables(
        &self,
        image: &ImageReference,
    ) -> impl Future<Output = Result<Option<Vec<String>>, EngineError>>;
}

/// Tells what containers use.
pub trait Statistics {
    /// What runs in a container.
    fn processes(&self, container: &str) -> impl Future<Output = Result<Processes, EngineError>>;

    /// What a container uses.
    fn usage(
        &self,
        container: &str,
        looks: Looks,
    ) -> impl Future<
        Output = Result<impl Stream<Item = Result<Usage, EngineError>> + Unpin + use<Self>, EngineError>,
    >;
}

/// Tells what happened, in the engine's own words.
pub trait History {
    /// What happens to a project's containers.
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

/// A project of this engine, whoever made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedProject {
    /// Its name.
    pub name: String,
    /// How many containers are in which state, in the engine's words.
    pub states: BTreeMap<String, usize>,
    /// The files that it was read from.
    pub files: BTreeSet<String>,
}

/// An image as a list shows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ImageDetails {
    /// Its size in bytes.
    #[serde(default)]
    pub size: u64,
    /// The operating system that it is for.
    #[serde(default)]
    pub os: String,
    /// The processor that it is for.
    #[serde(default)]
    pub architecture: String,
    /// The kind of that processor; mostly empty.
    #[serde(default)]
    pub variant: String,
    /// When it was made: RFC 3339, or nothing.
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

/// A volume as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeDetails {
    /// Its name.
    pub name: VolumeName,
    /// The driver that keeps it.
    pub driver: String,
    /// Where it is on the engine's machine.
    pub mountpoint: String,
    /// `local` or `global`.
    pub scope: String,
    /// All labels.
    pub labels: BTreeMap<String, String>,
    /// The services whose containers mount it.
    pub used_by: BTreeSet<ServiceName>,
}

/// Which containers make a project.
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

    /// When it was given its name last, or made: RFC 3339. An engine that does not know says nothing, or
    /// the year 1.
    pub fn tagged(&self) -> &str {
        let tagged = &self.metadata.last_tag_time;
        if tagged.is_empty() || tagged.starts_with("0001-") { &self.created } else { tagged }
    }
}

/// What runs in a container, as the `ps` of the engine's machine shows it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Processes {
    /// The columns' titles.
    pub titles: Vec<String>,
    /// A row for each process, with a value for each title.
    pub processes: Vec<Vec<String>>,
}

/// What a container uses of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// How much processor time it took since the last look: 1 is one processor all the time.
    pub processors: f64,
    /// Memory in bytes, without what the system could drop at once.
    pub memory: u64,
    /// How much memory it may use, in bytes; the machine's when nothing limits it.
    pub memory_limit: u64,
    /// Bytes that came by networks.
    pub received: u64,
    /// Bytes that were sent by networks.
    pub sent: u64,
    /// Bytes that were read from disks.
    pub read: u64,
    /// Bytes that were written to disks.
    pub written: u64,
    /// Processes and threads.
    pub processes: u64,
}

/// How often a container's use is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looks {
    /// Once, after about a second: the processor's share needs two looks.
    One,
    /// Each second, until the container ends.
    Many,
}

/// Something that happened to a container, in the engine's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerEvent {
    /// What happened: `start`, `die`, `exec_start: sh`.
    pub action: String,
    /// The container's id.
    pub id: String,
    /// What the engine says of it: `name`, `image`, `exitCode`, and the container's labels.
    pub attributes: BTreeMap<String, String>,
    /// When, in nanoseconds since 1970.
    pub at: i64,
}

/// Which part of what happens is wanted, in seconds since 1970 as the engine takes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Not what is older; only what is to come when absent.
    pub since: Option<String>,
    /// Not what is later; without an end when absent.
    pub until: Option<String>,
}
