//! Drivers of networks, and their options.
//!
//! The options are those of Engine 28.5 (`daemon/libnetwork/drivers`).

use std::net::IpAddr;

use crate::diagnostic::{Code, Diagnostics, Severity, suggest};
use crate::lint::rule::{Group, Rule, code};
use crate::lint::subnet::{is_bridge, subnets};
use crate::source::Spanned;
use crate::topology::name::NetworkKey;
use crate::topology::{Network, Topology};

/// Drivers of the engine.
pub(super) const DRIVERS: [&str; 6] = ["bridge", "overlay", "macvlan", "ipvlan", "host", "null"];

/// The values that an option accepts.
#[derive(Clone, Copy)]
enum Kind {
    /// A boolean in Go's sense.
    Boolean,
    /// An MTU: 0 for the default, or a value that Linux accepts.
    PacketSize,
    Address,
    /// The name of a network interface.
    Interface,
    /// The prefix of such names, which is followed by a number.
    InterfacePrefix,
    /// One of these words.
    Word(&'static [&'static str]),
    Text,
}

const GATEWAY_MODES: Kind = Kind::Word(&["nat", "nat-unprotected", "routed", "isolated"]);

/// Options of the `bridge` driver, which silently ignores others.
const BRIDGE: &[(&str, Kind)] = &[
    ("com.docker.network.bridge.name", Kind::Interface),
    ("com.docker.network.bridge.enable_icc", Kind::Boolean),
    ("com.docker.network.bridge.enable_ip_masquerade", Kind::Boolean),
    ("com.docker.network.bridge.inhibit_ipv4", Kind::Boolean),
    ("com.docker.network.bridge.default_bridge", Kind::Boolean),
    ("com.docker.network.bridge.host_binding_ipv4", Kind::Address),
    ("com.docker.network.bridge.gateway_mode_ipv4", GATEWAY_MODES),
    ("com.docker.network.bridge.gateway_mode_ipv6", GATEWAY_MODES),
    ("com.docker.network.bridge.trusted_host_interfaces", Kind::Text),
    ("com.docker.network.container_iface_prefix", Kind::InterfacePrefix),
    ("com.docker.network.driver.mtu", Kind::PacketSize),
    ("com.docker.network.enable_ipv4", Kind::Boolean),
    ("com.docker.network.enable_ipv6", Kind::Boolean),
    ("com.docker.network.host_ipv4", Kind::Address),
    ("com.docker.network.host_ipv6", Kind::Address),
];

const MACVLAN: &[(&str, Kind)] =
    &[("parent", Kind::Text), ("macvlan_mode", Kind::Word(&["bridge", "private", "vepa", "passthru"]))];

const IPVLAN: &[(&str, Kind)] = &[
    ("parent", Kind::Text),
    ("ipvlan_mode", Kind::Word(&["l2", "l3", "l3s"])),
    ("ipvlan_flag", Kind::Word(&["bridge", "private", "vepa"])),
];

/// The MTUs that a Linux bridge accepts.
const PACKET_SIZES: std::ops::RangeInclusive<u32> = 68..=65_535;

/// The longest name of an interface, in bytes (`IFNAMSIZ` without its terminator).
const LONGEST_INTERFACE: usize = 15;

const INVALID_NETWORK_DRIVER: Code =
    code!("invalid-network-driver", BAD_VALUE, "A network cannot be created with this driver.");
const INVALID_NETWORK_OPTION: Code =
    code!("invalid-network-option", BAD_VALUE, "A network driver cannot read the value of an option.");
const UNKNOWN_NETWORK_OPTION: Code =
    code!("unknown-network-option", BAD_VALUE, "A network driver does not have this option.");
const INVALID_NETWORK_ADDRESSING: Code =
    code!("invalid-network-addressing", BAD_ADDRESS, "A network has no addresses, or too many subnets.");

pub(super) const RULE: Rule = Rule {
    codes: &[
        (INVALID_NETWORK_DRIVER, Severity::Error),
        (INVALID_NETWORK_ADDRESSING, Severity::Error),
        (INVALID_NETWORK_OPTION, Severity::Error),
        (UNKNOWN_NETWORK_OPTION, Severity::Warning),
    ],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports networks that their driver refuses to create.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (key, network) in topology.networks.iter().filter(|(_, network)| !network.external.is_external) {
        check_driver(topology, key, network, found);
        check_address_management(topology, key, network, found);
        check_families(topology, key, network, found);
        let options = match network.driver.as_deref() {
            None | Some("" | "bridge") => BRIDGE,
            Some("macvlan") => MACVLAN,
            Some("ipvlan") => IPVLAN,
            Some(_) => continue,
        };
        for (name, value) in &network.driver_opts.0 {
            match options.iter().find(|(known, _)| known == name) {
                Some((_, kind)) => check_option(name, *kind, value, found),
                None => warn_of_unknown(topology, key, name, options, found),
            }
        }
    }
}

fn check_driver(topology: &Topology, key: &NetworkKey, network: &Network, found: &mut Diagnostics) {
    let mode = match network.driver.as_deref() {
        Some("host") => "host",
        Some("null") => "none",
        _ => return,
    };
    let driver = network.driver.as_deref().unwrap_or_default();
    found
        .error(INVALID_NETWORK_DRIVER, format!("a network cannot have the driver `{driver}`"))
        .label(
            topology.place_of(&["networks", key.as_str(), "driver"]),
            "the engine has one such network and creates no other",
        )
        .help(format!(
            "remove the network, and write `network_mode: {mode}` in the services that should use it"
        ));
}

