//! A plan and an engine's behaviour, as text.
//!
//! ```text
//! # A comment.
//! container db healthcheck healthy@300ms prints@10ms:"ready soon" exits@2s:1 restarts:2
//! image web:1 is a                       # an existing image with this id
//! new-image web:1 is b                   # the result of a pull or build
//! events break@150ms                     # the event stream breaks, once
//! events refuse:3                        # subscriptions to refuse: at first, or after the break
//! events silent                          # or `unanswered`, `forbidden`, `without-health`: how subscriptions are answered
//! limits calls:2 images:1
//! wait-limit 5s
//! cancel 200ms
//! step start-api: start api for api after create-api, db-healthy settled job
//! step stop-web: stop web because replaced if-image web:1 differs a
//! step start-web: start web after stop-web restores stop-web
//! step create-web: create 1f_web settled update-web if-refused web
//! ```
//!
//! Actions: `pull IMAGE`, `build IMAGE`, `create NAME`, `update NAME`, `start NAME`, `stop NAME`, `remove NAME`,
//! `rename NAME NAME`, `wait NAME healthy|completed|ready`, `create-network NAME`, `remove-network NAME`,
//! `create-volume NAME`, `remove-volume NAME`.

use std::collections::BTreeMap;
use std::time::Duration;

use topo::plan::action::{AnonymousVolumes, ContainerSpec, ImageSpec, NetworkSpec, VolumeSpec};
use topo::plan::{Action, Because, Condition, FormerImage, Guard, Needs, Plan, Step, StepId};
use topo::run::RunOptions;
use topo::topology::name::{ContainerName, ImageId, ProjectName, ServiceName};
use topo::value::image::ImageReference;

use crate::memory_engine::{Behaviour, Hearing, ObjectChange, Script};

/// What a test runs.
pub(crate) struct Scenario {
    pub(crate) plan: Plan,
    pub(crate) script: Script,
    pub(crate) options: RunOptions,
    pub(crate) cancel_at: Option<Duration>,
    names: Vec<String>,
}

impl Scenario {
    pub(crate) fn parse(text: &str) -> Self {
        let mut scenario = Self {
            plan: Plan::new(ProjectName::from("shop")),
            script: Script::default(),
            options: RunOptions::default(),
            cancel_at: None,
            names: Vec::new(),
        };
        for line in text.lines() {
            let words = shlex::split(line).unwrap_or_else(|| panic!("open quote: {line}"));
            let words: Vec<_> = words.iter().map(String::as_str).collect();
            if !words.is_empty() {
                scenario.read(&words);
            }
        }
        scenario.plan.group_by_lasting_names();
        scenario
    }

    /// The name of a step in the scenario.
    pub(crate) fn name(&self, step: StepId) -> &str {
        &self.names[step.index()]
    }

    fn read(&mut self, words: &[&str]) {
        match words {
            ["container", name, traits @ ..] => {
                self.script.containers.insert(ContainerName::from(*name), behaviour(traits));
            }
            ["image", image, "is", id] => {
                self.script.images.insert(ImageReference::from(*image), ImageId::from(*id));
            }
            ["new-image", image, "is", id] => {
                self.script.new_images.insert(ImageReference::from(*image), ImageId::from(*id));
            }
            ["events", event] => match split(event) {
                ("break", Some(at), None) => self.script.events_break_at = Some(duration(at)),
                ("refuse", None, Some(count)) => self.script.refused_subscriptions = number(count),
                ("unanswered", None, None) => self.script.hearing = Hearing::Unanswered,
                ("forbidden", None, None) => self.script.hearing = Hearing::Forbidden,
                ("silent", None, None) => self.script.hearing = Hearing::Silent,
                ("without-health", None, None) => self.script.hearing = Hearing::WithoutHealth,
                _ => panic!("no such event: {event}"),
            },
            ["limits", limits @ ..] => self.limits(limits),
            ["wait-limit", limit] => self.options.wait_limit = Some(duration(limit)),
            ["cancel", at] => self.cancel_at = Some(duration(at)),
            ["step", name, rest @ ..] => self.step(name.trim_end_matches(':'), rest),
            _ => panic!("no such line: {words:?}"),
        }
    }

