//! Properties of the plans of all topologies and all states of the engine.

use std::collections::BTreeSet;

use topo::diagnostic::Diagnostics;
use topo::plan::action::{Action, AnonymousVolumes};
use topo::plan::observed::Status;
use topo::plan::preflight::{Demands, Surroundings, check};
use topo::plan::{BuildChoice, Plan, PullChoice, PullChoices, RecreateChoice, Scope, Step, UpChoices};
use topo::report::{Goal, Look};
use topo::source::Sources;
use topo::topology::Topology;
use topo::topology::name::ServiceName;

use super::case::assert_is_stored_whole;
use super::chance::Chance;
use super::load::{jobs, load};
use super::random::Sketch;
use super::surroundings::neighbours;
use super::world::{Container, World};

const ROUNDS: u64 = 150;

#[test]
fn a_second_up_changes_nothing() {
    for_each_round(|chance| {
        let topology = topology(&Sketch::random(chance));
        let mut world = World::default();
        bring_up(&mut world, &topology, &UpChoices::default(), chance);
        assert_matches(&mut world, &topology);
    });
}

#[test]
fn an_edited_topology_is_reached_from_any_state() {
    for_each_round(|chance| {
        let (mut world, topology) = edited_world(chance);
        let choices = UpChoices { remove_orphans: true, ..UpChoices::default() };
        bring_up(&mut world, &topology, &choices, chance);
        assert_matches(&mut world, &topology);
    });
}

#[test]
fn a_stored_plan_is_complete() {
    for_each_round(|chance| {
        let (mut world, topology) = edited_world(chance);
        world.jobs.extend(jobs(&topology));
        assert_is_stored_whole(&plan(&world, &topology, &random_choices(chance)), &topology);
    });
}

#[test]
fn an_interrupted_up_is_finished_by_the_next_one() {
    for_each_round(|chance| {
        let (mut world, topology) = edited_world(chance);
        world.jobs.extend(jobs(&topology));
        let plan = plan(&world, &topology, &random_choices(chance));
        let steps = chance.below(plan.steps.len() + 1);
        follow_partly(&mut world, &plan, steps, chance);
        let choices = UpChoices { remove_orphans: true, ..UpChoices::default() };
        bring_up(&mut world, &topology, &choices, chance);
        assert_matches(&mut world, &topology);
    });
}

#[test]
fn a_plan_lists_every_created_or_removed_container_wherever_the_last_run_was_killed() {
    for_each_round(|chance| {
        let (mut world, edited) = edited_sketch(chance);
        let loaded = load("topology.yaml", &edited.yaml(), &[], &UpChoices::default());
        let topology = &loaded.0;
        world.jobs.extend(jobs(topology));
        let recreate = *chance.one_of(&[RecreateChoice::Changed, RecreateChoice::Force]);
        let killed = plan(&world, topology, &UpChoices { recreate, ..UpChoices::default() });
        let steps = chance.below(killed.steps.len() + 1);
        follow_partly(&mut world, &killed, steps, chance);
        let choices = UpChoices { remove_orphans: true, recreate, ..UpChoices::default() };
        assert_lists_all(&mut world, &loaded, &choices, chance);
    });
}

#[test]
fn a_plan_is_complete_after_every_step_of_an_interrupted_replacement() {
    let topology = |number: usize| {
        let text =
            format!("services:\n  web: {{ image: 'nginx:1', environment: {{ NUMBER: '{number}' }} }}\n");
        load("topology.yaml", &text, &[], &UpChoices::default())
    };
    let mut chance = Chance(0);
    let mut before = World::default();
    bring_up(&mut before, &topology(1).0, &UpChoices::default(), &mut chance);
    let replacement = plan(&before, &topology(2).0, &UpChoices::default());
    for steps in 0..=replacement.steps.len() {
        // The interrupted change is completed, edited once more, or reverted.
        for number in [2, 3, 1] {
            let mut world = before.clone();
            follow_partly(&mut world, &replacement, steps, &mut chance);
            assert_lists_all(&mut world, &topology(number), &UpChoices::default(), &mut chance);
            assert_matches(&mut world, &topology(number).0);
        }
    }
}

#[test]
fn what_the_project_has_never_stands_in_its_own_way() {
    for_each_round(|chance| {
        let before = Sketch::random(chance);
        let mut world = World::default();
        bring_up(&mut world, &topology(&before), &UpChoices::default(), chance);
        let topology = topology(&before.edited(chance));
        let choices = UpChoices { remove_orphans: true, ..UpChoices::default() };
        let observed = world.observe(&topo::plan::query(&topology));
        let plan = plan(&world, &topology, &choices);
        let containers = neighbours(&world, &topology);
        let mut found = Diagnostics::default();
        let around = Surroundings { containers, ..Surroundings::default() };
        check(&Demands::of(&plan, &topology, &observed), &around, &mut found);
        assert!(found.is_empty(), "{found:?}");
    });
}

