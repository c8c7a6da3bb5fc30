//! In: a plan. Out: the form in which it is kept, without secrets, and the plan again.
//! Must not: do anything with a plan that was kept before the topology said its secrets again.
//!
//! ```json
//! {
//!   "version": 1,
//!   "project": "shop",
//!   "observed": { "containers": {}, "networks": {}, "volumes": [], "images": { "web:1": "sha256:..." } },
//!   "steps": [
//!     { "action": { "create-network": { "name": "shop_default", ... } }, "because": "absent", "service": null,
//!       "only_if": null, "needs": {}, "undo": null, "group": null, "may_fail": false },
//!     { "action": { "create-container": { "name": "shop-web-1", "service": {
//!         "place": ["shop", "services", "web"],
//!         "model": { "image": "web:1", "environment": { "TOKEN": "sealed:0123456789abcdef" } } }, ... } },
//!       "needs": { "0": "done" }, ... }
//!   ]
//! }
//! ```
//!
//! | key | what it is |
//! |---|---|
//! | `version` | [`VERSION`]: it goes up when a key changes its meaning |
//! | `observed` | what the engine had, as far as the plan relies on it: [`Basis`] |
//! | `steps` | in the order in which they were planned; each is named by its place in it, from 0 |
//! | `action` | what is done, with all that it needs: [`Action`] |
//! | `because`, `only_if` | why, and on which condition: [`Because`](crate::plan::Because), [`Guard`](crate::plan::Guard) |
//! | `service` | the service that it is done for |
//! | `needs` | the steps that it waits for: `done`, or `settled` in whatever way |
//! | `undo` | the step that brings back what this one takes away for a while |
//! | `group` | the container whose change it is a part of, by the name that it keeps |
//! | `may_fail` | whether its failure is no failure of the plan |
//! | `place`, `model` | a part of the topology: where it says it, and its canonical form, in which digests stand for all that may be a secret ([`Sealed`]) |

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::toposort;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

use crate::plan::action::{ContainerSpec, FileContent, ImageSpec};
use crate::plan::observed::Query;
use crate::plan::sealed::{Place, Sealed};
use crate::plan::{Action, Basis, Plan, Step, Steps, compose_hash, spec};
use crate::topology::Topology;
use crate::topology::attribute::{Attribute, Form};
use crate::topology::content::ContentPlace;
use crate::topology::name::{ProjectName, ServiceName};

/// The version of the format. A new one must still read the old ones.
pub const VERSION: u32 = 1;

/// A stored plan: its secrets are not in it.
#[derive(Clone, Debug)]
pub struct StoredPlan(Plan);

/// Why a stored plan cannot be used: the places of secrets that have changed or are missing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("values differ from those that the plan was made with: {}", .0.join(", "))]
pub struct OtherSecrets(pub Vec<String>);

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    project: &'a ProjectName,
    observed: &'a Basis,
    steps: &'a Steps,
}

#[derive(Deserialize)]
struct Read {
    version: u32,
    project: ProjectName,
    observed: Basis,
    steps: Json,
}

impl Serialize for Plan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { project, observed, steps } = self;
        Written { version: VERSION, project, observed, steps }.serialize(serializer)
    }
}

impl Serialize for StoredPlan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for StoredPlan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Read { version, project, observed, steps } = Read::deserialize(deserializer)?;
        if version != VERSION {
            // Steps of another version are not read.
            return Err(D::Error::custom(format!(
                "the plan has format version {version}, but this topo reads version {VERSION}"
            )));
        }
        let steps: Steps = serde_json::from_value(steps).map_err(D::Error::custom)?;
        let is_known = |step: &Step| step.needs.keys().chain(&step.undo).all(|id| id.index() < steps.len());
        if !steps.iter().all(is_known) {
            return Err(D::Error::custom("a step names one that the plan does not have"));
        }
        if toposort(&steps.graph(), None).is_err() {
            return Err(D::Error::custom("steps wait for each other in a cycle"));
        }
        Ok(Self(Plan { project, observed, steps }))
    }
}

impl StoredPlan {
    /// The project that all steps belong to.
    pub fn project(&self) -> &ProjectName {
        &self.0.project
    }

    /// The state that it was made from.
    pub fn observed(&self) -> &Basis {
        &self.0.observed
    }

    /// What is to be looked for in the engine, to see whether it still has what the plan was made from.
    pub fn query(&self) -> Query {
        self.0.observed.query(&self.0.project, &self.0.steps)
    }

    /// The plan with the secrets of the topology, which must be those that it was made with.
    pub fn open(self, topology: Option<&Topology>) -> Result<Plan, OtherSecrets> {
        let Self(mut plan) = self;
        let mut opening = Opening { topology, unknown: BTreeSet::new() };
        plan.steps.iter_mut().for_each(|step| opening.action(&mut step.action));
        let unknown = opening.unknown;
        if unknown.is_empty() { Ok(plan) } else { Err(OtherSecrets(unknown.into_iter().collect())) }
    }
}

