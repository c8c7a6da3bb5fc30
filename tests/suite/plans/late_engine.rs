//! An engine that takes time for every call, completes what it was asked for although the caller is
//! gone, and breaks off one call.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::time::{Duration, SystemTime};

use futures_util::{Stream, stream};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use topo::engine::{
    Change, EngineError, Events, LogChoice, LogChunk, Logs, Observe, Perform, Progress, Query, What,
};
use topo::plan::observed::{ContainerState, Status};
use topo::plan::{Action, Observed};
use topo::topology::name::{ContainerName, ImageId, ProjectName};
use topo::value::image::ImageReference;

use super::chance::Chance;
use super::world::World;

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The caller is killed before the engine gets the call.
    KilledBefore,
    /// The caller is killed once the engine has the call, and completes it.
    KilledAfter,
    /// The engine refuses, and does nothing.
    Refused,
    /// The connection breaks before the engine gets the call.
    RequestLost,
    /// The connection breaks once the engine has done it.
    AnswerLost,
}

impl Fault {
    pub(crate) const ALL: [Fault; 5] =
        [Fault::KilledBefore, Fault::KilledAfter, Fault::Refused, Fault::RequestLost, Fault::AnswerLost];
}

pub(crate) struct LateEngine {
    world: RefCell<World>,
    chance: RefCell<Chance>,
    /// The number of the call that is broken off, and how.
    fault: Cell<Option<(usize, Fault)>>,
    /// Triggered when the caller is to be killed.
    pub(crate) killed: CancellationToken,
    calls: Cell<usize>,
    /// Calls that the engine completes at these times.
    under_way: RefCell<Vec<(Instant, usize, Action)>>,
    /// What came of calls.
    results: RefCell<Vec<(usize, Result<(), EngineError>)>>,
    changes: RefCell<Vec<Change>>,
    /// What was asked for, but for waits.
    asked: RefCell<Vec<Action>>,
}

impl LateEngine {
    pub(crate) fn new(world: World, chance: Chance, fault: Option<(usize, Fault)>) -> Self {
        Self {
            world: RefCell::new(world),
            chance: RefCell::new(chance),
            fault: Cell::new(fault),
            killed: CancellationToken::new(),
            calls: Cell::default(),
            under_way: RefCell::default(),
            results: RefCell::default(),
            changes: RefCell::default(),
            asked: RefCell::default(),
        }
    }

    /// Nothing is broken off any more.
    pub(crate) fn disarm(&self) {
        self.fault.set(None);
    }

    /// What was asked for since this was called last.
    pub(crate) fn take_asked(&self) -> Vec<Action> {
        self.asked.take()
    }

    /// What it has when everything that is under way is done.
    pub(crate) async fn into_world(self) -> World {
        sleep(Duration::from_secs(60)).await;
        self.catch_up();
        self.world.into_inner()
    }

    fn catch_up(&self) {
        let now = Instant::now();
        let mut due: Vec<_> = self.under_way.borrow_mut().extract_if(.., |(at, ..)| *at <= now).collect();
        due.sort_by_key(|(at, number, _)| (*at, *number));
        for (_, number, action) in due {
            let result = self.complete(&action);
            self.results.borrow_mut().push((number, result));
        }
    }

    /// As the engine and topo's calls of it do it: what is so already is no failure.
    fn complete(&self, action: &Action) -> Result<(), EngineError> {
        let mut world = self.world.borrow_mut();
        let done = match action {
            Action::StopContainer { container, .. } | Action::RemoveContainer { container, .. } => {
                let Ok(found) = world.container(container) else { return Ok(()) };
                if found.seen.state.is_running() {
                    self.note(container, What::Died { exit_code: 143 });
                    found.stop(143);
                }
                let removes = matches!(action, Action::RemoveContainer { .. });
                if removes {
                    self.note(container, What::Removed);
                    world.perform(action)
                } else {
                    Ok(())
                }
            }
            Action::CreateNetwork(spec) if world.networks.contains_key(&spec.name) => {
                let is_same = world.networks[&spec.name].labels == spec.all_labels();
                if is_same { Ok(()) } else { Err("the network is there".to_owned()) }
            }
            Action::CreateVolume(spec) if world.volumes.contains_key(&spec.name) => Ok(()),
            Action::RemoveNetwork { network } if !world.networks.contains_key(network) => Ok(()),
            Action::RemoveVolume { volume } if !world.volumes.contains_key(volume) => Ok(()),
            Action::CreateContainer(spec) => {
                // What a killed run asked for gives way.
                let is_leftover = world.container(&spec.name).is_ok_and(|found| {
                    found.seen.state.status == Status::Created && found.seen.service == spec.service_name
                });
                if is_leftover {
                    world.containers.retain(|container| container.seen.name != spec.name);
                }
                self.note(&spec.name, What::Created);
                world.perform(action)
            }
            Action::StartContainer { container, .. } => {
                let ran = world.container(container).is_ok_and(|found| found.seen.state.is_running());
                let started = world.perform(action);
                if started.is_ok() && !ran {
                    self.note(container, What::Started);
                    let ended = world.container(container).ok().map(|found| found.seen.state.clone());
                    if let Some(ContainerState { status: Status::Exited, exit_code, .. }) = ended {
                        self.note(container, What::Died { exit_code });
                    }
                }
                started
            }
            _ => world.perform(action),
        };
        done.map_err(|message| refused(status(&message), &message))
    }

