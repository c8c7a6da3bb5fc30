//! For any topology, edit and point at which a run is broken off: the next run ends as an unbroken
//! one does.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::mpsc::unbounded_channel;
use tokio::time::timeout;
use topo::cli::on_engine::{CliError, ColorChoice, Global, Output, Session, Settings, observe_settled};
use topo::diagnostic::Diagnostics;
use topo::plan::{Action, Plan, UpChoices};
use topo::report::Goal;
use topo::run::{End, Outcome, RunOptions, run};
use topo::topology::Topology;

use super::chance::Chance;
use super::late_engine::{Fault, LateEngine};
use super::load::{jobs, load};
use super::properties::{assert_matches, describe, edited_world, for_each_round, random_choices};
use super::world::World;
use crate::connected::Said;

/// Longer than any run takes.
const LIMIT: Duration = Duration::from_secs(3600);

fn plan(world: &World, topology: &Topology, choices: &UpChoices) -> Plan {
    let observed = world.observe(&topo::plan::query(topology));
    let mut found = Diagnostics::default();
    topo::plan::up(topology, &observed, choices, &mut found)
}

/// What somebody sees of an engine who does not look at ids.
fn seen(world: &World) -> BTreeSet<String> {
    let container = |container: &super::world::Container| {
        let seen = &container.seen;
        let networks: Vec<_> = seen.networks.keys().collect();
        format!(
            "{} {} {:?} {:?} {networks:?}",
            seen.name, seen.image, seen.state.status, seen.state.exit_code
        )
    };
    let containers = world.containers.iter().map(container);
    let networks = world.networks.keys().map(|name| format!("network {name}"));
    let volumes = world.volumes.keys().map(|name| format!("volume {name}"));
    containers.chain(networks).chain(volumes).collect()
}

async fn carry_out(engine: &LateEngine, plan: &Plan) -> Option<Outcome> {
    let (events, _) = unbounded_channel();
    let (options, cancel) = (RunOptions::default(), Default::default());
    let running = run(plan, engine, &options, &cancel, &events);
    let running = engine.killed.run_until_cancelled(running);
    timeout(LIMIT, running).await.expect("a run ends")
}

/// What `up` does.
async fn bring_up(engine: &LateEngine, topology: &Topology, choices: &UpChoices) -> (Outcome, String) {
    let said = Said::default();
    let streams: &'static Said = Box::leak(Box::new(said.clone()));
    let (global, output) =
        (Global::default(), Output::new(ColorChoice::Never, &Settings::default()).to(streams));
    let session = Session::new(engine, &global, &output);
    let query = topo::plan::query(topology);
    let observed = observe_settled(engine, &session.turn, &query, &output).await.expect("it is observed");
    let first = topo::plan::up(topology, &observed, choices, &mut Diagnostics::default());
    let again =
        async |seen: &_| -> Result<Plan, CliError> { session.plan_up_again(topology, choices, seen).await };
    let converging = session.converge(&first, Goal::UP, "up", again);
    let (_, outcome) = timeout(LIMIT, converging).await.expect("a run ends");
    (outcome, said.err())
}

#[test]
fn an_unbroken_run_does_what_was_planned() {
    for_each_round(|chance| {
        let (mut world, topology) = edited_world(chance);
        world.jobs.extend(jobs(&topology));
        // What a service that is not there any more keeps from others, it keeps.
        let choices = UpChoices { remove_orphans: true, ..random_choices(chance) };
        let plan = plan(&world, &topology, &choices);
        in_simulated_time(async {
            let engine = LateEngine::new(world, Chance(7), None);
            let outcome = carry_out(&engine, &plan).await.expect("nobody kills it");
            assert!(outcome.is_success(), "{outcome:?}\n{}", describe(&plan));
            let is_call = |step: &topo::plan::StepId| {
                let is_done = outcome.steps[step.index()].end == End::Done;
                is_done && !matches!(plan.steps[*step].action, Action::Wait { .. })
            };
            let mut planned: Vec<String> = plan
                .steps
                .ids()
                .filter(is_call)
                .map(|step| format!("{:?}", plan.steps[step].action))
                .collect();
            let mut done: Vec<String> =
                engine.take_asked().iter().map(|action| format!("{action:?}")).collect();
            planned.sort();
            done.sort();
            assert_eq!(done, planned);
        });
    });
}

#[test]
fn after_a_fault_at_any_point_the_next_run_ends_as_an_unbroken_one() {
    for_each_round(|chance| {
        let (mut world, topology) = edited_world(chance);
        world.jobs.extend(jobs(&topology));
        let choices = UpChoices { remove_orphans: true, ..random_choices(chance) };
        let plan = plan(&world, &topology, &choices);
        let unbroken = in_simulated_time(async {
            let engine = LateEngine::new(world.clone(), Chance(1), None);
            carry_out(&engine, &plan).await;
            engine.into_world().await
        });
        let fault = (chance.below(plan.steps.len() + 1), *chance.one_of(&Fault::ALL));
        let seed = chance.below(1 << 30) as u64;
        in_simulated_time(async {
            let engine = LateEngine::new(world, Chance(seed), Some(fault));
            carry_out(&engine, &plan).await;
            engine.disarm();
            let (outcome, said) = bring_up(&engine, &topology, &choices).await;
            assert!(outcome.is_success(), "{fault:?}\n{said}\n{}", describe(&plan));
            let mut world = engine.into_world().await;
            assert_matches(&mut world, &topology);
            assert_eq!(seen(&world), seen(&unbroken), "{fault:?}\n{said}\n{}", describe(&plan));
        });
    });
}

#[test]
fn what_ends_while_it_is_looked_at_runs_in_the_end() {
    let text = "services: { web: { image: image0 } }";
    let (topology, _) = load("topology.yaml", text, &[], &UpChoices::default());
    let choices = UpChoices::default();
    for milliseconds in 0..20 {
        in_simulated_time(async {
            let engine = LateEngine::new(World::default(), Chance(7), None);
            bring_up(&engine, &topology, &choices).await;
            engine.stops_after(&"shop-web-1".into(), Duration::from_millis(milliseconds));
            let (outcome, said) = bring_up(&engine, &topology, &choices).await;
            assert!(outcome.is_success(), "{said}");
            let world = engine.into_world().await;
            let state = &world.containers[0].seen.state;
            assert!(state.is_running(), "it ended after {milliseconds} ms: {state:?}\n{said}");
        });
    }
}

fn in_simulated_time<T>(test: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime can be built");
    runtime.block_on(test)
}