/// What `topo plan -o` writes and `topo up --plan` reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlanFile<P> {
    /// The services that were named; all when there are none.
    pub services: Vec<ServiceName>,
    /// Whether what they depend on was left alone.
    pub without_dependencies: bool,
    /// Whether nothing is followed once the plan is carried out: what is waited for, or not started.
    pub is_detached: bool,
    /// What the topology said, in digests: see [`fingerprints`].
    pub fingerprints: BTreeMap<String, String>,
    /// A [`Plan`] when it is written, a [`StoredPlan`] when it is read.
    pub plan: P,
}

impl<P> PlanFile<P> {
    /// Of what the topology says something else by now: `services.web`.
    pub fn edited(&self, topology: &Topology) -> Vec<String> {
        let now = fingerprints(topology);
        let names: BTreeSet<&String> = self.fingerprints.keys().chain(now.keys()).collect();
        let is_edited = |name: &&String| self.fingerprints.get(*name) != now.get(*name);
        names.into_iter().filter(is_edited).cloned().collect()
    }
}

/// The fingerprints of services, networks and volumes, as Docker Compose makes them: `services.web`.
pub fn fingerprints(topology: &Topology) -> BTreeMap<String, String> {
    let services = topology.services.iter();
    let services = services.map(|(name, it)| (format!("services.{name}"), compose_hash::service(&it.value)));
    let networks = topology.networks.iter();
    let networks = networks.map(|(key, it)| (format!("networks.{key}"), compose_hash::network(&it.value)));
    let volumes = topology.volumes.iter();
    let volumes = volumes.map(|(key, it)| (format!("volumes.{key}"), compose_hash::volume(&it.value)));
    services.chain(networks).chain(volumes).collect()
}

struct Opening<'a> {
    topology: Option<&'a Topology>,
    unknown: BTreeSet<String>,
}

impl Opening<'_> {
    fn action(&mut self, action: &mut Action) {
        match action {
            Action::BuildImage(spec) => self.image(spec),
            Action::CreateNetwork(spec) => self.open(&mut spec.network),
            Action::CreateVolume(spec) => self.open(&mut spec.volume),
            Action::ConnectNetwork { container: _, attachment } => self.open(&mut attachment.settings),
            Action::CreateContainer(spec) | Action::RunToEnd(spec) => self.container(spec),
            Action::StartContainer { container: _, post_start: hooks }
            | Action::StopContainer { container: _, grace: _, pre_stop: hooks, after_failed_hook: _ } => {
                hooks.iter_mut().for_each(|hook| self.open(hook));
            }
            Action::PullImage { .. }
            | Action::PushImage { .. }
            | Action::RemoveImage { .. }
            | Action::RemoveNetwork { .. }
            | Action::RemoveVolume { .. }
            | Action::DisconnectNetwork { .. }
            | Action::UpdateContainer { .. }
            | Action::RenameContainer { .. }
            | Action::Wait { .. }
            | Action::KillContainer { .. }
            | Action::PauseContainer { .. }
            | Action::UnpauseContainer { .. }
            | Action::RemoveContainer { .. } => {}
        }
    }

    fn image(&mut self, spec: &mut ImageSpec) {
        let wanted = || {
            let topology = self.topology?;
            spec::image(topology, &spec.service, &topology.service(spec.service.as_str())?.value)
        };
        let known = wanted().map_or(Json::Null, |wanted| wanted.build.canonical(Form::Stored));
        self.open_with(&mut spec.build, &known);
        spec.secrets.values_mut().for_each(|content| self.content(content));
    }

    fn container(&mut self, spec: &mut ContainerSpec) {
        let known = self.topology.and_then(|topology| spec::service_of(topology, spec));
        let known = known.map_or(Json::Null, |service| service.canonical(Form::Stored));
        self.open_with(&mut spec.service, &known);
        if let Some(references) = &mut spec.references {
            self.open_with(&mut references.service, &known);
        }
        spec.networks.iter_mut().for_each(|attachment| self.open(&mut attachment.settings));
        spec.files.iter_mut().for_each(|file| self.content(&mut file.content));
    }

    fn content(&mut self, content: &mut FileContent) {
        if let FileContent::Text(text) = content {
            self.open(text);
        }
    }

    fn open<T: Attribute>(&mut self, sealed: &mut Sealed<T>) {
        let known = self.topology.and_then(|topology| said_at(topology, sealed.place()));
        self.open_with(sealed, &known.unwrap_or_default());
    }

    fn open_with<T: Attribute>(&mut self, sealed: &mut Sealed<T>, known: &Json) {
        self.unknown.extend(sealed.open(known).err());
    }
}

