//! The places of values: every attribute that reaches the engine.
//!
//! `tests/suite/attributes.rs` compares these with the attributes that topo reads.

mod networks;
mod services;
mod volumes;

/// Every place.
pub(super) fn all() -> Vec<Place> {
    services::places().into_iter().chain(networks::places()).chain(volumes::places()).collect()
}

/// A service that runs until it is stopped.
const RUNS: &str = "image: 'busybox:1.37', command: [sleep, '1000'], init: true";

/// A topology with `@` in place of a value, and common values for it.
pub(super) struct Place {
    pub topology: String,
    pub values: &'static [&'static str],
}

impl Place {
    /// A service with these attributes, and other sections of the topology.
    fn new(attributes: &str, sections: &str, values: &'static [&'static str]) -> Self {
        Self { topology: format!("services: {{a: {{{RUNS}, {attributes}}}}}\n{sections}"), values }
    }

    /// A service with only its image and these attributes.
    fn of(attributes: &str, values: &'static [&'static str]) -> Self {
        let service = "image: 'busybox:1.37', network_mode: none, init: true";
        Self { topology: format!("services: {{a: {{{service}, {attributes}}}}}\n"), values }
    }
}

/// An attribute of a service without a network.
fn service(attribute: &str, values: &'static [&'static str]) -> Place {
    Place::new(&format!("network_mode: none, {attribute}"), "", values)
}

/// An attribute of a service in the default network.
fn connected_service(attribute: &str, values: &'static [&'static str]) -> Place {
    Place::new(attribute, "", values)
}

/// An attribute of a service next to another one.
fn beside_another(attribute: &str, values: &'static [&'static str]) -> Place {
    let services = format!("services: {{a: {{{RUNS}, {attribute}}}, b: {{{RUNS}, volumes: [/b]}}}}\n");
    Place { topology: services, values }
}

/// Attributes of a network that a service is connected to.
fn network(attributes: &str, values: &'static [&'static str]) -> Place {
    Place::new("networks: [n]", &format!("networks: {{n: {{{attributes}}}}}\n"), values)
}

/// Attributes of a service's endpoint in a network with a subnet.
fn attached_service(attribute: &str, values: &'static [&'static str]) -> Place {
    let network = "networks: {n: {ipam: {config: [{subnet: 10.213.9.0/24}]}}}\n";
    Place::new(&format!("networks: {{n: {{{attribute}}}}}"), network, values)
}

/// Attributes of a volume that a service mounts.
fn volume(attributes: &str, values: &'static [&'static str]) -> Place {
    let section = format!("volumes: {{v: {{{attributes}}}}}\n");
    Place::new("network_mode: none, volumes: ['v:/v']", &section, values)
}
