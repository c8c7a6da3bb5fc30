//! In: a container. Out: an image of it, or an archive of all its files. Must not: change the
//! container.

use std::future::Future;

use bytes::Bytes;
use futures_util::Stream;

use super::EngineError;
use crate::topology::name::{ContainerName, ImageId};
use crate::value::image::ImageReference;

/// The options of an image made from a container.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// Its reference, if it gets one.
    pub image: Option<ImageReference>,
    /// Who made it.
    pub author: Option<String>,
    /// The commit message.
    pub message: Option<String>,
    /// Dockerfile instructions to apply.
    pub changes: Vec<String>,
    /// Whether the container is paused meanwhile.
    pub pauses: bool,
}

/// Captures the current state of containers.
pub trait Capture {
    /// Creates an image from a container's changes.
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
