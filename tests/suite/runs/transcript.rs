//! The events of a scenario, as data and as text.

use std::fmt::Write;
use std::time::Duration;

use tokio::sync::mpsc::unbounded_channel;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use topo::engine::Progress;
use topo::run::{End, Event, Outcome, refresh_running, run};

use super::scenario::Scenario;
use crate::memory_engine::MemoryEngine;

/// The results of a run.
pub(crate) struct Recording {
    pub(crate) events: Vec<(Duration, Event)>,
    pub(crate) outcome: Outcome,
    most_calls: usize,
    subscriptions: usize,
}

/// Runs a scenario in simulated time, which passes only when nothing else can happen.
pub(crate) fn record(scenario: &Scenario) -> Recording {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime can be built");
    runtime.block_on(async {
        let begun = Instant::now();
        let engine = MemoryEngine::new(scenario.script.clone());
        let cancel = CancellationToken::new();
        let (sender, mut receiver) = unbounded_channel();
        let running = async {
            let mut outcome = run(&scenario.plan, &engine, &scenario.options, &cancel, &sender).await;
            if !outcome.is_success() {
                refresh_running(&engine, &mut outcome).await;
            }
            drop(sender);
            outcome
        };
        let listening = async {
            let mut events = Vec::new();
            while let Some(event) = receiver.recv().await {
                events.push((begun.elapsed(), event));
            }
            events
        };
        let cancelling = async {
            if let Some(at) = scenario.cancel_at {
                sleep(at).await;
                cancel.cancel();
            }
        };
        let (outcome, events, ()) = tokio::join!(running, listening, cancelling);
        let (most_calls, subscriptions) = (engine.most_calls(), engine.subscriptions());
        Recording { events, outcome, most_calls, subscriptions }
    })
}

/// The transcript: one event per line with its time in seconds, then the outcome.
pub(crate) fn text(scenario: &Scenario, recording: &Recording) -> String {
    let mut text = String::new();
    for (at, event) in &recording.events {
        writeln!(text, "{:7.3}  {}", at.as_secs_f64(), event_words(scenario, event))
            .expect("a String takes all");
    }
    let Recording { outcome, most_calls, subscriptions, events: _ } = recording;
    let running: Vec<_> = outcome.running.iter().map(|name| name.as_str()).collect();
    write!(
        text,
        "\n{:?}\nsuccess: {}\ncancelled: {}\ntook: {:?}\nrunning: {}\nmost calls at once: {most_calls}\nsubscriptions: {subscriptions}\n",
        outcome.counts(),
        outcome.is_success(),
        outcome.is_cancelled,
        outcome.took,
        running.join(" "),
    )
    .expect("a String takes all");
    text
}

fn event_words(scenario: &Scenario, event: &Event) -> String {
    match event {
        Event::StepStarted { step } => format!("{}: started", scenario.name(*step)),
        Event::StepProgress { step, progress } => {
            format!("{}: {}", scenario.name(*step), progress_words(progress))
        }
        Event::StepEnded { step, end, took } => {
            let took = if took.is_zero() { String::new() } else { format!(" after {took:?}") };
            format!("{}: {}", scenario.name(*step), end_words(scenario, end, &took))
        }
        Event::Cancelling => "cancelling".to_owned(),
    }
}

fn progress_words(progress: &Progress) -> String {
    match progress {
        Progress::Bytes { part, done, total } => format!("{part} {done} of {total:?} bytes"),
        Progress::PartDone { part } => format!("{part} is done"),
        Progress::Now(what) => what.clone(),
        Progress::Step { name, state } => format!("{name} {state:?}"),
        Progress::Output(line) => format!("| {line}"),
        Progress::Warning(words) => format!("warning: {words}"),
    }
}

fn end_words(scenario: &Scenario, end: &End, took: &str) -> String {
    match end {
        End::Done => format!("done{took}"),
        End::NotNeeded => "not needed".to_owned(),
        End::Failed(failure) => {
            let lines: Vec<_> =
                failure.log_tail.iter().map(|line| format!("\n           | {line}")).collect();
            format!("failed{took}: {:?}{}", failure.cause, lines.concat())
        }
        End::Skipped { because_of } => format!("skipped because of {}", scenario.name(*because_of)),
        End::Cancelled => format!("cancelled{took}"),
    }
}
