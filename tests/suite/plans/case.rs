//! A case of `tests/plans`: a directory whose name is the claim.
//!
//! | file | what it holds |
//! |---|---|
//! | `topology.yaml` | the desired topology |
//! | `before.yaml` | what was brought up before, with all profiles, and is healthy; nothing when absent |
//! | `state.yaml` | what happened since: [`Events`] |
//! | `choices.yaml` | the options of the command: [`Choices`] |
//! | `variables.yaml` | the caller's variables: those `before`, and those `now` |
//! | `*.env` | env files that the topologies refer to |
//! | `plan.txt` | the output of `topo plan` |
//! | `plan.json` | the output of `--format json`; not compared when absent |

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use topo::diagnostic::Diagnostics;
use topo::plan::observed::{
    ApiVersion, Health, ObservedEndpoint, ObservedMount, ObservedNetwork, ObservedVolume, Status,
};
use topo::plan::resources::Resources;
use topo::plan::{
    self, BuildChoice, BuildChoices, DownChoices, ImagesChoice, Plan, PullChoice, PushChoices,
    RecreateChoice, StartChoice, StoredPlan, UpChoices, Values, label,
};
use topo::report::wording::{object, to_do};
use topo::report::{Goal, Look};
use topo::source::Sources;
use topo::topology::Topology;
use topo::topology::name::ServiceName;
use topo::value::image::ImageReference;

use super::load::{Place, jobs, load_in};
use super::surroundings::Surroundings;
use super::world::World;

/// The caller's variables.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Variables {
    before: BTreeMap<String, String>,
    now: BTreeMap<String, String>,
}

/// What happened since `before.yaml` was brought up.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Events {
    /// Containers, by their names.
    containers: BTreeMap<String, ContainerEvents>,
    /// References that mean another image now.
    renewed_images: Vec<String>,
    /// How many hours ago references were tagged; unknown for others.
    image_ages: BTreeMap<String, u64>,
    /// Objects that were removed.
    gone: Things,
    /// Objects that were created by others.
    foreign: Things,
    /// A container of another project in a network of this one.
    stranger: Option<ForeignContainer>,
    /// The minor version of the engine's API.
    api: Option<u32>,
    /// The number of processors of the engine's machine.
    processors: Option<usize>,
    /// Whether Docker Compose created everything.
    made_by_compose: bool,
    /// Whether a release created everything that gave networks and volumes no fingerprints.
    without_fingerprints: bool,
    /// Another release created everything, with the labels in this file.
    labels: Option<PathBuf>,
    /// `up` of `topology.yaml` was killed before this step: `remove container shop-web-1`.
    interrupted_before: Option<String>,
    /// What the engine and its machine have besides, at which a run looks before it begins.
    surroundings: Option<Surroundings>,
}

/// The labels of every object, by name.
#[derive(Deserialize)]
struct Labels {
    containers: BTreeMap<String, BTreeMap<String, String>>,
    networks: BTreeMap<String, BTreeMap<String, String>>,
    volumes: BTreeMap<String, BTreeMap<String, String>>,
}

