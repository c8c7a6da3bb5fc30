//! In: a container of a plan. Out: the body of the request that creates it.
//! Must not: talk to the engine, or drop an attribute: what an engine cannot do is an error.

use std::collections::{BTreeMap, HashMap};

use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, HostConfigCgroupnsModeEnum, HostConfigIsolationEnum,
    HostConfigLogConfig,
};
use serde::Serialize;

use super::super::version::ApiVersion;
use super::taken_over::TakenOver;
use super::{api_socket, device, endpoint, file, limit, mount, port, security};
use crate::engine::EngineError;
use crate::plan::action::{ContainerSpec, OneOff};
use crate::source::Spanned;
use crate::topology::Service;
use crate::topology::service::{CgroupNamespace, Healthcheck, Logging};
use crate::topology::value::{Decimal, Duration, OneOrMany, Options, Pairs};

/// The body of a create request.
#[derive(Serialize)]
pub(super) struct Request {
    #[serde(flatten)]
    body: ContainerCreateBody,
    /// Left out of bollard's model, since API 1.44 has it for each network.
    #[serde(rename = "MacAddress", skip_serializing_if = "Option::is_none")]
    mac_address: Option<String>,
}

impl Request {
    /// Adds a label that shows only when the container is created.
    pub(super) fn put_label(&mut self, name: &str, value: &str) {
        self.body.labels.get_or_insert_default().insert(name.to_owned(), value.to_owned());
    }
}

