//! In: a condition, and a container's state. Out: whether the wait is over. Must not: ask an
//! engine, or wait.

use std::time::Duration;

use super::event::Cause;
use crate::plan::Condition;
use crate::plan::observed::{ContainerState, Health, Status};

/// How often a container may exit while it is waited for, although its restart policy restarts it.
/// Engines double the delay between two runs from 0.1 s on, so that this is about 13 s of delays:
/// time enough for its own dependencies to start, and an end to waiting for one that never will.
const MAX_EXITS: u32 = 8;

/// How long to wait for the next exit of a container that had exited that often before the wait
/// began: about as long as for one that begins to. The engine's delay may be a minute by then.
pub(super) const PATIENCE: Duration = Duration::from_secs(13);

/// How long a container that has not exited must run to be ready, without a health check. Docker
/// Compose first looks at it after the same time.
const STABLE_AFTER: Duration = Duration::from_millis(500);

/// How long a container must run at most to be ready. The engine also resets its restart delay
/// after this time.
const STABLE_AFTER_AT_MOST: Duration = Duration::from_secs(10);

/// The state of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    /// The condition holds.
    Ready,
    /// It holds if the container keeps running for a while: there is no other sign that it does not
    /// crash.
    ReadyIfStable,
    /// It is not yet satisfied.
    Pending,
    /// It is given up if nothing happens for a while.
    FailedIfUnchanged,
    /// Without a health check it never becomes healthy; if it exits soon, that is reported instead.
    NoHealthcheckIfStable,
}

/// The events of a container during the wait.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct History {
    /// How often it exited, including before the wait.
    pub(super) exits: u32,
    /// Whether an exit was reported.
    pub(super) has_exited: bool,
    /// The exit code of its last exit.
    pub(super) last_exit: Option<i64>,
}

impl History {
    pub(super) fn record_exit(&mut self, exit_code: i64) {
        self.exits += 1;
        self.has_exited = true;
        self.last_exit = Some(exit_code);
    }

    /// Includes the engine's count: exits before the wait, and those without an event.
    pub(super) fn count_restarts(&mut self, restarts: u32) {
        self.exits = self.exits.max(restarts);
    }

    /// How long a container without a health check must run to be ready. One that has exited before
    /// must run longer.
    pub(super) fn long_enough(self) -> Duration {
        STABLE_AFTER_AT_MOST.min(STABLE_AFTER * 2_u32.pow(self.exits.min(MAX_EXITS)))
    }
}

/// The readiness of an existing container. As in Docker Compose, one that is between two runs
/// because of its restart policy has not exited for good: it may become healthy, whatever its check
/// said; the engine reports every stopped container as unhealthy.
pub(super) fn readiness(
    until: Condition,
    state: &ContainerState,
    history: History,
) -> Result<Readiness, Cause> {
    let exit_code = history.last_exit.unwrap_or(state.exit_code);
    match state.status {
        Status::Exited | Status::Dead => ended(until, state.exit_code, state.restarts_after_success),
        Status::Removing => gone(until, history),
        Status::Restarting if until == Condition::Completed && exit_code == 0 => Ok(Readiness::Ready),
        Status::Restarting if history.exits < MAX_EXITS => Ok(Readiness::Pending),
        Status::Restarting if history.has_exited => Err(Cause::exited(until, exit_code)),
        Status::Restarting => Ok(Readiness::FailedIfUnchanged),
        Status::Running => running(until, state, history),
        // There is no telling when it will be resumed.
        Status::Paused => Err(Cause::Paused),
        Status::Created => Ok(Readiness::Pending),
    }
}

/// The readiness of a container that no longer exists: it may be removed automatically on exit.
pub(super) fn gone(until: Condition, history: History) -> Result<Readiness, Cause> {
    history.last_exit.map_or(Err(Cause::Removed), |exit_code| ended(until, exit_code, false))
}

fn running(until: Condition, state: &ContainerState, history: History) -> Result<Readiness, Cause> {
    match (until, state.health) {
        // It succeeded once and was restarted, by its restart policy or by a user.
        (Condition::Completed, _) if history.last_exit == Some(0) => Ok(Readiness::Ready),
        (Condition::Completed, _) => Ok(Readiness::Pending),
        (Condition::Healthy, None) => Ok(Readiness::NoHealthcheckIfStable),
        (Condition::Ready, None) => Ok(Readiness::ReadyIfStable),
        (_, Some(Health::Healthy)) => Ok(Readiness::Ready),
        (_, Some(Health::Starting)) => Ok(Readiness::Pending),
        (_, Some(Health::Unhealthy)) => {
            Err(Cause::Unhealthy { check: state.failed_check.clone(), output: state.health_output.clone() })
        }
    }
}

fn ended(until: Condition, exit_code: i64, restarts_after_success: bool) -> Result<Readiness, Cause> {
    match until {
        Condition::Completed if exit_code == 0 => Ok(Readiness::Ready),
        Condition::Ready if exit_code == 0 && !restarts_after_success => Ok(Readiness::Ready),
        Condition::Completed | Condition::Ready | Condition::Healthy => Err(Cause::exited(until, exit_code)),
    }
}