#[test]
fn naming_a_service_neither_disconnects_nor_scales_others() {
    for_each_round(|chance| {
        let before = Sketch::random(chance);
        let mut world = World::default();
        bring_up(&mut world, &topology(&before), &UpChoices::default(), chance);
        let topology = topology(&before.edited(chance));
        let names: Vec<_> = topology.services.keys().cloned().collect();
        let named = chance.one_of(&names).clone();
        let numbers = |world: &World| -> Vec<usize> {
            let number = |name: &ServiceName| {
                world.containers.iter().filter(|container| container.seen.service == *name).count()
            };
            names.iter().filter(|name| **name != named).map(number).collect()
        };
        let numbers_before = numbers(&world);
        let choices = UpChoices { services: vec![named.clone()], ..random_choices(chance) };
        bring_up(&mut world, &topology, &choices, chance);
        for (before, after) in numbers_before.into_iter().zip(numbers(&world)) {
            assert!(before == 0 || before == after, "up {named} made {after} of {before}");
        }
        for container in world.containers.iter().filter(|container| container.seen.state.is_running()) {
            let is_known = topology.services.contains_key(&container.seen.service);
            assert!(!is_known || world.is_whole(container), "up {named} cut {} off", container.seen.name);
        }
    });
}

#[test]
fn new_images_are_used_by_all_that_depend_on_them() {
    for_each_round(|chance| {
        let (mut world, topology) = edited_world(chance);
        let choices = UpChoices { remove_orphans: true, ..random_choices(chance) };
        bring_up(&mut world, &topology, &choices, chance);
        assert_matches(&mut world, &topology);
    });
}

#[test]
fn no_up_removes_volumes() {
    for_each_round(|chance| {
        let (mut world, topology) = edited_world(chance);
        // An interrupted run leaves containers that were never started, and that have their
        // predecessors' volumes.
        world.jobs.extend(jobs(&topology));
        let begun = plan(&world, &topology, &random_choices(chance));
        let steps = chance.below(begun.steps.len() + 1);
        follow_partly(&mut world, &begun, steps, chance);
        let choices = UpChoices { remove_orphans: true, ..random_choices(chance) };
        for step in plan(&world, &topology, &choices).steps.iter() {
            let is_loss = match &step.action {
                Action::RemoveVolume { .. } => true,
                Action::RemoveContainer { anonymous_volumes, .. } => {
                    *anonymous_volumes == AnonymousVolumes::Remove
                }
                _ => false,
            };
            assert!(!is_loss, "{step:?}");
        }
    });
}

#[test]
fn a_network_that_cannot_be_replaced_disconnects_no_container() {
    let topology = |label: &str| {
        let text = format!(
            "
services:
  web: {{ image: 'nginx:1', networks: [inner] }}
  db: {{ image: 'postgres:17', networks: [inner] }}
networks:
  inner: {{ labels: {{ number: '{label}' }} }}
"
        );
        load("topology.yaml", &text, &[], &UpChoices::default()).0
    };
    let mut before = World::default();
    bring_up(&mut before, &topology("1"), &UpChoices::default(), &mut Chance(0));
    let plan = plan(&before, &topology("2"), &UpChoices::default());
    for fails in plan.steps.ids() {
        let action = &plan.steps[fails].action;
        if matches!(action, Action::DisconnectNetwork { .. } | Action::RemoveNetwork { .. }) {
            let mut world = before.clone();
            world.follow_without(&plan, fails);
            let is_well =
                |container: &Container| container.seen.networks.len() == 1 && world.is_whole(container);
            assert!(world.containers.iter().all(is_well), "when this fails: {action:?}");
        }
    }
}

