//! In: an image reference. Out: what a registry and the engine know about the image. Must not: pull
//! it.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::Docker;
use super::credentials;
use super::transport::{Call, escape};
use crate::engine::phrase::{self, Phrase};
use crate::engine::{EngineError, Images};
use crate::plan::preflight::RegistryAnswer;
use crate::value::image::ImageReference;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Distribution {
    descriptor: Descriptor,
    platforms: Option<Vec<ListedPlatform>>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
    #[serde(rename = "mediaType", default)]
    media_type: String,
}

#[derive(Deserialize)]
struct ListedPlatform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: String,
}

impl ListedPlatform {
    /// `linux/arm64/v8`; nothing for what is no image, such as the record of a build.
    fn text(&self) -> Option<String> {
        let Self { os, architecture, variant } = self;
        let is_known = |part: &&String| !part.is_empty() && *part != "unknown";
        let parts: Vec<&str> =
            [os, architecture, variant].into_iter().filter(is_known).map(String::as_str).collect();
        (parts.len() > 1).then(|| parts.join("/"))
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Image {
    config: ImageConfig,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ImageConfig {
    env: Option<Vec<String>>,
}

/// The media types of what stands for several images: an image index of OCI, a manifest list of Docker.
const INDEXES: &[&str] = &["image.index", "manifest.list"];

/// Answers of registries, and of an engine that cannot reach one, which are the same when it pulls. What is slow or
/// overloaded may have recovered by then.
const FINAL: &[Phrase] = &[
    phrase::MANIFEST_UNKNOWN,
    phrase::NAME_UNKNOWN,
    phrase::ACCESS_DENIED,
    phrase::UNAUTHORIZED,
    phrase::NO_CREDENTIALS,
    phrase::NO_SUCH_HOST,
    phrase::CONNECT_REFUSED,
    phrase::NETWORK_UNREACHABLE,
    phrase::NO_ROUTE,
    phrase::HTTP_FOR_HTTPS,
    phrase::CERTIFICATE,
];

/// Engine API, `GET /distribution/NAME/json`.
async fn distribution(docker: &Docker, image: &ImageReference) -> Result<Distribution, EngineError> {
    let mark = if image.has_digest() { '@' } else { ':' };
    let name = format!("{}{mark}{}", image.full_name(), image.version());
    let lookup =
        credentials::look_up(docker.config_directory.as_deref(), &docker.programs, image.server()).await;
    let mut call = Call::get(format!("/distribution/{}/json", escape(&name, "/:@")));
    if let Some(credentials) = &lookup.credentials {
        call = call.header("x-registry-auth", &credentials.header());
    }
    docker.transport.json(call).await.map_err(|error| lookup.explaining(error))
}

impl Images for Docker {
    async fn pinned_image(&self, image: &ImageReference) -> Result<String, EngineError> {
        let name = image.full_name();
        if image.has_digest() {
            return Ok(format!("{name}@{}", image.version()));
        }
        let found = distribution(self, image).await?;
        Ok(format!("{name}:{}@{}", image.version(), found.descriptor.digest))
    }

    async fn ask_registry(&self, image: &ImageReference) -> Option<RegistryAnswer> {
        match distribution(self, image).await {
            Ok(Distribution { descriptor, platforms }) => {
                let platforms = platforms.unwrap_or_default();
                let platforms: BTreeSet<String> = platforms.iter().filter_map(ListedPlatform::text).collect();
                let is_index =
                    INDEXES.iter().any(|index| descriptor.media_type.contains(index)) || platforms.len() > 1;
                Some(RegistryAnswer::Has { platforms, is_index })
            }
            Err(error) => {
                let EngineError::Refused { message, .. } = &error else { return None };
                let is_final = phrase::any(FINAL, message);
                let help = error.hint_about(Some(image.server()));
                is_final.then(|| RegistryAnswer::Lacks { reason: message.clone(), help })
            }
        }
    }

    async fn image_variables(&self, image: &ImageReference) -> Result<Option<Vec<String>>, EngineError> {
        let call = Call::get(format!("/images/{}/json", escape(image.as_str(), "/:@")));
        let found: Option<Image> = self.transport.json_if_found(call).await?;
        Ok(found.map(|image| image.config.env.unwrap_or_default()))
    }
}
