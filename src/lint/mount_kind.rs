//! Options of a mount must fit its kind.

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::lint::mount_target::files;
use crate::lint::rule::{Group, Rule, code};
use crate::lint::{may_run_on_windows, services};
use crate::source::{Span, Spanned};
use crate::topology::Topology;
use crate::topology::service::mount::BindOptions;
use crate::topology::service::{Mount, MountKind, Service};

const UNSUPPORTED_MOUNT_TYPE: Code = code!(
    "unsupported-mount-type",
    BAD_MOUNT,
    "A container of this engine cannot have a mount of this type."
);
const UNEXPECTED_MOUNT_SOURCE: Code =
    code!("unexpected-mount-source", BAD_MOUNT, "A mount has a `source` that its type does not use.");
const INEFFECTIVE_MOUNT_OPTION: Code =
    code!("ineffective-mount-option", BAD_MOUNT, "A mount has options of another type.");
const INVALID_SUBPATH: Code = code!("invalid-subpath", BAD_MOUNT, "A subpath leads out of what is mounted.");
const RESERVED_MOUNT_TARGET: Code =
    code!("reserved-mount-target", BAD_MOUNT, "Nothing can be mounted at this path of the container.");
const MISSING_MOUNT_SOURCE: Code =
    code!("missing-mount-source", MISSING_ATTRIBUTE, "A mount needs a `source`.");
const CONFLICTING_MOUNT_OPTIONS: Code =
    code!("conflicting-mount-options", CONFLICT, "Two options of a mount exclude each other.");

pub(super) const RULE: Rule = Rule {
    codes: &[
        (UNSUPPORTED_MOUNT_TYPE, Severity::Error),
        (UNEXPECTED_MOUNT_SOURCE, Severity::Error),
        (MISSING_MOUNT_SOURCE, Severity::Error),
        (INEFFECTIVE_MOUNT_OPTION, Severity::Warning),
        (CONFLICTING_MOUNT_OPTIONS, Severity::Error),
        (INVALID_SUBPATH, Severity::Error),
        (RESERVED_MOUNT_TARGET, Severity::Error),
    ],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports mounts that the engine refuses whatever exists on its machine.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        let may_be_windows = may_run_on_windows(topology, service);
        for mount in &service.volumes.0 {
            check_kind(mount, may_be_windows, found);
            check_source(mount, found);
            check_other_options(mount, found);
            if let Some(options) = mount.bind.as_ref().filter(|_| mount.kind == MountKind::Bind) {
                check_bind(mount, options, found);
            }
            check_subpaths(mount, found);
        }
        if !may_be_windows {
            check_targets(service, found);
        }
    }
}

fn check_kind(mount: &Spanned<Mount>, may_be_windows: bool, found: &mut Diagnostics) {
    let (kind, why, help) = match mount.kind {
        MountKind::Npipe if !may_be_windows => (
            "npipe",
            "named pipes exist only on Windows",
            "write `type: bind` for a Linux socket or directory",
        ),
        MountKind::Cluster => (
            "cluster",
            "only services of a cluster have such volumes",
            "write `type: volume` for a volume of this engine",
        ),
        _ => return,
    };
    found
        .error(UNSUPPORTED_MOUNT_TYPE, format!("a container cannot have a mount of type `{kind}`"))
        .label(mount.span, why)
        .help(help);
}

fn check_source(mount: &Mount, found: &mut Diagnostics) {
    let source = mount.source.as_ref().filter(|source| !source.is_empty());
    match (mount.kind, source) {
        (MountKind::Tmpfs, Some(source)) => {
            found
                .error(UNEXPECTED_MOUNT_SOURCE, "a tmpfs mount has no `source`")
                .label(source.span, "nothing is mounted from there")
                .help("remove `source`, or write `type: bind` or `type: volume`");
        }
        (MountKind::Image, None) => {
            found
                .error(MISSING_MOUNT_SOURCE, "an image mount needs a `source`")
                .about("source")
                .label(mount.target.span, "nothing is mounted here")
                .help("add `source: IMAGE`");
        }
        _ => {}
    }
}

/// As in Docker Compose, options of another kind than the mount's own have no effect.
fn check_other_options(mount: &Spanned<Mount>, found: &mut Diagnostics) {
    let Mount { kind, bind, volume, tmpfs, image, .. } = &mount.value;
    for (name, is_said, own) in [
        // A volume may have a SELinux label, and merging adds `create_host_path`.
        (
            "bind",
            bind.as_ref().is_some_and(|bind| bind.propagation.is_some() || bind.recursive.is_some()),
            MountKind::Bind,
        ),
        ("volume", volume.is_some(), MountKind::Volume),
        ("tmpfs", tmpfs.is_some(), MountKind::Tmpfs),
        ("image", image.is_some(), MountKind::Image),
    ] {
        if is_said && *kind != own {
            found
                .warning(
                    INEFFECTIVE_MOUNT_OPTION,
                    format!("`{name}` has no effect on a mount of type `{}`", kind.word()),
                )
                .label(mount.span, format!("options for a mount of type `{}`", own.word()))
                .help(format!("remove `{name}`, or write `type: {}`", own.word()));
        }
    }
}

