//! Drivers of networks, and their options.
//!
//! The options are those of Engine 28.5 (`daemon/libnetwork/drivers`).

use std::net::IpAddr;

use crate::diagnostic::{Diagnostics, code, suggest};
use crate::lint::subnet::subnets;
use crate::source::Spanned;
use crate::topology::{Network, Topology};

/// Drivers that come with the engine.
const DRIVERS: [&str; 6] = ["bridge", "overlay", "macvlan", "ipvlan", "host", "null"];

/// What an option of a driver may be.
#[derive(Clone, Copy)]
enum Kind {
    /// What Go takes for a boolean.
    Boolean,
    /// A number, 0 or more.
    Number,
    Address,
    /// A name of an interface of Linux.
    Interface,
    /// One of these words.
    Word(&'static [&'static str]),
    Text,
}

const GATEWAY_MODES: Kind = Kind::Word(&["nat", "nat-unprotected", "routed", "isolated"]);

/// Options of the `bridge` driver; it passes over others without a word.
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
    ("com.docker.network.container_iface_prefix", Kind::Text),
    ("com.docker.network.driver.mtu", Kind::Number),
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

/// The longest name of an interface, in bytes (`IFNAMSIZ` without its end).
const LONGEST_INTERFACE: usize = 15;

/// Finds networks that their driver refuses to make.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    for (key, network) in topology.networks.iter().filter(|(_, network)| !network.external.is_external) {
        check_driver(topology, key, network, found);
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

fn check_driver(topology: &Topology, key: &str, network: &Network, found: &mut Diagnostics) {
    let Some(driver) = network.driver.as_deref().filter(|driver| !driver.is_empty()) else { return };
    let at = topology.place_of(&["networks", key, "driver"]);
    match driver {
        "host" | "null" => {
            let mode = if driver == "host" { "host" } else { "none" };
            found
                .error(code::BAD_VALUE, format!("a network cannot have the driver `{driver}`"))
                .label(at, "the engine has one such network, and makes no other")
                .help(format!(
                    "remove the network, and write `network_mode: {mode}` at the services that are to use it"
                ));
        }
        _ if DRIVERS.contains(&driver) => {}
        // Plugins have any name; one that is nearly that of a driver is a slip.
        _ => {
            let closest = suggest::closest(driver, DRIVERS);
            if closest.is_some() {
                found
                    .warning(
                        code::BAD_VALUE,
                        format!("the engine has no network driver `{driver}` of its own"),
                    )
                    .label(at, "it has to be a plugin of that name")
                    .did_you_mean(driver, closest, String::new);
            }
        }
    }
}

/// Which families of addresses there are, and how many subnets of each.
fn check_families(topology: &Topology, key: &str, network: &Network, found: &mut Diagnostics) {
    if network.enable_ipv4 == Some(false) && network.enable_ipv6 != Some(true) {
        found
            .error(code::BAD_ADDRESS, format!("the network `{key}` has no addresses at all"))
            .label(topology.place_of(&["networks", key, "enable_ipv4"]), "IPv4 is off, and IPv6 is not on")
            .help("write `enable_ipv6: true` beside it");
    }
    if network.driver.as_deref().is_some_and(|driver| !matches!(driver, "" | "bridge")) {
        return;
    }
    for is_v4 in [true, false] {
        let of_family = subnets(network).filter(|(_, subnet)| subnet.is_v4() == is_v4);
        let mut places = of_family.filter_map(|(pool, _)| pool.subnet.as_ref());
        if let (Some(first), Some(second)) = (places.next(), places.next()) {
            let family = if is_v4 { "IPv4" } else { "IPv6" };
            found
                .error(code::BAD_ADDRESS, format!("a bridge has one {family} subnet: `{key}` has two"))
                .label(second.span, "the second one")
                .label(first.span, "the first one")
                .help("remove one of them, or make a network of each");
        }
    }
}

fn check_option(name: &str, kind: Kind, value: &Spanned<String>, found: &mut Diagnostics) {
    let (needed, example): (String, &str) = match kind {
        Kind::Boolean if is_boolean(value) => return,
        Kind::Boolean => ("`true` or `false` is needed".to_owned(), "\"true\""),
        Kind::Number if value.parse::<u32>().is_ok() => return,
        Kind::Number => ("a number is needed".to_owned(), "\"1400\""),
        Kind::Address if value.parse::<IpAddr>().is_ok() => return,
        Kind::Address => ("an IP address is needed".to_owned(), "127.0.0.1"),
        Kind::Interface => match interface_mistake(value) {
            None => return,
            Some(mistake) => (mistake, "br-shop"),
        },
        Kind::Word(words) if words.contains(&value.as_str()) || value.is_empty() => return,
        Kind::Word(words) => {
            let example = suggest::closest(value, words.iter().copied()).unwrap_or(words[0]);
            (format!("known here: {}", suggest::all_of(words.iter().copied())), example)
        }
        Kind::Text => return,
    };
    found
        .error(code::BAD_VALUE, format!("`{name}` cannot be `{}`", value.value))
        .label(value.span, needed)
        .help(format!("write, for example, `{name}: {example}`"));
}

/// What is wrong with a name of an interface; nothing where Linux takes it.
pub(super) fn interface_mistake(name: &str) -> Option<String> {
    if name.len() > LONGEST_INTERFACE {
        return Some(format!(
            "an interface's name has at most {LONGEST_INTERFACE} letters, this one {}",
            name.len()
        ));
    }
    if matches!(name, "." | "..") {
        return Some("a path is not a name of an interface".to_owned());
    }
    let forbidden = name.chars().find(|letter| letter.is_whitespace() || "/:".contains(*letter));
    forbidden.map(|letter| format!("`{letter}` cannot be in an interface's name"))
}

/// What Go's `strconv.ParseBool` takes.
pub(super) fn is_boolean(text: &str) -> bool {
    matches!(text, "1" | "t" | "T" | "true" | "TRUE" | "True" | "0" | "f" | "F" | "false" | "FALSE" | "False")
}

fn warn_of_unknown(
    topology: &Topology,
    key: &str,
    name: &str,
    options: &[(&'static str, Kind)],
    found: &mut Diagnostics,
) {
    let closest = suggest::closest(name, options.iter().map(|(known, _)| *known));
    if closest.is_some() {
        let at = super::key_span(
            topology,
            &["networks", key, "driver_opts"],
            name,
            topology.place_of(&["networks", key]),
        );
        found
            .warning(code::BAD_VALUE, format!("the driver of `{key}` has no option `{name}`"))
            .label(at, "silently ignored")
            .did_you_mean(name, closest, String::new);
    }
}
