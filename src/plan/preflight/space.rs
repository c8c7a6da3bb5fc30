//! The space on the engine's disk.

use super::{Disk, Machine};
use crate::diagnostic::{Diagnostics, code};

/// A disk is nearly full when less than this is free, and less than this part of it.
const LITTLE: u64 = 2 << 30;
const SMALL_PART: u64 = 20;

const MEBIBYTE: u64 = 1 << 20;

/// Reports a disk that is nearly full.
pub(super) fn check(machine: &Machine, found: &mut Diagnostics) {
    let Some(Disk { path, free, total }) = &machine.disk else { return };
    if *free >= LITTLE || *free >= total / SMALL_PART {
        return;
    }
    let free = free / MEBIBYTE;
    found
        .warning(code::DISK_FULL, format!("only {free} MiB are free where the engine stores its data"))
        .help(format!(
            "free some space below `{}`: `docker system df` shows what takes it up",
            path.display()
        ));
}
