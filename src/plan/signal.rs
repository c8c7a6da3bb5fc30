//! Stopping, killing, freezing and thawing what runs.

use std::time::Duration;

use crate::plan::observed::{ObservedContainer, Status};
use crate::plan::scope::{self, ByService, First, put_in_order};
use crate::plan::{Action, Because, Needs, Plan, Scope};

/// What the caller decides about `kill`.
#[derive(Clone, Debug)]
pub struct KillChoices {
    /// The signal: `SIGKILL`.
    pub signal: String,
    /// Whether it goes to containers of services that the topology does not have too.
    pub orphans: bool,
    /// Whether it goes to containers of `run` too.
    pub one_offs: bool,
}

/// Plans to stop the containers that run and to keep them, dependants before what they depend on. `grace`
/// is how long they may take, in place of what each says.
pub fn stop(scope: Scope<'_>, grace: Option<Duration>) -> Plan {
    let is_meant = |container: &ObservedContainer| container.state.is_running();
    let action = |container: &ObservedContainer| scope.stop(container, grace);
    in_order(scope, First::Dependant, Needs::Done, is_meant, action)
}

/// Plans to send a signal to the containers that run, to all at once. They stay, as with Docker Compose
/// 2.40, whose `--remove-orphans` of `kill` removes nothing either.
pub fn kill(scope: Scope<'_>, choices: &KillChoices) -> Plan {
    let mut plan = Plan::amid(scope.project.clone(), scope.observed);
    let own = scope.containers().chain(scope.one_offs().filter(|_| choices.one_offs));
    let own = own.map(|container| (container, Because::Asked));
    let orphans = scope.orphans().filter(|_| choices.orphans && scope.services.is_empty());
    let orphans = orphans.map(|container| (container, Because::Orphan));
    for (container, because) in own.chain(orphans).filter(|(container, _)| container.state.is_running()) {
        let action =
            Action::KillContainer { container: container.name.clone(), signal: choices.signal.clone() };
        scope::add(&mut plan, action, because, container);
    }
    plan
}

/// Plans to freeze the containers that run, dependants before what they depend on.
pub fn pause(scope: Scope<'_>) -> Plan {
    let is_meant = |container: &ObservedContainer| container.state.status == Status::Running;
    let action = |container: &ObservedContainer| Action::PauseContainer { container: container.name.clone() };
    // One that cannot be frozen holds up no other.
    in_order(scope, First::Dependant, Needs::Settled, is_meant, action)
}

/// Plans to let the frozen containers go on, dependants after what they depend on.
pub fn unpause(scope: Scope<'_>) -> Plan {
    let is_meant = |container: &ObservedContainer| container.state.status == Status::Paused;
    let action =
        |container: &ObservedContainer| Action::UnpauseContainer { container: container.name.clone() };
    in_order(scope, First::Needed, Needs::Settled, is_meant, action)
}

fn in_order(
    scope: Scope<'_>,
    first: First,
    needs: Needs,
    is_meant: impl Fn(&ObservedContainer) -> bool,
    action: impl Fn(&ObservedContainer) -> Action,
) -> Plan {
    let mut plan = Plan::amid(scope.project.clone(), scope.observed);
    let mut steps = ByService::new();
    for container in scope.containers().filter(|container| is_meant(container)) {
        let step = scope::add(&mut plan, action(container), Because::Asked, container);
        steps.entry(container.service.clone()).or_default().push(step);
    }
    put_in_order(&mut plan, &steps, &scope.dependencies(), first, needs);
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::{names, observed, shop, steps};

    const CHAIN: &str = "
        web: running <- api:service_started:false
        api: done <- db:service_started:false
        db: running
        old: paused
        web: run
        api: run";

    fn in_scope(services: &[&str], plan: impl Fn(Scope<'_>) -> Plan) -> Vec<String> {
        let (project, observed, services) = (shop(), observed(CHAIN), names(services));
        let scope = Scope {
            project: &project,
            topology: None,
            observed: &observed,
            services: &services,
            excluded: &[],
        };
        steps(&plan(scope))
    }

    #[test]
    fn dependants_stop_first_also_when_one_between_does_not_run() {
        let stopped = in_scope(&[], |scope| stop(scope, None));
        assert_eq!(stopped, ["stop web", "stop db after stop web", "stop old"]);
    }

    #[test]
    fn a_signal_goes_to_all_at_once() {
        let choices = KillChoices { signal: "SIGHUP".to_owned(), orphans: true, one_offs: false };
        let sent = in_scope(&["web", "db", "api"], |scope| kill(scope, &choices));
        assert_eq!(sent, ["send SIGHUP to web", "send SIGHUP to db"]);
    }

    #[test]
    fn a_signal_reaches_containers_of_run_where_they_are_meant_too() {
        let choices = KillChoices { signal: "SIGHUP".to_owned(), orphans: false, one_offs: true };
        let sent = in_scope(&["api"], |scope| kill(scope, &choices));
        assert_eq!(sent, ["send SIGHUP to api"]);
        assert_eq!(in_scope(&[], |scope| kill(scope, &choices)).len(), 5);
    }

    #[test]
    fn only_what_runs_is_frozen_and_only_what_is_frozen_goes_on() {
        assert_eq!(in_scope(&[], pause), ["pause web", "pause db after pause web"]);
        assert_eq!(in_scope(&[], unpause), ["unpause old"]);
    }
}
