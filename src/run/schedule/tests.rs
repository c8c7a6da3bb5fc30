use super::*;
use crate::engine::EngineError;
use crate::plan::{Because, Condition, Step};
use crate::run::event::{Cause, Failure};
use crate::topology::name::ContainerName;
use crate::value::image::ImageReference;

const LIMITS: Limits = Limits { calls: 8, images: 2 };

#[test]
fn a_step_starts_once_all_that_it_needs_is_done() {
    let steps = graph(3, &[(0, 2, Needs::Done), (1, 2, Needs::Done)]);
    let mut schedule = Schedule::new(&steps, LIMITS);
    assert_eq!(start_all(&mut schedule), [0, 1]);
    assert!(schedule.end(id(0), &End::Done).is_empty());
    assert!(start_all(&mut schedule).is_empty());
    assert!(schedule.end(id(1), &End::NotNeeded).is_empty());
    assert_eq!(start_all(&mut schedule), [2]);
    assert!(schedule.end(id(2), &End::Done).is_empty());
    assert!(schedule.is_over());
}

#[test]
fn a_failure_skips_transitively_and_is_named_at_every_distance() {
    let steps = graph(4, &[(0, 1, Needs::Done), (1, 2, Needs::Done)]);
    let mut schedule = Schedule::new(&steps, LIMITS);
    assert_eq!(start_all(&mut schedule), [0, 3]);
    let because_of = id(0);
    assert_eq!(
        schedule.end(id(0), &failed()),
        [(id(1), End::Skipped { because_of }), (id(2), End::Skipped { because_of })]
    );
    assert!(!schedule.is_over());
    schedule.end(id(3), &End::Done);
    assert!(schedule.is_over());
}

#[test]
fn of_two_failures_the_first_is_to_blame() {
    let steps = graph(3, &[(0, 2, Needs::Done), (1, 2, Needs::Done)]);
    let mut schedule = Schedule::new(&steps, LIMITS);
    start_all(&mut schedule);
    assert_eq!(schedule.end(id(1), &failed()), [(id(2), End::Skipped { because_of: id(1) })]);
    assert!(schedule.end(id(0), &failed()).is_empty());
}

#[test]
fn what_only_has_to_be_settled_is_released_by_a_failure_and_by_a_skip() {
    let steps = graph(4, &[(0, 1, Needs::Done), (1, 2, Needs::Settled), (0, 3, Needs::Settled)]);
    let mut schedule = Schedule::new(&steps, LIMITS);
    start_all(&mut schedule);
    assert_eq!(schedule.end(id(0), &failed()), [(id(1), End::Skipped { because_of: id(0) })]);
    assert_eq!(start_all(&mut schedule), [2, 3]);
}

#[test]
fn cancelling_ends_what_was_not_started_and_lets_the_rest_go_on() {
    let steps = graph(3, &[(0, 1, Needs::Done), (1, 2, Needs::Settled)]);
    let mut schedule = Schedule::new(&steps, LIMITS);
    start_all(&mut schedule);
    assert_eq!(schedule.cancel(&BTreeSet::new()), [id(1), id(2)]);
    assert!(!schedule.is_over());
    assert!(schedule.end(id(0), &End::Done).is_empty());
    assert!(start_all(&mut schedule).is_empty());
    assert!(schedule.is_over());
}

#[test]
fn calls_are_bounded_and_waits_are_not() {
    let steps = graph(20, &[]);
    let mut schedule = Schedule::new(&steps, Limits { calls: 3, images: 1 });
    assert_eq!(start_all(&mut schedule).len(), 3);
    schedule.end(id(1), &End::Done);
    assert_eq!(start_all(&mut schedule), [3]);

    let mut waits = graph(20, &[]);
    waits.ids().for_each(|step| waits[step].action = wait());
    assert_eq!(start_all(&mut Schedule::new(&waits, LIMITS)).len(), 20);
}

#[test]
fn long_pulls_hold_up_no_start() {
    let mut steps = graph(4, &[]);
    for step in [id(0), id(1), id(2)] {
        steps[step].action = Action::PullImage { image: ImageReference::from("a"), platform: None };
    }
    let mut schedule = Schedule::new(&steps, Limits { calls: 1, images: 2 });
    assert_eq!(start_all(&mut schedule), [3, 0, 1]);
}

#[test]
fn the_longest_chain_goes_first() {
    let steps = graph(4, &[(1, 2, Needs::Done), (2, 3, Needs::Done)]);
    let mut schedule = Schedule::new(&steps, Limits { calls: 1, images: 1 });
    assert_eq!(start_all(&mut schedule), [1]);
}

