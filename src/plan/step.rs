//! The steps of a plan, and what each needs. This is the form that is stored; the graph is made from it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Index, IndexMut};

use petgraph::graph::{DiGraph, NodeIndex};
use serde::{Deserialize, Serialize};

use crate::plan::{Action, Because};
use crate::topology::name::{ContainerName, ImageId, ServiceName};
use crate::value::image::ImageReference;

/// A step's number in its plan, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(u32);

impl StepId {
    /// The step with this number.
    pub fn new(index: usize) -> Self {
        Self(u32::try_from(index).expect("no plan has so many steps"))
    }

    /// Its number.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// Its place in [`Steps::graph`].
    pub fn node(self) -> NodeIndex {
        NodeIndex::from(self.0)
    }
}

/// One step of a plan. Its number is its place among the steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// The steps that it waits for, and how.
    pub needs: BTreeMap<StepId, Needs>,
    /// The step that brings back what this one takes away for a while: the start after a stop. Once this one has
    /// begun, the other is done even if the user asks to stop.
    pub undo: Option<StepId>,
    /// The container whose change the step is a part of, by the name that it keeps: a container and its successor
    /// are one. Absent for other objects.
    pub group: Option<ContainerName>,
    /// Whether its failure is told and is no failure of the plan.
    pub may_fail: bool,
}

/// A condition that can be known only while the plan runs.
/// It holds when at least one of these is so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// One of these references names another image than before, after the pulls and builds that the step needs.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub differing_images: BTreeSet<FormerImage>,
    /// The engine refused to update one of these containers in place.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub refused_updates: BTreeSet<ContainerName>,
}

impl Guard {
    /// That a reference names another image.
    pub fn image_differs(former: FormerImage) -> Self {
        Self { differing_images: [former].into(), ..Self::default() }
    }

    /// That the engine refuses to update a container.
    pub fn update_refused(container: ContainerName) -> Self {
        Self { refused_updates: [container].into(), ..Self::default() }
    }

    /// Either of two.
    pub fn or(mut self, other: Self) -> Self {
        let Self { differing_images, refused_updates } = other;
        self.differing_images.extend(differing_images);
        self.refused_updates.extend(refused_updates);
        self
    }
}

/// A reference, and the image that it named when a container was created from it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FormerImage {
    /// The reference.
    pub image: ImageReference,
    /// The image that the container was created from.
    pub from: ImageId,
}

/// How one step needs another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Needs {
    /// Only after it was done (or proved not needed).
    Done,
    /// After it ended in any way: the dependency is not required.
    Settled,
}

impl Step {
    /// A step that needs no other.
    pub fn new(action: Action, because: Because, service: Option<ServiceName>) -> Self {
        Self {
            group: action.container().cloned(),
            action,
            because,
            service,
            only_if: None,
            needs: BTreeMap::new(),
            undo: None,
            may_fail: false,
        }
    }
}

impl Step {
    /// Whether it removes what an interrupted run left beside a container: that may have the very name that the
    /// next successor is to have for a while.
    pub(super) fn is_about_leftover(&self) -> bool {
        let goes = matches!(self.action, Action::StopContainer { .. } | Action::RemoveContainer { .. });
        goes && self.because == Because::Interrupted
    }
}

/// All steps of a plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Steps(Vec<Step>);

impl Steps {
    /// Adds a step.
    pub fn push(&mut self, step: Step) -> StepId {
        self.0.push(step);
        StepId::new(self.0.len() - 1)
    }

    /// Lets a step wait for another one.
    pub fn order(&mut self, first: StepId, then: StepId, how: Needs) {
        self[then].needs.insert(first, how);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their numbers, in the order in which they were planned.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = StepId> + use<> {
        (0..self.0.len()).map(StepId::new)
    }

    /// The steps, in the order in which they were planned, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Step> {
        self.0.iter_mut()
    }

    /// The steps, in the order in which they were planned.
    pub fn iter(&self) -> impl Iterator<Item = &Step> {
        self.0.iter()
    }

    /// Whether a step waits for another one, itself or by way of others; each does for itself.
    pub fn waits_for(&self, step: StepId, other: StepId) -> bool {
        let (mut ways, mut seen) = (vec![step], vec![false; self.0.len()]);
        while let Some(way) = ways.pop() {
            if way == other {
                return true;
            }
            let is_new = |needed: &&StepId| !std::mem::replace(&mut seen[needed.index()], true);
            ways.extend(self[way].needs.keys().filter(is_new));
        }
        false
    }

    /// All that a step waits for, itself or by way of others.
    pub fn all_before(&self, step: StepId) -> BTreeSet<StepId> {
        let (mut ways, mut before) = (vec![step], BTreeSet::new());
        while let Some(way) = ways.pop() {
            ways.extend(self[way].needs.keys().filter(|needed| before.insert(**needed)));
        }
        before
    }

    /// The steps that wait for a step, and how, in the order in which they were planned.
    pub fn dependants(&self, step: StepId) -> impl Iterator<Item = (StepId, Needs)> {
        self.ids().filter_map(move |other| Some((other, *self[other].needs.get(&step)?)))
    }

    /// The graph of the steps: each has the place of its number, and an edge `a -> b` means that `b` needs `a`.
    pub fn graph(&self) -> DiGraph<StepId, Needs> {
        let mut graph = DiGraph::with_capacity(self.0.len(), self.0.len());
        let nodes: Vec<_> = self.ids().map(|step| graph.add_node(step)).collect();
        for step in self.ids() {
            for (needed, how) in &self[step].needs {
                graph.add_edge(nodes[needed.index()], nodes[step.index()], *how);
            }
        }
        graph
    }
}

impl Index<StepId> for Steps {
    type Output = Step;

    fn index(&self, step: StepId) -> &Step {
        &self.0[step.index()]
    }
}

impl IndexMut<StepId> for Steps {
    fn index_mut(&mut self, step: StepId) -> &mut Step {
        &mut self.0[step.index()]
    }
}
