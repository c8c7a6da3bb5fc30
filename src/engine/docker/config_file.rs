//! In: the directory of the Docker CLI's configuration. Out: the content of its `config.json`. Must
//! not: act on an entry.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};

use crate::source::{FileSystem, ReadError};

/// Why a `config.json` could not be read.
#[derive(Debug)]
pub struct Unreadable {
    /// The error, with the file's path.
    pub why: String,
    is_forbidden: bool,
}

/// Reads the entries of `config.json` that `T` declares. A missing file is empty.
///
/// # Errors
///
/// The file cannot be read, or is not in the Docker CLI's format.
pub fn read<T: DeserializeOwned + Default>(directory: Option<&Path>) -> Result<T, Unreadable> {
    let Some(path) = directory.map(|directory| directory.join("config.json")) else {
        return Ok(T::default());
    };
    let is_forbidden = |error: &ReadError| match error {
        ReadError::Io { error, .. } => error.kind() == ErrorKind::PermissionDenied,
        _ => false,
    };
    match FileSystem::default().bytes(&path) {
        Err(ReadError::Missing(_)) => Ok(T::default()),
        Err(error) => Err(Unreadable { is_forbidden: is_forbidden(&error), why: error.to_string() }),
        // A full disk leaves an empty file behind.
        Ok(text) if text.trim_ascii().is_empty() => Ok(T::default()),
        Ok(text) => match serde_json::from_slice::<Option<T>>(&text) {
            Ok(entries) => Ok(entries.unwrap_or_default()),
            Err(error) => Err(Unreadable {
                why: format!("cannot understand `{}`: {error}", path.display()),
                is_forbidden: false,
            }),
        },
    }
}

/// The entries of `config.json` that concern connections and all containers.
///
/// As for the Docker CLI, an invalid file is a warning, not an error.
#[derive(Debug, Default)]
pub struct CliConfig {
    /// The current context.
    pub current_context: Option<String>,
    /// Headers that are sent with every request.
    pub headers: BTreeMap<String, String>,
    /// Proxies of containers and builds, by engine address.
    pub proxies: BTreeMap<String, Option<Proxies>>,
    /// The default format of `ps`.
    pub ps_format: Option<String>,
    /// A warning about entries that cannot be used.
    pub trouble: Option<String>,
}

/// The proxies in `config.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "their names say what they are")]
pub struct Proxies {
    pub http_proxy: Option<String>,
    pub https_proxy: Option<String>,
    pub ftp_proxy: Option<String>,
    pub no_proxy: Option<String>,
    pub all_proxy: Option<String>,
}

impl CliConfig {
    /// Reads it. A file without read permission, as after `sudo docker login`, counts as empty.
    pub fn read(directory: Option<&Path>) -> Self {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Entries {
            current_context: Option<String>,
            #[serde(rename = "HttpHeaders", deserialize_with = "default_if_null")]
            http_headers: BTreeMap<String, String>,
            #[serde(deserialize_with = "default_if_null")]
            proxies: BTreeMap<String, Option<Proxies>>,
            ps_format: Option<String>,
        }
        match read(directory) {
            Ok(Entries { current_context, http_headers, proxies, ps_format }) => {
                Self { current_context, headers: http_headers, proxies, ps_format, trouble: None }
            }
            Err(Unreadable { is_forbidden: true, .. }) => Self::default(),
            Err(Unreadable { why, is_forbidden: false }) => Self { trouble: Some(why), ..Self::default() },
        }
    }
}

/// Deserializes `null`, which other programs write for absent entries, as the default.
///
/// # Errors
///
/// The value is neither `null` nor a `T`.
pub fn default_if_null<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
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
        #[serde(deserialize_with = "default_if_null")]
        names: Vec<String>,
    }

    fn config(text: &str) -> Result<Config, Unreadable> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("config.json"), text).unwrap();
        read(Some(directory.path()))
    }

    #[test]
    fn absent_and_null_entries_are_empty() {
        for text in ["", " \n", "{}", "null", r#"{"names": null}"#, r#"{"names": []}"#, r#"{"others": 1}"#] {
            assert_eq!(config(text).unwrap(), Config::default(), "{text}");
        }
        assert_eq!(read::<Config>(None).unwrap(), Config::default());
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(read::<Config>(Some(directory.path())).unwrap(), Config::default());
    }

    #[test]
    fn invalid_json_is_reported_with_its_path() {
        let error = config("{").unwrap_err();
        assert!(error.why.starts_with("cannot understand `") && error.why.contains("config.json`"));
    }

    #[test]
    fn an_endless_file_is_reported_and_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.json");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let trouble = CliConfig::read(Some(directory.path())).trouble.unwrap();
        assert!(trouble.ends_with("config.json` is not a regular file"), "{trouble}");
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(CliConfig::read(Some(directory.path())).trouble.is_some());
    }

    #[test]
    fn an_invalid_file_is_only_a_warning() {
        let directory = tempfile::tempdir().unwrap();
        for text in ["{", "1", "nonsense", r#"{"HttpHeaders": 1}"#, r#"{"proxies": {"default": 1}}"#] {
            std::fs::write(directory.path().join("config.json"), text).unwrap();
            let CliConfig { current_context, headers, trouble, .. } = CliConfig::read(Some(directory.path()));
            assert_eq!((current_context, headers.len()), (None, 0), "{text}");
            assert!(trouble.unwrap().starts_with("cannot understand `"), "{text}");
        }
        std::fs::write(directory.path().join("config.json"), "").unwrap();
        assert_eq!(CliConfig::read(Some(directory.path())).trouble, None);
    }
}
