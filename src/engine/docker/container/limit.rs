//! In: limits and the restart policy of a service, on its top level and below `deploy`. Out: the
//! effective ones. Must not: check that they agree; that is done when the topology is loaded.

use std::collections::BTreeMap;

use bollard::models::{
    ResourcesBlkioWeightDevice, ResourcesUlimits, RestartPolicy as Policy, RestartPolicyNameEnum,
    ThrottleDevice,
};

use super::group::Deployment;
use crate::source::Spanned;
use crate::topology::attribute::Named;
use crate::topology::service::deploy::{DeployRestartPolicy, Limits, Reservations, Resources};
use crate::topology::service::device::DeviceRequest;
use crate::topology::service::limit::{BlkioConfig, DeviceRate, DeviceWeight};
use crate::topology::service::{Deploy, RestartPolicy, Ulimit};

/// The settings of `deploy` for one container. The rest of `deploy` is for clusters, or was applied
/// by the plan.
#[derive(Default)]
pub(super) struct Deployed<'a> {
    /// Billionths of a CPU.
    pub nano_cpus: Option<i64>,
    /// Most memory, in bytes.
    pub memory: Option<i64>,
    /// Most processes.
    pub pids: Option<i64>,
    /// Reserved memory, in bytes.
    pub memory_reservation: Option<i64>,
    /// Reserved devices.
    pub devices: &'a [Spanned<DeviceRequest>],
    /// When the container is restarted.
    pub restart: Option<&'a DeployRestartPolicy>,
}

/// Reads `deploy`.
pub(super) fn deployed(Deployment { deploy }: Deployment<'_>) -> Deployed<'_> {
    let Some(deploy) = deploy.as_deref() else { return Deployed::default() };
    let Deploy {
        resources,
        restart_policy,
        // The plan applies the number of containers; the rest is for clusters.
        mode: _,
        endpoint_mode: _,
        replicas: _,
        labels: _,
        rollback_config: _,
        update_config: _,
        placement: _,
        extensions: _,
    } = deploy;
    let mut deployed = Deployed { restart: restart_policy.as_ref(), ..Deployed::default() };
    let Some(Resources { limits, reservations, extensions: _ }) = resources else { return deployed };
    if let Some(Limits { cpus, memory, pids, extensions: _ }) = limits {
        deployed.nano_cpus = cpus.as_ref().map(|cpus| cpus.nano());
        deployed.memory = memory.as_ref().map(|memory| memory.value.0);
        deployed.pids = pids.as_ref().map(|pids| pids.value.0);
    }
    // A single engine reserves neither CPUs nor generic resources.
    if let Some(Reservations { memory, devices, cpus: _, generic_resources: _, extensions: _ }) = reservations
    {
        deployed.memory_reservation = memory.as_ref().map(|memory| memory.value.0);
        deployed.devices = devices;
    }
    deployed
}

/// The restart policy, as the engine takes it.
pub(super) fn restart_policy(policy: RestartPolicy) -> Policy {
    use RestartPolicyNameEnum::{ALWAYS, NO, ON_FAILURE, UNLESS_STOPPED};
    let (name, attempts) = match policy {
        RestartPolicy::No => (NO, None),
        RestartPolicy::Always => (ALWAYS, None),
        RestartPolicy::OnFailure { attempts } => (ON_FAILURE, attempts.map(i64::from)),
        RestartPolicy::UnlessStopped => (UNLESS_STOPPED, None),
    };
    Policy { name: Some(name), maximum_retry_count: attempts }
}

/// Limits of the container's processes.
pub(super) fn ulimits(ulimits: &BTreeMap<String, Named<Ulimit>>) -> Vec<ResourcesUlimits> {
    let translate = |(name, ulimit): (&String, &Named<Ulimit>)| {
        let Ulimit { soft, hard, is_single: _ } = ulimit.value;
        ResourcesUlimits { name: Some(name.clone()), soft: Some(soft), hard: Some(hard) }
    };
    ulimits.iter().map(translate).collect()
}

/// Limits on block devices.
#[derive(Default)]
pub(super) struct Blkio {
    /// Weight of all block devices.
    pub weight: Option<u16>,
    /// Weights of single devices.
    pub weight_device: Vec<ResourcesBlkioWeightDevice>,
    /// Most bytes read per second.
    pub read_bps: Vec<ThrottleDevice>,
    /// Most reads per second.
    pub read_iops: Vec<ThrottleDevice>,
    /// Most bytes written per second.
    pub write_bps: Vec<ThrottleDevice>,
    /// Most writes per second.
    pub write_iops: Vec<ThrottleDevice>,
}

/// Reads `blkio_config`.
pub(super) fn blkio(config: Option<&BlkioConfig>) -> Blkio {
    let Some(config) = config else { return Blkio::default() };
    let BlkioConfig {
        device_read_bps,
        device_read_iops,
        device_write_bps,
        device_write_iops,
        weight,
        weight_device,
        extensions: _,
    } = config;
    Blkio {
        weight: weight.as_ref().and_then(|weight| u16::try_from(weight.value.0).ok()),
        weight_device: weight_device.iter().map(|device| device_weight(device)).collect(),
        read_bps: device_rates(device_read_bps),
        read_iops: device_rates(device_read_iops),
        write_bps: device_rates(device_write_bps),
        write_iops: device_rates(device_write_iops),
    }
}

fn device_weight(device: &DeviceWeight) -> ResourcesBlkioWeightDevice {
    let DeviceWeight { path, weight, extensions: _ } = device;
    let weight = weight.and_then(|weight| usize::try_from(weight.0).ok());
    ResourcesBlkioWeightDevice { path: path.clone(), weight }
}

fn device_rates(devices: &[Spanned<DeviceRate>]) -> Vec<ThrottleDevice> {
    let translate = |device: &Spanned<DeviceRate>| {
        let DeviceRate { path, rate, extensions: _ } = &device.value;
        ThrottleDevice { path: path.clone(), rate: rate.map(|rate| rate.0) }
    };
    devices.iter().map(translate).collect()
}
