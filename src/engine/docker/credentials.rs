//! In: the Docker CLI's `config.json` and a registry. Out: the credentials for that registry. Must
//! not: keep a secret longer than a call, or show one in an error.
//!
//! The order is that of the Docker CLI: a helper for the registry (`credHelpers`), else the helper
//! for all (`credsStore`), else the file itself (`auths`). A helper is a program
//! `docker-credential-NAME`; `get` reads a server from standard input and answers in JSON.

use crate::engine::phrase;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::config_file::{self, default_if_null};
use crate::engine::EngineError;
use crate::source::program::Programs;

/// How long a helper may take: the user may have to unlock a keyring.
const HELPER_LIMIT: Duration = Duration::from_secs(120);

/// Credentials as sent to the engine: moby's `AuthConfig`.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct Credentials {
    #[serde(skip_serializing_if = "String::is_empty")]
    username: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    password: String,
    #[serde(skip_serializing_if = "String::is_empty", rename = "identitytoken")]
    identity_token: String,
    #[serde(skip_serializing_if = "String::is_empty", rename = "registrytoken")]
    registry_token: String,
    #[serde(rename = "serveraddress")]
    server_address: String,
}

impl Credentials {
    /// The value of `X-Registry-Auth`: URL-safe base64 with padding, as the engine decodes it.
    pub fn header(&self) -> String {
        // A struct of strings always serializes.
        URL_SAFE.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// The same as an entry of `auths`.
    fn entry(&self) -> serde_json::Value {
        let Self { username, password, identity_token, registry_token, server_address: _ } = self;
        let auth = match username.as_str() {
            "" => String::new(),
            username => STANDARD.encode(format!("{username}:{password}")),
        };
        let mut entry =
            json!({ "auth": auth, "identitytoken": identity_token, "registrytoken": registry_token });
        if let Some(entry) = entry.as_object_mut() {
            entry.retain(|_, value| value != "");
        }
        entry
    }
}

/// The result of looking up a registry's credentials.
#[derive(Default)]
pub struct Lookup {
    /// The credentials; `None` for anonymous access.
    pub credentials: Option<Credentials>,
    /// Why there are none although some are configured. The pull is attempted anyway: the image may
    /// be public.
    pub trouble: Option<String>,
}

impl Lookup {
    /// Adds the reason for missing credentials to a registry's refusal.
    pub fn explaining(&self, error: EngineError) -> EngineError {
        match (error, &self.trouble) {
            (EngineError::Refused { status, message }, Some(trouble)) => EngineError::Refused {
                status,
                message: format!("{message} (asked without credentials: {trouble})"),
            },
            (error, _) => error,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    #[serde(deserialize_with = "default_if_null")]
    auths: BTreeMap<String, Option<FileEntry>>,
    #[serde(rename = "credsStore", deserialize_with = "default_if_null")]
    store: String,
    #[serde(rename = "credHelpers", deserialize_with = "default_if_null")]
    helpers: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FileEntry {
    #[serde(deserialize_with = "default_if_null")]
    auth: String,
    #[serde(deserialize_with = "default_if_null")]
    username: String,
    #[serde(deserialize_with = "default_if_null")]
    password: String,
    #[serde(rename = "identitytoken", deserialize_with = "default_if_null")]
    identity_token: String,
    #[serde(rename = "registrytoken", deserialize_with = "default_if_null")]
    registry_token: String,
}

/// Looks up the credentials for a server in the configuration in `directory`.
pub async fn look_up(directory: Option<&Path>, programs: &Programs, server: &str) -> Lookup {
    let found = match config_file::read(directory) {
        Ok(config) => from_config(&config, programs, server).await,
        Err(unreadable) => Err(unreadable.why),
    };
    match found {
        Ok(credentials) => Lookup { credentials, trouble: None },
        Err(trouble) => Lookup { credentials: None, trouble: Some(trouble) },
    }
}

/// All credentials, as a `config.json` that needs no helper.
pub async fn all(directory: Option<&Path>, programs: &Programs) -> Result<String, String> {
    let config: Config = config_file::read(directory).map_err(|unreadable| unreadable.why)?;
    let mut servers: BTreeSet<String> = config.auths.keys().chain(config.helpers.keys()).cloned().collect();
    if !config.store.is_empty() {
        let helper = format!("docker-credential-{}", config.store);
        servers.extend(list_of_helper(&helper, programs, HELPER_LIMIT).await?);
    }
    let mut auths = serde_json::Map::new();
    for server in servers {
        if let Some(credentials) = from_config(&config, programs, &server).await? {
            auths.insert(server, credentials.entry());
        }
    }
    Ok(json!({ "auths": auths }).to_string())
}

async fn list_of_helper(program: &str, programs: &Programs, limit: Duration) -> Result<Vec<String>, String> {
    let output = run_helper(program, programs, "list", "", limit).await?;
    let listed: BTreeMap<String, serde::de::IgnoredAny> = serde_json::from_slice(&output.stdout)
        .map_err(|_| format!("`{program}` did not answer as a credential helper does"))?;
    Ok(listed.into_keys().collect())
}

async fn from_config(
    config: &Config,
    programs: &Programs,
    server: &str,
) -> Result<Option<Credentials>, String> {
    let for_server = config.helpers.iter().find(|(host, _)| is_same_server(host, server));
    let helper = for_server.map_or(config.store.as_str(), |(_, helper)| helper);
    if !helper.is_empty() {
        return ask_helper(&format!("docker-credential-{helper}"), programs, server).await;
    }
    let exact = config.auths.get(server);
    let entry = exact.or_else(|| {
        config.auths.iter().find(|(name, _)| is_same_server(name, server)).map(|(_, entry)| entry)
    });
    entry.and_then(Option::as_ref).map_or(Ok(None), |entry| from_entry(entry, server))
}

/// Entries may be URLs: `https://registry.example/v1/` is `registry.example`.
fn is_same_server(name: &str, server: &str) -> bool {
    let host = |text: &str| {
        let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default().to_owned()
    };
    host(name) == host(server)
}

fn from_entry(entry: &FileEntry, server: &str) -> Result<Option<Credentials>, String> {
    let FileEntry { auth, username, password, identity_token, registry_token } = entry;
    let (username, password) = match auth.as_str() {
        "" => (username.clone(), password.clone()),
        encoded => decode_auth(encoded).ok_or_else(|| {
            format!("the `auth` of {server} in `config.json` is not base64 of `user:password`")
        })?,
    };
    let credentials = Credentials {
        username,
        password,
        identity_token: identity_token.clone(),
        registry_token: registry_token.clone(),
        server_address: server.to_owned(),
    };
    let is_empty = credentials == Credentials { server_address: server.to_owned(), ..Credentials::default() };
    Ok((!is_empty).then_some(credentials))
}

fn decode_auth(encoded: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (username, password) = text.split_once(':')?;
    Some((username.to_owned(), password.trim_end_matches('\0').to_owned()))
}

/// A helper's answer to `get`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperAnswer {
    username: String,
    secret: String,
}

async fn ask_helper(program: &str, programs: &Programs, server: &str) -> Result<Option<Credentials>, String> {
    let output = run_helper(program, programs, "get", server, HELPER_LIMIT).await?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stdout);
        // By convention, this exact text means that there are no credentials for the server.
        if phrase::NO_SAVED_CREDENTIALS.is_in(&message) {
            return Ok(None);
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        let words = [message.trim(), errors.trim()].into_iter().find(|words| !words.is_empty());
        return Err(format!("`{program}` failed: {}", words.unwrap_or("it did not say why")));
    }
    // The answer contains a secret: it must not be quoted.
    let answer: HelperAnswer = serde_json::from_slice(&output.stdout)
        .map_err(|_| format!("`{program}` did not answer as a credential helper does"))?;
    Ok(Some(from_helper(answer, server)))
}

fn from_helper(answer: HelperAnswer, server: &str) -> Credentials {
    let HelperAnswer { username, secret } = answer;
    let server_address = server.to_owned();
    // This user name means that the secret is an identity token.
    if username == "<token>" {
        return Credentials { identity_token: secret, server_address, ..Credentials::default() };
    }
    Credentials { username, password: secret, server_address, ..Credentials::default() }
}

async fn run_helper(
    program: &str,
    programs: &Programs,
    verb: &str,
    server: &str,
    limit: Duration,
) -> Result<Output, String> {
    tokio::time::timeout(limit, output_of_helper(program, programs, verb, server))
        .await
        .map_err(|_| format!("`{program}` printed nothing for {} seconds", limit.as_secs_f64()))?
        .map_err(|error| format!("cannot run `{program}`: {error}"))
}

async fn output_of_helper(
    program: &str,
    programs: &Programs,
    verb: &str,
    server: &str,
) -> std::io::Result<Output> {
    let mut child = Command::new(programs.find(program)?)
        .arg(verb)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // A helper that exits without reading its input reports why by its exit.
        let _ = input.write_all(server.as_bytes()).await;
    }
    child.wait_with_output().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::image::DOCKER_HUB;

