//! Fixed addresses of containers.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::lint::order::takes_turns;
use crate::lint::rule::{Group, Rule, code};
use crate::lint::services;
use crate::lint::shared_text::{self, Claim};
use crate::lint::subnet::{is_bridge, subnets};
use crate::source::{Span, Spanned};
use crate::topology::name::{NetworkKey, ServiceName};
use crate::topology::service::Service;
use crate::topology::value::OneOrMany;
use crate::topology::{Network, Topology};
use crate::value::subnet::Subnet;

const INVALID_FIXED_ADDRESS: Code =
    code!("invalid-fixed-address", BAD_ADDRESS, "A container cannot have the fixed address.");
const DUPLICATE_ADDRESS: Code =
    code!("duplicate-address", BAD_ADDRESS, "Two containers have the same fixed address.");
const INVALID_MAC_ADDRESS: Code =
    code!("invalid-mac-address", BAD_ADDRESS, "A MAC address cannot be used for an interface.");
const INVALID_DNS_SERVER: Code =
    code!("invalid-dns-server", BAD_ADDRESS, "A name server is not an IP address.");
const INVALID_SEARCH_DOMAIN: Code =
    code!("invalid-search-domain", BAD_VALUE, "Several search domains are written as one.");

pub(super) const RULE: Rule = Rule {
    codes: &[
        (INVALID_FIXED_ADDRESS, Severity::Error),
        (DUPLICATE_ADDRESS, Severity::Error),
        (INVALID_MAC_ADDRESS, Severity::Error),
        (INVALID_DNS_SERVER, Severity::Error),
        (INVALID_SEARCH_DOMAIN, Severity::Warning),
    ],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports addresses that are outside the network, or taken.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        check_hardware_addresses(service, found);
        check_name_servers(service, found);
    }
    let mut taken = BTreeMap::new();
    for (name, service) in &topology.services {
        for (key, attachment) in service.networks.iter().flat_map(|networks| &networks.0) {
            for (text, family) in
                [(&attachment.ipv4_address, Family::V4), (&attachment.ipv6_address, Family::V6)]
            {
                let Some(text) = text.as_ref().filter(|text| !text.is_empty()) else { continue };
                let Ok(address) = text.parse::<IpAddr>() else { continue };
                if family.refuses(address) {
                    family.report(text, found);
                    continue;
                }
                let fixed = Fixed { service: name, key, address, at: text.span };
                fixed.check_replicas(service, found);
                if let Some(network) = topology.networks.get(key) {
                    fixed.check_network(network, found);
                }
                fixed.take(topology, &mut taken, found);
            }
        }
    }
}

/// The kinds of addresses that an attribute accepts.
#[derive(Clone, Copy)]
enum Family {
    V4,
    V6,
}

impl Family {
    fn refuses(self, address: IpAddr) -> bool {
        address.is_ipv4() != matches!(self, Self::V4)
    }

    fn report(self, text: &Spanned<String>, found: &mut Diagnostics) {
        let (own, other, attribute) = match self {
            Self::V4 => ("IPv4", "IPv6", "ipv6_address"),
            Self::V6 => ("IPv6", "IPv4", "ipv4_address"),
        };
        found
            .error(INVALID_FIXED_ADDRESS, format!("`{}` is not an {own} address", text.value))
            .label(text.span, format!("this is an {other} address"))
            .help(format!("write `{attribute}: {}`", text.value));
    }
}

/// A fixed address of a service in a network.
#[derive(Clone, Copy)]
struct Fixed<'a> {
    service: &'a ServiceName,
    key: &'a NetworkKey,
    address: IpAddr,
    at: Span,
}

impl<'a> Fixed<'a> {
    fn check_replicas(&self, service: &Service, found: &mut Diagnostics) {
        let replicas = service.replicas();
        if replicas > 1 {
            found
                .error(DUPLICATE_ADDRESS, format!("{replicas} containers cannot all have {}", self.address))
                .label(self.at, format!("`{}` has {replicas} containers", self.service))
                .help("leave the address to the engine, or run one container");
        }
    }

