//! In: a project's name, and names of images, networks and volumes. Out: what the engine has of them.
//! Must not: change anything, or fail on a word that a newer engine uses.
//!
//! bollard fails a whole list on one enum value that it does not know: the lists are read here, into
//! structures that hold only what is needed. A running container that is as it is wanted costs no call of
//! its own; whether the engine would start it again, and what its health check printed, is left to
//! `inspect`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::{try_join, try_join4};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::inspect::{self, health_word};
use super::transport::{Call, Transport, escape};
use crate::engine::{EngineError, Query};
use crate::plan::observed::{
    ContainerState, Health, ObservedContainer, ObservedMount, ObservedNetwork, ObservedVolume, Status,
};
use crate::plan::{Observed, label};
use crate::topology::name::{ImageId, ImageName, NetworkName, ProjectName, ServiceName, VolumeName};

/// How many questions are asked at once.
const AT_ONCE: usize = 8;

/// How long the names may be, escaped and in bytes, that are asked for in one request.
const NAMES_AT_ONCE: usize = 32 * 1024;

/// Reads everything at once.
pub async fn observe(transport: &Transport, query: &Query) -> Result<Observed, EngineError> {
    let Query { project, images, networks, volumes, fingerprints } = query;
    let (containers, networks, volumes, images) = try_join4(
        observe_containers(transport, project.as_str(), fingerprints),
        observe_networks(transport, project.as_str(), networks),
        observe_volumes(transport, project.as_str(), volumes),
        observe_images(transport, images),
    )
    .await?;
    let image_ages = images.iter().filter_map(|(name, image)| Some((name.clone(), image.age?))).collect();
    let images = images.into_iter().map(|(name, image)| (name, image.id)).collect();
    Ok(Observed { containers, networks, volumes, images, image_ages, api: Some(transport.version()) })
}

/// The filter for what belongs to a project.
pub fn project_filter(project: &str) -> String {
    format!("{}={project}", label::PROJECT)
}

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
    mounts: Option<Vec<ListedMount>>,
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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedEndpoint {
    #[serde(rename = "NetworkID", default)]
    network_id: String,
}

async fn observe_containers(
    transport: &Transport,
    project: &str,
    fingerprints: &BTreeMap<ServiceName, String>,
) -> Result<Vec<ObservedContainer>, EngineError> {
    list_containers(transport, &[project_filter(project)], fingerprints).await
}

/// The containers of one service, those of `run` included.
pub async fn containers_of(
    transport: &Transport,
    project: &ProjectName,
    service: &ServiceName,
) -> Result<Vec<ObservedContainer>, EngineError> {
    let labels = [project_filter(project.as_str()), format!("{}={service}", label::SERVICE)];
    list_containers(transport, &labels, &BTreeMap::new()).await
}

async fn list_containers(
    transport: &Transport,
    labels: &[String],
    fingerprints: &BTreeMap<ServiceName, String>,
) -> Result<Vec<ObservedContainer>, EngineError> {
    let filters = json!({ "label": labels }).to_string();
    let call = Call::get("/containers/json").query("all", "1").query("filters", &filters);
    let listed: Vec<ListedContainer> = transport.json(call).await?;
    let listed = listed.into_iter().filter_map(observed_container);
    let looked_at = stream::iter(listed).map(|container| look_closer(transport, container, fingerprints));
    let found: Vec<Option<ObservedContainer>> = looked_at.buffer_unordered(AT_ONCE).try_collect().await?;
    let mut containers: Vec<ObservedContainer> = found.into_iter().flatten().collect();
    containers.sort_by(|one, other| {
        let key = |container: &ObservedContainer| (container.service.clone(), container.number);
        key(one).cmp(&key(other)).then_with(|| one.name.cmp(&other.name))
    });
    Ok(containers)
}

