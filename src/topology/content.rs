//! The contents of secrets and configs. They are kept apart from the topology, so that no canonical
//! form, label or message can show them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::diagnostic::{Diagnostics, code};
use crate::document::Document;
use crate::source::{Environment, FileSystem, ReadError, Spanned};
use crate::topology::Sections;
use crate::topology::attribute::Named;
use crate::topology::file::{Config, Secret};
use crate::topology::name::{ConfigKey, SecretKey, ServiceName};
use crate::topology::service::{ContainerFile, Service};

/// The content of a secret or config.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// Where it is.
    pub place: ContentPlace,
    /// A digest: two contents are the same when their fingerprints are.
    pub fingerprint: String,
}

/// Where a content is.
#[derive(Clone, PartialEq, Eq)]
pub enum ContentPlace {
    /// In a file on this machine.
    File(PathBuf),
    /// In memory.
    Text(String),
}

impl fmt::Debug for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may be a secret.
        formatter.write_str("Content(..)")
    }
}

/// The contents of a topology's secrets and configs, by their keys.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// Of secrets.
    pub secrets: BTreeMap<SecretKey, Content>,
    /// Of configs.
    pub configs: BTreeMap<ConfigKey, Content>,
}

/// Looks up the contents that active services use.
///
/// A missing content is a warning: it matters only once the topology is run.
pub(super) fn resolve(
    sections: &Sections,
    services: &BTreeMap<ServiceName, Named<Box<Service>>>,
    document: &Document,
    environment: &Environment,
    file_system: &FileSystem,
    found: &mut Diagnostics,
) -> Contents {
    // An included file has its own variables.
    let variables = |name: Option<&Spanned<String>>| {
        name.and_then(|name| document.environment(name.span.file)).unwrap_or(environment)
    };
    let mut contents = Contents::default();
    let mut secrets_used = sources(services, |service| &service.secrets);
    secrets_used.extend(sources(services, |service| match &service.build {
        Some(build) => &build.secrets,
        None => &[],
    }));
    let configs_used = sources(services, |service| &service.configs);
    for (key, secret) in sections.secrets.iter().filter(|(key, _)| secrets_used.contains(key)) {
        let Secret { file, environment: variable, external, .. } = &secret.value;
        // The content of an external one is unknown.
        if !external.is_external {
            let origin = Origin {
                kind: "secret",
                key: key.as_str(),
                file: file.as_ref(),
                variable: variable.as_ref(),
                inline: None,
            };
            let content = origin.content(variables(variable.as_ref()), file_system, found);
            contents.secrets.extend(content.map(|content| (key.clone(), content)));
        }
    }
    for (key, config) in sections.configs.iter().filter(|(key, _)| configs_used.contains(key)) {
        let Config { file, environment: variable, content: inline, external, .. } = &config.value;
        if !external.is_external {
            let (file, variable, inline) = (file.as_ref(), variable.as_ref(), inline.as_ref());
            let origin = Origin { kind: "config", key: key.as_str(), file, variable, inline };
            let content = origin.content(variables(variable), file_system, found);
            contents.configs.extend(content.map(|content| (key.clone(), content)));
        }
    }
    contents
}

/// The keys that services use.
fn sources<'a, K: Ord>(
    services: &'a BTreeMap<ServiceName, Named<Box<Service>>>,
    files: impl Fn(&'a Service) -> &'a [Spanned<ContainerFile<K>>],
) -> BTreeSet<&'a K> {
    let used = services.values().flat_map(|service| files(&service.value));
    used.map(|file| &file.source.value).collect()
}

/// The source of a content: one of three, as checked elsewhere.
struct Origin<'a> {
    kind: &'a str,
    key: &'a str,
    file: Option<&'a Spanned<String>>,
    variable: Option<&'a Spanned<String>>,
    inline: Option<&'a Spanned<String>>,
}

impl Origin<'_> {
    fn content(
        &self,
        environment: &Environment,
        file_system: &FileSystem,
        found: &mut Diagnostics,
    ) -> Option<Content> {
        let Origin { kind, key, file, variable, inline } = *self;
        // An empty path or variable name is reported elsewhere.
        if let Some(path) = file {
            return if path.is_empty() { None } else { of_file(kind, key, path, file_system, found) };
        }
        let Some(name) = variable.filter(|name| !name.is_empty()) else {
            return inline.map(|text| of_text(text));
        };
        let value = environment.value(name);
        if value.is_none() {
            found
                .warning(code::REQUIRED_VARIABLE, format!("the variable `{}` is not set", name.value))
                .label(name.span, format!("the {kind} `{key}` is taken from it"))
                .help(how_to_set(name));
        }
        value.map(of_text)
    }
}

/// The help for a variable that is not set.
fn how_to_set(name: &str) -> String {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let is_name = name.chars().all(is_letter) && !name.starts_with(|first: char| first.is_ascii_digit());
    if is_name {
        return format!("set it: `{name}=... topo up`, or in `.env`");
    }
    let written = name.trim_start_matches('$').trim_start_matches('{').trim_end_matches('}');
    let similar: String =
        written.trim().chars().map(|letter| if is_letter(letter) { letter } else { '_' }).collect();
    let similar = similar.trim_start_matches(|first: char| first.is_ascii_digit());
    match similar.trim_matches('_') {
        "" => "write the name of a variable, such as `PASSWORD`".to_owned(),
        _ => format!("no shell can set one of this name: write a name such as `{similar}`"),
    }
}

fn of_text(text: &str) -> Content {
    Content { place: ContentPlace::Text(text.to_owned()), fingerprint: fingerprint(text.as_bytes()) }
}

fn of_file(
    kind: &str,
    key: &str,
    path: &Spanned<String>,
    file_system: &FileSystem,
    found: &mut Diagnostics,
) -> Option<Content> {
    match file_system.bytes(Path::new(&path.value)) {
        Ok(bytes) => {
            let place = ContentPlace::File(PathBuf::from(&path.value));
            Some(Content { place, fingerprint: fingerprint(&bytes) })
        }
        Err(error) => {
            let message = match &error {
                ReadError::Missing(path) => format!("`{}` does not exist", file_system.shown(path).display()),
                _ => error.to_string(),
            };
            found
                .warning(code::MISSING_FILE, message)
                .label(path.span, format!("the {kind} `{key}` is taken from it"))
                .help(format!(
                    "create the file, or correct the path: no service that uses the {kind} starts without it"
                ));
            None
        }
    }
}

fn fingerprint(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
