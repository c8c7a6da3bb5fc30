//! In: a plan's graph, and how its steps end. Out: which step starts next, and which end with it.
//! Must not: call an engine, wait, or read a clock.

use std::cmp::Reverse;
use std::collections::{BTreeSet, VecDeque};

use petgraph::algo::toposort;
use petgraph::graph::DiGraph;
use petgraph::visit::EdgeRef;

use super::event::End;
use crate::plan::{Action, Needs, StepId, Steps};

/// Where every step of a plan stands.
#[derive(Debug)]
pub struct Schedule<'plan> {
    steps: &'plan Steps,
    graph: DiGraph<StepId, Needs>,
    statuses: Vec<StepStatus>,
    /// How many steps the longest chain behind each step has.
    chains: Vec<usize>,
    ready: [BTreeSet<Priority>; Pool::COUNT],
    room: [usize; Pool::COUNT],
    /// The steps that were started, over or not.
    begun: BTreeSet<StepId>,
}

/// How many steps may be under way at once. Waits are not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Short calls: create, start, rename, remove. Stops may be four times as many, because they do
    /// little but wait for a process to end.
    pub calls: usize,
    /// Pulls and builds, which have room of their own so that a long one holds up no start.
    pub images: usize,
}

/// Where one step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StepStatus {
    /// Some steps that it needs are not over.
    Blocked {
        unmet: usize,
    },
    /// It may start as soon as there is room.
    Ready,
    Running,
    Ended,
}

/// A ready step's turn: the one with the longest chain behind it goes first, then the plan's order.
type Priority = (Reverse<usize>, StepId);

/// Steps that share a limit.
#[derive(Clone, Copy, Debug)]
enum Pool {
    Calls,
    Images,
    Stops,
    Waits,
}

impl<'plan> Schedule<'plan> {
    /// Nothing is under way yet. The graph has no cycle: planning makes none.
    pub fn new(steps: &'plan Steps, limits: Limits) -> Self {
        let graph = steps.graph();
        let mut schedule = Self {
            steps,
            statuses: Vec::with_capacity(steps.len()),
            chains: chains(&graph),
            graph,
            ready: Default::default(),
            room: Pool::room(limits),
            begun: BTreeSet::new(),
        };
        for step in steps.ids() {
            let unmet = steps[step].needs.len();
            schedule.statuses.push(StepStatus::Blocked { unmet });
            if unmet == 0 {
                schedule.queue(step);
            }
        }
        schedule
    }

    /// Takes the next step that may start now; it counts as running from here on.
    pub fn start_next(&mut self) -> Option<StepId> {
        let pool = (0..Pool::COUNT).find(|&pool| self.room[pool] > 0 && !self.ready[pool].is_empty())?;
        let (_, step) = self.ready[pool].pop_first()?;
        self.room[pool] -= 1;
        self.statuses[step.index()] = StepStatus::Running;
        self.begun.insert(step);
        Some(step)
    }

    /// Notes how a running step ended, and returns the steps that are thereby over too: each skipped
    /// because of the step that failed first.
    pub fn end(&mut self, step: StepId, end: &End) -> Vec<(StepId, End)> {
        debug_assert_eq!(self.statuses[step.index()], StepStatus::Running, "only a running step ends");
        self.statuses[step.index()] = StepStatus::Ended;
        self.room[self.pool(step)] += 1;

        let mut skipped = Vec::new();
        let mut over = VecDeque::from([(step, root_cause(step, end))]);
        while let Some((step, root_cause)) = over.pop_front() {
            for (dependant, needs) in self.dependants(step) {
                match (needs, root_cause) {
                    (Needs::Done, Some(because_of)) if self.skip(dependant) => {
                        skipped.push((dependant, End::Skipped { because_of }));
                        over.push_back((dependant, root_cause));
                    }
                    (Needs::Done, Some(_)) => {}
                    (Needs::Done, None) | (Needs::Settled, _) => self.release(dependant),
                }
            }
        }
        skipped
    }

    /// Nothing new starts from here on, but what is owed: see [`Step::undo`](crate::plan::Step).
    /// Returns the steps that are not started any more: they are cancelled.
    pub fn cancel(&mut self, must_finish: &BTreeSet<StepId>) -> Vec<StepId> {
        for ready in &mut self.ready {
            ready.retain(|(_, step)| must_finish.contains(step));
        }
        let given_up = self.steps.ids().filter(|step| !must_finish.contains(step));
        let given_up: Vec<StepId> = given_up.filter(|&step| self.skip(step)).collect();
        for step in &given_up {
            // What is owed needs no step that is given up to be done, at most to be over.
            for (dependant, needs) in self.dependants(*step) {
                if needs == Needs::Settled {
                    self.release(dependant);
                }
            }
        }
        given_up
    }

