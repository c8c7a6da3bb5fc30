//! In: a plan and the outcome of its run. Out: a one-line summary. Must not: go into failures.

use std::collections::BTreeMap;

use super::objects::{ObjectChange, Objects};
use super::wording::{Kind, duration, names};
use crate::plan::{Plan, StepId};
use crate::run::{Doubt, End, Outcome};
use crate::topology::name::ServiceName;

/// What a command wants to achieve, as phrases that follow the project's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goal {
    /// When achieved: `is up`.
    pub reached: &'static str,
    /// When not: `is not up`.
    pub missed: &'static str,
    /// When there was nothing to do: `is already stopped`, `has no container to pause`.
    pub idle: &'static str,
}

impl Goal {
    /// Containers run as declared.
    pub const UP: Goal = Goal { reached: "is up", missed: "is not up", idle: "is up to date" };
    /// Containers exist as declared.
    pub const CREATE: Goal = Goal { reached: "is created", missed: "is not created", idle: "is up to date" };
    /// The requested number of containers runs.
    pub const SCALE: Goal = Goal { reached: "is scaled", missed: "is not scaled", idle: "is already scaled" };
    /// Nothing is left.
    pub const DOWN: Goal = Goal { reached: "is down", missed: "is not down", idle: "is already down" };
    /// Existing containers run.
    pub const START: Goal =
        Goal { reached: "is started", missed: "is not started", idle: "is already running" };
    /// Containers are kept, but none runs.
    pub const STOP: Goal =
        Goal { reached: "is stopped", missed: "is not stopped", idle: "is already stopped" };
    /// Running containers were restarted.
    pub const RESTART: Goal =
        Goal { reached: "is restarted", missed: "is not restarted", idle: "has no container to restart" };
    /// Containers were killed.
    pub const KILL: Goal = Goal { reached: "is killed", missed: "is not killed", idle: "is not running" };
    /// Containers got a signal.
    pub const SIGNAL: Goal =
        Goal { reached: "is signalled", missed: "is not signalled", idle: "is not running" };
    /// Containers are paused.
    pub const PAUSE: Goal =
        Goal { reached: "is paused", missed: "is not paused", idle: "has no container to pause" };
    /// Paused containers are resumed.
    pub const UNPAUSE: Goal =
        Goal { reached: "is resumed", missed: "is not resumed", idle: "has no paused container" };
    /// Stopped containers are removed.
    pub const REMOVE: Goal =
        Goal { reached: "is cleared", missed: "is not cleared", idle: "has no stopped container" };
    /// Containers follow the watched files.
    pub const WATCH: Goal =
        Goal { reached: "is up to date", missed: "is not up to date", idle: "is up to date" };
    /// Images are present.
    pub const PULL: Goal = Goal {
        reached: "has its images",
        missed: "did not get all its images",
        idle: "has no image to pull",
    };
    /// Images are in their registries.
    pub const PUSH: Goal =
        Goal { reached: "is pushed", missed: "is not pushed", idle: "has no image to push" };
    /// What a container of `run` needs is ready.
    pub const RUN: Goal =
        Goal { reached: "is ready to run", missed: "is not ready to run", idle: "is ready to run" };
    /// Images are built.
    pub const BUILD: Goal =
        Goal { reached: "is built", missed: "is not built", idle: "has no image to build" };
}

/// What a command wants, and for which services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopedGoal {
    /// What it wants.
    pub goal: Goal,
    /// The services; empty for the whole project.
    pub services: Vec<ServiceName>,
    /// The text for nothing to do; that of the goal if absent.
    pub idle: Option<String>,
    /// How many containers a preceding run has already stopped: they count too.
    pub stopped_before: usize,
}

impl From<Goal> for ScopedGoal {
    fn from(goal: Goal) -> Self {
        Self { goal, services: Vec::new(), idle: None, stopped_before: 0 }
    }
}

impl ScopedGoal {
    /// The subject and its result: `project shop is up`, `web, db`.
    fn subject(&self, plan: &Plan, came_of_it: &str) -> String {
        match self.services.as_slice() {
            [] => format!("project {} {came_of_it}", plan.project),
            services => names(services.iter().map(ServiceName::as_str), MOST_NAMES),
        }
    }
}

/// How many services are listed.
const MOST_NAMES: usize = 12;

