//! In: the engine's description of a container. Out: its state. Must not: fail on a word that a
//! newer engine uses.

mod endpoints;
mod further;

use crate::engine::phrase;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map as JsonMap, Value as Json, json};

use self::endpoints::InspectedNetworks;
use self::further::{FurtherConfig, FurtherHostConfig, InspectedHealthcheck};
use super::transport::{Call, Transport, escape};
use crate::engine::EngineError;
use crate::plan::observed::{ContainerState, Health, Settings, Status};
use crate::plan::resources::Resources;
use crate::topology::Service;
use crate::topology::service::{Healthcheck, Logging, Namespace, RestartPolicy};
use crate::value::pair::Pair;

/// An engine records a start only after the process runs, so that its first output may be older;
/// seen on Engine 20.10.
const HEAD_START: Duration = Duration::from_secs(1);

/// The parts of `GET /containers/NAME/json` that are needed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Inspected {
    /// Its full id.
    #[serde(default)]
    pub id: String,
    /// Its name, with a leading slash.
    #[serde(default)]
    pub name: String,
    /// Its state.
    pub state: InspectedState,
    /// How often the engine restarted it.
    #[serde(default)]
    pub restart_count: u32,
    /// Its host configuration.
    pub host_config: InspectedHostConfig,
    /// Its configuration.
    pub config: InspectedConfig,
    /// Its mounts.
    #[serde(default)]
    pub mounts: Vec<InspectedMount>,
    /// Its networks.
    #[serde(default)]
    network_settings: InspectedNetworks,
}

/// A container's state in the engine's words.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct InspectedState {
    status: String,
    exit_code: i64,
    started_at: String,
    health: Option<InspectedHealth>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct InspectedHealth {
    status: String,
    /// How often the check failed in a row.
    failing_streak: Option<u64>,
    log: Option<Vec<InspectedHealthRun>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct InspectedHealthRun {
    exit_code: i64,
    output: String,
}

/// The parts of a container's host configuration that are needed.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct InspectedHostConfig {
    network_mode: String,
    ipc_mode: String,
    pid_mode: String,
    restart_policy: InspectedRestartPolicy,
    log_config: InspectedLogConfig,
    binds: Option<Vec<String>>,
    mounts: Option<Vec<WantedMount>>,
    volumes_from: Option<Vec<String>>,
    memory: u64,
    privileged: bool,
    readonly_rootfs: bool,
    port_bindings: Option<BTreeMap<String, Option<Vec<PortBinding>>>>,
    #[serde(flatten)]
    further: FurtherHostConfig,
}

impl InspectedHostConfig {
    /// The host ports by container port: `80/tcp`.
    fn host_ports(&self) -> BTreeMap<String, String> {
        let bindings = self.port_bindings.iter().flatten();
        let first = |(port, hosts): (&String, &Option<Vec<PortBinding>>)| {
            Some((port.clone(), hosts.as_ref()?.first()?.host_port.clone()))
        };
        bindings.filter_map(first).collect()
    }
}

impl InspectedHostConfig {
    /// Limits and the restart policy.
    fn resources(&self) -> Resources {
        Resources {
            memory: i64::try_from(self.memory).ok().filter(|memory| *memory > 0),
            restart: self.restart_policy.written().and_then(|word| RestartPolicy::from_word(&word)),
            ..self.further.resources()
        }
    }
}

impl InspectedRestartPolicy {
    /// In Compose's format: `always`, `on-failure:3`.
    fn written(&self) -> Option<String> {
        let Self { name, maximum_retry_count, .. } = self;
        match (name.as_str(), maximum_retry_count) {
            ("", _) => None,
            (name, 0) => Some(name.to_owned()),
            (name, count) => Some(format!("{name}:{count}")),
        }
    }
}

/// A host port that a container port is published on.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct PortBinding {
    host_port: String,
}

/// A mount as requested.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WantedMount {
    source: String,
    target: String,
    volume_options: Option<WantedVolume>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WantedVolume {
    labels: Option<BTreeMap<String, String>>,
}

