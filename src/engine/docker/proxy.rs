//! In: the Docker CLI's `config.json` and the engine's address. Out: the proxy variables of
//! containers and builds, as the Docker CLI sets them. Must not: use the proxies of this machine,
//! which are unrelated.

use std::collections::BTreeMap;

use super::config_file::{CliConfig, Proxies};

/// Proxy variables by name, each in upper and lower case. The configuration may have some for an
/// engine, and some for all others (`default`).
pub fn variables(config: &mut CliConfig, engine: &str) -> BTreeMap<String, String> {
    let CliConfig { proxies, .. } = config;
    let chosen = proxies.remove(engine).or_else(|| proxies.remove("default")).flatten();
    let Some(proxies) = chosen else { return BTreeMap::new() };
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
    given
        .flat_map(|(name, value)| [(name.to_owned(), value.clone()), (name.to_lowercase(), value.clone())])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_for_the_engine_wins_over_the_default() {
        let directory = tempfile::tempdir().unwrap();
        let text = r#"{"proxies": {"default": {"httpProxy": "http://p:1", "noProxy": "localhost"},
            "tcp://far:1": {"httpsProxy": "http://q:2"}}}"#;
        std::fs::write(directory.path().join("config.json"), text).unwrap();
        let names = |engine| -> Vec<String> {
            let variables = variables(&mut CliConfig::read(Some(directory.path())), engine);
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
        let directory = tempfile::tempdir().unwrap();
        assert!(variables(&mut CliConfig::read(Some(directory.path())), "x").is_empty());
        assert!(variables(&mut CliConfig::read(None), "x").is_empty());
        let nulls =
            [r#"null"#, r#"{"default": null}"#, r#"{"default": {"httpProxy": null}}"#].map(str::to_owned);
        for proxies in nulls {
            std::fs::write(directory.path().join("config.json"), format!(r#"{{"proxies": {proxies}}}"#))
                .unwrap();
            let mut config = CliConfig::read(Some(directory.path()));
            assert!(variables(&mut config, "x").is_empty(), "{proxies}");
        }
    }
}
