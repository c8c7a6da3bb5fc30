//! In: the engine's events. Out: a signal to every wait that one concerns.
//! Must not: judge, or look at containers.

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

/// What a wait is told.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Signal {
    /// The container's health check passes.
    Healthy,
    /// The container's process ended.
    Died {
        /// Its exit code.
        exit_code: i64,
    },
    /// Something happened that only the container's state tells.
    LookAgain,
}

/// The waits that are under way, by container.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    by_container: RefCell<HashMap<ContainerName, Vec<UnboundedSender<Signal>>>>,
    /// Containers that this run starts and of whose start nothing was heard so far.
    unheard_starts: RefCell<HashSet<ContainerName>>,
    /// Whether what happens can be expected to be heard.
    hears: Cell<bool>,
}

/// How often a container is looked at while it is waited for, although nothing is heard of it: streams of
/// events go deaf without a word, where connections that are idle are dropped or answers are kept back.
pub(super) const NET: Duration = Duration::from_secs(5);

/// How often it is where no events are to be had, or some were missed.
pub(super) const NET_WHEN_DEAF: Duration = Duration::from_secs(1);

/// Passes the engine's events on until the future is dropped. When there may have been some that nobody
/// heard, every wait looks again. `tried` is told when the first attempt to subscribe is over. A plan that
/// waits for nothing needs no subscription.
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
        // Somebody who waits no more for the first answer has missed what came before it.
        let is_first = tried.take().is_some_and(|tried| tried.send(()).is_ok());
        match heard {
            Heard::Holds => {
                listeners.hears.set(true);
                if !is_first {
                    // What was not heard by now never will be.
                    listeners.unheard_starts.borrow_mut().clear();
                    listeners.tell_all(&Signal::LookAgain);
                }
            }
            // Without a subscription the run begins too: waits look when they begin, and again later.
            Heard::Broke => listeners.hears.set(false),
            Heard::Changed(change) => listeners.note(&change, &renamed_by_us),
        }
    };
    // Whether the engine is gone altogether, the next look at a container tells.
    subscription(engine, &plan.project, hear).await;
    pending().await
}

impl Listeners {
    /// What happens to a container from here on.
    pub(super) fn listen(&self, container: &ContainerName) -> UnboundedReceiver<Signal> {
        let (sender, receiver) = unbounded_channel();
        self.by_container.borrow_mut().entry(container.clone()).or_default().push(sender);
        receiver
    }

    /// This run is about to start a container. Until the engine tells of the start, whatever it tells
    /// under this name is of a predecessor, or of an earlier life of the same container.
    pub(super) fn starts(&self, container: &ContainerName) {
        self.unheard_starts.borrow_mut().insert(container.clone());
    }

    fn note(&self, change: &Change, renamed_by_us: &HashSet<&ContainerName>) {
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
            // The event has the new name alone, so that any wait may be for the old one.
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

    /// When a container is to be looked at, at the latest, if nothing is heard of it.
    pub(super) fn next_look(&self) -> Instant {
        Instant::now() + if self.hears.get() { NET } else { NET_WHEN_DEAF }
    }

    /// Something happened that was not heard, so that not everything is.
    pub(super) fn missed(&self) {
        self.hears.set(false);
    }
}

fn has_waits(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| matches!(step.action, Action::Wait { .. }))
}

/// The names that containers get by the plan itself: a wait is never for their old ones.
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
    fn what_is_heard_before_a_start_is_not_of_what_was_started() {
        let listeners = Listeners::default();
        let name: ContainerName = "shop-job-1".into();
        listeners.starts(&name);
        let mut signals = listeners.listen(&name);
        let hear = |what| {
            listeners.note(&Change { container: name.clone(), what, at: 0 }, &HashSet::new());
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
