//! Which containers ended, as reported to a run in the foreground and to `wait`.

use std::time::Duration;

use tokio::sync::mpsc::unbounded_channel;
use tokio::time::{Instant, sleep, timeout};
use topo::engine::{Change, EngineError, What};
use topo::run::{ContainerEnd, Ends, Heard};

use crate::memory_engine::MemoryEngine;
use crate::runs::scenario::Scenario;

#[test]
fn an_engine_that_does_not_answer_for_a_moment_is_retried() {
    let end = ContainerEnd { container: "shop-job-1".into(), exit_code: 3, is_restarted: false };
    assert_eq!(first_end(2), Ok(Some(end)));
}

#[test]
fn an_engine_that_stays_silent_is_an_error() {
    assert!(matches!(first_end(1000), Err(EngineError::Disconnected(_))));
}

#[test]
fn exits_without_events_are_noticed() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime can be built");
    let containers =
        "container shop-a-1 runs-already exits@3500ms:3\ncontainer shop-b-1 runs-already exits@28500ms:0";
    for (first, seen_at) in [(Some(Heard::Holds), [5, 30]), (Some(Heard::Broke), [4, 29]), (None, [4, 29])] {
        let ends = runtime.block_on(async {
            let engine = MemoryEngine::new(Scenario::parse(containers).script);
            let (begun, (sender, heard)) = (Instant::now(), unbounded_channel());
            first.iter().for_each(|first| sender.send(first.clone()).expect("somebody listens"));
            let mut ends = Ends::new(&engine, heard, ["shop-a-1".into(), "shop-b-1".into()]);
            let mut seen = Vec::new();
            while let Some(end) = ends.next().await.expect("the engine answers") {
                seen.push((end.container.to_string(), end.exit_code, begun.elapsed().as_secs()));
            }
            seen
        });
        let seen = [("shop-a-1".to_owned(), 3, seen_at[0]), ("shop-b-1".to_owned(), 0, seen_at[1])];
        assert_eq!(ends, seen, "{first:?}");
    }
}

#[test]
fn exits_before_a_restart_are_reported_if_requested() {
    let died = |exit_code| What::Died { exit_code };
    let kill = || What::Signalled { signal: Some(15) };
    let runs = "container shop-a-1 runs-already";
    for (containers, changes, told) in [
        (runs, vec![died(3), What::Started, died(4), What::Started], vec![(3, true), (4, true)]),
        // A user restarts it.
        (runs, vec![kill(), died(143), What::Started, died(3), What::Started], vec![(3, true)]),
        // Exits of the container that had the name before.
        (runs, vec![died(3), What::Removed, What::Renamed, What::Started], vec![]),
        (runs, vec![died(3), What::Removed, What::Created, What::Started], vec![]),
        (
            "container shop-a-1 runs-already exits:5",
            vec![died(3), What::Started, died(5)],
            vec![(3, true), (5, false)],
        ),
        ("", vec![died(3), What::Started, kill(), died(137), What::Removed], vec![(3, true), (137, false)]),
    ] {
        assert_eq!(ends_of(containers, &changes, |ends| ends.with_restarts()), told, "{changes:?}");
        let for_good: Vec<_> = told.into_iter().filter(|(_, is_restarted)| !is_restarted).collect();
        assert_eq!(ends_of(containers, &changes, |ends| ends), for_good, "{changes:?}");
    }
}

/// The exit codes reported in the first seconds, and whether the container is restarted after each.
fn ends_of(
    containers: &str,
    changes: &[What],
    which: impl FnOnce(Ends<'_, MemoryEngine>) -> Ends<'_, MemoryEngine>,
) -> Vec<(i64, bool)> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime can be built");
    runtime.block_on(async {
        let engine = MemoryEngine::new(Scenario::parse(containers).script);
        let (sender, heard) = unbounded_channel();
        for (at, what) in (0..).zip(changes) {
            let change = Change { container: "shop-a-1".into(), what: what.clone(), at };
            sender.send(Heard::Changed(change)).expect("somebody listens");
        }
        let mut ends = which(Ends::new(&engine, heard, ["shop-a-1".into()]));
        let mut told = Vec::new();
        while let Ok(end) = timeout(Duration::from_secs(3), ends.next()).await {
            let Some(end) = end.expect("the engine answers") else { break };
            told.push((end.exit_code, end.is_restarted));
        }
        told
    })
}

/// The first exit of a job, from an engine that does not answer the first requests.
fn first_end(unanswered: usize) -> Result<Option<ContainerEnd>, EngineError> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime can be built");
    runtime.block_on(async {
        let mut script = Scenario::parse("container shop-job-1 runs-already exits@10ms:3").script;
        script.unanswered_questions = unanswered;
        let engine = MemoryEngine::new(script);
        sleep(Duration::from_millis(20)).await;
        let (sender, heard) = unbounded_channel();
        sender.send(Heard::Holds).expect("somebody listens");
        Ends::new(&engine, heard, ["shop-job-1".into()]).next().await
    })
}