impl InspectedHostConfig {
    /// Where the requested mounts with this label are.
    pub fn labelled_targets(&self, label: &str) -> BTreeSet<&str> {
        let has_label = |mount: &&WantedMount| {
            let labels = mount.volume_options.as_ref().and_then(|volume| volume.labels.as_ref());
            labels.is_some_and(|labels| labels.contains_key(label))
        };
        self.mounts.iter().flatten().filter(has_label).map(|mount| mount.target.as_str()).collect()
    }

    /// The ids of the containers whose namespaces are shared.
    pub fn namespace_owners(&self) -> BTreeSet<String> {
        let modes = [&self.network_mode, &self.ipc_mode, &self.pid_mode].into_iter();
        modes.filter_map(|mode| Some(Namespace::from(mode.clone()).container()?.to_string())).collect()
    }

    /// Whether a volume may have been requested by name, here or by a container of `volumes_from`.
    fn may_name(&self, volume: &str) -> bool {
        let is_bound = |bind: &String| bind.split(':').next() == Some(volume);
        self.binds.iter().flatten().any(is_bound)
            || self.mounts.iter().flatten().any(|mount| mount.source == volume)
            || self.volumes_from.iter().flatten().next().is_some()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct InspectedLogConfig {
    #[serde(rename = "Type")]
    driver: String,
    config: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct InspectedRestartPolicy {
    name: String,
    maximum_retry_count: u64,
}

/// The parts of a container's configuration that are needed.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct InspectedConfig {
    /// Whether it has a terminal.
    pub tty: bool,
    /// Whether its input is open.
    pub open_stdin: bool,
    /// Whether its input is closed when the first client that attaches closes it.
    pub stdin_once: bool,
    /// The image reference from its creation.
    pub image: String,
    /// All labels.
    pub labels: Option<BTreeMap<String, String>>,
    healthcheck: Option<InspectedHealthcheck>,
    env: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    entrypoint: Option<Vec<String>>,
    user: String,
    working_dir: String,
    #[serde(flatten)]
    further: FurtherConfig,
}

impl InspectedConfig {
    /// How long the process has to end when the container is stopped, if it says so itself.
    pub fn grace(&self) -> Option<Duration> {
        self.further.grace()
    }
}

/// The default number of failed checks after which a container is unhealthy.
const DEFAULT_RETRIES: u64 = 3;

/// One mount of a container.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct InspectedMount {
    /// `volume`, `bind`, `tmpfs`...
    #[serde(rename = "Type")]
    pub kind: String,
    /// The volume's name.
    pub name: String,
    /// Its path on the host.
    source: String,
    /// Where it appears in the container.
    pub destination: String,
    /// Whether it is writable.
    #[serde(rename = "RW")]
    is_writable: bool,
}

/// Inspects a container by name or id.
pub async fn inspect(transport: &Transport, container: &str) -> Result<Inspected, EngineError> {
    transport.json(Call::get(format!("/containers/{}/json", escape(container, "")))).await
}

impl Inspected {
    /// Mounted volumes with a generated name, 64 hexadecimal digits. Such a volume may still have
    /// been requested by name.
    pub fn unnamed_volumes(&self) -> impl Iterator<Item = &InspectedMount> {
        let is_unnamed = |name: &str| name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.volumes().filter(move |mount| is_unnamed(&mount.name))
    }

    /// Mounted volumes.
    pub fn volumes(&self) -> impl Iterator<Item = &InspectedMount> {
        self.mounts.iter().filter(|mount| mount.kind == "volume")
    }

    /// Whether a volume certainly belongs only to this container: the engine created it for the
    /// container, or for a predecessor it was inherited from, in which case the mount has the label
    /// `inherited`. The label `com.docker.volume.anonymous` is no proof: `docker volume create`
    /// without a name sets it too.
    pub fn owns(&self, mount: &InspectedMount, inherited: &str) -> bool {
        self.host_config.labelled_targets(inherited).contains(mount.destination.as_str())
            || !self.host_config.may_name(&mount.name)
    }

    /// The result of the health check. The engine reports a container as unhealthy while it is
    /// paused, and until the next check after that, although no check failed.
    fn health(&self, health: &InspectedHealth) -> Option<Health> {
        let retries = self.config.healthcheck.as_ref().map_or(0, |check| check.retries);
        let retries = if retries == 0 { DEFAULT_RETRIES } else { retries };
        match health_word(&health.status)? {
            Health::Unhealthy if health.failing_streak.is_some_and(|streak| streak < retries) => {
                Some(Health::Starting)
            }
            known => Some(known),
        }
    }

