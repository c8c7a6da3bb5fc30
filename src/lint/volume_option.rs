//! Options of volumes of the `local` driver.
//!
//! The rules are those of Engine 28.5 (`daemon/volume/local`).

use std::path::Path;

use crate::diagnostic::{Code, Diagnostics, Severity, suggest};
use crate::lint::rule::{Group, Rule, code};
use crate::source::Spanned;
use crate::topology::name::VolumeKey;
use crate::topology::value::ByteSize;
use crate::topology::{Host, Topology, Volume};
use crate::value::tmpfs::{self, ValueError};

const KNOWN: [&str; 4] = ["type", "o", "device", "size"];

/// Which options require which others, if nothing else is intended.
const NEEDS: [(&str, &str); 4] = [("device", "type"), ("type", "device"), ("o", "device"), ("o", "type")];

const MISSING_VOLUME_OPTION: Code =
    code!("missing-volume-option", MISSING_ATTRIBUTE, "An option of a volume needs another one.");
const UNKNOWN_VOLUME_OPTION: Code =
    code!("unknown-volume-option", BAD_VALUE, "The `local` volume driver does not have this option.");
const INVALID_VOLUME_OPTION: Code =
    code!("invalid-volume-option", BAD_VALUE, "An option of a volume has a value that cannot be used.");
const UNKNOWN_FILE_SYSTEM: Code = code!("unknown-file-system", BAD_VALUE, "No file system has this name.");
const MISSING_VOLUME_DIRECTORY: Code =
    code!("missing-volume-directory", MISSING_SOURCE, "The directory of a volume does not exist.");
const RELATIVE_VOLUME_DIRECTORY: Code =
    code!("relative-volume-directory", BAD_MOUNT, "The directory of a volume is a relative path.");

pub(super) const RULE: Rule = Rule {
    codes: &[
        (MISSING_VOLUME_OPTION, Severity::Error),
        (UNKNOWN_FILE_SYSTEM, Severity::Warning),
        (MISSING_VOLUME_DIRECTORY, Severity::Warning),
        (UNKNOWN_VOLUME_OPTION, Severity::Error),
        (INVALID_VOLUME_OPTION, Severity::Error),
        (RELATIVE_VOLUME_DIRECTORY, Severity::Error),
    ],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports unknown options, missing required ones, and directories that do not exist.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (key, volume) in &topology.volumes {
        let driver = volume.driver.as_deref().unwrap_or_default();
        let is_local = matches!(driver, "" | "local");
        if is_local && !volume.external.is_external {
            check_names(topology, key, volume, found);
            check_needs(topology, key, volume, found);
            check_values(topology, volume, found);
            check_kind(topology, volume, found);
        }
    }
}

/// Types without a file system: a directory that is bind-mounted.
const NO_FILE_SYSTEM: [&str; 3] = ["", "none", "bind"];

/// File systems that Linux, or one of its modules, can mount.
const FILE_SYSTEMS: &[&str] = &[
    "9p",
    "afs",
    "autofs",
    "btrfs",
    "ceph",
    "cifs",
    "devtmpfs",
    "ecryptfs",
    "erofs",
    "exfat",
    "ext2",
    "ext3",
    "ext4",
    "f2fs",
    "fuse",
    "fuseblk",
    "gfs2",
    "glusterfs",
    "hfs",
    "hfsplus",
    "hugetlbfs",
    "iso9660",
    "jfs",
    "lustre",
    "mqueue",
    "msdos",
    "nfs",
    "nfs4",
    "nilfs2",
    "ntfs",
    "ntfs3",
    "ocfs2",
    "orangefs",
    "overlay",
    "proc",
    "ramfs",
    "reiserfs",
    "smb3",
    "squashfs",
    "sysfs",
    "tmpfs",
    "udf",
    "ufs",
    "vboxsf",
    "vfat",
    "virtiofs",
    "xfs",
    "zfs",
    "zonefs",
];

