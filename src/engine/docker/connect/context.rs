//! In: the name of a context of the Docker CLI. Out: its endpoint.
//! Must not: decide which context is meant.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{Endpoint, Origin, Tls, Variables, config_folder, not_an_address, parse_host};
use crate::diagnostic::suggest::{closest, one_of};
use crate::engine::EngineError;
use crate::source::{ReadError, Sources};

/// A context's `meta.json`, as far as it is needed.
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
    let folder = config_folder(variables.0).map(|folder| folder.join("contexts"));
    let unknown = || EngineError::NoAddress {
        message: format!("no Docker context is named `{name}` (chosen by {chosen_by})"),
        advice: other_contexts(name, folder.as_deref(), chosen_by),
    };
    let unusable = |message: String| EngineError::NoAddress {
        message,
        advice: format!("`docker context inspect {name}` shows it; {}", another_by(chosen_by)),
    };
    let folder = folder.as_deref().ok_or_else(unknown)?;
    // The Docker CLI names a context's folder by the digest of the context's name.
    let digest: String = Sha256::digest(name).iter().map(|byte| format!("{byte:02x}")).collect();
    let meta: ContextMeta = read_json(&folder.join("meta").join(&digest).join("meta.json"))
        .map_err(unusable)?
        .ok_or_else(unknown)?;
    let endpoint = meta
        .endpoints
        .get("docker")
        .ok_or_else(|| unusable(format!("the Docker context `{name}` has no Docker endpoint")))?;
    let certificates = folder.join("tls").join(&digest).join("docker");
    let has_certificates = certificates.is_dir();
    // The Docker CLI, which reads them, would wait for a named pipe.
    for name in ["ca.pem", "cert.pem", "key.pem"] {
        match Sources::check(&certificates.join(name)) {
            Ok(()) | Err(ReadError::Missing(_)) => {}
            Err(error) => return Err(unusable(error.to_string())),
        }
    }
    let tls =
        if has_certificates || endpoint.skips_tls_verify { Tls::Context(name.to_owned()) } else { Tls::None };
    let origin = Origin::Context { name: name.to_owned(), chosen_by };
    parse_host(&endpoint.host, tls).map_err(|advice| not_an_address(&endpoint.host, &origin, &advice))
}

/// How another context is chosen.
fn another_by(chosen_by: &str) -> &'static str {
    match chosen_by {
        "DOCKER_CONTEXT" => "set DOCKER_CONTEXT to choose another one",
        _ => "choose another one by `docker context use`",
    }
}

/// The contexts that there are.
fn other_contexts(name: &str, folder: Option<&Path>, chosen_by: &str) -> String {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "Name")]
        name: String,
    }
    let entries = folder.and_then(|folder| std::fs::read_dir(folder.join("meta")).ok());
    let entries = entries.into_iter().flatten().flatten();
    // One that cannot be read is none that could be chosen.
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

/// Nothing where no file is. The error is in words for people.
fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, String> {
    let text = match Sources::bytes(path) {
        Ok(text) => text,
        Err(ReadError::Missing(_)) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|error| format!("cannot understand `{}`: {error}", path.display()))
}
