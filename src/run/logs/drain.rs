//! In: whose output is being read, and when. Out: when all that containers printed was shown.
//! Must not: read it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::engine::EngineError;
use crate::topology::name::ContainerName;

/// Knows of each container that was followed whether there may be more of its output.
#[derive(Debug, Default)]
pub struct LogDrain {
    may_say_more: RefCell<BTreeMap<ContainerName, bool>>,
    changed: Notify,
    /// When output was read, or taken by its reader, last.
    last_moved: Cell<Option<Instant>>,
    /// Containers whose output could not be read, or not to its end.
    unreadable: RefCell<Vec<ContainerName>>,
    /// Why nothing can be written any more, unless the reader has just gone.
    unwritable: RefCell<Option<String>>,
    /// What keeps a container's output from being read at the moment.
    troubles: RefCell<BTreeMap<ContainerName, Trouble>>,
    /// Whether something is held that the reader of the output has not taken.
    is_held: Cell<bool>,
}

/// The output of a container that is lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the output of `{container}` cannot be read: {why}")]
pub struct Unreadable {
    /// The container.
    pub container: ContainerName,
    /// Why, in words.
    pub why: String,
}

/// What keeps the output of a container from being read at the moment.
#[derive(Debug)]
enum Trouble {
    /// The engine was asked for it at that time, and has not answered.
    Unanswered { since: Instant },
    /// It failed, and is tried again.
    TriedAgain(String),
}

/// For how long an answer of the engine that is given up was waited for, at least, when that is told.
const UNANSWERED: Duration = Duration::from_secs(1);

impl LogDrain {
    pub(super) fn begins(&self, container: &ContainerName) {
        self.note(container, true);
    }

    pub(super) fn ends(&self, container: &ContainerName) {
        self.note(container, false);
    }

    /// The output of a container cannot be read any more.
    pub(super) fn loses(&self, container: &ContainerName) {
        self.unreadable.borrow_mut().push(container.clone());
    }

    /// The engine is asked for the output of a container.
    pub(super) fn asks(&self, container: &ContainerName) {
        let asked = Trouble::Unanswered { since: Instant::now() };
        self.troubles.borrow_mut().entry(container.clone()).or_insert(asked);
    }

    /// The engine answers with the output of a container.
    pub(super) fn hears(&self, container: &ContainerName) {
        self.troubles.borrow_mut().remove(container);
    }

    /// The output of a container could not be read, and the engine is asked again.
    pub(super) fn tries_again(&self, container: &ContainerName, error: &EngineError) {
        self.troubles.borrow_mut().insert(container.clone(), Trouble::TriedAgain(error.to_string()));
    }

    /// Gives up what keeps output from being read, when no more of it is read: the containers whose output it
    /// was.
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

    /// Whether the output of some container could not be read, or not to its end.
    pub fn has_lost_some(&self) -> bool {
        !self.unreadable.borrow().is_empty()
    }

    /// Nothing can be written any more.
    pub(super) fn breaks(&self, failure: Option<String>) {
        *self.unwritable.borrow_mut() = failure;
    }

    /// Why nothing can be written any more, in words; nothing when the reader has just gone.
    pub fn failure(&self) -> Option<String> {
        self.unwritable.borrow().clone()
    }

    /// Output was read.
    pub(super) fn moves(&self) {
        self.last_moved.set(Some(Instant::now()));
    }

    /// So many bytes were held for the reader of the output before it was asked to take them, and are after.
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

    /// Whether the output of a container was or is shown.
    pub fn has_begun(&self, container: &ContainerName) -> bool {
        self.may_say_more.borrow().contains_key(container)
    }

    /// Waits until everything was shown that these containers printed before they ended. One that is
    /// never followed is waited for forever.
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

    /// Waits until nothing moved for so long: no output was read, and none was taken. While the reader of the
    /// output has not taken what is held for it, or output that could not be read is asked for again, and
    /// `is_patient`, that is no silence.
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
    async fn what_is_tried_again_is_waited_for_and_told_when_it_is_given_up() {
        let (drain, job) = (LogDrain::default(), ContainerName::new("shop-job-1".to_owned()));
        let silence = |is_patient| {
            let silence = drain.silence(Duration::from_secs(2), move || is_patient);
            tokio::time::timeout(Duration::from_secs(60), silence)
        };
        drain.tries_again(&job, &EngineError::Other("boom".to_owned()));
        assert!(silence(true).await.is_err(), "it may come yet");
        assert!(silence(false).await.is_ok());
        assert_eq!(words(drain.give_up()), ["the output of `shop-job-1` cannot be read: boom"]);
        assert!(drain.has_lost_some() && drain.give_up().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_does_not_come_is_told_unless_it_was_just_asked_for() {
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