impl Labels {
    fn replace_those_of(&self, world: &mut World) {
        let Self { containers, networks, volumes } = self;
        for container in &mut world.containers {
            container.seen.labels = containers[container.seen.name.as_str()].clone();
        }
        for (name, network) in &mut world.networks {
            network.labels = networks[name.as_str()].clone();
        }
        for (name, volume) in &mut world.volumes {
            volume.labels = volumes[name.as_str()].clone();
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ContainerEvents {
    gone: bool,
    /// It exited with this code.
    exited: Option<i64>,
    unhealthy: bool,
    paused: bool,
    /// The engine failed to remove it.
    dead: bool,
    renamed: Option<String>,
    /// It was disconnected from this network.
    disconnected: Option<String>,
    /// It belongs to `run`.
    one_off: bool,
    /// The topology files that it was created from.
    made_from: Option<String>,
    /// It was restarted by a user, and nothing else was.
    started_again: bool,
    /// It has an anonymous volume.
    has_anonymous_volume: bool,
    /// Somebody changed limits of it.
    updated: Resources,
    /// Somebody connected it to this network.
    connected: Option<String>,
    /// Somebody disconnected it from a network and connected it again, with these aliases.
    aliases: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Things {
    images: Vec<String>,
    networks: Vec<String>,
    volumes: Vec<String>,
}

#[derive(Deserialize)]
struct ForeignContainer {
    name: String,
    network: String,
    /// The address that it got there.
    address: Option<IpAddr>,
}

/// The options of the command.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Choices {
    services: Vec<String>,
    exclude: Vec<String>,
    profiles: Vec<String>,
    build: Option<Word>,
    pull: Option<Word>,
    recreate: Option<Word>,
    no_deps: bool,
    restarts_dependants: bool,
    keeps_numbers: bool,
    create_only: bool,
    renew_anonymous_volumes: bool,
    scale: BTreeMap<String, u32>,
    wait: bool,
    remove_orphans: bool,
    all_resources: bool,
    show_values: bool,
    /// In seconds.
    grace: Option<u64>,
    always_recreate_deps: bool,
    command: Command,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Command {
    #[default]
    Up,
    Down(Down),
    Build {
        push: bool,
    },
    Push,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Word {
    Always,
    Missing,
    Never,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Down {
    volumes: bool,
    rmi: Option<Rmi>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Rmi {
    Local,
    All,
}

/// The text of a case's plan, and its JSON.
pub(crate) fn plan_of(directory: &Path) -> (String, String) {
    let choices: Choices = read_yaml(&directory.join("choices.yaml"));
    let events: Events = read_yaml(&directory.join("state.yaml"));
    let up = choices.up();
    let wanted = std::fs::read_to_string(directory.join("topology.yaml")).expect("there is a topology");
    let variables: Variables = read_yaml(&directory.join("variables.yaml"));
    let place = Place { directory, variables: &variables.now };
    let (mut topology, sources) = load_in(place, "topology.yaml", &wanted, &choices.profiles, &up);
    let excluded: Vec<ServiceName> = choices.exclude.iter().map(|name| name.as_str().into()).collect();
    topology.deactivate(&excluded);
    let mut world = World::default();
    world.jobs.extend(jobs(&topology));
    pull_everything(&mut world, &topology);
    events.make_foreign(&mut world);
    world.api = events.api.map(|minor| ApiVersion { minor });
    world.processors = events.processors;
    if let Ok(before) = std::fs::read_to_string(directory.join("before.yaml")) {
        let place = Place { directory, variables: &variables.before };
        let (before, _) = load_in(place, "before.yaml", &before, &["*".to_owned()], &UpChoices::default());
        world.jobs.extend(jobs(&before));
        pull_everything(&mut world, &before);
        bring_up(&mut world, &before);
    }
    events.apply(&mut world, &topology, &up);
    if let Some(labels) = &events.labels {
        let text = std::fs::read_to_string(directory.join(labels)).expect("there are labels");
        let labels: Labels = serde_json::from_str(&text).expect("they are labels");
        labels.replace_those_of(&mut world);
    }

    let observed = world.observe(&plan::query(&topology));
    let mut found = Diagnostics::default();
    let mut undeclared = Vec::new();
    let (plan, goal) = match &choices.command {
        Command::Up => (plan::up(&topology, &observed, &up, &mut found), Goal::UP),
        Command::Down(down) => {
            let down = choices.down(down);
            let plan = plan::down(&topology.name, Some(&topology), &observed, &down, &mut found);
            undeclared = plan::volumes_left(&topology.name, Some(&topology), &observed, &down).undeclared;
            (plan, Goal::DOWN)
        }
        Command::Build { push } => {
            let build = BuildChoices { push: *push, ..BuildChoices::default() };
            (plan::build(&topology, &build), Goal::BUILD)
        }
        Command::Push => (plan::push(&topology, &PushChoices::default()), Goal::PUSH),
    };
    let opened = assert_is_stored_whole(&plan, &topology);
    if let Some(surroundings) = &events.surroundings {
        let look = |plan: &Plan| surroundings.check(plan, &topology, &world, &observed);
        assert_eq!(
            said(&look(&opened), &sources),
            said(&look(&plan), &sources),
            "a stored plan knows no places"
        );
        found.append(look(&plan));
    }
    let text = match found.has_errors() {
        true => String::new(),
        false => topo::report::plan::text(&plan, &sources, Look::BARE, None, goal),
    };
    let undeclared = undeclared.iter().map(|volume| format!("undeclared: {volume} stays\n"));
    let text = format!("{}{text}{}", said(&found, &sources), undeclared.collect::<String>());
    // Env files are read from the directory of the case.
    let home = format!("{}/", directory.display());
    (text.replace(&home, ""), topo::report::plan::json(&plan, &sources).replace(&home, ""))
}

/// A stored plan contains everything of the plan, once the topology provides its secrets again.
pub(crate) fn assert_is_stored_whole(plan: &Plan, topology: &Topology) -> Plan {
    let text = serde_json::to_string(plan).expect("a plan can be written");
    let stored: StoredPlan = serde_json::from_str(&text).expect("a plan can be read");
    assert_eq!(serde_json::to_string(&stored).expect("it can be written again"), text);
    let opened = stored.open(Some(topology)).expect("the topology has all secrets");
    for (opened, planned) in opened.steps.iter().zip(plan.steps.iter()) {
        assert_eq!(opened, planned);
    }
    assert_eq!(opened, *plan);
    opened
}

fn read_yaml<T: Default + DeserializeOwned>(path: &Path) -> T {
    let Ok(text) = std::fs::read_to_string(path) else { return T::default() };
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Images that are not built exist.
fn pull_everything(world: &mut World, topology: &Topology) {
    for service in topology.services.values().chain(topology.inactive.values()) {
        if let Some(image) = service.image.as_ref().filter(|_| service.build.is_none()) {
            world.make_image(&ImageReference::from(image.value.as_str()));
        }
    }
}

fn bring_up(world: &mut World, topology: &Topology) {
    let observed = world.observe(&plan::query(topology));
    let mut found = Diagnostics::default();
    let plan = plan::up(topology, &observed, &UpChoices::default(), &mut found);
    assert!(!found.has_errors(), "before.yaml cannot be brought up: {found:?}");
    world.follow(&plan, |ready| ready.first().copied()).expect("before.yaml can be brought up");
}

/// The diagnostics before the plan.
fn said(found: &Diagnostics, sources: &Sources) -> String {
    let mut text = String::new();
    for diagnostic in found.sorted() {
        let severity = format!("{:?}", diagnostic.severity).to_lowercase();
        text += &format!("{severity}[{}]: {}\n", diagnostic.code.name(), diagnostic.message);
        for label in &diagnostic.labels {
            let (line, column) = sources.position(label.span);
            text += &format!("  {line}:{column}: {}\n", label.text);
        }
        text.extend(diagnostic.help.iter().map(|help| format!("  help: {help}\n")));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

impl Events {
    fn make_foreign(&self, world: &mut World) {
        for name in &self.foreign.networks {
            let network = ObservedNetwork {
                name: name.as_str().into(),
                id: format!("foreign-{name}"),
                labels: BTreeMap::new(),
                attached: Vec::new(),
                held: BTreeMap::new(),
            };
            world.networks.insert(name.as_str().into(), network);
        }
        for name in &self.foreign.volumes {
            let volume = ObservedVolume { name: name.as_str().into(), labels: BTreeMap::new() };
            world.volumes.insert(name.as_str().into(), volume);
        }
        for name in &self.foreign.images {
            world.make_image(&ImageReference::from(name.as_str()));
        }
    }

    fn apply(&self, world: &mut World, topology: &Topology, choices: &UpChoices) {
        if let Some(step) = &self.interrupted_before {
            interrupt(world, topology, choices, step);
        }
        for (name, events) in &self.containers {
            events.apply(world, name);
        }
        for image in &self.renewed_images {
            let image = ImageReference::from(image.as_str());
            *world.releases.entry(image.clone()).or_default() += 1;
            world.make_image(&image);
        }
        for (image, hours) in &self.image_ages {
            let age = std::time::Duration::from_secs(hours * 3600);
            world.image_ages.insert(ImageReference::from(image.as_str()), age);
        }
        world.images.retain(|image, _| !self.gone.images.iter().any(|gone| gone == image.as_str()));
        world.networks.retain(|name, _| !self.gone.networks.iter().any(|gone| gone == name.as_str()));
        world.volumes.retain(|name, _| !self.gone.volumes.iter().any(|gone| gone == name.as_str()));
        if let Some(ForeignContainer { name, network, address }) = &self.stranger {
            let network = world.networks.get_mut(network.as_str()).expect("the network is there");
            network.held.extend(address.map(|address| (address, name.as_str().into())));
            network.attached.push(name.as_str().into());
        }
        if self.made_by_compose {
            let containers = world.containers.iter_mut().map(|container| &mut container.seen.labels);
            let networks = world.networks.values_mut().map(|network| &mut network.labels);
            let volumes = world.volumes.values_mut().map(|volume| &mut volume.labels);
            for labels in containers.chain(networks).chain(volumes) {
                labels.remove(label::APPLIED);
                labels.insert(label::VERSION.to_owned(), "2.40.3".to_owned());
            }
            let networks = world.networks.values_mut().map(|network| &mut network.labels);
            let volumes = world.volumes.values_mut().map(|volume| &mut volume.labels);
            for labels in networks.chain(volumes).filter(|_| self.without_fingerprints) {
                labels.remove(label::CONFIG_HASH);
            }
        }
    }
}

fn interrupt(world: &mut World, topology: &Topology, choices: &UpChoices, step: &str) {
    let observed = world.observe(&plan::query(topology));
    // It was another command, which was not necessarily given a scale.
    let choices = UpChoices { scale: BTreeMap::new(), ..choices.clone() };
    let plan = plan::up(topology, &observed, &choices, &mut Diagnostics::default());
    let line = |id: plan::StepId| {
        let action = &plan.steps[id].action;
        format!("{} {}", to_do(action), object(action))
    };
    let mut is_interrupted = false;
    let begun = world.follow(&plan, |ready| {
        is_interrupted |= line(ready[0]) == step;
        (!is_interrupted).then_some(ready[0])
    });
    begun.expect("it can be begun");
    let lines: Vec<String> = plan.steps.ids().map(line).collect();
    assert!(is_interrupted, "no step is `{step}`:\n{}", lines.join("\n"));
}

impl ContainerEvents {
    fn apply(&self, world: &mut World, name: &str) {
        let Self { gone, exited, unhealthy, paused, dead, renamed, disconnected, .. } = self;
        let Self { one_off, made_from, started_again, has_anonymous_volume, updated, .. } = self;
        if let Some(network) = &self.connected {
            let id = world.networks[network.as_str()].id.clone();
            let container = world.container(&name.into()).expect("the container is there");
            container.seen.networks.insert(network.as_str().into(), id);
            container.endpoints().insert(network.as_str().into(), ObservedEndpoint::default());
        }
        if *started_again {
            world.container(&name.into()).expect("the container is there").stop(0);
            world.start_later(&name.into()).expect("it can be started");
        }
        let container = world.container(&name.into()).expect("the container is there");
        if let Some(code) = exited {
            container.stop(*code);
        }
        if *unhealthy {
            container.seen.state.health = Some(Health::Unhealthy);
            container.seen.state.status = Status::Running;
        }
        if *paused {
            container.seen.state.status = Status::Paused;
        }
        if *dead {
            container.stop(137);
            container.seen.state.status = Status::Dead;
        }
        if let Some(network) = disconnected {
            assert!(container.seen.networks.contains_key(network.as_str()), "it is attached");
            container.disconnect(&network.as_str().into());
        }
        if *has_anonymous_volume {
            container.seen.mounts.push(ObservedMount { name: "a".repeat(64), is_local_volume: true });
        }
        for (network, aliases) in &self.aliases {
            let endpoint = container.endpoints().get_mut(network.as_str()).expect("it is attached");
            endpoint.aliases.clone_from(aliases);
        }
        let settings = container.seen.settings.as_mut().expect("the engine tells them");
        settings.resources = settings.resources.after(updated);
        container.seen.is_one_off |= *one_off;
        if let Some(files) = made_from {
            container.seen.labels.insert(label::FILES.to_owned(), files.clone());
        }
        if let Some(new) = renamed {
            container.seen.name = new.as_str().into();
        }
        if *gone {
            world.containers.retain(|container| container.seen.name.as_str() != name);
        }
    }
}

impl Choices {
    fn up(&self) -> UpChoices {
        UpChoices {
            services: self.services.iter().map(|name| name.as_str().into()).collect(),
            without_dependencies: self.no_deps,
            restarts_dependants: self.restarts_dependants,
            keeps_numbers: self.keeps_numbers,
            build: match self.build {
                Some(Word::Always) => BuildChoice::Always,
                Some(Word::Never) => BuildChoice::Never,
                Some(Word::Missing) | None => BuildChoice::Missing,
            },
            pull: self.pull.map(|word| match word {
                Word::Always => PullChoice::Always,
                Word::Missing => PullChoice::Missing,
                Word::Never => PullChoice::Never,
            }),
            recreate: match self.recreate {
                Some(Word::Always) => RecreateChoice::Force,
                Some(Word::Never) => RecreateChoice::Never,
                Some(Word::Missing) | None => RecreateChoice::Changed,
            },
            recreate_dependencies: self.always_recreate_deps,
            renew_anonymous_volumes: self.renew_anonymous_volumes,
            scale: self.scale.iter().map(|(name, number)| (name.as_str().into(), *number)).collect(),
            wait: self.wait,
            all_resources: self.all_resources,
            start: if self.create_only { StartChoice::CreateOnly } else { StartChoice::Start },
            remove_orphans: self.remove_orphans,
            grace: self.grace.map(Duration::from_secs),
            values: if self.show_values { Values::Shown } else { Values::Literal },
            ended: BTreeSet::new(),
        }
    }

    fn down(&self, down: &Down) -> DownChoices {
        DownChoices {
            services: self.services.iter().map(|name| name.as_str().into()).collect(),
            volumes: down.volumes,
            images: match down.rmi {
                Some(Rmi::Local) => ImagesChoice::Local,
                Some(Rmi::All) => ImagesChoice::All,
                None => ImagesChoice::None,
            },
            remove_orphans: self.remove_orphans,
            command_for_all: "topo down --remove-orphans".to_owned(),
            after_failed_hook: topo::plan::action::AfterFailedHook::GiveUp,
            grace: self.grace.map(Duration::from_secs),
        }
    }
}
