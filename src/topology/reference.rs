//! What a topology names must be there, and nothing may wait for itself.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostics, code, suggest};
use crate::source::Span;
use crate::topology::Topology;
use crate::topology::attribute::Named;
use crate::topology::name::ServiceName;
use crate::topology::service::{MountKind, Service};

/// Checks the references of every active service, and cycles among them.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, service) in &topology.services {
        check_source(topology, name, service, found);
        check_networks(topology, name, service, found);
        check_volumes(topology, service, found);
        check_files(topology, service, found);
        check_services(topology, name, service, found);
    }
    check_cycles(topology, found);
}

fn check_source(
    topology: &Topology,
    name: &ServiceName,
    service: &Named<Arc<Service>>,
    found: &mut Diagnostics,
) {
    let has_image = service.image.as_ref().is_some_and(|image| !image.is_empty());
    // One that is written but wrong was reported already.
    let is_written = |key: &str| {
        let node = topology.node_at(&["services", name.as_str(), key]);
        node.is_some_and(|node| node.as_text() != Some(""))
    };
    if !has_image && !["image", "build", "provider"].into_iter().any(is_written) {
        found
            .error(code::NO_IMAGE_OR_BUILD, format!("service `{name}` has neither `image` nor `build`"))
            .label(service.key, "nothing to run")
            .help("add `image: NAME`, or `build: FOLDER` to build one");
    }
}

fn check_networks(topology: &Topology, name: &ServiceName, service: &Service, found: &mut Diagnostics) {
    let Some(networks) = service.networks.as_ref().filter(|networks| !networks.0.is_empty()) else { return };
    if let Some(mode) = &service.network_mode {
        let at = networks.0.values().next().map_or(mode.span, |network| network.key);
        found
            .error(code::CONFLICT, format!("service `{name}` has both `network_mode` and `networks`"))
            .label(mode.span, "this puts it into one network namespace")
            .label(at, "this attaches it to a network")
            .help("keep one of the two");
    }
    for (key, network) in networks.0.iter().filter(|(key, _)| !topology.networks.contains_key(*key)) {
        undefined(code::UNKNOWN_NETWORK, "network", key, network.key, topology.networks.keys(), found);
    }
}

fn check_volumes(topology: &Topology, service: &Service, found: &mut Diagnostics) {
    for mount in service.volumes.0.iter().filter(|mount| mount.kind == MountKind::Volume) {
        let Some(source) = &mount.source else { continue };
        if !topology.volumes.contains_key(&source.value) {
            undefined(code::UNKNOWN_VOLUME, "volume", source, source.span, topology.volumes.keys(), found);
        }
    }
}

fn check_files(topology: &Topology, service: &Service, found: &mut Diagnostics) {
    let builds = service.build.iter().flat_map(|build| &build.secrets);
    for file in service.secrets.iter().chain(builds) {
        let Some(source) = &file.source else { continue };
        if !topology.secrets.contains_key(&source.value) {
            undefined(code::UNKNOWN_SECRET, "secret", source, source.span, topology.secrets.keys(), found);
        }
    }
    for file in &service.configs {
        let Some(source) = &file.source else { continue };
        if !topology.configs.contains_key(&source.value) {
            undefined(code::UNKNOWN_CONFIG, "config", source, source.span, topology.configs.keys(), found);
        }
    }
    for (key, binding) in service.models.0.iter().filter(|(key, _)| !topology.models.contains_key(*key)) {
        undefined(code::UNKNOWN_MODEL, "model", key, binding.key, topology.models.keys(), found);
    }
}

fn undefined<'a>(
    code: Code,
    kind: &str,
    name: &str,
    at: Span,
    known: impl Iterator<Item = &'a String> + Clone,
    found: &mut Diagnostics,
) {
    let help = match suggest::closest(name, known.clone().map(String::as_str)) {
        Some(closest) => format!("did you mean `{closest}`?"),
        None => {
            let content = match kind {
                "secret" | "config" => format!("\n    file: ./{name}"),
                "model" => "\n    model: ai/smollm2".to_owned(),
                _ => String::new(),
            };
            format!("define it at the top level:\n\n{kind}s:\n  {name}:{content}")
        }
    };
    found
        .error(code, format!("no {kind} is named `{name}`"))
        .label(at, "not defined in this topology")
        .help(help);
}

