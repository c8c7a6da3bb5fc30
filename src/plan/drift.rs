//! Differences between what was applied and the current topology.

mod container;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use crate::plan::because::{Because, FieldChange, FieldPath, HIDDEN, UNKNOWN, Values};
use crate::plan::label::{self, Applied};
use crate::plan::made;
use crate::plan::observed::{ObservedContainer, Settings};
use crate::plan::seal::{self, Sealer};
use crate::plan::spec;
use crate::topology::origin::{Entries, entries};
use crate::topology::service::port::PortSection;
use crate::topology::{Service, Topology, secrecy};

pub(super) use container::{Differences, NetworkChange, Updated, Wanted, differences, differences_of_same};

/// The differences of an object from what was applied, according to its labels; `None` if they do
/// not say what was applied. `place` is the object in the topology: `["services", "web"]`.
pub(super) fn changes(
    topology: &Topology,
    place: [&str; 2],
    labels: &BTreeMap<String, String>,
    wanted: &Json,
    values: Values,
) -> Option<Vec<FieldChange>> {
    let Applied { model, from_elsewhere, .. } = Applied::of(labels)?;
    let known = container::known_model(labels, None);
    let applied = Sealer::new(&topology.name, place).open(&model, [wanted, &known]);
    let mut comparison = Comparison::of(topology, place, values, from_elsewhere);
    comparison.compare(Some(&applied), Some(wanted));
    Some(comparison.changes)
}

/// Why a network or a volume differs from the topology; `None` if it does not, or this is unknown.
/// `compose_hash` is the fingerprint that Docker Compose would give it.
pub(super) fn difference(
    topology: &Topology,
    place: [&str; 2],
    labels: &BTreeMap<String, String>,
    wanted: &Json,
    compose_hash: &str,
    values: Values,
) -> Option<Because> {
    match changes(topology, place, labels, wanted, values) {
        Some(changes) => (!changes.is_empty()).then_some(Because::Changed(changes)),
        // Older releases of Docker Compose set no fingerprint.
        None => labels
            .get(label::CONFIG_HASH)
            .filter(|made| *made != compose_hash)
            .map(|_| Because::MadeBy { program: label::program(labels), changes: Vec::new() }),
    }
}

/// Why a container that another program created differs from the topology, as far as the engine
/// describes it.
pub(super) fn made_by(
    topology: &Topology,
    place: [&str; 2],
    made: &ObservedContainer,
    wanted: &Json,
    values: Values,
) -> Because {
    let mut known = container::known_model(&made.labels, made.settings.as_ref());
    known[Service::image] = json!(made.image_name);
    let mut comparison = Comparison::of(topology, place, values, None);
    comparison.compare_known(&known, wanted);
    Because::MadeBy { program: label::program(&made.labels), changes: comparison.changes }
}

/// The engine's description of a container, in the form of the model.
fn model_of(settings: &Settings) -> Json {
    let Settings { environment, command, entrypoint, ports, attributes, resources: _, endpoints: _ } =
        settings;
    let port =
        |(name, published): (&String, _)| (name.clone(), json!({ (PortSection::published): published }));
    let mut model = json!({
        (Service::environment): environment,
        (Service::command): command,
        (Service::entrypoint): entrypoint,
        (Service::ports): ports.iter().map(port).collect::<serde_json::Map<_, _>>(),
    });
    for (attribute, value) in attributes {
        model[attribute] = value.clone();
    }
    model
}

struct Comparison<'a> {
    topology: &'a Topology,
    /// The place of the two values, from the top of the topology.
    path: Vec<String>,
    changes: Vec<FieldChange>,
    values: Values,
    /// The paths whose values were not literal text of the applied topology; `None` if the label
    /// does not say.
    from_elsewhere: Option<Vec<Vec<String>>>,
}

/// The length of the object's own path.
const PLACE: usize = 2;

