//! In: a path. Out: its extended attributes, which are part of an image. Must not: follow links.

use std::path::Path;

use rustix::fs::{lgetxattr, llistxattr};

/// The maximum size of the list of names, or of a value, on Linux.
const LIMIT: usize = 64 * 1024;

/// Attributes that macOS uses for itself.
const OF_APPLE: &[u8] = b"com.apple.";

/// Names and values. Errors count as absence: few file systems have extended attributes.
pub(super) fn extended_attributes(path: &Path) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut nothing = [0; 0];
    // Most files have none, which is found out without a buffer.
    if !llistxattr(path, &mut nothing).is_ok_and(|length| length > 0) {
        return Vec::new();
    }
    let mut names = vec![0; LIMIT];
    let Ok(length) = llistxattr(path, names.as_mut_slice()) else { return Vec::new() };
    let names = names[..length].split(|byte| *byte == 0);
    let names = names.filter(|name| !name.is_empty() && !name.starts_with(OF_APPLE));
    names.filter_map(|name| Some((name.to_vec(), value(path, name)?))).collect()
}

fn value(path: &Path, name: &[u8]) -> Option<Vec<u8>> {
    let mut value = vec![0; LIMIT];
    let length = lgetxattr(path, name, value.as_mut_slice()).ok()?;
    value.truncate(length);
    Some(value)
}