fn check_bind(mount: &Spanned<Mount>, options: &BindOptions, found: &mut Diagnostics) {
    let BindOptions { recursive, selinux, create_host_path, propagation: _, extensions: _ } = options;
    if let Some(recursive) =
        recursive.as_ref().filter(|word| matches!(word.as_str(), "readonly" | "writable") && !mount.read_only)
    {
        found
            .error(
                CONFLICTING_MOUNT_OPTIONS,
                format!("`recursive: {recursive}` needs a mount that is read-only"),
            )
            .label(mount.span, "can be written to")
            .help("add `read_only: true` beside `source`");
    }
    let beside = match (create_host_path, recursive) {
        _ if selinux.is_none() => return,
        (Some(false), _) => "create_host_path",
        (_, Some(_)) => "recursive",
        _ => return,
    };
    found
        .error(CONFLICTING_MOUNT_OPTIONS, format!("`selinux` and `{beside}` cannot both be set"))
        .label(mount.span, "the engine mounts in one of two ways, and each takes only one of them")
        .help("keep one of the two");
}

/// Paths in an image or a volume that are mounted instead of the whole.
fn check_subpaths(mount: &Spanned<Mount>, found: &mut Diagnostics) {
    let Mount { kind, source, volume, image, .. } = &mount.value;
    let given = |path: &Option<String>| path.clone().filter(|path| !path.is_empty() && !path.contains('$'));
    if let Some(subpath) = image.as_ref().and_then(|image| given(&image.subpath)) {
        check_subpath(&subpath, "an image", mount.span, found);
    }
    if *kind != MountKind::Volume {
        return;
    }
    let Some(subpath) = volume.as_ref().and_then(|volume| given(&volume.subpath)) else { return };
    if source.as_ref().is_none_or(|source| source.is_empty()) {
        found
            .error(MISSING_MOUNT_SOURCE, "a `subpath` needs a volume with a name")
            .about("source")
            .label(mount.span, "a new volume has no directories")
            .help("add `source: VOLUME`, or remove `subpath`");
    }
    check_subpath(&subpath, "a volume", mount.span, found);
}

fn check_subpath(subpath: &str, whole: &str, at: Span, found: &mut Diagnostics) {
    if !stays_inside(subpath) {
        let inner: Vec<&str> = subpath.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect();
        let inner = if inner.is_empty() { "DIRECTORY".to_owned() } else { inner.join("/") };
        let diagnostic = found
            .error(INVALID_SUBPATH, format!("`{subpath}` is not a path inside {whole}"))
            .label(at, format!("a subpath is relative, and does not leave {whole}"))
            .help(format!("write `subpath: {inner}`"));
        if inner != "DIRECTORY" {
            diagnostic.perhaps_replace(subpath, inner);
        }
    }
}

/// Whether a relative path stays below its start.
fn stays_inside(path: &str) -> bool {
    let mut depth = 0_usize;
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match depth.checked_sub(1) {
                Some(upper) => depth = upper,
                None => return false,
            },
            _ => depth += 1,
        }
    }
    !path.starts_with('/')
}

/// Files of `/proc` that may be mounted over, as `lxcfs` does. The list of runc 1.3.
pub(super) const REPLACEABLE: &[&str] = &[
    "/proc/cpuinfo",
    "/proc/diskstats",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/net/dev",
    "/proc/slabinfo",
    "/proc/stat",
    "/proc/swaps",
    "/proc/sys/crypto/fips_enabled",
    "/proc/sys/kernel/ns_last_pid",
    "/proc/uptime",
];

fn check_targets(service: &Service, found: &mut Diagnostics) {
    for mount in &service.volumes.0 {
        let source = mount.source.as_ref().filter(|_| mount.kind == MountKind::Bind);
        check_target(&mount.target.value, source.map(|source| source.as_str()), mount.target.span, found);
    }
    for (target, at) in files(service) {
        check_target(&target, None, at, found);
    }
    for directory in &service.tmpfs.0 {
        check_target(&directory.target, None, directory.span, found);
    }
}

fn check_target(target: &str, source: Option<&str>, at: Span, found: &mut Diagnostics) {
    let clean = clean(target);
    let (message, help) = match clean.as_str() {
        "/" => ("nothing can be mounted at `/`".to_owned(), "write a directory below it, such as `/data`"),
        // The host's own processes may be shown.
        "/proc" if source.is_some_and(|source| source.trim_end_matches('/') == "/proc") => return,
        inner if REPLACEABLE.contains(&inner) => return,
        inner if inner == "/proc" || inner.starts_with("/proc/") => {
            (format!("nothing can be mounted at `{target}`"), "mount it elsewhere, such as at `/data`")
        }
        _ => return,
    };
    found.error(RESERVED_MOUNT_TARGET, message).label(at, "the engine itself uses it").help(help);
}

/// An absolute path without `.` and `..`; others are unchanged.
pub(super) fn clean(path: &str) -> String {
    if !path.starts_with('/') {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned() {
        for (path, wanted) in [("/", "/"), ("//a/../", "/"), ("/a/./b/", "/a/b"), ("/..", "/"), ("a", "a")] {
            assert_eq!(clean(path), wanted, "{path}");
        }
    }

    #[test]
    fn a_subpath_does_not_leave_its_image() {
        for (path, wanted) in
            [("a/b", true), ("a/../b", true), ("..", false), ("a/../../b", false), ("/a", false), (".", true)]
        {
            assert_eq!(stays_inside(path), wanted, "{path}");
        }
    }
}
