//! In: a step whose turn has come. Out: how it ended.
//! Must not: know of other steps, or print.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::event::{Cause, End, Event, Failure};
use super::tail::{last_health_output, log_tail};
use super::wait::{look, wait};
use super::watch::Listeners;
use crate::engine::{Engine, EngineError, Progress};
use crate::plan::action::AnonymousVolumes;
use crate::plan::observed::{ContainerState, DEFAULT_GRACE};
use crate::plan::{Action, Condition, FormerImage, Guard, Plan, StepId};
use crate::topology::name::{ContainerName, ImageId};
use crate::value::image::ImageReference;

/// What a step's call needs. It is shared by all calls and holds no state of the run.
pub(super) struct Caller<'run, E> {
    pub(super) plan: &'run Plan,
    pub(super) engine: &'run E,
    pub(super) cancel: &'run CancellationToken,
    pub(super) events: &'run UnboundedSender<Event>,
    pub(super) listeners: &'run Listeners,
    /// How long waits may last, and when that is over.
    pub(super) wait_limit: Option<(Duration, Instant)>,
    pub(super) answers: &'run Answers<'run>,
    /// The steps that are done although the user asked to stop.
    pub(super) must_finish: &'run RefCell<BTreeSet<StepId>>,
}

/// How long calls that are under way may take when the user asks to stop: whoever supervises topo kills it
/// after about ten seconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long steps may take that bring a service back.
const PATIENCE_FOR_OWED: Duration = Duration::from_secs(20);

/// How long the engine may take for a call that depends on nobody else. A longer one was lost on the way, or its
/// response was.
const LONGEST_CALL: Duration = Duration::from_secs(120);

/// The same for calls that may copy or delete much data, such as an image's files into a volume.
const LONGEST_COPY: Duration = Duration::from_secs(600);

/// How often a container is inspected whose stop takes longer than its grace period.
const STOP_LOOKS: Duration = Duration::from_secs(1);

impl<'run, E: Engine> Caller<'run, E> {
    /// Performs a step whose turn has come: how it ended, and how long it took. Once the user asked to stop,
    /// an engine that does not answer is waited for no more.
    pub(super) async fn call(&self, step: StepId) -> (StepId, End, Duration) {
        let begun = Instant::now();
        tokio::select! { biased;
            called = self.called(step) => called,
            () = self.patience_ends(step) => (step, End::Cancelled, begun.elapsed()),
            limit = self.limit_ends(step, begun) => (step, unanswered(limit), begun.elapsed()),
            () = self.stops_unheard(step) => (step, End::Done, begun.elapsed()),
        }
    }

    async fn patience_ends(&self, step: StepId) {
        self.cancel.cancelled().await;
        let patience = match &self.plan.steps[step].action {
            _ if !self.must_finish.borrow().contains(&step) => PATIENCE,
            // It lasts until the container's process has ended.
            Action::StopContainer { container, grace, .. } => {
                PATIENCE_FOR_OWED + self.grace(container, *grace).await
            }
            _ => PATIENCE_FOR_OWED,
        };
        sleep(patience).await;
    }

    /// An engine that does not answer is not waited for any longer: once the time for waiting is over, or after a
    /// long while. What takes as long as somebody else wants it to is waited for.
    async fn limit_ends(&self, step: StepId, begun: Instant) -> Duration {
        let action = &self.plan.steps[step].action;
        let Some(longest) = longest_call(action) else { return pending().await };
        let longest = (longest, begun + longest);
        let (limit, deadline) =
            self.wait_limit.filter(|(_, deadline)| *deadline < longest.1).unwrap_or(longest);
        sleep_until(deadline).await;
        let usual = match action {
            Action::StopContainer { container, grace, .. } => PATIENCE + self.grace(container, *grace).await,
            _ => PATIENCE,
        };
        sleep_until(begun + usual).await;
        limit
    }

    /// Ends when the container has stopped, in case the engine never responds to the stop request.
    async fn stops_unheard(&self, step: StepId) {
        let Action::StopContainer { container, grace, pre_stop, .. } = &self.plan.steps[step].action else {
            return pending().await;
        };
        if !pre_stop.is_empty() {
            return pending().await;
        }
        sleep(PATIENCE).await;
        sleep(self.grace(container, *grace).await).await;
        while !matches!(look(self.engine, container).await, Ok(state) if state.as_ref().is_none_or(has_ended))
        {
            sleep(STOP_LOOKS).await;
        }
    }

