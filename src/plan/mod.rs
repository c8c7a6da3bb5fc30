//! In: a checked topology and the state of the engine. Out: one graph of steps, each with its
//! reason. Must not: talk to an engine, read the clock, ask the user.

pub mod action;
pub mod basis;
pub mod because;
mod build;
pub mod compose_hash;
mod distribute;
mod down;
mod drift;
pub mod label;
mod made;
mod namespace;
pub mod observed;
mod orphan;
pub mod preflight;
mod remove;
pub mod resources;
mod restart;
mod scope;
mod seal;
pub mod sealed;
mod signal;
pub mod spec;
mod start;
mod step;
mod stop;
pub mod stored;
#[cfg(test)]
pub(crate) mod testing;
mod up;

pub use action::{Action, Condition};
pub use basis::{Basis, BasisChange};
pub use because::{Because, FieldChange, FieldPath, HIDDEN, UNKNOWN, Values};
pub use build::{BuildChoices, build};
pub use distribute::{LeftOut, PullChoices, PushChoices, pull, push};
pub use down::{DownChoices, ImagesChoice, VolumesLeft, down, volumes_left};
pub use namespace::{CutOff, cut_off};
pub use observed::Observed;
pub use remove::{RemoveChoices, RunningChoice, remove};
pub use restart::{RestartChoices, restart};
pub use scope::{Scope, jobs_of};
pub use signal::{KillChoices, kill, pause, stop, unpause};
pub use start::{CannotStart, WaitChoice, start};
pub use step::{FormerImage, Guard, Needs, Step, StepId, Steps};
pub use stored::{OtherSecrets, PlanFile, StoredPlan, fingerprints};
pub use up::{
    BuildChoice, OneOffChoices, PullChoice, RecreateChoice, StartChoice, UpChoices, one_off, one_off_query,
    query, services_in_order, up,
};

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::topology::name::{ContainerName, ProjectName, ServiceName};

/// What to do, in which order and why. It is stored without secrets: see [`stored`].
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The project that all steps belong to.
    pub project: ProjectName,
    /// The state that it was made from.
    pub observed: Basis,
    /// The steps.
    pub steps: Steps,
}

impl Plan {
    /// An empty plan that does not depend on any state.
    pub fn new(project: ProjectName) -> Self {
        Self { project, observed: Basis::default(), steps: Steps::default() }
    }

    /// An empty plan for this state.
    pub fn amid(project: ProjectName, observed: &Observed) -> Self {
        Self { observed: Basis::of(observed), ..Self::new(project) }
    }

    /// Whether the engine already matches the topology. Waits alone change nothing.
    pub fn changes_nothing(&self) -> bool {
        self.steps.iter().all(|step| matches!(step.action, Action::Wait { .. }))
    }

    /// The steps in a possible sequential order; among those that could come next, the one that was
    /// planned first.
    pub fn in_order(&self) -> Vec<StepId> {
        let graph = self.steps.graph();
        let mut missing: Vec<usize> = self.steps.iter().map(|step| step.needs.len()).collect();
        let mut ready: BinaryHeap<Reverse<StepId>> =
            self.steps.ids().filter(|step| missing[step.index()] == 0).map(Reverse).collect();
        let mut order = Vec::with_capacity(missing.len());
        while let Some(Reverse(step)) = ready.pop() {
            order.push(step);
            for next in graph.neighbors(step.node()) {
                missing[next.index()] -= 1;
                if missing[next.index()] == 0 {
                    ready.push(Reverse(graph[next]));
                }
            }
        }
        order
    }

    /// Another service needs an image that is pulled.
    fn share_pull(&mut self, step: StepId, service: &ServiceName) {
        let step = &mut self.steps[step];
        if matches!(step.action, Action::PullImage { .. }) && step.service.as_ref() != Some(service) {
            step.service = None;
        }
    }

    /// Makes a container and its successor one group, under the name that is kept.
    pub fn group_by_lasting_names(&mut self) {
        let renames = self.steps.iter().filter_map(|step| match &step.action {
            Action::RenameContainer { from, to } => Some((from.clone(), to.clone())),
            _ => None,
        });
        let lasting: BTreeMap<ContainerName, ContainerName> = renames.collect();
        for step in self.steps.ids() {
            let step = &mut self.steps[step];
            let group = step.action.container().and_then(|container| lasting.get(container));
            if let Some(group) = group.filter(|_| !step.is_about_leftover()) {
                step.group = Some(group.clone());
            }
        }
    }

    /// The container of a step.
    pub fn container(&self, step: StepId) -> Option<&ContainerName> {
        self.steps[step].action.container()
    }
}
