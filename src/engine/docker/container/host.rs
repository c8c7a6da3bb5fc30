//! In: a container of a plan. Out: its host configuration: limits, isolation, mounts... Must not:
//! talk to the engine, or drop an attribute: what an engine does not support is an error.
//!
//! One function per group of attributes, which fills in its part of the host configuration.

use std::collections::HashMap;

use bollard::models::{HostConfig, HostConfigCgroupnsModeEnum, HostConfigIsolationEnum, HostConfigLogConfig};

use super::super::version::ApiVersion;
use super::group::{Devices, Groups, HostNetwork, Isolation, Life, Memory, Processor, Storage};
use super::inherited::InheritedVolumes;
use super::limit::Deployed;
use super::{api_socket, device, file, limit, mount, port, security};
use crate::engine::EngineError;
use crate::plan::action::{ContainerSpec, OneOff};
use crate::plan::resources;
use crate::source::Spanned;
use crate::topology::service::{CgroupNamespace, Logging, Namespace};
use crate::topology::value::{Decimal, Integer, OneOrMany, Options, Pairs};

/// The host configuration of a container.
pub(super) fn host_config(
    spec: &ContainerSpec,
    groups: &Groups<'_>,
    inherited: InheritedVolumes,
    version: ApiVersion,
) -> Result<HostConfig, EngineError> {
    let deployed = limit::deployed(groups.deployment);
    let host = processor(groups.processor, &deployed, HostConfig::default());
    let host = memory(groups.memory, &deployed, host);
    let host = devices(groups.devices, &deployed, host);
    let host = isolation(groups.isolation, host)?;
    let host = network(spec, groups.network, host);
    let host = storage(spec, groups.storage, inherited, version, host)?;
    Ok(life(spec, groups.life, &deployed, host))
}

/// CPUs.
fn processor(group: Processor<'_>, deployed: &Deployed<'_>, host: HostConfig) -> HostConfig {
    let Processor {
        cpu_count,
        cpu_percent,
        cpu_period,
        cpu_quota,
        cpu_rt_period,
        cpu_rt_runtime,
        cpu_shares,
        cpus,
        cpuset,
    } = group;
    HostConfig {
        cpu_count: cpu_count.map(|count| count.0),
        // The engine uses hundredths of a percent.
        cpu_percent: cpu_percent.map(|percent| (percent.0 * 100.0).round() as i64),
        cpu_period: cpu_period.map(|period| period.0),
        cpu_quota: cpu_quota.map(|quota| quota.0),
        cpu_realtime_period: cpu_rt_period.as_ref().map(|period| period.value.0),
        cpu_realtime_runtime: cpu_rt_runtime.as_ref().map(|runtime| runtime.value.0),
        cpu_shares: cpu_shares.map(|shares| shares.0),
        cpuset_cpus: cpuset.clone(),
        nano_cpus: deployed.nano_cpus.or(cpus.as_ref().map(|cpus| nano_cpus(cpus.value))),
        ..host
    }
}

/// Memory and processes.
fn memory(group: Memory<'_>, deployed: &Deployed<'_>, host: HostConfig) -> HostConfig {
    let Memory {
        mem_limit,
        mem_reservation,
        mem_swappiness,
        memswap_limit,
        oom_kill_disable,
        oom_score_adj,
        pids_limit,
        shm_size,
        ulimits,
    } = group;
    HostConfig {
        memory: deployed.memory.or(mem_limit.as_ref().map(|limit| limit.value.0)),
        memory_reservation: deployed
            .memory_reservation
            .or(mem_reservation.as_ref().map(|reservation| reservation.value.0)),
        memory_swap: memswap_limit.as_ref().map(|limit| limit.value.0),
        memory_swappiness: integer(mem_swappiness),
        oom_kill_disable: oom_kill_disable.then_some(true),
        oom_score_adj: integer(oom_score_adj),
        pids_limit: deployed.pids.or(integer(pids_limit)),
        shm_size: shm_size.map(|size| size.0),
        ulimits: list(limit::ulimits(ulimits)),
        ..host
    }
}

/// Devices and limits on block devices.
fn devices(group: Devices<'_>, deployed: &Deployed<'_>, host: HostConfig) -> HostConfig {
    let Devices { blkio_config, device_cgroup_rules, devices, gpus } = group;
    let blkio = limit::blkio(blkio_config.as_ref());
    HostConfig {
        blkio_device_read_bps: list(blkio.read_bps),
        blkio_device_read_iops: list(blkio.read_iops),
        blkio_device_write_bps: list(blkio.write_bps),
        blkio_device_write_iops: list(blkio.write_iops),
        blkio_weight: blkio.weight,
        blkio_weight_device: list(blkio.weight_device),
        device_cgroup_rules: texts(device_cgroup_rules),
        device_requests: list(device::requests(devices, gpus, deployed.devices)),
        devices: list(device::mappings(devices)),
        ..host
    }
}

