//! In: containers. Out: which of them ended, when all that they printed was shown, and with what exit code.
//! Must not: decide what follows from an end.

use std::collections::BTreeSet;
use std::future::pending;
use std::time::Duration;

use futures_util::future::{FutureExt, LocalBoxFuture};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use super::{Foreground, Shared};
use crate::cli::engine::session;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::engine::Engine;
use crate::plan::observed::{Observed, ObservedContainer, Status};
use crate::plan::{self, Action, Plan, StepId};
use crate::run::attached::{Abort, AttachedEvent};
use crate::run::logs::LogDrain;
use crate::run::{ContainerEnd, End, Ends, Heard, Outcome};
use crate::topology::name::ContainerName;

/// How long the output of containers that ended may stay silent before it counts as over.
const LONGEST_SILENCE: Duration = Duration::from_secs(2);

impl<E: Engine> Foreground<'_, E> {
    /// Tells of the ends of containers as they come. Ends only when what is there cannot be found out.
    pub(super) fn follow_ends<'t>(
        &'t self,
        heard: UnboundedReceiver<Heard>,
        told: UnboundedSender<AttachedEvent>,
        shared: &'t Shared,
    ) -> LocalBoxFuture<'t, CliError> {
        async move {
            let observed = match self.observe().await {
                Ok(observed) => observed,
                Err(error) => return error,
            };
            let (watched, jobs) = (self.watched(&observed), self.jobs(&observed));
            shared.watched.replace(watched.clone());
            let mut ends = Ends::new(self.session.engine, heard, watched.clone());
            if self.abort != Abort::Never {
                ends = ends.with_restarts();
            }
            loop {
                let event = match ends.next().await {
                    Ok(Some(end)) => {
                        let is_job = jobs.contains(&end.container);
                        shared.note_exit(&end, is_job);
                        AttachedEvent::ContainerEnded { is_job, end }
                    }
                    Ok(None) => AttachedEvent::AllEnded,
                    Err(error) => AttachedEvent::EventsLost(error),
                };
                let (are_all, is_lost) =
                    (event == AttachedEvent::AllEnded, matches!(event, AttachedEvent::EventsLost(_)));
                // The receiver may be gone.
                let _ = told.send(event);
                if are_all {
                    shared.look_again.notified().await;
                    // Meanwhile they may have been started again, or replaced.
                    if let Err(error) = ends.look_again(watched.clone()).await {
                        let _ = told.send(AttachedEvent::EventsLost(error));
                        return pending().await;
                    }
                }
                if is_lost {
                    return pending().await;
                }
            }
        }
        .boxed_local()
    }

    fn watched(&self, observed: &Observed) -> Vec<ContainerName> {
        self.scope(observed).containers().map(|container| container.name.clone()).collect()
    }

    /// Containers of services that another one waits for until they completed.
    fn jobs(&self, observed: &Observed) -> BTreeSet<ContainerName> {
        let jobs = plan::jobs_of(self.topology);
        let containers = observed.containers.iter().filter(|container| jobs.contains(&container.service));
        containers.map(|container| container.name.clone()).collect()
    }

    /// Where the end of a container ends everything, that of one that was waited for does too. The code of
    /// another service than the chosen one is never passed on.
    pub(super) fn exit_of_failure(&self, plan: &Plan, outcome: &Outcome) -> Result<Exit, CliError> {
        let is_meant =
            |step: &StepId| self.exit_code_from.is_none() || plan.steps[*step].service == self.exit_code_from;
        let failures = outcome.failures().filter(|(step, _)| is_meant(step));
        let codes = failures.filter_map(|(_, failure)| failure.cause.exit_code());
        let code = codes.into_iter().find(|code| *code != 0).filter(|_| self.abort != Abort::Never);
        code.map_or_else(|| session::exit_of(outcome), |code| Ok(Exit::of_container(code)))
    }

    /// The exit code of the service that was chosen, or of the container that ended everything. Of one that
    /// was started again the first exit counts.
    pub(super) async fn exit_of_service(
        &self,
        end: Option<ContainerEnd>,
        shared: &Shared,
    ) -> Result<Exit, CliError> {
        let Some(service) = &self.exit_code_from else {
            return Ok(end.map_or(Exit::Success, |end| Exit::of_container(end.exit_code)));
        };
        let observed = self.observe().await?;
        let is_meant =
            |container: &&ObservedContainer| container.service == *service && !container.is_one_off;
        let mut containers = observed.containers.iter().filter(is_meant);
        let is_of_service = |end: &ContainerEnd| containers.clone().any(|its| its.name == end.container);
        if let Some(end) = end.filter(is_of_service) {
            return Ok(Exit::of_container(end.exit_code));
        }
        let container = containers.next();
        // One that is not there any more, or was never started, has not done what it was to do.
        let Some(container) = container.filter(|container| container.state.status != Status::Created) else {
            return Ok(Exit::Failed);
        };
        if let Some(exit_code) = shared.first_exits.borrow().get(&container.name) {
            return Ok(Exit::of_container(*exit_code));
        }
        if container.state.is_running() {
            self.session.remark(&format!("{} is still running: it has no exit code yet", container.name));
            return Ok(Exit::Failed);
        }
        Ok(Exit::of_container(container.state.exit_code))
    }

    /// Waits until everything was shown that containers printed which ended in a run.
    pub(super) async fn drain_ended(&self, plan: &Plan, outcome: &Outcome, log_drain: &LogDrain) {
        let is_known = |container: &ContainerName| log_drain.has_begun(container);
        let ended = |(index, step): (usize, &plan::Step)| match (&step.action, &outcome.steps[index].end) {
            (Action::Wait { container, .. }, End::Failed(failure)) => {
                failure.cause.exit_code()?;
                Some(self.following.newcomer(&plan.project, container)?.container)
            }
            // One that runs again by now may say more.
            (Action::StopContainer { container, .. }, End::Done) => {
                (is_known(container) && !outcome.running.contains(container)).then(|| container.clone())
            }
            (Action::KillContainer { container, .. }, End::Done) => {
                is_known(container).then(|| container.clone())
            }
            _ => None,
        };
        let ended: Vec<ContainerName> = plan.steps.iter().enumerate().filter_map(ended).collect();
        self.drain(&ended, log_drain).await;
    }

    /// Waits until everything was shown that these containers printed. One whose output cannot be had must not
    /// hold up the end, nor must a reader who takes nothing once Ctrl-C was pressed.
    pub(super) async fn drain(&self, ended: &[ContainerName], log_drain: &LogDrain) {
        let is_patient = || !self.session.cancel.is_cancelled();
        tokio::select! { biased;
            () = log_drain.all_of(ended) => {}
            () = log_drain.silence(LONGEST_SILENCE, is_patient) => {}
        }
    }

    /// Waits until everything was shown that containers printed which ended, as far as they are followed.
    pub(super) async fn drain_followed(
        &self,
        ended: Vec<ContainerName>,
        shared: &Shared,
    ) -> Result<AttachedEvent, CliError> {
        let is_followed =
            |container: &ContainerName| self.following.newcomer(&self.topology.name, container).is_some();
        let ended: Vec<ContainerName> = ended.into_iter().filter(is_followed).collect();
        self.drain(&ended, &shared.log_drain).await;
        Ok(AttachedEvent::Drained)
    }
}
