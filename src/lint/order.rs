//! Services that never run at the same time.

use std::collections::BTreeSet;

use crate::topology::Topology;
use crate::topology::name::ServiceName;
use crate::topology::service::DependencyCondition;

/// Whether one service completes before the other starts, so that both may use the same port or
/// address.
pub(super) fn takes_turns(topology: &Topology, first: &ServiceName, second: &ServiceName) -> bool {
    waits_for_end(topology, first, second) || waits_for_end(topology, second, first)
}

/// Whether `service`, or one of its dependencies, waits for `other` to complete.
fn waits_for_end(topology: &Topology, service: &ServiceName, other: &ServiceName) -> bool {
    let mut seen = BTreeSet::from([service]);
    let mut queue = vec![service];
    while let Some(name) = queue.pop() {
        let needed = topology.services.get(name).into_iter().flat_map(|service| &service.depends_on.0);
        for (needed, dependency) in needed {
            if needed == other && dependency.condition == DependencyCondition::Completed {
                return true;
            }
            if seen.insert(needed) {
                queue.push(needed);
            }
        }
    }
    false
}