    /// For example ``its health check `pg_isready` failed 3 times in a row, the last time with exit code
    /// 2``.
    fn failed_check(&self, health: &InspectedHealth) -> Option<String> {
        let command = self.config.healthcheck.as_ref()?.command()?;
        let run = health.log.as_ref()?.last().filter(|run| run.exit_code != 0)?;
        let failed = match health.failing_streak? {
            0 => return None,
            1 => "failed once".to_owned(),
            streak => format!("failed {streak} times in a row"),
        };
        let last = match run.exit_code {
            // How the engine reports a timeout.
            -1 => "because it did not end in time".to_owned(),
            code => format!("the last time with exit code {code}"),
        };
        Some(format!("its health check `{command}` {failed}, {last}"))
    }

    /// The settings that it was created with.
    pub fn settings(&self) -> Settings {
        let InspectedConfig { env, cmd, entrypoint, .. } = &self.config;
        let words = |words: &Option<Vec<String>>| words.clone().unwrap_or_default();
        let variable =
            |variable: &String| Pair::both(variable).map(|(name, value)| (name.into(), value.into()));
        Settings {
            environment: env.iter().flatten().filter_map(variable).collect(),
            command: words(cmd),
            entrypoint: words(entrypoint),
            ports: self.host_config.host_ports(),
            attributes: self.attributes().into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            resources: self.host_config.resources(),
            endpoints: self.network_settings.endpoints(&self.id),
        }
    }

    /// Further attributes, in the form of the model.
    fn attributes(&self) -> BTreeMap<&'static str, Json> {
        let InspectedConfig { healthcheck, user, working_dir, further, .. } = &self.config;
        let named = |text: &String| json!(Some(text).filter(|text| !text.is_empty()));
        let test = healthcheck.as_ref().and_then(|check| check.test.clone()).unwrap_or_default();
        let mut check: JsonMap<String, Json> =
            healthcheck.as_ref().map(InspectedHealthcheck::attributes).unwrap_or_default();
        check.insert(Healthcheck::test.to_owned(), json!(test));
        let InspectedLogConfig { driver, config: options } = &self.host_config.log_config;
        let mut attributes = BTreeMap::from([
            (Service::healthcheck, Json::Object(check)),
            (Service::ipc, json!(self.host_config.ipc_mode)),
            (Service::logging, json!({ (Logging::driver): driver, (Logging::options): options })),
            (
                Service::mem_limit,
                json!(
                    Some(self.host_config.memory)
                        .filter(|memory| *memory > 0)
                        .map(|memory| memory.to_string())
                ),
            ),
            (Service::network_mode, json!(self.host_config.network_mode)),
            (Service::pid, json!(self.host_config.pid_mode)),
            (Service::privileged, json!(self.host_config.privileged)),
            (Service::read_only, json!(self.host_config.readonly_rootfs)),
            (Service::restart, json!(self.host_config.restart_policy.written())),
            (Service::stdin_open, json!(self.config.open_stdin)),
            (Service::tty, json!(self.config.tty)),
            (Service::user, named(user)),
            (Service::volumes, self.named_mounts()),
            (Service::working_dir, named(working_dir)),
        ]);
        attributes.extend(self.host_config.further.attributes());
        attributes.extend(further.attributes(&self.id));
        attributes
    }

    /// Directories, files and named volumes, except for those of secrets.
    fn named_mounts(&self) -> Json {
        let unnamed: Vec<&str> = self.unnamed_volumes().map(|mount| mount.destination.as_str()).collect();
        let is_named = |mount: &&InspectedMount| {
            !unnamed.contains(&mount.destination.as_str()) && !mount.destination.starts_with("/run/secrets/")
        };
        let mounts = self.mounts.iter().filter(is_named).map(|mount| {
            let source = if mount.kind == "volume" { &mount.name } else { &mount.source };
            json!({ "type": mount.kind, "source": source, "target": mount.destination, "read_only": !mount.is_writable })
        });
        mounts.collect()
    }

