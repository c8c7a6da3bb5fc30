//! What a container may do with a device is said by three letters.

use crate::diagnostic::{Diagnostics, code};
use crate::lint::services;
use crate::topology::Topology;

/// Finds permissions that the engine does not know.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        for device in &service.devices {
            let permissions = &device.permissions;
            if permissions.is_empty() || !permissions.chars().all(|letter| "rwm".contains(letter)) {
                found
                    .error(code::BAD_VALUE, format!("`{permissions}` are no permissions of a device"))
                    .label(device.span, "`r` reads, `w` writes, `m` makes nodes")
                    .help("write for example `rw`, or leave them out for `rwm`");
            }
        }
    }
}