/// Asks for what a list does not say of a container that does not run, or is not as it is wanted; `None`
/// when it is gone.
async fn look_closer(
    transport: &Transport,
    mut container: ObservedContainer,
    fingerprints: &BTreeMap<ServiceName, String>,
) -> Result<Option<ObservedContainer>, EngineError> {
    if container.state.status == Status::Running && !is_other(&container, fingerprints) {
        return Ok(Some(container));
    }
    match inspect::inspect(transport, &container.id).await {
        Ok(inspected) => {
            let is_young = container.state.is_young;
            container.state = ContainerState { is_young, ..inspected.container_state() };
            container.settings = Some(inspected.settings());
            Ok(Some(container))
        }
        Err(EngineError::Refused { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a container of a service was made from other settings than are wanted.
fn is_other(container: &ObservedContainer, fingerprints: &BTreeMap<ServiceName, String>) -> bool {
    let wanted = fingerprints.get(&container.service).filter(|_| !container.is_one_off);
    wanted.is_some_and(|wanted| container.labels.get(label::CONFIG_HASH) != Some(wanted))
}

/// A container without the labels of a service is not one of the project's.
fn observed_container(listed: ListedContainer) -> Option<ObservedContainer> {
    let labels = listed.labels.unwrap_or_default();
    let service = labels.get(label::SERVICE)?.as_str().into();
    let number = labels.get(label::NUMBER).and_then(|number| number.parse().ok()).unwrap_or(1);
    let is_one_off = labels.get(label::ONE_OFF).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    // Links to other containers give further names, with a second slash.
    let name =
        listed.names.iter().map(|name| name.trim_start_matches('/')).find(|name| !name.contains('/'))?;
    let networks = listed.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    let state = ContainerState {
        status: inspect::status(&listed.state),
        health: health_in_status(&listed.status),
        exit_code: 0,
        restarts_after_success: false,
        health_output: None,
        restarts: 0,
        is_young: inspect::is_young(&listed.status),
        begun: None,
    };
    Some(ObservedContainer {
        name: name.into(),
        service,
        number,
        is_one_off,
        state,
        networks: networks
            .into_iter()
            .map(|(name, endpoint)| {
                (NetworkName::new(name), endpoint.map(|endpoint| endpoint.network_id).unwrap_or_default())
            })
            .collect(),
        ports: port_texts(listed.ports.unwrap_or_default()),
        mounts: listed.mounts.unwrap_or_default().into_iter().map(observed_mount).collect(),
        id: listed.id,
        image: ImageId::new(listed.image_id),
        image_name: listed.image,
        labels,
        command: listed.command,
        created: listed.created,
        status_text: listed.status,
        settings: None,
    })
}

fn observed_mount(ListedMount { name, source, driver }: ListedMount) -> ObservedMount {
    ObservedMount { name: if name.is_empty() { source } else { name }, is_local_volume: driver == "local" }
}

/// `Up 3 minutes (healthy)`, `Up 1 second (health: starting)`.
fn health_in_status(status: &str) -> Option<Health> {
    let word = status.strip_suffix(')')?.rsplit_once('(')?.1;
    health_word(word.strip_prefix("health: ").unwrap_or(word))
}

fn port_texts(ports: Vec<ListedPort>) -> Vec<String> {
    let text = |port: &ListedPort| {
        let ListedPort { ip, private_port, public_port, protocol } = port;
        let inside = format!("{private_port}/{protocol}");
        match (public_port, ip.contains(':')) {
            (0, _) => inside,
            (_, true) => format!("[{ip}]:{public_port}->{inside}"),
            (_, false) => format!("{ip}:{public_port}->{inside}"),
        }
    };
    let mut ports = ports;
    ports.sort_by_key(|port| (port.private_port, port.protocol.clone(), port.ip.contains(':')));
    ports.iter().map(text).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedNetwork {
    name: String,
    id: String,
    labels: Option<BTreeMap<String, String>>,
}

async fn observe_networks(
    transport: &Transport,
    project: &str,
    wanted: &BTreeSet<NetworkName>,
) -> Result<Vec<ObservedNetwork>, EngineError> {
    // An engine has few networks: one list of all is quicker than one by label and one by name.
    let listed: Vec<ListedNetwork> = transport.json(Call::get("/networks")).await?;
    let listed = listed.into_iter().map(|ListedNetwork { name, id, labels }| ObservedNetwork {
        name: name.into(),
        id,
        labels: labels.unwrap_or_default(),
        attached: Vec::new(),
    });
    let meant = listed.filter(|network| wanted.contains(&network.name) || belongs(&network.labels, project));
    let looked_at = stream::iter(meant).map(|network| look_into(transport, network, project));
    let mut networks: Vec<ObservedNetwork> = looked_at.buffer_unordered(AT_ONCE).try_collect().await?;
    networks.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(networks)
}

/// Asks who is attached to a network of the project: a list does not say.
async fn look_into(
    transport: &Transport,
    mut network: ObservedNetwork,
    project: &str,
) -> Result<ObservedNetwork, EngineError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Inspected {
        containers: Option<BTreeMap<String, Attached>>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Attached {
        name: String,
    }
    if belongs(&network.labels, project) {
        let call = Call::get(format!("/networks/{}", escape(&network.id, "")));
        let inspected: Option<Inspected> = transport.json_if_found(call).await?;
        let containers = inspected.and_then(|inspected| inspected.containers).unwrap_or_default();
        network.attached = containers.into_values().map(|attached| attached.name.into()).collect();
    }
    Ok(network)
}

fn belongs(labels: &BTreeMap<String, String>, project: &str) -> bool {
    labels.get(label::PROJECT).is_some_and(|label| label == project)
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedVolumes {
    volumes: Option<Vec<ListedVolume>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedVolume {
    pub(super) name: String,
    #[serde(default)]
    pub(super) driver: String,
    #[serde(default)]
    pub(super) mountpoint: String,
    #[serde(default)]
    pub(super) scope: String,
    pub(super) labels: Option<BTreeMap<String, String>>,
}

async fn observe_volumes(
    transport: &Transport,
    project: &str,
    wanted: &BTreeSet<VolumeName>,
) -> Result<Vec<ObservedVolume>, EngineError> {
    let by_label = list_volumes(transport, json!({ "label": [project_filter(project)] }).to_string());
    let (own, named) = try_join(by_label, list_volumes_named(transport, wanted)).await?;
    let observed = own.into_iter().chain(named).map(|ListedVolume { name, labels, .. }| ObservedVolume {
        name: name.into(),
        labels: labels.unwrap_or_default(),
    });
    let volumes: BTreeMap<VolumeName, ObservedVolume> = observed
        .filter(|volume| wanted.contains(&volume.name) || belongs(&volume.labels, project))
        .map(|volume| (volume.name.clone(), volume))
        .collect();
    Ok(volumes.into_values().collect())
}

async fn list_volumes_named(
    transport: &Transport,
    wanted: &BTreeSet<VolumeName>,
) -> Result<Vec<ListedVolume>, EngineError> {
    // The engine takes the names for patterns: what matches by accident is sorted out afterwards.
    let filters = in_pieces(wanted).into_iter().map(|names| json!({ "name": names }).to_string());
    let lists = stream::iter(filters).map(|filters| list_volumes(transport, filters));
    let listed: Vec<Vec<ListedVolume>> = lists.buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(listed.into_iter().flatten().collect())
}

/// Names in pieces that fit into a request, whose length is limited.
fn in_pieces(names: &BTreeSet<VolumeName>) -> Vec<Vec<&VolumeName>> {
    let mut pieces: Vec<Vec<&VolumeName>> = Vec::new();
    let mut room = 0;
    for name in names {
        // Quotes and a comma, which are escaped to three characters each as any other may be.
        let length = (name.as_str().len() + 3) * 3;
        if length > room || pieces.is_empty() {
            pieces.push(Vec::new());
            room = NAMES_AT_ONCE;
        }
        room = room.saturating_sub(length);
        pieces.last_mut().expect("there is one from the first name on").push(name);
    }
    pieces
}

pub(super) async fn list_volumes(
    transport: &Transport,
    filters: String,
) -> Result<Vec<ListedVolume>, EngineError> {
    let listed: ListedVolumes = transport.json(Call::get("/volumes").query("filters", &filters)).await?;
    Ok(listed.volumes.unwrap_or_default())
}

async fn observe_images(
    transport: &Transport,
    wanted: &BTreeSet<ImageName>,
) -> Result<BTreeMap<ImageName, FoundImage>, EngineError> {
    let asked = stream::iter(wanted).map(async |image| Ok((image, image_of(transport, image).await?)));
    let found: Vec<(&ImageName, Option<FoundImage>)> = asked.buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().filter_map(|(name, image)| Some((name.clone(), image?))).collect())
}

/// The id of the image that a reference names, if it is there.
pub async fn image_id(transport: &Transport, image: &ImageName) -> Result<Option<ImageId>, EngineError> {
    Ok(image_of(transport, image).await?.map(|image| image.id))
}

/// An image that is there.
struct FoundImage {
    id: ImageId,
    /// How long ago it got its name.
    age: Option<Duration>,
}

async fn image_of(transport: &Transport, image: &ImageName) -> Result<Option<FoundImage>, EngineError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Image {
        id: String,
        metadata: Option<Metadata>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Metadata {
        last_tag_time: Option<String>,
    }
    let call = Call::get(format!("/images/{}/json", escape(image.as_str(), "/:@")));
    let found: Option<Image> = transport.json_if_found(call).await?;
    Ok(found.map(|image| {
        let tagged = image.metadata.and_then(|metadata| metadata.last_tag_time);
        FoundImage { id: ImageId::new(image.id), age: tagged.and_then(|time| age(&time, Timestamp::now())) }
    }))
}

/// How long ago a time was; nothing for the year 1, by which the engine says that it does not know.
fn age(time: &str, now: Timestamp) -> Option<Duration> {
    let time: Timestamp = time.parse().ok()?;
    if time < Timestamp::UNIX_EPOCH {
        return None;
    }
    // Clocks may differ: what is tagged later than now is new.
    Some(Duration::try_from(now.duration_since(time)).unwrap_or_default())
}

/// Whether an image that is there has a name.
pub async fn has_names(transport: &Transport, image: &ImageId) -> Result<bool, EngineError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Image {
        repo_tags: Option<Vec<String>>,
    }
    let call = Call::get(format!("/images/{}/json", escape(image.as_str(), ":")));
    let found: Option<Image> = transport.json_if_found(call).await?;
    Ok(found.is_none_or(|image| image.repo_tags.is_some_and(|names| !names.is_empty())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_an_image_is_known_unless_the_engine_does_not_know_it() {
        let now: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        assert_eq!(age("2026-01-01T00:00:00.5Z", now), Some(Duration::from_millis(86_399_500)));
        assert_eq!(age("2026-01-03T00:00:00+01:00", now), Some(Duration::ZERO));
        assert_eq!(age("0001-01-01T00:00:00Z", now), None);
        assert_eq!(age("", now), None);
    }

    #[test]
    fn many_names_are_asked_for_in_pieces_that_fit() {
        let names: BTreeSet<VolumeName> =
            (0..5000).map(|number| format!("shop_a-rather-long-name_{number:04}").as_str().into()).collect();
        let pieces = in_pieces(&names);
        assert!(pieces.len() > 1);
        assert!(pieces.iter().all(|piece| escape(&json!(piece).to_string(), "").len() < NAMES_AT_ONCE + 10));
        let asked: BTreeSet<VolumeName> = pieces.into_iter().flatten().cloned().collect();
        assert_eq!(asked, names);
        assert!(in_pieces(&BTreeSet::new()).is_empty());
    }

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
                "NetworkSettings": {"Networks": {"shop_back": {}, "shop_front": null}},
                "Health": {"Status": "some future word"}}"#,
        )
        .unwrap();
        assert_eq!(container.name.as_str(), "shop-web-2");
        assert_eq!((container.service.as_str(), container.number, container.is_one_off), ("web", 2, false));
        assert_eq!(container.state.status, Status::Running);
        assert_eq!(container.state.health, Some(Health::Starting));
        assert_eq!(container.ports, ["53/udp", "0.0.0.0:8080->80/tcp", "[::]:8080->80/tcp"]);
        assert_eq!(container.networks.len(), 2);
    }

    #[test]
    fn a_container_of_no_service_is_left_out() {
        let text = r#"{"Id": "a", "Names": ["/a"], "Image": "", "ImageID": "", "Created": 0, "Labels": null,
            "State": "hibernating", "Status": ""}"#;
        assert!(listed(text).is_none());
    }

    #[test]
    fn health_stands_at_the_end_of_the_status() {
        assert_eq!(health_in_status("Up 2 hours (healthy)"), Some(Health::Healthy));
        assert_eq!(health_in_status("Up 2 hours (unhealthy)"), Some(Health::Unhealthy));
        assert_eq!(health_in_status("Exited (0) 2 hours ago"), None);
        assert_eq!(health_in_status("Up 2 hours (Paused)"), None);
    }
}
