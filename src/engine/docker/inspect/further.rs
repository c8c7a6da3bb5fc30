//! In: the settings that a container was created with, in the engine's format. Out: attributes in
//! the form of the topology's model. Must not: return the engine's defaults.

use std::collections::BTreeMap;
use std::time::Duration as Length;

use serde::Deserialize;
use serde_json::{Map as JsonMap, Value as Json, json};

use crate::plan::resources::Resources;
use crate::topology::Service;
use crate::topology::service::Healthcheck;
use crate::topology::value::Duration;

/// The parts of a container's host configuration that correspond to attributes of a service.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct FurtherHostConfig {
    annotations: Option<JsonMap<String, Json>>,
    blkio_weight: u16,
    cap_add: Option<Vec<String>>,
    cap_drop: Option<Vec<String>>,
    cgroup_parent: String,
    cgroupns_mode: String,
    cpu_period: i64,
    cpu_quota: i64,
    cpu_realtime_period: i64,
    cpu_realtime_runtime: i64,
    cpu_shares: i64,
    cpuset_cpus: String,
    device_cgroup_rules: Option<Vec<String>>,
    devices: Option<Vec<Device>>,
    dns: Option<Vec<String>>,
    dns_options: Option<Vec<String>>,
    dns_search: Option<Vec<String>>,
    extra_hosts: Option<Vec<String>>,
    group_add: Option<Vec<String>>,
    init: Option<bool>,
    memory_reservation: i64,
    memory_swap: i64,
    memory_swappiness: Option<i64>,
    nano_cpus: i64,
    oom_kill_disable: Option<bool>,
    oom_score_adj: i64,
    pids_limit: Option<i64>,
    runtime: String,
    security_opt: Option<Vec<String>>,
    shm_size: i64,
    sysctls: Option<JsonMap<String, Json>>,
    tmpfs: Option<BTreeMap<String, String>>,
    ulimits: Option<Vec<Ulimit>>,
    userns_mode: String,
    #[serde(rename = "UTSMode")]
    uts_mode: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Device {
    path_on_host: String,
    path_in_container: String,
    cgroup_permissions: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Ulimit {
    name: String,
    soft: i64,
    hard: i64,
}

/// The engine's default size of shared memory.
const DEFAULT_SHM_SIZE: i64 = 64 * 1024 * 1024;
/// The engine's default runtime.
const DEFAULT_RUNTIME: &str = "runc";

impl FurtherHostConfig {
    /// The limits that stand here.
    pub(super) fn resources(&self) -> Resources {
        let limit = |number: i64| (number > 0).then_some(number);
        Resources {
            blkio_weight: Some(self.blkio_weight).filter(|weight| *weight > 0),
            cpu_period: limit(self.cpu_period),
            cpu_quota: limit(self.cpu_quota),
            cpu_rt_period: limit(self.cpu_realtime_period),
            cpu_rt_runtime: limit(self.cpu_realtime_runtime),
            cpu_shares: limit(self.cpu_shares),
            cpuset: Some(self.cpuset_cpus.clone()).filter(|cpuset| !cpuset.is_empty()),
            memory_reservation: limit(self.memory_reservation),
            memory_swap: Some(self.memory_swap).filter(|swap| *swap != 0),
            nano_cpus: limit(self.nano_cpus),
            pids: self.pids_limit.and_then(limit),
            ..Resources::default()
        }
    }

    /// Everything that differs from the engine's defaults.
    pub(super) fn attributes(&self) -> BTreeMap<&'static str, Json> {
        let number = |number: i64| json!((number > 0).then_some(number));
        let bytes = |number: i64| json!((number > 0).then(|| number.to_string()));
        let devices = self.devices.iter().flatten().map(|device| {
            let Device { path_on_host, path_in_container, cgroup_permissions } = device;
            json!({ "source": path_on_host, "target": path_in_container, "permissions": cgroup_permissions })
        });
        // The engine separates at the first colon, the model at `=`.
        let hosts = self.extra_hosts.iter().flatten().map(|host| host.replacen(':', "=", 1));
        let directories = self.tmpfs.iter().flatten().map(|(directory, options)| match options.as_str() {
            "" => directory.clone(),
            options => format!("{directory}:{options}"),
        });
        let limits = self.ulimits.iter().flatten().map(|Ulimit { name, soft, hard }| {
            (name.clone(), if soft == hard { json!(soft) } else { json!({ "soft": soft, "hard": hard }) })
        });
        let capabilities = |list: &Option<Vec<String>>| -> Json {
            let names = list.iter().flatten();
            names.map(|name| json!(name.strip_prefix("CAP_").unwrap_or(name))).collect()
        };
        let all = [
            (Service::annotations, json!(self.annotations)),
            (Service::cap_add, capabilities(&self.cap_add)),
            (Service::cap_drop, capabilities(&self.cap_drop)),
            (Service::cgroup_parent, json!(self.cgroup_parent)),
            (Service::cgroup, json!(self.cgroupns_mode)),
            (Service::cpu_period, number(self.cpu_period)),
            (Service::cpu_quota, number(self.cpu_quota)),
            (Service::cpu_shares, number(self.cpu_shares)),
            (Service::cpus, json!((self.nano_cpus > 0).then(|| self.nano_cpus as f64 / 1e9))),
            (Service::cpuset, json!(self.cpuset_cpus)),
            (Service::device_cgroup_rules, json!(self.device_cgroup_rules)),
            (Service::devices, devices.collect()),
            (Service::dns, json!(self.dns)),
            (Service::dns_opt, json!(self.dns_options)),
            (Service::dns_search, json!(self.dns_search)),
            (Service::extra_hosts, hosts.collect()),
            (Service::group_add, json!(self.group_add)),
            (Service::init, json!(self.init)),
            (Service::mem_reservation, bytes(self.memory_reservation)),
            (Service::mem_swappiness, json!(self.memory_swappiness.filter(|share| *share >= 0))),
            (Service::memswap_limit, json!((self.memory_swap != 0).then(|| self.memory_swap.to_string()))),
            (Service::oom_kill_disable, json!(self.oom_kill_disable)),
            (Service::oom_score_adj, json!((self.oom_score_adj != 0).then_some(self.oom_score_adj))),
            (Service::pids_limit, number(self.pids_limit.unwrap_or_default())),
            (Service::runtime, json!(Some(&self.runtime).filter(|runtime| *runtime != DEFAULT_RUNTIME))),
            (Service::security_opt, json!(self.security_opt)),
            (Service::shm_size, bytes(if self.shm_size == DEFAULT_SHM_SIZE { 0 } else { self.shm_size })),
            (Service::sysctls, json!(self.sysctls)),
            (Service::tmpfs, directories.collect()),
            (Service::ulimits, Json::Object(limits.collect())),
            (Service::userns_mode, json!(self.userns_mode)),
            (Service::uts, json!(self.uts_mode)),
        ];
        all.into_iter().filter(|(_, value)| !value.is_null()).collect()
    }
}

