//! Bind mounts of what is not there.

use std::path::Path;

use crate::diagnostic::{Diagnostics, code};
use crate::source::from_here;
use crate::topology::Topology;
use crate::topology::service::{Mount, MountKind};

/// Finds sources in the project's folder that do not exist. Elsewhere they may well be on the
/// machine that the engine runs on.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    let mounts = topology.services.values().flat_map(|service| &service.volumes.0);
    for mount in mounts.filter(|mount| mount.kind == MountKind::Bind) {
        let Some(source) = &mount.source else { continue };
        let path = Path::new(&source.value);
        if path.starts_with(&topology.directory) && !path.exists() {
            report(mount, found);
        }
    }
}

fn report(mount: &Mount, found: &mut Diagnostics) {
    let Some(source) = &mount.source else { return };
    let message = format!("`{}` does not exist", from_here(Path::new(&source.value)).display());
    let is_made = mount.bind.as_ref().and_then(|bind| bind.create_host_path) != Some(false);
    if !is_made {
        found
            .warning(code::MISSING_SOURCE, message)
            .label(source.span, "the engine refuses to mount it: `create_host_path` is false");
    } else if Path::new(&source.value).extension().is_some() && !source.ends_with('/') {
        found
            .warning(code::MISSING_SOURCE, message)
            .label(source.span, "looks like a file; the engine makes an empty folder of that name")
            .help("create the file, or mend the path");
    } else {
        found.note(code::MISSING_SOURCE, message).label(source.span, "the engine makes an empty folder");
    }
}
