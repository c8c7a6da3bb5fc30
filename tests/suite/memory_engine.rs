//! An engine in memory: containers follow a script, and time is simulated.

mod life;
mod script;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::pending;
use std::ops::Bound::{Excluded, Unbounded};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};
use topo::engine::{
    Change, EngineError, Events, LogChoice, LogChunk, Logs, Observe, OutputStream, Perform, Progress, Query,
    What,
};
use topo::plan::Action;
use topo::plan::observed::{ContainerState, Health, Observed, Status};
use topo::topology::name::{ContainerName, ImageId, ProjectName};
use topo::value::image::ImageReference;

use life::Life;
pub(crate) use script::{Behaviour, Hearing, ObjectChange, Script};

/// An engine with scripted behaviour.
pub(crate) struct MemoryEngine {
    script: Script,
    begun: Instant,
    images: RefCell<BTreeMap<ImageReference, ImageId>>,
    timeline: RefCell<BTreeMap<Moment, Entry>>,
    sequence: Cell<u64>,
    changed: Notify,
    break_is_over: Cell<bool>,
    still_refused: Cell<usize>,
    still_unanswered: Cell<usize>,
    calls: Cell<usize>,
    most_calls: Cell<usize>,
    subscriptions: Cell<usize>,
    /// How often the output of each container was opened.
    openings: RefCell<BTreeMap<ContainerName, usize>>,
    open: Cell<usize>,
    most_open: Cell<usize>,
}

/// The engine's clock when a test begins, in seconds.
const YEAR_2026: f64 = 1_767_225_600.0;

/// The engine's word for resuming a container.
const UNPAUSED: &str = "unpause";

/// A time, and the order of events at the same time.
type Moment = (Instant, u64);

#[derive(Clone, Debug)]
struct Entry {
    container: ContainerName,
    what: Happening,
    /// Whether it belongs to a container that is gone; another one may have its name by now.
    is_of_past: bool,
}

#[derive(Clone, Debug)]
enum Happening {
    Changed(What),
    FoundUnhealthy { output: String },
    Printed(String),
}

impl MemoryEngine {
    pub(crate) fn new(script: Script) -> Self {
        let engine = Self {
            begun: Instant::now(),
            images: RefCell::new(script.images.clone()),
            timeline: RefCell::default(),
            sequence: Cell::new(1),
            changed: Notify::new(),
            break_is_over: Cell::new(false),
            still_refused: Cell::new(if script.events_break_at.is_some() {
                0
            } else {
                script.refused_subscriptions
            }),
            still_unanswered: Cell::new(script.unanswered_questions),
            calls: Cell::new(0),
            most_calls: Cell::new(0),
            subscriptions: Cell::new(0),
            openings: RefCell::default(),
            open: Cell::new(0),
            most_open: Cell::new(0),
            script,
        };
        for (name, behaviour) in &engine.script.containers {
            if behaviour.runs_already || behaviour.is_there_already {
                engine.create(name);
            }
            if behaviour.runs_already {
                engine.start(name);
            }
        }
        engine
    }

    /// The most concurrent calls so far.
    pub(crate) fn most_calls(&self) -> usize {
        self.most_calls.get()
    }

    /// How often events were subscribed to.
    pub(crate) fn subscriptions(&self) -> usize {
        self.subscriptions.get()
    }

    /// The most concurrently open streams of output so far.
    pub(crate) fn most_open(&self) -> usize {
        self.most_open.get()
    }

    fn create(&self, name: &ContainerName) {
        self.happens(name, Duration::ZERO, Happening::Changed(What::Created));
    }

    /// Adds the container's scripted behaviour to the timeline.
    fn start(&self, name: &ContainerName) {
        let mut behaviour = self.behaviour(name);
        if behaviour.happens_once && self.was_started(name) {
            behaviour.deeds.clear();
        }
        let mut begin = Duration::ZERO;
        for _ in 0..=behaviour.restarts {
            self.happens(name, begin, Happening::Changed(What::Started));
            let mut end = None;
            for (after, deed) in &behaviour.deeds {
                self.will_do(name, begin + *after, deed);
                if let ObjectChange::Exits { .. } = deed {
                    end = Some(begin + *after);
                }
            }
            let Some(end) = end else { break };
            if behaviour.removes_itself {
                self.happens(name, end, Happening::Changed(What::Removed));
            }
            begin = end + Duration::from_millis(100);
        }
    }

