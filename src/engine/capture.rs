//! In: a container. Out: an image made of it, or an archive of all its files.
//! Must not: change the container.

use std::future::Future;

use bytes::Bytes;
use futures_util::Stream;

use super::EngineError;
use crate::topology::name::{ContainerName, ImageId};
use crate::value::image::ImageReference;

/// What is said of an image that is made of a container.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// Its name; none when absent.
    pub image: Option<ImageReference>,
    /// Who made it.
    pub author: Option<String>,
    /// Why.
    pub message: Option<String>,
    /// Instructions of a Dockerfile that are applied to it.
    pub changes: Vec<String>,
    /// Whether the container is frozen meanwhile.
    pub pauses: bool,
}

/// Keeps what containers are at the moment.
pub trait Capture {
    /// Makes an image of what a container has changed in its own.
    fn commit(
        &self,
        container: &ContainerName,
        commit: &Commit,
    ) -> impl Future<Output = Result<ImageId, EngineError>>;

    /// All files of a container as a tar archive.
    fn export(
        &self,
        container: &ContainerName,
    ) -> impl Future<
        Output = Result<
            impl Stream<Item = Result<Bytes, EngineError>> + Send + Unpin + use<Self>,
            EngineError,
        >,
    >;
}
