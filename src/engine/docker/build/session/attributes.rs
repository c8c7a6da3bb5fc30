//! In: a path. Out: the extended attributes of what is there, which are part of an image.
//! Must not: follow links.

use std::path::Path;

use rustix::fs::{lgetxattr, llistxattr};

/// The most bytes that the names, or one value, take on Linux.
const LIMIT: usize = 64 * 1024;

/// What macOS notes about files for itself.
const OF_APPLE: &[u8] = b"com.apple.";

/// Names and values. What cannot be asked is not there: few file systems have them.
pub(super) fn of(path: &Path) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut nothing = [0; 0];
    // Most files have none, which is seen without room for them.
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
