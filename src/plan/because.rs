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
    /// The object does not exist in the engine.
    Absent,
    /// The container exists but is not running.
    NotRunning,
    /// The container is paused.
    Paused,
    /// The container, network or volume does not match the topology.
    Changed(Vec<FieldChange>),
    /// The container was created from another image than its reference means now.
    ImageChanged {
        /// The image that the container was created from.
        from: ImageId,
    },
    /// The reference of an image that is mounted in the container means another image now.
    MountedImageChanged {
        /// The reference.
        image: ImageReference,
        /// The mounted image.
        from: ImageId,
    },
    /// The container is not connected to a network of its service, or only to a former one of that
    /// name.
    NetworkLost(NetworkName),
    /// It has the fixed address of another service by chance, which needs it now.
    AddressNeeded {
        /// The address.
        address: IpAddr,
        /// The service.
        service: ServiceName,
    },
    /// The container is attached to a network that its service does not have: somebody connected it.
    NetworkExtra(NetworkName),
    /// The engine refused to update the container in place.
    UpdateRefused,
    /// A network that the container is attached to is replaced.
    NetworkReplaced(NetworkName),
    /// Another program, or a release of topo whose label cannot be read, created it with settings
    /// that differ from the topology.
    MadeBy {
        /// The program and its version, according to the labels: `Docker Compose 2.40.3`.
        program: String,
        /// The differences that the engine shows, perhaps not all.
        changes: Vec<FieldChange>,
    },
    /// DOCKER_DEFAULT_PLATFORM requests another platform than that of the container's image.
    OtherPlatform {
        /// The requested platform.
        asked: String,
        /// The platform of the image.
        runs: String,
    },
    /// A service whose network, IPC or PID namespace or volumes this one shares was recreated.
    DependencyRecreated(ServiceName),
    /// A service that the engine links this container to was recreated.
    LinkRecreated(ServiceName),
    /// A service that this one must be restarted with is replaced or restarted.
    RestartedWith(ServiceName),
    /// It uses a namespace of a container that was restarted since.
    NamespaceStale {
        /// The service of that container.
        owner: ServiceName,
        /// The namespace.
        namespace: NamespaceKind,
    },
    /// The user requested new anonymous volumes, and it has some.
    VolumesRenewed,
    /// It is replaced by its successor, or is the successor.
    Replaced,
    /// The user requested it.
    Asked,
    /// A service waits for this one.
    NeededBy(ServiceName),
    /// There are more containers than the topology declares.
    TooMany,
    /// The topology no longer has such a service.
    Orphan,
    /// The project is taken down.
    Down,
    /// The container was renamed by somebody.
    Misnamed,
    /// The container is named by another convention, with this separator.
    OtherConvention(Separator),
    /// An interrupted run left it incomplete.
    Interrupted,
}

/// A difference in one attribute. When stored, values that are shown only on request are hidden,
/// and places are left out: they belong to the text that was read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(into = "StoredChange", from = "StoredChange")]
pub struct FieldChange {
    /// The attribute.
    pub path: FieldPath,
    /// The applied value; `None` if it was absent. Hidden parts are [`HIDDEN`] or [`UNKNOWN`].
    pub from: Option<Json>,
    /// The value in the topology; `None` if it is absent. Hidden parts are [`HIDDEN`].
    pub to: Option<Json>,
    /// Whether a part is hidden that [`Values::Shown`] shows.
    pub is_hidden: bool,
    /// Whether a part is shown only because of [`Values::Shown`].
    pub is_revealed: bool,
    /// Where the value was written, or what the former one was below.
    pub span: Option<Span>,
}

/// The keys of a value of a service, a network or a volume. Displayed with dots between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldPath(Vec<String>);

impl FieldPath {
    /// These keys, the outermost first.
    pub fn of(keys: &[impl AsRef<str>]) -> Self {
        Self(keys.iter().map(|key| key.as_ref().to_owned()).collect())
    }

    /// The keys, the outermost first, which may contain dots.
    pub fn keys(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join("."))
    }
}

/// The stored form of a change.
#[derive(Serialize, Deserialize)]
struct StoredChange {
    path: FieldPath,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    from: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    to: Option<Json>,
    is_hidden: bool,
}

/// A value that is present; `null` is one too.
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

/// Equal when their stored forms are.
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
    /// Those that are literal text of the topology and do not look like secrets.
    #[default]
    Literal,
    /// All known values, except for contents of secrets and configs.
    Shown,
}

/// Replaces an unknown value in a plan.
pub const UNKNOWN: &str = "(unknown)";

impl Because {
    /// The known differences in attributes.
    pub fn changes(&self) -> &[FieldChange] {
        match self {
            Because::Changed(changes) | Because::MadeBy { program: _, changes } => changes,
            _ => &[],
        }
    }
}

impl FieldChange {
    /// The network to connect or disconnect, if the change is no more than that.
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
    fn values_shown_only_on_request_are_not_stored() {
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
        // A network without settings has the value `null`, and is present.
        let joined = FieldChange { is_revealed: false, ..change(None, Some(Json::Null)) };
        let read: FieldChange = serde_json::from_value(serde_json::to_value(&joined).unwrap()).unwrap();
        assert_eq!((read.from, read.to), (None, Some(Json::Null)));
    }
}