/// Namespaces, privileges and security.
fn isolation(group: Isolation<'_>, host: HostConfig) -> Result<HostConfig, EngineError> {
    let Isolation {
        cap_add,
        cap_drop,
        cgroup,
        cgroup_parent,
        credential_spec,
        group_add,
        ipc,
        isolation,
        pid,
        privileged,
        security_opt,
        sysctls,
        userns_mode,
        uts,
    } = group;
    let security = security::options(security_opt, credential_spec.as_ref())?;
    Ok(HostConfig {
        cap_add: list(cap_add.iter().map(|name| capability(name)).collect()),
        cap_drop: list(cap_drop.iter().map(|name| capability(name)).collect()),
        cgroup_parent: cgroup_parent.clone(),
        cgroupns_mode: cgroup.map(cgroup_namespace),
        group_add: list(group_add.texts().map(str::to_owned).collect()),
        ipc_mode: text(ipc),
        isolation: isolation.as_deref().map(known_isolation).transpose()?,
        masked_paths: security.shows_system_paths.then(Vec::new),
        pid_mode: text(pid),
        privileged: Some(**privileged),
        readonly_paths: security.shows_system_paths.then(Vec::new),
        security_opt: list(security.options),
        sysctls: map(sysctls),
        userns_mode: userns_mode.as_ref().map(Namespace::to_string),
        uts_mode: text(uts),
        ..host
    })
}

/// Names, ports and the first network.
fn network(spec: &ContainerSpec, group: HostNetwork<'_>, host: HostConfig) -> HostConfig {
    let HostNetwork { dns, dns_opt, dns_search, extra_hosts, ports } = group;
    HostConfig {
        dns: one_or_many(dns),
        dns_options: texts(dns_opt),
        dns_search: one_or_many(dns_search),
        extra_hosts: list(
            extra_hosts.0.iter().map(|entry| format!("{}:{}", entry.host, entry.address)).collect(),
        ),
        links: list(spec.links.clone()),
        network_mode: spec
            .network_mode
            .as_ref()
            .map(Namespace::to_string)
            .or_else(|| spec.networks.first().map(|attachment| attachment.network.to_string())),
        port_bindings: Some(port::bindings(ports)),
        ..host
    }
}

/// Mounts and the writable layer.
fn storage(
    spec: &ContainerSpec,
    group: Storage<'_>,
    inherited: InheritedVolumes,
    version: ApiVersion,
    host: HostConfig,
) -> Result<HostConfig, EngineError> {
    let Storage { read_only, storage_opt, tmpfs, use_api_socket, volumes_from } = group;
    let mount::Mounts { mut binds, mut mounts } = mount::translate(&spec.mounts(), inherited, version)?;
    binds.extend(use_api_socket.then(|| api_socket::BIND.to_owned()));
    mounts.extend(file::mounts(&spec.files));
    mounts.extend(file::upload_volumes(spec)?);
    Ok(HostConfig {
        binds: list(binds),
        mounts: list(mounts),
        readonly_rootfs: Some(**read_only),
        storage_opt: options(storage_opt),
        tmpfs: Some(tmpfs.0.iter().map(|tmpfs| (tmpfs.target.clone(), tmpfs.options().to_owned())).collect()),
        volumes_from: list(volumes_from.iter().map(|from| from.for_engine()).collect()),
        ..host
    })
}

/// Start, output and end.
fn life(spec: &ContainerSpec, group: Life<'_>, deployed: &Deployed<'_>, host: HostConfig) -> HostConfig {
    let Life { annotations, init, logging, restart, runtime } = group;
    let OneOff { has_input: _, is_removed_at_its_end, terminal_size, pre_start: _ } =
        spec.one_off.unwrap_or_default();
    HostConfig {
        annotations: map(annotations),
        auto_remove: Some(is_removed_at_its_end),
        console_size: terminal_size.map(|(rows, columns)| vec![usize::from(rows), usize::from(columns)]),
        init: *init,
        log_config: logging.as_ref().map(log_config),
        restart_policy: resources::restart_policy(
            restart.as_ref().map(|restart| restart.value),
            deployed.restart,
        )
        .map(limit::restart_policy),
        runtime: runtime.clone(),
        ..host
    }
}

fn integer(number: &Option<Spanned<Integer>>) -> Option<i64> {
    number.as_ref().map(|number| number.value.0)
}

/// The engine accepts a capability with and without its prefix, but returns it as given.
fn capability(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    if name == "ALL" || name.starts_with("CAP_") { name } else { format!("CAP_{name}") }
}

fn nano_cpus(cpus: Decimal) -> i64 {
    (cpus.0 * 1e9).round() as i64
}

fn cgroup_namespace(namespace: CgroupNamespace) -> HostConfigCgroupnsModeEnum {
    match namespace {
        CgroupNamespace::Host => HostConfigCgroupnsModeEnum::HOST,
        CgroupNamespace::Private => HostConfigCgroupnsModeEnum::PRIVATE,
    }
}

fn known_isolation(isolation: &str) -> Result<HostConfigIsolationEnum, EngineError> {
    isolation.parse().map_err(|_| EngineError::Unsupported(format!("no isolation is named `{isolation}`")))
}

fn log_config(logging: &Logging) -> HostConfigLogConfig {
    let Logging { driver, options: driver_options, extensions: _ } = logging;
    HostConfigLogConfig { typ: driver.clone(), config: options(driver_options) }
}

/// A text, if present.
pub(super) fn text<T: std::fmt::Display>(value: &Option<Spanned<T>>) -> Option<String> {
    value.as_ref().map(|value| value.value.to_string())
}

fn texts(values: &[Spanned<String>]) -> Option<Vec<String>> {
    list(values.iter().map(|value| value.value.clone()).collect())
}

fn one_or_many(values: &OneOrMany) -> Option<Vec<String>> {
    texts(&values.0)
}

fn map(pairs: &Pairs) -> Option<HashMap<String, String>> {
    (!pairs.0.is_empty()).then(|| pairs.to_map().into_iter().collect())
}

fn options(options: &Options) -> Option<HashMap<String, String>> {
    (!options.0.is_empty()).then(|| options.to_map().into_iter().collect())
}

/// `None` for an empty list.
pub(super) fn list<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}
