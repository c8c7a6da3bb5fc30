//! In: a container's networks. Out: its endpoint in each, in the engine's format. Must not: create
//! a network.
//!
//! Since API 1.44 the engine accepts all networks when a container is created. Before, it refuses
//! more than one: the others are connected one by one.

use std::collections::HashMap;

use bollard::models::{EndpointIpamConfig, EndpointSettings, NetworkConnectRequest, NetworkingConfig};

use super::super::Docker;
use super::super::network;
use super::super::version::ApiVersion;
use crate::engine::EngineError;
use crate::plan::action::{Attachment, ContainerSpec};
use crate::source::Spanned;
use crate::topology::ServiceNetwork;

/// The API version that accepts several networks at once, and a MAC address for each.
const SEVERAL_AT_ONCE: u32 = 44;

/// The driver option that names a container's interface.
const INTERFACE_NAME: &str = "com.docker.network.endpoint.ifname";

/// The networks that a container is created in.
pub(super) fn at_creation(spec: &ContainerSpec, version: ApiVersion) -> NetworkingConfig {
    let several = if version.minor >= SEVERAL_AT_ONCE { usize::MAX } else { 1 };
    let endpoints = spec
        .networks
        .iter()
        .take(several)
        .map(|attachment| (attachment.network.to_string(), settings(attachment, version)));
    NetworkingConfig { endpoints_config: Some(endpoints.collect()) }
}

/// Before API 1.44 a container has one MAC address, that of its first network.
pub(super) fn mac_address_of_container(spec: &ContainerSpec, version: ApiVersion) -> Option<String> {
    if version.minor >= SEVERAL_AT_ONCE {
        // Without a network of its own there is no other way; the engine still accepts it.
        return spec
            .service
            .mac_address
            .as_ref()
            .filter(|_| spec.networks.is_empty())
            .map(|mac| mac.value.clone());
    }
    let first = spec.networks.first().and_then(|attachment| attachment.settings.mac_address.as_ref());
    first.or(spec.service.mac_address.as_ref()).map(|address| address.value.clone())
}

/// Connects a created container to the remaining networks.
pub(super) async fn connect_further(
    docker: &Docker,
    spec: &ContainerSpec,
    id: &str,
) -> Result<(), EngineError> {
    if docker.transport.version().minor >= SEVERAL_AT_ONCE {
        return Ok(());
    }
    for attachment in spec.networks.iter().skip(1) {
        connect(docker, attachment, id).await?;
    }
    Ok(())
}

/// Connects an existing container to a network.
pub(in crate::engine::docker) async fn connect(
    docker: &Docker,
    attachment: &Attachment,
    container: &str,
) -> Result<(), EngineError> {
    let request = NetworkConnectRequest {
        container: container.to_owned(),
        endpoint_config: Some(settings(attachment, docker.transport.version())),
    };
    let network = network::reference(&docker.transport, &attachment.network).await?;
    let connected = docker.bollard.connect_network(&network, request).await;
    connected.map_err(|error| docker.transport.failure(error))
}

fn settings(attachment: &Attachment, version: ApiVersion) -> EndpointSettings {
    let Attachment { network: _, aliases, links, settings } = attachment;
    let ServiceNetwork {
        interface_name,
        ipv4_address,
        ipv6_address,
        link_local_ips,
        mac_address,
        driver_opts,
        gw_priority,
        // The plan has added them to the aliases, and sorted the networks by them.
        aliases: _,
        priority: _,
        extensions: _,
    } = &**settings;
    let text = |value: &Option<Spanned<String>>| value.as_ref().map(|value| value.value.clone());
    let mut options: HashMap<String, String> = driver_opts.to_map().into_iter().collect();
    if let Some(name) = interface_name {
        options.insert(INTERFACE_NAME.to_owned(), name.value.clone());
    }
    let address = EndpointIpamConfig {
        ipv4_address: text(ipv4_address),
        ipv6_address: text(ipv6_address),
        link_local_ips: (!link_local_ips.is_empty())
            .then(|| link_local_ips.iter().map(|address| address.value.clone()).collect()),
    };
    EndpointSettings {
        ipam_config: (address != EndpointIpamConfig::default()).then_some(address),
        aliases: Some(aliases.clone()),
        links: (!links.is_empty()).then(|| links.clone()),
        mac_address: text(mac_address).filter(|_| version.minor >= SEVERAL_AT_ONCE),
        driver_opts: (!options.is_empty()).then_some(options),
        gw_priority: gw_priority.map(|priority| priority.value.0),
        ..EndpointSettings::default()
    }
}
