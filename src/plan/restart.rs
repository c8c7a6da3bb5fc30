//! Restarting: all at once, but for what is restarted with something else, which stops before it and starts
//! after it. With a wait everything keeps the order of its dependencies.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::plan::observed::ObservedContainer;
use crate::plan::scope::{self, ByService, Dependencies, First, put_in_order};
use crate::plan::start::Start;
use crate::plan::{Because, Needs, Plan, Scope, WaitChoice};
use crate::topology::name::ServiceName;

/// The caller's options for `restart`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RestartChoices {
    /// The time until containers are killed, instead of their own settings.
    pub grace: Option<Duration>,
    /// Whether dependants with `restart: true` are left alone.
    pub without_dependants: bool,
    /// What is waited for when everything is started; the order of all dependencies is kept then.
    pub wait: WaitChoice,
}

/// Plans to stop the running containers and to start all again. Services that depend on a chosen
/// one with `restart: true` are restarted too.
pub fn restart(scope: Scope<'_>, choices: &RestartChoices) -> Plan {
    let all = scope.dependencies();
    let services = restarted(scope, &all, choices);
    let dependencies = ordered(scope, &services, &all, choices.wait);
    let mut start = Start::new(scope, &dependencies, &all);
    let mut stops = ByService::new();
    for service in &services {
        let containers: Vec<&ObservedContainer> = start.containers.of(service).collect();
        for container in containers {
            restart_one(&mut start, &mut stops, container, choices.grace);
        }
    }
    put_in_order(&mut start.plan, &stops, &dependencies, First::Dependant, Needs::Done);
    services.iter().for_each(|service| start.gate(service));
    start.give_fixed_addresses_first();
    if choices.wait == WaitChoice::Ready {
        start.wait_until_ready(&services);
    }
    start.plan
}

fn restart_one<'a>(
    start: &mut Start<'a>,
    stops: &mut ByService,
    container: &'a ObservedContainer,
    grace: Option<Duration>,
) {
    if !container.state.is_running() {
        if start.is_to_start(container) {
            start.start(container, Because::NotRunning);
        }
        return;
    }
    let action = start.scope.stop(container, grace);
    let stop = scope::add(&mut start.plan, action, Because::Asked, container);
    stops.entry(container.service.clone()).or_default().push(stop);
    let begin = start.start(container, Because::Asked);
    start.plan.steps.order(stop, begin, Needs::Done);
    start.plan.steps[stop].undo = Some(begin);
}

/// The chosen services, and those that are restarted with them.
fn restarted(
    scope: Scope<'_>,
    dependencies: &Dependencies,
    choices: &RestartChoices,
) -> BTreeSet<ServiceName> {
    let mut services: BTreeSet<ServiceName> =
        scope.containers().map(|container| container.service.clone()).collect();
    if choices.without_dependants {
        return services;
    }
    let mut ways: Vec<ServiceName> = services.iter().cloned().collect();
    while let Some(service) = ways.pop() {
        for (dependant, needed) in dependencies {
            let is_with = needed.get(&service).is_some_and(|dependency| dependency.restart);
            if is_with && services.insert(dependant.clone()) {
                ways.push(dependant.clone());
            }
        }
    }
    services
}

