//! What a container's environment is in the end: its env files, and over them `environment`.
//!
//! Compose Specification, "env_file" and "environment". Values of env files and of `environment`
//! win over nothing but the image's own; a name without a value is the caller's.

use std::collections::BTreeMap;
use std::path::Path;

use crate::diagnostic::{Diagnostics, code};
use crate::document::report_env_problems;
use crate::source::{EnvEntry, EnvFormat, Environment, ReadError, Sources, Spanned, parse_env_file};
use crate::topology::attribute::Named;
use crate::topology::service::Service;
use crate::topology::service::env_file::{EnvFile, EnvFileFormat};
use crate::topology::value::Pairs;

type Values = BTreeMap<String, Spanned<Option<String>>>;

/// Completes the environment and labels of services from files and from the caller.
pub fn resolve(
    services: &mut BTreeMap<String, Named<Service>>,
    environment: &Environment,
    sources: &mut Sources,
    found: &mut Diagnostics,
) {
    for service in services.values_mut() {
        let service = &mut service.value;
        let mut values = Values::new();
        for file in &service.env_file.0 {
            read_env_file(file, &mut values, environment, sources, found);
        }
        values.append(&mut service.environment.0);
        for (name, value) in &mut values {
            if value.value.is_none() {
                value.value = environment.value(name).map(str::to_owned);
            }
        }
        service.environment = Pairs(values);
        read_label_files(service, environment, sources, found);
    }
}

fn read_env_file(
    file: &EnvFile,
    values: &mut Values,
    environment: &Environment,
    sources: &mut Sources,
    found: &mut Diagnostics,
) {
    let EnvFile { path, required, format } = file;
    let id = match sources.read(Path::new(&path.value)) {
        Ok(id) => id,
        Err(ReadError::Missing(_)) if !required => return,
        Err(error) => {
            let diagnostic = found.error(code::MISSING_FILE, error.to_string());
            diagnostic.label(path.span, "needed for the environment of this service");
            diagnostic.help("create it, or write `path:` and `required: false`");
            return;
        }
    };
    let format = match format {
        Some(EnvFileFormat::Raw) => EnvFormat::Raw,
        None => EnvFormat::DotEnv,
    };
    // What earlier files set can be used by later ones; the caller's own values win.
    let read = {
        let lookup = |name: &str| {
            let earlier = || values.get(name).and_then(|value| value.value.as_deref());
            environment.value(name).or_else(earlier)
        };
        parse_env_file(sources, id, format, &lookup)
    };
    report_env_problems(&read.problems, environment, found);
    for EnvEntry { name, value } in read.entries {
        let text = match &value {
            Some(value) => Some(value.value.clone()),
            None => environment.value(&name.value).map(str::to_owned),
        };
        // A bare name that the caller does not have is left out.
        if text.is_some() {
            let span = value.map_or(name.span, |value| value.span);
            values.insert(name.value, Spanned::new(text, span));
        }
    }
}

/// Labels of files come before those of `labels`, which win.
fn read_label_files(
    service: &mut Service,
    environment: &Environment,
    sources: &mut Sources,
    found: &mut Diagnostics,
) {
    let mut labels = Values::new();
    for path in &service.label_file.0 {
        let file = EnvFile { path: path.clone(), required: true, format: None };
        read_env_file(&file, &mut labels, environment, sources, found);
    }
    labels.append(&mut service.labels.0);
    service.labels = Pairs(labels);
}
