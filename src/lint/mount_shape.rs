//! Directories are mounted on directories, and files on files.

use std::path::Path;

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::lint::mount_kind::{REPLACEABLE, clean};
use crate::lint::rule::{Group, Rule, code};
use crate::lint::{may_run_on_windows, services};
use crate::source::{FileKind, Span};
use crate::topology::service::{Mount, MountKind, Service};
use crate::topology::{Host, Topology};

/// Files that Engine 28.5 puts into every container, whatever its image.
const FILES: &[&str] = &["/.dockerenv", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf"];
const DIRECTORIES: &[&str] = &["/dev", "/dev/mqueue", "/dev/pts", "/dev/shm", "/sys"];

/// Files that nearly every image has.
const USUAL_FILES: &[&str] = &["/bin/sh", "/etc/group", "/etc/passwd", "/etc/shadow"];
const USUAL_DIRECTORIES: &[&str] = &[
    "/bin", "/etc", "/home", "/lib", "/opt", "/root", "/run", "/sbin", "/tmp", "/usr", "/usr/bin",
    "/usr/lib", "/var",
];

const MOUNT_TARGET_MISMATCH: Code =
    code!("mount-target-mismatch", BAD_MOUNT, "A file is mounted on a directory, or a directory on a file.");

pub(super) const RULE: Rule = Rule {
    codes: &[(MOUNT_TARGET_MISMATCH, Severity::Error)],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports directories on files, files on directories, mounts below a file, and mounts that hide
/// the devices.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        if may_run_on_windows(topology, service) {
            continue;
        }
        let mounts = mounts(topology, service);
        for mount in &mounts {
            check_target(mount, found);
            check_devices(topology, mount, found);
            check_parent(mount, &mounts, found);
        }
    }
}

/// The kind of what is mounted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    File,
    Directory,
    /// It may be on another machine, or not exist yet.
    Unknown,
}

struct Mounted<'a> {
    target: String,
    source: Option<&'a str>,
    shape: Shape,
    at: Span,
}

fn mounts<'a>(topology: &Topology, service: &'a Service) -> Vec<Mounted<'a>> {
    let listed = service.volumes.0.iter().map(|mount| {
        let source = mount.source.as_ref().filter(|_| mount.kind == MountKind::Bind);
        Mounted {
            target: clean(&mount.target),
            source: source.map(|source| source.as_str()),
            shape: shape(topology, mount),
            at: mount.target.span,
        }
    });
    let in_memory = service.tmpfs.0.iter().map(|directory| Mounted {
        target: clean(&directory.target),
        source: None,
        shape: Shape::Directory,
        at: directory.span,
    });
    listed.chain(in_memory).collect()
}

fn shape(topology: &Topology, mount: &Mount) -> Shape {
    match mount.kind {
        MountKind::Bind => {
            let Some(path) = mount.source.as_ref().map(|source| Path::new(&source.value)) else {
                return Shape::Unknown;
            };
            let is_here = topology.host == Host::This || path.starts_with(&topology.directory);
            match topology.file_system.kind(path).filter(|_| is_here && path.is_absolute()) {
                Some(FileKind::Directory) => Shape::Directory,
                Some(_) => Shape::File,
                None => Shape::Unknown,
            }
        }
        MountKind::Volume | MountKind::Tmpfs => Shape::Directory,
        // A path in an image may be a file.
        MountKind::Image | MountKind::Cluster | MountKind::Npipe => Shape::Unknown,
    }
}

fn check_target(mount: &Mounted, found: &mut Diagnostics) {
    let target = mount.target.as_str();
    let (is_certain, is, there) = match mount.shape {
        Shape::Directory if FILES.contains(&target) || REPLACEABLE.contains(&target) => {
            (true, "directory", "file")
        }
        Shape::File if DIRECTORIES.contains(&target) => (true, "file", "directory"),
        Shape::Directory if USUAL_FILES.contains(&target) => (false, "directory", "file"),
        Shape::File if USUAL_DIRECTORIES.contains(&target) => (false, "file", "directory"),
        _ => return,
    };
    let diagnostic = match is_certain {
        true => found.error(MOUNT_TARGET_MISMATCH, format!("a {is} cannot be mounted at `{target}`")),
        false => found.warning(MOUNT_TARGET_MISMATCH, format!("a {is} should not be mounted at `{target}`")),
    };
    let whose = if is_certain { "every container" } else { "nearly every image" };
    diagnostic.label(mount.at, format!("a {there} in {whose}")).help(match is {
        "file" => format!("mount it at another path, such as `{}/NAME`", target.trim_end_matches('/')),
        _ => "mount a file, or choose another target".to_owned(),
    });
}

/// No process starts without `/dev/null`.
fn check_devices(topology: &Topology, mount: &Mounted, found: &mut Diagnostics) {
    let has_devices = match (mount.source, mount.shape) {
        (Some(source), Shape::Directory) => topology.file_system.exists(&Path::new(source).join("null")),
        (None, Shape::Directory) => false,
        _ => true,
    };
    if mount.target == "/dev" && !has_devices {
        found
            .error(MOUNT_TARGET_MISMATCH, "a directory without devices cannot be mounted at `/dev`")
            .label(mount.at, "`/dev/null` and others would be missing")
            .help("mount it below, such as at `/dev/shm`, or map devices by `devices`");
    }
}

/// There is nothing below a file.
fn check_parent(mount: &Mounted, all: &[Mounted], found: &mut Diagnostics) {
    let is_below = |parent: &&Mounted| {
        parent.shape == Shape::File
            && mount.target.strip_prefix(parent.target.as_str()).is_some_and(|rest| rest.starts_with('/'))
    };
    if let Some(parent) = all.iter().find(is_below) {
        found
            .error(MOUNT_TARGET_MISMATCH, format!("nothing can be mounted below `{}`", parent.target))
            .label(mount.at, "below a file")
            .label(parent.at, "this is a file")
            .help("mount one of them elsewhere");
    }
}
