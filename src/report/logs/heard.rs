//! In: whose output is being read. Out: when all that containers printed was shown.
//! Must not: read it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use tokio::sync::Notify;

use crate::topology::name::ContainerName;

/// The containers that were followed, each with whether there may be more of its output.
#[derive(Debug, Default)]
pub struct HeardOut {
    may_say_more: RefCell<BTreeMap<ContainerName, bool>>,
    changed: Notify,
}

impl HeardOut {
    pub(super) fn begins(&self, container: &ContainerName) {
        self.note(container, true);
    }

    pub(super) fn ends(&self, container: &ContainerName) {
        self.note(container, false);
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
}
