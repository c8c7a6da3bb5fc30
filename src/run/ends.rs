//! In: containers, and what is heard of their project. Out: each that ends for good, as it ends.
//! Must not: trust that everything is heard, or take a container for ended that its restart policy starts
//! again.

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

/// A container that ended and is not started again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerEnd {
    /// The container.
    pub container: ContainerName,
    /// The exit code of its process.
    pub exit_code: i64,
}

/// Tells of containers that end, those that ended before too.
#[derive(Debug)]
pub struct Ends<'run, E> {
    engine: &'run E,
    heard: UnboundedReceiver<Heard>,
    /// The containers that did not end so far, and the last death that was heard of each.
    open: BTreeMap<ContainerName, Option<Death>>,
    ended: VecDeque<ContainerEnd>,
    /// Whether what happens can be expected to be heard.
    hears: bool,
    last_look: Instant,
}

/// How many containers are looked at, at once.
const AT_ONCE: usize = 8;

#[derive(Clone, Copy, Debug)]
struct Death {
    exit_code: i64,
    /// In nanoseconds since 1970, by the engine's clock.
    at: i64,
}

impl<'run, E: Observe> Ends<'run, E> {
    /// `heard` is what [`super::subscription`] hears; it must be polled meanwhile. Where nothing is heard, the
    /// containers are looked at now and then.
    pub fn new(
        engine: &'run E,
        heard: UnboundedReceiver<Heard>,
        containers: impl IntoIterator<Item = ContainerName>,
    ) -> Self {
        let open = containers.into_iter().map(|container| (container, None)).collect();
        Self { engine, heard, open, ended: VecDeque::new(), hears: false, last_look: Instant::now() }
    }

    /// The next container that ends; nothing when all have ended. Of those that ended before it was
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
            if self.end_of(&container).await?.is_none() {
                self.open.insert(container, None);
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
        let Some(death) = self.open.get_mut(&change.container) else { return BTreeSet::new() };
        match change.what {
            What::Died { exit_code } => *death = Some(Death { exit_code, at: change.at }),
            What::Removed => {}
            _ => return BTreeSet::new(),
        }
        BTreeSet::from([change.container])
    }

    async fn look_at(&mut self, containers: BTreeSet<ContainerName>) -> Result<(), EngineError> {
        let looks = stream::iter(containers).map(async |container| {
            let end = self.end_of(&container).await;
            end.map(|end| (container, end))
        });
        let looks: Vec<(ContainerName, Option<Option<i64>>)> = looks.buffered(AT_ONCE).try_collect().await?;
        let mut ended = Vec::new();
        for (container, end) in looks {
            let Some(exit_code) = end else { continue };
            let at = self.open.remove(&container).flatten().map(|death| death.at);
            ended.extend(exit_code.map(|exit_code| (at, ContainerEnd { container, exit_code })));
        }
        ended.sort_by_key(|(at, _)| *at);
        self.ended.extend(ended.into_iter().map(|(_, end)| end));
        Ok(())
    }

    /// Nothing when the container goes on; its exit code when it ended, as far as that is known.
    async fn end_of(&self, container: &ContainerName) -> Result<Option<Option<i64>>, EngineError> {
        match look(self.engine, container).await? {
            Some(state) if matches!(state.status, Status::Exited | Status::Dead) => {
                Ok(Some(Some(state.exit_code)))
            }
            Some(_) => Ok(None),
            None => {
                let death = self.open.get(container).copied().flatten();
                Ok(Some(death.map(|death| death.exit_code)))
            }
        }
    }
}
