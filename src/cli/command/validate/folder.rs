//! In: a directory. Out: the topologies in it and in the directories below it.
//! Must not: check them.
//!
//! A directory of a repository holds other YAML as well: settings of a monitoring system, workflows of a CI system. A file is a
//! topology when its name is one of Compose's, or when it declares services or includes files as topologies do.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};

use crate::source::{DEFAULT_NAMES, OVERRIDE_NAMES, cleaned};

/// The files of each topology, sorted: those that are merged stand together. Hidden directories and those of installed
/// packages are left out, and links to directories are not followed.
///
/// # Errors
///
/// When the directory itself cannot be read.
pub(super) fn topologies_below(folder: &Path) -> io::Result<Vec<Vec<PathBuf>>> {
    let folders = files_below(folder)?;
    let brought_in: BTreeSet<PathBuf> = folders.iter().flatten().flat_map(TopologyFile::brought_in).collect();
    // What others extend, and what cannot stand alone, is checked with them.
    let is_a_part = |file: &TopologyFile| file.is_incomplete() && brought_in.contains(&cleaned(&file.path));
    let whole = folders.into_iter().map(|files| files.into_iter().filter(|file| !is_a_part(file)).collect());
    Ok(whole.flat_map(|files: Vec<TopologyFile>| side_by_side(&files)).collect())
}

/// The files of each directory that are topologies, or parts of some.
fn files_below(folder: &Path) -> io::Result<Vec<Vec<TopologyFile>>> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in entries {
        let path = without_dot(entry.path());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => folders.push(path),
            _ if path.is_file() => files.extend(TopologyFile::read(path)),
            _ => {}
        }
    }
    let mut found = vec![files];
    for folder in folders.iter().filter(|folder| !is_left_out(folder)) {
        // One that may not be read holds none of the reader's own topologies.
        found.extend(files_below(folder).unwrap_or_default());
    }
    Ok(found)
}

fn without_dot(path: PathBuf) -> PathBuf {
    path.strip_prefix(".").map(Path::to_owned).unwrap_or(path)
}

fn is_left_out(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') || name == "node_modules"
}

/// The topologies of one directory: what is merged over another file is checked together with it.
fn side_by_side(files: &[TopologyFile]) -> Vec<Vec<PathBuf>> {
    let base = DEFAULT_NAMES.iter().find_map(|name| files.iter().find(|file| file.name() == *name));
    let over = OVERRIDE_NAMES.iter().find_map(|name| files.iter().find(|file| file.name() == *name));
    let joined = |file: &TopologyFile| match base {
        Some(base) if file.path == base.path => {
            [Some(base), over].into_iter().flatten().map(|file| file.path.clone()).collect()
        }
        Some(base) if file.is_override_of(base) => vec![base.path.clone(), file.path.clone()],
        Some(_) => vec![file.path.clone()],
        // Without a file that is always read, it may be one of the same family: `compose.base.yaml`.
        None => {
            let is_base = |base: &&TopologyFile| {
                base.path != file.path && base.family() == file.family() && file.is_completed_by(base)
            };
            let base = files.iter().find(is_base);
            base.into_iter().chain([file]).map(|file| file.path.clone()).collect()
        }
    };
    let is_merged = |file: &&TopologyFile| base.is_some() && over.is_some_and(|over| over.path == file.path);
    files.iter().filter(|file| !is_merged(file)).map(joined).collect()
}

/// A file that is a topology, or a part of one.
struct TopologyFile {
    path: PathBuf,
    services: Mapping,
    included: Value,
}

impl TopologyFile {
    /// Nothing where the file is something else.
    fn read(path: PathBuf) -> Option<Self> {
        let end = path.extension()?.to_str()?;
        let name = path.file_name()?.to_str()?;
        if !matches!(end, "yaml" | "yml") || name.starts_with('.') {
            return None;
        }
        let is_named = ["compose", "docker-compose"].iter().any(|stem| {
            name.strip_prefix(stem).is_some_and(|rest| rest.starts_with('.') || rest.starts_with('-'))
        });
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let top: Option<Mapping> = serde_yaml::from_str(&text).ok();
        let services = top.as_ref().and_then(|top| top.get("services")).and_then(Value::as_mapping).cloned();
        let is_topology = match &top {
            Some(top) => services.as_ref().is_some_and(|services| declares(services, top)) || includes(top),
            // A file with a mistake is read as far as its first words; a template is no YAML before it is filled in.
            None => text.lines().any(|line| line.starts_with("services:")) && !text.contains("{{"),
        };
        let included = top.as_ref().and_then(|top| top.get("include")).cloned().unwrap_or_default();
        (is_named || is_topology).then(|| Self { path, services: services.unwrap_or_default(), included })
    }

    fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// `compose` of `compose.prod.yaml`.
    fn family(&self) -> &str {
        self.name().split('.').next().unwrap_or_default()
    }

    /// Whether it changes services that the other file declares, and could not stand alone.
    fn is_override_of(&self, base: &TopologyFile) -> bool {
        self.incomplete().any(|name| base.services.contains_key(name))
    }

    /// Whether the other file has all that services of this one lack.
    fn is_completed_by(&self, base: &TopologyFile) -> bool {
        let is_complete =
            |name: &Value| base.services.get(name).is_some_and(|service| !lacks_origin(service));
        self.is_incomplete() && self.incomplete().all(is_complete)
    }

    fn is_incomplete(&self) -> bool {
        self.incomplete().next().is_some()
    }

