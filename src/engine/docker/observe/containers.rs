//! In: a project's name. Out: its containers, as far as a list describes them. Must not: inspect
//! containers for what a list contains.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::json;

use super::{AT_ONCE, project_filter};
use crate::engine::docker::inspect::{self, health_word};
use crate::engine::docker::transport::{Call, Transport};
use crate::engine::{EngineError, Glimpse, phrase};
use crate::plan::label;
use crate::plan::observed::{
    ContainerState, Health, ObservedAddresses, ObservedContainer, ObservedMount, PublishedPort, Status,
};
use crate::plan::preflight::Neighbour;
use crate::topology::name::{ContainerName, ImageId, NetworkName, ProjectName, ServiceName};
use crate::topology::service::Namespace;
use crate::value::port::Protocol;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedContainer {
    id: String,
    names: Vec<String>,
    image: String,
    #[serde(rename = "ImageID")]
    image_id: String,
    #[serde(default)]
    command: String,
    created: i64,
    #[serde(default)]
    ports: Option<Vec<ListedPort>>,
    labels: Option<BTreeMap<String, String>>,
    state: String,
    status: String,
    #[serde(default)]
    network_settings: Option<ListedNetworks>,
    #[serde(default)]
    host_config: Option<ListedHostConfig>,
    #[serde(default)]
    mounts: Option<Vec<ListedMount>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ListedHostConfig {
    network_mode: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ListedMount {
    name: String,
    source: String,
    driver: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedPort {
    #[serde(rename = "IP", default)]
    ip: String,
    private_port: u16,
    #[serde(default)]
    public_port: u16,
    #[serde(rename = "Type", default)]
    protocol: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedNetworks {
    networks: Option<BTreeMap<String, Option<ListedEndpoint>>>,
}

#[derive(Default, Deserialize)]
struct ListedEndpoint {
    #[serde(rename = "NetworkID", default)]
    network_id: String,
    #[serde(rename = "IPAddress", default)]
    address: Option<String>,
    #[serde(rename = "GlobalIPv6Address", default)]
    ipv6_address: Option<String>,
    #[serde(rename = "IPAMConfig", default)]
    asked_for: Option<AskedFor>,
}

/// The addresses that a container was attached with.
#[derive(Default, Deserialize)]
struct AskedFor {
    #[serde(rename = "IPv4Address", default)]
    address: Option<String>,
    #[serde(rename = "IPv6Address", default)]
    ipv6_address: Option<String>,
}

/// The containers of the project, with their settings where `settings` asks for them.
pub(super) async fn observe(
    transport: &Transport,
    project: &str,
    settings: bool,
) -> Result<Vec<ObservedContainer>, EngineError> {
    list_containers(transport, &[project_filter(project)], settings).await
}

/// The containers of one service, those of `run` included.
pub async fn containers_of(
    transport: &Transport,
    project: &ProjectName,
    service: &ServiceName,
) -> Result<Vec<ObservedContainer>, EngineError> {
    let labels = [project_filter(project.as_str()), format!("{}={service}", label::SERVICE)];
    list_containers(transport, &labels, false).await
}

/// The containers of the project, in one call.
pub async fn glance(
    transport: &Transport,
    project: &ProjectName,
) -> Result<BTreeMap<ContainerName, Glimpse>, EngineError> {
    let listed = list(transport, &[project_filter(project.as_str())]).await?;
    Ok(listed.iter().map(Glimpse::of).collect())
}

/// The containers of the engine, of all projects, in one call.
pub async fn neighbours(transport: &Transport) -> Result<Vec<Neighbour>, EngineError> {
    let listed: Vec<ListedContainer> =
        transport.json(Call::get("/containers/json").query("all", "1")).await?;
    Ok(listed.into_iter().filter_map(neighbour).collect())
}

fn neighbour(listed: ListedContainer) -> Option<Neighbour> {
    let project = listed.labels.as_ref().and_then(|labels| labels.get(label::PROJECT));
    Some(Neighbour {
        name: own_name(&listed.names)?.into(),
        project: project.map(|project| project.as_str().into()),
        ports: published_ports(listed.ports.unwrap_or_default()),
    })
}

/// Links to other containers add names with a second slash.
fn own_name(names: &[String]) -> Option<&str> {
    names.iter().map(|name| name.trim_start_matches('/')).find(|name| !name.contains('/'))
}

async fn list(transport: &Transport, labels: &[String]) -> Result<Vec<ObservedContainer>, EngineError> {
    let filters = json!({ "label": labels }).to_string();
    let call = Call::get("/containers/json").query("all", "1").query("filters", &filters);
    let listed: Vec<ListedContainer> = transport.json(call).await?;
    Ok(listed.into_iter().filter_map(observed_container).collect())
}

async fn list_containers(
    transport: &Transport,
    labels: &[String],
    settings: bool,
) -> Result<Vec<ObservedContainer>, EngineError> {
    let listed = list(transport, labels).await?;
    let looked_at = stream::iter(listed).map(|container| inspect_if_needed(transport, container, settings));
    let found: Vec<Option<ObservedContainer>> = looked_at.buffer_unordered(AT_ONCE).try_collect().await?;
    let mut containers: Vec<ObservedContainer> = found.into_iter().flatten().collect();
    containers.sort_by(|one, other| {
        let key = |container: &ObservedContainer| (container.service.clone(), container.number);
        key(one).cmp(&key(other)).then_with(|| one.name.cmp(&other.name))
    });
    Ok(containers)
}

/// Inspects a container that is not running, or any where `settings` are asked for; `None` if it no longer exists.
async fn inspect_if_needed(
    transport: &Transport,
    mut container: ObservedContainer,
    settings: bool,
) -> Result<Option<ObservedContainer>, EngineError> {
    if container.state.status == Status::Running && !settings {
        return Ok(Some(container));
    }
    match inspect::inspect(transport, &container.id).await {
        Ok(inspected) => {
            let state = inspected.container_state();
            container.state =
                ContainerState { is_just_started: is_just_started(&container.state, &state), ..state };
            container.settings = Some(inspected.settings());
            container.namespace_owners = inspected.host_config.namespace_owners();
            Ok(Some(container))
        }
        Err(EngineError::Refused { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a container was started a moment ago: when it was listed, or since then. One that
/// crashes repeatedly may be listed between two runs and be running when inspected.
fn is_just_started(listed: &ContainerState, inspected: &ContainerState) -> bool {
    listed.is_just_started || (listed.status != Status::Running && inspected.status == Status::Running)
}

/// A container without the labels of a service does not belong to the project.
fn observed_container(listed: ListedContainer) -> Option<ObservedContainer> {
    let labels = listed.labels.unwrap_or_default();
    let service = labels.get(label::SERVICE)?.as_str().into();
    let number = labels.get(label::NUMBER).and_then(|number| number.parse().ok()).unwrap_or(1);
    let is_one_off = labels.get(label::ONE_OFF).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let name = own_name(&listed.names)?;
    let network_mode = listed.host_config.unwrap_or_default().network_mode;
    let network_owner = Namespace::from(network_mode.clone()).container().map(ToString::to_string);
    let networks = listed.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    let networks: Vec<(NetworkName, ListedEndpoint)> = networks
        .into_iter()
        .map(|(name, endpoint)| (NetworkName::new(name), endpoint.unwrap_or_default()))
        .collect();
    let state = ContainerState {
        status: inspect::status(&listed.state),
        health: health_in_status(&listed.status),
        exit_code: 0,
        restarts_after_success: false,
        health_output: None,
        failed_check: None,
        restarts: 0,
        is_just_started: inspect::is_just_started(&listed.status),
        begun: None,
        started: None,
    };
    Some(ObservedContainer {
        name: name.into(),
        service,
        number,
        is_one_off,
        state,
        addresses: networks.iter().filter_map(observed_addresses).collect(),
        networks: networks.into_iter().map(|(name, endpoint)| (name, endpoint.network_id)).collect(),
        ports: published_ports(listed.ports.unwrap_or_default()),
        mounts: listed.mounts.unwrap_or_default().into_iter().map(observed_mount).collect(),
        id: listed.id,
        image: ImageId::new(listed.image_id),
        image_name: listed.image,
        labels,
        command: listed.command,
        created: listed.created,
        status_text: listed.status,
        namespace_owners: network_owner.into_iter().collect(),
        settings: None,
    })
}

/// The addresses in one network, where there are any.
fn observed_addresses(
    (network, endpoint): &(NetworkName, ListedEndpoint),
) -> Option<(NetworkName, ObservedAddresses)> {
    let parsed = |texts: [&Option<String>; 2]| {
        texts.into_iter().filter_map(|text| text.as_ref()?.parse().ok()).collect()
    };
    let held: Vec<IpAddr> = parsed([&endpoint.address, &endpoint.ipv6_address]);
    let fixed: Vec<IpAddr> = match &endpoint.asked_for {
        Some(AskedFor { address, ipv6_address }) => parsed([address, ipv6_address]),
        None => Vec::new(),
    };
    let has_some = !held.is_empty() || !fixed.is_empty();
    has_some.then(|| (network.clone(), ObservedAddresses { held, fixed }))
}

fn observed_mount(ListedMount { name, source, driver }: ListedMount) -> ObservedMount {
    ObservedMount { name: if name.is_empty() { source } else { name }, is_local_volume: driver == "local" }
}

/// `Up 3 minutes (healthy)`, `Up 1 second (health: starting)`.
fn health_in_status(status: &str) -> Option<Health> {
    let word = status.strip_suffix(')')?.rsplit_once('(')?.1;
    health_word(phrase::HEALTH.rest_of(word).unwrap_or(word))
}

/// Sorted by number; IPv4 addresses come before IPv6 ones.
fn published_ports(listed: Vec<ListedPort>) -> Vec<PublishedPort> {
    let port = |ListedPort { ip, private_port, public_port, protocol }: ListedPort| {
        let ip = ip.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let host = (public_port != 0).then(|| SocketAddr::new(ip, public_port));
        PublishedPort { host, target: private_port, protocol: Protocol::parse(&protocol).unwrap_or_default() }
    };
    let mut ports: Vec<PublishedPort> = listed.into_iter().map(port).collect();
    ports.sort_by_key(|port| (port.target, port.protocol, port.host.is_some_and(|host| host.is_ipv6())));
    ports
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(text: &str) -> Option<ObservedContainer> {
        observed_container(serde_json::from_str(text).unwrap())
    }

    #[test]
    fn a_running_container_is_understood_from_the_list_alone() {
        let container = listed(
            r#"{"Id": "abc", "Names": ["/other/alias", "/shop-web-2"], "Image": "web:1", "ImageID": "sha256:1",
                "Command": "sleep 1", "Created": 7, "State": "running", "Status": "Up 3 minutes (health: starting)",
                "Labels": {"com.docker.compose.service": "web", "com.docker.compose.container-number": "2",
                           "com.docker.compose.oneoff": "False"},
                "Ports": [{"IP": "::", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
                          {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
                          {"PrivatePort": 53, "Type": "udp"}],
                "NetworkSettings": {"Networks": {"shop_front": null, "shop_back": {"IPAddress": "10.91.0.3",
                    "GlobalIPv6Address": "", "IPAMConfig": {"IPv6Address": "fd00::7"}}}},
                "Health": {"Status": "some future word"}}"#,
        )
        .unwrap();
        assert_eq!(container.name.as_str(), "shop-web-2");
        assert_eq!((container.service.as_str(), container.number, container.is_one_off), ("web", 2, false));
        assert_eq!(container.state.status, Status::Running);
        assert_eq!(container.state.health, Some(Health::Starting));
        let port = |host: Option<&str>, target, protocol: &str| PublishedPort {
            host: host.map(|host| host.parse().unwrap()),
            target,
            protocol: Protocol::parse(protocol).unwrap(),
        };
        let ports = [
            port(None, 53, "udp"),
            port(Some("0.0.0.0:8080"), 80, "tcp"),
            port(Some("[::]:8080"), 80, "tcp"),
        ];
        assert_eq!(container.ports, ports);
        assert_eq!(container.networks.len(), 2);
        let back = ObservedAddresses {
            held: vec!["10.91.0.3".parse().unwrap()],
            fixed: vec!["fd00::7".parse().unwrap()],
        };
        assert_eq!(container.addresses, BTreeMap::from([("shop_back".into(), back)]));
    }

    #[test]
    fn a_container_without_a_service_is_left_out() {
        let text = r#"{"Id": "a", "Names": ["/a"], "Image": "", "ImageID": "", "Created": 0, "Labels": null,
            "State": "hibernating", "Status": ""}"#;
        assert!(listed(text).is_none());
    }

    #[test]
    fn a_container_restarted_since_it_was_listed_is_just_started() {
        let state = |state: &str, status: &str| {
            let text = format!(
                r#"{{"Id": "a", "Names": ["/a"], "Image": "", "ImageID": "", "Created": 0, "State": "{state}",
                    "Status": "{status}", "Labels": {{"com.docker.compose.service": "web"}}}}"#
            );
            listed(&text).unwrap().state
        };
        let running = state("running", "Up 3 minutes");
        assert!(is_just_started(&state("restarting", "Restarting (3) 2 seconds ago"), &running));
        assert!(is_just_started(&state("exited", "Exited (3) 2 hours ago"), &running));
        assert!(is_just_started(&state("running", "Up 2 seconds"), &running));
        assert!(!is_just_started(&running, &running));
        assert!(!is_just_started(
            &state("running", "Up 3 minutes"),
            &state("exited", "Exited (3) 1 second ago")
        ));
    }

    #[test]
    fn the_health_is_at_the_end_of_the_status() {
        assert_eq!(health_in_status("Up 2 hours (healthy)"), Some(Health::Healthy));
        assert_eq!(health_in_status("Up 2 hours (unhealthy)"), Some(Health::Unhealthy));
        assert_eq!(health_in_status("Exited (0) 2 hours ago"), None);
        assert_eq!(health_in_status("Up 2 hours (Paused)"), None);
    }
}
