//! In: containers, and what is heard of their project. Out: each that ends, as it ends; an end after which the
//! restart policy starts it again only where that is asked for.
//! Must not: trust that everything is heard.

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

/// A container that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerEnd {
    /// The container.
    pub container: ContainerName,
    /// The exit code of its process.
    pub exit_code: i64,
    /// Whether it is started again, as by its restart policy; otherwise it ended for good.
    pub is_restarted: bool,
}

/// Tells of containers that end, those that ended before too.
#[derive(Debug)]
pub struct Ends<'run, E> {
    engine: &'run E,
    heard: UnboundedReceiver<Heard>,
    /// The containers that did not end for good so far, and what was heard of each.
    open: BTreeMap<ContainerName, HeardOf>,
    ended: VecDeque<ContainerEnd>,
    /// Whether what happens can be expected to be heard.
    hears: bool,
    last_look: Instant,
    tells_restarts: bool,
}

/// How many containers are looked at, at once.
const AT_ONCE: usize = 8;

/// What was heard of a container.
#[derive(Clone, Debug, Default)]
struct HeardOf {
    last_death: Option<Death>,
    /// The deaths since it was looked at last.
    new_deaths: Vec<Death>,
    /// Whether a signal was sent to it since it was started: who restarts a container sends one first, its
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

/// What a look at a container shows.
enum Seen {
    Running,
    /// Its restart policy starts it again.
    Restarting {
        exit_code: i64,
    },
    /// With its exit code, as far as that is known.
    Ended(Option<i64>),
}

impl<'run, E: Observe> Ends<'run, E> {
    /// `heard` is what [`super::subscription`] hears; it must be polled meanwhile. Where nothing is heard, the
    /// containers are looked at now and then.
    pub fn new(
        engine: &'run E,
        heard: UnboundedReceiver<Heard>,
        containers: impl IntoIterator<Item = ContainerName>,
    ) -> Self {
        let open = containers.into_iter().map(|container| (container, HeardOf::default())).collect();
        let (ended, last_look) = (VecDeque::new(), Instant::now());
        Self { engine, heard, open, ended, hears: false, last_look, tells_restarts: false }
    }

    /// Tells of ends, too, after which a restart policy starts the container again.
    pub fn with_restarts(self) -> Self {
        Self { tells_restarts: true, ..self }
    }

    /// The next container that ends; nothing when all have ended for good. Of those that ended before it was
    /// asked, the one that was heard to end first comes first.
    ///
    /// # Errors
    ///
    /// The engine does not answer any more.
    pub async fn next(&mut self) -> Result<Option<ContainerEnd>, EngineError> {
        while self.ended.is_empty() && !self.open.is_empty() {
            let look = self.last_look + if self.hears { NET } else { NET_WHEN_DEAF };
            let mut doubtful = tokio::select! { biased;
                Some(first) = self.heard.recv() => self.note(first),
                () = sleep_until(look) => self.open.keys().cloned().collect(),
            };
            while let Ok(more) = self.heard.try_recv() {
                doubtful.extend(self.note(more));
            }
            if doubtful.len() == self.open.len() {
                self.last_look = Instant::now();
            }
            self.look_at(doubtful).await?;
        }
        Ok(self.ended.pop_front())
    }

    /// Tells of these again if they run now, and end.
    ///
    /// # Errors
    ///
    /// The engine does not answer any more.
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

    /// Notes what was heard; the containers whose state may be another one now are returned.
    fn note(&mut self, heard: Heard) -> BTreeSet<ContainerName> {
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
            // What was heard before is of the container that had the name then.
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