    fn note(&self, container: &ContainerName, what: What) {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is later than 1970");
        let at = since.as_nanos() as i64;
        self.changes.borrow_mut().push(Change { container: container.clone(), what, at });
    }

    /// Somebody asked for this stop, and nobody waits for its end.
    pub(crate) fn stops_after(&self, container: &ContainerName, takes: Duration) {
        let after_failed_hook = Default::default();
        let action = Action::StopContainer {
            container: container.clone(),
            grace: None,
            pre_stop: Vec::new(),
            after_failed_hook,
        };
        self.note(container, What::Signalled { signal: Some(15) });
        self.under_way.borrow_mut().push((Instant::now() + takes, usize::MAX, action));
    }

    /// Returns the number of the call, and when it will be done.
    fn begin(&self, action: &Action) -> (usize, Instant) {
        let number = self.asked.borrow().len() + self.calls.get() * 1000;
        let mut longest = 60;
        if let Action::StopContainer { container, .. } = action {
            longest = 3000;
            if self.world.borrow_mut().container(container).is_ok_and(|found| found.seen.state.is_running()) {
                self.note(container, What::Signalled { signal: Some(15) });
            }
        }
        let takes = Duration::from_millis(self.chance.borrow_mut().below(longest) as u64);
        let due = Instant::now() + takes;
        self.under_way.borrow_mut().push((due, number, action.clone()));
        (number, due)
    }

    async fn result(&self, (number, due): (usize, Instant)) -> Result<(), EngineError> {
        sleep_until(due).await;
        self.catch_up();
        let mut results = self.results.borrow_mut();
        let done = results.iter().position(|(of, _)| *of == number).expect("all that is due is done");
        results.swap_remove(done).1
    }
}

fn status(message: &str) -> u16 {
    let contains = |words: &[&str]| words.iter().any(|word| message.contains(word));
    match message {
        _ if contains(&["no such", "gone", "another one"]) => 404,
        _ if contains(&["taken", "is there", "in use"]) => 409,
        _ if contains(&["active endpoints", "attached already"]) => 403,
        _ => 500,
    }
}

fn refused(status: u16, message: &str) -> EngineError {
    EngineError::Refused { status, message: message.to_owned() }
}

impl Observe for LateEngine {
    async fn observe(&self, query: &Query) -> Result<Observed, EngineError> {
        sleep(Duration::from_millis(2)).await;
        self.catch_up();
        Ok(self.world.borrow().observe(query))
    }

    async fn inspect(&self, container: &ContainerName) -> Result<ContainerState, EngineError> {
        sleep(Duration::from_millis(1)).await;
        self.catch_up();
        let mut world = self.world.borrow_mut();
        // Its own clock is not that of those who compare starts.
        let state = world
            .container(container)
            .map(|found| ContainerState { started: None, ..found.seen.state.clone() });
        state.map_err(|message| refused(404, &message))
    }

    async fn image_id(&self, image: &ImageReference) -> Result<Option<ImageId>, EngineError> {
        self.catch_up();
        Ok(self.world.borrow().images.get(image).cloned())
    }
}

impl Perform for LateEngine {
    async fn perform(&self, action: &Action, _progress: &dyn Fn(Progress)) -> Result<(), EngineError> {
        let call = self.calls.replace(self.calls.get() + 1);
        self.asked.borrow_mut().push(action.clone());
        let fault = self.fault.get().filter(|(at, _)| *at == call).map(|(_, fault)| fault);
        if fault.is_some() {
            self.fault.set(None);
        }
        match fault {
            Some(Fault::KilledBefore) => {
                self.killed.cancel();
                pending().await
            }
            Some(Fault::KilledAfter) => {
                self.begin(action);
                self.killed.cancel();
                pending().await
            }
            Some(Fault::Refused) => Err(refused(500, "the disk is full")),
            Some(Fault::RequestLost) => Err(EngineError::Disconnected("before".to_owned())),
            Some(Fault::AnswerLost) => {
                self.begin(action);
                Err(EngineError::Disconnected("after".to_owned()))
            }
            None => self.result(self.begin(action)).await,
        }
    }
}

impl Events for LateEngine {
    async fn subscribe(
        &self,
        _project: &ProjectName,
    ) -> Result<impl Stream<Item = Result<Change, EngineError>> + Unpin, EngineError> {
        Ok(stream::pending())
    }

    async fn recent(&self, _project: &ProjectName) -> Result<Vec<Change>, EngineError> {
        sleep(Duration::from_millis(2)).await;
        self.catch_up();
        Ok(self.changes.borrow().clone())
    }
}

impl Logs for LateEngine {
    async fn logs<'engine>(
        &'engine self,
        _container: &ContainerName,
        _choice: &LogChoice,
    ) -> Result<impl Stream<Item = Result<LogChunk, EngineError>> + Unpin + use<'engine>, EngineError> {
        Ok(stream::empty())
    }
}
