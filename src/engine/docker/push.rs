//! In: an image reference. Out: the image in its registry, and the progress of its layers. Must
//! not: decide whether to push it.

use http::Method;

use super::Docker;
use super::credentials;
use super::pull;
use super::transport::{Call, escape};
use crate::engine::{EngineError, Progress};
use crate::value::image::ImageReference;

/// Pushes an image with the caller's credentials.
pub async fn push(
    docker: &Docker,
    image: &ImageReference,
    progress: &dyn Fn(Progress),
) -> Result<(), EngineError> {
    let lookup =
        credentials::look_up(docker.config_directory.as_deref(), &docker.programs, image.server()).await;
    let path = format!("/images/{}/push", escape(image.name(), "/:"));
    // The engine requires the header even without credentials.
    let account = lookup.credentials.as_ref().map_or("e30=".to_owned(), |credentials| credentials.header());
    let call =
        Call::new(Method::POST, path).query("tag", image.version()).header("x-registry-auth", &account);
    pull::transfer(docker, call, progress).await.map_err(|error| lookup.explaining(error))
}