    fn limits(&mut self, limits: &[&str]) {
        for limit in limits {
            match split(limit) {
                ("calls", None, Some(calls)) => self.options.limits.calls = number(calls),
                ("images", None, Some(images)) => self.options.limits.images = number(images),
                _ => panic!("no such limit: {limit}"),
            }
        }
    }

    fn step(&mut self, name: &str, words: &[&str]) {
        let (action, mut rest) = action(words);
        let id = self.plan.steps.push(Step::new(action, Because::Asked, None));
        self.names.push(name.to_owned());
        while let [clause, ..] = rest {
            rest = match (*clause, &rest[1..]) {
                ("for", [service, rest @ ..]) => {
                    self.plan.steps[id].service = Some(ServiceName::from(*service));
                    rest
                }
                ("because", ["replaced", rest @ ..]) => {
                    self.plan.steps[id].because = Because::Replaced;
                    rest
                }
                ("if-image", [image, "differs", from, rest @ ..]) => {
                    let (image, from) = (ImageReference::from(*image), ImageId::from(*from));
                    self.plan.steps[id].only_if = Some(Guard::image_differs(FormerImage { image, from }));
                    rest
                }
                ("if-refused", [name, rest @ ..]) => {
                    self.plan.steps[id].only_if = Some(Guard::update_refused(ContainerName::from(*name)));
                    rest
                }
                ("restores", names) => {
                    let (taking, rest) = names.split_first().expect("a step's name");
                    let taking = self.names.iter().position(|known| known == taking).expect("a step");
                    self.plan.steps[StepId::new(taking)].undo = Some(id);
                    rest
                }
                ("after", names) => self.needs(id, names, Needs::Done),
                ("settled", names) => self.needs(id, names, Needs::Settled),
                _ => panic!("no such clause: {rest:?}"),
            };
        }
    }

    /// Reads `a, b, c` and returns what follows.
    fn needs<'words>(
        &mut self,
        id: StepId,
        words: &'words [&'words str],
        needs: Needs,
    ) -> &'words [&'words str] {
        let last = words.iter().position(|word| !word.ends_with(',')).expect("a list has an end");
        for word in &words[..=last] {
            let name = word.trim_end_matches(',');
            let needed = self.names.iter().position(|known| known == name);
            let needed = needed.unwrap_or_else(|| panic!("no step is named {name} yet"));
            self.plan.steps.order(StepId::new(needed), id, needs);
        }
        &words[last + 1..]
    }
}

fn behaviour(traits: &[&str]) -> Behaviour {
    let mut behaviour = Behaviour::default();
    for text in traits {
        let (word, at, value) = split(text);
        let said = || value.unwrap_or_default().to_owned();
        let deed = match word {
            "runs-already" => {
                behaviour.runs_already = true;
                None
            }
            "is-there-already" => {
                behaviour.is_there_already = true;
                None
            }
            "healthcheck" => {
                behaviour.has_healthcheck = true;
                None
            }
            "restarts" => {
                behaviour.restarts = number(&said());
                None
            }
            "former-restarts" => {
                behaviour.former_restarts = number(&said()) as u32;
                None
            }
            "restarts-after-success" => {
                behaviour.restarts_after_success = true;
                None
            }
            "removes-itself" => {
                behaviour.removes_itself = true;
                None
            }
            "refuses-create" => {
                behaviour.refuses_create = Some(said());
                None
            }
            "refuses-update" => {
                behaviour.refuses_update = Some(said());
                None
            }
            "warns" => {
                behaviour.warns = Some(said());
                None
            }
            "refuses-start" => {
                behaviour.refuses_start = Some(said());
                None
            }
            "output-breaks-after" => {
                behaviour.output_breaks_after = Some(number(&said()));
                None
            }
            "output-refused" => {
                behaviour.output_refused = number(&said());
                None
            }
            "output-pretends-end-after" => {
                behaviour.output_pretends_end_after = Some(number(&said()));
                None
            }
            "calls-take" => {
                behaviour.call_takes = Some(duration(&said()));
                None
            }
            "loses-answers" => {
                behaviour.loses_answers = true;
                None
            }
            "once" => {
                behaviour.happens_once = true;
                None
            }
            "signalled" => Some(ObjectChange::IsSignalled { signal: number(&said()) as i64 }),
            "healthy" => Some(ObjectChange::BecomesHealthy),
            "unhealthy" => Some(ObjectChange::BecomesUnhealthy { output: said() }),
            "exits" => Some(ObjectChange::Exits { code: number(&said()) as i64 }),
            "prints" => Some(ObjectChange::Prints { line: said() }),
            "paused" => Some(ObjectChange::IsPaused),
            "removed" => Some(ObjectChange::IsRemoved),
            "renamed" => Some(ObjectChange::IsRenamed { to: ContainerName::new(said()) }),
            _ => panic!("no such trait: {text}"),
        };
        behaviour.deeds.extend(deed.map(|deed| (at.map_or(Duration::ZERO, duration), deed)));
    }
    behaviour
}

