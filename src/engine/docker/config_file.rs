//! In: the folder of the Docker CLI's configuration. Out: what its `config.json` says.
//! Must not: act on an entry.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};

use crate::source::{ReadError, Sources};

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
    let is_forbidden = |error: &ReadError| match error {
        ReadError::Io { error, .. } => error.kind() == ErrorKind::PermissionDenied,
        _ => false,
    };
    match Sources::bytes(&path) {
        Err(ReadError::Missing(_)) => Ok(T::default()),
        Err(error) => Err(Unreadable { is_forbidden: is_forbidden(&error), why: error.to_string() }),
        // A full disk leaves such a file behind.
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

/// What of `config.json` matters for reaching an engine and for every container.
///
/// As for the Docker CLI, a file that cannot be understood is no reason to stop: it is warned of.
#[derive(Debug, Default)]
pub struct CliConfig {
    /// The context that is used when nothing else is said.
    pub current_context: Option<String>,
    /// Headers that are sent with every request.
    pub headers: BTreeMap<String, String>,
    /// Proxies of containers and builds, by the engine's address.
    pub proxies: BTreeMap<String, Option<Proxies>>,
    /// How `ps` writes its list when nothing else is said.
    pub ps_format: Option<String>,
    /// What cannot be understood, in words for people.
    pub trouble: Option<String>,
}

/// Proxies as `config.json` has them.
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
    /// Reads it. A file that is somebody else's, as after a `sudo docker login`, says nothing.
    pub fn read(folder: Option<&Path>) -> Self {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Entries {
            current_context: Option<String>,
            #[serde(rename = "HttpHeaders", deserialize_with = "nothing_if_null")]
            http_headers: BTreeMap<String, String>,
            #[serde(deserialize_with = "nothing_if_null")]
            proxies: BTreeMap<String, Option<Proxies>>,
            ps_format: Option<String>,
        }
        match read(folder) {
            Ok(Entries { current_context, http_headers, proxies, ps_format }) => {
                Self { current_context, headers: http_headers, proxies, ps_format, trouble: None }
            }
            Err(Unreadable { is_forbidden: true, .. }) => Self::default(),
            Err(Unreadable { why, is_forbidden: false }) => Self { trouble: Some(why), ..Self::default() },
        }
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
        for text in ["", " \n", "{}", "null", r#"{"names": null}"#, r#"{"names": []}"#, r#"{"others": 1}"#] {
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

    #[test]
    fn what_never_ends_is_told_and_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let trouble = CliConfig::read(Some(folder.path())).trouble.unwrap();
        assert!(trouble.ends_with("config.json` is not a regular file"), "{trouble}");
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(CliConfig::read(Some(folder.path())).trouble.is_some());
    }

    #[test]
    fn a_broken_file_is_no_reason_to_stop() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["{", "1", "nonsense", r#"{"HttpHeaders": 1}"#, r#"{"proxies": {"default": 1}}"#] {
            std::fs::write(folder.path().join("config.json"), text).unwrap();
            let CliConfig { current_context, headers, trouble, .. } = CliConfig::read(Some(folder.path()));
            assert_eq!((current_context, headers.len()), (None, 0), "{text}");
            assert!(trouble.unwrap().starts_with("cannot understand `"), "{text}");
        }
        std::fs::write(folder.path().join("config.json"), "").unwrap();
        assert_eq!(CliConfig::read(Some(folder.path())).trouble, None);
    }
}
