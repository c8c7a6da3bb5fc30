//! Isolation technologies: Linux has only one.

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::lint::rule::{Group, Rule, code};
use crate::lint::{may_run_on_windows, services};
use crate::topology::Topology;

/// Those of engines on Windows.
const OF_WINDOWS: &[&str] = &["default", "hyperv", "process"];

const UNKNOWN_ISOLATION: Code =
    code!("unknown-isolation", BAD_VALUE, "The engine does not have this isolation technology.");

pub(super) const RULE: Rule =
    Rule { codes: &[(UNKNOWN_ISOLATION, Severity::Error)], group: Group::Portability, since: "0.1.0", check };

/// Reports technologies that the engine does not support.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, service) in services(topology) {
        let Some(isolation) = service.isolation.as_ref().filter(|isolation| !isolation.is_empty()) else {
            continue;
        };
        let known = if may_run_on_windows(topology, service) { OF_WINDOWS } else { &OF_WINDOWS[..1] };
        let is_known = known.iter().any(|known| known.eq_ignore_ascii_case(isolation));
        if !is_known && !isolation.contains('$') {
            found
                .error(UNKNOWN_ISOLATION, format!("`isolation` cannot be `{isolation}`"))
                .label(
                    topology.place_of(&["services", name.as_str(), "isolation"]),
                    "not known to the engine",
                )
                .help("remove it, or write `isolation: default`")
                .perhaps_replace(isolation, "default");
        }
    }
}