/// The value at a place of a topology.
fn said_at(topology: &Topology, place: &Place) -> Option<Json> {
    let keys = place.keys();
    let (section, name) = (*keys.first()?, *keys.get(1)?);
    let text = |place: &ContentPlace| match place {
        ContentPlace::Text(text) => Some(Json::from(text.as_str())),
        ContentPlace::File(_) => None,
    };
    let object = match section {
        "services" => topology.service(name)?.value.canonical(Form::Stored),
        "networks" => topology.networks.get(name)?.value.canonical(Form::Stored),
        "volumes" => topology.volumes.get(name)?.value.canonical(Form::Stored),
        "secrets" => text(&topology.contents.secrets.get(name)?.place)?,
        "configs" => text(&topology.contents.configs.get(name)?.place)?,
        _ => return None,
    };
    keys[2..]
        .iter()
        .try_fold(&object, |value, key| match value {
            Json::Array(items) => items.get(key.parse::<usize>().ok()?),
            value => value.get(key),
        })
        .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::plan::testing::topology;
    use crate::plan::{Observed, UpChoices, up};

    const TOPOLOGY: &str = "
services:
  web:
    build:
      context: https://user:geheim@example.org/repo.git
      args: { TOKEN: geheim }
      additional_contexts: { base: 'https://geheim@example.org', own: 'service:db' }
      cache_to: ['type=gha,token=geheim']
      dockerfile_inline: FROM geheim
      labels: { a: geheim }
      secrets: [key]
    annotations: { owner: ops }
    command: [serve, --password, geheim]
    entrypoint: ['geheim']
    environment: { A: geheim, B: , C: 'postgres://a:geheim@db' }
    healthcheck: { test: [CMD, check, geheim], interval: 1s }
    labels: { a: geheim }
    logging: { driver: splunk, options: { splunk-token: geheim } }
    networks: { front: { driver_opts: { a: b }, aliases: [shop] } }
    depends_on: { db: { condition: service_healthy } }
    post_start: [{ command: 'echo geheim' }]
    pre_start: [{ command: [echo, geheim], environment: { A: geheim } }]
    pre_stop: [{ command: 'echo geheim', environment: { A: geheim } }]
    secrets: [key]
    configs: [{ source: motd, target: /run/motd }]
    volumes: ['data:/data', { type: volume, target: /b, volume: { labels: { a: geheim } } }]
    x-note: geheim
  db:
    image: postgres:17
    cpus: 0.123456789
    command: []
    healthcheck: { test: [CMD, check] }
    network_mode: 'service:cache'
    working_dir: ''
  cache: { image: 'redis:8' }
networks: { front: { labels: { a: geheim }, x-note: geheim } }
volumes: { data: { driver_opts: { o: 'password=geheim' }, labels: { a: geheim } } }
secrets: { key: { environment: GEHEIM } }
configs: { motd: { content: geheim } }
";

    fn plan_of(topology: &Topology) -> Plan {
        let mut found = Diagnostics::default();
        let plan = up(topology, &Observed::default(), &UpChoices::default(), &mut found);
        assert!(!found.has_errors(), "{:?}", found.sorted());
        plan
    }

    fn stored(text: &str) -> StoredPlan {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_stored_plan_has_no_secrets_and_is_restored_with_its_topology() {
        let topology = topology(TOPOLOGY);
        let plan = plan_of(&topology);
        let text = serde_json::to_string(&plan).unwrap();
        assert!(!text.contains("geheim"), "{text}");
        assert_eq!(serde_json::to_string(&stored(&text)).unwrap(), text);
        let opened = stored(&text).open(Some(&topology)).unwrap();
        for (opened, step) in opened.steps.iter().zip(plan.steps.iter()) {
            assert_eq!(opened, step);
        }
        assert_eq!(opened, plan);
    }

    #[test]
    fn a_changed_secret_is_named() {
        let text = serde_json::to_string(&plan_of(&topology(TOPOLOGY))).unwrap();
        let other = topology(
            &TOPOLOGY.replace("A: geheim, B: ", "A: other, B: ").replace("echo geheim", "echo other"),
        );
        let Err(OtherSecrets(places)) = stored(&text).open(Some(&other)) else { panic!("it was opened") };
        assert_eq!(places, ["services.web.environment.A", "services.web.post_start.0.command"]);
    }

    #[test]
    fn what_was_edited_since_a_plan_was_made_is_named() {
        let before = topology(TOPOLOGY);
        let edited = TOPOLOGY.replace("working_dir: ''", "working_dir: /srv");
        let edited = topology(&edited.replace("cache: { image: 'redis:8' }", "queue: { image: 'redis:8' }"));
        let file = PlanFile {
            services: Vec::new(),
            without_dependencies: false,
            is_detached: false,
            fingerprints: fingerprints(&before),
            plan: plan_of(&before),
        };
        assert_eq!(file.edited(&before), <[String; 0]>::default());
        assert_eq!(file.edited(&edited), ["services.cache", "services.db", "services.queue"]);
    }

    #[test]
    fn unknown_formats_of_plans_are_refused() {
        let text = serde_json::to_string(&plan_of(&topology("services: { a: { image: b } }"))).unwrap();
        let refusal = |from: &str, to: &str| {
            assert!(text.contains(from), "{text}");
            serde_json::from_str::<StoredPlan>(&text.replacen(from, to, 1)).unwrap_err().to_string()
        };
        assert!(refusal("\"version\":1", "\"version\":2").contains("format version 2"));
        assert!(refusal("\"needs\":{}", "\"needs\":{\"99\":\"done\"}").contains("does not have"));
        assert!(refusal("\"needs\":{}", "\"needs\":{\"0\":\"done\"}").contains("in a cycle"));
    }
}
