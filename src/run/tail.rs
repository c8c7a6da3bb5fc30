//! In: a container that failed. Out: the last output of it and of its health check. Must not: fail,
//! or delay the run for long.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::StreamExt;

use super::lines::Lines;
use crate::engine::{LogChoice, LogChunk, Logs, Observe, OutputStream};
use crate::topology::name::ContainerName;

/// How many lines are shown.
const LINES: usize = 10;

/// How long the engine may take to respond.
const PATIENCE: Duration = Duration::from_secs(2);

/// The last lines of a container's output on both streams; whatever has arrived when the time is
/// up.
pub(super) async fn log_tail<E: Observe + Logs>(engine: &E, container: &ContainerName) -> Vec<String> {
    let mut tail = Tail::default();
    let reading = read(engine, container, &mut tail);
    // An unreadable log must not hide the failure that it was to explain.
    let _ = tokio::time::timeout(PATIENCE, reading).await;
    tail.finish()
}

/// The last output of the container's health check, if any.
pub(super) async fn last_health_output<E: Observe>(engine: &E, container: &ContainerName) -> Option<String> {
    let state = tokio::time::timeout(PATIENCE, engine.inspect(container)).await.ok()?.ok()?;
    state.health_output
}

#[derive(Default)]
struct Tail {
    lines: VecDeque<String>,
    out: Lines,
    err: Lines,
}

async fn read<E: Observe + Logs>(engine: &E, container: &ContainerName, tail: &mut Tail) {
    // Output of earlier runs of the same container explains nothing, unless the engine restarted it
    // by itself.
    let since = engine.inspect(container).await.ok().and_then(|state| state.begun);
    let choice = LogChoice { tail: Some(LINES as u64), since, ..LogChoice::default() };
    let Ok(mut chunks) = engine.logs(container, &choice).await else { return };
    while let Some(Ok(chunk)) = chunks.next().await {
        tail.push(&chunk);
    }
}

impl Tail {
    fn push(&mut self, chunk: &LogChunk) {
        let lines = match chunk.stream {
            OutputStream::Out => &mut self.out,
            OutputStream::Err => &mut self.err,
        };
        lines.push(&chunk.bytes, |line| keep(&mut self.lines, line));
    }

    fn finish(mut self) -> Vec<String> {
        self.out.finish(|line| keep(&mut self.lines, line));
        self.err.finish(|line| keep(&mut self.lines, line));
        self.lines.into()
    }
}

fn keep(lines: &mut VecDeque<String>, line: &[u8]) {
    if lines.len() == LINES {
        lines.pop_front();
    }
    lines.push_back(String::from_utf8_lossy(line).into_owned());
}
