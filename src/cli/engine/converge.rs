//! In: a plan, and a way to plan again. Out: the engine as the plan leaves it, seen in one last look.
//! Must not: take a container that ends by itself for one that was lost, or go on for ever.
//!
//! A run is not over when its calls have returned. What others did meanwhile, the calls of a run that was killed a moment
//! before among them, is seen in the last look, planned again and done in another round. A run that failed because what
//! it relied on was taken away is tried again in the same way.

use std::borrow::Cow;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::cli::engine::carry_out::Another;
use crate::cli::engine::session::{self, Session};
use crate::cli::error::CliError;
use crate::diagnostic::Diagnostics;
use crate::engine::{Engine, EngineError};
use crate::plan::{self, Action, Plan, UpChoices};
use crate::report::ScopedGoal;
use crate::run::{Cause, Doubt, Failure, LastLook, Outcome, PAUSES, last_look};
use crate::topology::Topology;
use crate::topology::name::ContainerName;

/// How many rounds follow the first one at most.
const MOST_ROUNDS: usize = 3;

/// What came of the rounds: the last plan and its outcome.
pub(crate) type Converged<'plan> = (Cow<'plan, Plan>, Outcome);

impl<E: Engine> Session<'_, E> {
    /// Carries a plan out until the engine is as it is to be. `plan_again` plans for what was seen; a plan that changes
    /// nothing ends it.
    pub async fn converge<'plan>(
        &self,
        plan: &'plan Plan,
        scoped_goal: impl Into<ScopedGoal>,
        command: &str,
        plan_again: impl AsyncFn(&LastLook) -> Result<Plan, CliError>,
    ) -> Converged<'plan> {
        let drain_logs = async |_: &Plan, _: &Outcome| {};
        self.converge_amid(plan, scoped_goal, command, &self.cancel, drain_logs, plan_again).await
    }

    /// [`Session::converge`], given up when `cancel` is triggered; `drain_logs` is waited for at the end of each round.
    pub(crate) async fn converge_amid<'plan>(
        &self,
        plan: &'plan Plan,
        scoped_goal: impl Into<ScopedGoal>,
        command: &str,
        cancel: &CancellationToken,
        drain_logs: impl AsyncFn(&Plan, &Outcome),
        plan_again: impl AsyncFn(&LastLook) -> Result<Plan, CliError>,
    ) -> Converged<'plan> {
        let scoped_goal = scoped_goal.into();
        let mut plan = Cow::Borrowed(plan);
        for left in (0..=MOST_ROUNDS).rev() {
            let look = async |outcome: &mut Outcome| {
                // What fails again fails for good.
                if !outcome.is_success() && left < MOST_ROUNDS {
                    return None;
                }
                let another = self.another(&plan, outcome, &plan_again).await;
                if left > 0 {
                    return another;
                }
                if let Some(Another { seen, .. }) = another.filter(|_| outcome.is_success()) {
                    outcome.doubt = Some(Doubt::Changing(seen.meanwhile.into_keys().collect()));
                }
                None
            };
            let goal = scoped_goal.clone();
            let drain = async |outcome: &Outcome| drain_logs(&plan, outcome).await;
            let (outcome, another) = self.round(&plan, goal, command, cancel, drain, look).await;
            match another {
                Some(Another { plan: next, .. }) => plan = Cow::Owned(next),
                None => {
                    self.tell_doubt(&outcome, command);
                    return (plan, outcome);
                }
            }
        }
        unreachable!("the last round is followed by none")
    }

    /// Looks once more, and plans what is to be done about what is seen.
    async fn another(
        &self,
        plan: &Plan,
        outcome: &mut Outcome,
        plan_again: impl AsyncFn(&LastLook) -> Result<Plan, CliError>,
    ) -> Option<Another> {
        let lacks = lacks_something(plan, outcome);
        let is_worth_a_look = outcome.is_success() && !plan.changes_nothing();
        if !self.converges || outcome.is_cancelled || !(is_worth_a_look || lacks != Lack::Nothing) {
            return None;
        }
        let seen = match patient_look(self.engine, plan, outcome).await {
            Ok(seen) => seen,
            Err(error) => {
                outcome.doubt = outcome.is_success().then_some(Doubt::Unseen(error));
                return None;
            }
        };
        if seen.meanwhile.is_empty() && lacks != Lack::Unseen {
            return None;
        }
        let plan = plan_again(&seen).await.inspect_err(|error| self.tell(error)).ok()?;
        // What failed because it was done already is reported by a plan that has nothing to do.
        let goes_on = !outcome.is_success() || !plan.changes_nothing();
        goes_on.then_some(Another { seen, plan })
    }

    fn tell_doubt(&self, outcome: &Outcome, command: &str) {
        let help = self.names_resume.then(|| format!("to continue: `{}`", self.resume(command)));
        match &outcome.doubt {
            None => {}
            Some(Doubt::Changing(containers)) => {
                let names: Vec<&str> = containers.iter().map(ContainerName::as_str).collect();
                let words = format!("something else keeps changing {}", names.join(", "));
                self.tell(&CliError::failed(words).perhaps_help(help));
            }
            Some(Doubt::Unseen(error)) => {
                let words = format!("all was done, but the engine does not report the result: {error}");
                self.tell(&CliError::failed(words).perhaps_help(help));
            }
        }
    }

    /// Completes the report of the run.
    fn tell(&self, error: &CliError) {
        error.print(self.global, self.output);
    }

    /// Plans `up` once more, for what was seen when it was carried out.
    pub async fn plan_up_again(
        &self,
        topology: &Topology,
        choices: &UpChoices,
        seen: &LastLook,
    ) -> Result<Plan, CliError> {
        let query = plan::query(topology);
        let observed = session::observe_settled(self.engine, &self.turn, &query, self.output).await?;
        let choices = choices.fulfilled(seen.ended.clone());
        // What there is to say about the topology was said when it was planned first.
        let mut found = Diagnostics::default();
        let plan = plan::up(topology, &observed, &choices, &mut found);
        if found.has_errors() { Err(CliError::StepsFailed) } else { Ok(plan) }
    }
}