/// Translates a container. The service is taken apart without `..`: a new attribute does not compile
/// until it is applied here or named among those that are applied elsewhere.
pub(super) fn request(
    spec: &ContainerSpec,
    taken_over: TakenOver,
    version: ApiVersion,
    proxies: &BTreeMap<String, String>,
) -> Result<Request, EngineError> {
    let Service {
        annotations,
        blkio_config,
        cap_add,
        cap_drop,
        cgroup,
        cgroup_parent,
        command,
        cpu_count,
        cpu_percent,
        cpu_period,
        cpu_quota,
        cpu_rt_period,
        cpu_rt_runtime,
        cpu_shares,
        cpus,
        cpuset,
        credential_spec,
        deploy,
        device_cgroup_rules,
        devices,
        dns,
        dns_opt,
        dns_search,
        domainname,
        entrypoint,
        environment,
        expose,
        extra_hosts,
        gpus,
        group_add,
        healthcheck,
        hostname,
        init,
        ipc,
        isolation,
        logging,
        mem_limit,
        mem_reservation,
        mem_swappiness,
        memswap_limit,
        oom_kill_disable,
        oom_score_adj,
        pid,
        pids_limit,
        ports,
        privileged,
        read_only,
        restart,
        runtime,
        security_opt,
        shm_size,
        stdin_open,
        stop_grace_period,
        stop_signal,
        storage_opt,
        sysctls,
        tmpfs,
        tty,
        ulimits,
        use_api_socket,
        user,
        userns_mode,
        uts,
        volumes_from,
        working_dir,
        // Applied with the networks.
        mac_address: _,
        // In the specification, with the engine's names.
        configs: _,
        container_name: _,
        env_file: _,
        external_links: _,
        image: _,
        label_file: _,
        labels: _,
        links: _,
        network_mode: _,
        networks: _,
        secrets: _,
        volumes: _,
        // Sent beside the body.
        platform: _,
        // Done by the plan and the run.
        attach: _,
        build: _,
        depends_on: _,
        develop: _,
        extends: _,
        models: _,
        post_start: _,
        pre_start: _,
        pre_stop: _,
        profiles: _,
        provider: _,
        pull_policy: _,
        pull_refresh_after: _,
        scale: _,
        extensions: _,
    } = &*spec.service;
    let OneOff { has_input, is_removed_at_its_end, terminal_size } = spec.one_off.unwrap_or_default();
    let deployed = limit::deployed(deploy.as_ref());
    let blkio = limit::blkio(blkio_config.as_ref());
    let security = security::options(security_opt, credential_spec.as_ref())?;
    let mount::Mounts { mut binds, mut mounts } = mount::translate(&spec.mounts, taken_over, version)?;
    binds.extend(use_api_socket.then(|| api_socket::BIND.to_owned()));
    mounts.extend(file::mounts(&spec.files));
    mounts.extend(file::upload_volumes(spec)?);
    let integer = |number: &Option<Spanned<crate::topology::value::Integer>>| {
        number.as_ref().map(|number| number.value.0)
    };

    let host_config = HostConfig {
        annotations: map(annotations),
        auto_remove: Some(is_removed_at_its_end),
        binds: list(binds),
        blkio_device_read_bps: list(blkio.read_bps),
        blkio_device_read_iops: list(blkio.read_iops),
        blkio_device_write_bps: list(blkio.write_bps),
        blkio_device_write_iops: list(blkio.write_iops),
        blkio_weight: blkio.weight,
        blkio_weight_device: list(blkio.weight_device),
        cap_add: list(cap_add.iter().map(|name| capability(name)).collect()),
        cap_drop: list(cap_drop.iter().map(|name| capability(name)).collect()),
        cgroup_parent: cgroup_parent.clone(),
        cgroupns_mode: cgroup.map(cgroup_namespace),
        console_size: terminal_size.map(|(rows, columns)| vec![usize::from(rows), usize::from(columns)]),
        cpu_count: cpu_count.map(|count| count.0),
        // The engine counts in hundredths of a percent.
        cpu_percent: cpu_percent.map(|percent| (percent.0 * 100.0).round() as i64),
        cpu_period: cpu_period.map(|period| period.0),
        cpu_quota: cpu_quota.map(|quota| quota.0),
        cpu_realtime_period: cpu_rt_period.as_ref().map(|period| period.value.0),
        cpu_realtime_runtime: cpu_rt_runtime.as_ref().map(|runtime| runtime.value.0),
        cpu_shares: cpu_shares.map(|shares| shares.0),
        cpuset_cpus: cpuset.clone(),
        device_cgroup_rules: texts(device_cgroup_rules),
        device_requests: list(device::requests(devices, gpus, deployed.devices)),
        devices: list(device::mappings(devices)),
        dns: one_or_many(dns),
        dns_options: texts(dns_opt),
        dns_search: one_or_many(dns_search),
        extra_hosts: list(
            extra_hosts.0.iter().map(|entry| format!("{}:{}", entry.host, entry.address)).collect(),
        ),
        group_add: list(group_add.texts().map(str::to_owned).collect()),
        init: *init,
        ipc_mode: text(ipc),
        isolation: isolation.as_deref().map(known_isolation).transpose()?,
        links: list(spec.links.clone()),
        log_config: logging.as_ref().map(log_config),
        masked_paths: security.shows_system_paths.then(Vec::new),
        memory: deployed.memory.or(mem_limit.as_ref().map(|limit| limit.value.0)),
        memory_reservation: deployed
            .memory_reservation
            .or(mem_reservation.as_ref().map(|reservation| reservation.value.0)),
        memory_swap: memswap_limit.as_ref().map(|limit| limit.value.0),
        memory_swappiness: integer(mem_swappiness),
        mounts: list(mounts),
        nano_cpus: deployed.nano_cpus.or(cpus.as_ref().map(|cpus| nano_cpus(cpus.value))),
        network_mode: spec
            .network_mode
            .clone()
            .or_else(|| spec.networks.first().map(|attachment| attachment.network.to_string())),
        oom_kill_disable: oom_kill_disable.then_some(true),
        oom_score_adj: integer(oom_score_adj),
        pid_mode: text(pid),
        pids_limit: deployed.pids.or(integer(pids_limit)),
        port_bindings: Some(port::bindings(ports)),
        privileged: Some(**privileged),
        readonly_paths: security.shows_system_paths.then(Vec::new),
        readonly_rootfs: Some(**read_only),
        restart_policy: limit::restart_policy(
            restart.as_ref().map(|restart| restart.value),
            deployed.restart,
        ),
        runtime: runtime.clone(),
        security_opt: list(security.options),
        shm_size: shm_size.map(|size| size.0),
        storage_opt: options(storage_opt),
        sysctls: map(sysctls),
        tmpfs: Some(tmpfs.texts().map(split_tmpfs).collect()),
        ulimits: list(limit::ulimits(ulimits)),
        userns_mode: userns_mode.clone(),
        uts_mode: text(uts),
        volumes_from: texts(volumes_from),
        ..HostConfig::default()
    };
    let body = ContainerCreateBody {
        attach_stderr: Some(true),
        attach_stdin: Some(has_input),
        attach_stdout: Some(true),
        cmd: command.0.clone(),
        domainname: domainname.clone(),
        entrypoint: entrypoint.0.clone(),
        env: list(variables(environment, proxies).chain(api_socket::variable(&spec.service)).collect()),
        exposed_ports: list(port::exposed(ports, expose)),
        healthcheck: healthcheck.as_ref().map(|check| health_config(check)),
        host_config: Some(host_config),
        hostname: text(hostname),
        image: Some(spec.image.to_string()),
        labels: Some(spec.labels.clone().into_iter().collect()),
        networking_config: Some(endpoint::at_creation(spec, version)),
        open_stdin: Some(**stdin_open),
        stdin_once: Some(has_input),
        stop_signal: text(stop_signal),
        stop_timeout: stop_grace_period.map(whole_seconds),
        tty: Some(**tty),
        user: user.clone(),
        working_dir: working_dir.clone(),
        ..ContainerCreateBody::default()
    };
    Ok(Request { body, mac_address: endpoint::mac_address_of_container(spec, version) })
}