fn check_services(topology: &Topology, name: &ServiceName, service: &Service, found: &mut Diagnostics) {
    for (needed, dependency) in &service.depends_on.0 {
        if topology.services.contains_key(needed) {
            continue;
        }
        if let Some(inactive) = topology.inactive.get(needed) {
            if !dependency.required {
                continue;
            }
            let profiles: Vec<&str> = inactive.profiles.iter().map(|profile| profile.as_str()).collect();
            found
                .error(code::UNKNOWN_SERVICE, format!("`{name}` needs `{needed}`, which is not active"))
                .label(dependency.key, format!("`{needed}` is only active with a profile"))
                .label(inactive.key, "defined here")
                .help(format!("add `--profile {}`, or `required: false`", profiles.join("` or `--profile ")));
            continue;
        }
        let names = topology.services.keys().filter(|other| *other != name).map(ServiceName::as_str);
        let diagnostic = found.error(code::UNKNOWN_SERVICE, format!("no service is named `{needed}`"));
        diagnostic.label(dependency.key, format!("`{name}` needs it"));
        match suggest::closest(needed.as_str(), names.clone()) {
            Some(closest) => diagnostic.help(format!("did you mean `{closest}`?")),
            None if names.clone().next().is_none() => diagnostic.help("there is no other service here"),
            None => diagnostic.help(format!("services here: {}", suggest::one_of(names))),
        };
    }
}

fn check_cycles(topology: &Topology, found: &mut Diagnostics) {
    let mut graph = DiGraph::<&ServiceName, Span>::new();
    let nodes: std::collections::BTreeMap<&ServiceName, _> =
        topology.services.keys().map(|name| (name, graph.add_node(name))).collect();
    for (name, service) in &topology.services {
        for (needed, dependency) in &service.depends_on.0 {
            if let Some(target) = nodes.get(needed) {
                graph.add_edge(nodes[name], *target, dependency.key);
            }
        }
    }
    for component in kosaraju_scc(&graph) {
        let first = component.iter().copied().min_by_key(|node| graph[*node]);
        let Some(start) = first else { continue };
        if component.len() > 1 || graph.contains_edge(start, start) {
            report_cycle(&graph, start, found);
        }
    }
}

/// Walks the shortest way from `start` back to itself, and shows each step of it.
fn report_cycle(
    graph: &DiGraph<&ServiceName, Span>,
    start: petgraph::graph::NodeIndex,
    found: &mut Diagnostics,
) {
    let mut came_from = std::collections::HashMap::new();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for next in graph.neighbors(node) {
            if next == start {
                let mut path = vec![node];
                while path[path.len() - 1] != start {
                    path.push(came_from[&path[path.len() - 1]]);
                }
                path.reverse();
                return show_cycle(graph, &path, found);
            }
            came_from.entry(next).or_insert_with(|| {
                queue.push_back(next);
                node
            });
        }
    }
}

fn show_cycle(
    graph: &DiGraph<&ServiceName, Span>,
    path: &[petgraph::graph::NodeIndex],
    found: &mut Diagnostics,
) {
    let names: Vec<&str> = path.iter().chain(&path[..1]).map(|node| graph[*node].as_str()).collect();
    let message = format!("services wait for each other in a circle: {}", names.join(" -> "));
    let diagnostic = found.error(code::CYCLE, message);
    for (index, node) in path.iter().enumerate() {
        let next = path[(index + 1) % path.len()];
        if let Some(edge) = graph.find_edge(*node, next) {
            diagnostic.label(graph[edge], format!("`{}` waits for `{}`", graph[*node], graph[next]));
        }
    }
    diagnostic.help("remove one of these dependencies");
}
