//! In: a topology. Out: diagnostics about what is allowed but will not work as intended. Must not:
//! change the topology, read a file's content, or ask an engine.
//!
//! One file per rule, each with its `RULE`: codes, group, and `check`. An error if Docker Compose
//! or the engine certainly refuses the topology; a warning if it may be intended. Rules about one
//! service check inactive services too.

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
mod driver;
mod endpoint;
mod exposed_port;
pub mod filled_value;
mod hook;
mod host_name;
pub mod host_port;
mod image;
mod ip_address;
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

/// The rules that every topology is checked by, in the order in which they run; diagnostics are
/// sorted by place.
pub const RULES: &[Rule] = &[
    absolute_path::RULE,
    address::RULE,
    capability::RULE,
    cluster_only::RULE,
    condition::RULE,
    container_name::RULE,
    device::RULE,
    driver::RULE,
    endpoint::RULE,
    exposed_port::RULE,
    hook::RULE,
    host_name::RULE,
    host_port::RULE,
    image::RULE,
    ip_address::RULE,
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
    // Last, to add to the diagnostics of others.
    blank::RULE,
];

/// Rules that only some commands apply: a topology that is only shown need not be runnable.
pub const ON_REQUEST: &[Rule] = &[build_context::RULE, model::RULE, unsupported::RULE];

/// Every rule.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().chain(ON_REQUEST)
}

/// The rule that reports a code, and its most severe level.
pub fn rule_of(code: Code) -> Option<(&'static Rule, Severity)> {
    rules().find_map(|rule| {
        let (_, level) = rule.codes.iter().find(|(known, _)| *known == code)?;
        Some((rule, *level))
    })
}

/// All codes: those of no particular rule, then those of rules in their order.
pub fn codes() -> impl Iterator<Item = Code> {
    let of_rules = rules().flat_map(|rule| rule.codes).map(|(code, _)| *code);
    code::ALL.iter().copied().chain(of_rules.filter(|code| !code::ALL.contains(code)))
}

/// Checks a topology by the rules that apply to all commands.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    topology.keep_certain(found, |found| RULES.iter().for_each(|rule| (rule.check)(topology, found)));
}

/// Every service, active or not.
fn services(topology: &Topology) -> impl Iterator<Item = (&ServiceName, &Named<Arc<Service>>)> {
    topology.services.iter().chain(&topology.inactive)
}

/// The span of a key of a mapping; `elsewhere` if the mapping was written as a list.
fn key_span(topology: &Topology, path: &[&str], key: &str, elsewhere: Span) -> Span {
    let entry = topology.node_at(path).and_then(|node| node.as_map()?.entry(key));
    entry.map_or(elsewhere, |(key, _)| key.span)
}

/// Whether a service may run on a Windows engine, which has different rules.
fn may_run_on_windows(topology: &Topology, service: &Service) -> bool {
    let is_for_windows = |platform: &str| platform.to_ascii_lowercase().starts_with("windows");
    match service.platform.as_ref().filter(|platform| !platform.is_empty()) {
        Some(platform) => is_for_windows(platform),
        None => topology.host == Host::Other || cfg!(windows),
    }
}

/// Whether a service uses the engine's default runtime, whose rules are known.
fn uses_default_runtime(service: &Service) -> bool {
    service.runtime.as_deref().is_none_or(|runtime| matches!(runtime, "" | "runc" | "io.containerd.runc.v2"))
}
