//! In: an engine. Out: its description, and how it is reached. Must not: change anything.

use super::Docker;
use super::transport::Call;
use crate::engine::{About, Address, EngineError, Identity};
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

    fn troubles(&self) -> &[String] {
        &self.troubles
    }

    fn ps_format(&self) -> Option<&str> {
        self.ps_format.as_deref()
    }
}
