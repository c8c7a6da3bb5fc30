//! Namespaces shared with the host or with another container.

use crate::diagnostic::{Code, Diagnostics, Severity, code, suggest};
use crate::lint::rule::{Group, Rule, code as code_of_rule};
use crate::lint::services;
use crate::source::{Span, Spanned};
use crate::topology::Topology;
use crate::topology::name::{ContainerName, ServiceName};
use crate::topology::service::{Namespace, Service, VolumesOwner};

const CONFLICTING_NAMESPACE: Code = code_of_rule!(
    "conflicting-namespace",
    BAD_NAMESPACE,
    "An attribute cannot be used in a shared namespace."
);
const PRIVATE_IPC: Code =
    code_of_rule!("private-ipc", BAD_NAMESPACE, "The IPC namespace of a service is not shareable.");

pub(super) const RULE: Rule = Rule {
    codes: &[
        (code::BAD_NAMESPACE, Severity::Error),
        (PRIVATE_IPC, Severity::Error),
        (CONFLICTING_NAMESPACE, Severity::Error),
    ],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports unknown words, and attributes that conflict with a shared namespace.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, service) in services(topology) {
        check_words(service, found);
        for from in &service.volumes_from {
            if let VolumesOwner::Container(container) = &from.owner {
                check_container("volumes_from", container, from.span, found);
            }
        }
        if let Some(mode) = &service.network_mode {
            check_network_mode(topology, name, service, mode, found);
        }
        if let Some(ipc) = &service.ipc {
            check_ipc_owner(topology, ipc, found);
        }
        let domain = service.domainname.as_deref().filter(|domain| !domain.is_empty());
        let domain = domain.map(|_| topology.place_of(&["services", name.as_str(), "domainname"]));
        check_host_names(service, domain, found);
    }
}

fn check_words(service: &Service, found: &mut Diagnostics) {
    let shared = ["service:NAME", "container:NAME"].as_slice();
    check_word("ipc", service.ipc.as_ref(), &["host", "none", "private", "shareable"], shared, found);
    check_word("pid", service.pid.as_ref(), &["host"], shared, found);
    check_word("uts", service.uts.as_ref(), &["host"], &[], found);
}

fn check_word(
    attribute: &str,
    value: Option<&Spanned<Namespace>>,
    words: &[&str],
    shared: &[&str],
    found: &mut Diagnostics,
) {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return };
    if let Some(container) = value.container().filter(|_| !shared.is_empty()) {
        return check_container(attribute, container, value.span, found);
    }
    let is_shared = !shared.is_empty() && value.owner().is_some();
    let text = value.to_string();
    if is_shared || words.contains(&text.as_str()) {
        return;
    }
    found
        .error(code::BAD_NAMESPACE, format!("`{attribute}` cannot be `{}`", value.value))
        .label(value.span, "not known to the engine")
        .did_you_mean(&text, suggest::closest(&text, words.iter().copied()), || {
            format!("known here: {}", suggest::one_of(words.iter().chain(shared).copied()))
        });
}

/// A container's name or id must match the engine's pattern.
fn check_container(attribute: &str, container: &ContainerName, at: Span, found: &mut Diagnostics) {
    let name = container.as_str().strip_prefix('/').unwrap_or(container.as_str());
    let is_inside = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    let reason = match name.chars().find(|letter| !is_inside(*letter)) {
        _ if name.contains('$') => return,
        None if !name.is_empty() => return,
        None => "no container is named".to_owned(),
        Some(letter) => format!("`{letter}` cannot be in the name of a container"),
    };
    found
        .error(code::BAD_NAMESPACE, format!("`{attribute}` cannot be `container:{container}`"))
        .label(at, reason)
        .help("write `container:NAME`, or `service:NAME` for a service of this topology");
}

