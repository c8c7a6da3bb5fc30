//! What a service has in a network, apart from its fixed addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::diagnostic::{Diagnostics, code};
use crate::lint::network_driver::interface_mistake;
use crate::lint::services;
use crate::lint::subnet::read_address;
use crate::source::Span;
use crate::topology::Topology;
use crate::topology::service::Service;

/// Finds link-local addresses that are none, and names of interfaces that Linux refuses or that two networks have.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        check_link_local(service, found);
        check_interfaces(service, found);
    }
}

fn check_link_local(service: &Service, found: &mut Diagnostics) {
    let networks = service.networks.iter().flat_map(|networks| networks.0.values());
    for text in networks.flat_map(|network| &network.link_local_ips).filter(|text| !text.is_empty()) {
        let Some(address) = read_address(text, found) else { continue };
        let is_link_local = match address {
            IpAddr::V4(address) => address.is_link_local(),
            IpAddr::V6(address) => address.is_unicast_link_local(),
        };
        if !is_link_local {
            found
                .error(code::BAD_ADDRESS, format!("{address} is not a link-local address"))
                .label(text.span, "those are in 169.254.0.0/16 and fe80::/10")
                .help("write an address such as `169.254.8.8`; a fixed address of the network is `ipv4_address`");
        }
    }
}

fn check_interfaces(service: &Service, found: &mut Diagnostics) {
    let mut taken: BTreeMap<&str, Span> = BTreeMap::new();
    let networks = service.networks.iter().flat_map(|networks| networks.0.values());
    let names = networks.flat_map(|network| {
        // Docker Compose writes the attribute into this option.
        network.interface_name.iter().chain(network.driver_opts.0.get("com.docker.network.endpoint.ifname"))
    });
    for name in names.filter(|name| !name.is_empty()) {
        if let Some(mistake) = interface_mistake(name) {
            found
                .error(code::BAD_NAME, format!("an interface cannot be called `{}`", name.value))
                .label(name.span, mistake)
                .help("write a name such as `eth0`");
        } else if let Some(earlier) = taken.insert(name, name.span) {
            found
                .error(
                    code::NAME_CLASH,
                    format!("two interfaces of a container would be called `{}`", name.value),
                )
                .label(name.span, "one of them")
                .label(earlier, "the other one")
                .help("give one of them another name");
        }
    }
}