/// What a failed run lacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lack {
    /// Nothing: it failed for another reason, or did not fail.
    Nothing,
    /// Perhaps a container that was taken away, or one that has its name.
    Container,
    /// Something that a look at the containers does not show, such as a network.
    Unseen,
}

/// Whether a step failed because what the plan relied on is not as it was.
fn lacks_something(plan: &Plan, outcome: &Outcome) -> Lack {
    let lack = |(step, failure): (plan::StepId, &Failure)| {
        let status = match failure.cause {
            Cause::Engine(EngineError::Refused { status, .. }) => status,
            Cause::Removed => return Lack::Container,
            _ => return Lack::Nothing,
        };
        match (&plan.steps[step].action, status) {
            (Action::PullImage { .. } | Action::PushImage { .. } | Action::BuildImage(_), _) => Lack::Nothing,
            // A container that is attached already is refused with 403.
            (Action::ConnectNetwork { .. }, 403 | 404) | (Action::StartContainer { .. }, 404) | (_, 409) => {
                Lack::Unseen
            }
            (_, 403 | 404) => Lack::Container,
            _ => Lack::Nothing,
        }
    };
    let matters = |(step, _): &(plan::StepId, &Failure)| !plan.steps[*step].may_fail;
    outcome.failures().filter(matters).map(lack).max().unwrap_or(Lack::Nothing)
}

/// An engine that breaks off is asked again for about six seconds.
async fn patient_look<E: Engine>(
    engine: &E,
    plan: &Plan,
    outcome: &Outcome,
) -> Result<LastLook, EngineError> {
    let mut pauses = PAUSES.iter();
    loop {
        let error = match last_look(engine, plan, outcome).await {
            Err(error @ (EngineError::Unreachable { .. } | EngineError::Disconnected(_))) => error,
            Err(error @ EngineError::Refused { status: 500.., .. }) => error,
            seen => return seen,
        };
        let Some(pause) = pauses.next() else { return Err(error) };
        sleep(*pause).await;
    }
}
