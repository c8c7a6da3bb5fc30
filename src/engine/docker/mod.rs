//! The Docker Engine, over its HTTP API.
//!
//! | to change | look in |
//! |---|---|
//! | which engine is used | [`connect`] |
//! | how bytes get there | [`wire`], [`transport`], [`version`] |
//! | how a refusal reads | [`error`] |

pub mod connect;
pub mod error;
pub mod transport;
pub mod version;
pub mod wire;

use std::collections::BTreeMap;

use crate::engine::EngineError;
use transport::Transport;

/// A connection to a Docker Engine.
pub struct Docker {
    transport: Transport,
    bollard: bollard::Docker,
}

impl Docker {
    /// Finds the engine that the variables of the environment name, and asks it for its version.
    pub async fn connect(variables: &BTreeMap<String, String>) -> Result<Self, EngineError> {
        let transport = Transport::open(connect::locate(variables)?).await?;
        let bollard = transport.bollard()?;
        Ok(Self { transport, bollard })
    }
}