/// The summary of a run: `project shop is up: 3 containers created, 1 network created in 2.1s`.
pub(super) fn end_line(plan: &Plan, outcome: &Outcome, scoped_goal: &ScopedGoal) -> String {
    let ScopedGoal { goal, services: _, idle, stopped_before } = scoped_goal;
    let missed = || scoped_goal.subject(plan, goal.missed);
    let took = duration(outcome.took);
    let Unfinished { failed, dropped, all } = unfinished(plan, outcome);
    if outcome.is_cancelled && failed + dropped > 0 {
        let done = all - failed - dropped;
        let changes = changes(plan, outcome, |_| true);
        let changes =
            if changes.is_empty() { String::new() } else { format!(", {}", change_words(&changes)) };
        // A container that keeps running is up, although it is not up to date.
        let missed = match *goal {
            Goal::UP if runs_all(plan, outcome) => scoped_goal.subject(plan, Goal::WATCH.missed),
            _ => missed(),
        };
        return format!("{missed}: interrupted after {took}, {done} of {all} done{changes}");
    }
    match &outcome.doubt {
        Some(Doubt::Changing(_)) => return format!("{}: something else keeps changing it", missed()),
        Some(Doubt::Unseen(_)) => return format!("{}: its state could not be checked", missed()),
        None => {}
    }
    if !outcome.is_success() {
        let dropped = if dropped > 0 { format!(", {dropped} skipped") } else { String::new() };
        return format!("{}: {failed} failed{dropped} after {took}", missed());
    }
    let mut changes = changes(plan, outcome, |_| true);
    if *stopped_before > 0 {
        *changes.entry((std::cmp::Reverse(Kind::Container), ObjectChange::Stopped)).or_default() +=
            stopped_before;
    }
    let tolerated = outcome.failures().filter(|(step, _)| plan.steps[*step].may_fail).count();
    let apart = match tolerated {
        0 => String::new(),
        1 => "; 1 that is not required failed".to_owned(),
        _ => format!("; {tolerated} that are not required failed"),
    };
    if changes.is_empty() && tolerated == 0 {
        let idle = idle.clone().unwrap_or_else(|| format!("{} {}", plan.project, goal.idle));
        return format!("nothing to do: {idle}");
    }
    if changes.is_empty() {
        return format!("project {}: nothing done in {took}{apart}", plan.project);
    }
    format!("{}: {} in {took}{apart}", scoped_goal.subject(plan, goal.reached), change_words(&changes))
}

/// How many objects of a plan are not in the desired state.
struct Unfinished {
    failed: usize,
    dropped: usize,
    all: usize,
}

fn unfinished(plan: &Plan, outcome: &Outcome) -> Unfinished {
    let objects = Objects::in_plan(plan);
    let count = |is_meant: fn(&End) -> bool| {
        let has_one = |steps: &[StepId]| steps.iter().any(|step| is_meant(&outcome.steps[step.index()].end));
        objects.all().iter().filter(|object| has_one(&object.steps)).count()
    };
    let failed = count(|end| matches!(end, End::Failed(_)));
    let either =
        objects.all().iter().filter(|object| object.steps.iter().any(|step| is_undone(outcome, *step)));
    let either = either.count();
    Unfinished { failed, dropped: either - failed, all: objects.all().len() }
}

/// Whether every container of a plan is running.
fn runs_all(plan: &Plan, outcome: &Outcome) -> bool {
    let objects = Objects::in_plan(plan);
    let mut containers = objects.all().iter().filter(|object| object.kind == Kind::Container).peekable();
    let runs = |name: &str| outcome.running.iter().any(|running| running.as_str() == name);
    containers.peek().is_some() && containers.all(|container| runs(&container.name))
}

/// Whether a step was not completed.
fn is_undone(outcome: &Outcome, step: StepId) -> bool {
    matches!(outcome.steps[step.index()].end, End::Failed(_) | End::Skipped { .. } | End::Cancelled)
}

/// How many objects of each kind changed how. Containers come first, because they matter most.
fn changes(
    plan: &Plan,
    outcome: &Outcome,
    is_meant: impl Fn(&[StepId]) -> bool,
) -> BTreeMap<(std::cmp::Reverse<Kind>, ObjectChange), usize> {
    let is_done = |step: StepId| outcome.steps[step.index()].end == End::Done;
    let mut changes = BTreeMap::new();
    for object in Objects::in_plan(plan).all().iter().filter(|object| is_meant(&object.steps)) {
        if let Some(change) = object.change(plan, is_done) {
            *changes.entry((std::cmp::Reverse(object.kind), change)).or_default() += 1;
        }
    }
    changes
}

/// `3 containers created, 1 started, 1 network created`.
fn change_words(changes: &BTreeMap<(std::cmp::Reverse<Kind>, ObjectChange), usize>) -> String {
    let mut words = Vec::new();
    let mut last_kind = None;
    for ((std::cmp::Reverse(kind), change), count) in changes {
        let subject = if last_kind == Some(*kind) { count.to_string() } else { kind.count(*count) };
        words.push(format!("{subject} {}", change.word()));
        last_kind = Some(*kind);
    }
    words.join(", ")
}