    fn was_started(&self, name: &ContainerName) -> bool {
        let timeline = self.timeline.borrow();
        let is_start = |entry: &Entry| matches!(entry.what, Happening::Changed(What::Started));
        timeline.values().any(|entry| entry.container == *name && is_start(entry))
    }

    fn will_do(&self, name: &ContainerName, after: Duration, deed: &ObjectChange) {
        match deed {
            ObjectChange::BecomesHealthy => {
                self.happens(name, after, Happening::Changed(What::Health(Health::Healthy)));
            }
            ObjectChange::BecomesUnhealthy { output } => {
                self.happens(name, after, Happening::FoundUnhealthy { output: output.clone() });
            }
            ObjectChange::Exits { code } => {
                self.happens(name, after, Happening::Changed(What::Died { exit_code: *code }));
            }
            ObjectChange::Prints { line } => self.happens(name, after, Happening::Printed(line.clone())),
            ObjectChange::IsSignalled { signal } => {
                let what = What::Signalled { signal: Some(*signal) };
                self.happens(name, after, Happening::Changed(what));
            }
            ObjectChange::IsPaused => self.happens(name, after, Happening::Changed(What::Paused)),
            ObjectChange::IsRemoved => self.happens(name, after, Happening::Changed(What::Removed)),
            ObjectChange::IsRenamed { to } => {
                self.happens(to, after, Happening::Changed(What::Renamed));
                self.happens(name, after, Happening::Changed(What::Other("gone".to_owned())));
            }
        }
    }

    fn happens(&self, container: &ContainerName, after: Duration, what: Happening) {
        let moment = (Instant::now() + after, self.sequence.replace(self.sequence.get() + 1));
        self.timeline
            .borrow_mut()
            .insert(moment, Entry { container: container.clone(), what, is_of_past: false });
        self.changed.notify_waiters();
    }

    /// Removes the future events of a container.
    fn interrupt(&self, container: &ContainerName) {
        let now = Instant::now();
        self.timeline.borrow_mut().retain(|(at, _), entry| *at <= now || entry.container != *container);
    }

    fn behaviour(&self, name: &ContainerName) -> Behaviour {
        self.script.containers.get(name).cloned().unwrap_or_default()
    }

    /// The container's current state from all its events; `None` if it does not exist.
    pub(crate) fn state(&self, name: &ContainerName) -> Option<ContainerState> {
        let behaviour = self.behaviour(name);
        let now = Instant::now();
        let mut life = Life::default();
        for ((at, _), entry) in &*self.timeline.borrow() {
            if *at <= now && entry.container == *name && !entry.is_of_past {
                life.goes_on(&behaviour, &entry.what, *at - self.begun);
            }
        }
        life.state
    }

    /// The next event in the timeline after `cursor`, once its time has come.
    async fn next_entry(&self, cursor: Moment) -> (Moment, Entry) {
        loop {
            let changed = self.changed.notified();
            let next = self.timeline.borrow().range((Excluded(cursor), Unbounded)).next().map(clone_entry);
            match next {
                Some((moment, entry)) if moment.0 <= Instant::now() => return (moment, entry),
                Some(((at, _), _)) => {
                    tokio::select! { biased; () = changed => {}, () = sleep_until(at) => {} }
                }
                None => changed.await,
            }
        }
    }

    /// Ends when the script breaks the event stream.
    async fn break_of_events(&self) -> EngineError {
        match self.script.events_break_at {
            Some(at) if !self.break_is_over.get() => {
                sleep_until(self.begun + at).await;
                self.break_is_over.set(true);
                self.still_refused.set(self.script.refused_subscriptions);
                EngineError::Disconnected("somebody pulled the plug".to_owned())
            }
            _ => std::future::pending().await,
        }
    }

