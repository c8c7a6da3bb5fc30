//! In: the options of `up` about output. Out: the services whose output is shown.

pub(super) mod follow;
pub(super) mod foreground;
pub(super) mod menu;
pub(super) mod watching;
use crate::plan;
use crate::topology::Topology;
use crate::topology::name::ServiceName;

/// The services whose output is shown.
pub(crate) struct Attached<'a> {
    /// Only these, whatever the topology says.
    pub(crate) only: &'a [ServiceName],
    /// None of these.
    pub(crate) not: &'a [ServiceName],
    /// Those that the chosen services depend on too.
    pub(crate) with_dependencies: bool,
}

impl Attached<'_> {
    /// Their names.
    pub(crate) fn services(&self, topology: &Topology, chosen: &[ServiceName]) -> Vec<ServiceName> {
        let needed = plan::services_in_order(topology, chosen, !self.with_dependencies);
        let is_attached = |name: &ServiceName| {
            if !self.only.is_empty() {
                return self.only.contains(name);
            }
            needed.contains(name)
                && topology.services.get(name).is_some_and(|service| service.attach.unwrap_or(true))
        };
        let attached = topology.services.keys().filter(|name| is_attached(name) && !self.not.contains(name));
        attached.cloned().collect()
    }
}
