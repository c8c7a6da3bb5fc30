//! Texts where a single IP address is needed.

use std::net::IpAddr;

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::lint::rule::{Group, Rule, code};
use crate::lint::services;
use crate::source::Span;
use crate::topology::Topology;

const INVALID_IP_ADDRESS: Code = code!("invalid-ip-address", BAD_ADDRESS, "The value is not an IP address.");

pub(super) const RULE: Rule = Rule {
    codes: &[(INVALID_IP_ADDRESS, Severity::Error)],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Finds what is no address among those of services in their networks, and of gateways and other machines.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        for attachment in service.networks.iter().flat_map(|networks| networks.0.values()) {
            let fixed = attachment.ipv4_address.iter().chain(&attachment.ipv6_address);
            for address in fixed.chain(&attachment.link_local_ips) {
                check_address(address, address.span, found);
            }
        }
    }
    for network in topology.networks.values().filter(|network| !network.external.is_external) {
        for pool in &network.ipam.config {
            if let Some(gateway) = &pool.gateway {
                check_address(gateway, gateway.span, found);
            }
            pool.aux_addresses
                .values()
                .for_each(|address| check_address(&address.value, address.span, found));
        }
    }
}

/// An empty text counts as none.
fn check_address(text: &str, at: Span, found: &mut Diagnostics) {
    if !text.is_empty() && text.parse::<IpAddr>().is_err() {
        let diagnostic = found.error(INVALID_IP_ADDRESS, format!("`{text}` is not an IP address"));
        diagnostic.label(at, "an address is needed here");
        let without_prefix = text.split('/').next().filter(|address| address.parse::<IpAddr>().is_ok());
        match without_prefix {
            Some(address) => diagnostic.help(format!("write `{address}`, without a prefix")),
            None => diagnostic.help("write an address such as `172.28.0.10`, without a prefix"),
        };
        if let Some(address) = without_prefix {
            diagnostic.perhaps_replace(text, address);
        }
    }
}
