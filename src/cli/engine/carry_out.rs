//! In: a plan, and those who read the events of its run. Out: the plan carried out, and reported to its end.
//! Must not: decide who reads what.

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::plan::Plan;
use crate::report::Report;
use crate::run::{Event, LastLook, Outcome, RunOptions, refresh_running, run};

/// What follows when the engine is not as a plan left it.
pub(crate) struct Another {
    /// What was seen of it.
    pub(crate) seen: LastLook,
    /// What is to be done about it.
    pub(crate) plan: Plan,
}

/// Runs a plan and reports it to the end. `is_reported` reads every event first, and says whether the report
/// reads it too. `drain_logs` is what is to be over before the end is reported: the output of containers that
/// explains it. `look` says whether that is the end at all.
pub(crate) async fn carry_out<E: Engine>(
    plan: &Plan,
    engine: &E,
    (options, cancel): (&RunOptions, &CancellationToken),
    report: &mut dyn Report,
    is_reported: impl Fn(&Event) -> bool,
    drain_logs: impl AsyncFnOnce(&Outcome),
    look: impl AsyncFnOnce(&mut Outcome) -> Option<Another>,
) -> (Outcome, Option<Another>) {
    let (sender, events) = unbounded_channel();
    let running = async {
        let outcome = run(plan, engine, options, cancel, &sender).await;
        drop(sender);
        outcome
    };
    let (mut outcome, ()) = tokio::join!(running, read(plan, events, report, is_reported));
    drain_logs(&outcome).await;
    if let Some(another) = look(&mut outcome).await {
        report.go_on(plan, &another.seen);
        return (outcome, Some(another));
    }
    if !outcome.is_success() {
        refresh_running(engine, &mut outcome).await;
    }
    report.finish(plan, &outcome);
    (outcome, None)
}

/// Gives events to their readers until no more can come.
async fn read(
    plan: &Plan,
    mut events: UnboundedReceiver<Event>,
    report: &mut dyn Report,
    is_reported: impl Fn(&Event) -> bool,
) {
    let mut ticks = report.tick_every().map(interval);
    if let Some(ticks) = &mut ticks {
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    }
    let mut tick = async || match &mut ticks {
        Some(ticks) => _ = ticks.tick().await,
        None => std::future::pending().await,
    };
    loop {
        tokio::select! { biased;
            event = events.recv() => match event {
                Some(event) if is_reported(&event) => report.event(plan, &event),
                Some(_) => {}
                None => return,
            },
            () = tick() => report.tick(plan),
        }
    }
}
