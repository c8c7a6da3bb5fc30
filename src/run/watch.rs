//! In: the engine's events. Out: a signal to every wait that one affects. Must not: judge, or
//! inspect containers.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::time::Duration;

use futures_util::future::pending;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::subscription::{Heard, subscription};
use crate::engine::{Change, Engine, What};
use crate::plan::observed::Health;
use crate::plan::{Action, Plan};
use crate::topology::name::ContainerName;

/// A signal to a wait.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Signal {
    /// The container's health check passes.
    Healthy,
    /// The container's process exited.
    Died {
        /// Its exit code.
        exit_code: i64,
    },
    /// Something happened that requires an inspection.
    LookAgain,
}

/// The waits in progress, by container.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    by_container: RefCell<HashMap<ContainerName, Vec<UnboundedSender<Signal>>>>,
    /// Containers that this run starts, without an event so far.
    unheard_starts: RefCell<HashSet<ContainerName>>,
    /// Whether events are currently received.
    hears: Cell<bool>,
}

/// How often a container is inspected while it is waited for without events: event streams may
/// silently go dead where idle connections are dropped or responses are buffered.
pub(super) const NET: Duration = Duration::from_secs(5);

/// The same where events are unavailable, or some were missed.
pub(super) const NET_WHEN_DEAF: Duration = Duration::from_secs(1);

/// Passes on the engine's events until the future is dropped. After a possible gap, every wait
/// inspects its container again. `tried` is notified after the first attempt to subscribe. A plan
/// without waits needs no subscription.
pub(super) async fn pass_on<E: Engine>(
    engine: &E,
    plan: &Plan,
    listeners: &Listeners,
    tried: oneshot::Sender<()>,
) -> Infallible {
    if !has_waits(plan) {
        drop(tried);
        return pending().await;
    }
    let renamed_by_us = new_names(plan);
    let mut tried = Some(tried);
    let hear = |heard| {
        // A receiver that no longer waits for the first attempt has missed events before it.
        let is_first = tried.take().is_some_and(|tried| tried.send(()).is_ok());
        match heard {
            Heard::Holds => {
                listeners.hears.set(true);
                if !is_first {
                    // Events missed by now will never arrive.
                    listeners.unheard_starts.borrow_mut().clear();
                    listeners.tell_all(&Signal::LookAgain);
                }
            }
            // The run begins even without a subscription: waits inspect at their beginning, and
            // periodically.
            Heard::Broke => listeners.hears.set(false),
            Heard::Changed(change) => listeners.apply(&change, &renamed_by_us),
        }
    };
    // Whether the engine is gone altogether is determined by the next inspection.
    subscription(engine, &plan.project, hear).await;
    pending().await
}

impl Listeners {
    /// The signals about a container from here on.
    pub(super) fn listen(&self, container: &ContainerName) -> UnboundedReceiver<Signal> {
        let (sender, receiver) = unbounded_channel();
        self.by_container.borrow_mut().entry(container.clone()).or_default().push(sender);
        receiver
    }

    /// This run is about to start a container. Events under its name before that of the start
    /// belong to a predecessor, or to an earlier run of the same container.
    pub(super) fn starts(&self, container: &ContainerName) {
        self.unheard_starts.borrow_mut().insert(container.clone());
    }

    fn apply(&self, change: &Change, renamed_by_us: &HashSet<&ContainerName>) {
        let container = &change.container;
        if change.what == What::Started {
            self.unheard_starts.borrow_mut().remove(container);
        }
        let is_of_past = self.unheard_starts.borrow().contains(container);
        match change.what {
            What::Health(Health::Healthy) | What::Died { .. } if is_of_past => {
                self.tell(container, &Signal::LookAgain);
            }
            What::Health(Health::Healthy) => self.tell(container, &Signal::Healthy),
            What::Died { exit_code } => self.tell(container, &Signal::Died { exit_code }),
            What::Health(Health::Unhealthy)
            | What::HealthChecked
            | What::Started
            | What::Paused
            | What::Removed => {
                self.tell(container, &Signal::LookAgain);
            }
            // The event has only the new name, so that any wait may be for the old one.
            What::Renamed if !renamed_by_us.contains(container) => self.tell_all(&Signal::LookAgain),
            What::Renamed
            | What::Created
            | What::Health(Health::Starting)
            | What::Signalled { .. }
            | What::Other(_) => {}
        }
    }

    fn tell(&self, container: &ContainerName, signal: &Signal) {
        if let Some(senders) = self.by_container.borrow_mut().get_mut(container) {
            senders.retain(|sender| sender.send(signal.clone()).is_ok());
        }
    }

    fn tell_all(&self, signal: &Signal) {
        let mut by_container = self.by_container.borrow_mut();
        by_container.retain(|_, senders| {
            senders.retain(|sender| sender.send(signal.clone()).is_ok());
            !senders.is_empty()
        });
    }

    /// The latest time for the next inspection of a container without events.
    pub(super) fn next_look(&self) -> Instant {
        Instant::now() + if self.hears.get() { NET } else { NET_WHEN_DEAF }
    }

    /// An event was missed, so events are not reliable.
    pub(super) fn missed(&self) {
        self.hears.set(false);
    }
}

fn has_waits(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| matches!(step.action, Action::Wait { .. }))
}

/// The names that the plan itself gives to containers: a wait is never for their old ones.
fn new_names(plan: &Plan) -> HashSet<&ContainerName> {
    let steps = plan.steps.iter();
    steps
        .filter_map(|step| match &step.action {
            Action::RenameContainer { to, .. } => Some(to),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_before_a_start_do_not_belong_to_the_started_container() {
        let listeners = Listeners::default();
        let name: ContainerName = "shop-job-1".into();
        listeners.starts(&name);
        let mut signals = listeners.listen(&name);
        let hear = |what| {
            listeners.apply(&Change { container: name.clone(), what, at: 0 }, &HashSet::new());
        };
        hear(What::Died { exit_code: 0 });
        hear(What::Health(Health::Healthy));
        hear(What::Started);
        hear(What::Health(Health::Healthy));
        hear(What::Died { exit_code: 3 });
        let heard: Vec<Signal> = std::iter::from_fn(|| signals.try_recv().ok()).collect();
        let look_again = Signal::LookAgain;
        assert_eq!(
            heard,
            [
                look_again.clone(),
                look_again.clone(),
                look_again,
                Signal::Healthy,
                Signal::Died { exit_code: 3 }
            ]
        );
    }
}
