//! In: a plan and what came of its run. Out: the one line that says it.
//! Must not: go into failures.

use std::collections::BTreeMap;

use super::objects::{Deed, Objects};
use super::wording::{Kind, duration, names};
use crate::plan::{Plan, StepId};
use crate::run::{End, Outcome};
use crate::topology::name::ServiceName;

/// What a command wants of the project, in words that follow the project's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intent {
    /// When it was reached: `is up`.
    pub reached: &'static str,
    /// When it was not: `is not up`.
    pub missed: &'static str,
    /// When there was nothing to do: `is already stopped`, `has no container to pause`.
    pub idle: &'static str,
}

impl Intent {
    /// Containers run as the topology says.
    pub const UP: Intent = Intent { reached: "is up", missed: "is not up", idle: "is up to date" };
    /// Containers are there as the topology says.
    pub const CREATE: Intent =
        Intent { reached: "is created", missed: "is not created", idle: "is up to date" };
    /// As many containers run as were asked for.
    pub const SCALE: Intent =
        Intent { reached: "is scaled", missed: "is not scaled", idle: "is already scaled" };
    /// Nothing is left.
    pub const DOWN: Intent = Intent { reached: "is down", missed: "is not down", idle: "is already down" };
    /// What was there runs.
    pub const START: Intent =
        Intent { reached: "is started", missed: "is not started", idle: "is already running" };
    /// Containers stay, but none runs.
    pub const STOP: Intent =
        Intent { reached: "is stopped", missed: "is not stopped", idle: "is already stopped" };
    /// Containers ran, and run again.
    pub const RESTART: Intent =
        Intent { reached: "is restarted", missed: "is not restarted", idle: "has no container to restart" };
    /// Containers were ended at once.
    pub const KILL: Intent = Intent { reached: "is killed", missed: "is not killed", idle: "is not running" };
    /// Containers got a signal.
    pub const SIGNAL: Intent =
        Intent { reached: "is signalled", missed: "is not signalled", idle: "is not running" };
    /// Containers are paused.
    pub const PAUSE: Intent =
        Intent { reached: "is paused", missed: "is not paused", idle: "has no container to pause" };
    /// Paused containers are resumed.
    pub const UNPAUSE: Intent =
        Intent { reached: "is resumed", missed: "is not resumed", idle: "has no paused container" };
    /// Stopped containers are removed.
    pub const REMOVE: Intent =
        Intent { reached: "is cleared", missed: "is not cleared", idle: "has no stopped container" };
    /// Containers are as the files are that are watched.
    pub const WATCH: Intent =
        Intent { reached: "is up to date", missed: "is not up to date", idle: "is up to date" };
    /// Images are there.
    pub const PULL: Intent = Intent {
        reached: "has its images",
        missed: "did not get all its images",
        idle: "has no image to pull",
    };
    /// Images are in their registries.
    pub const PUSH: Intent =
        Intent { reached: "is pushed", missed: "is not pushed", idle: "has no image to push" };
    /// What a container of `run` needs is there.
    pub const RUN: Intent =
        Intent { reached: "is ready to run", missed: "is not ready to run", idle: "is ready to run" };
    /// Images are built.
    pub const BUILD: Intent =
        Intent { reached: "is built", missed: "is not built", idle: "has no image to build" };
}

/// What a command wants, and of whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aim {
    /// What it wants.
    pub intent: Intent,
    /// The services that it wants it of; the whole project when empty.
    pub services: Vec<ServiceName>,
    /// What is said where there is nothing to do; the intent's words of the project when absent.
    pub idle: Option<String>,
    /// How many containers were stopped by a run that this one takes the place of: they count too.
    pub stopped_before: usize,
}

impl From<Intent> for Aim {
    fn from(intent: Intent) -> Self {
        Self { intent, services: Vec::new(), idle: None, stopped_before: 0 }
    }
}

impl Aim {
    /// Whom it is about, and that it was reached or missed: `project shop is up`, `web, db`.
    fn subject(&self, plan: &Plan, came_of_it: &str) -> String {
        match self.services.as_slice() {
            [] => format!("project {} {came_of_it}", plan.project),
            services => names(services.iter().map(ServiceName::as_str), MOST_NAMES),
        }
    }
}

/// How many services are named in a row.
const MOST_NAMES: usize = 12;

