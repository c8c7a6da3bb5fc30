//! Host ports that move from one container to another: the first must stop before the other starts.

use std::collections::{BTreeMap, BTreeSet};

use super::Gate;
use crate::plan::observed::{Observed, ObservedContainer};
use crate::plan::{Needs, Plan, StepId};
use crate::topology::Service;
use crate::topology::name::ServiceName;
use crate::value::port::{PortRange, Protocol};

/// Host ports that are released and taken by a plan.
#[derive(Debug, Default)]
pub(super) struct Ports {
    released: Vec<Released>,
    taken: Vec<Taken>,
}

#[derive(Debug)]
struct Released {
    service: ServiceName,
    port: u16,
    protocol: Protocol,
    stop: StepId,
    /// What the stop waits for only in order to keep the container running longer.
    gates: Vec<StepId>,
}

#[derive(Debug)]
struct Taken {
    service: ServiceName,
    range: PortRange,
    protocol: Protocol,
    start: StepId,
}

impl Ports {
    /// A container stops: its host ports become free.
    pub(super) fn release(&mut self, container: &ObservedContainer, stop: StepId, gates: &[Gate]) {
        self.released.extend(host_ports(container).map(|(protocol, port)| Released {
            service: container.service.clone(),
            port,
            protocol,
            stop,
            gates: gates.iter().map(|(step, _)| *step).collect(),
        }));
    }

    /// A container starts: it takes its host ports.
    pub(super) fn take(&mut self, name: &ServiceName, service: &Service, start: StepId) {
        let published = service.ports.0.iter().filter_map(|port| Some((port.published?, port)));
        self.taken.extend(published.map(|(range, port)| Taken {
            service: name.clone(),
            range,
            protocol: port.protocol,
            start,
        }));
    }

    /// Orders the plan's steps by ports.
    pub(super) fn hand_over(self, plan: &mut Plan, observed: &Observed) {
        let held = held(observed);
        let mut wanted: BTreeMap<(&ServiceName, PortRange, Protocol), usize> = BTreeMap::new();
        self.taken.iter().for_each(|taken| *wanted.entry(taken.key()).or_default() += 1);
        let mut released: BTreeMap<(Protocol, u16), Vec<&Released>> = BTreeMap::new();
        for one in &self.released {
            released.entry((one.protocol, one.port)).or_default().push(one);
        }
        let mut handed_over = BTreeSet::new();
        // The replicas of a service take the same ports.
        let mut conflicts: BTreeMap<(&ServiceName, PortRange, Protocol), Vec<&Released>> = BTreeMap::new();
        for taken in &self.taken {
            let conflicts = conflicts.entry(taken.key()).or_insert_with(|| {
                // With enough ports for all, nothing needs to wait.
                if taken.range.len() >= wanted[&taken.key()] + count(&held, taken) {
                    return Vec::new();
                }
                let in_range = released.range(taken.first()..=taken.last()).flat_map(|(_, ones)| ones);
                let others = in_range.copied().filter(|released| !taken.shares_range_with(released));
                others.collect()
            });
            for released in conflicts.iter() {
                let Released { stop, gates, .. } = released;
                // Two containers may have thousands of ports in common.
                if !handed_over.insert((taken.start, *stop)) {
                    continue;
                }
                if plan.steps.waits_for(*stop, taken.start) {
                    // A dependency takes a port of its dependant, which cannot keep running until
                    // then.
                    plan.steps[*stop].needs.retain(|needed, _| !gates.contains(needed));
                }
                // Two services may swap their ports while one waits for the other: then no order
                // works.
                if !plan.steps.waits_for(*stop, taken.start) {
                    plan.steps.order(*stop, taken.start, Needs::Done);
                }
            }
        }
    }
}

/// The host ports of running containers, with protocols.
fn held(observed: &Observed) -> BTreeSet<(Protocol, u16)> {
    let running = observed.containers.iter().filter(|container| container.state.is_running());
    running.flat_map(host_ports).collect()
}

/// How many of the possible ports are held.
fn count(held: &BTreeSet<(Protocol, u16)>, taken: &Taken) -> usize {
    held.range(taken.first()..=taken.last()).count()
}

impl Taken {
    /// What it has in common with other replicas of the service that take a port of the same range.
    fn key(&self) -> (&ServiceName, PortRange, Protocol) {
        (&self.service, self.range, self.protocol)
    }

    fn first(&self) -> (Protocol, u16) {
        (self.protocol, self.range.first)
    }

    fn last(&self) -> (Protocol, u16) {
        (self.protocol, self.range.last)
    }

    /// Replicas that share a range leave a port for each other: when one starts, its own
    /// predecessor's port is free.
    fn shares_range_with(&self, released: &Released) -> bool {
        self.service == released.service && self.range.len() > 1
    }
}

/// The host ports of a container, with protocols.
fn host_ports(container: &ObservedContainer) -> impl Iterator<Item = (Protocol, u16)> {
    container.ports.iter().filter_map(|port| Some((port.protocol, port.host?.port())))
}