impl Cause {
    pub(super) fn exited(until: Condition, exit_code: i64) -> Self {
        match until {
            Condition::Completed => Cause::Unsuccessful { exit_code },
            Condition::Healthy | Condition::Ready => Cause::Exited { exit_code },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Condition::{Completed, Healthy, Ready};

    #[test]
    fn healthy_needs_a_passing_check() {
        assert_eq!(judge(Healthy, running_with(Some(Health::Healthy))), Ok(Readiness::Ready));
        assert_eq!(judge(Healthy, running_with(Some(Health::Starting))), Ok(Readiness::Pending));
        assert_eq!(judge(Healthy, state(Status::Created)), Ok(Readiness::Pending));
        let output = Some("no answer".to_owned());
        let unhealthy =
            ContainerState { health_output: output.clone(), ..running_with(Some(Health::Unhealthy)) };
        assert_eq!(judge(Healthy, unhealthy), Err(Cause::Unhealthy { check: None, output }));
    }

    #[test]
    fn without_a_health_check_nothing_is_ever_healthy() {
        assert_eq!(judge(Healthy, running_with(None)), Ok(Readiness::NoHealthcheckIfStable));
    }

    #[test]
    fn an_exit_before_it_is_healthy_fails_even_with_code_0() {
        assert_eq!(judge(Healthy, exited(0)), Err(Cause::Exited { exit_code: 0 }));
        assert_eq!(judge(Healthy, exited(3)), Err(Cause::Exited { exit_code: 3 }));
    }

    #[test]
    fn between_two_runs_it_may_still_become_healthy() {
        let restarting = ContainerState { health: Some(Health::Unhealthy), ..state(Status::Restarting) };
        assert_eq!(readiness(Healthy, &restarting, history(1, 1)), Ok(Readiness::Pending));
    }

    #[test]
    fn a_paused_container_satisfies_no_condition() {
        let frozen = ContainerState { health: Some(Health::Healthy), ..state(Status::Paused) };
        assert_eq!(
            [Healthy, Ready, Completed].map(|until| judge(until, frozen.clone())),
            [const { Err(Cause::Paused) }; 3]
        );
    }

    #[test]
    fn a_crash_loop_is_given_up() {
        let restarting = state(Status::Restarting);
        assert_eq!(readiness(Ready, &restarting, history(MAX_EXITS, 7)), Err(Cause::Exited { exit_code: 7 }));
        let unsuccessful = Err(Cause::Unsuccessful { exit_code: 7 });
        assert_eq!(readiness(Completed, &restarting, history(MAX_EXITS, 7)), unsuccessful);
    }

    #[test]
    fn an_earlier_crash_loop_is_given_up_at_its_next_exit() {
        let restarting = ContainerState { exit_code: 7, ..state(Status::Restarting) };
        let mut history = History::default();
        history.count_restarts(MAX_EXITS);
        assert_eq!(readiness(Ready, &restarting, history), Ok(Readiness::FailedIfUnchanged));
        history.record_exit(7);
        assert_eq!(readiness(Ready, &restarting, history), Err(Cause::Exited { exit_code: 7 }));
    }

    #[test]
    fn a_container_that_exited_before_has_to_run_longer() {
        let long_enough = |exits| history(exits, 1).long_enough().as_millis();
        assert_eq!([0, 1, 2, 7, 100].map(long_enough), [500, 1000, 2000, 10_000, 10_000]);
    }

    #[test]
    fn completed_needs_exit_code_0() {
        assert_eq!(judge(Completed, running_with(None)), Ok(Readiness::Pending));
        assert_eq!(judge(Completed, exited(0)), Ok(Readiness::Ready));
        assert_eq!(judge(Completed, exited(2)), Err(Cause::Unsuccessful { exit_code: 2 }));
    }

    #[test]
    fn a_restarted_job_has_completed_if_it_succeeded_once() {
        assert_eq!(readiness(Completed, &state(Status::Restarting), history(1, 0)), Ok(Readiness::Ready));
        assert_eq!(readiness(Completed, &running_with(None), history(1, 0)), Ok(Readiness::Ready));
        assert_eq!(readiness(Completed, &running_with(None), history(1, 1)), Ok(Readiness::Pending));
    }

    #[test]
    fn ready_is_running_healthy_or_completed() {
        assert_eq!(judge(Ready, running_with(None)), Ok(Readiness::ReadyIfStable));
        assert_eq!(judge(Ready, running_with(Some(Health::Starting))), Ok(Readiness::Pending));
        assert_eq!(judge(Ready, exited(0)), Ok(Readiness::Ready));
        assert_eq!(judge(Ready, exited(1)), Err(Cause::Exited { exit_code: 1 }));
        let always = ContainerState { restarts_after_success: true, ..exited(0) };
        assert_eq!(judge(Ready, always), Err(Cause::Exited { exit_code: 0 }));
    }

    #[test]
    fn a_container_that_removes_itself_is_judged_by_its_exit() {
        assert_eq!(gone(Completed, history(1, 0)), Ok(Readiness::Ready));
        assert_eq!(gone(Ready, history(1, 0)), Ok(Readiness::Ready));
        assert_eq!(gone(Completed, history(1, 1)), Err(Cause::Unsuccessful { exit_code: 1 }));
        assert_eq!(gone(Healthy, History::default()), Err(Cause::Removed));
    }

    fn judge(until: Condition, state: ContainerState) -> Result<Readiness, Cause> {
        readiness(until, &state, History::default())
    }

    fn history(exits: u32, exit_code: i64) -> History {
        History { exits, has_exited: true, last_exit: Some(exit_code) }
    }

    fn running_with(health: Option<Health>) -> ContainerState {
        ContainerState { health, ..state(Status::Running) }
    }

    fn exited(exit_code: i64) -> ContainerState {
        ContainerState { exit_code, ..state(Status::Exited) }
    }

    fn state(status: Status) -> ContainerState {
        ContainerState {
            status,
            health: None,
            exit_code: 0,
            restarts_after_success: false,
            health_output: None,
            failed_check: None,
            restarts: 0,
            is_just_started: false,
            begun: None,
            started: None,
        }
    }
}
