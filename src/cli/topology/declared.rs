//! The names that a topology declares, for advice and completion, whatever else is wrong in it.

use std::collections::BTreeSet;

use crate::cli::arguments::global::Global;
use crate::diagnostic::Diagnostics;
use crate::document::{Document, Key, Node};
use crate::source::{self, Environment};
use crate::value::port::PortMapping;

/// The services of the topology that is meant, by name; none when it cannot be read. Says nothing.
pub(crate) fn services(global: &Global) -> Vec<String> {
    let document = document_of(global);
    services_of(document.as_ref()).map(|(key, _)| key.text.clone()).collect()
}

/// The profiles of the topology that is meant, sorted; none when it cannot be read. Says nothing.
pub(crate) fn profiles(global: &Global) -> BTreeSet<String> {
    let document = document_of(global);
    let profiles = services_of(document.as_ref()).filter_map(|(_, service)| {
        let profiles = service.as_map()?.get("profiles")?.as_list()?;
        Some(profiles.iter().filter_map(Node::as_text).map(str::to_owned).collect::<Vec<_>>())
    });
    profiles.flatten().collect()
}

/// The ports in their containers that services of the topology that is meant publish, in the order of the file;
/// none when it cannot be read. Says nothing.
pub(crate) fn ports(global: &Global) -> Vec<(String, u16)> {
    let document = document_of(global);
    let published = |(key, service): &(Key, Node)| {
        let ports = service.as_map().and_then(|map| map.get("ports")?.as_list()).unwrap_or_default();
        let targets: Vec<u16> = ports.iter().filter_map(target).collect();
        targets.into_iter().map(|port| (key.text.clone(), port)).collect::<Vec<_>>()
    };
    services_of(document.as_ref()).flat_map(published).collect()
}

/// The first port in the container of an element of `ports`.
fn target(port: &Node) -> Option<u16> {
    let text = match port.as_map() {
        Some(long) => long.get("target")?.as_text()?,
        None => port.as_text()?,
    };
    Some(PortMapping::parse(text).ok()?.target.first)
}

/// The paths of what the topology that is meant declares, `services.web.image`, as far as they go on from
/// `begin`: whole entries of its sections, and what is below one once a name is typed. Says nothing.
pub(crate) fn paths(global: &Global, begin: &str) -> Vec<String> {
    let Some(document) = document_of(global) else { return Vec::new() };
    let depth = begin.matches('.').count().max(1) + 1;
    let (mut found, mut further) = (Vec::new(), Vec::new());
    collect_paths(&document.root, "", depth, begin, &mut found);
    if found.iter().all(|path| path == begin) {
        collect_paths(&document.root, "", depth + 1, begin, &mut further);
    }
    found.append(&mut further);
    found
}

/// The paths of this many names at most that go on from `begin`.
fn collect_paths(node: &Node, above: &str, depth: usize, begin: &str, found: &mut Vec<String>) {
    for (key, value) in node.as_map().into_iter().flat_map(|map| &map.entries) {
        let path = if above.is_empty() { key.text.clone() } else { format!("{above}.{}", key.text) };
        let is_end = depth == 1 || value.as_map().is_none_or(|map| map.entries.is_empty());
        if !is_end && (path.starts_with(begin) || begin.starts_with(&path)) {
            collect_paths(value, &path, depth - 1, begin, found);
        } else if is_end && path.starts_with(begin) {
            found.push(path);
        }
    }
}

fn services_of(document: Option<&Document>) -> impl Iterator<Item = &(Key, Node)> {
    let services = document.and_then(|document| document.root.as_map()?.get("services")?.as_map());
    services.into_iter().flat_map(|services| &services.entries)
}

fn document_of(global: &Global) -> Option<Document> {
    let found_files = source::discover(&global.files_meant(), Environment::of_process()).ok()?;
    let source::Discovered { mut sources, files, project_directory, environment, .. } = found_files;
    let mut found = Diagnostics::default();
    Some(crate::topology::load(&mut sources, &files, &project_directory, &environment, &mut found))
}
