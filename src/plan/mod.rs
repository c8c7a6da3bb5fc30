//! In: a checked topology and what the engine has. Out: one graph of steps, each with its reason.
//! Must not: talk to an engine, read the clock, ask the user.

pub mod action;
pub mod because;
mod build;
pub mod compose_hash;
mod distribute;
mod down;
mod drift;
pub mod label;
mod namespace;
pub mod observed;
mod orphan;
mod platform;
mod remove;
mod restart;
mod scope;
mod seal;
mod signal;
pub mod spec;
mod start;
mod stop;
#[cfg(test)]
mod testing;
mod up;

pub use action::{Action, Condition};
pub use because::{Because, FieldChange, HIDDEN, UNKNOWN, Values};
pub use build::{BuildChoices, build};
pub use distribute::{LeftOut, PullChoices, PushChoices, pull, push};
pub use down::{DownChoices, ImagesChoice, VolumesLeft, down, volumes_left};
pub use namespace::{CutOff, cut_off};
pub use observed::Observed;
pub use remove::{RemoveChoices, RunningChoice, remove};
pub use restart::{RestartChoices, restart};
pub use scope::{Scope, jobs_of};
pub use signal::{KillChoices, kill, pause, stop, unpause};
pub use start::{Hindrance, WaitChoice, start};
pub use up::{
    BuildChoice, OneOffChoices, PullChoice, RecreateChoice, StartChoice, UpChoices, one_off, one_off_query,
    query, services_in_order, up,
};

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use petgraph::Direction;
use petgraph::graph::DiGraph;
pub use petgraph::graph::NodeIndex as StepId;
use petgraph::visit::EdgeRef;

use crate::topology::name::{ContainerName, ImageId, ImageName, ProjectName, ServiceName};

/// What is to be done, in which order and why.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The project that all steps belong to.
    pub project: ProjectName,
    /// Steps, and what each needs: an edge `a -> b` means that `b` needs `a`.
    pub steps: DiGraph<Step, Needs>,
    /// Steps whose failure is told and is no failure of the plan.
    pub tolerated: BTreeSet<StepId>,
    /// The step that brings back what another one takes away for a while: the start after a stop, the
    /// creation after a removal. Once the one has begun, the other is done even if the user asks to stop.
    pub restores: BTreeMap<StepId, StepId>,
    /// The project's containers that ran when the plan was made, by their names at that time.
    pub running: BTreeSet<ContainerName>,
}

/// One step of a plan.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// Why.
    pub because: Because,
    /// The service that it is done for; absent for networks and volumes, and for an image that is pulled for
    /// several services.
    pub service: Option<ServiceName>,
    /// A condition that is looked at when the step's turn comes; when it does not hold, the step ends
    /// as not needed, which releases what needs it.
    pub only_if: Option<Guard>,
}

/// A condition that can be known only while the plan runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// At least one reference names another image than before, after the pulls and builds that the
    /// step needs.
    ImageDiffers(BTreeSet<FormerImage>),
}

/// A reference, and the image that it named when a container was created from it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FormerImage {
    /// The reference.
    pub image: ImageName,
    /// The image that the container was created from.
    pub from: ImageId,
}

/// How one step needs another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Only after it was done (or proved not needed).
    Done,
    /// After it ended in any way: the dependency is not required.
    Settled,
}

impl Plan {
    /// A plan that does nothing yet.
    pub fn new(project: ProjectName) -> Self {
        Self {
            project,
            steps: DiGraph::new(),
            tolerated: BTreeSet::new(),
            restores: BTreeMap::new(),
            running: BTreeSet::new(),
        }
    }

    /// A plan that does nothing yet to what is there.
    pub fn amid(project: ProjectName, observed: &Observed) -> Self {
        let members = observed.containers.iter().filter(|container| !container.is_one_off);
        let running = members.filter(|container| container.state.is_running());
        let running = running.map(|container| container.name.clone()).collect();
        Self { running, ..Self::new(project) }
    }

    /// True when the engine matches the topology already. Waits alone change nothing.
    pub fn changes_nothing(&self) -> bool {
        self.steps.node_weights().all(|step| matches!(step.action, Action::Wait { .. }))
    }

    /// Steps in an order in which they could be done one by one; among those that could come next, the
    /// one that was planned first comes first.
    pub fn in_order(&self) -> Vec<StepId> {
        let needs = |step| self.steps.neighbors_directed(step, Direction::Incoming).count();
        let mut missing: Vec<usize> = self.steps.node_indices().map(needs).collect();
        let mut ready: BinaryHeap<Reverse<StepId>> =
            self.steps.node_indices().filter(|step| missing[step.index()] == 0).map(Reverse).collect();
        let mut order = Vec::with_capacity(missing.len());
        while let Some(Reverse(step)) = ready.pop() {
            order.push(step);
            for next in self.steps.neighbors(step) {
                missing[next.index()] -= 1;
                if missing[next.index()] == 0 {
                    ready.push(Reverse(next));
                }
            }
        }
        order
    }

    /// The steps that a step waits for, the first planned first.
    pub fn needs(&self, step: StepId) -> Vec<StepId> {
        self.gates(step).into_iter().map(|(needed, _)| needed).collect()
    }

    /// The steps that a step waits for, and how; the first planned first. To look for each edge by itself
    /// would take long: a step may be needed by thousands.
    pub fn gates(&self, step: StepId) -> Vec<(StepId, Needs)> {
        let edges = self.steps.edges_directed(step, Direction::Incoming);
        let mut gates: Vec<(StepId, Needs)> = edges.map(|edge| (edge.source(), *edge.weight())).collect();
        gates.sort_unstable_by_key(|(needed, _)| *needed);
        gates
    }

    /// One more service needs an image that is pulled.
    fn share_pull(&mut self, step: StepId, service: &ServiceName) {
        let step = &mut self.steps[step];
        if matches!(step.action, Action::PullImage { .. }) && step.service.as_ref() != Some(service) {
            step.service = None;
        }
    }

    /// The container that a step is about.
    pub fn container(&self, step: StepId) -> Option<&ContainerName> {
        self.steps[step].action.container()
    }
}
