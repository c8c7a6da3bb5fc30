//! Targets of mounts, secrets and configs must be unique in a container.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostics, Severity, code};
use crate::lint::rule::{Group, Rule};
use crate::lint::services;
use crate::source::Span;
use crate::topology::Topology;
use crate::topology::name::ServiceName;
use crate::topology::service::{ContainerFile, Service};
use crate::value::mount;

pub(super) const RULE: Rule = Rule {
    codes: &[(code::DUPLICATE_TARGET, Severity::Error)],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports mounts with the same target, including those of one list that the last one replaced.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, service) in services(topology) {
        check_targets(service, found);
        for list in ["volumes", "secrets", "configs"] {
            check_replaced(topology, name, service, list, found);
        }
    }
}

fn check_targets(service: &Service, found: &mut Diagnostics) {
    let mut taken: BTreeMap<String, Span> = BTreeMap::new();
    let mounts = service.volumes.0.iter().map(|mount| (mount.target.value.clone(), mount.span));
    let directories = service.tmpfs.0.iter().map(|directory| (directory.target.clone(), directory.span));
    for (target, at) in mounts.chain(directories).chain(files(service)) {
        let target = if target == "/" { target } else { target.trim_end_matches('/').to_owned() };
        if let Some(earlier) = taken.insert(target.clone(), at) {
            report(&target, earlier, at, found);
        }
    }
}

/// The targets of a service's secrets and configs, with their places.
pub(super) fn files(service: &Service) -> impl Iterator<Item = (String, Span)> {
    let secrets = service.secrets.iter().map(|file| file_target(file, "/run/secrets"));
    secrets.chain(service.configs.iter().map(|file| file_target(file, "")))
}

/// The target of a secret or config, with its place.
fn file_target<K: AsRef<str>>(file: &ContainerFile<K>, directory: &str) -> (String, Span) {
    let (name, at) = file.name();
    (if name.starts_with('/') { name.to_owned() } else { format!("{directory}/{name}") }, at)
}

/// Of two entries of one list with the same target only the last is kept.
fn check_replaced(
    topology: &Topology,
    name: &ServiceName,
    service: &Service,
    list: &str,
    found: &mut Diagnostics,
) {
    let node = topology.node_at(&["services", name.as_str(), list]);
    let Some((list, items)) = node.and_then(|node| Some((node.span, node.as_list()?))) else { return };
    for item in items {
        // Overriding another file, or the extended service, is intended.
        let is_same_list =
            |span: &&Span| span.file == list.file && span.start >= list.start && span.end <= list.end;
        if let Some(earlier) = item.earlier.iter().find(is_same_list) {
            let kept = service.volumes.0.iter().find(|mount| mount.span == item.span);
            // An invalid one is not a mount.
            let written = || match item.as_text() {
                Some(text) => Some(mount::target_of(text)).filter(|target| *target != text),
                None => item.as_map()?.get("target")?.as_text(),
            };
            if let Some(target) = kept.map(|mount| mount.target.as_str()).or_else(written) {
                report(target, *earlier, item.span, found);
            }
        }
    }
}

fn report(target: &str, first: Span, second: Span, found: &mut Diagnostics) {
    found
        .error(code::DUPLICATE_TARGET, format!("two mounts have the target `{target}`"))
        .label(second, "one of them")
        .label(first, "the other")
        .help("mount one of them elsewhere, or remove it");
}
