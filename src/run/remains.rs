//! In: what came of a run. Out: the same, with those containers alone that run still.
//! Must not: hold up the end of a run for an engine that does not answer.

use futures_util::{StreamExt, stream};

use super::outcome::Outcome;
use crate::engine::{Engine, EngineError};
use crate::topology::name::ContainerName;

/// How many containers are looked at, at once.
const AT_ONCE: usize = 8;

/// Looks once more at the containers that a run knows to run: some may have ended since. What cannot be
/// looked at is believed to be as it was.
pub async fn look_once_more<E: Engine>(engine: &E, outcome: &mut Outcome) {
    let looks = stream::iter(&outcome.running).map(|container| has_ended(engine, container));
    let ended: Vec<Option<ContainerName>> = looks.buffer_unordered(AT_ONCE).collect().await;
    for container in ended.into_iter().flatten() {
        outcome.running.remove(&container);
    }
}

/// The container, when it runs no more.
async fn has_ended<E: Engine>(engine: &E, container: &ContainerName) -> Option<ContainerName> {
    let has_ended = match engine.inspect(container).await {
        Ok(state) => !state.is_running(),
        Err(EngineError::Refused { status: 404, .. }) => true,
        Err(_) => false,
    };
    has_ended.then(|| container.clone())
}
