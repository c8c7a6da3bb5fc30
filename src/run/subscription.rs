//! In: an engine's events. Out: the same, across breaks of the stream. Must not: know what they are
//! for.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, sleep, timeout};

use crate::engine::{Change, EngineError, Events};
use crate::topology::name::ProjectName;

/// The delays before an unreachable engine is asked again; after the last one it is given up.
pub const PAUSES: [Duration; 7] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1600),
    Duration::from_millis(3200),
];

/// The delay after which an engine that refuses subscriptions is asked again, each time.
const LAST_PAUSE: Duration = Duration::from_secs(10);

/// A stream that lasted this long was not a failed attempt.
const HELD: Duration = Duration::from_secs(10);

/// How long the engine may take to respond to a subscription; ssh itself may need a while.
const ANSWER: Duration = Duration::from_secs(35);

/// After how long without events a stream is replaced: one that was cut off somewhere looks like
/// one without events.
const SILENCE: Duration = Duration::from_secs(30);

/// A message of the subscription.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// The subscription holds from now on. Events before it, or between two, were missed.
    Holds,
    /// An event of a container.
    Changed(Change),
    /// The stream broke, or could not be opened; it is retried.
    Broke,
}

/// Calls `hear` with the events of a project's containers. Subscribes again when the stream ends,
/// breaks or is silent for long. An engine that refuses, or does not respond, is asked again
/// indefinitely: listeners poll meanwhile. Returns when the engine was unreachable for about six
/// seconds, with the last error.
pub async fn subscription<E: Events>(
    engine: &E,
    project: &ProjectName,
    mut hear: impl FnMut(Heard),
) -> EngineError {
    let mut pauses = PAUSES.iter();
    loop {
        let begun = Instant::now();
        let over = hear_one(engine, project, &mut hear).await;
        hear(Heard::Broke);
        if begun.elapsed() >= HELD {
            pauses = PAUSES.iter();
        }
        match (pauses.next(), over) {
            (Some(pause), _) => sleep(*pause).await,
            (None, Over::Unreachable(error)) => return error,
            (None, Over::Deaf) => sleep(LAST_PAUSE).await,
        }
    }
}

/// Why a stream ended.
enum Over {
    /// The engine is unreachable.
    Unreachable(EngineError),
    /// The engine responds, but does not deliver events, or not for long.
    Deaf,
}

/// Reads streams until one breaks.
async fn hear_one<E: Events>(engine: &E, project: &ProjectName, hear: &mut impl FnMut(Heard)) -> Over {
    let mut changes = None;
    loop {
        // The previous stream is no longer read, but kept until the new one holds.
        let asked = timeout(ANSWER, engine.subscribe(project)).await;
        let stream = match asked {
            Ok(Ok(stream)) => changes.insert(stream),
            Ok(Err(error @ (EngineError::Unreachable { .. } | EngineError::Disconnected(_)))) => {
                return Over::Unreachable(error);
            }
            Ok(Err(_)) | Err(_) => return Over::Deaf,
        };
        hear(Heard::Holds);
        while let Ok(change) = timeout(SILENCE, stream.next()).await {
            match change {
                Some(Ok(change)) => hear(Heard::Changed(change)),
                Some(Err(_)) | None => return Over::Deaf,
            }
        }
    }
}
