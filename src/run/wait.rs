//! In: a container and a condition. Out: the condition holds, or why it never will.
//! Must not: trust that everything is heard: it looks when it begins, when something happened, and now and
//! then although nothing did.

use std::time::Duration;

use futures_util::future::pending;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::event::Cause;
use super::subscription::PAUSES;
use super::verdict::{PATIENCE, Past, Verdict, gone, verdict};
use super::watch::{Listeners, Signal};
use crate::engine::{Engine, EngineError, Observe, Progress};
use crate::plan::Condition;
use crate::plan::observed::{ContainerState, Status};
use crate::topology::name::ContainerName;

/// Waits until a container is in a condition. `tell` is told what is seen of it meanwhile.
pub(super) async fn wait<E: Engine>(
    engine: &E,
    listeners: &Listeners,
    container: &ContainerName,
    until: Condition,
    tell: impl Fn(Progress),
) -> Result<(), Cause> {
    let begun = Instant::now();
    // Listening comes before looking, so that nothing happens unheard in between.
    let mut signals = listeners.listen(container);
    let mut past = Past::default();
    let mut lasting = Lasting::default();
    let mut sight = Sight::default();
    let mut was_told = true;
    loop {
        let state = look(engine, container).await?;
        past.counted(state.as_ref().map_or(0, |state| state.restarts));
        let verdict = match &state {
            Some(state) => verdict(until, state, past)?,
            None => gone(until, past)?,
        };
        let exit_code = sight.of(state.as_ref(), &tell);
        let (lasted, then) = match verdict {
            Verdict::Met if was_told => return Ok(()),
            Verdict::Met => {
                listeners.missed();
                return Ok(());
            }
            Verdict::Open => (None, Ok(())),
            Verdict::MetIfItLasts => (Some(lasting.until(past)), Ok(())),
            Verdict::NeverHealthyIfItLasts => (Some(lasting.until(past)), Err(Cause::NoHealthcheck)),
            Verdict::LostIfItLasts => (Some(begun + PATIENCE), Err(Cause::exited(until, exit_code))),
        };
        tokio::select! { biased;
            is_enough = heard_enough(&mut signals, until, &mut past) => {
                was_told = true;
                if is_enough { return Ok(()) }
            }
            () = at(lasted) => return then,
            () = sleep_until(listeners.next_look()) => was_told = false,
        }
    }
}

/// What was told of a container that is waited for.
#[derive(Default)]
struct Sight {
    exit_code: Option<i64>,
}

impl Sight {
    /// Tells that a container ended and will run again, once for each exit code in a row. Returns its exit
    /// code.
    fn of(&mut self, state: Option<&ContainerState>, tell: impl Fn(Progress)) -> i64 {
        let Some(state) = state else { return 0 };
        let is_news = state.status == Status::Restarting && self.exit_code != Some(state.exit_code);
        if is_news {
            self.exit_code = Some(state.exit_code);
            tell(Progress::Now(format!("exited with code {}, restarting", state.exit_code)));
        }
        state.exit_code
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}

/// Since when a container has run without an end.
#[derive(Default)]
struct Lasting {
    /// When it was first seen to run, and how often it had ended then.
    since: Option<(Instant, u32)>,
}

impl Lasting {
    /// Until when a container that runs has to go on.
    fn until(&mut self, past: Past) -> Instant {
        let same_life = self.since.filter(|(_, deaths)| *deaths == past.deaths);
        let (since, _) = *self.since.insert(same_life.unwrap_or_else(|| (Instant::now(), past.deaths)));
        since + past.long_enough()
    }
}

/// Waits for the next signal that calls for a look; true when a signal alone says that the wait is over.
async fn heard_enough(signals: &mut UnboundedReceiver<Signal>, until: Condition, past: &mut Past) -> bool {
    loop {
        match signals.recv().await {
            Some(Signal::Healthy) if until == Condition::Completed => {}
            Some(Signal::Healthy) => return true,
            Some(Signal::Died { exit_code }) => {
                past.died(exit_code);
                return false;
            }
            Some(Signal::LookAgain) => return false,
            None => pending().await,
        }
    }
}

/// How long the engine may take to answer what state a container is in.
const ANSWER: Duration = Duration::from_secs(10);

/// The container's state; nothing when it is gone. An engine that cannot be reached is asked again for
/// about six seconds, one that says nothing for a minute and a half.
pub(super) async fn look<E: Observe>(
    engine: &E,
    container: &ContainerName,
) -> Result<Option<ContainerState>, EngineError> {
    let mut pauses = PAUSES.iter();
    loop {
        let error = match timeout(ANSWER, engine.inspect(container)).await {
            Ok(Ok(state)) => return Ok(Some(state)),
            Ok(Err(EngineError::Refused { status: 404, .. })) => return Ok(None),
            Ok(Err(error @ (EngineError::Unreachable { .. } | EngineError::Disconnected(_)))) => error,
            Ok(Err(error)) => return Err(error),
            Err(_) => EngineError::Disconnected(format!("no answer within {} seconds", ANSWER.as_secs())),
        };
        // A restart of the engine is not the container's fault.
        let Some(pause) = pauses.next() else { return Err(error) };
        sleep(*pause).await;
    }
}
