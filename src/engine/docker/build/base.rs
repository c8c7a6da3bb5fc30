//! In: a build that failed. Out: the base image that its registry refused without credentials. Must
//! not: pull anything.
//!
//! The engine's builder accesses every registry anonymously, as the session provides no
//! credentials. It does not ask for images that the engine already has.

use super::super::Docker;
use super::super::credentials;
use crate::engine::EngineError;
use crate::engine::phrase::{self, Phrase};
use crate::value::image::ImageReference;

/// How builders report that a registry requires credentials. The first is that of a builder without
/// sessions.
const WANTS_ACCOUNT: [Phrase; 5] = [
    phrase::NO_SESSIONS,
    phrase::UNAUTHORIZED_STATUS,
    phrase::NOT_AUTHORIZED,
    phrase::AUTHORIZATION_FAILED,
    phrase::PULL_DENIED,
];

/// The base image that the build failed for, if credentials may help, or are required.
pub(super) async fn refused(docker: &Docker, error: &EngineError) -> Option<ImageReference> {
    let EngineError::BuildFailed { message, .. } = error else { return None };
    let image = ImageReference::from(image_in(message)?);
    let wants_account = phrase::any(&WANTS_ACCOUNT, message);
    let lookup =
        credentials::look_up(docker.config_directory.as_deref(), &docker.programs, image.server()).await;
    (wants_account || lookup.credentials.is_some()).then_some(image)
}

/// A pull's error, with the image, which the topology does not name.
pub(super) fn named(error: EngineError, image: &ImageReference) -> EngineError {
    match error {
        EngineError::Refused { status, message } => {
            EngineError::Refused { status, message: format!("the base image `{image}`: {message}") }
        }
        other => other,
    }
}

fn image_in(message: &str) -> Option<&str> {
    phrase::LOAD_METADATA.rest_of(message)?.split_once(": ").map(|(image, _)| image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_is_read_from_the_name_of_the_step() {
        let message = "[internal] load metadata for reg.example:5000/a/b:1: no active sessions";
        assert_eq!(image_in(message), Some("reg.example:5000/a/b:1"));
        assert_eq!(image_in("[2/2] RUN false: exit code: 1"), None);
    }
}
