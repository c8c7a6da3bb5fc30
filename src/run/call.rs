//! In: a step whose turn has come. Out: how it ended.
//! Must not: know of other steps, or print.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::event::{Cause, End, Event, Failure};
use super::tail::{last_health_output, log_tail};
use super::wait::wait;
use super::watch::Listeners;
use crate::engine::{Engine, EngineError, Progress};
use crate::plan::action::AnonymousVolumes;
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

/// How long engines let a container's process end that says nothing else.
const USUAL_GRACE: Duration = Duration::from_secs(10);

impl<'run, E: Engine> Caller<'run, E> {
    /// Performs a step whose turn has come: how it ended, and how long it took. Once the user asked to stop,
    /// an engine that does not answer is waited for no more.
    pub(super) async fn call(&self, step: StepId) -> (StepId, End, Duration) {
        let begun = Instant::now();
        tokio::select! { biased;
            called = self.called(step) => called,
            () = self.patience_ends(step) => (step, End::Cancelled, begun.elapsed()),
            limit = self.limit_ends(step, begun) => (step, unanswered(limit), begun.elapsed()),
        }
    }

    async fn patience_ends(&self, step: StepId) {
        self.cancel.cancelled().await;
        let patience = match &self.plan.steps[step].action {
            _ if !self.must_finish.borrow().contains(&step) => PATIENCE,
            // It lasts until the container's process has ended.
            Action::StopContainer { grace, .. } => PATIENCE_FOR_OWED + grace.unwrap_or(USUAL_GRACE),
            _ => PATIENCE_FOR_OWED,
        };
        sleep(patience).await;
    }

    /// When the time for waiting is over, an engine that does not answer what it does at once is waited for no
    /// more. What takes its time is: the waits after it are given up.
    async fn limit_ends(&self, step: StepId, begun: Instant) -> Duration {
        let Some((limit, deadline)) = self.wait_limit else { return pending().await };
        let usual = match &self.plan.steps[step].action {
            Action::Wait { .. }
            | Action::PullImage { .. }
            | Action::PushImage { .. }
            | Action::BuildImage(_)
            | Action::RunToEnd(_) => return pending().await,
            Action::StartContainer { post_start, .. } if !post_start.is_empty() => return pending().await,
            Action::StopContainer { grace, .. } => PATIENCE + grace.unwrap_or(USUAL_GRACE),
            _ => PATIENCE,
        };
        sleep_until(deadline.max(begun + usual)).await;
        limit
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
