//! Which services are brought up, what each depends on before it.

use std::collections::BTreeSet;

use crate::plan::Condition;
use crate::topology::Topology;
use crate::topology::name::ServiceName;
use crate::topology::service::DependencyCondition;

/// The chosen services (all when none is chosen) and what they depend on; a service comes after all
/// that it depends on. The topology has no cycles.
pub fn services(topology: &Topology, chosen: &[ServiceName], without_dependencies: bool) -> Vec<ServiceName> {
    let roots: Vec<&ServiceName> =
        if chosen.is_empty() { topology.services.keys().collect() } else { chosen.iter().collect() };
    let wanted: Option<BTreeSet<&ServiceName>> =
        without_dependencies.then(|| roots.iter().copied().collect());
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    // Depth first with an own stack: a chain of services may be long. `true` marks the way back.
    let mut stack: Vec<(&ServiceName, bool)> = roots.into_iter().rev().map(|name| (name, false)).collect();
    while let Some((name, is_way_back)) = stack.pop() {
        let Some(service) = topology.services.get(name) else { continue };
        if is_way_back {
            order.push(name.clone());
            continue;
        }
        if !seen.insert(name) {
            continue;
        }
        stack.push((name, true));
        stack.extend(service.depends_on.0.keys().rev().map(|needed| (needed, false)));
    }
    order.retain(|name| wanted.as_ref().is_none_or(|wanted| wanted.contains(name)));
    order
}

/// What a dependency waits for beyond the start.
pub fn condition(condition: DependencyCondition) -> Option<Condition> {
    match condition {
        DependencyCondition::Started => None,
        DependencyCondition::Healthy => Some(Condition::Healthy),
        DependencyCondition::Completed => Some(Condition::Completed),
    }
}
