//! In: a container of a plan. Out: the body of its create request. Must not: talk to the engine, or
//! drop an attribute: what an engine does not support is an error.

use std::collections::BTreeMap;

use bollard::models::{ContainerCreateBody, HealthConfig};
use serde::Serialize;

use super::super::version::ApiVersion;
use super::group::{Body, Groups};
use super::host::{self, list, text};
use super::inherited::InheritedVolumes;
use super::{api_socket, endpoint, port};
use crate::engine::EngineError;
use crate::plan::action::ContainerSpec;
use crate::source::Spanned;
use crate::topology::service::Healthcheck;
use crate::topology::value::{Duration, Pairs};

/// The body of a create request.
#[derive(Serialize)]
pub(super) struct Request {
    #[serde(flatten)]
    body: ContainerCreateBody,
    /// Missing in bollard's model, since API 1.44 has one per network.
    #[serde(rename = "MacAddress", skip_serializing_if = "Option::is_none")]
    mac_address: Option<String>,
    /// Sent as a query parameter.
    #[serde(skip)]
    pub platform: Option<String>,
}

impl Request {
    /// Adds a label whose value is known only when the container is created.
    pub(super) fn put_label(&mut self, name: &str, value: &str) {
        self.body.labels.get_or_insert_default().insert(name.to_owned(), value.to_owned());
    }
}

/// Translates a container.
pub(super) fn request(
    spec: &ContainerSpec,
    inherited: InheritedVolumes,
    version: ApiVersion,
    proxies: &BTreeMap<String, String>,
) -> Result<Request, EngineError> {
    let groups = Groups::from_service(&spec.service);
    let Body {
        command,
        domainname,
        entrypoint,
        environment,
        expose,
        healthcheck,
        hostname,
        platform,
        stdin_open,
        stop_grace_period,
        stop_signal,
        tty,
        user,
        working_dir,
    } = groups.body;
    let has_input = spec.one_off.unwrap_or_default().has_input;
    let environment = variables(environment, proxies).chain(api_socket::variable(&spec.service));
    let body = ContainerCreateBody {
        attach_stderr: Some(true),
        attach_stdin: Some(has_input),
        attach_stdout: Some(true),
        cmd: command.0.clone(),
        domainname: domainname.clone(),
        entrypoint: entrypoint.0.clone(),
        env: list(environment.collect()),
        exposed_ports: list(port::exposed(groups.network.ports, expose)),
        healthcheck: healthcheck.as_ref().map(|check| health_config(check)),
        host_config: Some(host::host_config(spec, &groups, inherited, version)?),
        hostname: text(hostname),
        image: Some(spec.image.to_string()),
        labels: Some(spec.all_labels().into_iter().collect()),
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
    let mac_address = endpoint::mac_address_of_container(spec, version);
    Ok(Request { body, mac_address, platform: text(platform) })
}

/// Seconds of a grace period, rounded up.
fn whole_seconds(duration: Duration) -> i64 {
    i64::try_from(duration.0.as_millis().div_ceil(1000)).unwrap_or(i64::MAX)
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

/// Proxies come first, so that the topology overrides them.
fn variables(environment: &Pairs, proxies: &BTreeMap<String, String>) -> impl Iterator<Item = String> {
    let proxies = proxies.iter().filter(|(name, _)| !environment.0.contains_key(*name));
    proxies.map(|(name, value)| format!("{name}={value}")).chain(environment.0.iter().map(variable))
}

/// A name without a value unsets the image's variable.
fn variable((name, value): (&String, &Spanned<Option<String>>)) -> String {
    value.value.as_ref().map_or_else(|| name.clone(), |value| format!("{name}={value}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::plan::action::Attachment;
    use crate::plan::sealed::Sealed;
    use crate::source::{Sources, Span};
    use crate::topology::attribute::Attribute;
    use crate::topology::{Service, ServiceNetwork};

    const OLD: ApiVersion = ApiVersion { minor: 41 };
    const NEW: ApiVersion = ApiVersion { minor: 51 };

    /// A container of a service written in YAML.
    fn container(text: &str) -> ContainerSpec {
        let mut sources = Sources::default();
        let file = sources.add("topology.yaml", text);
        let mut found = crate::diagnostic::Diagnostics::default();
        let environment = crate::source::Environment::default();
        let directory = std::path::Path::new("/");
        let document = crate::topology::load(&mut sources, &[file], directory, &environment, &mut found);
        let service = Service::decode(&document.root, &mut found).unwrap();
        assert!(found.is_empty(), "{:?}", found.sorted());
        let network = |name: &str, mac_address: Option<&str>| Attachment {
            network: name.into(),
            aliases: vec!["web".to_owned()],
            links: Vec::new(),
            settings: Sealed::from(ServiceNetwork {
                mac_address: mac_address.map(|mac| Spanned::new(mac.to_owned(), Span::new(file, 0, 0))),
                ..ServiceNetwork::default()
            }),
        };
        ContainerSpec {
            name: "shop-web-1".into(),
            service_name: "web".into(),
            service: Sealed::from(service),
            image: "web:1".into(),
            networks: vec![network("shop_front", Some("02:00:00:00:00:01")), network("shop_back", None)],
            network_mode: None,
            volumes: BTreeMap::new(),
            files: Vec::new(),
            labels: BTreeMap::new(),
            references: None,
            links: Vec::new(),
            predecessor: None,
            one_off: None,
        }
    }

    fn body(text: &str, version: ApiVersion) -> Json {
        let proxies = BTreeMap::from([("HTTP_PROXY".to_owned(), "http://p:1".to_owned())]);
        let request = request(&container(text), InheritedVolumes::new(), version, &proxies).unwrap();
        serde_json::to_value(request).unwrap()
    }

    #[test]
    fn an_absent_command_is_that_of_the_image_and_an_empty_one_is_empty() {
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
    fn an_older_engine_gets_one_network_and_a_separate_mac_address() {
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
    fn a_fractional_grace_period_is_rounded_up() {
        assert_eq!(body("stop_grace_period: 1500ms", NEW)["StopTimeout"], json!(2));
        assert_eq!(body("stop_grace_period: 0s", NEW)["StopTimeout"], json!(0));
    }
}
