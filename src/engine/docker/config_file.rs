//! In: the folder of the Docker CLI's configuration. Out: what its `config.json` says.
//! Must not: know what an entry means.

use std::io::ErrorKind;
use std::path::Path;

use serde::de::{Deserialize, DeserializeOwned, Deserializer};

use crate::engine::EngineError;

/// Why a `config.json` says nothing.
#[derive(Debug)]
pub struct Unreadable {
    /// What went wrong, with the file's path.
    pub why: String,
    is_forbidden: bool,
}

/// Reads `config.json`, as far as `T` knows it. One that is not there says nothing.
///
/// # Errors
///
/// The file cannot be read, or is not what the Docker CLI writes.
pub fn read<T: DeserializeOwned + Default>(folder: Option<&Path>) -> Result<T, Unreadable> {
    let Some(path) = folder.map(|folder| folder.join("config.json")) else { return Ok(T::default()) };
    let unreadable = |verb: &str, error: &dyn std::fmt::Display, is_forbidden| Unreadable {
        why: format!("cannot {verb} `{}`: {error}", path.display()),
        is_forbidden,
    };
    match std::fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(T::default()),
        Err(error) => Err(unreadable("read", &error, error.kind() == ErrorKind::PermissionDenied)),
        Ok(text) => serde_json::from_slice(&text).map_err(|error| unreadable("understand", &error, false)),
    }
}

/// Like [`read`], but a file that is somebody else's, as after a `sudo docker login`, says nothing.
///
/// # Errors
///
/// Those of [`read`].
pub fn read_if_allowed<T: DeserializeOwned + Default>(folder: Option<&Path>) -> Result<T, EngineError> {
    match read(folder) {
        Err(Unreadable { is_forbidden: true, .. }) => Ok(T::default()),
        Err(Unreadable { why, is_forbidden: false }) => Err(EngineError::Other(why)),
        Ok(config) => Ok(config),
    }
}

/// For entries that other programs write as `null` when they have nothing to say.
///
/// # Errors
///
/// The value is neither `null` nor a `T`.
pub fn nothing_if_null<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    value: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(value)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, serde::Deserialize)]
    #[serde(default)]
    struct Config {
        #[serde(deserialize_with = "nothing_if_null")]
        names: Vec<String>,
    }

    fn config(text: &str) -> Result<Config, Unreadable> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), text).unwrap();
        read(Some(folder.path()))
    }

    #[test]
    fn what_is_absent_or_null_is_empty() {
        for text in ["{}", r#"{"names": null}"#, r#"{"names": []}"#, r#"{"others": 1}"#] {
            assert_eq!(config(text).unwrap(), Config::default(), "{text}");
        }
        assert_eq!(read::<Config>(None).unwrap(), Config::default());
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read::<Config>(Some(folder.path())).unwrap(), Config::default());
    }

    #[test]
    fn what_is_no_json_is_told_with_its_path() {
        let error = config("{").unwrap_err();
        assert!(error.why.starts_with("cannot understand `") && error.why.contains("config.json`"));
    }
}
