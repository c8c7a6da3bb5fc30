//! Which containers ended, as a run in the foreground and `wait` are told.

use std::time::Duration;

use tokio::sync::mpsc::unbounded_channel;
use tokio::time::sleep;
use topo::engine::EngineError;
use topo::run::{ContainerEnd, Ends, Heard};

use crate::memory_engine::MemoryEngine;
use crate::runs::scenario::Scenario;

#[test]
fn an_engine_that_does_not_answer_for_a_moment_is_asked_again() {
    let end = ContainerEnd { container: "shop-job-1".into(), exit_code: 3 };
    assert_eq!(first_end(2), Ok(Some(end)));
}

#[test]
fn an_engine_that_does_not_answer_any_more_is_an_error() {
    assert!(matches!(first_end(1000), Err(EngineError::Disconnected(_))));
}

/// The first end of a job, by an engine that does not answer the first questions.
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