    async fn do_action(&self, action: &Action, progress: &dyn Fn(Progress)) -> Result<(), EngineError> {
        let takes = action.container().and_then(|name| self.behaviour(name).call_takes);
        match action {
            Action::PullImage { image, .. } => self.get_image(image, progress).await,
            Action::BuildImage(spec) => {
                progress(Progress::Now("[1/1] COPY . .".to_owned()));
                let message = "process \"/bin/sh -c make\" did not complete: exit code 2".to_owned();
                let output = vec!["cc -c main.c".to_owned(), "main.c:1: error: expected `;`".to_owned()];
                let is_built = self.get_image(&spec.image, progress).await;
                is_built.map_err(|_| EngineError::BuildFailed { message, output, excerpt: None })
            }
            _ => {
                sleep(takes.unwrap_or(Duration::from_millis(10))).await;
                if let Action::CreateContainer(spec) = action {
                    self.behaviour(&spec.name).warns.map(Progress::Warning).into_iter().for_each(progress);
                }
                self.do_at_once(action)
            }
        }
    }

    async fn get_image(
        &self,
        image: &ImageReference,
        progress: &dyn Fn(Progress),
    ) -> Result<(), EngineError> {
        for done in [1, 2] {
            sleep(Duration::from_millis(100)).await;
            let part = "layer".to_owned();
            progress(Progress::Bytes { part, done: done * 1_000_000, total: Some(2_000_000) });
        }
        let Some(id) = self.script.new_images.get(image) else {
            return Err(refused(404, format!("manifest for {image} not found")));
        };
        self.images.borrow_mut().insert(image.clone(), id.clone());
        Ok(())
    }

    fn do_at_once(&self, action: &Action) -> Result<(), EngineError> {
        match action {
            Action::CreateContainer(spec) => {
                if let Some(words) = self.behaviour(&spec.name).refuses_create {
                    return Err(refused(400, words));
                }
                self.create(&spec.name);
            }
            Action::UpdateContainer { container, .. } => {
                if let Some(words) = self.behaviour(container).refuses_update {
                    return Err(refused(500, words));
                }
            }
            Action::StartContainer { container, .. } => {
                let behaviour = self.behaviour(container);
                if let Some(words) = behaviour.refuses_start {
                    return Err(refused(500, words));
                }
                if self.state(container).is_none() {
                    return Err(refused(404, format!("No such container: {container}")));
                }
                self.start(container);
            }
            Action::StopContainer { container, .. } => {
                self.interrupt(container);
                self.signal(container, 15);
                self.happens(container, Duration::ZERO, Happening::Changed(What::Died { exit_code: 143 }));
            }
            Action::KillContainer { container, .. } => {
                self.interrupt(container);
                self.signal(container, 9);
                self.happens(container, Duration::ZERO, Happening::Changed(What::Died { exit_code: 137 }));
            }
            Action::RemoveContainer { container, .. } => {
                self.interrupt(container);
                self.happens(container, Duration::ZERO, Happening::Changed(What::Removed));
                self.entries_of(container, |entry| entry.is_of_past = true);
            }
            Action::RenameContainer { from, to } => self.rename(from, to),
            Action::PauseContainer { container } => {
                self.happens(container, Duration::ZERO, Happening::Changed(What::Paused));
            }
            Action::UnpauseContainer { container } => {
                self.happens(container, Duration::ZERO, Happening::Changed(What::Other(UNPAUSED.to_owned())));
            }
            Action::PullImage { .. }
            | Action::PushImage { .. }
            | Action::RemoveImage { .. }
            | Action::BuildImage(_)
            | Action::CreateNetwork(_)
            | Action::RemoveNetwork { .. }
            | Action::CreateVolume(_)
            | Action::RemoveVolume { .. }
            | Action::ConnectNetwork { .. }
            | Action::DisconnectNetwork { .. } => {}
            // It leaves nothing behind.
            Action::RunToEnd(_) => {}
            Action::Wait { .. } => unreachable!("the run waits, not the engine"),
        }
        Ok(())
    }

    fn signal(&self, container: &ContainerName, signal: i64) {
        let what = What::Signalled { signal: Some(signal) };
        self.happens(container, Duration::ZERO, Happening::Changed(what));
    }

    fn rename(&self, from: &ContainerName, to: &ContainerName) {
        self.entries_of(from, |entry| entry.container = to.clone());
        self.happens(to, Duration::ZERO, Happening::Changed(What::Renamed));
    }

