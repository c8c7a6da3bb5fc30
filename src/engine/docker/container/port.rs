//! In: the ports of a service. Out: exposed and published ports in the engine's format. Must not:
//! choose a port.

use std::collections::{BTreeSet, HashMap};

use bollard::models::{PortBinding, PortMap};

use crate::source::Spanned;
use crate::topology::service::{ExposedPort, Port, Ports};
use crate::value::port::ExposedPorts;

/// Exposed ports: those of `expose` and the published ones.
pub(super) fn exposed(ports: &Ports, expose: &[Spanned<ExposedPort>]) -> Vec<String> {
    let published = ports.0.iter().map(|port| container_port(port));
    let only_exposed = expose.iter().flat_map(|exposed| expand(exposed));
    let all: BTreeSet<String> = published.chain(only_exposed).collect();
    all.into_iter().collect()
}

/// Ports of the host by container port.
pub(super) fn bindings(ports: &Ports) -> PortMap {
    let mut bindings: HashMap<String, Option<Vec<PortBinding>>> = HashMap::new();
    for port in &ports.0 {
        let binding = PortBinding {
            host_ip: Some(port.host_ip.map(|ip| ip.to_string()).unwrap_or_default()),
            host_port: Some(port.published.map(|range| range.to_string()).unwrap_or_default()),
        };
        bindings.entry(container_port(port)).or_default().get_or_insert_default().push(binding);
    }
    bindings
}

fn container_port(port: &Port) -> String {
    // The name, the mode and the application protocol are for users and clusters.
    let Port { target, protocol, name: _, mode: _, host_ip: _, published: _, app_protocol: _ } = port;
    format!("{target}/{protocol}")
}

/// An invalid element has been refused before.
fn expand(exposed: &ExposedPort) -> impl Iterator<Item = String> + use<> {
    let exposed = exposed.ports.clone().ok();
    exposed.into_iter().flat_map(|ExposedPorts { ports, protocol }| {
        ports.ports().map(move |port| format!("{port}/{protocol}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_exposes_each_of_its_ports() {
        let expanded = |text: &str| expand(&text.to_owned().into()).collect::<Vec<_>>();
        assert_eq!(expanded("3000"), ["3000/tcp"]);
        assert_eq!(expanded("3000-3002/udp"), ["3000/udp", "3001/udp", "3002/udp"]);
    }
}
