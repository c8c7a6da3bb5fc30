//! What is exposed is a port.

use crate::diagnostic::{Diagnostics, code};
use crate::lint::services;
use crate::topology::Topology;
use crate::topology::service::port::PortRange;

/// Finds entries of `expose` that are no ports.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        for exposed in &service.expose.0 {
            if let Err(reason) = parse(&exposed.value) {
                found
                    .error(code::BAD_PORT, format!("`{}` cannot be exposed", exposed.value.0))
                    .label(exposed.span, reason)
                    .help("write a port of the container, such as `3000`, `3000-3005` or `53/udp`");
            }
        }
    }
}

fn parse(text: &str) -> Result<PortRange, String> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    if !matches!(protocol.to_ascii_lowercase().as_str(), "tcp" | "udp" | "sctp") {
        return Err(format!("`{protocol}` is not a protocol: `tcp`, `udp` and `sctp` are"));
    }
    if ports.contains(':') {
        return Err("ports are published by `ports`, not by `expose`".to_owned());
    }
    PortRange::parse(ports)
}