    fn entries_of(&self, container: &ContainerName, change: impl Fn(&mut Entry)) {
        let mut timeline = self.timeline.borrow_mut();
        let is_its = |entry: &&mut Entry| entry.container == *container && !entry.is_of_past;
        timeline.values_mut().filter(is_its).for_each(change);
    }
}

impl Observe for MemoryEngine {
    async fn observe(&self, _query: &Query) -> Result<Observed, EngineError> {
        Ok(Observed::default())
    }

    async fn inspect(&self, container: &ContainerName) -> Result<ContainerState, EngineError> {
        sleep(Duration::from_millis(1)).await;
        if self.still_unanswered.get() > 0 {
            self.still_unanswered.set(self.still_unanswered.get() - 1);
            return Err(EngineError::Disconnected("nobody answers".to_owned()));
        }
        self.state(container).ok_or_else(|| refused(404, format!("No such container: {container}")))
    }

    async fn image_id(&self, image: &ImageReference) -> Result<Option<ImageId>, EngineError> {
        Ok(self.images.borrow().get(image).cloned())
    }
}

impl Perform for MemoryEngine {
    async fn perform(&self, action: &Action, progress: &dyn Fn(Progress)) -> Result<(), EngineError> {
        self.calls.set(self.calls.get() + 1);
        self.most_calls.set(self.most_calls.get().max(self.calls.get()));
        let result = self.do_action(action, progress).await;
        if action.container().is_some_and(|container| self.behaviour(container).loses_answers) {
            pending::<()>().await;
        }
        self.calls.set(self.calls.get() - 1);
        result
    }
}

impl Events for MemoryEngine {
    async fn subscribe(
        &self,
        _project: &ProjectName,
    ) -> Result<impl Stream<Item = Result<Change, EngineError>> + Unpin, EngineError> {
        self.subscriptions.set(self.subscriptions.get() + 1);
        if self.still_refused.get() > 0 {
            self.still_refused.set(self.still_refused.get() - 1);
            return Err(EngineError::Disconnected("nobody answers".to_owned()));
        }
        match self.script.hearing {
            Hearing::Unanswered => std::future::pending().await,
            Hearing::Forbidden => return Err(refused(403, "Request forbidden by administrative rules")),
            Hearing::Told | Hearing::Silent | Hearing::WithoutHealth => {}
        }
        let cursor = (Instant::now(), self.sequence.get() - 1);
        Ok(Box::pin(stream::unfold(Some(cursor), async |cursor| {
            let mut cursor = cursor?;
            if self.script.hearing == Hearing::Silent {
                std::future::pending().await
            }
            loop {
                let (moment, entry) = tokio::select! { biased;
                    error = self.break_of_events() => return Some((Err(error), None)),
                    next = self.next_entry(cursor) => next,
                };
                cursor = moment;
                if let Some(mut what) = entry.what.as_change() {
                    if self.script.hearing == Hearing::WithoutHealth && matches!(what, What::Health(_)) {
                        what = What::HealthChecked;
                    }
                    let at = (moment.0 - self.begun).as_nanos() as i64;
                    return Some((Ok(Change { container: entry.container, what, at }), Some(cursor)));
                }
            }
        })))
    }
}

impl MemoryEngine {
    /// All that happened so far, as the engine remembers it.
    pub(crate) fn happened(&self) -> Vec<Change> {
        let timeline = self.timeline.borrow();
        let past = timeline.iter().filter(|((at, _), _)| *at <= Instant::now());
        let change = |((at, _), entry): (&Moment, &Entry)| {
            // Who compares it with the present has another clock than these tests.
            let at = SystemTime::now() - (Instant::now() - *at);
            let at = at.duration_since(SystemTime::UNIX_EPOCH).expect("it is later").as_nanos() as i64;
            Some(Change { container: entry.container.clone(), what: entry.what.as_change()?, at })
        };
        past.filter_map(change).collect()
    }
}

