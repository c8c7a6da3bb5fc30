//! Plans `stop`, `kill`, `pause` and `unpause` for running containers.

use std::time::Duration;

use crate::plan::observed::{ObservedContainer, Status};
use crate::plan::scope::{self, ByService, First, put_in_order};
use crate::plan::{Action, Because, Needs, Plan, Scope};

/// The caller's options for `kill`.
#[derive(Clone, Debug)]
pub struct KillChoices {
    /// The signal: `SIGKILL`.
    pub signal: String,
    /// Whether it is also sent to orphans.
    pub orphans: bool,
    /// Whether it is also sent to containers of `run`.
    pub one_offs: bool,
}

/// Plans to stop the running containers and to keep them, dependants before their dependencies.
/// `grace` is the time until they are killed, instead of their own settings.
pub fn stop(scope: Scope<'_>, grace: Option<Duration>) -> Plan {
    let is_meant = |container: &ObservedContainer| container.state.is_running();
    let action = |container: &ObservedContainer| scope.stop(container, grace);
    in_order(scope, First::Dependant, Needs::Done, is_meant, action)
}

/// Plans to send a signal to the running containers, all at once. They are kept, as with Docker
/// Compose 2.40, whose `kill --remove-orphans` removes nothing either.
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

/// Plans to pause the running containers, dependants before their dependencies.
pub fn pause(scope: Scope<'_>) -> Plan {
    let is_meant = |container: &ObservedContainer| container.state.status == Status::Running;
    let action = |container: &ObservedContainer| Action::PauseContainer { container: container.name.clone() };
    // A failure to pause does not affect others.
    in_order(scope, First::Dependant, Needs::Settled, is_meant, action)
}

/// Plans to resume the paused containers, dependants after their dependencies.
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
    fn dependants_stop_first_even_if_one_between_is_not_running() {
        let stopped = in_scope(&[], |scope| stop(scope, None));
        assert_eq!(stopped, ["stop web", "stop db after stop web", "stop old"]);
    }

    #[test]
    fn a_signal_is_sent_to_all_at_once() {
        let choices = KillChoices { signal: "SIGHUP".to_owned(), orphans: true, one_offs: false };
        let sent = in_scope(&["web", "db", "api"], |scope| kill(scope, &choices));
        assert_eq!(sent, ["send SIGHUP to web", "send SIGHUP to db"]);
    }

    #[test]
    fn a_signal_is_sent_to_one_off_containers_on_request() {
        let choices = KillChoices { signal: "SIGHUP".to_owned(), orphans: false, one_offs: true };
        let sent = in_scope(&["api"], |scope| kill(scope, &choices));
        assert_eq!(sent, ["send SIGHUP to api"]);
        assert_eq!(in_scope(&[], |scope| kill(scope, &choices)).len(), 5);
    }

    #[test]
    fn only_running_containers_are_paused_and_only_paused_ones_resumed() {
        assert_eq!(in_scope(&[], pause), ["pause web", "pause db after pause web"]);
        assert_eq!(in_scope(&[], unpause), ["unpause old"]);
    }
}
