//! In: the API version that an engine supports. Out: the version to use with it. Must not: talk to
//! an engine.

use super::error;
use crate::engine::{Address, EngineError};
pub use crate::plan::observed::ApiVersion;

impl ApiVersion {
    /// The oldest supported one: Docker Engine 20.10.
    pub const OLDEST: Self = Self { minor: 41 };
    /// The newest one that bollard's models describe.
    pub const NEWEST: Self = Self { minor: 53 };

    /// The highest version that both sides support.
    pub fn negotiate(spoken: Option<&str>, address: &Address) -> Result<Self, EngineError> {
        let minor = spoken.and_then(|version| version.strip_prefix("1.")?.parse().ok());
        let Some(minor) = minor else {
            return Err(error::not_an_engine(address));
        };
        let engine = Self { minor };
        if engine < Self::OLDEST {
            return Err(EngineError::Unsupported(format!(
                "the engine at {address} speaks API {engine}; topo needs {} (Docker Engine 20.10) or newer",
                Self::OLDEST
            )));
        }
        Ok(engine.min(Self::NEWEST))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::engine::{Endpoint, Origin};

    fn negotiate(spoken: Option<&str>) -> Result<String, String> {
        let endpoint = Endpoint::Unix(PathBuf::from("/x.sock"));
        let address = Address { endpoint, origin: Origin::Default };
        ApiVersion::negotiate(spoken, &address)
            .map(|version| version.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_lower_of_both_versions_is_used() {
        assert_eq!(negotiate(Some("1.41")), Ok("1.41".to_owned()));
        assert_eq!(negotiate(Some("1.51")), Ok("1.51".to_owned()));
        assert_eq!(negotiate(Some("1.99")), Ok("1.53".to_owned()));
    }

    #[test]
    fn an_outdated_engine_is_reported_with_the_required_version() {
        let error = negotiate(Some("1.40")).unwrap_err();
        assert_eq!(
            error,
            "the engine at unix:///x.sock (the default) speaks API 1.40; topo needs 1.41 (Docker Engine 20.10) or newer"
        );
    }

    #[test]
    fn a_server_without_an_api_version_is_not_an_engine() {
        for spoken in [None, Some("banana"), Some("2.0")] {
            assert!(negotiate(spoken).unwrap_err().contains("reports no API version"), "{spoken:?}");
        }
    }
}
