//! In: image references. Out: which images exist, and since when. Must not: pull any.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::Deserialize;

use super::AT_ONCE;
use crate::engine::EngineError;
use crate::engine::docker::transport::{Call, Transport, escape};
use crate::topology::name::ImageId;
use crate::value::image::ImageReference;

/// Those of the images that exist.
pub(super) async fn observe(
    transport: &Transport,
    wanted: &BTreeSet<ImageReference>,
) -> Result<BTreeMap<ImageReference, FoundImage>, EngineError> {
    let asked = stream::iter(wanted).map(async |image| Ok((image, image_of(transport, image).await?)));
    let found: Vec<(&ImageReference, Option<FoundImage>)> =
        asked.buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().filter_map(|(name, image)| Some((name.clone(), image?))).collect())
}

/// The id of the image of a reference, if it exists.
pub async fn image_id(transport: &Transport, image: &ImageReference) -> Result<Option<ImageId>, EngineError> {
    Ok(image_of(transport, image).await?.map(|image| image.id))
}

/// An existing image.
pub(super) struct FoundImage {
    /// Its id.
    pub id: ImageId,
    /// How long ago it was tagged.
    pub age: Option<Duration>,
    /// Its platform: `linux/arm64/v8`.
    pub platform: String,
}

async fn image_of(transport: &Transport, image: &ImageReference) -> Result<Option<FoundImage>, EngineError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Image {
        id: String,
        #[serde(default)]
        os: String,
        #[serde(default)]
        architecture: String,
        #[serde(default)]
        variant: String,
        metadata: Option<Metadata>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Metadata {
        last_tag_time: Option<String>,
    }
    let call = Call::get(format!("/images/{}/json", escape(image.as_str(), "/:@")));
    let found: Option<Image> = match transport.json_if_found(call).await {
        // What the engine does not accept as a reference is not an image.
        Err(EngineError::Refused { status: 400, .. }) => None,
        found => found?,
    };
    Ok(found.map(|image| {
        let tagged = image.metadata.and_then(|metadata| metadata.last_tag_time);
        let parts = [image.os, image.architecture, image.variant];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        FoundImage {
            id: ImageId::new(image.id),
            age: tagged.and_then(|time| age(&time, Timestamp::now())),
            platform: parts.join("/"),
        }
    }))
}

/// How long ago a time was; `None` for the year 1, which means that the engine does not know.
fn age(time: &str, now: Timestamp) -> Option<Duration> {
    let time: Timestamp = time.parse().ok()?;
    if time < Timestamp::UNIX_EPOCH {
        return None;
    }
    // Clocks may differ: a time in the future counts as now.
    Some(Duration::try_from(now.duration_since(time)).unwrap_or_default())
}

/// Whether an existing image has a tag.
pub async fn has_names(transport: &Transport, image: &ImageId) -> Result<bool, EngineError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Image {
        repo_tags: Option<Vec<String>>,
    }
    let call = Call::get(format!("/images/{}/json", escape(image.as_str(), ":")));
    let found: Option<Image> = transport.json_if_found(call).await?;
    Ok(found.is_none_or(|image| image.repo_tags.is_some_and(|names| !names.is_empty())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_an_image_is_known_unless_the_engine_does_not_know_it() {
        let now: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        assert_eq!(age("2026-01-01T00:00:00.5Z", now), Some(Duration::from_millis(86_399_500)));
        assert_eq!(age("2026-01-03T00:00:00+01:00", now), Some(Duration::ZERO));
        assert_eq!(age("0001-01-01T00:00:00Z", now), None);
        assert_eq!(age("", now), None);
    }
}
