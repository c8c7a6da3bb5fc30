//! In: a topology. Out: what is allowed, and still will not do what was meant.
//! Must not: change the topology, read a file's content, or ask an engine.
//!
//! One file a rule, each with `check(&Topology, &mut Diagnostics)`. An error where Docker Compose or
//! the engine refuses the topology for certain; a warning where somebody may mean it. A rule about
//! one service looks at inactive services too.

mod absolute_path;
mod address;
pub mod brought_in;
pub mod build_context;
mod capability;
mod condition;
mod container_name;
mod device;
mod exposed_port;
mod host_name;
pub mod host_port;
mod image;
mod limit;
pub mod model;
mod mount_source;
mod mount_target;
mod namespace;
mod order;
mod platform;
pub mod profile;
mod range;
mod security_option;
mod signal;
mod subnet;
mod ulimit;
pub mod unsupported;
pub mod variable;

use std::sync::Arc;

use crate::diagnostic::Diagnostics;
use crate::topology::Topology;
use crate::topology::attribute::Named;
use crate::topology::name::ServiceName;
use crate::topology::service::Service;

/// Every rule, in no order: findings are sorted by place.
const RULES: &[fn(&Topology, &mut Diagnostics)] = &[
    absolute_path::check,
    address::check,
    capability::check,
    condition::check,
    container_name::check,
    device::check,
    exposed_port::check,
    host_name::check,
    host_port::check,
    image::check,
    limit::check,
    mount_source::check,
    mount_target::check,
    namespace::check,
    platform::check,
    range::check,
    security_option::check,
    signal::check,
    subnet::check,
    ulimit::check,
];

/// Checks a topology by every rule.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    topology.keep_certain(found, |found| RULES.iter().for_each(|rule| rule(topology, found)));
}

/// Every service, active or not.
fn services(topology: &Topology) -> impl Iterator<Item = (&ServiceName, &Named<Arc<Service>>)> {
    topology.services.iter().chain(&topology.inactive)
}