    /// The services that could not be run.
    fn incomplete(&self) -> impl Iterator<Item = &Value> {
        self.services.iter().filter(|(_, service)| lacks_origin(service)).map(|(name, _)| name)
    }

    /// The files that it extends or includes.
    fn brought_in(&self) -> Vec<PathBuf> {
        let extended = self.services.values().filter_map(|service| service.get("extends")?.get("file"));
        let included = self.included.as_sequence().into_iter().flatten();
        let included = included.map(|entry| entry.get("path").unwrap_or(entry));
        let one_or_more = |value: &Value| match value.as_sequence() {
            Some(values) => values.clone(),
            None => vec![value.clone()],
        };
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let paths = extended.chain(included).flat_map(one_or_more);
        paths.filter_map(|path| Some(cleaned(&folder.join(path.as_str()?)))).collect()
    }
}

/// Where the container of a service comes from.
const ORIGINS: [&str; 4] = ["image", "build", "extends", "provider"];

fn lacks_origin(service: &Value) -> bool {
    service.as_mapping().is_none_or(|service| !ORIGINS.iter().any(|key| service.contains_key(*key)))
}

/// What other files begin with that may have `services`: descriptions of interfaces, and objects of Kubernetes.
const FOREIGN: [&str; 5] = ["openapi", "swagger", "asyncapi", "apiVersion", "kind"];

/// Whether its services are those of a topology.
fn declares(services: &Mapping, top: &Mapping) -> bool {
    let is_foreign = FOREIGN.iter().any(|key| top.contains_key(*key));
    // A template that happens to be YAML has mappings for keys: `{{ .Values.services }}`.
    let is_template = services.keys().any(|name| !name.is_string() && !name.is_number() && !name.is_bool());
    let is_known = |key: &Value| key.as_str() == Some("services") || is_known_at_the_top(key);
    let is_one = top.keys().all(is_known) || services.values().any(|service| !lacks_origin(service));
    !is_foreign && !is_template && is_one
}

/// Whether it is made of other topologies: other tools have an `include` beside keys of their own.
fn includes(top: &Mapping) -> bool {
    top.get("include").is_some_and(Value::is_sequence) && top.keys().all(is_known_at_the_top)
}

fn is_known_at_the_top(key: &Value) -> bool {
    let known = ["include", "name", "version", "networks", "volumes", "configs", "secrets", "models"];
    key.as_str().is_some_and(|key| known.contains(&key) || key.starts_with("x-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEB: &str = "services: {web: {image: nginx}}";

    #[test]
    fn other_yaml_is_left_out_and_what_belongs_together_is_merged() {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("compose.yaml", WEB),
            ("compose.override.yaml", "services: {web: {tty: true}}"),
            ("compose.prod.yaml", "services: {web: {restart: always}}"),
            ("prometheus.yml", "global: {scrape_interval: 5s}"),
            (".gitlab-ci.yml", "services: {a: b}"),
            ("workflow.yml", "on: push\njobs: {}"),
            ("pipeline.yaml", "include: [other.yaml]\nstages: [test]"),
            ("all.yaml", "include: [compose.yaml]"),
            ("shop.yaml", WEB),
            ("broken.yaml", "services:\n  web: ["),
            ("notes.txt", WEB),
            ("compose.dev.yaml", "x: ["),
            ("typo.yaml", "services: {shop: {imge: nginx}}"),
            ("openapi.yaml", "openapi: 3.1.0\ninfo: {}\nservices: {a: {url: b}}"),
            ("catalogue.yaml", "teams: []\nservices: {a: {owner: b}}"),
            ("chart/templates/a.yaml", "services:\n{{- range .Values.a }}\n  a: {{ . }}\n{{- end }}"),
            ("chart/templates/b.yaml", "services: {{ .Values.services }}"),
            ("common/base.yaml", "services: {z: {environment: {A: 1}}}"),
            ("common/whole.yaml", "services: {z: {image: nginx}}"),
            ("parts/web.yaml", "services: {web: {ports: ['80:80']}}"),
            ("parts/shop.yaml", "include: [{path: [../shop.yaml, web.yaml]}]"),
            ("split/compose.base.yaml", WEB),
            ("split/compose.prod.yaml", "services: {web: {restart: always}}"),
            ("split/more.yaml", "services: {web: {tty: true}}"),
            ("svc/stack.yaml", "services: {a: {image: x, extends: {file: ../common/base.yaml, service: z}}}"),
            ("svc/other.yaml", "services: {a: {extends: {file: ../common/whole.yaml, service: z}}}"),
            ("api/compose.yml", WEB),
            ("api/deep/er/docker-compose.yaml", WEB),
            (".git/compose.yaml", WEB),
            ("node_modules/a/compose.yaml", WEB),
        ] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let found = topologies_below(folder.path()).unwrap();
        let shown = |path: &PathBuf| path.strip_prefix(folder.path()).unwrap().display().to_string();
        let found: Vec<String> =
            found.iter().map(|files| files.iter().map(shown).collect::<Vec<_>>().join(" + ")).collect();
        assert_eq!(
            found,
            [
                "all.yaml",
                "broken.yaml",
                "compose.dev.yaml",
                "compose.yaml + compose.prod.yaml",
                "compose.yaml + compose.override.yaml",
                "shop.yaml",
                "typo.yaml",
                "api/compose.yml",
                "api/deep/er/docker-compose.yaml",
                "common/whole.yaml",
                "parts/shop.yaml",
                "split/compose.base.yaml",
                "split/compose.base.yaml + split/compose.prod.yaml",
                "split/more.yaml",
                "svc/other.yaml",
                "svc/stack.yaml",
            ]
        );
    }
}