impl<'a> Comparison<'a> {
    /// A comparison that has found nothing yet, of what the topology has at a place.
    fn of(
        topology: &'a Topology,
        place: [&str; 2],
        values: Values,
        from_elsewhere: Option<Vec<Vec<String>>>,
    ) -> Self {
        let path = place.map(str::to_owned).to_vec();
        Self { topology, path, changes: Vec::new(), values, from_elsewhere }
    }

    /// Collects differences, as deep as mappings go.
    fn compare(&mut self, from: Option<&Json>, to: Option<&Json>) {
        if from == to {
            return;
        }
        let Some((from, to)) = self.entries(from, to) else { return self.add_change(from, to) };
        let keys: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
        for key in keys {
            self.path.push(self.key(key));
            self.compare(from.get(key).copied(), to.get(key).copied());
            self.path.pop();
        }
    }

    /// Collects differences of the desired value from the engine's; what is not declared may come
    /// from the image or from the engine itself.
    fn compare_known(&mut self, known: &Json, wanted: &Json) {
        for attribute in made::TOLD {
            self.compare_told(attribute, known.get(*attribute), wanted);
        }
        self.compare_deploy(known, wanted);
        let others = entries(known).unwrap_or_default().into_iter();
        for (attribute, known) in others.filter(|(attribute, _)| !made::TOLD.contains(&attribute.as_str())) {
            let Some(wanted) = wanted.get(&attribute).filter(|wanted| !wanted.is_null()) else { continue };
            let is_told_whole = matches!(
                attribute.as_str(),
                Service::environment | Service::healthcheck | Service::labels | Service::ports
            );
            self.path.push(attribute);
            match (entries(known), entries(wanted)) {
                (Some(known), Some(wanted)) => self.compare_entries(&known, &wanted, is_told_whole),
                _ => self.compare(Some(known).filter(|known| !known.is_null()), Some(wanted)),
            }
            self.path.pop();
        }
    }

    /// Collects differences in the limits of `deploy`.
    fn compare_deploy(&mut self, known: &Json, wanted: &Json) {
        for (attribute, path) in made::OF_DEPLOY {
            let wanted = path.iter().try_fold(&wanted[Service::deploy], |section, key| section.get(*key));
            let Some(wanted) = wanted.map(|limit| made::normal(attribute, limit)) else { continue };
            let known = known.get(*attribute).map(|limit| made::normal(attribute, limit));
            let depth = self.path.len();
            self.path.extend([Service::deploy].into_iter().chain(*path).map(str::to_owned));
            self.compare(known.as_ref(), Some(&wanted));
            self.path.truncate(depth);
        }
    }

    /// Collects differences in an attribute that the engine describes completely.
    fn compare_told(&mut self, attribute: &str, known: Option<&Json>, wanted: &Json) {
        let of = |value: Option<&Json>| {
            let value = value.filter(|value| !made::is_nothing(value))?;
            Some(made::normal(attribute, value)).filter(|value| !made::is_nothing(value))
        };
        let (known, now) = (of(known), of(wanted.get(attribute)));
        if now.is_none() && made::may_come_from_elsewhere(attribute, wanted) {
            return;
        }
        self.path.push(attribute.to_owned());
        self.compare(known.as_ref(), now.as_ref());
        self.path.pop();
    }

    fn compare_entries(&mut self, known: &Entries<'_>, wanted: &Entries<'_>, is_told_whole: bool) {
        for (key, wanted) in wanted.iter().filter(|(_, wanted)| !wanted.is_null()) {
            self.path.push(key.clone());
            match known.get(key) {
                Some(Json::Object(known)) => {
                    let keys: BTreeSet<&String> = known
                        .keys()
                        .chain(wanted.as_object().into_iter().flat_map(|wanted| wanted.keys()))
                        .collect();
                    // The engine only knows where a port is published.
                    let is_part = self.path.get(PLACE).is_some_and(|attribute| attribute == Service::ports);
                    for key in keys.into_iter().filter(|key| !is_part || known.contains_key(*key)) {
                        self.path.push(key.clone());
                        self.compare(known.get(key), wanted.get(key));
                        self.path.pop();
                    }
                }
                Some(known) => self.compare(Some(known), Some(wanted)),
                None if is_told_whole => self.compare(None, Some(wanted)),
                None => {}
            }
            self.path.pop();
        }
    }

