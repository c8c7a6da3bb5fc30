//! What is in secrets and configs. Contents are kept apart from the topology, so that no canonical
//! form, label or message can show them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::diagnostic::{Diagnostics, code};
use crate::source::{Environment, Sources, Spanned};
use crate::topology::attribute::Named;
use crate::topology::file::{Config, Secret};

/// What is in one secret or config.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// Where it is.
    pub place: ContentPlace,
    /// A short name for it: two contents are the same when their fingerprints are.
    pub fingerprint: String,
}

/// Where a content is.
#[derive(Clone, PartialEq, Eq)]
pub enum ContentPlace {
    /// In a file of this machine.
    File(PathBuf),
    /// Here.
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
    pub secrets: BTreeMap<String, Content>,
    /// Of configs.
    pub configs: BTreeMap<String, Content>,
}

/// Looks contents up. `is_used` says which keys any active service uses: only those must be there.
pub fn resolve(
    secrets: &BTreeMap<String, Named<Secret>>,
    configs: &BTreeMap<String, Named<Config>>,
    is_used: &dyn Fn(&str, &str) -> bool,
    environment: &Environment,
    found: &mut Diagnostics,
) -> Contents {
    let mut contents = Contents::default();
    for (key, secret) in secrets.iter().filter(|(key, _)| is_used("secret", key)) {
        let Secret { file, environment: variable, external, .. } = &secret.value;
        let origin = Origin { kind: "secret", key, at: secret.key, is_external: external.is_external };
        let content = origin.content(file.as_ref(), variable.as_ref(), None, environment, found);
        contents.secrets.extend(content.map(|content| (key.clone(), content)));
    }
    for (key, config) in configs.iter().filter(|(key, _)| is_used("config", key)) {
        let Config { file, environment: variable, content, external, .. } = &config.value;
        let origin = Origin { kind: "config", key, at: config.key, is_external: external.is_external };
        let content = origin.content(file.as_ref(), variable.as_ref(), content.as_ref(), environment, found);
        contents.configs.extend(content.map(|content| (key.clone(), content)));
    }
    contents
}

/// Whose content is looked up.
struct Origin<'a> {
    kind: &'a str,
    key: &'a str,
    at: crate::source::Span,
    is_external: bool,
}

impl Origin<'_> {
    fn content(
        &self,
        file: Option<&Spanned<String>>,
        variable: Option<&Spanned<String>>,
        inline: Option<&Spanned<String>>,
        environment: &Environment,
        found: &mut Diagnostics,
    ) -> Option<Content> {
        let Origin { kind, key, at, is_external } = *self;
        // Nobody here knows what is in it.
        if is_external {
            return None;
        }
        let sources: Vec<&Spanned<String>> = [file, variable, inline].into_iter().flatten().collect();
        match sources.as_slice() {
            [_] => {}
            [] => {
                found
                    .error(code::MISSING_ATTRIBUTE, format!("{kind} `{key}` has no content"))
                    .label(at, "where its content comes from is not said")
                    .help("add `file: PATH` or `environment: NAME`");
                return None;
            }
            [first, second, ..] => {
                found
                    .error(code::CONFLICT, format!("{kind} `{key}` has more than one content"))
                    .label(second.span, "one too many")
                    .label(first.span, "the first one");
                return None;
            }
        }
        if let Some(path) = file {
            return of_file(kind, path, found);
        }
        if let Some(name) = variable {
            let value = environment.value(name);
            if value.is_none() {
                found
                    .error(code::REQUIRED_VARIABLE, format!("the variable `{name}` is not set"))
                    .label(name.span, format!("the {kind} `{key}` is taken from it"))
                    .help(format!("set it: `{name}=... topo up`, or in `.env`"));
            }
            return value.map(of_text);
        }
        inline.map(|text| of_text(text))
    }
}

fn of_text(text: &str) -> Content {
    Content { place: ContentPlace::Text(text.to_owned()), fingerprint: fingerprint(text.as_bytes()) }
}

fn of_file(kind: &str, path: &Spanned<String>, found: &mut Diagnostics) -> Option<Content> {
    match Sources::bytes(Path::new(&path.value)) {
        Ok(bytes) => {
            let place = ContentPlace::File(PathBuf::from(&path.value));
            Some(Content { place, fingerprint: fingerprint(&bytes) })
        }
        Err(error) => {
            found
                .error(code::MISSING_FILE, error.to_string())
                .label(path.span, format!("the content of this {kind} is taken from it"));
            None
        }
    }
}

fn fingerprint(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