    fn check_network(&self, network: &Network, found: &mut Diagnostics) {
        // The subnets of an external network are unknown.
        if network.external.is_external {
            return;
        }
        let key = self.key;
        let mut pools = subnets(network).filter(|(_, subnet)| subnet.contains(self.address));
        let Some((pool, subnet)) = pools.next() else {
            return self.report_outside(network, found);
        };
        if subnet.reserves(self.address) {
            let at_end = if self.address == subnet.network_address() { "first" } else { "last" };
            found
                .error(INVALID_FIXED_ADDRESS, format!("{} is not an address of one container", self.address))
                .label(self.at, format!("the {at_end} address of the subnet is reserved"))
                .help("take another address of the subnet");
        }
        let gateway = match pool.gateway.as_ref().filter(|gateway| !gateway.is_empty()) {
            Some(gateway) => gateway.parse().ok(),
            None => {
                let range = pool.ip_range.as_ref().and_then(|range| Subnet::parse(range).ok());
                Some(subnet.default_gateway(range)).filter(|_| is_bridge(network))
            }
        };
        if gateway == Some(self.address) {
            let diagnostic =
                found.error(INVALID_FIXED_ADDRESS, format!("{} is the gateway of `{key}`", self.address));
            diagnostic.label(self.at, format!("`{}` cannot have it", self.service));
            if let Some(gateway) = &pool.gateway {
                diagnostic.label(gateway.span, "the gateway");
            }
            diagnostic.help("take another address of the subnet");
        }
        for (name, reserved) in &pool.aux_addresses {
            if reserved.value.parse() == Ok(self.address) {
                found
                    .error(INVALID_FIXED_ADDRESS, format!("{} is reserved for `{name}`", self.address))
                    .label(self.at, format!("`{}` cannot have it", self.service))
                    .label(reserved.span, "reserved here");
            }
        }
    }

    fn report_outside(&self, network: &Network, found: &mut Diagnostics) {
        let Fixed { service, key, address, at } = self;
        let Some(pool) = network.ipam.config.iter().find_map(|pool| pool.subnet.as_ref()) else {
            found
                .error(
                    INVALID_FIXED_ADDRESS,
                    format!("the network `{key}` has no subnet to take {address} from"),
                )
                .label(*at, "fixed addresses need a subnet that is fixed too")
                .help(format!(
                    "add one:\n\nnetworks:\n  {key}:\n    ipam:\n      config: [{{subnet: 172.28.0.0/16}}]"
                ));
            return;
        };
        found
            .error(INVALID_FIXED_ADDRESS, format!("{address} is not in the network `{key}`"))
            .label(*at, format!("`{service}` cannot have it"))
            .label(pool.span, "the network's addresses");
    }

    /// Each address may be used once among services that run at the same time.
    fn take(
        self,
        topology: &Topology,
        taken: &mut BTreeMap<(&'a NetworkKey, IpAddr), Fixed<'a>>,
        found: &mut Diagnostics,
    ) {
        let Some(first) = taken.insert((self.key, self.address), self) else { return };
        if takes_turns(topology, first.service, self.service) {
            return;
        }
        let (earlier, later) = if first.at <= self.at { (first, self) } else { (self, first) };
        let claim = |fixed: Fixed<'a>| Claim {
            service: fixed.service,
            at: fixed.at,
            words: format!("to `{}`", fixed.service),
        };
        let message = format!("{} is assigned twice in `{}`", self.address, self.key);
        let diagnostic = found.error(DUPLICATE_ADDRESS, message);
        shared_text::show(topology, [claim(later), claim(earlier)], diagnostic);
        diagnostic.help("give one of them another address");
    }
}

