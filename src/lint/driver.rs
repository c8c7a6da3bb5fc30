//! Drivers that the engine does not have itself.

use crate::diagnostic::{Code, Diagnostics, Severity, suggest};
use crate::lint::rule::{Group, Rule, code};
use crate::lint::{logging, network_driver, services};
use crate::source::Span;
use crate::topology::Topology;

const UNKNOWN_DRIVER: Code = code!("unknown-driver", BAD_VALUE, "The engine has no driver of this name.");

pub(super) const RULE: Rule =
    Rule { codes: &[(UNKNOWN_DRIVER, Severity::Warning)], group: Group::Correctness, since: "0.1.0", check };

/// Finds drivers of networks, of their addresses, of volumes and of logs that no engine has built in. What is
/// external is made by somebody else.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (key, network) in topology.networks.iter().filter(|(_, network)| !network.external.is_external) {
        let place = |path: &[&str]| topology.place_of(&[&["networks", key.as_str()], path].concat());
        if let Some(driver) = network.driver.as_deref() {
            let otherwise = match driver {
                "none" => "write `network_mode: none` at the services that are to have no network",
                _ => "remove it: the engine then makes a `bridge`",
            };
            let kind = Kind { what: "network driver", known: &network_driver::DRIVERS, otherwise };
            kind.check(driver, place(&["driver"]), found);
        }
        if let Some(driver) = network.ipam.driver.as_deref() {
            let otherwise = "remove it: the engine then gives the addresses out";
            let kind = Kind { what: "IPAM driver", known: &["default", "null"], otherwise };
            kind.check(driver, place(&["ipam", "driver"]), found);
        }
    }
    for (key, volume) in topology.volumes.iter().filter(|(_, volume)| !volume.external.is_external) {
        let otherwise = "remove it: the engine then keeps the volume on its machine";
        let kind = Kind { what: "volume driver", known: &["local"], otherwise };
        let at = topology.place_of(&["volumes", key.as_str(), "driver"]);
        kind.check(volume.driver.as_deref().unwrap_or_default(), at, found);
    }
    let log_drivers = logging::drivers();
    for (name, service) in services(topology) {
        let Some(driver) = service.logging.as_ref().and_then(|logging| logging.driver.as_deref()) else {
            continue;
        };
        let otherwise = "remove it: the engine then uses its default driver";
        let kind = Kind { what: "log driver", known: &log_drivers, otherwise };
        kind.check(driver, topology.place_of(&["services", name.as_str(), "logging", "driver"]), found);
    }
}

/// What drivers of one kind are.
struct Kind<'a> {
    what: &'static str,
    /// Names that the engine knows.
    known: &'a [&'static str],
    /// What to do where none of them can have been meant.
    otherwise: &'static str,
}

impl Kind<'_> {
    /// A plugin may have any name; what is written as the reference of one (`vendor/plugin:tag`) is taken for it.
    fn check(&self, driver: &str, at: Span, found: &mut Diagnostics) {
        if driver.is_empty() || self.known.contains(&driver) || driver.contains(['/', ':', '$']) {
            return;
        }
        found
            .warning(UNKNOWN_DRIVER, format!("the engine has no built-in {} `{driver}`", self.what))
            .label(at, "it has to be a plugin of that name")
            .did_you_mean(driver, suggest::closest(driver, self.known.iter().copied()), || {
                self.otherwise.to_owned()
            });
    }
}