impl Logs for MemoryEngine {
    async fn logs<'engine>(
        &'engine self,
        container: &ContainerName,
        choice: &LogChoice,
    ) -> Result<impl Stream<Item = Result<LogChunk, EngineError>> + Unpin + use<'engine>, EngineError> {
        let behaviour = self.behaviour(container);
        let (container, with_time) = (container.clone(), choice.timestamps);
        let opening =
            *self.openings.borrow_mut().entry(container.clone()).and_modify(|count| *count += 1).or_insert(0);
        if (1..=behaviour.output_refused).contains(&opening) {
            return Err(EngineError::Disconnected("nobody answers".to_owned()));
        }
        let open = Open::of(self);
        let cursor = (Instant::now(), self.sequence.get() - 1);
        let past = self.printed(&container, choice, cursor);
        let is_running = self.state(&container).is_some_and(|state| state.status == Status::Running);
        let future = (choice.follow && is_running).then_some(cursor);
        let future = stream::unfold(future, move |cursor| {
            let container = container.clone();
            async move {
                let mut cursor = cursor?;
                loop {
                    let (moment, entry) = self.next_entry(cursor).await;
                    cursor = moment;
                    if entry.container != container {
                        continue;
                    }
                    if let Some(chunk) = entry.what.as_chunk(with_time, moment.0 - self.begun) {
                        return Some((Ok(chunk), Some(cursor)));
                    }
                    if let Happening::Changed(What::Died { .. }) = entry.what {
                        return None;
                    }
                }
            }
        });
        let whole = stream::iter(past.into_iter().map(Ok)).chain(future);
        let is_first = opening == 0;
        let breaks = behaviour.output_breaks_after.filter(|_| is_first);
        let pretends = behaviour.output_pretends_end_after.filter(|_| is_first);
        let part = whole.take(breaks.or(pretends).unwrap_or(usize::MAX));
        let plug = EngineError::Disconnected("somebody pulled the plug".to_owned());
        let part = part.chain(stream::iter(breaks.map(|_| Err(plug))));
        Ok(Box::pin(part.map(move |chunk| {
            let _ = &open;
            chunk
        })))
    }
}

/// An open stream of output.
struct Open<'engine>(&'engine MemoryEngine);

impl<'engine> Open<'engine> {
    fn of(engine: &'engine MemoryEngine) -> Self {
        engine.open.set(engine.open.get() + 1);
        engine.most_open.set(engine.most_open.get().max(engine.open.get()));
        Self(engine)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
    }
}

impl MemoryEngine {
    /// The requested output of a container so far.
    fn printed(&self, container: &ContainerName, choice: &LogChoice, now: Moment) -> Vec<LogChunk> {
        let since =
            choice.since.as_ref().map_or(0.0, |since| since.parse::<f64>().expect("seconds") - YEAR_2026);
        let timeline = self.timeline.borrow();
        let entries = timeline.range(..=now).filter(|(_, entry)| entry.container == *container);
        let mut chunks: Vec<_> = entries
            .map(|((at, _), entry)| (*at - self.begun, entry))
            .filter(|(at, entry)| !entry.is_of_past && at.as_secs_f64() >= since)
            .filter_map(|(at, entry)| entry.what.as_chunk(choice.timestamps, at))
            .collect();
        let wanted = choice.tail.map_or(chunks.len(), |tail| tail as usize);
        chunks.split_off(chunks.len().saturating_sub(wanted))
    }
}

impl Happening {
    fn as_change(&self) -> Option<What> {
        match self {
            Happening::Changed(what) => Some(what.clone()),
            Happening::FoundUnhealthy { .. } => Some(What::Health(Health::Unhealthy)),
            Happening::Printed(_) => None,
        }
    }

    fn as_chunk(&self, with_time: bool, at: Duration) -> Option<LogChunk> {
        let Happening::Printed(line) = self else { return None };
        let time = format!("2026-01-01T00:00:{:02}.{:09}Z ", at.as_secs(), at.subsec_nanos());
        let time = if with_time { time.as_str() } else { "" };
        Some(LogChunk { stream: OutputStream::Out, bytes: Bytes::from(format!("{time}{line}\n")) })
    }
}

fn clone_entry((moment, entry): (&Moment, &Entry)) -> (Moment, Entry) {
    (*moment, entry.clone())
}

fn refused(status: u16, message: impl Into<String>) -> EngineError {
    EngineError::Refused { status, message: message.into() }
}