#[test]
fn every_step_of_any_plan_ends_exactly_once() {
    for seed in 0..2_000 {
        Walk::new(seed).run();
    }
}

/// A run over a random graph with random ends, which checks the rules as it goes.
struct Walk {
    random: Random,
    steps: Steps,
    limits: Limits,
    ends: Vec<Option<End>>,
    running: Vec<StepId>,
    is_cancelled: bool,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let count = 1 + random.below(30);
        let mut edges = Vec::new();
        for to in 1..count {
            for _ in 0..random.below(4) {
                let needs = if random.below(4) == 0 { Needs::Settled } else { Needs::Done };
                edges.push((random.below(to), to, needs));
            }
        }
        let mut steps = graph(count, &edges);
        steps.ids().filter(|_| random.below(3) == 0).for_each(|step| steps[step].action = wait());
        let limits = Limits { calls: 1 + random.below(4), images: 1 };
        Self { limits, ends: vec![None; count], running: Vec::new(), is_cancelled: false, random, steps }
    }

    fn run(&mut self) {
        let steps = self.steps.clone();
        let mut schedule = Schedule::new(&steps, self.limits);
        loop {
            while let Some(step) = schedule.start_next() {
                self.check_start(step);
            }
            if self.running.is_empty() {
                break;
            }
            if !self.is_cancelled && self.random.below(40) == 0 {
                self.is_cancelled = true;
                schedule
                    .cancel(&BTreeSet::new())
                    .into_iter()
                    .for_each(|step| self.note(step, End::Cancelled));
            }
            let step = self.running.swap_remove(self.random.below(self.running.len()));
            let end = self.any_end();
            self.note(step, end.clone());
            for (skipped, end) in schedule.end(step, &end) {
                self.check_skip(skipped, &end);
                self.note(skipped, end);
            }
        }
        assert!(schedule.is_over());
        assert!(self.ends.iter().all(Option::is_some), "a step never ended");
    }

    fn any_end(&mut self) -> End {
        match self.random.below(6) {
            0 => failed(),
            1 => End::NotNeeded,
            2 if self.is_cancelled => End::Cancelled,
            _ => End::Done,
        }
    }

    fn note(&mut self, step: StepId, end: End) {
        assert_eq!(self.ends[step.index()].replace(end), None, "{step:?} ended twice");
    }

    fn check_start(&mut self, step: StepId) {
        assert!(!self.is_cancelled, "{step:?} started after the cancel");
        assert_eq!(self.ends[step.index()], None);
        for (needed, how) in &self.steps[step].needs {
            let end = self.ends[needed.index()].as_ref().expect("started before its need ended");
            let is_met = *how == Needs::Settled || matches!(end, End::Done | End::NotNeeded);
            assert!(is_met, "{step:?} started although {needed:?} ended {end:?}");
        }
        self.running.push(step);
        let is_call = |step: &&StepId| !matches!(self.steps[**step].action, Action::Wait { .. });
        assert!(self.running.iter().filter(is_call).count() <= self.limits.calls);
    }

    /// The step to blame did fail, and a chain of skipped steps leads from it to this one.
    fn check_skip(&self, step: StepId, end: &End) {
        let End::Skipped { because_of } = end else { panic!("{step:?} ended {end:?}") };
        let blamed = self.ends[because_of.index()].as_ref();
        assert!(matches!(blamed, Some(End::Failed(_) | End::Cancelled)));
        let leads_here = self.steps[step].needs.iter().any(|(needed, how)| {
            let is_skipped = self.ends[needed.index()].as_ref() == Some(end);
            *how == Needs::Done && (needed == because_of || is_skipped)
        });
        assert!(leads_here, "{step:?} has nothing to do with {because_of:?}");
    }
}

/// A small deterministic generator (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as usize % bound
    }
}

fn graph(count: usize, edges: &[(usize, usize, Needs)]) -> Steps {
    let mut steps = Steps::default();
    for number in 0..count {
        let container = ContainerName::new(format!("c{number}"));
        let action = Action::StartContainer { container, post_start: Vec::new() };
        steps.push(Step::new(action, Because::Asked, None));
    }
    for &(from, to, needs) in edges {
        steps.order(id(from), id(to), needs);
    }
    steps
}

fn wait() -> Action {
    Action::Wait { container: ContainerName::from("c"), until: Condition::Healthy }
}

fn failed() -> End {
    let cause = Cause::Engine(EngineError::System("no".to_owned()));
    End::Failed(Failure { cause, log_tail: Vec::new() })
}

fn id(number: usize) -> StepId {
    StepId::new(number)
}

fn start_all(schedule: &mut Schedule) -> Vec<usize> {
    std::iter::from_fn(|| schedule.start_next()).map(StepId::index).collect()
}
