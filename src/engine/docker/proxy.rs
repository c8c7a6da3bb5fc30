//! In: the Docker CLI's `config.json` and the engine's address. Out: the proxy variables that containers
//! and builds get, as the Docker CLI gives them.
//! Must not: look at the proxies of this machine: those are another matter.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::config_file::{self, nothing_if_null};
use crate::engine::EngineError;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    #[serde(deserialize_with = "nothing_if_null")]
    proxies: BTreeMap<String, Option<Proxies>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Proxies {
    http_proxy: Option<String>,
    https_proxy: Option<String>,
    ftp_proxy: Option<String>,
    no_proxy: Option<String>,
    all_proxy: Option<String>,
}

/// Proxy variables by their names, each in capitals and in small letters. The configuration may have
/// some for one engine, and some for all others (`default`).
pub fn variables(folder: Option<&Path>, engine: &str) -> Result<BTreeMap<String, String>, EngineError> {
    let Config { mut proxies } = config_file::read_if_allowed(folder)?;
    let chosen = proxies.remove(engine).or_else(|| proxies.remove("default")).flatten();
    let Some(proxies) = chosen else { return Ok(BTreeMap::new()) };
    let Proxies { http_proxy, https_proxy, ftp_proxy, no_proxy, all_proxy } = proxies;
    let named = [
        ("HTTP_PROXY", http_proxy),
        ("HTTPS_PROXY", https_proxy),
        ("FTP_PROXY", ftp_proxy),
        ("NO_PROXY", no_proxy),
        ("ALL_PROXY", all_proxy),
    ];
    let given = named.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let given = given.filter(|(_, value)| !value.is_empty());
    Ok(given
        .flat_map(|(name, value)| [(name.to_owned(), value.clone()), (name.to_lowercase(), value.clone())])
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_of_its_own_wins_over_the_default() {
        let folder = tempfile::tempdir().unwrap();
        let text = r#"{"proxies": {"default": {"httpProxy": "http://p:1", "noProxy": "localhost"},
            "tcp://far:1": {"httpsProxy": "http://q:2"}}}"#;
        std::fs::write(folder.path().join("config.json"), text).unwrap();
        let names = |engine| -> Vec<String> {
            let variables = variables(Some(folder.path()), engine).unwrap();
            variables.iter().map(|(name, value)| format!("{name}={value}")).collect()
        };
        assert_eq!(
            names("unix:///var/run/docker.sock"),
            ["HTTP_PROXY=http://p:1", "NO_PROXY=localhost", "http_proxy=http://p:1", "no_proxy=localhost"]
        );
        assert_eq!(names("tcp://far:1"), ["HTTPS_PROXY=http://q:2", "https_proxy=http://q:2"]);
    }

    #[test]
    fn nothing_is_given_without_a_configuration() {
        let folder = tempfile::tempdir().unwrap();
        assert!(variables(Some(folder.path()), "x").unwrap().is_empty());
        assert!(variables(None, "x").unwrap().is_empty());
        let nulls =
            [r#"null"#, r#"{"default": null}"#, r#"{"default": {"httpProxy": null}}"#].map(str::to_owned);
        for proxies in nulls {
            std::fs::write(folder.path().join("config.json"), format!(r#"{{"proxies": {proxies}}}"#))
                .unwrap();
            assert!(variables(Some(folder.path()), "x").unwrap().is_empty(), "{proxies}");
        }
    }
}
