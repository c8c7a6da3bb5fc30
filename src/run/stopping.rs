//! In: stops that somebody asked the engine for before this run: another run that was killed, another program.
//! Out: which of them still go on, and their end.
//! Must not: stop anything itself.
//!
//! An engine goes on with a stop although whoever asked for it is gone: it signals the process, waits for the grace
//! period and kills it. Meanwhile the container is said to run, as if it were to go on.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::wait::look;
use crate::engine::{Change, EngineError, Observe, What};
use crate::plan::observed::DEFAULT_GRACE;
use crate::topology::name::ContainerName;

/// A stop whose end nobody has seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PendingStop {
    /// The container.
    pub container: ContainerName,
    /// When it was asked for, in seconds since 1970.
    pub at: f64,
    /// How long the process may take, in seconds; what the container says when absent.
    pub grace: Option<f64>,
}

/// A stop that goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct Stopping {
    stop: PendingStop,
    /// When it is over at the latest, in seconds since 1970.
    until: f64,
}

impl Stopping {
    /// The container that is being stopped.
    pub fn container(&self) -> &ContainerName {
        &self.stop.container
    }
}

/// How much longer than the grace period a stop may take.
const MARGIN: f64 = 3.0;

/// How often a container is looked at that is being stopped.
const PERIOD: Duration = Duration::from_millis(50);

/// Now, in seconds since 1970.
pub fn now() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

/// The stops that were asked for and of whose end nothing was heard.
pub fn unfinished(changes: &[Change]) -> BTreeMap<ContainerName, PendingStop> {
    let mut stops = BTreeMap::new();
    for Change { container, what, at } in changes {
        match what {
            What::Signalled { signal } if ends_processes(*signal) => {
                let stop = PendingStop { container: container.clone(), at: *at as f64 / 1e9, grace: None };
                stops.insert(container.clone(), stop);
            }
            What::Died { .. } | What::Created | What::Started | What::Renamed | What::Removed => {
                stops.remove(container);
            }
            What::Signalled { .. }
            | What::Paused
            | What::Health(_)
            | What::HealthChecked
            | What::Other(_) => {}
        }
    }
    stops
}

/// Whether the last that is told of a container is its end, and somebody asked for that.
pub fn was_asked_to_end(changes: &[Change], container: &ContainerName) -> bool {
    let mut is_asked = false;
    let mut was_asked = false;
    for change in changes.iter().filter(|change| change.container == *container) {
        match change.what {
            What::Signalled { signal } => is_asked |= ends_processes(signal),
            What::Died { .. } => was_asked = std::mem::take(&mut is_asked),
            What::Created | What::Started => (is_asked, was_asked) = (false, false),
            What::Renamed
            | What::Removed
            | What::Paused
            | What::Health(_)
            | What::HealthChecked
            | What::Other(_) => {}
        }
    }
    was_asked
}

/// Whether a signal is one that engines stop containers with: SIGINT, SIGQUIT, SIGKILL, SIGTERM, and SIGRTMIN+3 of
/// systemd. Others mostly ask for something else.
fn ends_processes(signal: Option<i64>) -> bool {
    matches!(signal, Some(2 | 3 | 9 | 15 | 37))
}

/// Those of the stops that go on: their containers run, were not started since, and have time left to stop.
pub async fn going_on<E: Observe>(
    engine: &E,
    stops: impl IntoIterator<Item = PendingStop>,
) -> Result<Vec<Stopping>, EngineError> {
    let looks = join_all(stops.into_iter().map(async |stop| {
        if !runs_since_before(engine, &stop).await? {
            return Ok(None);
        }
        let grace = match stop.grace {
            Some(grace) => grace,
            None => engine.grace(&stop.container).await.unwrap_or(DEFAULT_GRACE).as_secs_f64(),
        };
        let until = stop.at + grace + MARGIN;
        Ok((now() < until).then_some(Stopping { stop, until }))
    }));
    let looks: Result<Vec<Option<Stopping>>, EngineError> = looks.await.into_iter().collect();
    Ok(looks?.into_iter().flatten().collect())
}

/// Waits for the ends of stops, each for as long as it may take. The containers are returned that run on: the engine
/// was not asked, or forgot it.
pub async fn settle<E: Observe>(
    engine: &E,
    stopping: &[Stopping],
) -> Result<Vec<ContainerName>, EngineError> {
    let settled = join_all(stopping.iter().map(async |Stopping { stop, until }| {
        while runs_since_before(engine, stop).await? {
            if now() > *until {
                return Ok(Some(stop.container.clone()));
            }
            sleep(PERIOD).await;
        }
        Ok(None)
    }));
    let settled: Result<Vec<Option<ContainerName>>, EngineError> = settled.await.into_iter().collect();
    Ok(settled?.into_iter().flatten().collect())
}

/// Whether a container runs, and was not started since it was to stop.
async fn runs_since_before<E: Observe>(engine: &E, stop: &PendingStop) -> Result<bool, EngineError> {
    let Some(state) = look(engine, &stop.container).await? else { return Ok(false) };
    let is_newer = state.started.is_some_and(|started| started as f64 / 1e9 > stop.at);
    Ok(state.is_running() && !is_newer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(container: &str, what: What) -> Change {
        Change { container: container.into(), what, at: 2_000_000_000 }
    }

    fn signal(number: i64) -> What {
        What::Signalled { signal: Some(number) }
    }

    #[test]
    fn a_stop_goes_on_until_its_container_died() {
        let asked = change("web", signal(15));
        let names = |changes: &[Change]| unfinished(changes).into_keys().collect::<Vec<_>>();
        let web = ContainerName::from("web");
        assert_eq!(names(std::slice::from_ref(&asked)), std::slice::from_ref(&web));
        assert_eq!(unfinished(std::slice::from_ref(&asked))[&web].at, 2.0);
        for end in [What::Died { exit_code: 0 }, What::Started, What::Removed, What::Renamed] {
            assert!(names(&[asked.clone(), change("web", end)]).is_empty());
        }
        assert_eq!(names(&[asked.clone(), change("db", What::Died { exit_code: 0 })]), [web]);
        // One that is told to read its settings again goes on.
        assert!(names(&[change("web", signal(1)), change("web", signal(10))]).is_empty());
    }

    #[test]
    fn who_ends_alone_was_not_asked_to() {
        let web = ContainerName::from("web");
        let died = || change("web", What::Died { exit_code: 137 });
        let asked = |changes: &[Change]| was_asked_to_end(changes, &web);
        assert!(asked(&[change("web", signal(15)), change("web", signal(9)), died()]));
        assert!(!asked(&[died()]));
        assert!(!asked(&[change("web", signal(15)), died(), change("web", What::Started), died()]));
        assert!(!asked(&[change("web", signal(15)), died(), change("web", What::Started)]));
        assert!(!asked(&[change("db", signal(15)), died()]));
        assert!(!asked(&[change("web", signal(15))]));
    }
}
