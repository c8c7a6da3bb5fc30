//! In: an engine. Out: what it says of itself.
//! Must not: change anything.

use serde::Deserialize;

use super::Docker;
use super::transport::Call;
use crate::engine::EngineError;

/// What an engine says of itself.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct About {
    /// The engine's own version: `28.5.2`.
    #[serde(rename = "Version")]
    pub version: String,
    /// The newest version of the API that it speaks: `1.51`.
    #[serde(rename = "ApiVersion")]
    pub api: String,
    /// The operating system: `linux`.
    #[serde(rename = "Os")]
    pub system: String,
    /// The processor: `amd64`.
    #[serde(rename = "Arch")]
    pub processor: String,
}

impl Docker {
    /// What the engine says of itself.
    pub async fn about(&self) -> Result<About, EngineError> {
        self.transport.json(Call::get("/version")).await
    }
}
