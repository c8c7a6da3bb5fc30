//! In: a folder. Out: the topologies in it and in the folders below it.
//! Must not: check them.
//!
//! A folder of a repository holds other YAML as well: settings of a monitoring system, workflows of a CI system. A file is a
//! topology when its name is one of Compose's, or when it declares services or includes files as topologies do.

use std::io;
use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};

use crate::source::{DEFAULT_NAMES, OVERRIDE_NAMES};

/// The files of each topology, sorted: those that are merged stand together. Hidden folders and those of installed
/// packages are left out, and links to folders are not followed.
///
/// # Errors
///
/// When the folder itself cannot be read.
pub(super) fn topologies_below(folder: &Path) -> io::Result<Vec<Vec<PathBuf>>> {
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
    let mut topologies = side_by_side(&files);
    for folder in folders.iter().filter(|folder| !is_left_out(folder)) {
        // One that may not be read holds none of the reader's own topologies.
        topologies.extend(topologies_below(folder).unwrap_or_default());
    }
    Ok(topologies)
}

fn without_dot(path: PathBuf) -> PathBuf {
    path.strip_prefix(".").map(Path::to_owned).unwrap_or(path)
}

fn is_left_out(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') || name == "node_modules"
}

/// The topologies of one folder: what is merged over another file is checked together with it.
fn side_by_side(files: &[TopologyFile]) -> Vec<Vec<PathBuf>> {
    let base = DEFAULT_NAMES.iter().find_map(|name| files.iter().find(|file| file.name() == *name));
    let over = OVERRIDE_NAMES.iter().find_map(|name| files.iter().find(|file| file.name() == *name));
    let joined = |file: &TopologyFile| match base {
        Some(base) if file.path == base.path => {
            [Some(base), over].into_iter().flatten().map(|file| file.path.clone()).collect()
        }
        Some(base) if file.is_override_of(base) => vec![base.path.clone(), file.path.clone()],
        _ => vec![file.path.clone()],
    };
    let is_merged = |file: &&TopologyFile| base.is_some() && over.is_some_and(|over| over.path == file.path);
    files.iter().filter(|file| !is_merged(file)).map(joined).collect()
}

/// A file that is a topology, or a part of one.
struct TopologyFile {
    path: PathBuf,
    services: Mapping,
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
            Some(top) => services.is_some() || includes(top),
            // A file with a mistake is read as far as its first words.
            None => text.lines().any(|line| line.starts_with("services:")),
        };
        (is_named || is_topology).then(|| Self { path, services: services.unwrap_or_default() })
    }

    fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// Whether it changes services that the other file declares, and could not stand alone.
    fn is_override_of(&self, base: &TopologyFile) -> bool {
        let is_incomplete = |service: &Value| {
            let keys = ["image", "build", "extends", "provider"];
            service.as_mapping().is_none_or(|service| !keys.iter().any(|key| service.contains_key(*key)))
        };
        self.services.iter().any(|(name, service)| is_incomplete(service) && base.services.contains_key(name))
    }
}

/// Whether it is made of other topologies: other tools have an `include` beside keys of their own.
fn includes(top: &Mapping) -> bool {
    let known = ["include", "name", "version", "networks", "volumes", "configs", "secrets", "models"];
    let is_known =
        |key: &Value| key.as_str().is_some_and(|key| known.contains(&key) || key.starts_with("x-"));
    top.get("include").is_some_and(Value::is_sequence) && top.keys().all(is_known)
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
                "api/compose.yml",
                "api/deep/er/docker-compose.yaml",
            ]
        );
    }
}
