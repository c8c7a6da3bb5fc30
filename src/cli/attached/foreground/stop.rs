//! In: what is to be stopped. Out: it is stopped, dependants first, or killed.
//! Must not: decide whether it is.

use std::collections::BTreeSet;
use std::pin::pin;

use tokio_util::sync::CancellationToken;

use super::{Foreground, Shared};
use crate::cli::engine::control::standings;
use crate::cli::error::CliError;
use crate::cli::topology::provide;
use crate::engine::Engine;
use crate::plan::observed::{Observed, ObservedContainer, Status};
use crate::plan::{self, Action, KillChoices, Plan};
use crate::report::{AfterCancel, Goal, ScopedGoal, wording};
use crate::run::Outcome;
use crate::run::attached::AttachedEvent;
use crate::run::logs::LogDrain;
use crate::run::provider::Order;

/// How many services are named in a row.
const MOST_NAMES: usize = 8;

impl<E: Engine> Foreground<'_, E> {
    /// The services are stopped, dependants first; at the second Ctrl-C they are killed. Those of providers
    /// are told to stop after them.
    pub(super) async fn stop(&self, shared: &Shared) -> Result<AttachedEvent, CliError> {
        self.stop_containers(shared).await?;
        let (services, output) = (&self.choices.services, self.session.output);
        provide::end(self.topology, services, Order::Stop, output, &shared.killing).await?;
        Ok(AttachedEvent::Stopped)
    }

    async fn stop_containers(&self, shared: &Shared) -> Result<(), CliError> {
        let Shared { log_drain, killing, .. } = shared;
        // Whoever wants it killed does not wait for others.
        killing.run_until_cancelled(self.session.turn.take()).await;
        let observed = self.observe().await?;
        let plan = plan::stop(self.scope(&observed), self.choices.grace);
        // Those that ended by themselves have output to be drained, too.
        let has_ended = |container: &&ObservedContainer| !container.state.is_running();
        let ended = observed.containers.iter().filter(has_ended).map(|container| container.name.clone());
        let ended: Vec<_> = ended.filter(|container| log_drain.has_begun(container)).collect();
        // A run that was interrupted has left it to this one to say how it ended.
        if plan.changes_nothing() && !self.session.cancel.is_cancelled() {
            self.drain(&ended, log_drain).await;
            return Ok(());
        }
        let mut session = self.session.again();
        session.after_cancel = AfterCancel::Kill;
        let scoped_goal = self.scoped_goal(Goal::STOP, &observed);
        let drain_logs = async |outcome: &Outcome| {
            self.drain(&ended, log_drain).await;
            self.drain_ended(&plan, outcome, log_drain).await;
        };
        let is_over = CancellationToken::new();
        let mut stopping = pin!(async {
            let stopped = session.carry_out_amid(&plan, scoped_goal, "stop", killing, drain_logs).await;
            is_over.cancel();
            stopped
        });
        let outcome = tokio::select! {
            outcome = &mut stopping => outcome,
            () = killing.cancelled() => {
                let (stopped, killed) = tokio::join!(stopping, self.kill_now(&plan, log_drain, &is_over));
                if stopped.is_success() { stopped } else { killed? }
            }
        };
        if !outcome.is_success() {
            return Err(CliError::StepsFailed);
        }
        self.tell_what_runs_on(&observed);
        Ok(())
    }

    /// Kills what is being stopped by a plan; how that ended is said when `stop_is_over`.
    async fn kill_now(
        &self,
        stop: &Plan,
        log_drain: &LogDrain,
        stop_is_over: &CancellationToken,
    ) -> Result<Outcome, CliError> {
        let observed = self.observe().await?;
        let choices = KillChoices { signal: "SIGKILL".to_owned(), orphans: false, one_offs: false };
        let plan = plan::kill(self.scope(&observed), &choices);
        // The third Ctrl-C leaves at once; nothing gives this plan up.
        let never = CancellationToken::new();
        let mut session = self.session.again();
        (session.after_cancel, session.names_resume) = (AfterCancel::End, false);
        let drain_logs = async |outcome: &Outcome| {
            self.drain_ended(&plan, outcome, log_drain).await;
            stop_is_over.cancelled().await;
        };
        let is_stop = |action: &Action| matches!(action, Action::StopContainer { .. });
        let is_kill = |action: &Action| matches!(action, Action::KillContainer { .. });
        let stopped_before = count(stop, is_stop).saturating_sub(count(&plan, is_kill));
        let scoped_goal = ScopedGoal { stopped_before, ..self.scoped_goal(Goal::KILL, &observed) };
        Ok(session.carry_out_amid(&plan, scoped_goal, "kill", &never, drain_logs).await)
    }

    /// Where services were named, what is stopped is these, and others may run on.
    fn scoped_goal(&self, goal: Goal, observed: &Observed) -> ScopedGoal {
        let services = self.choices.services.clone();
        let idle = standings(self.scope(observed), &services, Some(Status::Exited));
        ScopedGoal { idle: (!services.is_empty()).then_some(idle), services, ..goal.into() }
    }

    /// Says which services run on, where only those were stopped that were named.
    fn tell_what_runs_on(&self, observed: &Observed) {
        let services = &self.choices.services;
        let runs_on = |container: &&ObservedContainer| {
            container.state.is_running() && !container.is_one_off && !services.contains(&container.service)
        };
        let others = observed.containers.iter().filter(runs_on).map(|container| container.service.as_str());
        let others: BTreeSet<&str> = others.collect();
        if services.is_empty() || others.is_empty() || !self.session.is_shown() {
            return;
        }
        let verb = if others.len() == 1 { "keeps" } else { "keep" };
        self.session.remark(&format!("{} {verb} running", wording::names(others, MOST_NAMES)));
    }
}

/// How many steps of a plan are meant.
fn count(plan: &Plan, is_meant: impl Fn(&Action) -> bool) -> usize {
    plan.steps.iter().filter(|step| is_meant(&step.action)).count()
}