fn action<'words>(words: &'words [&'words str]) -> (Action, &'words [&'words str]) {
    let action = match words {
        ["pull", image, ..] => Action::PullImage { image: ImageReference::from(*image), platform: None },
        ["build", image, ..] => Action::BuildImage(Box::new(image_spec(image))),
        ["create-network", name, ..] => Action::CreateNetwork(Box::new(NetworkSpec {
            name: (*name).into(),
            network: Default::default(),
            labels: BTreeMap::new(),
        })),
        ["remove-network", name, ..] => Action::RemoveNetwork { network: (*name).into() },
        ["create-volume", name, ..] => Action::CreateVolume(Box::new(VolumeSpec {
            name: (*name).into(),
            volume: Default::default(),
            labels: BTreeMap::new(),
        })),
        ["remove-volume", name, ..] => Action::RemoveVolume { volume: (*name).into() },
        ["create", name, ..] => Action::CreateContainer(Box::new(container_spec(name))),
        ["update", name, ..] => {
            Action::UpdateContainer { container: (*name).into(), change: Default::default() }
        }
        ["start", name, ..] => Action::StartContainer { container: (*name).into(), post_start: Vec::new() },
        ["stop", name, ..] => Action::StopContainer {
            container: (*name).into(),
            grace: None,
            pre_stop: Vec::new(),
            after_failed_hook: topo::plan::action::AfterFailedHook::GiveUp,
        },
        ["remove", name, ..] => {
            Action::RemoveContainer { container: (*name).into(), anonymous_volumes: AnonymousVolumes::Keep }
        }
        ["rename", from, to, rest @ ..] => {
            return (Action::RenameContainer { from: (*from).into(), to: (*to).into() }, rest);
        }
        ["wait", name, until, rest @ ..] => {
            return (Action::Wait { container: (*name).into(), until: condition(until) }, rest);
        }
        _ => panic!("no such action: {words:?}"),
    };
    (action, &words[2..])
}

fn image_spec(image: &str) -> ImageSpec {
    ImageSpec {
        service: image.into(),
        image: image.into(),
        build: Default::default(),
        secrets: Default::default(),
        platform: None,
        builder: None,
    }
}

fn container_spec(name: &str) -> ContainerSpec {
    ContainerSpec {
        name: name.into(),
        service_name: name.into(),
        service: Default::default(),
        image: name.into(),
        networks: Vec::new(),
        network_mode: None,
        volumes: Default::default(),
        files: Vec::new(),
        labels: BTreeMap::new(),
        references: None,
        links: Vec::new(),
        predecessor: None,
        one_off: None,
    }
}

fn condition(word: &str) -> Condition {
    match word {
        "healthy" => Condition::Healthy,
        "completed" => Condition::Completed,
        "ready" => Condition::Ready,
        _ => panic!("no such condition: {word}"),
    }
}

/// The parts of `word@time:value`.
fn split(text: &str) -> (&str, Option<&str>, Option<&str>) {
    let (head, value) = text.split_once(':').map_or((text, None), |(head, value)| (head, Some(value)));
    let (word, at) = head.split_once('@').map_or((head, None), |(word, at)| (word, Some(at)));
    (word, at, value)
}

fn number(text: &str) -> usize {
    text.parse().unwrap_or_else(|_| panic!("no number: {text}"))
}

fn duration(text: &str) -> Duration {
    match text.strip_suffix("ms") {
        Some(milliseconds) => Duration::from_millis(number(milliseconds) as u64),
        None => Duration::from_secs(number(text.trim_end_matches('s')) as u64),
    }
}
