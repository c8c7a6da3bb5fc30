//! In: the outcome of a run. Out: the same, with only those containers that are still running. Must
//! not: delay the end of a run for an engine that does not respond.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::timeout;

use super::outcome::Outcome;
use crate::engine::{EngineError, Observe};
use crate::topology::name::ContainerName;

/// How many containers are inspected at once.
const AT_ONCE: usize = 8;

/// How long the engine may take to respond for each.
const PATIENCE: Duration = Duration::from_secs(2);

/// Inspects the containers that a run believes to be running: some may have exited since. Those
/// that cannot be inspected are left as they are.
pub async fn refresh_running<E: Observe>(engine: &E, outcome: &mut Outcome) {
    let looks = stream::iter(&outcome.running).map(|container| end_of(engine, container));
    let ended: Vec<Option<(ContainerName, Option<i64>)>> = looks.buffer_unordered(AT_ONCE).collect().await;
    for (container, exit_code) in ended.into_iter().flatten() {
        outcome.running.remove(&container);
        outcome.ended.extend(exit_code.map(|exit_code| (container, exit_code)));
    }
}

/// The container if it is no longer running, with its exit code if it exists.
async fn end_of<E: Observe>(engine: &E, container: &ContainerName) -> Option<(ContainerName, Option<i64>)> {
    let exit_code = match timeout(PATIENCE, engine.inspect(container)).await {
        Ok(Ok(state)) if state.is_running() => return None,
        Ok(Ok(state)) => Some(state.exit_code),
        Ok(Err(EngineError::Refused { status: 404, .. })) => None,
        Ok(Err(_)) | Err(_) => return None,
    };
    Some((container.clone(), exit_code))
}
