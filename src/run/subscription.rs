//! In: an engine's events. Out: the same, over breaks of the stream.
//! Must not: know what they are for.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, sleep};

use crate::engine::{Change, Engine, EngineError};
use crate::topology::name::ProjectName;

/// The pauses before an engine that does not answer is asked again; after the last it is given up.
pub const PAUSES: [Duration; 7] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1600),
    Duration::from_millis(3200),
];

/// A stream that held this long was no failed attempt.
const HELD: Duration = Duration::from_secs(10);

/// What is heard of an engine.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// The subscription holds from now on. What happened before it, or between two, was not heard.
    Holds,
    /// Something happened to a container.
    Changed(Change),
    /// The stream broke, or could not be had; it is tried again.
    Broke,
}

/// Tells `hear` of what happens to a project's containers. Subscribes again when the stream ends or
/// breaks. Returns when the engine did not answer for about six seconds, with the last error.
pub async fn subscription<E: Engine>(
    engine: &E,
    project: &ProjectName,
    mut hear: impl FnMut(Heard),
) -> EngineError {
    let mut pauses = PAUSES.iter();
    loop {
        let begun = Instant::now();
        let error = hear_one(engine, project, &mut hear).await;
        hear(Heard::Broke);
        if begun.elapsed() >= HELD {
            pauses = PAUSES.iter();
        }
        let Some(pause) = pauses.next() else { return error };
        sleep(*pause).await;
    }
}

/// Reads one stream to its end, and returns why it ended.
async fn hear_one<E: Engine>(engine: &E, project: &ProjectName, hear: &mut impl FnMut(Heard)) -> EngineError {
    let mut changes = match engine.subscribe(project).await {
        Ok(changes) => changes,
        Err(error) => return error,
    };
    hear(Heard::Holds);
    while let Some(change) = changes.next().await {
        match change {
            Ok(change) => hear(Heard::Changed(change)),
            Err(error) => return error,
        }
    }
    EngineError::Disconnected("it ended its stream of events".to_owned())
}