/// What came of a run: `project shop is up: 3 containers created, 1 network created in 2.1s`.
pub(super) fn end_line(plan: &Plan, outcome: &Outcome, aim: &Aim) -> String {
    let Aim { intent, services: _, idle, stopped_before } = aim;
    let missed = || aim.subject(plan, intent.missed);
    let took = duration(outcome.took);
    let Undone { failed, dropped, all } = undone(plan, outcome);
    if outcome.is_cancelled && failed + dropped > 0 {
        let done = all - failed - dropped;
        let begun = deeds(plan, outcome, |steps| steps.iter().any(|step| is_undone(outcome, *step)));
        let begun = if begun.is_empty() { String::new() } else { format!(", {}", deed_words(&begun)) };
        return format!("{}: interrupted after {took}, {done} of {all} done{begun}", missed());
    }
    if !outcome.is_success() {
        let dropped = if dropped > 0 { format!(", {dropped} left undone") } else { String::new() };
        return format!("{}: {failed} failed{dropped} after {took}", missed());
    }
    let mut deeds = deeds(plan, outcome, |_| true);
    if *stopped_before > 0 {
        *deeds.entry((std::cmp::Reverse(Kind::Container), Deed::Stopped)).or_default() += stopped_before;
    }
    let tolerated = outcome.failures().filter(|(step, _)| plan.steps[*step].may_fail).count();
    let apart = match tolerated {
        0 => String::new(),
        1 => "; 1 that is not required failed".to_owned(),
        _ => format!("; {tolerated} that are not required failed"),
    };
    if deeds.is_empty() && tolerated == 0 {
        let idle = idle.clone().unwrap_or_else(|| format!("{} {}", plan.project, intent.idle));
        return format!("nothing to do: {idle}");
    }
    if deeds.is_empty() {
        return format!("project {}: nothing done in {took}{apart}", plan.project);
    }
    format!("{}: {} in {took}{apart}", aim.subject(plan, intent.reached), deed_words(&deeds))
}

/// How many objects of a plan are not what they were to be.
struct Undone {
    failed: usize,
    dropped: usize,
    all: usize,
}

fn undone(plan: &Plan, outcome: &Outcome) -> Undone {
    let objects = Objects::of(plan);
    let count = |is_meant: fn(&End) -> bool| {
        let has_one = |steps: &[StepId]| steps.iter().any(|step| is_meant(&outcome.steps[step.index()].end));
        objects.all().iter().filter(|object| has_one(&object.steps)).count()
    };
    let failed = count(|end| matches!(end, End::Failed(_)));
    let either =
        objects.all().iter().filter(|object| object.steps.iter().any(|step| is_undone(outcome, *step)));
    let either = either.count();
    Undone { failed, dropped: either - failed, all: objects.all().len() }
}

/// Whether a step did not come to its end.
fn is_undone(outcome: &Outcome, step: StepId) -> bool {
    matches!(outcome.steps[step.index()].end, End::Failed(_) | End::Skipped { .. } | End::Cancelled)
}

/// How many of the objects that are meant have which fate, by kind. Containers come first, because they matter most.
fn deeds(
    plan: &Plan,
    outcome: &Outcome,
    is_meant: impl Fn(&[StepId]) -> bool,
) -> BTreeMap<(std::cmp::Reverse<Kind>, Deed), usize> {
    let is_done = |step: StepId| outcome.steps[step.index()].end == End::Done;
    let mut deeds = BTreeMap::new();
    for object in Objects::of(plan).all().iter().filter(|object| is_meant(&object.steps)) {
        if let Some(deed) = object.deed(plan, is_done) {
            *deeds.entry((std::cmp::Reverse(object.kind), deed)).or_default() += 1;
        }
    }
    deeds
}

/// `3 containers created, 1 started, 1 network created`.
fn deed_words(deeds: &BTreeMap<(std::cmp::Reverse<Kind>, Deed), usize>) -> String {
    let mut words = Vec::new();
    let mut last_kind = None;
    for ((std::cmp::Reverse(kind), deed), count) in deeds {
        let subject = if last_kind == Some(*kind) { count.to_string() } else { kind.count(*count) };
        words.push(format!("{subject} {}", deed.word()));
        last_kind = Some(*kind);
    }
    words.join(", ")
}
