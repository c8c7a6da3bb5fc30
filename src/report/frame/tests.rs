use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::engine::{Progress, StepState};
use crate::plan::action::ImageSpec;
use crate::plan::sealed::Sealed;
use crate::plan::{Because, Condition, Needs, Step};
use crate::report::AfterCancel;
use crate::run::{Cause, End, Event, Failure};
use crate::topology::name::ProjectName;

const PULL: usize = 0;
const START_DB: usize = 1;
const WAIT_DB: usize = 2;
const START_API: usize = 3;

#[test]
fn a_pull_shows_its_bytes_and_a_bar_if_there_is_space() {
    let mut stage = Stage::new();
    stage.at(0, started(PULL));
    for (part, done, total) in [("a", 2_000_000, Some(3_000_000)), ("b", 500_000, Some(1_000_000))] {
        let part = part.to_owned();
        stage.at(100, goes_on(PULL, Progress::Bytes { part, done, total }));
    }
    let bar = "━━━━━━━━━━━━━───────";
    let wide = format!("⠹ image     postgres:17  pulling  {bar}  2.5 MB of 4.0 MB  1.2s");
    assert_eq!(stage.live(120, 24, 1200), [&wide, "  0 of 3 done  1.2s"]);
    let narrow = "⠹ image     postgres:17  pulling  2.5 MB of 4.0 MB  1.2s";
    assert_eq!(stage.live(70, 24, 1200)[0], narrow);
    let narrower = "⠹ postgres:17  pulling  2.5 MB of 4.0 …";
    assert_eq!(stage.live(42, 24, 1200)[0], narrower);
}

#[test]
fn a_finished_layer_counts_fully_and_the_status_of_the_engine_is_shown() {
    let mut stage = Stage::new();
    stage.at(0, started(PULL));
    let part = || "a".to_owned();
    for progress in [
        Progress::Bytes { part: part(), done: 1, total: Some(3_000_000) },
        Progress::PartDone { part: part() },
        Progress::Now("extracting \u{1b}[31ma".to_owned()),
    ] {
        stage.at(100, goes_on(PULL, progress));
    }
    assert_eq!(stage.live(80, 24, 500)[0], "⠴ image     postgres:17  extracting a  3.0 MB of 3.0 MB  0.5s");
}

#[test]
fn long_words_are_cut_before_the_time() {
    let mut stage = Stage::new();
    stage.at(0, started(PULL));
    let progress = Progress::Now("[2/3] RUN for name in a b c; do echo $name; sleep 0.5; done".to_owned());
    stage.at(100, goes_on(PULL, progress));
    assert_eq!(stage.live(60, 24, 500)[0], "⠴ image     postgres:17  [2/3] RUN for name in a b…  0.5s");
}

#[test]
fn names_are_cut_before_their_results() {
    let mut stage = Stage::new();
    let image = "registry.example.com/a-team/postgres:17".into();
    stage.plan.steps[StepId::new(PULL)].action = Action::PullImage { image, platform: None };
    stage.progress = ProgressModel::new(&stage.plan);
    stage.done(PULL, 600_000);
    let line = &stage.last(42, 24)[0];
    assert!(line.starts_with("✔ regist") && line.ends_with("tgres:17  pulled  10m 00s"), "{line}");
}

#[test]
fn no_line_is_wider_than_a_narrow_terminal() {
    let mut stage = Stage::new();
    stage.done(PULL, 300);
    stage.at(0, started(START_DB));
    let failure = Failure { cause: Cause::NoHealthcheck, log_tail: Vec::new() };
    stage.end(START_DB, End::Failed(failure), 500);
    let cut = "✘ container shop-db-1    has no health check, so it can …";
    assert_eq!(stage.live(60, 24, 500)[1], cut);
    assert_eq!(stage.last(60, 24)[1], cut);
}

#[test]
fn a_build_shows_the_steps_of_its_dockerfile_and_which_were_cached() {
    let mut stage = Stage::new();
    let spec = ImageSpec {
        service: "api".into(),
        image: "shop-api".into(),
        build: Sealed::default(),
        secrets: BTreeMap::new(),
        platform: None,
        builder: None,
    };
    stage.plan.steps[StepId::new(PULL)].action = Action::BuildImage(Box::new(spec));
    stage.progress = ProgressModel::new(&stage.plan);
    stage.at(0, started(PULL));
    for name in ["[2/3] RUN make", "copy /context /", "[internal] load metadata for docker.io/library/rust:1"]
    {
        stage.at(100, goes_on(PULL, Progress::Step { name: name.to_owned(), state: StepState::Began }));
    }
    assert_eq!(stage.live(80, 24, 500)[0], "⠴ image     shop-api  [2/3] RUN make  0.5s");
    let name = "[2/3] RUN make".to_owned();
    stage.at(200, goes_on(PULL, Progress::Step { name, state: StepState::Cached }));
    stage.end(PULL, End::Done, 300);
    assert_eq!(stage.live(80, 24, 500)[0], "✔ image     shop-api  built from cache  0.3s");
}

