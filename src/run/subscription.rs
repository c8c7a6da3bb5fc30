//! In: an engine's events. Out: the same, over breaks of the stream.
//! Must not: know what they are for.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, sleep, timeout};

use crate::engine::{Change, EngineError, Events};
use crate::topology::name::ProjectName;

/// The pauses before an engine that cannot be reached is asked again; after the last it is given up.
pub const PAUSES: [Duration; 7] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1600),
    Duration::from_millis(3200),
];

/// The pause after which an engine that lets nobody listen is asked once more, each time.
const LAST_PAUSE: Duration = Duration::from_secs(10);

/// What went on for so long was no failed attempt.
const HELD: Duration = Duration::from_secs(10);

/// How long the engine may take to answer a subscription; ssh alone may need a while.
const ANSWER: Duration = Duration::from_secs(35);

/// How long a stream may say nothing until another one takes its place: one that something on the way has
/// cut off looks like one in which nothing happens.
const SILENCE: Duration = Duration::from_secs(30);

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

/// Tells `hear` of what happens to a project's containers. Subscribes again when the stream ends, breaks or
/// says nothing for long. An engine that refuses its events, or does not answer, is asked again and again:
/// whoever listens looks at the containers now and then. Returns when nobody could be reached for about six
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

/// Why nothing more is heard.
enum Over {
    /// Nobody could be asked.
    Unreachable(EngineError),
    /// The engine is there, but does not let anybody listen, or not for long.
    Deaf,
}

/// Reads streams until one breaks.
async fn hear_one<E: Events>(engine: &E, project: &ProjectName, hear: &mut impl FnMut(Heard)) -> Over {
    let mut changes = None;
    loop {
        // The stream before it is read no more, but kept until the new one holds.
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