#[test]
fn an_image_of_several_services_is_never_pulled_for_only_one_of_them() {
    let text = "services: { a: { image: 'one:1', scale: 2 }, b: { image: 'two:1' }, c: { image: 'two:1' } }";
    let topology = load("topology.yaml", text, &[], &UpChoices::default()).0;
    let pulled = |plan: &Plan| -> Vec<(String, Option<String>)> {
        let pull = |step: &Step| match &step.action {
            Action::PullImage { image, .. } => {
                Some((image.to_string(), step.service.as_ref().map(ToString::to_string)))
            }
            _ => None,
        };
        plan.steps.iter().filter_map(pull).collect()
    };
    let wanted = [("one:1".to_owned(), Some("a".to_owned())), ("two:1".to_owned(), None)];
    let world = World::default();
    assert_eq!(pulled(&plan(&world, &topology, &UpChoices::default())), wanted);
    let observed = world.observe(&topo::plan::query(&topology));
    assert_eq!(pulled(&topo::plan::pull(&topology, &observed, &PullChoices::default()).0), wanted);
}

#[test]
fn down_removes_everything() {
    for_each_round(|chance| {
        let (mut world, topology) = edited_world(chance);
        let choices = topo::plan::DownChoices { volumes: true, remove_orphans: true, ..Default::default() };
        let observed = world.observe(&topo::plan::query(&topology));
        let mut found = Diagnostics::default();
        let plan = topo::plan::down(&topology.name, Some(&topology), &observed, &choices, &mut found);
        follow(&mut world, &plan, chance);
        assert!(world.containers.is_empty() && world.networks.is_empty() && world.volumes.is_empty());
    });
}

#[test]
fn nothing_stops_before_its_dependants() {
    for_each_round(|chance| {
        let topology = topology(&Sketch::random(chance));
        let mut world = World::default();
        bring_up(&mut world, &topology, &UpChoices::default(), chance);
        let observed = world.observe(&topo::plan::query(&topology));
        let scope = Scope {
            project: &topology.name,
            topology: Some(&topology),
            observed: &observed,
            services: &[],
            excluded: &[],
        };
        let plan = topo::plan::stop(scope, None);
        let mut stopped = Vec::new();
        world
            .follow(&plan, |ready| {
                let step = *chance.one_of(ready);
                stopped.push(plan.steps[step].service.clone().expect("a container's"));
                Some(step)
            })
            .expect("it can be done");
        for (place, early) in stopped.iter().enumerate() {
            for late in &stopped[place + 1..] {
                let service = &topology.services[late];
                assert!(!service.depends_on.0.contains_key(early), "{late} depends on {early}");
            }
        }
    });
}

pub(super) fn for_each_round(check: impl Fn(&mut Chance)) {
    let number = |name: &str| -> Option<u64> { std::env::var(name).ok()?.parse().ok() };
    let only = number("TOPO_ROUND");
    for round in 0..number("TOPO_ROUNDS").unwrap_or(ROUNDS) {
        if only.is_none_or(|only| only == round) {
            let checked =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&mut Chance(round))));
            assert!(checked.is_ok(), "this was round {round}: TOPO_ROUND={round} repeats it alone");
        }
    }
}

fn topology(sketch: &Sketch) -> Topology {
    load("topology.yaml", &sketch.yaml(), &[], &UpChoices::default()).0
}

/// An engine with a topology that was brought up and then tampered with, and an edited topology.
pub(super) fn edited_world(chance: &mut Chance) -> (World, Topology) {
    let (world, edited) = edited_sketch(chance);
    (world, topology(&edited))
}

fn edited_sketch(chance: &mut Chance) -> (World, Sketch) {
    let before = Sketch::random(chance);
    let mut world = World::default();
    bring_up(&mut world, &topology(&before), &UpChoices::default(), chance);
    for _ in 0..chance.below(4) {
        tamper(&mut world, chance);
    }
    (world, before.edited(chance))
}

/// Changes something behind topo's back.
fn tamper(world: &mut World, chance: &mut Chance) {
    if world.containers.is_empty() {
        return;
    }
    let place = chance.below(world.containers.len());
    let image = world.containers[place].spec.image.clone();
    match chance.below(8) {
        0 => world.containers[place].stop(*chance.one_of(&[0, 1])),
        1 => drop(world.containers.remove(place)),
        2 => {
            world.containers[place].seen.networks.clear();
            world.containers[place].seen.addresses.clear();
            world.containers[place].endpoints().clear();
        }
        3 => *world.releases.entry(image).or_default() += 1,
        4 => {
            // A power failure, followed by a cleanup.
            world.containers.iter_mut().for_each(|container| container.stop(255));
            world.networks.clear();
        }
        7 if world.containers[place].seen.state.is_running() => {
            // A user restarts it without regard to others.
            let name = world.containers[place].seen.name.clone();
            world.containers[place].stop(143);
            let _ = world.start_later(&name);
        }
        5 if world.containers[place].seen.state.is_running() => {
            world.containers[place].seen.state.status = Status::Paused;
        }
        _ => world.containers[place].seen.name = format!("renamed{place}").as_str().into(),
    }
}

