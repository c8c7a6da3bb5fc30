//! A container's final environment: its env files, overridden by `environment`.
//!
//! Compose Specification, "env_file" and "environment". Env files and `environment` override only
//! the image's own values; a name without a value is taken from the caller's environment.

use std::collections::BTreeMap;
use std::path::Path;

use crate::diagnostic::{Diagnostics, code};
use crate::document::{Document, report_env_problems, report_label_file_problems};
use crate::source::{
    self, EnvEntry, EnvFormat, Environment, FileId, ReadError, Sources, Span, Spanned, parse_env_file_over,
};
use crate::topology::attribute::Named;
use crate::topology::name::ServiceName;
use crate::topology::paths;
use crate::topology::service::Service;
use crate::topology::service::env_file::{EnvFile, EnvFileFormat};
use crate::topology::value::Pairs;

type Values = BTreeMap<String, Spanned<Option<String>>>;

/// Completes the environment and labels of services from files and from the caller. Returns where
/// env files set variables, by name, the first place of each.
pub(super) fn resolve(
    services: &mut BTreeMap<ServiceName, Named<Box<Service>>>,
    document: &Document,
    environment: &Environment,
    sources: &mut Sources,
    found: &mut Diagnostics,
) -> BTreeMap<String, Span> {
    let mut reader = Reader { document, environment, sources, found, lines: Vec::new() };
    let mut set_at = BTreeMap::new();
    for service in services.values_mut() {
        reader.complete_environment(&mut service.value);
        let is_set = |line: &EnvEntry| line.value.as_ref().is_some_and(|value| !value.is_empty());
        for line in reader.lines.drain(..).filter(is_set) {
            set_at.entry(line.name.value).or_insert(line.name.span);
        }
        reader.complete_labels(&mut service.value);
        reader.lines.clear();
    }
    set_at
}

/// Which of a service's files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinesOf {
    /// `env_file`.
    EnvFiles,
    /// `label_file`.
    LabelFiles,
}

/// The lines of a service's files. `service` is as before [`resolve`].
pub(super) fn file_lines(
    files: LinesOf,
    service: &Service,
    document: &Document,
    environment: &Environment,
    sources: &mut Sources,
) -> Vec<EnvEntry> {
    // `resolve` reports what is wrong with a file.
    let found = &mut Diagnostics::default();
    let mut reader = Reader { document, environment, sources, found, lines: Vec::new() };
    let service = &mut service.clone();
    match files {
        LinesOf::EnvFiles => reader.complete_environment(service),
        LinesOf::LabelFiles => reader.complete_labels(service),
    }
    reader.lines
}

struct Reader<'a> {
    document: &'a Document,
    environment: &'a Environment,
    sources: &'a mut Sources,
    found: &'a mut Diagnostics,
    /// The lines read for the current service.
    lines: Vec<EnvEntry>,
}

impl Reader<'_> {
    fn complete_environment(&mut self, service: &mut Service) {
        let mut own = std::mem::take(&mut service.environment.0);
        for (name, value) in &mut own {
            if value.value.is_none() {
                // The caller of an included file is the file that includes it, with the env files
                // of the `include` entry.
                let caller = self.document.environment(value.span.file).unwrap_or(self.environment);
                value.value = caller.value(name).map(str::to_owned);
            }
        }
        let mut values = Values::new();
        for file in &service.env_file.0 {
            let help = "create it, or let it be missing: `{path: FILE, required: false}`";
            let Some(id) = self.open(file, "needed for the environment of this service", help) else {
                continue;
            };
            // The caller's values win, then the service's, then the file's, then those of earlier
            // files.
            let environment = self.environment;
            let known = |name: &str| environment.value(name).or_else(|| text(&own, name));
            let read = self.parse(id, file, &known, &values);
            report_env_problems(&read.problems, environment, self.found);
            let read = read.entries;
            for EnvEntry { name, value } in read {
                // A bare name takes the caller's value, and is left out when the caller has none.
                let written = value.as_ref().map(|value| value.value.as_str());
                let Some(text) = written.or_else(|| environment.value(&name.value)) else { continue };
                let span = value.as_ref().map_or(name.span, |value| value.span);
                values.insert(name.value, Spanned::new(Some(text.to_owned()), span));
            }
        }
        values.append(&mut own);
        service.environment = Pairs(values);
    }

    /// Labels of files are overridden by `labels`. Their values cannot refer to the caller's
    /// variables.
    fn complete_labels(&mut self, service: &mut Service) {
        let mut labels = Values::new();
        for path in &service.label_file.0 {
            let file = EnvFile { path: path.clone(), required: true, format: None };
            let Some(id) = self.open(&file, "needed for the labels of this service", "create it") else {
                continue;
            };
            let read = self.parse(id, &file, &|_| None, &labels);
            report_label_file_problems(&read.problems, self.found);
            for EnvEntry { name, value } in read.entries {
                let span = value.as_ref().map_or(name.span, |value| value.span);
                let value = value.map_or_else(String::new, |value| value.value);
                labels.insert(name.value, Spanned::new(Some(value), span));
            }
        }
        labels.append(&mut service.labels.0);
        service.labels = Pairs(labels);
    }

    fn open(&mut self, file: &EnvFile, why: &str, help: &str) -> Option<FileId> {
        // Docker Compose takes an empty path for a missing file, not for the directory.
        if file.path.is_empty() && !file.required {
            return None;
        }
        let home = self.environment.value("HOME").map(Path::new);
        let path = paths::join_home(self.document.base(file.path.span.file), home, &file.path.value);
        let shown = self.sources.file_system().shown(Path::new(&path));
        match self.sources.read_as(Path::new(&path), &shown) {
            Ok(id) => {
                self.sources.mark_env_file(id);
                Some(id)
            }
            Err(ReadError::Missing(_)) if !file.required => None,
            Err(error) => {
                let (code, help) = match error {
                    ReadError::Missing(_) | ReadError::Remote(..) => (code::MISSING_FILE, help),
                    ReadError::NotUtf8 { .. } => (code::BAD_ENCODING, "save it as UTF-8"),
                    ReadError::NotAFile(_) => {
                        (code::MISSING_FILE, "name a file; `/dev/null` is an empty one")
                    }
                    ReadError::TooLarge(_) => (code::MISSING_FILE, "name a smaller file"),
                    ReadError::Io { .. } => (code::MISSING_FILE, "name a file that can be read"),
                };
                self.found.error(code, error.to_string()).label(file.path.span, why).help(help);
                None
            }
        }
    }

    fn parse<'b>(
        &mut self,
        id: FileId,
        file: &EnvFile,
        lookup: &dyn Fn(&str) -> Option<&'b str>,
        earlier: &Values,
    ) -> source::EnvFile {
        let format = match file.format {
            Some(EnvFileFormat::Raw) => EnvFormat::Raw,
            None => EnvFormat::DotEnv,
        };
        let earlier = earlier.iter().filter_map(|(name, value)| Some((name.clone(), value.value.clone()?)));
        let read = parse_env_file_over(self.sources, id, format, lookup, earlier.collect());
        self.lines.extend(read.entries.iter().cloned());
        read
    }
}

fn text<'a>(values: &'a Values, name: &str) -> Option<&'a str> {
    values.get(name)?.value.as_deref()
}
