//! Attributes that only apply to a cluster.

use crate::diagnostic::{Code, Diagnostics, Severity, code};
use crate::document::Node;
use crate::lint::rule::{Group, Rule, code as code_of_rule};
use crate::lint::services;
use crate::topology::Topology;

/// Paths below `deploy` that Docker Compose and topo ignore, and what applies instead.
const DEPLOY: &[(&[&str], &str)] = &[
    (&["endpoint_mode"], "one engine has no virtual addresses: a service's name resolves to its containers"),
    (
        &["labels"],
        "these are labels of a service in a cluster: those of containers are `labels` of the service",
    ),
    (&["placement"], "there is one node, which runs everything"),
    (&["update_config"], "a changed container is recreated at once, whatever this says"),
    (&["rollback_config"], "nothing is rolled back"),
    (&["restart_policy", "delay"], "the engine itself chooses the time between two attempts"),
    (&["restart_policy", "window"], "the engine itself decides when a container counts as started"),
    (&["resources", "reservations", "cpus"], "nothing is reserved on one engine"),
    (&["resources", "reservations", "generic_resources"], "nothing is reserved on one engine"),
];

/// Attributes of secrets and configs that Docker Compose and topo ignore, and what applies instead.
const FILES: &[(&str, &str)] = &[
    ("driver", "its content is taken from what is named here, and no driver is asked"),
    ("driver_opts", "no driver is asked"),
    ("labels", "nothing of it is stored on the engine"),
    ("template_driver", "its content is used as it is"),
];

const OVERLAY_NETWORK: Code = code_of_rule!(
    "overlay-network",
    NOT_SUPPORTED,
    "An `overlay` network needs an engine that is part of a swarm."
);

pub(super) const RULE: Rule = Rule {
    codes: &[(OVERLAY_NETWORK, Severity::Note), (code::NO_EFFECT, Severity::Note)],
    group: Group::Compatibility,
    since: "0.1.0",
    check,
};

/// Reports attributes that only apply to a cluster.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, service) in services(topology) {
        let Some(deploy) = topology.node_at(&["services", name.as_str(), "deploy"]) else { continue };
        if let Some(mode) = service.deploy.0.as_ref().and_then(|deploy| deploy.mode.as_deref()) {
            check_mode(mode, deploy, found);
        }
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
        let node = topology.node_at(&["networks", key.as_str()]);
        if let Some(node) = node.filter(|_| is_for_cluster && !network.external.is_external) {
            note_overlay(node, found);
        }
    }
    // An external one is refused when it is used.
    let secrets = topology.secrets.iter().filter(|(_, secret)| !secret.external.is_external);
    let secrets = secrets.map(|(key, _)| ("secrets", key.as_str()));
    let configs = topology.configs.iter().filter(|(_, config)| !config.external.is_external);
    for (section, key) in secrets.chain(configs.map(|(key, _)| ("configs", key.as_str()))) {
        let Some(node) = topology.node_at(&[section, key]) else { continue };
        FILES.iter().for_each(|(attribute, instead)| report(node, &[attribute], instead, found));
    }
}

/// A single engine runs `replicas` containers, and has no jobs.
fn check_mode(mode: &str, deploy: &Node, found: &mut Diagnostics) {
    match mode {
        "" | "replicated" => {}
        "replicated-job" | "global-job" => {
            report(
                deploy,
                &["mode"],
                "jobs need a cluster: here `restart` decides what happens when a container exits",
                found,
            );
        }
        _ => report(deploy, &["mode"], "there is one node: `replicas` says how many containers run", found),
    }
}

fn note_overlay(network: &Node, found: &mut Diagnostics) {
    let Some((key, _)) = network.as_map().and_then(|network| network.entry("driver")) else { return };
    found
        .note(OVERLAY_NETWORK, "an `overlay` network needs a cluster")
        .label(key.span, "an engine that is not part of a swarm refuses to make it")
        .help("leave `driver` out to have a network of this engine, or run `docker swarm init` once");
}

fn report(section: &Node, path: &[&str], instead: &str, found: &mut Diagnostics) {
    let Some((last, parents)) = path.split_last() else { return };
    let parent = parents.iter().try_fold(section, |node, key| node.as_map()?.get(key));
    let Some((key, _)) = parent.and_then(|node| node.as_map()?.entry(last)) else { return };
    found.note(code::NO_EFFECT, format!("`{last}` has no effect on one engine")).label(key.span, instead);
}
