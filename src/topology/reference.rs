//! Everything that a topology refers to must exist, and nothing may depend on itself.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use crate::diagnostic::{Change, Code, Diagnostic, Diagnostics, code, suggest};
use crate::document::{Node, Value};
use crate::source::Span;
use crate::topology::Topology;
use crate::topology::attribute::Named;
use crate::topology::name::ServiceName;
use crate::topology::service::{Service, Share};

/// Checks the references of every active service, and cycles among them.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, service) in &topology.services {
        check_source(topology, name, service, found);
        check_networks(topology, name, service, found);
        check_volumes(topology, service, found);
        check_files(topology, service, found);
        check_services(topology, name, service, found);
        check_contexts(topology, name, service, found);
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
    // One that is present but wrong was already reported.
    let is_written = |key: &str| {
        let node = topology.node_at(&["services", name.as_str(), key]);
        node.is_some_and(|node| node.as_text() != Some(""))
    };
    // So was a service that is not a mapping.
    let is_something = topology
        .node_at(&["services", name.as_str()])
        .is_some_and(|node| !matches!(node.value, Value::Null | Value::Map(_)));
    if !has_image
        && !is_something
        && !["image", "build", "provider"].into_iter().any(is_written)
        && !is_misspelt(topology, name)
    {
        found
            .error(code::NO_IMAGE_OR_BUILD, format!("service `{name}` has neither `image` nor `build`"))
            .about(name.as_str())
            .label(service.key, "nothing to run")
            .help("add `image: NAME`, or `build: DIRECTORY` to build one");
    }
}

/// Whether `imge` was written instead of `image`, which was reported.
fn is_misspelt(topology: &Topology, name: &ServiceName) -> bool {
    let written = topology.node_at(&["services", name.as_str()]).and_then(Node::as_map);
    let mut keys = written.into_iter().flat_map(|service| &service.entries);
    keys.any(|(key, _)| {
        !["image", "build"].contains(&key.text.as_str())
            && suggest::closest(&key.text, ["image", "build"]).is_some()
    })
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
    for (key, network) in &networks.0 {
        check_key(topology, code::UNKNOWN_NETWORK, "network", (key, network.key), &topology.networks, found);
    }
}

fn check_volumes(topology: &Topology, service: &Service, found: &mut Diagnostics) {
    for mount in &service.volumes.0 {
        let Some(key) = mount.volume_key() else { continue };
        let before = found.mark();
        check_key(topology, code::UNKNOWN_VOLUME, "volume", (&key.value, key.span), &topology.volumes, found);
        // In the short form the volume comes before a colon, and its name may occur in the target
        // as well.
        if key.span == mount.span {
            found.since(before).iter_mut().for_each(replace_before_colon);
        }
    }
}

fn replace_before_colon(diagnostic: &mut Diagnostic) {
    for change in diagnostic.fix.iter_mut().flat_map(|fix| &mut fix.changes) {
        if let Change::Replace { old, new, .. } = change {
            old.push(':');
            new.push(':');
        }
    }
}

fn check_files(topology: &Topology, service: &Service, found: &mut Diagnostics) {
    let builds = service.build.iter().flat_map(|build| &build.secrets);
    for file in service.secrets.iter().chain(builds) {
        let key = (&file.source.value, file.source.span);
        check_key(topology, code::UNKNOWN_SECRET, "secret", key, &topology.secrets, found);
    }
    for file in &service.configs {
        let key = (&file.source.value, file.source.span);
        check_key(topology, code::UNKNOWN_CONFIG, "config", key, &topology.configs, found);
    }
    for (key, binding) in &service.models.0 {
        check_key(topology, code::UNKNOWN_MODEL, "model", (key, binding.key), &topology.models, found);
    }
}

/// Checks that a section has the key that a service refers to.
fn check_key<K: Ord + AsRef<str>, T>(
    topology: &Topology,
    code: Code,
    kind: &str,
    (key, at): (&K, Span),
    section: &BTreeMap<K, Named<T>>,
    found: &mut Diagnostics,
) {
    let name = key.as_ref();
    if section.contains_key(key) || topology.may_define(name) || !has_readable_section(topology, kind) {
        return;
    }
    let diagnostic = found.error(code, format!("no {kind} is named `{name}`"));
    diagnostic.label(at, "not defined in this topology");
    diagnostic.did_you_mean(name, suggest::closest(name, section.keys().map(AsRef::as_ref)), || {
            let content = match kind {
                "secret" | "config" => format!("\n    file: ./{name}"),
                "model" => "\n    model: ai/smollm2".to_owned(),
                _ => String::new(),
            };
            let is_path =
                name.contains('/') || (kind == "secret" && name.contains('.')) || name.contains(':');
            match kind {
                "volume" if name.starts_with("$(") => {
                    "no shell reads this: for the directory of this file, write `.`".to_owned()
                }
                "volume" if is_path => format!("for a directory, begin with `./`: `./{name}`"),
                "secret" | "config" if is_path => mounted_file(kind, name),
                "volume" => format!(
                    "for a directory, write `./{name}`; for a volume, define it at the top level:\n\nvolumes:\n  {name}:"
                ),
                _ => format!("define it at the top level:\n\n{kind}s:\n  {name}:{content}"),
            }
    });
}

/// False when the section is not a mapping, which was reported.
fn has_readable_section(topology: &Topology, kind: &str) -> bool {
    let section = topology.node_at(&[&format!("{kind}s")]);
    section.is_none_or(|section| matches!(section.value, Value::Null | Value::Map(_)))
}

