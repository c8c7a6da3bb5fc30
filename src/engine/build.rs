//! Questions about builds of images.

use std::future::Future;

use super::EngineError;
pub use super::docker::build::definitions;
use crate::plan::action::ImageSpec;

/// The result of a builder's check of a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Its output.
    pub words: String,
    /// Whether there were no warnings.
    pub is_clean: bool,
}

/// Checks builds without running them.
pub trait CheckBuilds {
    /// Has the builder check how an image would be built, without building it.
    fn check(&self, spec: &ImageSpec) -> impl Future<Output = Result<Checked, EngineError>>;
}