    /// The state in topo's terms.
    pub fn container_state(&self) -> ContainerState {
        let health = self.state.health.as_ref();
        let last_run = health.and_then(|health| health.log.as_ref()?.last());
        ContainerState {
            status: status(&self.state.status),
            health: health.and_then(|health| self.health(health)),
            exit_code: self.state.exit_code,
            restarts_after_success: matches!(
                self.host_config.restart_policy.name.as_str(),
                "always" | "unless-stopped"
            ),
            health_output: last_run.map(|run| run.output.trim_end().to_owned()),
            failed_check: health.and_then(|health| self.failed_check(health)),
            restarts: self.restart_count,
            is_just_started: false,
            begun: self.begun(),
            started: self.started().map(Timestamp::as_nanosecond),
        }
    }

    /// When the last run began; the year 1 if it was never started.
    fn started(&self) -> Option<Timestamp> {
        let time: Timestamp = self.state.started_at.parse().ok()?;
        (time > Timestamp::UNIX_EPOCH).then_some(time)
    }

    /// The engine only knows when the last run began.
    fn begun(&self) -> Option<String> {
        let time = self.started()?;
        let is_known = self.restart_count == 0;
        let time = time.checked_sub(HEAD_START).ok()?;
        is_known.then(|| format!("{}.{:09}", time.as_second(), time.subsec_nanosecond()))
    }
}

/// The status for the engine's word.
pub fn status(word: &str) -> Status {
    match word {
        "created" | "configured" | "initialized" => Status::Created,
        "running" | "stopping" => Status::Running,
        "paused" => Status::Paused,
        "restarting" => Status::Restarting,
        "removing" => Status::Removing,
        "dead" => Status::Dead,
        // `exited`, Podman's `stopped`, and unknown words of newer engines: not known to be
        // running.
        _ => Status::Exited,
    }
}

/// Whether a container was started a moment ago: `Up Less than a second`, `Up 3 seconds (healthy)`.
/// The engine also resets its restart delay after ten seconds.
pub fn is_just_started(status: &str) -> bool {
    let Some(since) = phrase::UP.rest_of(status) else { return false };
    let seconds = phrase::SECONDS.around(since).and_then(|(number, _)| number.parse::<u32>().ok());
    phrase::LESS_THAN_A_SECOND.rest_of(since).is_some() || seconds.is_some_and(|seconds| seconds < 10)
}