#[test]
fn an_object_shows_its_state_and_what_it_waits_for() {
    let mut stage = Stage::new();
    stage.done(PULL, 300);
    stage.done(START_DB, 20);
    stage.at(400, started(WAIT_DB));
    assert_eq!(
        stage.live(80, 24, 1500),
        [
            "✔ image     postgres:17  pulled  0.3s",
            "⠙ container shop-db-1    waiting until healthy  1.1s",
            "  1 of 3 done  1.5s",
        ]
    );
    stage.done(WAIT_DB, 1_200);
    assert_eq!(stage.live(80, 24, 1500)[1], "✔ container shop-db-1    started, healthy  1.2s");
}

#[test]
fn a_failure_and_the_steps_that_it_skips_are_marked() {
    let mut stage = Stage::new();
    stage.done(PULL, 300);
    stage.done(START_DB, 20);
    stage.at(0, started(WAIT_DB));
    let failure = Failure { cause: Cause::Unhealthy { check: None, output: None }, log_tail: Vec::new() };
    stage.end(WAIT_DB, End::Failed(failure), 500);
    stage.end(START_API, End::Skipped { because_of: StepId::new(WAIT_DB) }, 0);
    assert_eq!(
        stage.last(80, 24),
        ["✔ image     postgres:17  pulled  0.3s", "✘ container shop-db-1    is unhealthy"]
    );
}

#[test]
fn a_small_terminal_shows_what_is_in_progress_and_counts_the_rest() {
    let mut stage = Stage::new();
    stage.done(PULL, 300);
    stage.at(0, started(START_DB));
    assert_eq!(stage.live(80, 3, 100), ["⠙ container shop-db-1  starting  0.1s", "  1 of 3 done  0.1s"]);
    let image = "✔ image     postgres:17  pulled  0.3s";
    assert_eq!(stage.last(80, 3), [image, "⠋ container shop-db-1    starting  0.0s"], "all stays at the end");
}

#[test]
fn what_another_run_kills_is_left_to_that_run() {
    let mut stage = Stage::new();
    stage.after_cancel = AfterCancel::Kill;
    stage.done(PULL, 300);
    stage.at(0, started(START_DB));
    stage.at(100, Event::Cancelling);
    assert!(stage.live(80, 24, 100).is_empty());
    stage.end(START_DB, End::Done, 200);
    stage.end(WAIT_DB, End::Cancelled, 0);
    assert_eq!(stage.last(80, 24), ["✔ image     postgres:17  pulled  0.3s"]);
}

#[test]
fn a_cancellation_is_shown() {
    let mut stage = Stage::new();
    stage.at(0, Event::Cancelling);
    assert_eq!(stage.live(80, 24, 100), ["  0 of 3 done  0.1s  stopping; press Ctrl-C again to kill"]);
}

#[test]
fn a_long_name_is_cut_in_its_middle() {
    assert_eq!(fit("short", 8), "short   ");
    assert_eq!(fit("a-very-long-name-1", 9), "a-ve~me-1");
}

fn started(step: usize) -> Event {
    Event::StepStarted { step: StepId::new(step) }
}

fn goes_on(step: usize, progress: Progress) -> Event {
    Event::StepProgress { step: StepId::new(step), progress }
}

/// A plan (pull, start the database, wait for it, start the other) and its events so far.
struct Stage {
    plan: Plan,
    progress: ProgressModel,
    begun: Instant,
    after_cancel: AfterCancel,
}

impl Stage {
    fn new() -> Self {
        let mut plan = Plan::new(ProjectName::from("shop"));
        let start = |name: &str| Action::StartContainer { container: name.into(), post_start: Vec::new() };
        let actions = [
            Action::PullImage { image: "postgres:17".into(), platform: None },
            start("shop-db-1"),
            Action::Wait { container: "shop-db-1".into(), until: Condition::Healthy },
            start("shop-api-1"),
        ];
        for action in actions {
            plan.steps.push(Step::new(action, Because::Asked, None));
        }
        for (from, to) in [(PULL, START_DB), (START_DB, WAIT_DB), (WAIT_DB, START_API)] {
            plan.steps.order(StepId::new(from), StepId::new(to), Needs::Done);
        }
        let progress = ProgressModel::new(&plan);
        Self { plan, progress, begun: Instant::now(), after_cancel: AfterCancel::Stop }
    }

    fn at(&mut self, milliseconds: u64, event: Event) {
        self.progress.note(&event, self.begun + Duration::from_millis(milliseconds));
    }

    fn done(&mut self, step: usize, took: u64) {
        self.at(0, started(step));
        self.end(step, End::Done, took);
    }

    fn end(&mut self, step: usize, end: End, took: u64) {
        let step = StepId::new(step);
        self.at(took, Event::StepEnded { step, end, took: Duration::from_millis(took) });
    }

    fn frame(&self, width: usize, height: usize, milliseconds: u64) -> Frame<'_> {
        Frame {
            plan: &self.plan,
            progress: &self.progress,
            look: Look { colors: false, unicode: true },
            after_cancel: self.after_cancel,
            stop_signal: None,
            size: Size { width, height },
            now: self.begun + Duration::from_millis(milliseconds),
            begun: self.begun,
        }
    }

    fn live(&self, width: usize, height: usize, milliseconds: u64) -> Vec<String> {
        self.frame(width, height, milliseconds).live()
    }

    fn last(&self, width: usize, height: usize) -> Vec<String> {
        self.frame(width, height, 0).last()
    }
}
