//! In: a container that replaces another. Out: the anonymous volumes that it inherits. Must not:
//! change anything.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::inspect::{self, Inspected, InspectedMount};
use super::super::transport::{Call, Transport, escape};
use crate::engine::EngineError;
use crate::plan::action::ContainerSpec;
use crate::topology::service::MountKind;

/// The label of a mount with an inherited volume that belongs only to this container: it is removed
/// with the container's anonymous volumes, although it is mounted by name.
pub(super) const LABEL: &str = "topo.taken-over";

/// Volumes by mount path.
pub(super) type InheritedVolumes = BTreeMap<String, InheritedVolume>;

/// A volume of a predecessor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InheritedVolume {
    /// Its name.
    pub name: String,
    /// Whether it was definitely created for the predecessor only. Otherwise somebody may use it by
    /// name: it is inherited as well, but kept when the container is removed.
    pub is_own: bool,
}

impl InheritedVolume {
    /// The labels of its mount.
    pub(super) fn labels(&self) -> Option<(String, String)> {
        self.is_own.then(|| (LABEL.to_owned(), "true".to_owned()))
    }
}

/// Finds the predecessor's anonymous volumes that the new container still has a mount for: an
/// anonymous volume of the service, or a volume declared by the image.
pub(super) async fn volumes(
    transport: &Transport,
    spec: &ContainerSpec,
) -> Result<InheritedVolumes, EngineError> {
    let Some(predecessor) = &spec.predecessor else { return Ok(InheritedVolumes::new()) };
    let predecessor = async {
        match inspect::inspect(transport, predecessor.as_str()).await {
            Ok(inspected) => Ok(candidates(&inspected)),
            Err(EngineError::Refused { status: 404, .. }) => Ok(InheritedVolumes::new()),
            Err(error) => Err(error),
        }
    };
    let (mut volumes, declared) =
        try_join(predecessor, declared_volumes(transport, spec.image.as_str())).await?;
    let mounts = &spec.service.volumes.0;
    let has_a_place = |target: &str| match mounts.iter().find(|mount| mount.target.value == target) {
        Some(mount) => mount.kind == MountKind::Volume && mount.source.is_none(),
        None => declared.contains(target),
    };
    volumes.retain(|target, _| has_a_place(target));
    Ok(volumes)
}

fn candidates(inspected: &Inspected) -> InheritedVolumes {
    let volume = |mount: &InspectedMount| InheritedVolume {
        name: mount.name.clone(),
        is_own: inspected.owns(mount, LABEL),
    };
    inspected.unnamed_volumes().map(|mount| (mount.destination.clone(), volume(mount))).collect()
}

/// The paths that an image declares as volumes.
async fn declared_volumes(transport: &Transport, image: &str) -> Result<BTreeSet<String>, EngineError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Image {
        config: Option<Config>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Config {
        volumes: Option<BTreeMap<String, IgnoredAny>>,
    }
    let call = Call::get(format!("/images/{}/json", escape(image, "/:@")));
    let found: Option<Image> = transport.json_if_found(call).await?;
    let volumes = found.and_then(|image| image.config?.volumes).unwrap_or_default();
    Ok(volumes.into_keys().collect())
}
