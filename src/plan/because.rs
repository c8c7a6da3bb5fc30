//! Why a step is in the plan, as data.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use crate::source::Span;
use crate::topology::name::{ImageId, NetworkName, ServiceName};
pub use crate::topology::secrecy::HIDDEN;
use crate::topology::service::NamespaceKind;
use crate::topology::{Separator, Service};
use crate::value::image::ImageReference;

/// The reason for a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// There is no such object in the engine.
    Absent,
    /// The container exists but does not run.
    NotRunning,
    /// The container is frozen.
    Paused,
    /// The container, network or volume does not match the topology.
    Changed(Vec<FieldChange>),
    /// The container was created from another image than the reference names now.
    ImageChanged {
        /// The image that the container was created from.
        from: ImageId,
    },
    /// The reference of an image that is mounted in the container names another image now.
    MountedImageChanged {
        /// The reference.
        image: ImageReference,
        /// The image that is mounted.
        from: ImageId,
    },
    /// The container is not attached to a network that its service has, or to a former one of that name.
    NetworkLost(NetworkName),
    /// It has the fixed address of another service by chance, which needs it now.
    AddressNeeded {
        /// The address.
        address: IpAddr,
        /// The service.
        service: ServiceName,
    },
    /// A network that the container is attached to is replaced.
    NetworkReplaced(NetworkName),
    /// Another program, or a release of topo whose label cannot be read, made it from other settings than
    /// the topology has.
    MadeBy {
        /// Its name and version, by the labels: `Docker Compose 2.40.3`.
        program: String,
        /// Those that differ, as far as the engine tells: perhaps not all of them.
        changes: Vec<FieldChange>,
    },
    /// DOCKER_DEFAULT_PLATFORM asks for another platform than that of the image that runs.
    OtherPlatform {
        /// What the variable asks for.
        asked: String,
        /// What the image is made for.
        runs: String,
    },
    /// A service whose network, IPC or PID namespace or volumes this one shares was recreated.
    DependencyRecreated(ServiceName),
    /// A service whose container the engine links this one to was recreated.
    LinkRecreated(ServiceName),
    /// A service that this one is to be restarted with is replaced or restarted.
    RestartedWith(ServiceName),
    /// It runs with a namespace of a container that was started again since.
    NamespaceStale {
        /// The service whose container it was.
        owner: ServiceName,
        /// Which namespace.
        namespace: NamespaceKind,
    },
    /// The user wants new anonymous volumes, and it has some.
    VolumesRenewed,
    /// Its predecessor gives way to it, or it to its successor.
    Replaced,
    /// The user asked for it.
    Asked,
    /// A service waits for this one.
    NeededBy(ServiceName),
    /// More containers exist than the topology wants.
    TooMany,
    /// The topology has no such service any more.
    Orphan,
    /// The project is taken down.
    Down,
    /// The container has another name than it should have: somebody renamed it.
    Misnamed,
    /// The container has its name by another convention: what stood between the parts of names was this.
    OtherConvention(Separator),
    /// An interrupted run left it half done.
    Interrupted,
}

/// One attribute that differs. When it is stored, what is shown only on request is hidden, and places are left
/// out: they belong to the text that was read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(into = "StoredChange", from = "StoredChange")]
pub struct FieldChange {
    /// The attribute.
    pub path: FieldPath,
    /// What was applied; absent when it was not there. What is not shown of it is [`HIDDEN`] or [`UNKNOWN`].
    pub from: Option<Json>,
    /// What the topology says; absent when it is gone. What is not shown of it is [`HIDDEN`].
    pub to: Option<Json>,
    /// Whether something of a value is hidden, which [`Values::Shown`] shows.
    pub is_hidden: bool,
    /// Whether something of a value is here only because of [`Values::Shown`].
    pub is_revealed: bool,
    /// Where the topology, or a file that it names, says so; where it said so before, when it says nothing.
    pub span: Option<Span>,
}

/// The keys that lead to a value of a service, a network or a volume. People read them with dots in between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldPath(Vec<String>);

impl FieldPath {
    /// These keys, the outermost first.
    pub fn of(keys: &[impl AsRef<str>]) -> Self {
        Self(keys.iter().map(|key| key.as_ref().to_owned()).collect())
    }

    /// The keys, the outermost first. One may have dots in it.
    pub fn keys(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join("."))
    }
}

/// A change as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredChange {
    path: FieldPath,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    from: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    to: Option<Json>,
    is_hidden: bool,
}

/// A value that is there; `null` is one too.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

impl From<FieldChange> for StoredChange {
    fn from(change: FieldChange) -> Self {
        let FieldChange { path, from, to, is_hidden, is_revealed, span: _ } = change;
        let [from, to] = match is_revealed {
            true => [from, to].map(|value| value.map(|_| Json::from(HIDDEN))),
            false => [from, to],
        };
        Self { path, from, to, is_hidden: is_hidden || is_revealed }
    }
}

impl From<StoredChange> for FieldChange {
    fn from(StoredChange { path, from, to, is_hidden }: StoredChange) -> Self {
        Self { path, from, to, is_hidden, is_revealed: false, span: None }
    }
}

/// Two are equal when the same is stored of them.
impl PartialEq for FieldChange {
    fn eq(&self, other: &Self) -> bool {
        let stored = |change: &Self| {
            let StoredChange { path, from, to, is_hidden } = change.clone().into();
            (path, from, to, is_hidden)
        };
        stored(self) == stored(other)
    }
}

/// Which values a plan shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Values {
    /// Those that are literally in the topology and do not look like secrets.
    #[default]
    Literal,
    /// All that are known, but what is in secrets and configs.
    Shown,
}

/// What stands in a plan in place of a value that nobody knows any more.
pub const UNKNOWN: &str = "(unknown)";

impl Because {
    /// The attributes that differ, as far as they are known.
    pub fn changes(&self) -> &[FieldChange] {
        match self {
            Because::Changed(changes) | Because::MadeBy { program: _, changes } => changes,
            _ => &[],
        }
    }
}

impl FieldChange {
    /// The network that a container joins or leaves, when the change is no more than that.
    pub fn network(&self) -> Option<&str> {
        let [Service::networks, network] = self.path.keys()[..] else { return None };
        matches!((&self.from, &self.to), (None, Some(Json::Null)) | (Some(Json::Null), None))
            .then_some(network)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_shown_on_request_alone_is_not_stored() {
        let change = |from, to| FieldChange {
            path: FieldPath::of(&["environment", "TOKEN"]),
            from,
            to,
            is_hidden: false,
            is_revealed: true,
            span: None,
        };
        let stored = serde_json::to_value(change(Some(json!("geheim")), None)).unwrap();
        assert_eq!(stored, json!({ "path": ["environment", "TOKEN"], "from": HIDDEN, "is_hidden": true }));
        // A network that is joined with no settings has the value `null`, and is there.
        let joined = FieldChange { is_revealed: false, ..change(None, Some(Json::Null)) };
        let read: FieldChange = serde_json::from_value(serde_json::to_value(&joined).unwrap()).unwrap();
        assert_eq!((read.from, read.to), (None, Some(Json::Null)));
    }
}
