//! Some attributes are for a cluster, and one engine does nothing with them.

use crate::diagnostic::{Diagnostics, code};
use crate::document::Node;
use crate::lint::services;
use crate::topology::Topology;

/// Paths below `deploy` that Docker Compose and topo pass over, and what holds in their place.
const DEPLOY: &[(&[&str], &str)] = &[
    (&["endpoint_mode"], "one engine has no virtual addresses: a service's name leads to its containers"),
    (
        &["labels"],
        "these are labels of a service in a cluster: those of containers are `labels` of the service",
    ),
    (&["placement"], "there is one node, which runs everything"),
    (&["update_config"], "a changed container is replaced at once, whatever this says"),
    (&["rollback_config"], "nothing is rolled back"),
    (&["restart_policy", "delay"], "the engine itself chooses the time between two attempts"),
    (&["restart_policy", "window"], "the engine itself decides when a container counts as started"),
    (&["resources", "reservations", "cpus"], "nothing is reserved on one engine"),
    (&["resources", "reservations", "generic_resources"], "nothing is reserved on one engine"),
];

/// Finds attributes that only a cluster obeys.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, _) in services(topology) {
        let Some(deploy) = topology.node_at(&["services", name.as_str(), "deploy"]) else { continue };
        for (path, instead) in DEPLOY {
            report(deploy, path, instead, found);
        }
    }
    for (key, network) in &topology.networks {
        let is_for_cluster = network.driver.as_deref() == Some("overlay");
        let node =
            topology.node_at(&["networks", key.as_str()]).filter(|_| network.attachable.0 && !is_for_cluster);
        if let Some(node) = node {
            report(node, &["attachable"], "every container may join a network that is not `overlay`", found);
        }
    }
}

fn report(section: &Node, path: &[&str], instead: &str, found: &mut Diagnostics) {
    let Some((last, parents)) = path.split_last() else { return };
    let parent = parents.iter().try_fold(section, |node, key| node.as_map()?.get(key));
    let Some((key, _)) = parent.and_then(|node| node.as_map()?.entry(last)) else { return };
    found.note(code::NO_EFFECT, format!("`{last}` has no effect on one engine")).label(key.span, instead);
}
