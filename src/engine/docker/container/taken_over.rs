//! In: a container that replaces another. Out: the anonymous volumes that it takes over.
//! Must not: change anything.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::inspect::{self, InspectedMount};
use super::super::transport::{Call, Transport, escape};
use crate::engine::EngineError;
use crate::plan::action::ContainerSpec;
use crate::topology::service::MountKind;

/// Names of volumes by the path that they were mounted at.
pub(super) type TakenOver = BTreeMap<String, String>;

/// Finds the predecessor's anonymous volumes that the new container still has a place for: where the
/// service mounts an anonymous volume, or where the image declares one.
pub(super) async fn volumes(transport: &Transport, spec: &ContainerSpec) -> Result<TakenOver, EngineError> {
    let Some(predecessor) = &spec.predecessor else { return Ok(TakenOver::new()) };
    let predecessor = async {
        match inspect::inspect(transport, predecessor.as_str()).await {
            Ok(inspected) => Ok(inspected.anonymous_volumes().cloned().collect()),
            Err(EngineError::Refused { status: 404, .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    };
    let (mounts, declared) = try_join(predecessor, declared_volumes(transport, spec.image.as_str())).await?;
    Ok(choose(&mounts, spec, &declared))
}

fn choose(mounts: &[InspectedMount], spec: &ContainerSpec, declared: &BTreeSet<String>) -> TakenOver {
    let has_a_place = |target: &str| match spec.mounts.iter().find(|mount| mount.target.value == target) {
        Some(mount) => mount.kind == MountKind::Volume && mount.source.is_none(),
        None => declared.contains(target),
    };
    mounts
        .iter()
        .filter(|mount| has_a_place(&mount.destination))
        .map(|mount| (mount.destination.clone(), mount.name.clone()))
        .collect()
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
