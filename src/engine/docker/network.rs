//! In: a network of a plan. Out: the network in the engine.
//! Must not: decide whether it is needed.

use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest, NetworkDisconnectRequest};
use http::Method;
use serde::Serialize;

use super::Docker;
use super::requires::requires;
use super::transport::{Call, Transport, escape};
use super::version::ApiVersion;
use crate::engine::EngineError;
use crate::plan::action::NetworkSpec;
use crate::topology::Network;
use crate::topology::name::{ContainerName, NetworkName};
use crate::topology::network::AddressPool;

/// Creates a network. One of the same name is an error.
pub async fn create(transport: &Transport, spec: &NetworkSpec) -> Result<(), EngineError> {
    let call = Call::new(Method::POST, "/networks/create").json(&request(spec, transport.version())?)?;
    transport.send(call).await.map(|_| ())
}

/// Removes a network; one that is gone already is no failure.
pub async fn remove(docker: &Docker, network: &NetworkName) -> Result<(), EngineError> {
    let removed = docker.bollard.remove_network(&escape(network.as_str(), "")).await;
    match removed.map_err(|error| docker.transport.failure(error)) {
        Err(EngineError::Refused { status: 404, .. }) => Ok(()),
        other => other,
    }
}

/// Detaches a container from a network; one that is gone, or is not attached, is no failure.
pub async fn disconnect(
    docker: &Docker,
    network: &NetworkName,
    container: &ContainerName,
) -> Result<(), EngineError> {
    let request = NetworkDisconnectRequest { container: container.to_string(), force: None };
    let disconnected = docker.bollard.disconnect_network(&escape(network.as_str(), ""), request).await;
    match disconnected.map_err(|error| docker.transport.failure(error)) {
        Err(EngineError::Refused { status: 404, .. }) => Ok(()),
        Err(EngineError::Refused { message, .. }) if message.contains("is not connected to") => Ok(()),
        other => other,
    }
}

#[derive(Serialize)]
struct Request {
    #[serde(flatten)]
    network: NetworkCreateRequest,
    /// Before API 1.44 the engine takes a name twice unless it is asked to look.
    #[serde(rename = "CheckDuplicate")]
    check_duplicate: bool,
}

fn request(spec: &NetworkSpec, version: ApiVersion) -> Result<Request, EngineError> {
    let NetworkSpec { name, network, labels } = spec;
    let Network {
        driver,
        driver_opts,
        ipam,
        internal,
        enable_ipv4,
        enable_ipv6,
        attachable,
        // The name and the labels of the specification hold these already, and what is external is
        // not created.
        name: _,
        labels: _,
        external: _,
        extensions: _,
    } = network;
    if *enable_ipv4 == Some(false) {
        requires(version, 47, "enable_ipv4: false")?;
    }
    let network = NetworkCreateRequest {
        name: name.to_string(),
        driver: driver.clone(),
        internal: Some(**internal),
        attachable: Some(**attachable),
        ipam: address_management(ipam),
        enable_ipv4: enable_ipv4.filter(|_| version.minor >= 47),
        enable_ipv6: *enable_ipv6,
        options: Some(driver_opts.to_map().into_iter().collect()),
        labels: Some(labels.clone().into_iter().collect()),
        ..NetworkCreateRequest::default()
    };
    Ok(Request { network, check_duplicate: true })
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
