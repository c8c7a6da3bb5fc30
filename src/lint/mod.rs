//! In: a topology. Out: what is allowed, and still will not do what was meant.
//! Must not: change the topology, read a file's content, or ask an engine.
//!
//! One file a rule, each with `check(&Topology, &mut Diagnostics)`. An error where Docker Compose or
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

use crate::diagnostic::Diagnostics;
use crate::source::Span;
use crate::topology::attribute::Named;
use crate::topology::name::ServiceName;
use crate::topology::service::Service;
use crate::topology::{Host, Topology};

/// Every rule; findings are sorted by place.
const RULES: &[fn(&Topology, &mut Diagnostics)] = &[
    absolute_path::check,
    address::check,
    capability::check,
    cluster_only::check,
    condition::check,
    container_name::check,
    device::check,
    endpoint::check,
    exposed_port::check,
    hook::check,
    host_name::check,
    host_port::check,
    image::check,
    isolation::check,
    limit::check,
    link::check,
    logging::check,
    mount_kind::check,
    mount_shape::check,
    mount_source::check,
    mount_target::check,
    namespace::check,
    network_driver::check,
    null_letter::check,
    object_name::check,
    platform::check,
    range::check,
    script_word::check,
    security_option::check,
    signal::check,
    subnet::check,
    sysctl::check,
    tmpfs::check,
    ulimit::check,
    user::check,
    volume_option::check,
    // Last, to say what leads to what others found.
    blank::check,
];

/// Checks a topology by every rule.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    topology.keep_certain(found, |found| RULES.iter().for_each(|rule| rule(topology, found)));
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
