//! What is asked about the builds of images, besides that they are done.

use std::future::Future;

use super::EngineError;
pub use super::docker::build::definitions;
use crate::plan::action::ImageSpec;

/// What buildx says of a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Its words.
    pub words: String,
    /// Whether it found nothing.
    pub is_clean: bool,
}

/// Checks how images would be built.
pub trait CheckBuilds {
    /// Lets the builder check how an image would be built, without building it.
    fn check(&self, spec: &ImageSpec) -> impl Future<Output = Result<Checked, EngineError>>;
}
