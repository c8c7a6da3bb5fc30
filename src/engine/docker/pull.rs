//! In: an image reference. Out: the image in the engine, and the progress of its layers. Must not:
//! decide whether it is needed.

use crate::engine::phrase::{self, Phrase};
use std::time::Duration;

use http::Method;
use serde::Deserialize;

use super::Docker;
use super::credentials::{self, Lookup};
use super::error;
use super::json_lines::JsonLines;
use super::transport::Call;
use crate::engine::{EngineError, Progress};
use crate::value::image::ImageReference;

/// The delays before further attempts after a broken connection.
const BACKOFF: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5)];

/// Pulls an image, with further attempts after a broken connection, since complete layers are kept.
pub async fn pull(
    docker: &Docker,
    image: &ImageReference,
    platform: Option<&str>,
    progress: &dyn Fn(Progress),
) -> Result<(), EngineError> {
    let lookup =
        credentials::look_up(docker.config_directory.as_deref(), &docker.programs, image.server()).await;
    let mut waits = BACKOFF.iter();
    loop {
        let error = match attempt(docker, image, platform, &lookup, progress).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        match waits.next().filter(|_| is_worth_another_attempt(&error)) {
            Some(wait) => tokio::time::sleep(*wait).await,
            None => return Err(lookup.explaining(error)),
        }
    }
}

async fn attempt(
    docker: &Docker,
    image: &ImageReference,
    platform: Option<&str>,
    lookup: &Lookup,
    progress: &dyn Fn(Progress),
) -> Result<(), EngineError> {
    let mut call = Call::new(Method::POST, "/images/create")
        .query("fromImage", image.name())
        .query("tag", image.version());
    if let Some(platform) = platform {
        call = call.query("platform", platform);
    }
    if let Some(credentials) = &lookup.credentials {
        call = call.header("x-registry-auth", &credentials.header());
    }
    transfer(docker, call, progress).await
}

/// Requests a pull or a push, and follows it to its end.
pub(super) async fn transfer(
    docker: &Docker,
    call: Call,
    progress: &dyn Fn(Progress),
) -> Result<(), EngineError> {
    let mut lines = JsonLines::new(docker.transport.stream(call).await?);
    while let Some(message) = lines.next::<Message>().await? {
        if let Some(failure) = message.failure() {
            return Err(failure);
        }
        message.progress().into_iter().for_each(progress);
    }
    Ok(())
}

/// Whether a connection broke: that to the engine or, by the engine's message, its own to the
/// registry.
fn is_worth_another_attempt(error: &EngineError) -> bool {
    const DROPPED: [Phrase; 5] =
        [phrase::UNEXPECTED_END, phrase::RESET, phrase::TLS_TIMEOUT, phrase::IO_TIMEOUT, phrase::BROKEN_PIPE];
    match error {
        EngineError::Disconnected(_) => true,
        EngineError::Refused { message, .. } => {
            message.ends_with(phrase::ENDED.words) || phrase::any(&DROPPED, message)
        }
        _ => false,
    }
}

/// A line of the engine's progress: moby's `JSONMessage`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Message {
    id: Option<String>,
    status: String,
    #[serde(rename = "progressDetail")]
    detail: Option<Detail>,
    error: Option<String>,
    #[serde(rename = "errorDetail")]
    error_detail: Option<ErrorDetail>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Detail {
    current: Option<u64>,
    total: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorDetail {
    message: String,
}

impl Message {
    /// The error that ended the stream, after a status of 200.
    pub fn failure(&self) -> Option<EngineError> {
        let detailed =
            self.error_detail.as_ref().map(|detail| &detail.message).filter(|words| !words.is_empty());
        let words = detailed.or(self.error.as_ref())?;
        Some(EngineError::Refused { status: 500, message: error::plain(words) })
    }

    /// The progress of the pull or push.
    pub fn progress(self) -> Option<Progress> {
        let Self { id, status, detail, .. } = self;
        let part = match id {
            // The first line has the tag in place of a layer.
            Some(id) if phrase::PULLING_FROM.rest_of(&status).is_none() => id,
            _ => return (!status.is_empty()).then_some(Progress::Now(status)),
        };
        let detail = detail.unwrap_or_default();
        match status.as_str() {
            "Pull complete" | "Already exists" | "Pushed" | "Layer already exists" => {
                Some(Progress::PartDone { part })
            }
            "Downloading" | "Pushing" => {
                Some(Progress::Bytes { part, done: detail.current.unwrap_or(0), total: detail.total })
            }
            "Pulling fs layer" | "Preparing" | "Waiting" => {
                Some(Progress::Bytes { part, done: 0, total: None })
            }
            "Extracting" => Some(Progress::Now(format!("extracting {part}"))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Message {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn layers_make_progress_and_complete() {
        let progress = |text| message(text).progress();
        assert_eq!(
            progress(r#"{"status":"Downloading","progressDetail":{"current":5,"total":9},"id":"ab"}"#),
            Some(Progress::Bytes { part: "ab".to_owned(), done: 5, total: Some(9) })
        );
        assert_eq!(
            progress(r#"{"status":"Pull complete","progressDetail":{},"id":"ab"}"#),
            Some(Progress::PartDone { part: "ab".to_owned() })
        );
        assert_eq!(
            progress(r#"{"status":"Pulling from library/redis","id":"8"}"#),
            Some(Progress::Now("Pulling from library/redis".to_owned()))
        );
    }

    #[test]
    fn an_error_in_the_stream_has_the_message_of_the_engine() {
        let failure =
            message(r#"{"errorDetail":{"message":"no space left on device"},"error":"x"}"#).failure();
        assert_eq!(failure.unwrap().to_string(), "no space left on device");
    }

    #[test]
    fn only_a_broken_connection_is_tried_again() {
        let refused = |message: &str| EngineError::Refused { status: 500, message: message.to_owned() };
        assert!(is_worth_another_attempt(&EngineError::Disconnected(String::new())));
        assert!(is_worth_another_attempt(&refused("Get \"https://r/v2/\": read: connection reset by peer")));
        assert!(is_worth_another_attempt(&refused("Get \"http://127.0.0.1:5000/v2/\": EOF")));
        assert!(!is_worth_another_attempt(&refused("pull access denied for nope")));
        assert!(!is_worth_another_attempt(&refused("lookup registry-1.docker.io: no such host")));
    }

    #[test]
    fn missing_credentials_are_reported_with_the_refusal() {
        let refused = EngineError::Refused { status: 404, message: "pull access denied".to_owned() };
        let error =
            Lookup { credentials: None, trouble: Some("`docker-credential-x` failed: locked".to_owned()) }
                .explaining(refused);
        assert_eq!(
            error.to_string(),
            "pull access denied (asked without credentials: `docker-credential-x` failed: locked)"
        );
    }
}