/// A help for a file given by its path where its secret or config was expected.
fn mounted_file(kind: &str, name: &str) -> String {
    let (file, target) = name.split_once(':').unwrap_or((name, ""));
    let file = file.strip_prefix("./").unwrap_or(file);
    let stem = file.rsplit('/').next().unwrap_or_default().split('.').next();
    let key = stem.filter(|stem| !stem.is_empty()).unwrap_or(kind);
    let here = match target {
        "" => key.to_owned(),
        target => format!("{{source: {key}, target: {target}}}"),
    };
    format!("write `{here}` here, and at the top level:\n\n{kind}s:\n  {key}:\n    file: ./{file}")
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
        unknown_service(topology, name, needed, dependency.key, found);
    }
    // `depends_on` reports its own errors.
    for Share { owner, at, kind: _ } in service.shares() {
        let Some(needed) = owner.service() else { continue };
        let is_elsewhere = service.depends_on.0.get(needed).is_none_or(|known| known.key != at);
        if is_elsewhere && topology.service(needed.as_str()).is_none() {
            unknown_service(topology, name, needed, at, found);
        }
    }
}

/// A service whose image is only copied from need not be active.
fn check_contexts(topology: &Topology, name: &ServiceName, service: &Service, found: &mut Diagnostics) {
    for (needed, span) in service.context_services() {
        if topology.service(needed.as_str()).is_none() {
            unknown_service(topology, name, &needed, span, found);
        }
    }
}

fn unknown_service(
    topology: &Topology,
    name: &ServiceName,
    needed: &ServiceName,
    at: Span,
    found: &mut Diagnostics,
) {
    if topology.may_define(needed.as_str()) {
        return;
    }
    let names = topology.services.keys().filter(|other| *other != name).map(ServiceName::as_str);
    let diagnostic = found.error(code::UNKNOWN_SERVICE, format!("no service is named `{needed}`"));
    diagnostic.label(at, format!("`{name}` needs it"));
    diagnostic.did_you_mean(
        needed.as_str(),
        suggest::closest(needed.as_str(), names.clone()),
        || match names.clone().next() {
            None => "there is no other service here".to_owned(),
            Some(_) => format!("services here: {}", suggest::all_of(names)),
        },
    );
}

/// Services that need each other, and the places where they say so.
struct Cycles<'a> {
    graph: DiGraph<&'a ServiceName, Span>,
    /// The relation of two of them, as in `web` waits for `db`.
    verb: &'static str,
    /// The message about a cycle.
    message: &'static str,
}

fn check_cycles(topology: &Topology, found: &mut Diagnostics) {
    let waits = |service: &Service| -> Vec<(ServiceName, Span)> {
        service.depends_on.0.iter().map(|(needed, dependency)| (needed.clone(), dependency.key)).collect()
    };
    let graph = graph(topology, waits);
    Cycles { graph, verb: "waits for", message: "services depend on each other in a cycle" }.report(found);
    let graph = self::graph(topology, |service| service.context_services().collect());
    Cycles { graph, verb: "is built from", message: "images are built from each other in a cycle" }
        .report(found);
}

fn graph(
    topology: &Topology,
    needs: impl Fn(&Service) -> Vec<(ServiceName, Span)>,
) -> DiGraph<&ServiceName, Span> {
    let mut graph = DiGraph::new();
    let nodes: BTreeMap<&ServiceName, NodeIndex> =
        topology.services.keys().map(|name| (name, graph.add_node(name))).collect();
    for (name, service) in &topology.services {
        for (needed, span) in needs(service) {
            if let Some(target) = nodes.get(&needed) {
                graph.add_edge(nodes[name], *target, span);
            }
        }
    }
    graph
}

impl Cycles<'_> {
    fn report(&self, found: &mut Diagnostics) {
        for component in kosaraju_scc(&self.graph) {
            let first = component.iter().copied().min_by_key(|node| self.graph[*node]);
            for node in component.iter().filter(|node| self.graph.contains_edge(**node, **node)) {
                self.show(&[*node], found);
            }
            if let Some(start) = first.filter(|_| component.len() > 1) {
                self.show(&self.way_back(start), found);
            }
        }
    }

    /// The shortest cycle through `start`.
    fn way_back(&self, start: NodeIndex) -> Vec<NodeIndex> {
        let mut came_from = HashMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            for next in self.graph.neighbors(node).filter(|next| *next != node) {
                if next == start {
                    let mut path = vec![node];
                    while path[path.len() - 1] != start {
                        path.push(came_from[&path[path.len() - 1]]);
                    }
                    path.reverse();
                    return path;
                }
                came_from.entry(next).or_insert_with(|| {
                    queue.push_back(next);
                    node
                });
            }
        }
        vec![start]
    }

    /// Labels each edge of a cycle.
    fn show(&self, path: &[NodeIndex], found: &mut Diagnostics) {
        let Self { graph, verb, message } = self;
        let names: Vec<&str> = path.iter().chain(&path[..1]).map(|node| graph[*node].as_str()).collect();
        let diagnostic = found.error(code::CYCLE, format!("{message}: {}", names.join(" -> ")));
        for (index, node) in path.iter().enumerate() {
            let next = path[(index + 1) % path.len()];
            if let Some(edge) = graph.find_edge(*node, next) {
                diagnostic.label(graph[edge], format!("`{}` {verb} `{}`", graph[*node], graph[next]));
            }
        }
        diagnostic.help("remove one of these dependencies");
    }
}