    async fn from(config: &str, server: &str) -> Lookup {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("config.json"), config).unwrap();
        look_up(Some(directory.path()), &Programs::default(), server).await
    }

    async fn header(config: &str, server: &str) -> Option<String> {
        let lookup = from(config, server).await;
        assert_eq!(lookup.trouble, None);
        let bytes = URL_SAFE.decode(lookup.credentials?.header()).unwrap();
        Some(String::from_utf8(bytes).unwrap())
    }

    #[tokio::test]
    async fn the_file_knows_user_and_password() {
        let auth = STANDARD.encode("ana:p:w?>");
        let config = format!(r#"{{"auths": {{"https://index.docker.io/v1/": {{"auth": "{auth}"}}}}}}"#);
        assert_eq!(
            header(&config, DOCKER_HUB).await.as_deref(),
            Some(r#"{"username":"ana","password":"p:w?>","serveraddress":"https://index.docker.io/v1/"}"#)
        );
        assert_eq!(header(&config, "ghcr.io").await, None);
    }

    #[tokio::test]
    async fn a_url_and_a_host_name_the_same_server() {
        let config = r#"{"auths": {"https://reg.example:5000/v1/": {"identitytoken": "t"}}}"#;
        assert_eq!(
            header(config, "reg.example:5000").await.as_deref(),
            Some(r#"{"identitytoken":"t","serveraddress":"reg.example:5000"}"#)
        );
        assert_eq!(header(config, "reg.example").await, None);
    }

    #[tokio::test]
    async fn an_entry_without_anything_is_anonymous() {
        assert_eq!(header(r#"{"auths": {"ghcr.io": {}}}"#, "ghcr.io").await, None);
        assert_eq!(header("{}", "ghcr.io").await, None);
        let nulls = r#"{"auths": null, "credsStore": null, "credHelpers": null}"#;
        assert_eq!(header(nulls, "ghcr.io").await, None);
        assert_eq!(header(r#"{"auths": {"ghcr.io": null}}"#, "ghcr.io").await, None);
        assert_eq!(header(r#"{"auths": {"ghcr.io": {"auth": null}}}"#, "ghcr.io").await, None);
        assert!(look_up(None, &Programs::default(), "ghcr.io").await.credentials.is_none());
    }

    #[tokio::test]
    async fn invalid_entries_are_reported_without_the_secret() {
        let lookup = from(r#"{"auths": {"ghcr.io": {"auth": "c2VjcmV0"}}}"#, "ghcr.io").await;
        let trouble = lookup.trouble.unwrap();
        assert_eq!(trouble, "the `auth` of ghcr.io in `config.json` is not base64 of `user:password`");
        let lookup = from(r#"{"credHelpers": {"ghcr.io": "is-not-there"}}"#, "ghcr.io").await;
        assert!(lookup.trouble.unwrap().starts_with("cannot run `docker-credential-is-not-there`"));
    }

    #[tokio::test]
    async fn all_credentials_fit_into_one_file() {
        let directory = tempfile::tempdir().unwrap();
        let auth = STANDARD.encode("ana:pw");
        let config = format!(
            r#"{{"auths": {{"a": {{"auth": "{auth}"}}, "b": {{"identitytoken": "t"}}, "c": {{}}}}}}"#
        );
        std::fs::write(directory.path().join("config.json"), config).unwrap();
        let all = all(Some(directory.path()), &Programs::default()).await.unwrap();
        assert_eq!(all, format!(r#"{{"auths":{{"a":{{"auth":"{auth}"}},"b":{{"identitytoken":"t"}}}}}}"#));
    }

    /// A helper that answers with this shell script, and its directory.
    fn helper(script: &str) -> (tempfile::TempDir, String) {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("docker-credential-test");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        let program = program.to_str().unwrap().to_owned();
        (directory, program)
    }

    async fn ask(script: &str) -> Result<Option<Credentials>, String> {
        let (_directory, program) = helper(script);
        ask_helper(&program, &Programs::default(), "reg.example").await
    }

    #[tokio::test]
    async fn a_helper_that_hangs_times_out_whatever_the_request() {
        let (_directory, program) = helper("exec sleep 1000");
        let error =
            list_of_helper(&program, &Programs::default(), Duration::from_millis(50)).await.unwrap_err();
        assert!(error.ends_with("printed nothing for 0.05 seconds"), "{error}");
    }

    #[tokio::test]
    async fn a_helper_is_asked_for_the_server() {
        let script = r#"[ "$1" = get ] && read server; printf '{"ServerURL":"%s","Username":"u","Secret":"%s!"}' x "$server""#;
        let credentials = ask(script).await.unwrap().unwrap();
        assert_eq!((credentials.username.as_str(), credentials.password.as_str()), ("u", "reg.example!"));
        let token = ask(r#"echo '{"Username":"<token>","Secret":"t"}'"#).await.unwrap().unwrap();
        assert_eq!((token.username.as_str(), token.identity_token.as_str()), ("", "t"));
    }

    #[tokio::test]
    async fn a_helper_that_knows_nothing_means_anonymous() {
        assert!(ask("echo credentials not found in native keychain; exit 1").await.unwrap().is_none());
        let error = ask("echo the key ring is locked; exit 1").await.err().unwrap();
        assert!(error.ends_with("failed: the key ring is locked"), "{error}");
        let error = ask("echo hunter2").await.err().unwrap();
        assert!(error.ends_with("did not answer as a credential helper does"), "{error}");
    }
}