/// Seconds, as the engine counts a grace period; a part of one counts as a whole.
fn whole_seconds(duration: Duration) -> i64 {
    i64::try_from(duration.0.as_millis().div_ceil(1000)).unwrap_or(i64::MAX)
}

/// The engine takes a capability with and without its prefix, but lists it as it was given.
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

fn health_config(healthcheck: &Healthcheck) -> HealthConfig {
    let Healthcheck {
        disable,
        interval,
        retries,
        test,
        timeout,
        start_period,
        start_interval,
        extensions: _,
    } = healthcheck;
    if **disable {
        return HealthConfig { test: Some(vec!["NONE".to_owned()]), ..HealthConfig::default() };
    }
    let nanoseconds =
        |duration: &Option<Spanned<Duration>>| duration.as_ref().map(|duration| duration.nanoseconds());
    HealthConfig {
        test: test.as_ref().map(|test| test.0.clone()),
        interval: nanoseconds(interval),
        timeout: nanoseconds(timeout),
        retries: retries.as_ref().map(|retries| retries.value.0),
        start_period: nanoseconds(start_period),
        start_interval: nanoseconds(start_interval),
    }
}

/// Proxies come first: what the topology says of them wins.
fn variables(environment: &Pairs, proxies: &BTreeMap<String, String>) -> impl Iterator<Item = String> {
    let proxies = proxies.iter().filter(|(name, _)| !environment.0.contains_key(*name));
    proxies.map(|(name, value)| format!("{name}={value}")).chain(environment.0.iter().map(variable))
}

/// A name without a value takes the variable away that the image has.
fn variable((name, value): (&String, &Spanned<Option<String>>)) -> String {
    value.value.as_ref().map_or_else(|| name.clone(), |value| format!("{name}={value}"))
}

fn split_tmpfs(tmpfs: &str) -> (String, String) {
    let (path, options) = tmpfs.split_once(':').unwrap_or((tmpfs, ""));
    (path.to_owned(), options.to_owned())
}

