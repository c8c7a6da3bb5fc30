//! Host ports that move from one container to another: the one must stop before the other starts.

use petgraph::algo::has_path_connecting;

use crate::plan::observed::ObservedContainer;
use crate::plan::{Needs, Plan, StepId};
use crate::topology::Service;

/// Host ports that are given up and taken in one plan.
#[derive(Debug, Default)]
pub(super) struct Ports {
    released: Vec<(u16, StepId)>,
    taken: Vec<(u16, StepId)>,
}

impl Ports {
    /// A container stops: its host ports become free.
    pub(super) fn release(&mut self, container: &ObservedContainer, stop: StepId) {
        let ports = container.ports.iter().filter_map(|port| host_port(port));
        self.released.extend(ports.map(|port| (port, stop)));
    }

    /// A container starts: it takes its host ports.
    pub(super) fn take(&mut self, service: &Service, start: StepId) {
        let ranges = service.ports.0.iter().filter_map(|port| port.published);
        self.taken.extend(ranges.flat_map(|range| range.first..=range.last).map(|port| (port, start)));
    }

    /// Orders the plan's steps by them.
    pub(super) fn order(self, plan: &mut Plan) {
        for (port, start) in self.taken {
            for (_, stop) in self.released.iter().filter(|(released, _)| *released == port) {
                // Two services may swap their ports while one waits for the other: then no order fits.
                if !has_path_connecting(&plan.steps, start, *stop, None) {
                    plan.steps.update_edge(*stop, start, Needs::Done);
                }
            }
        }
    }
}

/// The host's port of `0.0.0.0:8080->80/tcp`.
fn host_port(text: &str) -> Option<u16> {
    text.split_once("->")?.0.rsplit(':').next()?.parse().ok()
}