    /// How long a container has to stop: what was asked for, or what it says itself.
    async fn grace(&self, container: &ContainerName, asked: Option<Duration>) -> Duration {
        match asked {
            Some(grace) => grace,
            None => {
                let asked = timeout(PATIENCE, self.engine.grace(container)).await;
                asked.ok().flatten().unwrap_or(DEFAULT_GRACE)
            }
        }
    }

    async fn called(&self, step: StepId) -> (StepId, End, Duration) {
        let only_if = self.plan.steps[step].only_if.as_ref();
        let not_started = |end| (step, end, Duration::ZERO);
        match self.answers.holds(self.engine, only_if).await {
            Ok(true) if self.cancel.is_cancelled() && !self.must_finish.borrow().contains(&step) => {
                return not_started(End::Cancelled);
            }
            Ok(true) => {}
            Ok(false) => return not_started(End::NotNeeded),
            Err(error) => {
                return not_started(End::Failed(Failure { cause: error.into(), log_tail: Vec::new() }));
            }
        }
        self.tell(Event::StepStarted { step });
        let container = self.plan.container(step).map(ContainerName::as_str);
        debug!(step = step.index(), container, "step started");
        let begun = Instant::now();
        let end = self.end_of(step).await;
        let took = begun.elapsed();
        debug!(step = step.index(), container, ?took, "step ended");
        (step, end, took)
    }

    async fn end_of(&self, step: StepId) -> End {
        let action = &self.plan.steps[step].action;
        let result = match action {
            Action::Wait { container, until } => self.or_cancel(self.wait(step, container, *until)).await,
            Action::PullImage { .. } | Action::PushImage { .. } | Action::BuildImage(_) => {
                self.or_cancel(self.perform(step)).await
            }
            Action::RunToEnd(spec) => {
                let done = self.or_cancel(self.perform(step)).await;
                if done.is_none() {
                    self.remove(&spec.name).await;
                }
                done
            }
            _ => Some(self.perform(step).await),
        };
        match result {
            Some(Ok(())) => End::Done,
            Some(Err(cause)) if self.may_be_replaced(action) => {
                let words = format!("cannot be updated in place, and is recreated: {cause}");
                self.tell(Event::StepProgress { step, progress: Progress::Warning(words) });
                self.answers.refused_updates.borrow_mut().extend(action.container().cloned());
                End::NotNeeded
            }
            Some(Err(cause)) => End::Failed(self.failure(action, cause).await),
            None => End::Cancelled,
        }
    }

    /// Whether it is an update of a container that the plan replaces when the engine refuses that.
    fn may_be_replaced(&self, action: &Action) -> bool {
        let Action::UpdateContainer { container, change: _ } = action else { return false };
        let guards = self.plan.steps.iter().filter_map(|step| step.only_if.as_ref());
        guards.into_iter().any(|guard| guard.refused_updates.contains(container))
    }

    async fn perform(&self, step: StepId) -> Result<(), Cause> {
        let action = &self.plan.steps[step].action;
        if let Action::StartContainer { container, .. } = action {
            self.listeners.starts(container);
        }
        let report = |progress| self.tell(Event::StepProgress { step, progress });
        Ok(self.engine.perform(action, &report).await?)
    }

    /// What was given up leaves nothing behind.
    async fn remove(&self, container: &ContainerName) {
        let (container, anonymous_volumes) = (container.clone(), AnonymousVolumes::Remove);
        let remove = Action::RemoveContainer { container, anonymous_volumes };
        // The run is over: nobody can do anything about it.
        let _ = self.engine.perform(&remove, &|_| {}).await;
    }

    async fn wait(&self, step: StepId, container: &ContainerName, until: Condition) -> Result<(), Cause> {
        let tell = |progress| self.tell(Event::StepProgress { step, progress });
        let waiting = wait(self.engine, self.listeners, container, until, tell);
        let Some((limit, deadline)) = self.wait_limit else { return waiting.await };
        if let Ok(result) = timeout_at(deadline, waiting).await {
            return result;
        }
        Err(Cause::NotInTime { limit, output: last_health_output(self.engine, container).await })
    }