    /// The topology's key for a name in the model, which is the one in the engine.
    fn key(&self, name: &str) -> String {
        let is_network = self.path.get(PLACE..) == Some(&[Service::networks.to_owned()]);
        let known = || {
            let mut networks = self.topology.networks.iter();
            networks.find(|(key, network)| spec::network_name(key, network).as_str() == name)
        };
        match is_network.then(known) {
            Some(Some((key, _))) => key.to_string(),
            // It is no longer in the topology, and keeps its former name.
            Some(None) => {
                let prefix = format!("{}_", self.topology.name);
                name.strip_prefix(&prefix).unwrap_or(name).to_owned()
            }
            None => name.to_owned(),
        }
    }

    /// The entries of both sides, if both have some. An attribute that is completely new or gone is
    /// also reported by entry.
    fn entries<'value>(
        &self,
        from: Option<&'value Json>,
        to: Option<&'value Json>,
    ) -> Option<(Entries<'value>, Entries<'value>)> {
        let is_attribute = self.path.len() == PLACE + 1;
        match (from, to) {
            (Some(from), Some(to)) => Some((entries(from)?, entries(to)?)),
            (None, Some(to)) if is_attribute => Some((Entries::new(), entries(to)?)),
            (Some(from), None) if is_attribute => Some((entries(from)?, Entries::new())),
            _ => None,
        }
    }

    fn add_change(&mut self, from: Option<&Json>, to: Option<&Json>) {
        let path = self.path.clone();
        let (mut is_hidden, mut is_revealed) = (false, false);
        let mut show = |side: Side, value: Option<&Json>| {
            let mut shown =
                Shown { comparison: self, side, path: path.clone(), is_hidden: false, is_revealed: false };
            let value = value.map(|value| shown.value(value));
            is_hidden |= shown.is_hidden;
            is_revealed |= shown.is_revealed;
            value
        };
        let (from, to) = (show(Side::Before, from), show(Side::Now, to));
        let keys: Vec<&str> = path.iter().map(String::as_str).collect();
        let place = match to {
            Some(_) => self.topology.origin(&keys).place,
            None => self.topology.former_place(&keys, !self.was_from_elsewhere(&path)),
        };
        let shown_path = self.shown_path(&path, to.is_some());
        is_hidden |= shown_path != path;
        let path = FieldPath::of(&shown_path[PLACE..]);
        self.changes.push(FieldChange { path, from, to, is_hidden, is_revealed, span: Some(place) });
    }

    /// The path without the name of a mount, port or device that is the value of a variable.
    /// `is_now` is whether the topology still has it.
    fn shown_path(&self, path: &[String], is_now: bool) -> Vec<String> {
        let mut shown = path.to_vec();
        let Some([attribute, name]) = path.get(PLACE..PLACE + 2) else { return shown };
        let target = match attribute.as_str() {
            Service::ports => name.split('/').next().unwrap_or(name),
            Service::volumes | Service::devices | Service::secrets | Service::configs => name,
            _ => return shown,
        };
        let keys: Vec<&str> = path[..PLACE + 2].iter().map(String::as_str).chain(["target"]).collect();
        let is_literal = match is_now {
            true => self.topology.says(target, &keys),
            false => !self.was_from_elsewhere(&path[..=PLACE]),
        };
        if !is_literal && self.values == Values::Literal {
            HIDDEN.clone_into(&mut shown[PLACE + 1]);
        }
        shown
    }

    /// Whether the applied value was not literal text of the topology, or this is unknown.
    fn was_from_elsewhere(&self, path: &[String]) -> bool {
        let path = &path[PLACE..];
        self.from_elsewhere.as_ref().is_none_or(|all| all.iter().any(|other| path.starts_with(other)))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    Now,
}

