//! In: an engine. Out: its description, and how it is reached. Must not: change anything.

use super::transport::Call;
use super::{Docker, INFO_LIMIT};
use crate::engine::{About, Address, EngineError, EngineHost, Identity};
use crate::plan::observed::ApiVersion;

impl Identity for Docker {
    fn address(&self) -> &Address {
        self.transport.address()
    }

    fn version(&self) -> ApiVersion {
        self.transport.version()
    }

    async fn about(&self) -> Result<About, EngineError> {
        self.transport.json(Call::get("/version")).await
    }

    /// Engine API, `GET /info`.
    async fn host(&self) -> Option<EngineHost> {
        let ask = async || {
            let info = self.transport.json(Call::get("/info"));
            tokio::time::timeout(INFO_LIMIT, info).await.ok()?.ok()
        };
        self.host.get_or_init(ask).await.clone()
    }

    fn troubles(&self) -> &[String] {
        &self.troubles
    }

    fn ps_format(&self) -> Option<&str> {
        self.ps_format.as_deref()
    }
}