    /// The steps that are to be done even if the user asks to stop now, those that are under way included:
    /// they bring back what steps that have begun take away, and are not long in coming.
    pub fn must_finish(&self) -> BTreeSet<StepId> {
        let mut must_finish = BTreeSet::new();
        let mut begun: Vec<StepId> = self.begun.iter().copied().collect();
        while let Some(step) = begun.pop() {
            let Some(back) = self.steps[step].undo else { continue };
            let before = self.open_before(back);
            if before
                .iter()
                .all(|step| matches!(Pool::of(&self.steps[*step].action), Pool::Calls | Pool::Stops))
            {
                begun.extend(before.iter().filter(|step| must_finish.insert(**step)));
            }
        }
        must_finish
    }

    /// A step and those that it needs done, as far as they are not over.
    fn open_before(&self, step: StepId) -> BTreeSet<StepId> {
        let mut open = BTreeSet::new();
        let mut ways = vec![step];
        while let Some(way) = ways.pop() {
            if self.statuses[way.index()] != StepStatus::Ended && open.insert(way) {
                let required = self.steps[way].needs.iter().filter(|(_, how)| **how == Needs::Done);
                ways.extend(required.map(|(needed, _)| *needed));
            }
        }
        open
    }

    /// True when every step ended.
    pub fn is_over(&self) -> bool {
        self.statuses.iter().all(|place| *place == StepStatus::Ended)
    }

    /// Ends a step that was not started; false when it was, or is over already.
    fn skip(&mut self, step: StepId) -> bool {
        let place = &mut self.statuses[step.index()];
        let was_open = matches!(place, StepStatus::Blocked { .. } | StepStatus::Ready);
        if was_open {
            *place = StepStatus::Ended;
        }
        was_open
    }

    /// One of the steps that this one needs is over.
    fn release(&mut self, step: StepId) {
        match &mut self.statuses[step.index()] {
            StepStatus::Blocked { unmet: 1 } => self.queue(step),
            StepStatus::Blocked { unmet } => *unmet -= 1,
            StepStatus::Ready | StepStatus::Running | StepStatus::Ended => {}
        }
    }

    fn queue(&mut self, step: StepId) {
        self.statuses[step.index()] = StepStatus::Ready;
        let turn = (Reverse(self.chains[step.index()]), step);
        self.ready[self.pool(step)].insert(turn);
    }

    fn pool(&self, step: StepId) -> usize {
        Pool::of(&self.steps[step].action) as usize
    }

    /// The steps that need this one, in the plan's order.
    fn dependants(&self, step: StepId) -> Vec<(StepId, Needs)> {
        let edges = self.graph.edges(step.node());
        let mut dependants: Vec<_> = edges.map(|edge| (self.graph[edge.target()], *edge.weight())).collect();
        dependants.sort_by_key(|(dependant, _)| *dependant);
        dependants
    }
}

impl Pool {
    const COUNT: usize = 4;

    fn of(action: &Action) -> Self {
        match action {
            Action::PullImage { .. } | Action::PushImage { .. } | Action::BuildImage(_) => Pool::Images,
            Action::StopContainer { .. } | Action::KillContainer { .. } => Pool::Stops,
            // It lasts as long as its process.
            Action::Wait { .. } | Action::RunToEnd(_) => Pool::Waits,
            Action::RemoveImage { .. }
            | Action::CreateNetwork(_)
            | Action::RemoveNetwork { .. }
            | Action::CreateVolume(_)
            | Action::RemoveVolume { .. }
            | Action::ConnectNetwork { .. }
            | Action::DisconnectNetwork { .. }
            | Action::CreateContainer(_)
            | Action::UpdateContainer { .. }
            | Action::RenameContainer { .. }
            | Action::StartContainer { .. }
            | Action::PauseContainer { .. }
            | Action::UnpauseContainer { .. }
            | Action::RemoveContainer { .. } => Pool::Calls,
        }
    }

    /// A limit of 0 would start nothing ever, and is taken as 1.
    fn room(limits: Limits) -> [usize; Pool::COUNT] {
        let calls = limits.calls.max(1);
        let mut room = [0; Pool::COUNT];
        room[Pool::Calls as usize] = calls;
        room[Pool::Images as usize] = limits.images.max(1);
        room[Pool::Stops as usize] = calls.saturating_mul(4);
        room[Pool::Waits as usize] = usize::MAX;
        room
    }
}

/// The step that is to blame when the steps that need this one are skipped; none when they are not.
fn root_cause(step: StepId, end: &End) -> Option<StepId> {
    match end {
        End::Done | End::NotNeeded => None,
        End::Failed(_) | End::Cancelled => Some(step),
        End::Skipped { because_of } => Some(*because_of),
    }
}

/// How many steps the longest chain behind each step has.
fn chains(graph: &DiGraph<StepId, Needs>) -> Vec<usize> {
    let order = toposort(graph, None).expect("a plan has no cycle");
    let mut chains = vec![0; graph.node_count()];
    for step in order.into_iter().rev() {
        let longest = graph.neighbors(step).map(|next| chains[next.index()] + 1).max();
        chains[step.index()] = longest.unwrap_or(0);
    }
    chains
}

#[cfg(test)]
mod tests;
