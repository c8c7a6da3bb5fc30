//! Commands on existing containers.

use topo::cli::on_engine::{Control, Excluded, Exit, Project};
use topo::plan::observed::Status;
use topo::plan::{self, KillChoices, Plan, RestartChoices, Scope, WaitChoice};
use topo::report::Goal;
use topo::topology::name::ServiceName;

use super::{Place, WEB_AND_DB, code, in_simulated_time};

/// Nothing happens unless requested.
const QUIET: &str = "container shop-web-1 prints@0ms:begin\ncontainer shop-db-1 prints@0ms:begin";

/// Brings the project up, and runs a command on some of its services; returns what was done.
async fn control(
    place: &Place,
    (command, goal): (&'static str, Goal),
    services: &[&str],
    plan: impl Fn(Scope<'_>) -> Plan,
) -> Vec<String> {
    let arguments: Vec<String> = services.iter().map(|name| (*name).to_owned()).collect();
    let excluded = (Excluded::default(), arguments.as_slice());
    let control = Control::new(command, goal, &mut place.global.clone(), excluded);
    let mut control = control.expect("nothing is wrong with the arguments");
    control.output = place.output;
    control.end_status = Some(Status::Exited);
    let meant: Vec<ServiceName> = services.iter().map(|name| ServiceName::from(*name)).collect();
    let topology = Some(place.topology.clone());
    let project = Project { query: plan::query(&place.topology), topology };
    let observed = place.observed().await;
    let carried_out =
        control.carry_out(&place.engine, (&project, &observed), &meant, |scope, _| Ok(plan(scope)));
    assert_eq!(code(place, carried_out).await, Exit::Success.code(), "{}", place.said.err());
    place.engine.take_done()
}

async fn stop(place: &Place, services: &[&str]) -> Vec<String> {
    control(place, ("stop", Goal::STOP), services, |scope| plan::stop(scope, None)).await
}

async fn running() -> Place {
    let place = Place::new(WEB_AND_DB, QUIET);
    place.bring_up().await;
    place
}

#[test]
fn stop_stops_dependants_first_and_only_the_named_services() {
    in_simulated_time(async {
        assert_eq!(stop(&running().await, &[]).await, ["stop shop-web-1", "stop shop-db-1"]);
        assert_eq!(stop(&running().await, &["db"]).await, ["stop shop-db-1"]);
        let place = running().await;
        assert_eq!(stop(&place, &["web"]).await, ["stop shop-web-1"]);
        assert!(place.said.err().contains("web: 1 container stopped"), "{}", place.said.err());
    });
}

#[test]
fn already_stopped_containers_are_reported_and_left_alone() {
    in_simulated_time(async {
        let place = running().await;
        stop(&place, &["web"]).await;
        assert_eq!(stop(&place, &["web"]).await, [""; 0]);
        assert!(place.said.err().contains("nothing to do: web is already stopped"), "{}", place.said.err());
    });
}

#[test]
fn kill_signals_all_at_once() {
    in_simulated_time(async {
        let choices = KillChoices { signal: "SIGKILL".to_owned(), orphans: false, one_offs: false };
        let place = running().await;
        let mut done = control(&place, ("kill", Goal::KILL), &[], |scope| plan::kill(scope, &choices)).await;
        done.sort();
        assert_eq!(done, ["kill shop-db-1", "kill shop-web-1"]);
        let observed = place.observed().await;
        assert!(observed.containers.iter().all(|container| container.state.exit_code == 137));
    });
}

#[test]
fn pause_and_unpause_go_in_opposite_orders() {
    in_simulated_time(async {
        let place = running().await;
        let paused = control(&place, ("pause", Goal::PAUSE), &[], plan::pause).await;
        assert_eq!(paused, ["pause shop-web-1", "pause shop-db-1"]);
        let unpaused = control(&place, ("unpause", Goal::UNPAUSE), &[], plan::unpause).await;
        assert_eq!(unpaused, ["unpause shop-db-1", "unpause shop-web-1"]);
    });
}

#[test]
fn restart_keeps_the_order_of_dependencies_where_a_wait_is_asked_for() {
    in_simulated_time(async {
        let place = running().await;
        let restart = |services: &'static [&str], wait| {
            let choices = RestartChoices { wait, ..RestartChoices::default() };
            let plan = move |scope: Scope<'_>| plan::restart(scope, &choices);
            control(&place, ("restart", Goal::RESTART), services, plan)
        };
        let mut done = restart(&[], WaitChoice::Nothing).await;
        let stops = ["stop shop-web-1", "stop shop-db-1"];
        assert!(done[..2].iter().all(|step| stops.contains(&step.as_str())), "all stop at once: {done:?}");
        done.sort();
        let all = ["start shop-db-1", "start shop-web-1", "stop shop-db-1", "stop shop-web-1"];
        assert_eq!(done, all);
        let all = ["stop shop-web-1", "stop shop-db-1", "start shop-db-1", "start shop-web-1"];
        assert_eq!(restart(&[], WaitChoice::Ready).await, all);
        assert_eq!(restart(&["web"], WaitChoice::Nothing).await, ["stop shop-web-1", "start shop-web-1"]);
    });
}
