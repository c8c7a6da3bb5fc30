//! Successors that a run has created, and whether they are kept.

use std::time::Duration;

use tokio::sync::mpsc::unbounded_channel;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use topo::engine::{EngineError, Observe};
use topo::run::run;

use super::scenario::Scenario;
use crate::memory_engine::MemoryEngine;

/// The successor of web waits for `db`.
const REPLACEMENT: &str = "
container web runs-already
container db healthcheck
step db: create db
step start-db: start db after db
step db-healthy: wait db healthy after start-db
step create: create tmp_web
step stop: stop web after create, db-healthy
step remove: remove web because replaced after create, stop
step rename: rename tmp_web web after remove
step start: start web after rename restores stop
";

#[test]
fn a_successor_is_removed_if_its_predecessor_stays() {
    for difference in
        ["container db healthcheck unhealthy@100ms", "container db refuses-start:no", "cancel 100ms"]
    {
        let scenario = format!("{REPLACEMENT}{difference}\n");
        assert!(!is_left("tmp_web", &scenario), "{difference}");
        assert!(is_left("web", &scenario), "{difference}");
    }
}

#[test]
fn a_successor_is_kept_if_its_predecessor_is_gone() {
    let healthy = format!("{REPLACEMENT}container db healthcheck healthy@100ms\n");
    assert!(is_left("web", &healthy) && !is_left("tmp_web", &healthy));
    let refused = "container bad refuses-start:no\nstep bad: start bad\nstep rename:";
    let not_renamed =
        healthy.replace("step rename:", refused).replace("after remove\n", "after remove, bad\n");
    assert!(is_left("tmp_web", &not_renamed) && !is_left("web", &not_renamed));
}

/// Whether a container exists after a scenario.
fn is_left(container: &str, scenario: &str) -> bool {
    let scenario = Scenario::parse(scenario);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime can be built");
    runtime.block_on(async {
        let engine = MemoryEngine::new(scenario.script.clone());
        let cancel = CancellationToken::new();
        let (sender, _receiver) = unbounded_channel();
        let cancelling = async {
            if let Some(at) = scenario.cancel_at {
                sleep(at).await;
                cancel.cancel();
            }
        };
        tokio::join!(run(&scenario.plan, &engine, &scenario.options, &cancel, &sender), cancelling);
        sleep(Duration::from_secs(1)).await;
        match engine.inspect(&container.into()).await {
            Ok(_) => true,
            Err(EngineError::Refused { status: 404, .. }) => false,
            Err(error) => panic!("{error}"),
        }
    })
}