fn check_hardware_addresses(service: &Service, found: &mut Diagnostics) {
    let in_networks = service.networks.iter().flat_map(|networks| networks.0.values());
    let addresses = in_networks.filter_map(|network| network.mac_address.as_ref());
    for address in service.mac_address.iter().chain(addresses) {
        let mut meant = None;
        let (message, reason) = match hardware_address(address) {
            None => ("is not a MAC address", "six pairs of hexadecimal digits are needed"),
            Some([0, 0, 0, 0, 0, 0]) => {
                ("is not an address of a container", "an interface's address cannot be all zeros")
            }
            Some([first, ..]) if first & 1 == 1 => {
                meant = Some(format!("{:02x}{}", first & !1, address.get(2..).unwrap_or_default()));
                ("is a multicast address", "the first pair has to be an even number")
            }
            Some(_) => continue,
        };
        let diagnostic = found
            .error(INVALID_MAC_ADDRESS, format!("`{}` {message}", address.value))
            .label(address.span, reason);
        match meant {
            Some(meant) => diagnostic.help(format!("write `{meant}`")).perhaps_replace(address, meant),
            None => diagnostic.help("write it like `02:42:ac:11:00:02`"),
        };
    }
}

/// `02:42:ac:11:00:02`, `02-42-ac-11-00-02` or `0242.ac11.0002`.
fn hardware_address(text: &str) -> Option<[u8; 6]> {
    let (separator, digits) = match text.chars().find(|letter| !letter.is_ascii_hexdigit())? {
        separator @ (':' | '-') => (separator, 2),
        separator @ '.' => (separator, 4),
        _ => return None,
    };
    let groups: Vec<&str> = text.split(separator).collect();
    let is_group =
        |group: &&str| group.len() == digits && group.chars().all(|digit| digit.is_ascii_hexdigit());
    if groups.len() != 12 / digits || !groups.iter().all(is_group) {
        return None;
    }
    let number = u64::from_str_radix(&groups.concat(), 16).ok()?;
    let [_, _, bytes @ ..] = number.to_be_bytes();
    Some(bytes)
}

/// A resolver cannot look up the name of its own server; Engine 28.5 refuses to start the
/// container.
fn check_name_servers(service: &Service, found: &mut Diagnostics) {
    let is_address = |server: &&Spanned<String>| is_server(server);
    for server in service.dns.0.iter().filter(|server| !is_address(server)) {
        let several = servers_meant(&service.dns);
        let with_port = server.parse::<SocketAddr>();
        let diagnostic = found
            .error(INVALID_DNS_SERVER, format!("the name server `{}` is not an IP address", server.value))
            .label(server.span, "no name can be looked up there")
            .help(match (&with_port, several) {
                (Ok(server), _) => format!("a port cannot be chosen: write `{}`", server.ip()),
                (Err(_), Some(servers)) => format!("write a list: `dns: [{}]`", servers.join(", ")),
                (Err(_), None) => "write an address such as `9.9.9.9`".to_owned(),
            });
        if let Ok(meant) = with_port {
            diagnostic.perhaps_write(server, meant.ip().to_string());
        }
    }
    for domain in service.dns_search.0.iter().filter(|domain| domain.contains(',')) {
        let domains: Vec<&str> = service.dns_search.texts().flat_map(words).collect();
        found
            .warning(INVALID_SEARCH_DOMAIN, format!("the search domain `{}` has a comma in it", domain.value))
            .label(domain.span, "read as the name of one domain")
            .help(format!("write a list: `dns_search: [{}]`", domains.join(", ")));
    }
}

/// The servers of a list with several of them in one string; `None` if that is not the only error.
fn servers_meant(servers: &OneOrMany) -> Option<Vec<&str>> {
    let servers: Vec<&str> = servers.texts().flat_map(words).collect();
    servers.iter().all(|server| is_server(server)).then_some(servers)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';', ' ']).filter(|word| !word.is_empty())
}

/// Whether the engine accepts it: an IP address, an IPv6 one with an optional zone.
fn is_server(text: &str) -> bool {
    match text.split_once('%') {
        Some((address, zone)) => address.parse::<Ipv6Addr>().is_ok() && !zone.is_empty(),
        None => text.parse::<IpAddr>().is_ok(),
    }
}