/// The kind of a file system decides which options it needs.
fn check_kind(topology: &Topology, volume: &Volume, found: &mut Diagnostics) {
    let option = |name: &str| volume.driver_opts.0.get(name);
    let (Some(kind), Some(_)) = (option("type"), option("device")) else { return };
    let options: Vec<&str> =
        option("o").map(|options| options.split(',').map(str::trim).collect()).unwrap_or_default();
    if kind.contains('$')
        || options
            .iter()
            .any(|option| matches!(*option, "bind" | "rbind" | "remount") || option.contains('$'))
    {
        return;
    }
    if NO_FILE_SYSTEM.contains(&kind.as_str()) {
        found
            .error(MISSING_VOLUME_OPTION, format!("a volume of the type `{}` needs `o: bind`", kind.value))
            .label(
                option("o").map_or(kind.span, |options| options.span),
                "nothing says that it is a directory",
            )
            .help("add `o: bind` beside it");
    } else if !FILE_SYSTEMS.contains(&kind.as_str()) && !kind.starts_with("fuse.") {
        found
            .warning(UNKNOWN_FILE_SYSTEM, format!("no file system is named `{}`", kind.value))
            .label(kind.span, "the kernel of the engine's machine has to support it")
            .did_you_mean(kind, suggest::closest(kind, FILE_SYSTEMS.iter().copied()), || {
                "write `none` with `o: bind` for a directory, `nfs`, `cifs` or `tmpfs`".to_owned()
            });
    }
    let is_network = matches!(kind.as_str(), "nfs" | "nfs4");
    let has_address = |option: &&str| option.strip_prefix("addr=").is_some_and(|address| !address.is_empty());
    if is_network && !options.iter().any(has_address) {
        found
            .error(MISSING_VOLUME_OPTION, format!("a volume of the type `{}` needs `addr`", kind.value))
            .label(
                option("o").map_or(kind.span, |options| options.span),
                "the address of the server is missing",
            )
            .help("write, for example, `o: \"addr=192.168.0.42,rw\"`");
    }
    if kind.as_str() == "overlay" && topology.host == Host::This {
        let layers = option("o").into_iter().flat_map(|options| {
            options.split(',').filter_map(|option| option.split_once('=')).filter_map(|(name, value)| {
                match name {
                    "lowerdir" => Some(value.split(':').collect()),
                    "upperdir" | "workdir" => Some(vec![value]),
                    _ => None,
                }
            })
        });
        for directory in layers.flatten().filter(|directory: &&str| {
            directory.starts_with('/') && !topology.file_system.exists(Path::new(directory))
        }) {
            found
                .warning(MISSING_VOLUME_DIRECTORY, format!("`{directory}` does not exist"))
                .label(
                    option("o").map_or(kind.span, |options| options.span),
                    "the kernel refuses to mount it",
                )
                .help(format!("create it: `mkdir -p {directory}`"));
        }
    }
}

fn check_names(topology: &Topology, key: &VolumeKey, volume: &Volume, found: &mut Diagnostics) {
    for name in volume.driver_opts.0.keys().filter(|name| !KNOWN.contains(&name.as_str())) {
        let path = ["volumes", key.as_str(), "driver_opts"];
        let at = super::key_span(topology, &path, name, topology.place_of(&path));
        found
            .error(UNKNOWN_VOLUME_OPTION, format!("the `local` driver of volumes has no option `{name}`"))
            .label(at, "not known here")
            .did_you_mean(name, suggest::closest(name, KNOWN), || {
                "known here: `type`, `o`, `device` and `size`".to_owned()
            });
    }
}

fn check_needs(topology: &Topology, key: &VolumeKey, volume: &Volume, found: &mut Diagnostics) {
    let options = &volume.driver_opts.0;
    let is_missing = |(_, needed): &&(&str, &str)| !options.contains_key(*needed);
    let missing = NEEDS.iter().filter(|(name, _)| options.contains_key(*name)).find(is_missing);
    let Some((name, needed)) = missing else { return };
    let path = ["volumes", key.as_str(), "driver_opts"];
    found
        .error(MISSING_VOLUME_OPTION, format!("the option `{name}` of a volume needs `{needed}`"))
        .label(
            super::key_span(topology, &path, name, topology.place_of(&path)),
            format!("`{needed}` is not beside it"),
        )
        .help(format!("add `{needed}: {}`", example(needed, options.get("type").map(|kind| kind.as_str()))));
}

