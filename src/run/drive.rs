//! In: a plan and an engine. Out: the plan's steps performed, in order, and events.
//! Must not: decide what is to be done, or print.

use std::cell::RefCell;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::call::{Answers, Caller};
use super::event::Event;
use super::outcome::Outcome;
use super::schedule::Limits;
use super::state::RunState;
use super::unused_successor::remove_unused_successors;
use super::watch::{Listeners, pass_on};
use crate::engine::Engine;
use crate::plan::Plan;

/// How long the run waits for the engine to answer that what happens will be told.
const FIRST_ANSWER: Duration = Duration::from_secs(1);

/// How a plan is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunOptions {
    /// How many steps may be under way at once.
    pub limits: Limits,
    /// How long after the command began the last wait is given up; never when absent.
    pub wait_limit: Option<Duration>,
    /// How long the command went on before this run.
    pub before: Duration,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self { limits: Limits { calls: 8, images: 4 }, wait_limit: None, before: Duration::ZERO }
    }
}

/// Runs a plan to its end. Every step ends exactly once and each end is an event; the events' receiver
/// may be gone. When `cancel` is triggered nothing new starts, waits, pulls and builds are given up, and
/// calls that are under way are brought to their end, because the engine does them anyway, unless it does not
/// answer for a while. A replacement that has begun is finished, unless it would have to wait: the service
/// would be down without it; the successor of one that has not begun is removed.
pub async fn run<E: Engine>(
    plan: &Plan,
    engine: &E,
    options: &RunOptions,
    cancel: &CancellationToken,
    events: &UnboundedSender<Event>,
) -> Outcome {
    let begun = Instant::now();
    let listeners = Listeners::default();
    let answers = Answers::default();
    let must_finish = RefCell::default();
    let wait_limit = options.wait_limit.map(|limit| (limit, begun + limit.saturating_sub(options.before)));
    let caller = Caller {
        plan,
        engine,
        cancel,
        events,
        listeners: &listeners,
        wait_limit,
        answers: &answers,
        must_finish: &must_finish,
    };

    // The subscription holds before anything is done, so that nothing happens unheard; an engine that keeps
    // its answer back is not waited for.
    let (tried, subscribed) = oneshot::channel();
    let mut watching = pin!(pass_on(engine, plan, &listeners, tried));
    tokio::select! { biased;
        () = cancel.cancelled() => {}
        _ = subscribed => {}
        () = sleep(FIRST_ANSWER) => {}
        never = &mut watching => match never {},
    }

    let mut state_of_run = RunState::new(plan, options.limits, events);
    let mut calls = FuturesUnordered::new();
    loop {
        if cancel.is_cancelled() && !state_of_run.is_cancelled() {
            must_finish.replace(state_of_run.cancel());
        }
        while let Some(step) = state_of_run.start_next() {
            calls.push(caller.call(step));
        }
        if calls.is_empty() {
            let outcome = state_of_run.outcome(begun.elapsed());
            remove_unused_successors(plan, engine, &outcome).await;
            return outcome;
        }
        tokio::select! { biased;
            () = cancel.cancelled(), if !state_of_run.is_cancelled() => {}
            Some((step, end, took)) = calls.next() => state_of_run.note(step, end, took),
            never = &mut watching => match never {},
        }
    }
}
