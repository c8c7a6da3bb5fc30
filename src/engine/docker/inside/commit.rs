//! In: a container. Out: an image made of it, or an archive of all its files.
//! Must not: change the container.

use bytes::Bytes;
use futures_util::Stream;
use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::super::Docker;
use super::super::transport::{Call, escape};
use crate::engine::EngineError;
use crate::topology::name::{ContainerName, ImageId, ImageName};
use crate::value::image::ImageReference;

/// What is said of an image that is made of a container.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// Its name; none when absent.
    pub image: Option<ImageName>,
    /// Who made it.
    pub author: Option<String>,
    /// Why.
    pub message: Option<String>,
    /// Instructions of a Dockerfile that are applied to it.
    pub changes: Vec<String>,
    /// Whether the container is frozen meanwhile.
    pub pauses: bool,
}

impl Docker {
    /// Makes an image of what a container has changed in its own.
    pub async fn commit(&self, container: &ContainerName, commit: &Commit) -> Result<ImageId, EngineError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Committed {
            id: String,
        }
        let Commit { image, author, message, changes, pauses } = commit;
        let mut call = Call::new(Method::POST, "/commit")
            .query("container", container.as_str())
            .query("pause", if *pauses { "1" } else { "0" });
        if let Some(image) = image {
            let ImageReference { name, version } = ImageReference::parse(image.as_str());
            call = call.query("repo", name).query("tag", version);
        }
        for (name, value) in [("author", author), ("comment", message)] {
            if let Some(value) = value {
                call = call.query(name, value);
            }
        }
        for change in changes {
            call = call.query("changes", change);
        }
        let Committed { id } = self.transport.json(call.json(&json!({}))?).await?;
        Ok(ImageId::new(id))
    }

    /// All files of a container as a tar archive.
    pub async fn export(
        &self,
        container: &ContainerName,
    ) -> Result<impl Stream<Item = Result<Bytes, EngineError>> + Send + Unpin + use<>, EngineError> {
        let path = format!("/containers/{}/export", escape(container.as_str(), ""));
        self.transport.stream(Call::get(path)).await
    }
}