/// A value as it may be shown.
struct Shown<'a> {
    comparison: &'a Comparison<'a>,
    side: Side,
    path: Vec<String>,
    is_hidden: bool,
    is_revealed: bool,
}

impl Shown<'_> {
    fn value(&mut self, value: &Json) -> Json {
        if let (false, Some(entries)) = (value.is_object(), entries(value)) {
            // A list of mounts or ports: each element is identified by its purpose.
            return entries.into_iter().map(|(name, item)| self.entry(&name, item)).collect();
        }
        match value {
            Json::Null => Json::Null,
            Json::Object(map) => {
                map.iter().map(|(key, value)| (key.clone(), self.entry(key, value))).collect()
            }
            Json::Array(items) => self.items(items),
            Json::String(text) if self.is_content() || seal::is_digest(text) => self.unreadable(),
            Json::String(text) if self.is_open() && !secrecy::looks_secret(text) => value.clone(),
            Json::Bool(_) | Json::Number(_) if self.is_open() => value.clone(),
            Json::String(_) | Json::Bool(_) | Json::Number(_) => self.closed(value),
        }
    }

    fn entry(&mut self, key: &str, value: &Json) -> Json {
        self.path.push(key.to_owned());
        let shown = self.value(value);
        self.path.pop();
        shown
    }

    /// A word of a command line may mark the next one as a secret.
    fn items(&mut self, items: &[Json]) -> Json {
        let words: Vec<&str> = items.iter().map(|item| item.as_str().unwrap_or_default()).collect();
        let secret = secrecy::secret_words(&words);
        let has_own_places = self.comparison.topology.has_words(&self.path);
        let shown = items.iter().zip(secret).enumerate().map(|(index, (item, is_secret))| {
            match (is_secret, has_own_places) {
                (true, _) => self.closed(item),
                (false, true) => self.entry(&index.to_string(), item),
                // The order may differ from that of the text.
                (false, false) => self.value(item),
            }
        });
        shown.collect()
    }

    /// Whether a value is literal text of the topology, without a name that suggests a secret.
    fn is_open(&self) -> bool {
        let Comparison { topology, .. } = self.comparison;
        let keys: Vec<&str> = self.path.iter().map(String::as_str).collect();
        // `secrets` itself only lists names and places.
        let names =
            keys[PLACE..].iter().filter(|key| !matches!(**key, Service::secrets | Service::credential_spec));
        let is_literal = match self.side {
            Side::Before => !self.comparison.was_from_elsewhere(&self.path),
            Side::Now => topology.origin(&keys).is_literal,
        };
        is_literal && !names.into_iter().any(|name| secrecy::names_a_secret(name))
    }

    /// Whether it is the content of a secret or config, which is never shown.
    fn is_content(&self) -> bool {
        let attribute = self.path.get(PLACE).map(String::as_str);
        matches!(attribute, Some(Service::secrets | Service::configs))
            && self.path.last().is_some_and(|last| last == "content")
    }

    fn closed(&mut self, value: &Json) -> Json {
        if self.comparison.values == Values::Shown {
            self.is_revealed = true;
            return value.clone();
        }
        self.is_hidden = true;
        Json::String(HIDDEN.to_owned())
    }

    fn unreadable(&mut self) -> Json {
        let is_shown = self.comparison.values == Values::Shown && !self.is_content();
        self.is_hidden |= !is_shown && !self.is_content();
        Json::String(if is_shown { UNKNOWN } else { HIDDEN }.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::testing::topology;

    fn changes(from: Json, to: Json) -> Vec<String> {
        let text = |value: &Option<Json>| value.as_ref().map_or("-".to_owned(), Json::to_string);
        changes_of("services: { web: { image: x } }", from, to)
            .iter()
            .map(|change| format!("{}: {} -> {}", change.path, text(&change.from), text(&change.to)))
            .collect()
    }

    /// With the engine's knowledge of how the container was created.
    fn changes_of(text: &str, from: Json, to: Json) -> Vec<FieldChange> {
        let words = |words: &Json| serde_json::from_value(words.clone()).unwrap_or_default();
        let settings = Settings {
            environment: serde_json::from_value(from["environment"].clone()).unwrap_or_default(),
            command: words(&from["command"]),
            ..Settings::default()
        };
        changes_since(text, &from, Some(&settings), &to)
    }

    fn changes_since(text: &str, from: &Json, settings: Option<&Settings>, to: &Json) -> Vec<FieldChange> {
        let (topology, place) = (topology(text), ["services", "web"]);
        let mut labels = BTreeMap::new();
        label::put_applied::<Service>(&mut labels, &topology, place, from, String::new());
        let Applied { model, from_elsewhere, .. } = Applied::of(&labels).unwrap();
        let known = container::known_model(&labels, settings);
        let applied = Sealer::new(&topology.name, place).open(&model, [to, &known]);
        let mut comparison = Comparison::of(&topology, place, Values::Literal, from_elsewhere);
        comparison.compare(Some(&applied), Some(to));
        comparison.changes
    }

    #[test]
    fn a_change_is_named_by_its_deepest_key() {
        let from = json!({ "environment": { "A": "1", "B": "2" }, "image": "x" });
        let to = json!({ "environment": { "A": "1", "B": "3", "C": "4" }, "image": "x" });
        assert_eq!(changes(from, to), [r#"environment.B: "2" -> "3""#, r#"environment.C: - -> "4""#]);
    }

    #[test]
    fn a_list_changes_as_a_whole_and_a_new_section_by_its_keys() {
        let from = json!({ "command": ["a"] });
        let to = json!({ "command": ["a", "b"], "labels": { "x": "1" } });
        assert_eq!(changes(from, to), [r#"command: ["a"] -> ["a","b"]"#, r#"labels.x: - -> "1""#]);
    }

    #[test]
    fn mounts_and_ports_are_compared_one_by_one() {
        let from = json!({
            "ports": [{ "target": 80, "published": "8080", "protocol": "tcp" }],
            "volumes": [{ "source": "a", "target": "/a" }, { "source": "b", "target": "/b" }],
        });
        let to = json!({
            "ports": [{ "target": 80, "published": "8081", "protocol": "tcp" }],
            "volumes": [{ "source": "b", "target": "/b" }, { "source": "c", "target": "/a" }],
        });
        assert_eq!(
            changes(from, to),
            [r#"ports.80/tcp.published: "8080" -> "8081""#, r#"volumes./a.source: "a" -> "c""#]
        );
    }

    #[test]
    fn equal_models_have_no_changes() {
        assert_eq!(changes(json!({ "a": 1 }), json!({ "a": 1 })), Vec::<String>::new());
    }

    #[test]
    fn values_that_look_like_secrets_are_not_shown() {
        let from = json!({
            "command": ["serve", "--api-key=one", "--port=80"],
            "environment": { "DB_PASS": "one", "DB_URL": "postgres://app:o/ne@db/app", "SIGNING_KEY": "1" },
            "secrets": [{ "source": "key", "content": "sealed:123" }],
        });
        let to = json!({
            "command": ["serve", "--api-key=two", "--port=81"],
            "environment": { "DB_PASS": "two", "DB_URL": "postgres://app:t/wo@db/app", "SIGNING_KEY": "2" },
            "secrets": [{ "source": "key", "content": "sealed:456" }],
        });
        assert_eq!(
            changes(from, to),
            [
                r#"command: ["serve","(hidden)","--port=80"] -> ["serve","(hidden)","--port=81"]"#,
                r#"environment.DB_PASS: "(hidden)" -> "(hidden)""#,
                r#"environment.DB_URL: "(hidden)" -> "(hidden)""#,
                r#"environment.SIGNING_KEY: "(hidden)" -> "(hidden)""#,
                r#"secrets.key.content: "(hidden)" -> "(hidden)""#,
            ]
        );
    }

    #[test]
    fn a_change_has_the_place_of_its_value_or_of_the_nearest_key_above() {
        let text = "services:\n  web:\n    image: x\n    labels: { a.b: '2' }\n";
        let from = json!({ "labels": { "a.b": "1", "gone": "1" } });
        let changes = changes_of(text, from, json!({ "labels": { "a.b": "2" } }));
        let places: Vec<&str> = changes.iter().map(|change| &text[change.span.unwrap().range()]).collect();
        assert_eq!(places, ["'2'", "labels"]);
    }

    #[test]
    fn containers_of_other_programs_are_compared_with_the_engine() {
        let topology = topology("services: { web: { image: x } }");
        let differs = |known: Json, wanted: Json| {
            let mut comparison = Comparison::of(&topology, ["services", "web"], Values::Literal, None);
            comparison.compare_known(&known, &wanted);
            comparison.changes.iter().map(|change| change.path.to_string()).collect::<Vec<_>>().join(" ")
        };
        for (known, wanted, paths) in [
            (json!({ "cap_add": ["NET_ADMIN"] }), json!({ "cap_add": ["CAP_NET_ADMIN"] }), ""),
            (json!({ "cap_add": ["NET_ADMIN"] }), json!({}), "cap_add"),
            (json!({ "tty": false }), json!({ "tty": true }), "tty"),
            (json!({}), json!({ "sysctls": { "a": "1" } }), "sysctls.a"),
            (json!({ "stop_signal": "SIGINT" }), json!({}), ""),
            (json!({ "mem_limit": "1" }), json!({ "deploy": { "replicas": 1 } }), ""),
            (
                json!({ "mem_limit": "1", "cpus": 0.5 }),
                json!({ "deploy": { "resources": { "limits": { "memory": "2", "cpus": "0.5" } } } }),
                "deploy.resources.limits.memory",
            ),
            (json!({}), json!({ "ipc": "host", "security_opt": ["label:disable"] }), "ipc security_opt"),
            (
                json!({ "logging": { "driver": "local", "options": {} } }),
                json!({ "logging": { "options": { "a": "1" } } }),
                "logging.options.a",
            ),
            (
                json!({ "healthcheck": { "test": [] } }),
                json!({ "healthcheck": { "interval": "1s" } }),
                "healthcheck.interval",
            ),
            (
                json!({ "volumes": [{ "type": "volume", "source": "t_v", "target": "/v", "read_only": false }] }),
                json!({ "volumes": [{ "type": "volume", "source": "t_w", "target": "/v" }, { "type": "volume", "target": "/x" }] }),
                "volumes./v.source",
            ),
        ] {
            assert_eq!(differs(known, wanted.clone()), paths, "{wanted}");
        }
    }

    #[test]
    fn without_the_label_differences_are_unknown() {
        let labels = BTreeMap::new();
        let topology = topology("services: { web: { image: x } }");
        let place = ["services", "web"];
        assert_eq!(super::changes(&topology, place, &labels, &json!({}), Values::Literal), None);
    }

    #[test]
    fn new_attributes_have_changed_from_an_unknown_value() {
        let from = json!({ "command": ["a"], "environment": { "A": "1", "B": "2" } });
        let to = json!({ "command": ["b"], "environment": { "A": "1", "B": "3" } });
        let changes = changes_since("services: { web: { image: x } }", &from, None, &to);
        let paths: Vec<String> = changes.iter().map(|change| change.path.to_string()).collect();
        assert_eq!(paths, ["command", "environment.B"]);
        assert!(changes.iter().all(|change| change.from == Some(json!(HIDDEN))));
        assert_eq!(changes[1].to, Some(json!("3")));
    }
}
