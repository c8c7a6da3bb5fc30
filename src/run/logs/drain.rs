//! In: which outputs are being read, and when. Out: when all output of containers has been shown.
//! Must not: read it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::engine::EngineError;
use crate::topology::name::ContainerName;

/// Tracks whether each followed container may have more output.
#[derive(Debug, Default)]
pub struct LogDrain {
    may_say_more: RefCell<BTreeMap<ContainerName, bool>>,
    changed: Notify,
    /// When output was last read, or accepted by its reader.
    last_moved: Cell<Option<Instant>>,
    /// Containers whose output could not be read, or not to its end.
    unreadable: RefCell<Vec<ContainerName>>,
    /// Why nothing can be written any more; `None` for a closed pipe.
    unwritable: RefCell<Option<String>>,
    /// What currently prevents reading a container's output.
    troubles: RefCell<BTreeMap<ContainerName, Trouble>>,
    /// Whether there is buffered output that its reader has not accepted.
    is_held: Cell<bool>,
}

/// A container whose output is lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the output of `{container}` cannot be read: {why}")]
pub struct Unreadable {
    /// The container.
    pub container: ContainerName,
    /// The reason, as a text.
    pub why: String,
}

/// What currently prevents reading the output of a container.
#[derive(Debug)]
enum Trouble {
    /// The engine was asked for it at that time, and has not responded.
    Unanswered { since: Instant },
    /// Reading failed, and is retried.
    TriedAgain(String),
}

/// For how long at least a response was waited for when giving up is reported.
const UNANSWERED: Duration = Duration::from_secs(1);

impl LogDrain {
    pub(super) fn begins(&self, container: &ContainerName) {
        self.note(container, true);
    }

    pub(super) fn ends(&self, container: &ContainerName) {
        self.note(container, false);
    }

    /// The output of a container can no longer be read.
    pub(super) fn loses(&self, container: &ContainerName) {
        self.unreadable.borrow_mut().push(container.clone());
    }

    /// The engine is asked for the output of a container.
    pub(super) fn asks(&self, container: &ContainerName) {
        let asked = Trouble::Unanswered { since: Instant::now() };
        self.troubles.borrow_mut().entry(container.clone()).or_insert(asked);
    }

    /// The engine responds with the output of a container.
    pub(super) fn hears(&self, container: &ContainerName) {
        self.troubles.borrow_mut().remove(container);
    }

    /// The output of a container could not be read, and is requested again.
    pub(super) fn tries_again(&self, container: &ContainerName, error: &EngineError) {
        self.troubles.borrow_mut().insert(container.clone(), Trouble::TriedAgain(error.to_string()));
    }

    /// Gives up what prevents reading, when no more output is read: returns the containers
    /// concerned.
    pub fn give_up(&self) -> Vec<Unreadable> {
        let told = |(container, trouble): (ContainerName, Trouble)| {
            let why = match trouble {
                Trouble::TriedAgain(error) => error,
                Trouble::Unanswered { since } if since.elapsed() >= UNANSWERED => {
                    "the engine does not answer".to_owned()
                }
                Trouble::Unanswered { .. } => return None,
            };
            self.loses(&container);
            Some(Unreadable { container, why })
        };
        self.troubles.take().into_iter().filter_map(told).collect()
    }

    fn is_trying_again(&self) -> bool {
        self.troubles.borrow().values().any(|trouble| matches!(trouble, Trouble::TriedAgain(_)))
    }

    /// Whether the output of any container could not be read, or not to its end.
    pub fn has_lost_some(&self) -> bool {
        !self.unreadable.borrow().is_empty()
    }

    /// Nothing can be written any more.
    pub(super) fn breaks(&self, failure: Option<String>) {
        *self.unwritable.borrow_mut() = failure;
    }

    /// Why nothing can be written any more, as a text; `None` for a closed pipe.
    pub fn failure(&self) -> Option<String> {
        self.unwritable.borrow().clone()
    }

    /// Output was read.
    pub(super) fn moves(&self) {
        self.last_moved.set(Some(Instant::now()));
    }

    /// The number of buffered bytes before and after the reader was offered them.
    pub(super) fn hands_on(&self, before: usize, after: usize) {
        if after < before {
            self.moves();
        }
        self.is_held.set(after > 0);
    }

    fn note(&self, container: &ContainerName, may_say_more: bool) {
        self.may_say_more.borrow_mut().insert(container.clone(), may_say_more);
        self.changed.notify_waiters();
    }

    /// Whether the output of a container is or was shown.
    pub fn has_begun(&self, container: &ContainerName) -> bool {
        self.may_say_more.borrow().contains_key(container)
    }

    /// Waits until all output that these containers printed before they exited was shown. Never
    /// ends for a container that is not followed.
    pub async fn all_of(&self, containers: &[ContainerName]) {
        loop {
            let changed = self.changed.notified();
            let is_over = |container| self.may_say_more.borrow().get(container) == Some(&false);
            if containers.iter().all(is_over) {
                return;
            }
            changed.await;
        }
    }

    /// Waits until nothing has moved for this long: neither was output read, nor accepted. While
    /// the reader has not accepted buffered output, or failed output is requested again, and
    /// `is_patient`, that does not count as silence.
    pub async fn silence(&self, limit: Duration, is_patient: impl Fn() -> bool) {
        let mut since = Instant::now();
        loop {
            sleep_until(since + limit).await;
            let moved = self.last_moved.get().filter(|moved| *moved > since);
            since = match moved {
                Some(moved) => moved,
                None if (self.is_held.get() || self.is_trying_again()) && is_patient() => Instant::now(),
                None => return,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(lost: Vec<Unreadable>) -> Vec<String> {
        lost.iter().map(Unreadable::to_string).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn retries_are_waited_for_and_reported_when_given_up() {
        let (drain, job) = (LogDrain::default(), ContainerName::new("shop-job-1".to_owned()));
        let silence = |is_patient| {
            let silence = drain.silence(Duration::from_secs(2), move || is_patient);
            tokio::time::timeout(Duration::from_secs(60), silence)
        };
        drain.tries_again(&job, &EngineError::BrokenOff("boom".to_owned()));
        assert!(silence(true).await.is_err(), "it may come yet");
        assert!(silence(false).await.is_ok());
        assert_eq!(words(drain.give_up()), ["the output of `shop-job-1` cannot be read: boom"]);
        assert!(drain.has_lost_some() && drain.give_up().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_missing_response_is_reported_unless_it_was_just_requested() {
        let (drain, job) = (LogDrain::default(), ContainerName::new("shop-job-1".to_owned()));
        drain.asks(&job);
        assert!(drain.give_up().is_empty());
        drain.asks(&job);
        drain.silence(Duration::from_secs(2), || true).await;
        assert_eq!(
            words(drain.give_up()),
            ["the output of `shop-job-1` cannot be read: the engine does not answer"]
        );
        drain.asks(&job);
        drain.hears(&job);
        drain.silence(Duration::from_secs(2), || true).await;
        assert!(drain.give_up().is_empty(), "it was heard");
    }
}
