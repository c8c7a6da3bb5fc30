//! Devices: what a container may do with them, and whether they are there.

use std::path::Path;

use crate::diagnostic::{Diagnostics, code};
use crate::lint::{may_run_on_windows, services};
use crate::source::{Span, Spanned};
use crate::topology::service::{BlkioConfig, DeviceMapping, Service};
use crate::topology::{Host, Topology};
use crate::value::device::{are_permissions, is_cgroup_rule};

/// Finds what the engine does not know, and devices that this machine does not have where the engine runs on it.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        let may_be_windows = may_run_on_windows(topology, service);
        for device in &service.devices {
            check_permissions(device, found);
            if !may_be_windows && !device.source.starts_with('/') && !device.is_cdi() {
                refuse_name(device, found);
            }
        }
        service.device_cgroup_rules.iter().for_each(|rule| check_rule(rule, found));
    }
    if topology.host == Host::This && cfg!(target_os = "linux") {
        topology.services.values().for_each(|service| check_existence(service, found));
    }
}

fn refuse_name(device: &Spanned<DeviceMapping>, found: &mut Diagnostics) {
    if !device.source.contains('$') {
        found
            .error(code::BAD_VALUE, format!("`{}` is not a device", device.source))
            .label(device.span, "neither a path of the host nor the name of a CDI device")
            .help("write a path such as `/dev/snd`, or a name such as `vendor.com/class=device`");
    }
}

fn check_permissions(device: &Spanned<DeviceMapping>, found: &mut Diagnostics) {
    let permissions = &device.permissions;
    if !are_permissions(permissions) {
        found
            .error(code::BAD_VALUE, format!("`{permissions}` are not permissions of a device"))
            .label(device.span, "`r` reads, `w` writes, `m` makes nodes")
            .help("write for example `rw`, or leave them out for `rwm`");
    }
}

fn check_rule(rule: &Spanned<String>, found: &mut Diagnostics) {
    if rule.contains('$') || is_cgroup_rule(rule) {
        return;
    }
    found
        .error(code::BAD_VALUE, format!("`{}` is not a rule for devices", rule.value))
        .label(rule.span, "`c`, `b` or `a`, then `MAJOR:MINOR`, then `r`, `w` and `m`")
        .help("write, for example, `c 1:3 rwm`; `*` stands for every number");
}

fn check_existence(service: &Service, found: &mut Diagnostics) {
    let mapped = service.devices.iter().filter(|device| device.source.starts_with('/'));
    let mapped = mapped.map(|device| (device.source.as_str(), device.span));
    for (path, at) in mapped.chain(service.blkio_config.iter().flat_map(limited)) {
        if !path.contains('$') && !Path::new(path).exists() {
            found
                .warning(code::MISSING_SOURCE, format!("the device `{path}` does not exist"))
                .label(at, "the engine refuses to start the container without it")
                .help("name a device of this machine");
        }
    }
}

/// Devices that have limits, and where that is said.
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
