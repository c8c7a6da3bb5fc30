//! In: a project's name, and names of images, networks and volumes. Out: what the engine has of
//! them. Must not: change anything, or fail on a word that a newer engine uses.
//!
//! bollard fails on a whole list for a single unknown enum value: the lists are read here, into
//! structures with only what is needed. How a container is set up, whether the engine would restart
//! it, and the output of its health check, is left to `inspect`: one request for each container,
//! where it is asked for.

mod containers;
mod images;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use futures_util::future::{try_join, try_join4};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::json;

use super::transport::{Call, Transport, escape};
use crate::engine::{EngineError, Query};
use crate::plan::observed::{ObservedNetwork, ObservedVolume, TakenSubnet};
use crate::plan::{Observed, label};
use crate::topology::name::{ContainerName, NetworkName, VolumeName};
use crate::value::subnet::Subnet;
pub use containers::{containers_of, glance, neighbours};
pub use images::{has_names, image_id};

/// How many requests are sent at once.
const AT_ONCE: usize = 8;

/// The most bytes of escaped names in one request.
const NAMES_AT_ONCE: usize = 32 * 1024;

/// Reads everything at once, except for the number of processors.
pub async fn observe(transport: &Transport, query: &Query) -> Result<Observed, EngineError> {
    let Query { project, images, networks, volumes, settings, processors: _ } = query;
    let (containers, (networks, subnets), volumes, images) = try_join4(
        containers::observe(transport, project.as_str(), *settings),
        observe_networks(transport, project.as_str(), networks),
        observe_volumes(transport, project.as_str(), volumes),
        images::observe(transport, images),
    )
    .await?;
    let image_ages = images.iter().filter_map(|(name, image)| Some((name.clone(), image.age?))).collect();
    let platforms = images.values().map(|image| (image.id.clone(), image.platform.clone())).collect();
    let images = images.into_iter().map(|(name, image)| (name, image.id)).collect();
    let api = Some(transport.version());
    let processors = None;
    Ok(Observed { containers, networks, volumes, images, platforms, image_ages, api, processors, subnets })
}

/// The filter for objects of a project.
pub fn project_filter(project: &str) -> String {
    format!("{}={project}", label::PROJECT)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedNetwork {
    name: String,
    id: String,
    labels: Option<BTreeMap<String, String>>,
    #[serde(default)]
    scope: String,
    #[serde(rename = "IPAM")]
    addresses: Option<ListedAddresses>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedAddresses {
    #[serde(default)]
    driver: String,
    config: Option<Vec<ListedPool>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedPool {
    #[serde(default)]
    subnet: String,
}

impl ListedNetwork {
    /// Its subnets, if they are of the address space that networks of one machine share.
    fn taken_subnets(&self) -> impl Iterator<Item = TakenSubnet> + use<'_> {
        let addresses = self
            .addresses
            .iter()
            .filter(|addresses| self.scope == "local" && matches!(addresses.driver.as_str(), "" | "default"));
        let pools = addresses.flat_map(|addresses| addresses.config.iter().flatten());
        pools.filter_map(|pool| {
            Some(TakenSubnet {
                network: NetworkName::from(self.name.as_str()),
                subnet: Subnet::parse(&pool.subnet).ok()?,
            })
        })
    }
}

/// The networks that are meant, and the subnets of all.
async fn observe_networks(
    transport: &Transport,
    project: &str,
    wanted: &BTreeSet<NetworkName>,
) -> Result<(Vec<ObservedNetwork>, Vec<TakenSubnet>), EngineError> {
    // An engine has few networks: one list of all is faster than one by label and one by name.
    let listed: Vec<ListedNetwork> = transport.json(Call::get("/networks")).await?;
    let subnets = listed.iter().flat_map(ListedNetwork::taken_subnets).collect();
    let listed = listed.into_iter().map(|ListedNetwork { name, id, labels, .. }| ObservedNetwork {
        name: name.into(),
        id,
        labels: labels.unwrap_or_default(),
        attached: Vec::new(),
        held: BTreeMap::new(),
    });
    let meant = listed.filter(|network| wanted.contains(&network.name) || belongs(&network.labels, project));
    let looked_at = stream::iter(meant).map(|network| look_into(transport, network, project));
    let mut networks: Vec<ObservedNetwork> = looked_at.buffer_unordered(AT_ONCE).try_collect().await?;
    networks.sort_by(|one, other| one.name.cmp(&other.name));
    Ok((networks, subnets))
}

/// Asks which containers are connected to a network of the project, which a list does not say.
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
        /// `10.91.0.2/24`
        #[serde(rename = "IPv4Address", default)]
        address: Option<String>,
        #[serde(rename = "IPv6Address", default)]
        ipv6_address: Option<String>,
    }
    if belongs(&network.labels, project) {
        let call = Call::get(format!("/networks/{}", escape(&network.id, "")));
        let inspected: Option<Inspected> = transport.json_if_found(call).await?;
        let containers = inspected.and_then(|inspected| inspected.containers).unwrap_or_default();
        for Attached { name, address, ipv6_address } in containers.into_values() {
            let name = ContainerName::new(name);
            let addresses = [address, ipv6_address].into_iter();
            let addresses = addresses.filter_map(|text| text?.split('/').next()?.parse().ok());
            network.held.extend(addresses.map(|address: IpAddr| (address, name.clone())));
            network.attached.push(name);
        }
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
    // The engine treats the names as patterns: accidental matches are removed afterwards.
    let filters = in_batches(wanted).into_iter().map(|names| json!({ "name": names }).to_string());
    let lists = stream::iter(filters).map(|filters| list_volumes(transport, filters));
    let listed: Vec<Vec<ListedVolume>> = lists.buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(listed.into_iter().flatten().collect())
}

/// Names in batches that fit into a request of limited length.
fn in_batches(names: &BTreeSet<VolumeName>) -> Vec<Vec<&VolumeName>> {
    let mut pieces: Vec<Vec<&VolumeName>> = Vec::new();
    let mut room = 0;
    for name in names {
        // Quotes and a comma; each character may take three bytes when escaped.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_are_requested_in_batches() {
        let names: BTreeSet<VolumeName> =
            (0..5000).map(|number| format!("shop_a-rather-long-name_{number:04}").as_str().into()).collect();
        let pieces = in_batches(&names);
        assert!(pieces.len() > 1);
        assert!(pieces.iter().all(|piece| escape(&json!(piece).to_string(), "").len() < NAMES_AT_ONCE + 10));
        let asked: BTreeSet<VolumeName> = pieces.into_iter().flatten().cloned().collect();
        assert_eq!(asked, names);
        assert!(in_batches(&BTreeSet::new()).is_empty());
    }
}
