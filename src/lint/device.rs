//! Devices: permissions, and whether they exist.

use std::path::Path;

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::lint::mount_kind::clean;
use crate::lint::rule::{Group, Rule, code};
use crate::lint::{may_run_on_windows, services};
use crate::source::{FileKind, FileSystem, Span, Spanned};
use crate::topology::service::{BlkioConfig, DeviceMapping, Service};
use crate::topology::{Host, Topology};
use crate::value::device::{are_permissions, is_cgroup_rule};

const INVALID_DEVICE: Code = code!("invalid-device", BAD_VALUE, "A device mapping cannot be used.");
const INVALID_DEVICE_PERMISSIONS: Code =
    code!("invalid-device-permissions", BAD_VALUE, "The permissions of a device cannot be read.");
const INVALID_DEVICE_RULE: Code =
    code!("invalid-device-rule", BAD_VALUE, "A device cgroup rule cannot be read.");
const MISSING_DEVICE: Code =
    code!("missing-device", MISSING_SOURCE, "A device does not exist on this machine.");

pub(super) const RULE: Rule = Rule {
    codes: &[
        (INVALID_DEVICE, Severity::Error),
        (INVALID_DEVICE_PERMISSIONS, Severity::Error),
        (INVALID_DEVICE_RULE, Severity::Error),
        (MISSING_DEVICE, Severity::Warning),
    ],
    group: Group::Portability,
    since: "0.1.0",
    check,
};

/// Reports what the engine does not know, and missing devices if the engine runs on this machine.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        let may_be_windows = may_run_on_windows(topology, service);
        for device in &service.devices {
            check_permissions(device, found);
            if !may_be_windows {
                check_parent(service, device, &topology.file_system, found);
            }
            if !may_be_windows && !device.source.starts_with('/') && !device.is_cdi() {
                refuse_name(device, found);
            }
        }
        service.device_cgroup_rules.iter().for_each(|rule| check_rule(rule, found));
    }
    if topology.host == Host::This && cfg!(target_os = "linux") {
        for service in topology.services.values() {
            check_existence(service, &topology.file_system, found);
        }
    }
}

fn refuse_name(device: &Spanned<DeviceMapping>, found: &mut Diagnostics) {
    if !device.source.contains('$') {
        found
            .error(INVALID_DEVICE, format!("`{}` is not a device", device.source))
            .label(device.span, "neither a path of the host nor the name of a CDI device")
            .help("write a path such as `/dev/snd`, or a name such as `vendor.com/class=device`");
    }
}

/// Devices that every container has.
const EVERYWHERE: &[&str] =
    &["/dev/console", "/dev/full", "/dev/null", "/dev/random", "/dev/tty", "/dev/urandom", "/dev/zero"];

/// There is nothing below a device.
fn check_parent(
    service: &Service,
    device: &Spanned<DeviceMapping>,
    file_system: &FileSystem,
    found: &mut Diagnostics,
) {
    let target = clean(&device.target);
    let is_below = |parent: &&str| {
        target.strip_prefix(parent).is_some_and(|rest| rest.starts_with('/') && rest.len() > 1)
    };
    let mapped = service.devices.iter().filter(|other| !file_system.is_directory(Path::new(&other.source)));
    let others = mapped.map(|other| other.target.as_str()).filter(|target| target.starts_with('/'));
    if let Some(parent) = EVERYWHERE.iter().copied().chain(others).find(is_below) {
        found
            .error(INVALID_DEVICE, format!("nothing can be mapped to `{}`", device.target))
            .label(device.span, format!("`{parent}` is a device, not a directory"))
            .help("write a path beside it, such as `/dev/NAME`");
    }
}

fn check_permissions(device: &Spanned<DeviceMapping>, found: &mut Diagnostics) {
    let permissions = &device.permissions;
    if !are_permissions(permissions) {
        found
            .error(INVALID_DEVICE_PERMISSIONS, format!("`{permissions}` are not permissions of a device"))
            .label(device.span, "`r` reads, `w` writes, `m` creates nodes")
            .help("write for example `rw`, or leave them out for `rwm`");
    }
}

fn check_rule(rule: &Spanned<String>, found: &mut Diagnostics) {
    if rule.contains('$') || is_cgroup_rule(rule) {
        return;
    }
    found
        .error(INVALID_DEVICE_RULE, format!("`{}` is not a device rule", rule.value))
        .label(rule.span, "`c`, `b` or `a`, then `MAJOR:MINOR`, then `r`, `w` and `m`")
        .help("write, for example, `c 1:3 rwm`; `*` stands for every number");
}

fn check_existence(service: &Service, file_system: &FileSystem, found: &mut Diagnostics) {
    let mapped = service.devices.iter().filter(|device| device.source.starts_with('/'));
    let mapped = mapped.map(|device| (device.source.as_str(), device.span));
    for (path, at) in mapped {
        let kinds = [FileKind::CharacterDevice, FileKind::BlockDevice, FileKind::Directory];
        let there = file_system.kind(Path::new(path));
        check_file(path, at, "neither a device nor a directory of devices", there, &kinds, found);
    }
    for (path, at) in service.blkio_config.iter().flat_map(limited) {
        let there = file_system.kind(Path::new(path));
        check_file(path, at, "not a block device", there, &[FileKind::BlockDevice], found);
    }
}

/// The file of a device on this machine.
fn check_file(
    path: &str,
    at: Span,
    other: &str,
    there: Option<FileKind>,
    wanted: &[FileKind],
    found: &mut Diagnostics,
) {
    let message = match there {
        _ if path.contains('$') => return,
        Some(kind) if wanted.contains(&kind) => return,
        Some(_) => format!("`{path}` is {other}"),
        None => format!("the device `{path}` does not exist"),
    };
    found
        .warning(MISSING_DEVICE, message)
        .label(at, "the engine refuses to start the container without it")
        .help(match path.split_once(['=', ',', ';']).filter(|(_, target)| target.starts_with('/')) {
            Some((source, target)) => format!("write `{source}:{target}`"),
            None => "name a device of this machine".to_owned(),
        });
}

/// Devices with limits, and where those are set.
fn limited(config: &BlkioConfig) -> Vec<(&str, Span)> {
    let BlkioConfig {
        device_read_bps,
        device_read_iops,
        device_write_bps,
        device_write_iops,
        weight: _,
        weight_device,
        extensions: _,
    } = config;
    let rates =
        [device_read_bps, device_read_iops, device_write_bps, device_write_iops].into_iter().flatten();
    let rates = rates.filter_map(|rate| Some((rate.path.as_deref()?, rate.span)));
    let weights = weight_device.iter().filter_map(|weight| Some((weight.path.as_deref()?, weight.span)));
    rates.chain(weights).collect()
}