fn text(value: &Option<Spanned<String>>) -> Option<String> {
    value.as_ref().map(|value| value.value.clone())
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

/// An empty list is the same as none.
fn list<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value as Json, json};

    use super::*;
    use crate::plan::action::Attachment;
    use crate::source::{Sources, Span};
    use crate::topology::ServiceNetwork;
    use crate::topology::attribute::Attribute;

    const OLD: ApiVersion = ApiVersion { minor: 41 };
    const NEW: ApiVersion = ApiVersion { minor: 51 };

    /// A container of a service that is written in YAML.
    fn container(text: &str) -> ContainerSpec {
        let mut sources = Sources::default();
        let file = sources.add("topology.yaml", text);
        let mut found = crate::diagnostic::Diagnostics::default();
        let environment = crate::source::Environment::default();
        let folder = std::path::Path::new("/");
        let document = crate::document::load(&mut sources, &[file], folder, &environment, &mut found);
        let service = Service::decode(&document.root, &mut found).unwrap();
        assert!(found.is_empty(), "{:?}", found.sorted());
        let network = |name: &str, mac_address: Option<&str>| Attachment {
            network: name.into(),
            aliases: vec!["web".to_owned()],
            links: Vec::new(),
            settings: ServiceNetwork {
                mac_address: mac_address.map(|mac| Spanned::new(mac.to_owned(), Span::new(file, 0, 0))),
                ..ServiceNetwork::default()
            },
        };
        ContainerSpec {
            name: "shop-web-1".into(),
            service_name: "web".into(),
            service: Arc::new(service),
            image: "web:1".into(),
            networks: vec![network("shop_front", Some("02:00:00:00:00:01")), network("shop_back", None)],
            network_mode: None,
            mounts: Vec::new(),
            files: Vec::new(),
            labels: BTreeMap::new(),
            links: Vec::new(),
            predecessor: None,
            one_off: None,
        }
    }

    fn body(text: &str, version: ApiVersion) -> Json {
        let proxies = BTreeMap::from([("HTTP_PROXY".to_owned(), "http://p:1".to_owned())]);
        let request = request(&container(text), TakenOver::new(), version, &proxies).unwrap();
        serde_json::to_value(request).unwrap()
    }

    #[test]
    fn an_absent_command_is_the_images_and_an_empty_one_is_none() {
        let absent = body("tty: true", NEW);
        assert_eq!((&absent["Cmd"], &absent["Entrypoint"]), (&Json::Null, &Json::Null));
        let given = body("command: a 'b c'\nentrypoint: []", NEW);
        assert_eq!((&given["Cmd"], &given["Entrypoint"]), (&json!(["a", "b c"]), &json!([])));
    }

    #[test]
    fn the_topology_wins_over_the_proxies() {
        assert_eq!(
            body("environment: { A: x, B: }", NEW)["Env"],
            json!(["HTTP_PROXY=http://p:1", "A=x", "B"])
        );
        assert_eq!(body("environment: { HTTP_PROXY: '' }", NEW)["Env"], json!(["HTTP_PROXY="]));
    }

    #[test]
    fn limits_of_deploy_win_over_flat_ones() {
        let text = "cpus: 2\nmem_limit: 1g\npids_limit: 7\ndeploy: { resources: { limits: { cpus: '0.5', memory: 64m } } }";
        let host = &body(text, NEW)["HostConfig"];
        let limits = (&host["NanoCpus"], &host["Memory"], &host["PidsLimit"]);
        assert_eq!(limits, (&json!(500_000_000), &json!(67_108_864), &json!(7)));
    }

    #[test]
    fn an_older_engine_gets_one_network_and_its_address_apart() {
        let new = body("tty: true", NEW);
        assert_eq!(new["NetworkingConfig"]["EndpointsConfig"].as_object().unwrap().len(), 2);
        let front = &new["NetworkingConfig"]["EndpointsConfig"]["shop_front"];
        assert_eq!((&front["MacAddress"], &new["MacAddress"]), (&json!("02:00:00:00:00:01"), &Json::Null));
        let old = body("tty: true", OLD);
        assert_eq!(old["NetworkingConfig"]["EndpointsConfig"].as_object().unwrap().len(), 1);
        let front = &old["NetworkingConfig"]["EndpointsConfig"]["shop_front"];
        assert_eq!((&front["MacAddress"], &old["MacAddress"]), (&Json::Null, &json!("02:00:00:00:00:01")));
    }

    #[test]
    fn a_part_of_a_second_of_grace_is_a_whole_one() {
        assert_eq!(body("stop_grace_period: 1500ms", NEW)["StopTimeout"], json!(2));
        assert_eq!(body("stop_grace_period: 0s", NEW)["StopTimeout"], json!(0));
    }
}