pub(super) fn random_choices(chance: &mut Chance) -> UpChoices {
    UpChoices {
        build: *chance.one_of(&[BuildChoice::Missing, BuildChoice::Always]),
        pull: *chance.one_of(&[None, Some(PullChoice::Always)]),
        recreate: *chance.one_of(&[RecreateChoice::Changed, RecreateChoice::Force]),
        renew_anonymous_volumes: chance.once_in(2),
        wait: chance.once_in(2),
        ..UpChoices::default()
    }
}

fn plan(world: &World, topology: &Topology, choices: &UpChoices) -> Plan {
    let mut found = Diagnostics::default();
    let observed = world.observe(&topo::plan::query(topology));
    let plan = topo::plan::up(topology, &observed, choices, &mut found);
    assert!(!found.has_errors(), "{found:?}");
    plan
}

fn bring_up(world: &mut World, topology: &Topology, choices: &UpChoices, chance: &mut Chance) {
    world.jobs.extend(jobs(topology));
    let plan = plan(world, topology, choices);
    follow(world, &plan, chance);
}

fn follow(world: &mut World, plan: &Plan, chance: &mut Chance) {
    follow_partly(world, plan, usize::MAX, chance);
}

fn follow_partly(world: &mut World, plan: &Plan, steps: usize, chance: &mut Chance) {
    let mut left = steps;
    let done = world.follow(plan, |ready| {
        left = left.checked_sub(1)?;
        Some(*chance.one_of(ready))
    });
    if let Err(refused) = done {
        panic!("{refused}\n{}", describe(plan));
    }
}

/// The containers created and removed according to `topo plan` are those that are.
fn assert_lists_all(
    world: &mut World,
    (topology, sources): &(Topology, Sources),
    choices: &UpChoices,
    chance: &mut Chance,
) {
    let plan = plan(world, topology, choices);
    let text = topo::report::plan::text(&plan, sources, Look::BARE, None, Goal::UP);
    let before = world.clone();
    follow(world, &plan, chance);
    // `~ container shop-web-1: recreate, start because environment.DEBUG changed`
    let told = |words: [&str; 2]| -> BTreeSet<String> {
        let line = |line: &str| {
            let (name, deeds) = line.get(2..)?.strip_prefix("container ")?.split_once(": ")?;
            let deeds = deeds.split(" because ").next()?;
            deeds.split(", ").any(|deed| words.contains(&deed)).then(|| name.to_owned())
        };
        text.lines().filter_map(line).collect()
    };
    let names = |of: &World, not_in: &World| -> BTreeSet<String> {
        let is_there = |id: &str| not_in.containers.iter().any(|container| container.seen.id == id);
        let others = of.containers.iter().filter(|container| !is_there(&container.seen.id));
        others.map(|container| container.seen.name.to_string()).collect()
    };
    assert_eq!(told(["create", "recreate"]), names(world, &before), "what comes:\n{text}{}", describe(&plan));
    assert_eq!(told(["remove", "recreate"]), names(&before, world), "what goes:\n{text}{}", describe(&plan));
}

pub(super) fn describe(plan: &Plan) -> String {
    let line = |step: topo::plan::StepId| {
        let Step { action, because, only_if, .. } = &plan.steps[step];
        let needs: Vec<usize> = plan.steps[step].needs.keys().map(|needed| needed.index()).collect();
        let action = format!("{action:?}");
        let action: String = action.chars().take(110).collect();
        format!("{} {action} because {because:?} if {} after {needs:?}\n", step.index(), only_if.is_some())
    };
    plan.steps.ids().map(line).collect()
}

/// Everything in the topology exists and works, and another plan is empty.
pub(super) fn assert_matches(world: &mut World, topology: &Topology) {
    let again = plan(world, topology, &UpChoices::default());
    assert!(again.changes_nothing(), "planned again:\n{}", describe(&again));
    for (name, service) in &topology.services {
        let own: Vec<_> =
            world.containers.iter().filter(|container| container.seen.service == *name).collect();
        assert_eq!(own.len(), service.replicas() as usize, "containers of {name}");
        for container in own {
            let is_done = world.jobs.contains(name) && container.seen.state.status == Status::Exited;
            let runs = container.seen.state.status == Status::Running;
            assert!(runs || is_done, "{name} does not run");
            assert!(is_done || world.is_whole(container), "{name} lost what it shares");
            assert_eq!(Some(&container.seen.image), world.images.get(&container.spec.image));
        }
    }
}
