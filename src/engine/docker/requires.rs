//! In: an attribute, and the API version that knows it. Out: an error when the engine is older.
//! Must not: know what the attribute does.

use super::version::ApiVersion;
use crate::engine::EngineError;

/// Refuses an attribute that the engine would ignore: it appeared in API 1.`minor`.
pub fn requires(version: ApiVersion, minor: u32, attribute: &str) -> Result<(), EngineError> {
    if version.minor >= minor {
        return Ok(());
    }
    let engine = release(minor);
    Err(EngineError::Unsupported(format!(
        "`{attribute}` needs API 1.{minor} (Docker Engine {engine}); this engine speaks {version}"
    )))
}

/// The first release of the engine that speaks API 1.`minor`.
fn release(minor: u32) -> &'static str {
    match minor {
        ..=41 => "20.10",
        42 => "23.0",
        43 => "24.0",
        44 => "25.0",
        45 => "26.0",
        46 => "27.0",
        47 => "27.2",
        48 => "28.0",
        49 => "28.1",
        50 => "28.2",
        51 => "28.3",
        _ => "29.0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_engine_is_told_apart() {
        assert_eq!(requires(ApiVersion { minor: 44 }, 44, "x"), Ok(()));
        let error = requires(ApiVersion { minor: 41 }, 44, "healthcheck.start_interval").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`healthcheck.start_interval` needs API 1.44 (Docker Engine 25.0); this engine speaks 1.41"
        );
    }
}
