//! In: a container and a condition. Out: success, or why the condition can never hold. Must not:
//! rely on events alone: it inspects the container at the beginning, after events, and
//! periodically.

use std::time::Duration;

use futures_util::future::pending;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::event::Cause;
use super::readiness::{History, PATIENCE, Readiness, gone, readiness};
use super::subscription::PAUSES;
use super::watch::{Listeners, Signal};
use crate::engine::{Engine, EngineError, Observe, Progress};
use crate::plan::Condition;
use crate::plan::observed::{ContainerState, Status};
use crate::topology::name::ContainerName;

/// Waits until a container satisfies a condition. `tell` is called with observations.
pub(super) async fn wait<E: Engine>(
    engine: &E,
    listeners: &Listeners,
    container: &ContainerName,
    until: Condition,
    tell: impl Fn(Progress),
) -> Result<(), Cause> {
    let begun = Instant::now();
    // Subscribing comes before inspecting, so that nothing is missed in between.
    let mut signals = listeners.listen(container);
    let mut history = History::default();
    let mut stable = StableSince::default();
    let mut last_seen = LastSeen::default();
    let mut was_told = true;
    loop {
        let state = look(engine, container).await?;
        history.count_restarts(state.as_ref().map_or(0, |state| state.restarts));
        let readiness = match &state {
            Some(state) => readiness(until, state, history)?,
            None => gone(until, history)?,
        };
        let exit_code = last_seen.of(state.as_ref(), &tell);
        let (stable_at, then) = match readiness {
            Readiness::Ready if was_told => return Ok(()),
            Readiness::Ready => {
                listeners.missed();
                return Ok(());
            }
            Readiness::Pending => (None, Ok(())),
            Readiness::ReadyIfStable => (Some(stable.until(history)), Ok(())),
            Readiness::NoHealthcheckIfStable => (Some(stable.until(history)), Err(Cause::NoHealthcheck)),
            Readiness::FailedIfUnchanged => (Some(begun + PATIENCE), Err(Cause::exited(until, exit_code))),
        };
        tokio::select! { biased;
            is_enough = signal_decides(&mut signals, until, &mut history) => {
                was_told = true;
                if is_enough { return Ok(()) }
            }
            () = at(stable_at) => return then,
            () = sleep_until(listeners.next_look()) => was_told = false,
        }
    }
}

/// What was last reported about a container that is waited for.
#[derive(Default)]
struct LastSeen {
    exit_code: Option<i64>,
}

impl LastSeen {
    /// Reports that a container exited and will run again, once for consecutive equal exit codes.
    /// Returns its exit code.
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

/// Since when a container has run without an exit.
#[derive(Default)]
struct StableSince {
    /// When it was first seen running, and how often it had exited then.
    since: Option<(Instant, u32)>,
}

impl StableSince {
    /// Until when a running container has to keep running.
    fn until(&mut self, history: History) -> Instant {
        let same_life = self.since.filter(|(_, exits)| *exits == history.exits);
        let (since, _) = *self.since.insert(same_life.unwrap_or_else(|| (Instant::now(), history.exits)));
        since + history.long_enough()
    }
}

/// Waits for the next signal that requires an inspection; true if a signal alone decides that the
/// wait is over.
async fn signal_decides(
    signals: &mut UnboundedReceiver<Signal>,
    until: Condition,
    history: &mut History,
) -> bool {
    loop {
        match signals.recv().await {
            Some(Signal::Healthy) if until == Condition::Completed => {}
            Some(Signal::Healthy) => return true,
            Some(Signal::Died { exit_code }) => {
                history.record_exit(exit_code);
                return false;
            }
            Some(Signal::LookAgain) => return false,
            None => pending().await,
        }
    }
}

/// How long the engine may take to respond with a container's state.
const ANSWER: Duration = Duration::from_secs(10);

/// The container's state; `None` if it no longer exists. An unreachable engine is asked again for
/// about six seconds, a silent one for a minute and a half.
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