/// `type: none` is for a bind mount; a tmpfs is its own device.
fn example(option: &str, kind: Option<&str>) -> &'static str {
    match (option, kind) {
        ("type", _) => "none",
        (_, Some("tmpfs")) => "tmpfs",
        (_, Some("nfs" | "nfs4")) => "\":/path/on/the/server\"",
        _ => "/path/of/the/directory",
    }
}

fn check_values(topology: &Topology, volume: &Volume, found: &mut Diagnostics) {
    let option = |name: &str| volume.driver_opts.0.get(name);
    if let Some(size) = option("size").filter(|size| !size.is_empty() && ByteSize::parse(size).is_err()) {
        found
            .error(INVALID_VOLUME_OPTION, format!("`{}` is not a size", size.value))
            .label(size.span, "a number with a unit is needed")
            .help("write it like `512m` or `10g`");
    }
    let is = |name: &str, wanted: &str| option(name).is_some_and(|value| value.as_str() == wanted);
    if let Some(device) = option("device") {
        if is("type", "cifs") && has_port(device) {
            found
                .error(INVALID_VOLUME_OPTION, format!("`{}` cannot hold a port", device.value))
                .label(device.span, "the address of a share has no port")
                .help("add `port=NUMBER` to the option `o`");
        }
        if is("type", "tmpfs")
            && let Some(options) = option("o").filter(|options| !options.is_empty())
        {
            check_tmpfs_options(options, found);
        }
        if option("o").is_some_and(|options| options.split(',').any(|option| option.trim() == "bind")) {
            check_directory(topology, device, found);
        }
    }
}

/// tmpfs options, which a service's mount can have as well.
fn check_tmpfs_options(options: &Spanned<String>, found: &mut Diagnostics) {
    let reason = match tmpfs::mistake_in(options) {
        None => return,
        Some(ValueError::Unknown(option)) => format!("the kernel has no option `{option}`"),
        Some(ValueError::WithoutValue(name)) => format!("`{name}` has no value"),
        Some(ValueError::WithValue(name)) => format!("`{name}` takes no value"),
        Some(ValueError::BadValue(name, value)) => format!("`{name}` cannot be `{value}`"),
    };
    found
        .error(INVALID_VOLUME_OPTION, format!("`{}` are not options of a tmpfs mount", options.value))
        .label(options.span, reason)
        .help("write, for example, `o: size=64m,uid=1000`");
}

/// The engine does not create the directory of such a volume, and needs its absolute path.
fn check_directory(topology: &Topology, device: &Spanned<String>, found: &mut Diagnostics) {
    let path = Path::new(&device.value);
    if !path.is_absolute() {
        found
            .error(
                RELATIVE_VOLUME_DIRECTORY,
                format!("`{}` is not the whole path of a directory", device.value),
            )
            .label(device.span, "the engine does not know what it is relative to")
            .help("add `driver: local` beside `driver_opts`: then it is relative to this file");
        return;
    }
    let is_here = topology.host == Host::This || path.starts_with(&topology.directory);
    if is_here && !topology.file_system.exists(path) {
        let directory = topology.file_system.shown(path).display().to_string();
        found
            .warning(MISSING_VOLUME_DIRECTORY, format!("`{directory}` does not exist"))
            .label(device.span, "the engine refuses to mount it: it does not create directories for volumes")
            .help(format!("create it: `mkdir -p {directory}`"));
    }
}

fn has_port(device: &str) -> bool {
    let host = device.trim_start_matches("//").split('/').next().unwrap_or_default();
    host.rsplit_once(':')
        .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit()))
}