/// The parts of a container's configuration that correspond to attributes of a service.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct FurtherConfig {
    hostname: String,
    domainname: String,
    stop_signal: String,
    stop_timeout: Option<u64>,
}

impl FurtherConfig {
    /// How long the process has to end when the container is stopped.
    pub(super) fn grace(&self) -> Option<Length> {
        self.stop_timeout.map(Length::from_secs)
    }

    /// Everything that differs from the engine's defaults, for the container with this id.
    pub(super) fn attributes(&self, id: &str) -> BTreeMap<&'static str, Json> {
        let Self { hostname, domainname, stop_signal, stop_timeout } = self;
        // By default, the id is the host name.
        let hostname = if id.starts_with(hostname.as_str()) { "" } else { hostname };
        let grace = stop_timeout.map(|seconds| Duration(Length::from_secs(seconds)).to_string());
        BTreeMap::from([
            (Service::hostname, json!(hostname)),
            (Service::domainname, json!(domainname)),
            (Service::stop_signal, json!(stop_signal)),
            (Service::stop_grace_period, json!(grace)),
        ])
    }
}

/// A health check in the engine's format.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct InspectedHealthcheck {
    /// After how many failures the container is unhealthy; 0 for the engine's default.
    pub(super) retries: u64,
    pub(super) test: Option<Vec<String>>,
    interval: u64,
    timeout: u64,
    start_period: u64,
    start_interval: u64,
}

impl InspectedHealthcheck {
    /// Its command as a shell command line.
    pub(super) fn command(&self) -> Option<String> {
        match self.test.as_deref()? {
            [kind, words @ ..] if kind == "CMD" && !words.is_empty() => {
                shlex::try_join(words.iter().map(String::as_str)).ok()
            }
            [kind, command] if kind == "CMD-SHELL" => Some(command.clone()),
            _ => None,
        }
    }

    /// Its attributes; only `test` may come from the image as well.
    pub(super) fn attributes(&self) -> JsonMap<String, Json> {
        let duration = |nanoseconds: u64| {
            json!((nanoseconds > 0).then(|| Duration(Length::from_nanos(nanoseconds)).to_string()))
        };
        let all = [
            (Healthcheck::interval, duration(self.interval)),
            (Healthcheck::timeout, duration(self.timeout)),
            (Healthcheck::start_period, duration(self.start_period)),
            (Healthcheck::start_interval, duration(self.start_interval)),
            (Healthcheck::retries, json!((self.retries > 0).then_some(self.retries))),
        ];
        let is_off = self.test.as_ref().is_some_and(|test| test.first().is_some_and(|word| word == "NONE"));
        let off = is_off.then_some((Healthcheck::disable, json!(true)));
        let said = all.into_iter().chain(off).filter(|(_, value)| !value.is_null());
        said.map(|(key, value)| (key.to_owned(), value)).collect()
    }
}
