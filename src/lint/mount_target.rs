//! One path of a container shows one mount, or one secret or config.

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

/// Finds mounts on the same path, also those of one list that the last one replaced.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
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

/// Where the secrets and configs of a service appear, and where that is said.
pub(super) fn files(service: &Service) -> impl Iterator<Item = (String, Span)> {
    let secrets = service.secrets.iter().map(|file| file_target(file, "/run/secrets"));
    secrets.chain(service.configs.iter().map(|file| file_target(file, "")))
}

/// Where a secret or config appears, and where that is said.
fn file_target<K: AsRef<str>>(file: &ContainerFile<K>, directory: &str) -> (String, Span) {
    let (name, at) = file.name();
    (if name.starts_with('/') { name.to_owned() } else { format!("{directory}/{name}") }, at)
}

/// Of two entries of one list with the same target only the last is left.
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
        // What another file, or the service that is extended, says is meant to be replaced.
        let is_same_list =
            |span: &&Span| span.file == list.file && span.start >= list.start && span.end <= list.end;
        if let Some(earlier) = item.earlier.iter().find(is_same_list) {
            let kept = service.volumes.0.iter().find(|mount| mount.span == item.span);
            // One that is wrong in itself is no mount.
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
        .error(code::DUPLICATE_TARGET, format!("two mounts appear at `{target}`"))
        .label(second, "one of them")
        .label(first, "the other one")
        .help("mount one of them elsewhere, or remove it");
}
