//! In: a checked topology. Out: what is allowed, and still will not do what was meant.
//! Must not: change the topology, read files, or ask an engine.
//!
//! One file a rule, each with `check(&Topology, &mut Diagnostics)`. An error where the reference or
//! the engine refuses the topology for certain; a warning where somebody may mean it.

pub mod host_port;
pub mod unsupported;

use crate::diagnostic::Diagnostics;
use crate::topology::Topology;

/// Every rule, in no order: findings are sorted by place.
const RULES: &[fn(&Topology, &mut Diagnostics)] = &[host_port::check];

/// Checks a topology by every rule.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    for rule in RULES {
        rule(topology, found);
    }
}
