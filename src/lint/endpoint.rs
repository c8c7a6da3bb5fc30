//! A service's endpoint in a network, apart from its fixed addresses.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::lint::network_driver::interface_mistake;
use crate::lint::rule::{Group, Rule, code};
use crate::lint::services;
use crate::lint::subnet::is_bridge;
use crate::source::{Span, Spanned};
use crate::topology::Topology;
use crate::topology::name::NetworkKey;
use crate::topology::service::Service;
use crate::value::pair::Pair;

const INVALID_LINK_LOCAL_ADDRESS: Code = code!(
    "invalid-link-local-address",
    BAD_ADDRESS,
    "An address is not link-local, or its family is off in the network."
);
const INVALID_INTERFACE_SYSCTL: Code =
    code!("invalid-interface-sysctl", BAD_VALUE, "A kernel parameter of an interface cannot be read.");
const INVALID_INTERFACE_NAME: Code =
    code!("invalid-interface-name", BAD_NAME, "Linux does not accept the name of an interface.");
const DUPLICATE_INTERFACE_NAME: Code =
    code!("duplicate-interface-name", NAME_CLASH, "Two interfaces of a container would have the same name.");

pub(super) const RULE: Rule = Rule {
    codes: &[
        (INVALID_LINK_LOCAL_ADDRESS, Severity::Error),
        (INVALID_INTERFACE_SYSCTL, Severity::Error),
        (INVALID_INTERFACE_NAME, Severity::Error),
        (DUPLICATE_INTERFACE_NAME, Severity::Error),
    ],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports invalid link-local addresses, and names of interfaces that Linux refuses or that two
/// networks share.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        check_link_local(service, found);
        check_link_local_family(topology, service, found);
        check_parameters(service, found);
        check_interfaces(service, found);
    }
}

fn check_link_local(service: &Service, found: &mut Diagnostics) {
    let networks = service.networks.iter().flat_map(|networks| networks.0.values());
    for text in networks.flat_map(|network| &network.link_local_ips).filter(|text| !text.is_empty()) {
        let Ok(address) = text.parse::<IpAddr>() else { continue };
        let is_link_local = match address {
            IpAddr::V4(address) => address.is_link_local(),
            IpAddr::V6(address) => address.is_unicast_link_local(),
        };
        if !is_link_local {
            found
                .error(INVALID_LINK_LOCAL_ADDRESS, format!("{address} is not a link-local address"))
                .label(text.span, "those are in 169.254.0.0/16 and fe80::/10")
                .help("write an address such as `169.254.8.8`; a fixed address of the network is `ipv4_address`");
        }
    }
}

/// Linux gives no IPv6 address if IPv6 is disabled, as it is unless a network of the container has
/// it.
fn check_link_local_family(topology: &Topology, service: &Service, found: &mut Diagnostics) {
    let Some(networks) = &service.networks else { return };
    let may_have_v6 = |key: &NetworkKey| {
        topology.networks.get(key).is_none_or(|network| {
            network.external.is_external
                || network.enable_ipv6 == Some(true)
                || !is_bridge(network)
                || network.driver_opts.0.contains_key("com.docker.network.enable_ipv6")
        })
    };
    for (key, attachment) in networks.0.iter().filter(|(key, _)| !may_have_v6(key)) {
        let is_v6 =
            |text: &&Spanned<String>| text.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_unicast_link_local());
        if let Some(text) = attachment.link_local_ips.iter().find(is_v6) {
            found
                .error(INVALID_LINK_LOCAL_ADDRESS, format!("the network `{key}` has no IPv6"))
                .label(text.span, "an IPv6 address")
                .help(format!("write `enable_ipv6: true` at the network `{key}`"));
        }
    }
}

/// The option for kernel parameters of an interface, whose name the engine fills in.
pub(super) const PARAMETERS: &str = "com.docker.network.endpoint.sysctls";

fn check_parameters(service: &Service, found: &mut Diagnostics) {
    let networks = service.networks.iter().flat_map(|networks| networks.0.values());
    for text in networks.filter_map(|network| network.driver_opts.0.get(PARAMETERS)) {
        let Some(parameter) = text.split(',').find(|parameter| !is_of_interface(parameter)) else { continue };
        if !parameter.contains('$') {
            found
                .error(INVALID_INTERFACE_SYSCTL, format!("`{parameter}` is not a parameter of an interface"))
                .label(
                    text.span,
                    "`net.FAMILY.GROUP.IFNAME.NAME=VALUE` is needed, with commas between several",
                )
                .help(
                    "write, for example, `net.ipv4.conf.IFNAME.forwarding=1`: the engine puts the \
                       interface's name in place of `IFNAME`",
                );
        }
    }
}

/// As Engine 28.5 parses it.
fn is_of_interface(parameter: &str) -> bool {
    let parts: Vec<&str> = parameter.splitn(5, '.').collect();
    let ["net", family, _, interface, setting] = parts.as_slice() else { return false };
    matches!(*family, "ipv4" | "ipv6" | "mpls")
        && matches!(*interface, "IFNAME" | "ifname")
        && Pair::both(setting).is_some_and(|(name, _)| !name.is_empty())
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
                .error(INVALID_INTERFACE_NAME, format!("an interface cannot be called `{}`", name.value))
                .label(name.span, mistake)
                .help("write a name such as `eth0`");
        } else if let Some(earlier) = taken.insert(name, name.span) {
            found
                .error(
                    DUPLICATE_INTERFACE_NAME,
                    format!("two interfaces of a container would be called `{}`", name.value),
                )
                .label(name.span, "one of them")
                .label(earlier, "the other")
                .help("give one of them another name");
        }
    }
}
