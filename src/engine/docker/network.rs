//! In: a network of a plan. Out: the network in the engine. Must not: decide whether it is needed.

use crate::engine::phrase;
use std::collections::BTreeMap;

use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest, NetworkDisconnectRequest};
use http::Method;
use serde::{Deserialize, Serialize};

use super::Docker;
use super::transport::{Call, Transport, escape};
use super::version::ApiVersion;
use crate::engine::EngineError;
use crate::plan::action::NetworkSpec;
use crate::plan::label;
use crate::topology::Network;
use crate::topology::name::{ContainerName, NetworkName};
use crate::topology::network::AddressPool;

/// Creates a network. An existing one of the same name is an error, unless it is this very network:
/// a run that was killed may have requested it a moment ago, and the engine completed the request.
pub async fn create(transport: &Transport, spec: &NetworkSpec) -> Result<(), EngineError> {
    let call = Call::new(Method::POST, "/networks/create").json(&request(spec, transport.version()))?;
    match transport.send(call).await {
        Err(error @ EngineError::Refused { .. }) if phrase::ALREADY_EXISTS.is_in(&error.to_string()) => {
            let there = labels(transport, &spec.name).await?;
            let is_same =
                |name: &str| there.get(name).is_some_and(|value| spec.labels.get(name) == Some(value));
            if [label::PROJECT, label::NETWORK, label::CONFIG_HASH].into_iter().all(is_same) {
                Ok(())
            } else {
                Err(error)
            }
        }
        answer => answer.map(|_| ()),
    }
}

/// The labels of the network that has this name.
async fn labels(
    transport: &Transport,
    network: &NetworkName,
) -> Result<BTreeMap<String, String>, EngineError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Labelled {
        labels: Option<BTreeMap<String, String>>,
    }
    let path = format!("/networks/{}", reference(transport, network).await?);
    let network: Labelled = transport.json(Call::get(path)).await?;
    Ok(network.labels.unwrap_or_default())
}

/// A network for the path of a request: its name, or its id if a path cannot contain the name (`/`,
/// `..`), which would mean another resource.
pub(super) async fn reference(transport: &Transport, network: &NetworkName) -> Result<String, EngineError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Listed {
        id: String,
        name: String,
    }
    let name = network.as_str();
    if name.split('/').all(|part| !matches!(part, "" | "." | "..")) {
        return Ok(escape(name, ""));
    }
    let listed: Vec<Listed> = transport.json(Call::get("/networks")).await?;
    let found = listed.into_iter().find(|listed| listed.name == name);
    Ok(found.map_or_else(|| escape(name, ""), |found| found.id))
}

/// Removes a network; if it does not exist, that is not an error.
pub async fn remove(docker: &Docker, network: &NetworkName) -> Result<(), EngineError> {
    let reference = reference(&docker.transport, network).await?;
    let removed = docker.bollard.remove_network(&reference).await;
    match removed.map_err(|error| docker.transport.failure(error)) {
        Err(EngineError::Refused { status: 404, .. }) => Ok(()),
        other => other,
    }
}

/// Disconnects a container from a network; if either does not exist, or it is not connected, that
/// is not an error.
pub async fn disconnect(
    docker: &Docker,
    network: &NetworkName,
    container: &ContainerName,
) -> Result<(), EngineError> {
    let request = NetworkDisconnectRequest { container: container.to_string(), force: None };
    let reference = reference(&docker.transport, network).await?;
    let disconnected = docker.bollard.disconnect_network(&reference, request).await;
    match disconnected.map_err(|error| docker.transport.failure(error)) {
        Err(EngineError::Refused { status: 404, .. }) => Ok(()),
        Err(EngineError::Refused { message, .. }) if phrase::NOT_CONNECTED.is_in(&message) => Ok(()),
        other => other,
    }
}

#[derive(Serialize)]
struct Request {
    #[serde(flatten)]
    network: NetworkCreateRequest,
    /// Before API 1.44 the engine allows duplicate names unless told to check.
    #[serde(rename = "CheckDuplicate")]
    check_duplicate: bool,
}

fn request(spec: &NetworkSpec, version: ApiVersion) -> Request {
    let NetworkSpec { name, network, labels: _ } = spec;
    let Network {
        driver,
        driver_opts,
        ipam,
        internal,
        enable_ipv4,
        enable_ipv6,
        attachable,
        // The specification already contains the name and the labels, and external networks are not
        // created.
        name: _,
        labels: _,
        external: _,
        extensions: _,
    } = &**network;
    let network = NetworkCreateRequest {
        name: name.to_string(),
        driver: driver.clone(),
        internal: Some(**internal),
        attachable: Some(**attachable),
        ipam: address_management(ipam),
        enable_ipv4: enable_ipv4.filter(|_| version.minor >= 47),
        enable_ipv6: *enable_ipv6,
        options: Some(driver_opts.to_map().into_iter().collect()),
        labels: Some(spec.all_labels().into_iter().collect()),
        ..NetworkCreateRequest::default()
    };
    Request { network, check_duplicate: true }
}

fn address_management(ipam: &crate::topology::network::Ipam) -> Option<Ipam> {
    let crate::topology::network::Ipam { driver, config, options, extensions: _ } = ipam;
    let options = options.to_map();
    if driver.is_none() && config.is_empty() && options.is_empty() {
        return None;
    }
    Some(Ipam {
        driver: driver.clone(),
        config: Some(config.iter().map(|pool| address_pool(pool)).collect()),
        options: (!options.is_empty()).then(|| options.into_iter().collect()),
    })
}

fn address_pool(pool: &AddressPool) -> IpamConfig {
    let AddressPool { subnet, ip_range, gateway, aux_addresses, extensions: _ } = pool;
    let text =
        |value: &Option<crate::source::Spanned<String>>| value.as_ref().map(|value| value.value.clone());
    let kept = aux_addresses.iter().map(|(host, address)| (host.clone(), address.value.clone()));
    IpamConfig {
        subnet: text(subnet),
        ip_range: text(ip_range),
        gateway: text(gateway),
        auxiliary_addresses: (!aux_addresses.is_empty()).then(|| kept.collect()),
    }
}