/// The IPAM driver: the engine's own, or a plugin.
fn check_address_management(
    topology: &Topology,
    key: &NetworkKey,
    network: &Network,
    found: &mut Diagnostics,
) {
    if network.ipam.driver.as_deref() != Some("null") {
        return;
    }
    let at = topology.place_of(&["networks", key.as_str(), "ipam", "driver"]);
    if is_bridge(network) {
        found
            .error(INVALID_NETWORK_ADDRESSING, "a bridge needs addresses")
            .label(at, "hands out no addresses")
            .help("remove `driver`: the engine then assigns them");
    } else if let Some(pool) = network.ipam.config.first() {
        found
            .error(INVALID_NETWORK_ADDRESSING, "the `null` IPAM driver takes no subnets")
            .label(pool.span, "addresses to choose from")
            .label(at, "hands out no addresses")
            .help("remove `driver`, or remove `config`");
    }
}

/// The address families, and the number of subnets of each.
fn check_families(topology: &Topology, key: &NetworkKey, network: &Network, found: &mut Diagnostics) {
    if network.enable_ipv4 == Some(false) && network.enable_ipv6 != Some(true) {
        found
            .error(INVALID_NETWORK_ADDRESSING, format!("the network `{key}` has no addresses at all"))
            .label(
                topology.place_of(&["networks", key.as_str(), "enable_ipv4"]),
                "IPv4 is off, and IPv6 is not on",
            )
            .help("write `enable_ipv6: true` beside it");
    }
    if !is_bridge(network) {
        return;
    }
    for is_v4 in [true, false] {
        let of_family = subnets(network).filter(|(_, subnet)| subnet.is_v4() == is_v4);
        let mut places = of_family.filter_map(|(pool, _)| pool.subnet.as_ref());
        if let (Some(first), Some(second)) = (places.next(), places.next()) {
            let family = if is_v4 { "IPv4" } else { "IPv6" };
            found
                .error(
                    INVALID_NETWORK_ADDRESSING,
                    format!("a bridge has one {family} subnet: `{key}` has two"),
                )
                .label(second.span, "the second")
                .label(first.span, "the first")
                .help("remove one of them, or make a network of each");
        }
    }
}

fn check_option(name: &str, kind: Kind, value: &Spanned<String>, found: &mut Diagnostics) {
    let (needed, example): (String, &str) = match kind {
        Kind::Boolean if is_boolean(value) => return,
        Kind::Boolean => ("`true` or `false` is needed".to_owned(), "\"true\""),
        Kind::PacketSize
            if value.parse::<u32>().is_ok_and(|size| size == 0 || PACKET_SIZES.contains(&size)) =>
        {
            return;
        }
        Kind::PacketSize => ("a number from 68 to 65535 is needed".to_owned(), "\"1400\""),
        Kind::Address if value.parse::<IpAddr>().is_ok() => return,
        Kind::Address => ("an IP address is needed".to_owned(), "127.0.0.1"),
        Kind::Interface => match interface_mistake(value) {
            None => return,
            Some(mistake) => (mistake, "br-shop"),
        },
        Kind::InterfacePrefix if value.is_empty() => return,
        Kind::InterfacePrefix => match interface_mistake(&format!("{}0", value.value)) {
            None => return,
            Some(mistake) => (format!("a number follows, and {mistake}"), "shop"),
        },
        Kind::Word(words) if words.contains(&value.as_str()) || value.is_empty() => return,
        Kind::Word(words) => {
            let example = suggest::closest(value, words.iter().copied()).unwrap_or(words[0]);
            (format!("known here: {}", suggest::all_of(words.iter().copied())), example)
        }
        Kind::Text => return,
    };
    found
        .error(INVALID_NETWORK_OPTION, format!("`{name}` cannot be `{}`", value.value))
        .label(value.span, needed)
        .help(format!("write, for example, `{name}: {example}`"));
}

/// What is wrong with a name of an interface; `None` if Linux accepts it.
pub(super) fn interface_mistake(name: &str) -> Option<String> {
    if name.len() > LONGEST_INTERFACE {
        return Some(format!(
            "an interface's name has at most {LONGEST_INTERFACE} characters, this one {}",
            name.len()
        ));
    }
    match name {
        "." | ".." => return Some("a path cannot be the name of an interface".to_owned()),
        "lo" => return Some("`lo` already exists: it is the loopback interface".to_owned()),
        "all" | "default" => return Some(format!("Linux keeps `{name}` for settings of all interfaces")),
        _ => {}
    }
    let forbidden = name.chars().find(|letter| letter.is_whitespace() || "/:".contains(*letter));
    forbidden.map(|letter| format!("`{letter}` cannot be in an interface's name"))
}

/// What Go's `strconv.ParseBool` accepts.
pub(super) fn is_boolean(text: &str) -> bool {
    matches!(text, "1" | "t" | "T" | "true" | "TRUE" | "True" | "0" | "f" | "F" | "false" | "FALSE" | "False")
}

fn warn_of_unknown(
    topology: &Topology,
    key: &NetworkKey,
    name: &str,
    options: &[(&'static str, Kind)],
    found: &mut Diagnostics,
) {
    let closest = suggest::closest(name, options.iter().map(|(known, _)| *known));
    if closest.is_some() {
        let at = super::key_span(
            topology,
            &["networks", key.as_str(), "driver_opts"],
            name,
            topology.place_of(&["networks", key.as_str()]),
        );
        found
            .warning(UNKNOWN_NETWORK_OPTION, format!("the driver of `{key}` has no option `{name}`"))
            .label(at, "silently ignored")
            .did_you_mean(name, closest, String::new);
    }
}
