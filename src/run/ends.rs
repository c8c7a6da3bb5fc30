//! In: containers, and events of their project. Out: each exit; one followed by a restart of its
//! restart policy only on request. Must not: rely on events alone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until};

use super::subscription::Heard;
use super::wait::look;
use super::watch::{NET, NET_WHEN_DEAF};
use crate::engine::{EngineError, Observe, What};
use crate::plan::observed::Status;
use crate::topology::name::ContainerName;

/// The exit of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerEnd {
    /// The container.
    pub container: ContainerName,
    /// The exit code of its process.
    pub exit_code: i64,
    /// Whether it is restarted, as by its restart policy; otherwise it has exited for good.
    pub is_restarted: bool,
}

/// Reports exits of containers, including earlier ones.
#[derive(Debug)]
pub struct Ends<'run, E> {
    engine: &'run E,
    heard: UnboundedReceiver<Heard>,
    /// The containers that have not exited for good, and the events of each.
    open: BTreeMap<ContainerName, HeardOf>,
    ended: VecDeque<ContainerEnd>,
    /// Whether events are currently received.
    hears: bool,
    last_look: Instant,
    tells_restarts: bool,
}

/// How many containers are inspected at once.
const AT_ONCE: usize = 8;

/// The events of a container.
#[derive(Clone, Debug, Default)]
struct HeardOf {
    last_death: Option<Death>,
    /// The exits since it was last inspected.
    new_deaths: Vec<Death>,
    /// Whether it was sent a signal since it was started: a restart by a user sends one first, its
    /// restart policy does not.
    is_signalled: bool,
}

#[derive(Clone, Copy, Debug)]
struct Death {
    exit_code: i64,
    /// In nanoseconds since 1970, by the engine's clock.
    at: i64,
    is_signalled: bool,
}

/// The result of inspecting a container.
enum Seen {
    Running,
    /// Its restart policy restarts it.
    Restarting {
        exit_code: i64,
    },
    /// With its exit code, if known.
    Ended(Option<i64>),
}

impl<'run, E: Observe> Ends<'run, E> {
    /// `heard` receives from [`super::subscription`], which must be polled meanwhile. Without
    /// events, the containers are inspected periodically.
    pub fn new(
        engine: &'run E,
        heard: UnboundedReceiver<Heard>,
        containers: impl IntoIterator<Item = ContainerName>,
    ) -> Self {
        let open = containers.into_iter().map(|container| (container, HeardOf::default())).collect();
        let (ended, last_look) = (VecDeque::new(), Instant::now());
        Self { engine, heard, open, ended, hears: false, last_look, tells_restarts: false }
    }

    /// Also reports exits after which a restart policy restarts the container.
    pub fn with_restarts(self) -> Self {
        Self { tells_restarts: true, ..self }
    }

    /// The next exit; `None` when all have exited for good. Of several earlier exits, the first one
    /// comes first.
    ///
    /// # Errors
    ///
    /// The engine no longer responds.
    pub async fn next(&mut self) -> Result<Option<ContainerEnd>, EngineError> {
        while self.ended.is_empty() && !self.open.is_empty() {
            let look = self.last_look + if self.hears { NET } else { NET_WHEN_DEAF };
            let mut doubtful = tokio::select! { biased;
                Some(first) = self.heard.recv() => self.apply(first),
                () = sleep_until(look) => self.open.keys().cloned().collect(),
            };
            while let Ok(more) = self.heard.try_recv() {
                doubtful.extend(self.apply(more));
            }
            if doubtful.len() == self.open.len() {
                self.last_look = Instant::now();
            }
            self.look_at(doubtful).await?;
        }
        Ok(self.ended.pop_front())
    }

    /// Reports these containers again if they are running, and exit.
    ///
    /// # Errors
    ///
    /// The engine no longer responds.
    pub async fn look_again(
        &mut self,
        containers: impl IntoIterator<Item = ContainerName>,
    ) -> Result<(), EngineError> {
        for container in containers {
            if !matches!(self.see(&container).await?, Seen::Ended(_)) {
                self.open.insert(container, HeardOf::default());
            }
        }
        Ok(())
    }

    /// Applies an event; returns the containers whose state may have changed.
    fn apply(&mut self, heard: Heard) -> BTreeSet<ContainerName> {
        let change = match heard {
            Heard::Holds => {
                self.hears = true;
                return self.open.keys().cloned().collect();
            }
            Heard::Broke => {
                self.hears = false;
                return BTreeSet::new();
            }
            Heard::Changed(change) => change,
        };
        let Some(heard_of) = self.open.get_mut(&change.container) else { return BTreeSet::new() };
        match change.what {
            What::Died { exit_code } => {
                let death = Death { exit_code, at: change.at, is_signalled: heard_of.is_signalled };
                heard_of.last_death = Some(death);
                heard_of.new_deaths.push(death);
            }
            What::Removed => {}
            What::Started => {
                heard_of.is_signalled = false;
                return BTreeSet::new();
            }
            // Earlier events belong to the container that had the name before.
            What::Created | What::Renamed => {
                *heard_of = HeardOf::default();
                return BTreeSet::new();
            }
            What::Signalled { .. } => {
                heard_of.is_signalled = true;
                return BTreeSet::new();
            }
            What::Paused | What::Health(_) | What::HealthChecked | What::Other(_) => return BTreeSet::new(),
        }
        BTreeSet::from([change.container])
    }

    async fn look_at(&mut self, containers: BTreeSet<ContainerName>) -> Result<(), EngineError> {
        let looks = stream::iter(containers).map(async |container| {
            let seen = self.see(&container).await;
            seen.map(|seen| (container, seen))
        });
        let looks: Vec<(ContainerName, Seen)> = looks.buffered(AT_ONCE).try_collect().await?;
        let mut ended = Vec::new();
        for (container, seen) in looks {
            let Some(heard_of) = self.open.get_mut(&container) else { continue };
            let mut deaths = std::mem::take(&mut heard_of.new_deaths);
            let last_at = heard_of.last_death.map(|death| death.at);
            let end = |exit_code, is_restarted| ContainerEnd {
                container: container.clone(),
                exit_code,
                is_restarted,
            };
            let last = match seen {
                Seen::Running => None,
                Seen::Restarting { exit_code } => {
                    deaths.pop();
                    Some(end(exit_code, true))
                }
                Seen::Ended(exit_code) => {
                    self.open.remove(&container);
                    deaths.pop();
                    exit_code.map(|exit_code| end(exit_code, false))
                }
            };
            let restarts = deaths.into_iter().filter(|death| !death.is_signalled);
            let ends = restarts.map(|death| (Some(death.at), end(death.exit_code, true)));
            let ends = ends.chain(last.map(|end| (last_at, end)));
            ended.extend(ends.filter(|(_, end)| self.tells_restarts || !end.is_restarted));
        }
        ended.sort_by_key(|(at, _)| *at);
        self.ended.extend(ended.into_iter().map(|(_, end)| end));
        Ok(())
    }

    async fn see(&self, container: &ContainerName) -> Result<Seen, EngineError> {
        let Some(state) = look(self.engine, container).await? else {
            let death = self.open.get(container).and_then(|heard_of| heard_of.last_death);
            return Ok(Seen::Ended(death.map(|death| death.exit_code)));
        };
        Ok(match state.status {
            Status::Exited | Status::Dead => Seen::Ended(Some(state.exit_code)),
            Status::Restarting => Seen::Restarting { exit_code: state.exit_code },
            Status::Created | Status::Running | Status::Paused | Status::Removing => Seen::Running,
        })
    }
}
