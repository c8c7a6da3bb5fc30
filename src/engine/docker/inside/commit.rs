//! In: a container. Out: an image of it, or an archive of all its files. Must not: change the
//! container.

use bytes::Bytes;
use futures_util::Stream;
use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::super::Docker;
use super::super::transport::{Call, escape};
use crate::engine::{Capture, Commit, EngineError};
use crate::topology::name::{ContainerName, ImageId};

impl Capture for Docker {
    async fn commit(&self, container: &ContainerName, commit: &Commit) -> Result<ImageId, EngineError> {
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
            call = call.query("repo", image.name()).query("tag", image.version());
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

    async fn export(
        &self,
        container: &ContainerName,
    ) -> Result<impl Stream<Item = Result<Bytes, EngineError>> + Send + Unpin + use<>, EngineError> {
        let path = format!("/containers/{}/export", escape(container.as_str(), ""));
        self.transport.stream(Call::get(path)).await
    }
}
