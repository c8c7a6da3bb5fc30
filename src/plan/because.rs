//! Why a step is in the plan, as data.

use serde_json::Value as Json;

use crate::source::Span;
use crate::topology::name::{ImageId, NetworkName, ServiceName};
use crate::topology::service::Namespace;

/// The reason for a step.
#[derive(Clone, Debug, PartialEq)]
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
    /// The container is not attached to a network that its service has, or to a former one of that name.
    NetworkLost(NetworkName),
    /// A network that the container is attached to is replaced.
    NetworkReplaced(NetworkName),
    /// The container was made by another program, from other settings than the topology has: which ones is
    /// not known.
    NotOurs,
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
        namespace: Namespace,
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
    /// An interrupted run left it half done.
    Interrupted,
}

/// One attribute that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// The attribute, dotted: `environment.DEBUG`.
    pub path: String,
    /// What was applied; absent when it was not there. A value that looks like a secret is [`HIDDEN`].
    pub from: Option<Json>,
    /// What the topology says; absent when it is gone. A value that looks like a secret is [`HIDDEN`].
    pub to: Option<Json>,
    /// Where the topology says so, when it says anything.
    pub span: Option<Span>,
}

/// What stands in a plan in place of a value that looks like a secret.
pub const HIDDEN: &str = "(hidden)";
