//! In: a topology. Out: what is allowed, and still will not do what was meant.
//! Must not: change the topology, read a file's content, or ask an engine.
//!
//! One file a rule, each with its `RULE`: codes, what is at stake, and `check`. An error where Docker Compose or
//! the engine refuses the topology for certain; a warning where somebody may mean it. A rule about
//! one service looks at inactive services too.

mod absolute_path;
mod address;
pub mod alias;
mod blank;
pub mod brought_in;
pub mod build_context;
mod capability;
mod cluster_only;
mod condition;
mod container_name;
mod device;
mod endpoint;
mod exposed_port;
pub mod filled_value;
mod hook;
mod host_name;
pub mod host_port;
mod image;
mod isolation;
mod limit;
mod link;
mod log_option;
mod logging;
pub mod model;
mod mount_kind;
mod mount_shape;
mod mount_source;
mod mount_target;
mod namespace;
mod network_driver;
mod null_letter;
mod object_name;
mod order;
mod platform;
pub mod profile;
mod range;
pub mod rule;
mod script_word;
mod security_option;
mod shared_text;
mod signal;
mod subnet;
mod sysctl;
mod tmpfs;
mod ulimit;
pub mod unsupported;
mod user;
pub mod variable;
mod volume_option;

use std::sync::Arc;

use self::rule::Rule;
use crate::diagnostic::{Code, Diagnostics, Severity, code};
use crate::source::Span;
use crate::topology::attribute::Named;
use crate::topology::name::ServiceName;
use crate::topology::service::Service;
use crate::topology::{Host, Topology};

/// The rules that every topology is checked by, in the order in which they run; findings are sorted by place.
pub const RULES: &[Rule] = &[
    absolute_path::RULE,
    address::RULE,
    capability::RULE,
    cluster_only::RULE,
    condition::RULE,
    container_name::RULE,
    device::RULE,
    endpoint::RULE,
    exposed_port::RULE,
    hook::RULE,
    host_name::RULE,
    host_port::RULE,
    image::RULE,
    isolation::RULE,
    limit::RULE,
    link::RULE,
    logging::RULE,
    mount_kind::RULE,
    mount_shape::RULE,
    mount_source::RULE,
    mount_target::RULE,
    namespace::RULE,
    network_driver::RULE,
    null_letter::RULE,
    object_name::RULE,
    platform::RULE,
    range::RULE,
    script_word::RULE,
    security_option::RULE,
    signal::RULE,
    subnet::RULE,
    sysctl::RULE,
    tmpfs::RULE,
    ulimit::RULE,
    user::RULE,
    volume_option::RULE,
    // Last, to say what leads to what others found.
    blank::RULE,
];

/// The rules that commands ask for where they apply: what is looked at and what is run need not be the same.
pub const ON_REQUEST: &[Rule] = &[build_context::RULE, model::RULE, unsupported::RULE];

/// Every rule.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().chain(ON_REQUEST)
}

/// The rule that reports a code, and the worst level that it reports it at.
pub fn rule_of(code: Code) -> Option<(&'static Rule, Severity)> {
    rules().find_map(|rule| {
        let (_, level) = rule.codes.iter().find(|(known, _)| *known == code)?;
        Some((rule, *level))
    })
}

/// Every code there is: those of no rule in particular, then those of rules in their order.
pub fn codes() -> impl Iterator<Item = Code> {
    let of_rules = rules().flat_map(|rule| rule.codes).map(|(code, _)| *code);
    code::ALL.iter().copied().chain(of_rules.filter(|code| !code::ALL.contains(code)))
}

/// Checks a topology by the rules that apply to all.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    topology.keep_certain(found, |found| RULES.iter().for_each(|rule| (rule.check)(topology, found)));
}

/// Every service, active or not.
fn services(topology: &Topology) -> impl Iterator<Item = (&ServiceName, &Named<Arc<Service>>)> {
    topology.services.iter().chain(&topology.inactive)
}

/// Where a key of a mapping stands; elsewhere when its mapping was written as a list.
fn key_span(topology: &Topology, path: &[&str], key: &str, elsewhere: Span) -> Span {
    let entry = topology.node_at(path).and_then(|node| node.as_map()?.entry(key));
    entry.map_or(elsewhere, |(key, _)| key.span)
}

/// Whether a service perhaps runs on an engine of Windows, which has rules of its own.
fn may_run_on_windows(topology: &Topology, service: &Service) -> bool {
    let is_for_windows = |platform: &str| platform.to_ascii_lowercase().starts_with("windows");
    match service.platform.as_ref().filter(|platform| !platform.is_empty()) {
        Some(platform) => is_for_windows(platform),
        None => topology.host == Host::Other || cfg!(windows),
    }
}

/// Whether a service's containers are started by the engine's own runtime, whose rules are known.
fn uses_default_runtime(service: &Service) -> bool {
    service.runtime.as_deref().is_none_or(|runtime| matches!(runtime, "" | "runc" | "io.containerd.runc.v2"))
}