/// The dependencies whose order is kept. A service is used to the short absence of another one unless it says
/// `restart: true`, or shares a namespace. One of which something does not run is started as `start` does it.
fn ordered(
    scope: Scope<'_>,
    services: &BTreeSet<ServiceName>,
    all: &Dependencies,
    wait: WaitChoice,
) -> Dependencies {
    let containers = scope.observed.by_service();
    let mut dependencies = all.clone();
    for (service, needed) in &mut dependencies {
        let is_up = containers.of(service).all(|container| container.state.is_running());
        let keeps_all = wait == WaitChoice::Ready || !is_up;
        // What is not restarted is as it is: nothing waits for it.
        needed.retain(|needed, dependency| services.contains(needed) && (keeps_all || dependency.restart));
    }
    dependencies
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Action;
    use crate::plan::testing::{names, observed, shop, steps};

    const CHAIN: &str = "
        web: running <- api:service_started:false
        api: running <- db:service_healthy:true
        db: healthy";

    fn plan(containers: &str, services: &[&str], choices: RestartChoices) -> Vec<String> {
        let (project, observed, services) = (shop(), observed(containers), names(services));
        let scope = Scope {
            project: &project,
            topology: None,
            observed: &observed,
            services: &services,
            excluded: &[],
        };
        steps(&restart(scope, &choices))
    }

    fn at_once() -> RestartChoices {
        RestartChoices::default()
    }

    fn alone() -> RestartChoices {
        RestartChoices { without_dependants: true, ..at_once() }
    }

    fn waiting() -> RestartChoices {
        RestartChoices { wait: WaitChoice::Ready, ..at_once() }
    }

    #[test]
    fn only_what_is_restarted_with_another_one_stops_before_it_and_starts_after_it() {
        assert_eq!(
            plan(CHAIN, &[], at_once()),
            [
                "stop api",
                "stop db after stop api",
                "start db after stop db",
                "stop web",
                "start web after stop web",
                "wait until healthy db after start db",
                "start api after stop api, wait until healthy db",
            ]
        );
    }

    #[test]
    fn a_wait_keeps_the_order_of_all_dependencies() {
        assert_eq!(
            plan("web: running <- db:service_healthy:false\ndb: healthy", &[], waiting()),
            [
                "stop web",
                "stop db after stop web",
                "start db after stop db",
                "wait until healthy db after start db",
                "start web after stop web, wait until healthy db",
                "wait until ready db after start db",
                "wait until ready web after start web",
            ]
        );
    }

    #[test]
    fn what_does_not_run_is_started_after_what_it_needs() {
        let planned = plan("web: created <- db:service_healthy:false\ndb: healthy", &[], at_once());
        assert!(planned.contains(&"start web after wait until healthy db".to_owned()), "{planned:?}");
    }

    #[test]
    fn a_job_that_is_done_is_not_done_again() {
        let planned =
            plan("web: running <- job:service_completed_successfully:false\njob: done", &[], at_once());
        assert_eq!(planned, ["stop web", "start web after stop web"]);
    }

    #[test]
    fn dependants_go_along_with_restart_true() {
        assert_eq!(
            plan(CHAIN, &["db"], at_once()),
            [
                "stop api",
                "stop db after stop api",
                "start db after stop db",
                "wait until healthy db after start db",
                "start api after stop api, wait until healthy db",
            ]
        );
    }

    #[test]
    fn stopped_containers_are_started_despite_a_cancellation() {
        let (project, observed) = (shop(), observed(CHAIN));
        let (services, excluded) = (&names(&["db"]), &[]);
        let scope = Scope { project: &project, topology: None, observed: &observed, services, excluded };
        let plan = restart(scope, &RestartChoices::default());
        let stops: Vec<_> =
            plan.steps.iter().filter(|step| matches!(step.action, Action::StopContainer { .. })).collect();
        assert_eq!(stops.len(), 2);
        for stop in stops {
            let back = stop.undo.map(|back| &plan.steps[back]);
            assert!(matches!(back.map(|back| &back.action), Some(Action::StartContainer { .. })), "{back:?}");
            assert_eq!(back.and_then(|back| back.service.as_ref()), stop.service.as_ref());
        }
    }

    #[test]
    fn excluded_services_are_not_restarted() {
        let (project, observed, excluded) = (shop(), observed(CHAIN), names(&["api"]));
        let scope = Scope {
            project: &project,
            topology: None,
            observed: &observed,
            services: &[],
            excluded: &excluded,
        };
        let planned = steps(&restart(scope, &RestartChoices::default()));
        assert!(!planned.is_empty() && !planned.iter().any(|step| step.contains("api")), "{planned:?}");
    }

    #[test]
    fn one_can_be_restarted_alone() {
        assert_eq!(plan(CHAIN, &["db"], alone()), ["stop db", "start db after stop db"]);
    }

    #[test]
    fn what_ended_is_started() {
        assert_eq!(plan("web: failed", &[], at_once()), ["start web"]);
    }
}
