//! In: an image reference. Out: what a registry and the engine know about the image. Must not: pull
//! it.

use serde::Deserialize;

use super::Docker;
use super::credentials;
use super::transport::{Call, escape};
use crate::engine::{EngineError, Images};
use crate::value::image::ImageReference;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Distribution {
    descriptor: Descriptor,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
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

impl Images for Docker {
    /// Engine API, `GET /distribution/NAME/json`.
    async fn pinned_image(&self, image: &ImageReference) -> Result<String, EngineError> {
        let name = image.full_name();
        if image.has_digest() {
            return Ok(format!("{name}@{}", image.version()));
        }
        let tagged = format!("{name}:{}", image.version());
        let lookup =
            credentials::look_up(self.config_directory.as_deref(), &self.programs, image.server()).await;
        let mut call = Call::get(format!("/distribution/{}/json", escape(&tagged, "/:")));
        if let Some(credentials) = &lookup.credentials {
            call = call.header("x-registry-auth", &credentials.header());
        }
        let found: Distribution =
            self.transport.json(call).await.map_err(|error| lookup.explaining(error))?;
        Ok(format!("{tagged}@{}", found.descriptor.digest))
    }

    async fn image_variables(&self, image: &ImageReference) -> Result<Option<Vec<String>>, EngineError> {
        let call = Call::get(format!("/images/{}/json", escape(image.as_str(), "/:@")));
        let found: Option<Image> = self.transport.json_if_found(call).await?;
        Ok(found.map(|image| image.config.env.unwrap_or_default()))
    }
}