/// The health for the engine's word; `None` for `none`, which means that there is no check.
pub fn health_word(word: &str) -> Option<Health> {
    match word {
        "starting" => Some(Health::Starting),
        "healthy" => Some(Health::Healthy),
        "unhealthy" => Some(Health::Unhealthy),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(text: &str) -> ContainerState {
        serde_json::from_str::<Inspected>(text).unwrap().container_state()
    }

    #[test]
    fn the_last_health_check_decides() {
        let state = state(
            r#"{"State": {"Status": "running", "ExitCode": 0, "Health": {"Status": "unhealthy",
                "Log": [{"Output": "first"}, {"Output": "refused\n"}]}},
                "HostConfig": {"RestartPolicy": {"Name": "always"}}, "Config": {}}"#,
        );
        assert_eq!(state.health, Some(Health::Unhealthy));
        assert_eq!(state.health_output.as_deref(), Some("refused"));
        assert!(state.restarts_after_success && state.is_running());
    }

    #[test]
    fn a_container_is_young_for_ten_seconds_after_its_start() {
        for status in ["Up Less than a second", "Up 1 second", "Up 9 seconds (healthy)"] {
            assert!(is_just_started(status), "{status}");
        }
        for status in ["Up 10 seconds", "Up About a minute", "Up 3 minutes", "Restarting (3) 2 seconds ago"] {
            assert!(!is_just_started(status), "{status}");
        }
    }

    #[test]
    fn a_restart_by_the_engine_hides_the_start_by_a_client() {
        let begun = |time: &str, restarts: u64| {
            let text = format!(
                r#"{{"State": {{"Status": "exited", "StartedAt": "{time}"}}, "RestartCount": {restarts},
                    "HostConfig": {{}}, "Config": {{}}}}"#
            );
            state(&text).begun
        };
        assert_eq!(begun("2026-01-01T00:00:05.5Z", 0).as_deref(), Some("1767225604.500000000"));
        assert_eq!(begun("2026-01-01T00:00:05.5Z", 1), None);
        assert_eq!(begun("0001-01-01T00:00:00Z", 0), None);
        assert_eq!(begun("", 0), None);
    }

    #[test]
    fn a_failed_check_is_reported_with_its_command() {
        let told = |test: &str, streak: u64, exit_code: i64| {
            let text = format!(
                r#"{{"State": {{"Status": "running", "Health": {{"Status": "unhealthy", "FailingStreak": {streak},
                     "Log": [{{"ExitCode": {exit_code}, "Output": ""}}]}}}},
                     "HostConfig": {{}}, "Config": {{"Healthcheck": {{"Test": {test}}}}}}}"#
            );
            let inspected: Inspected = serde_json::from_str(&text).unwrap();
            inspected.container_state().failed_check
        };
        let said = |words: &str| Some(format!("its health check {words}"));
        assert_eq!(
            told(r#"["CMD-SHELL", "exit 1"]"#, 3, 1),
            said("`exit 1` failed 3 times in a row, the last time with exit code 1")
        );
        assert_eq!(
            told(r#"["CMD", "test", "-e", "a b"]"#, 1, 2),
            said("`test -e 'a b'` failed once, the last time with exit code 2")
        );
        assert_eq!(
            told(r#"["CMD", "sleep", "9"]"#, 5, -1),
            said("`sleep 9` failed 5 times in a row, because it did not end in time")
        );
        assert_eq!(told(r#"["CMD", "true"]"#, 0, 0), None);
        assert_eq!(told(r#"["NONE"]"#, 3, 1), None);
    }

    #[test]
    fn too_few_failed_checks_do_not_make_a_container_unhealthy() {
        let health = |streak: u64, check: &str| {
            let text = format!(
                r#"{{"State": {{"Status": "running", "Health": {{"Status": "unhealthy", "FailingStreak": {streak}}}}},
                    "HostConfig": {{}}, "Config": {{"Healthcheck": {check}}}}}"#
            );
            state(&text).health
        };
        assert_eq!(health(0, r#"{"Retries": 1}"#), Some(Health::Starting));
        assert_eq!(health(2, r#"{"Test": ["CMD", "true"]}"#), Some(Health::Starting));
        assert_eq!(health(3, "null"), Some(Health::Unhealthy));
        assert_eq!(health(1, r#"{"Retries": 1}"#), Some(Health::Unhealthy));
    }

    #[test]
    fn a_container_without_a_health_check_has_no_health() {
        for health in [r#"null"#, r#"{"Status": "none"}"#] {
            let text = format!(
                r#"{{"State": {{"Status": "exited", "ExitCode": 3, "Health": {health}}},
                    "HostConfig": {{"RestartPolicy": {{"Name": "on-failure"}}}}, "Config": {{}}}}"#
            );
            let state = state(&text);
            assert_eq!((state.health, state.exit_code), (None, 3));
            assert!(!state.restarts_after_success && !state.is_running());
        }
    }

    #[test]
    fn a_volume_requested_by_name_does_not_belong_to_the_container() {
        let owned = |asked: &str| {
            let text = format!(
                r#"{{"State": {{}}, "Config": {{}}, "HostConfig": {{{asked}}},
                    "Mounts": [{{"Type": "volume", "Name": "ab", "Destination": "/data"}}]}}"#
            );
            let inspected: Inspected = serde_json::from_str(&text).unwrap();
            inspected.volumes().all(|mount| inspected.owns(mount, "taken"))
        };
        assert!(owned(r#""Binds": null, "Mounts": null"#));
        assert!(owned(r#""Mounts": [{"Type": "volume", "Target": "/data"}]"#));
        assert!(owned(
            r#""Mounts": [{"Source": "ab", "Target": "/data", "VolumeOptions": {"Labels": {"taken": ""}}}]"#
        ));
        assert!(!owned(r#""Binds": ["ab:/data:rw"]"#));
        assert!(!owned(r#""Mounts": [{"Source": "ab", "Target": "/data"}]"#));
        assert!(!owned(r#""VolumesFrom": ["other"]"#));
    }

    #[test]
    fn an_unknown_word_of_a_newer_engine_is_accepted() {
        let text = r#"{"State": {"Status": "hibernating", "Health": {"Status": "tired"}}, "HostConfig": {}, "Config": {}}"#;
        assert_eq!(state(text).status, Status::Exited);
        assert_eq!(state(text).health, None);
    }
}
