//! In: whose output is being read, and when. Out: when all that containers printed was shown.
//! Must not: read it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::topology::name::ContainerName;

/// The containers that were followed, each with whether there may be more of its output.
#[derive(Debug, Default)]
pub struct HeardOut {
    may_say_more: RefCell<BTreeMap<ContainerName, bool>>,
    changed: Notify,
    /// When output was read, or taken by its reader, last.
    last_moved: Cell<Option<Instant>>,
    /// Containers whose output could not be read, or not to its end.
    unreadable: RefCell<Vec<ContainerName>>,
    /// Why nothing can be written any more, unless the reader has just gone.
    unwritable: RefCell<Option<String>>,
    /// Whether something is held that the reader of the output has not taken.
    is_held: Cell<bool>,
}

impl HeardOut {
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
    /// output has not taken what is held for it, and `is_patient`, that is no silence.
    pub async fn silence(&self, limit: Duration, is_patient: impl Fn() -> bool) {
        let mut since = Instant::now();
        loop {
            sleep_until(since + limit).await;
            let moved = self.last_moved.get().filter(|moved| *moved > since);
            since = match moved {
                Some(moved) => moved,
                None if self.is_held.get() && is_patient() => Instant::now(),
                None => return,
            };
        }
    }
}
