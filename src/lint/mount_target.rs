//! One path of a container shows one mount.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostics, code};
use crate::lint::services;
use crate::source::Span;
use crate::topology::Topology;
use crate::topology::name::ServiceName;
use crate::topology::service::Service;
use crate::topology::service::tmpfs::Tmpfs;

/// Finds mounts on the same path, also those of one list that the last one replaced.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, service) in services(topology) {
        check_targets(service, found);
        check_replaced(topology, name, service, found);
    }
}

fn check_targets(service: &Service, found: &mut Diagnostics) {
    let mut taken: BTreeMap<&str, Span> = BTreeMap::new();
    let mounts = service.volumes.0.iter().map(|mount| (mount.target.value.as_str(), mount.span));
    let folders = service.tmpfs.0.iter().map(|folder| (Tmpfs::of(folder).target, folder.span));
    for (target, at) in mounts.chain(folders) {
        if let Some(earlier) = taken.insert(target, at) {
            report(target, earlier, at, found);
        }
    }
}

/// Of two entries of one list with the same target only the last is left.
fn check_replaced(topology: &Topology, name: &ServiceName, service: &Service, found: &mut Diagnostics) {
    let node = topology.node_at(&["services", name.as_str(), "volumes"]);
    let Some((list, items)) = node.and_then(|node| Some((node.span, node.as_list()?))) else { return };
    for item in items {
        // What another file, or the service that is extended, says is meant to be replaced.
        let is_same_list =
            |span: &&Span| span.file == list.file && span.start >= list.start && span.end <= list.end;
        if let Some(earlier) = item.earlier.iter().find(is_same_list) {
            let kept = service.volumes.0.iter().find(|mount| mount.span == item.span);
            // One that is wrong in itself is no mount.
            let written = || match item.as_text() {
                Some(text) => text.split(':').nth(1),
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