/// An IPC namespace can be shared only if it was created as shareable.
fn check_ipc_owner(topology: &Topology, ipc: &Spanned<Namespace>, found: &mut Diagnostics) {
    let Some(name) = ipc.service() else { return };
    let Some(owner) = topology.service(name.as_str()) else { return };
    let help = format!("add `ipc: shareable` to `{name}`");
    match owner.ipc.as_ref().filter(|own| !own.is_empty()) {
        Some(own) if matches!(own.value, Namespace::None | Namespace::Private) => found
            .error(PRIVATE_IPC, format!("`{name}` does not share its IPC namespace"))
            .label(ipc.span, "cannot be shared with another container")
            .label(own.span, "a private one")
            .help(help),
        Some(_) => return,
        None => found
            .warning(PRIVATE_IPC, format!("`{name}` probably does not share its IPC namespace"))
            .label(ipc.span, "private, unless the engine was started with another `--default-ipc-mode`")
            .help(help),
    };
}

fn check_network_mode(
    topology: &Topology,
    name: &ServiceName,
    service: &Service,
    mode: &Spanned<Namespace>,
    found: &mut Diagnostics,
) {
    let at = |key: &str| topology.place_of(&["services", name.as_str(), key]);
    if let Some(container) = mode.container() {
        check_container("network_mode", container, mode.span, found);
    }
    if mode.owner().is_some() {
        for (attribute, is_set) in [
            ("ports", !service.ports.0.is_empty()),
            ("expose", !service.expose.is_empty()),
            ("hostname", service.hostname.is_some()),
            ("dns", !service.dns.0.is_empty()),
            ("extra_hosts", !service.extra_hosts.0.is_empty()),
            ("links", !service.links.is_empty()),
        ] {
            if is_set {
                refuse(attribute, mode, at(attribute), found);
            }
        }
        return;
    }
    match &mode.value {
        Namespace::Host if !service.links.is_empty() => refuse("links", mode, at("links"), found),
        Namespace::Host | Namespace::None => {
            if let Some(port) = service.ports.0.first() {
                // Below a misspelt key there is no list to show.
                let list = topology.node_at(&["services", name.as_str(), "ports"]);
                warn_of_ports(mode, list.map_or(port.span, |list| list.span), found);
            }
        }
        Namespace::Named(word) if matches!(word.as_str(), "bridge" | "default" | "") => {}
        other => warn_of_typo(&Spanned::new(other.to_string(), mode.span), found),
    }
}

fn refuse(attribute: &str, mode: &Spanned<Namespace>, at: Span, found: &mut Diagnostics) {
    found
        .error(
            CONFLICTING_NAMESPACE,
            format!("`{attribute}` cannot be set with `network_mode: {}`", mode.value),
        )
        .label(at, "belongs to the container that owns the network")
        .label(mode.span, "this container uses another network namespace")
        .help(format!("remove `{attribute}`, or move it to the service that the network comes from"));
}

fn warn_of_ports(mode: &Spanned<Namespace>, at: Span, found: &mut Diagnostics) {
    let why = match mode.value {
        Namespace::Host => "the container uses the host's ports directly",
        _ => "the container has no network",
    };
    found
        .warning(CONFLICTING_NAMESPACE, format!("`ports` has no effect with `network_mode: {}`", mode.value))
        .label(at, "nothing is published")
        .label(mode.span, why)
        .help("remove `ports`");
}

/// Any other word is the name of a network in the engine.
fn warn_of_typo(mode: &Spanned<String>, found: &mut Diagnostics) {
    let closest = suggest::closest(mode, ["bridge", "host", "none"]);
    if closest.is_some() {
        found
            .warning(code::BAD_NAMESPACE, format!("`{}` is read as the name of a network", mode.value))
            .label(mode.span, "not a mode of the engine")
            .did_you_mean(mode, closest, String::new);
    }
}

/// In the host's namespace the host name cannot be set.
fn check_host_names(service: &Service, domain: Option<Span>, found: &mut Diagnostics) {
    let Some(uts) = service.uts.as_ref().filter(|uts| uts.value == Namespace::Host) else { return };
    let host = service.hostname.as_ref().map(|hostname| hostname.span);
    for (attribute, at, kind) in [("hostname", host, "host"), ("domainname", domain, "domain")] {
        if let Some(at) = at {
            found
                .error(CONFLICTING_NAMESPACE, format!("`{attribute}` cannot be set with `uts: host`"))
                .label(at, format!("a separate {kind} name"))
                .label(uts.span, "the host's own name")
                .help("remove one of the two");
        }
    }
}