    async fn failure(&self, action: &Action, cause: Cause) -> Failure {
        let log_tail = match action {
            Action::Wait { container, .. } if has_log(&cause) => log_tail(self.engine, container).await,
            _ => Vec::new(),
        };
        Failure { cause, log_tail }
    }

    fn tell(&self, event: Event) {
        // The run goes on when nobody listens any more.
        let _ = self.events.send(event);
    }

    /// Gives up what can be given up without leaving anything half done; nothing when it was.
    async fn or_cancel<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! { biased;
            done = work => Some(done),
            () = self.cancel.cancelled() => None,
        }
    }
}

fn has_ended(state: &ContainerState) -> bool {
    !state.is_running()
}

/// How long the engine may take for an action; `None` if that depends on something else, such as a registry.
fn longest_call(action: &Action) -> Option<Duration> {
    match action {
        Action::Wait { .. }
        | Action::PullImage { .. }
        | Action::PushImage { .. }
        | Action::BuildImage(_)
        | Action::RunToEnd(_) => None,
        Action::StartContainer { post_start: hooks, .. } | Action::StopContainer { pre_stop: hooks, .. }
            if !hooks.is_empty() =>
        {
            None
        }
        Action::CreateContainer(_) | Action::RemoveContainer { .. } | Action::RemoveVolume { .. } => {
            Some(LONGEST_COPY)
        }
        Action::RemoveImage { .. }
        | Action::CreateNetwork(_)
        | Action::RemoveNetwork { .. }
        | Action::CreateVolume(_)
        | Action::UpdateContainer { .. }
        | Action::RenameContainer { .. }
        | Action::StartContainer { .. }
        | Action::StopContainer { .. }
        | Action::KillContainer { .. }
        | Action::PauseContainer { .. }
        | Action::UnpauseContainer { .. }
        | Action::ConnectNetwork { .. }
        | Action::DisconnectNetwork { .. } => Some(LONGEST_CALL),
    }
}

/// The end of a step that the engine did not answer.
fn unanswered(limit: Duration) -> End {
    let words = format!("the engine has not answered within {} s", limit.as_secs_f64());
    End::Failed(Failure { cause: EngineError::NoAnswer(words).into(), log_tail: Vec::new() })
}

/// What each reference names since the steps that make it were done. Each is asked for once in a run, so
/// that steps which belong together agree.
#[derive(Debug, Default)]
pub(super) struct Answers<'run> {
    known: RefCell<BTreeMap<&'run ImageReference, Option<ImageId>>>,
    /// The containers that the engine refused to update.
    refused_updates: RefCell<BTreeSet<ContainerName>>,
}

impl<'run> Answers<'run> {
    async fn holds<E: Engine>(&self, engine: &E, guard: Option<&'run Guard>) -> Result<bool, EngineError> {
        let Some(Guard { differing_images: images, refused_updates }) = guard else { return Ok(true) };
        if refused_updates.iter().any(|container| self.refused_updates.borrow().contains(container)) {
            return Ok(true);
        }
        for FormerImage { image, from } in images {
            if self.image(engine, image).await?.as_ref() != Some(from) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn image<E: Engine>(
        &self,
        engine: &E,
        image: &'run ImageReference,
    ) -> Result<Option<ImageId>, EngineError> {
        if let Some(answer) = self.known.borrow().get(image) {
            return Ok(answer.clone());
        }
        let answer = engine.image_id(image).await?;
        // Another step may have asked meanwhile: the first answer counts.
        Ok(self.known.borrow_mut().entry(image).or_insert(answer).clone())
    }
}

/// Whether the container's log may say more than the cause.
fn has_log(cause: &Cause) -> bool {
    match cause {
        Cause::Exited { .. }
        | Cause::Unsuccessful { .. }
        | Cause::Unhealthy { .. }
        | Cause::NotInTime { .. } => true,
        Cause::Engine(_) | Cause::NoHealthcheck | Cause::Paused | Cause::Removed => false,
    }
}
