//! In: the engine's events. Out: a signal to every wait that one concerns.
//! Must not: judge, or ask at intervals.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::time::Duration;

use futures_util::future::pending;
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::engine::{Change, Engine, EngineError, What};
use crate::plan::observed::Health;
use crate::plan::{Action, Plan};
use crate::topology::name::ContainerName;

/// The pauses before an engine that does not answer is asked again; after the last it is given up.
pub(super) const PAUSES: [Duration; 7] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1600),
    Duration::from_millis(3200),
];

/// A stream that held this long was no failed attempt.
const HELD: Duration = Duration::from_secs(10);

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
    /// The engine's events cannot be had any more.
    Lost(EngineError),
}

/// The waits that are under way, by container.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    by_container: RefCell<HashMap<ContainerName, Vec<UnboundedSender<Signal>>>>,
    lost: RefCell<Option<EngineError>>,
}

/// Passes the engine's events on until the future is dropped. Subscribes again when the stream ends or
/// breaks, and then has every wait look again. `tried` is told when the first attempt is over. A plan
/// that waits for nothing needs no subscription.
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
    let mut pauses = PAUSES.iter();
    loop {
        let error = match engine.subscribe(&plan.project).await {
            Ok(changes) => {
                match tried.take() {
                    Some(tried) => drop(tried.send(())),
                    None => listeners.tell_all(&Signal::LookAgain),
                }
                let begun = Instant::now();
                let error = listeners.hear(changes, &renamed_by_us).await;
                if begun.elapsed() >= HELD {
                    pauses = PAUSES.iter();
                }
                error
            }
            Err(error) => error,
        };
        // The run begins without a subscription then: waits look when they begin, and again later.
        drop(tried.take());
        let Some(pause) = pauses.next() else {
            listeners.lose(&error);
            return pending().await;
        };
        sleep(*pause).await;
    }
}

impl Listeners {
    /// What happens to a container from here on.
    pub(super) fn listen(&self, container: &ContainerName) -> UnboundedReceiver<Signal> {
        let (sender, receiver) = unbounded_channel();
        if let Some(error) = &*self.lost.borrow() {
            // The receiver is at hand, so that this cannot fail.
            let _ = sender.send(Signal::Lost(error.clone()));
        }
        self.by_container.borrow_mut().entry(container.clone()).or_default().push(sender);
        receiver
    }

    /// Reads changes until the stream ends or breaks, and returns why it did.
    async fn hear(
        &self,
        mut changes: impl Stream<Item = Result<Change, EngineError>> + Unpin,
        renamed_by_us: &HashSet<&ContainerName>,
    ) -> EngineError {
        while let Some(change) = changes.next().await {
            match change {
                Ok(change) => self.note(&change, renamed_by_us),
                Err(error) => return error,
            }
        }
        EngineError::Disconnected("it ended its stream of events".to_owned())
    }

    fn note(&self, change: &Change, renamed_by_us: &HashSet<&ContainerName>) {
        let container = &change.container;
        match change.what {
            What::Health(Health::Healthy) => self.tell(container, &Signal::Healthy),
            What::Died { exit_code } => self.tell(container, &Signal::Died { exit_code }),
            What::Health(Health::Unhealthy) | What::Started | What::Removed => {
                self.tell(container, &Signal::LookAgain);
            }
            // The event has the new name alone, so that any wait may be for the old one.
            What::Renamed if !renamed_by_us.contains(container) => self.tell_all(&Signal::LookAgain),
            What::Renamed | What::Created | What::Health(Health::Starting) | What::Other(_) => {}
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

    fn lose(&self, error: &EngineError) {
        *self.lost.borrow_mut() = Some(error.clone());
        self.tell_all(&Signal::Lost(error.clone()));
    }
}

fn has_waits(plan: &Plan) -> bool {
    plan.steps.node_weights().any(|step| matches!(step.action, Action::Wait { .. }))
}

/// The names that containers get by the plan itself: a wait is never for their old ones.
fn new_names(plan: &Plan) -> HashSet<&ContainerName> {
    let steps = plan.steps.node_weights();
    steps
        .filter_map(|step| match &step.action {
            Action::RenameContainer { to, .. } => Some(to),
            _ => None,
        })
        .collect()
}
