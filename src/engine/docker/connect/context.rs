//! In: the name of a Docker CLI context. Out: its endpoint. Must not: decide which context is used.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{Endpoint, Origin, Tls, Variables, config_directory, not_an_address, parse_host};
use crate::diagnostic::suggest::{closest, one_of};
use crate::engine::EngineError;
use crate::source::{FileSystem, ReadError};

/// The parts of a context's `meta.json` that are needed.
#[derive(Deserialize)]
struct ContextMeta {
    #[serde(rename = "Endpoints")]
    endpoints: BTreeMap<String, ContextEndpoint>,
}

#[derive(Deserialize)]
struct ContextEndpoint {
    #[serde(rename = "Host", default)]
    host: String,
    #[serde(rename = "SkipTLSVerify", default)]
    skips_tls_verify: bool,
}

/// The endpoint of a context.
pub(super) fn endpoint(
    variables: &Variables,
    name: &str,
    chosen_by: &'static str,
) -> Result<Endpoint, EngineError> {
    let directory = config_directory(variables.0).map(|directory| directory.join("contexts"));
    let unknown = || EngineError::NoAddress {
        message: format!("no Docker context is named `{name}` (chosen by {chosen_by})"),
        advice: other_contexts(name, directory.as_deref(), chosen_by),
    };
    let unusable = |message: String| EngineError::NoAddress {
        message,
        advice: format!("`docker context inspect {name}` shows it; {}", another_by(chosen_by)),
    };
    let directory = directory.as_deref().ok_or_else(unknown)?;
    // The Docker CLI names a context's directory by the digest of its name.
    let digest: String = Sha256::digest(name).iter().map(|byte| format!("{byte:02x}")).collect();
    let meta: ContextMeta = read_json(&directory.join("meta").join(&digest).join("meta.json"))
        .map_err(unusable)?
        .ok_or_else(unknown)?;
    let endpoint = meta
        .endpoints
        .get("docker")
        .ok_or_else(|| unusable(format!("the Docker context `{name}` has no Docker endpoint")))?;
    let certificates = directory.join("tls").join(&digest).join("docker");
    let has_certificates = certificates.is_dir();
    // The Docker CLI would block on a named pipe when it reads them.
    for name in ["ca.pem", "cert.pem", "key.pem"] {
        match FileSystem::default().check(&certificates.join(name)) {
            Ok(()) | Err(ReadError::Missing(_)) => {}
            Err(error) => return Err(unusable(error.to_string())),
        }
    }
    let tls =
        if has_certificates || endpoint.skips_tls_verify { Tls::Context(name.to_owned()) } else { Tls::None };
    let origin = Origin::Context { name: name.to_owned(), chosen_by };
    parse_host(&endpoint.host, tls).map_err(|advice| not_an_address(&endpoint.host, &origin, &advice))
}

/// How to choose another context.
fn another_by(chosen_by: &str) -> &'static str {
    match chosen_by {
        "DOCKER_CONTEXT" => "set DOCKER_CONTEXT to choose another one",
        _ => "choose another one by `docker context use`",
    }
}

/// The other existing contexts.
fn other_contexts(name: &str, directory: Option<&Path>, chosen_by: &str) -> String {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "Name")]
        name: String,
    }
    let entries = directory.and_then(|directory| std::fs::read_dir(directory.join("meta")).ok());
    let entries = entries.into_iter().flatten().flatten();
    // An unreadable one could not be chosen.
    let read = |entry: std::fs::DirEntry| read_json::<Named>(&entry.path().join("meta.json")).ok().flatten();
    let mut names: Vec<String> = entries.filter_map(read).map(|named| named.name).collect();
    names.push("default".to_owned());
    names.sort();
    let choose = match chosen_by {
        "DOCKER_CONTEXT" => "set DOCKER_CONTEXT to",
        _ => "`docker context use` chooses",
    };
    match closest(name, names.iter().map(String::as_str)) {
        Some(closest) => format!("did you mean `{closest}`?"),
        None => format!("{choose} {}", one_of(names.iter().map(String::as_str))),
    }
}

/// `None` if there is no file. The error is a text for users.
fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, String> {
    let text = match FileSystem::default().bytes(path) {
        Ok(text) => text,
        Err(ReadError::Missing(_)) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|error| format!("cannot understand `{}`: {error}", path.display()))
}
