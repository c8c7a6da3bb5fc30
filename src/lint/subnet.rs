//! Subnets, and addresses in them.

use std::net::IpAddr;

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::lint::rule::{Group, Rule, code};
use crate::source::{Span, Spanned};
use crate::topology::name::NetworkKey;
use crate::topology::network::AddressPool;
use crate::topology::{Network, Topology};
use crate::value::subnet::Subnet;

const OVERLAPPING_SUBNETS: Code =
    code!("overlapping-subnets", BAD_ADDRESS, "Two subnets have addresses in common.");
const INVALID_SUBNET: Code = code!("invalid-subnet", BAD_ADDRESS, "A subnet cannot be that of a network.");
const MISSING_SUBNET: Code = code!("missing-subnet", BAD_ADDRESS, "An address pool has no subnet.");
const INVALID_POOL_ADDRESS: Code = code!(
    "invalid-pool-address",
    BAD_ADDRESS,
    "A gateway, range or auxiliary address does not fit its subnet."
);

pub(super) const RULE: Rule = Rule {
    codes: &[
        (OVERLAPPING_SUBNETS, Severity::Error),
        (INVALID_SUBNET, Severity::Error),
        (MISSING_SUBNET, Severity::Error),
        (INVALID_POOL_ADDRESS, Severity::Error),
    ],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports subnets that the engine cannot use, and overlapping subnets of two networks.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    let used = topology.used_networks();
    let mut known: Vec<Known> = Vec::new();
    for (key, network) in &topology.networks {
        if network.external.is_external {
            continue;
        }
        for pool in &network.ipam.config {
            let Some(subnet) = check_pool(network, pool, found) else { continue };
            let known_one = Known {
                key,
                is_used: used.contains(key),
                subnet,
                at: pool.subnet.as_ref().map_or(pool.span, |text| text.span),
            };
            known_one.compare(&known, found);
            known.push(known_one);
        }
    }
}

/// The valid subnets of a network.
pub(super) fn subnets(network: &Network) -> impl Iterator<Item = (&AddressPool, Subnet)> {
    network
        .ipam
        .config
        .iter()
        .filter_map(|pool| Some((&pool.value, Subnet::parse(pool.subnet.as_ref()?).ok()?)))
}

/// A subnet of a network.
struct Known<'a> {
    key: &'a NetworkKey,
    is_used: bool,
    subnet: Subnet,
    at: Span,
}

impl Known<'_> {
    fn compare(&self, others: &[Known], found: &mut Diagnostics) {
        let overlaps = |other: &&Known| {
            let are_made = self.is_used && other.is_used;
            (are_made || self.key == other.key) && self.subnet.overlaps(other.subnet)
        };
        let Some(other) = others.iter().find(overlaps) else { return };
        let message = match self.key == other.key {
            true => format!("two subnets of the network `{}` overlap", self.key),
            false => format!("the networks `{}` and `{}` overlap", other.key, self.key),
        };
        found
            .error(OVERLAPPING_SUBNETS, message)
            .label(self.at, "contains addresses of the other")
            .label(other.at, "the other")
            .help("give each network a subnet of its own");
    }
}

fn check_pool(network: &Network, pool: &Spanned<AddressPool>, found: &mut Diagnostics) -> Option<Subnet> {
    let Some(text) = given(&pool.subnet) else {
        refuse_without_subnet(network, pool, found);
        return None;
    };
    let subnet = read_subnet(text, found)?;
    check_use(subnet, text, found);
    if subnet.has_one_address() {
        found
            .error(INVALID_SUBNET, format!("the subnet `{}` has one address", text.value))
            .label(text.span, "the gateway takes it, leaving none for containers")
            .help(if subnet.is_v4() {
                "write a shorter prefix, such as `/24`"
            } else {
                "write a shorter prefix, such as `/64`"
            });
    }
    if let Some(range) = given(&pool.ip_range)
        && let Some(range_subnet) = read_subnet(range, found)
        && !range_subnet.is_within(subnet)
    {
        outside(range, text, found);
    }
    check_taken(network, pool, subnet, text, found);
    Some(subnet)
}

/// A pool needs a subnet; the engine does not choose one for it.
fn refuse_without_subnet(network: &Network, pool: &Spanned<AddressPool>, found: &mut Diagnostics) {
    if let Some(orphan) = given(&pool.ip_range).or(given(&pool.gateway)) {
        found
            .error(MISSING_SUBNET, "a range or a gateway needs a `subnet`")
            .label(orphan.span, "the subnet is missing")
            .help("add `subnet: 172.28.0.0/16` beside it");
        return;
    }
    // A plugin's driver may choose one.
    if is_of_engine(network) {
        let at = pool.subnet.as_ref().map_or(pool.span, |text| text.span);
        found
            .error(MISSING_SUBNET, "a pool of addresses needs a `subnet`")
            .label(at, "none is given")
            .help("write `subnet: 172.28.0.0/16`, or remove `config`: then the engine chooses one");
    }
}

/// Whether the engine itself manages the addresses.
fn is_of_engine(network: &Network) -> bool {
    network.ipam.driver.as_deref().is_none_or(|driver| matches!(driver, "" | "default"))
}

/// Multicast subnets and the set of all addresses cannot be used, and loopback subnets hardly can:
/// most of their addresses are unreachable.
fn check_use(subnet: Subnet, text: &Spanned<String>, found: &mut Diagnostics) {
    let first = subnet.network_address();
    let reason = match first {
        _ if subnet.has_all_addresses() => "it contains every address, those of other networks too",
        _ if first.is_multicast() => "its addresses are for multicast, not for containers",
        _ if first.is_loopback() => {
            "its addresses belong to the machine itself, and no network leads to them"
        }
        _ => return,
    };
    let message = format!("the subnet `{}` cannot be used for a network", text.value);
    let diagnostic = match first.is_loopback() {
        true => found.warning(INVALID_SUBNET, message),
        false => found.error(INVALID_SUBNET, message),
    };
    diagnostic.label(text.span, reason).help(if subnet.is_v4() {
        "write a private one, such as `172.28.0.0/16`"
    } else {
        "write a private one, such as `fd00:28::/64`"
    });
}

/// The gateway and reserved addresses must be in the subnet, and unique.
fn check_taken(
    network: &Network,
    pool: &AddressPool,
    subnet: Subnet,
    text: &Spanned<String>,
    found: &mut Diagnostics,
) {
    let mut taken: Vec<(IpAddr, Span, &str)> = Vec::new();
    let gateway = given(&pool.gateway).cloned().map(|gateway| (gateway, "the gateway"));
    if gateway.is_none() && is_bridge(network) && is_of_engine(network) && !subnet.has_one_address() {
        let range = given(&pool.ip_range).and_then(|range| Subnet::parse(range).ok());
        taken.push((subnet.default_gateway(range), text.span, "the gateway, since none is named"));
    }
    let kept = pool
        .aux_addresses
        .values()
        .map(|address| (Spanned::new(address.value.clone(), address.span), "reserved here"));
    for (address, what) in gateway.into_iter().chain(kept).filter(|(address, _)| !address.is_empty()) {
        let Ok(parsed) = address.parse::<IpAddr>() else { continue };
        if !subnet.contains(parsed) {
            outside(&address, text, found);
        } else if subnet.reserves(parsed) {
            found
                .error(INVALID_POOL_ADDRESS, format!("{parsed} is not an address of one machine"))
                .label(
                    address.span,
                    "the first address of a subnet is reserved, and in IPv4 the last one too",
                )
                .help("take another address of the subnet");
        } else if let Some((_, earlier, earlier_what)) = taken.iter().find(|(taken, ..)| *taken == parsed) {
            found
                .error(INVALID_POOL_ADDRESS, format!("{parsed} is used twice"))
                .label(address.span, what)
                .label(*earlier, *earlier_what)
                .help("take another address of the subnet");
        } else {
            taken.push((parsed, address.span, what));
        }
    }
}

/// Whether the driver is the default one.
pub(super) fn is_bridge(network: &Network) -> bool {
    network.driver.as_deref().is_none_or(|driver| matches!(driver, "" | "bridge"))
}

/// An empty value, mostly from a variable, counts as absent.
fn given(text: &Option<Spanned<String>>) -> Option<&Spanned<String>> {
    text.as_ref().filter(|text| !text.is_empty())
}

fn read_subnet(text: &Spanned<String>, found: &mut Diagnostics) -> Option<Subnet> {
    let subnet = Subnet::parse(text).map_err(|reason| {
        found
            .error(INVALID_SUBNET, format!("`{}` is not a subnet", text.value))
            .label(text.span, reason)
            .help("write an address and a prefix: `172.28.0.0/16`");
    });
    let subnet = subnet.ok()?;
    let prefix = text.split('/').nth(1).unwrap_or_default();
    let written = text.split('/').next().and_then(|address| address.parse::<IpAddr>().ok());
    if written != Some(subnet.network_address()) {
        found
            .error(INVALID_SUBNET, format!("`{}` is an address in a subnet, not a subnet", text.value))
            .label(text.span, "a subnet begins with its first address")
            .help(format!("write `{}/{prefix}`", subnet.network_address()))
            .perhaps_replace(text, format!("{}/{prefix}", subnet.network_address()));
        return None;
    }
    Some(subnet)
}

fn outside(inner: &Spanned<String>, subnet: &Spanned<String>, found: &mut Diagnostics) {
    found
        .error(INVALID_POOL_ADDRESS, format!("`{}` is not in the subnet `{}`", inner.value, subnet.value))
        .label(inner.span, "outside")
        .label(subnet.span, "the subnet");
}
