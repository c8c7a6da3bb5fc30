//! What differs between what was applied and what the topology says now.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::plan::because::{Because, FieldChange, HIDDEN};
use crate::plan::label;
use crate::plan::observed::{ObservedContainer, Settings};
use crate::plan::seal::{self, Seal};
use crate::topology::Topology;

/// What is known of how an object was made.
#[derive(Clone, Copy)]
pub struct Made<'a> {
    labels: &'a BTreeMap<String, String>,
    settings: Option<&'a Settings>,
}

impl<'a> Made<'a> {
    /// What is known of a container.
    pub fn of(container: &'a ObservedContainer) -> Self {
        Self { labels: &container.labels, settings: container.settings.as_ref() }
    }
}

/// What of an object differs from what was applied, by its labels; nothing when they do not say what was
/// applied. `place` is where the topology has the object: `["services", "web"]`.
pub fn changes(
    topology: &Topology,
    place: [&str; 2],
    made: Made<'_>,
    wanted: &Json,
) -> Option<Vec<FieldChange>> {
    let known = made.settings.map_or(Json::Null, model_of);
    let applied = Seal::new(&topology.name, place).open(&applied(made.labels)?, [wanted, &known]);
    let mut comparison =
        Comparison { topology, path: place.map(str::to_owned).to_vec(), changes: Vec::new() };
    comparison.compare(Some(&applied), Some(wanted));
    Some(comparison.changes)
}

/// Why a network or a volume is not as the topology says; nothing when it is, or when nobody knows.
/// `compose_hash` is the fingerprint that Docker Compose would give it.
pub fn difference(
    topology: &Topology,
    place: [&str; 2],
    labels: &BTreeMap<String, String>,
    wanted: &Json,
    compose_hash: &str,
) -> Option<Because> {
    match changes(topology, place, Made { labels, settings: None }, wanted) {
        Some(changes) => (!changes.is_empty()).then_some(Because::Changed(changes)),
        // Older releases of Docker Compose gave no fingerprint.
        None => labels.get(label::CONFIG_HASH).filter(|made| *made != compose_hash).map(|_| Because::NotOurs),
    }
}

/// What the engine says of a container, as the model has it.
fn model_of(settings: &Settings) -> Json {
    let Settings { environment, command, entrypoint, health_test, log_options } = settings;
    json!({
        "environment": environment,
        "command": command,
        "entrypoint": entrypoint,
        "healthcheck": { "test": health_test },
        "logging": { "options": log_options },
    })
}

/// The model that an object was created from, without the values that may be secrets.
fn applied(labels: &BTreeMap<String, String>) -> Option<Json> {
    let mut applied: Json = serde_json::from_str(labels.get(label::APPLIED)?).ok()?;
    let is_known = applied.get("version")?.as_u64()? == u64::from(label::APPLIED_VERSION);
    is_known.then(|| applied["model"].take())
}

struct Comparison<'a> {
    topology: &'a Topology,
    /// Where the two values are, from the top of the topology.
    path: Vec<String>,
    changes: Vec<FieldChange>,
}

/// How much of a path is the object's place.
const PLACE: usize = 2;

impl Comparison<'_> {
    /// Notes what differs, as deep as mappings go.
    fn compare(&mut self, from: Option<&Json>, to: Option<&Json>) {
        if from == to {
            return;
        }
        let Some((from, to)) = self.entries(from, to) else { return self.note(from, to) };
        let keys: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
        for key in keys {
            self.path.push(key.clone());
            self.compare(from.get(key).copied(), to.get(key).copied());
            self.path.pop();
        }
    }

    /// The entries of both sides, when both have some. An attribute that is all new or all gone is named
    /// by its own entries, too.
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

    fn note(&mut self, from: Option<&Json>, to: Option<&Json>) {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let attribute = &path[PLACE..];
        let shown = |value: Option<&Json>| value.map(|value| shown(attribute, value));
        let span = Some(self.topology.place_of(&path));
        self.changes.push(FieldChange { path: attribute.join("."), from: shown(from), to: shown(to), span });
    }
}

type Entries<'value> = BTreeMap<String, &'value Json>;

/// The entries of a mapping; those of a list of mounts, ports, secrets or configs by what each is for.
fn entries(value: &Json) -> Option<Entries<'_>> {
    match value {
        Json::Object(map) => Some(map.iter().map(|(key, value)| (key.clone(), value)).collect()),
        Json::Array(items) => {
            let named = items.iter().map(|item| Some((name(item.as_object()?)?, item)));
            let entries: Entries<'_> = named.collect::<Option<_>>()?;
            // Two of one name: the list as a whole says it better.
            (entries.len() == items.len()).then_some(entries)
        }
        _ => None,
    }
}

fn name(item: &JsonMap<String, Json>) -> Option<String> {
    match (item.get("target"), item.get("source"), item.get("protocol")) {
        (Some(Json::Number(port)), _, Some(Json::String(protocol))) => Some(format!("{port}/{protocol}")),
        (Some(Json::String(name)), _, _) | (None, Some(Json::String(name)), _) => Some(name.clone()),
        _ => None,
    }
}

/// The value as it may be shown.
fn shown(path: &[&str], value: &Json) -> Json {
    if path.iter().any(|key| names_a_secret(key)) {
        return Json::String(HIDDEN.to_owned());
    }
    match value {
        Json::String(text) if seal::is_digest(text) => Json::String(HIDDEN.to_owned()),
        Json::String(text) => Json::String(without_secret(&without_password(text))),
        Json::Array(items) => items.iter().map(|item| shown(path, item)).collect(),
        Json::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), shown(&[key.as_str()], value))).collect()
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => value.clone(),
    }
}

/// Whether what a key like this holds is better not shown.
fn names_a_secret(key: &str) -> bool {
    const WORDS: &[&str] = &["pass", "pwd", "secret", "token", "credential", "apikey", "senha", "private"];
    let key = key.to_ascii_lowercase();
    // `secrets` itself lists names and places, no values.
    key != "secrets" && (key.ends_with("key") || WORDS.iter().any(|word| key.contains(word)))
}

/// `--password=word`, as it stands in commands and labels, without the word.
fn without_secret(text: &str) -> String {
    match text.split_once('=') {
        Some((name, _)) if !name.contains(char::is_whitespace) && names_a_secret(name) => {
            format!("{name}={HIDDEN}")
        }
        _ => text.to_owned(),
    }
}

/// `postgres://user:word@host/` without the word.
fn without_password(text: &str) -> String {
    let hide = || {
        let (scheme, rest) = text.split_once("://")?;
        // A word may hold a slash, although it should be escaped.
        let (account, host) = rest.rsplit_once('@')?;
        let (user, _) = account.split_once(':').filter(|(user, _)| !user.contains('/'))?;
        Some(format!("{scheme}://{user}:{HIDDEN}@{host}"))
    };
    hide().unwrap_or_else(|| text.to_owned())
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

    /// The engine knows how the container was made.
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
        label::put_applied(&mut labels, &topology, place, from, String::new());
        super::changes(&topology, place, Made { labels: &labels, settings }, to).unwrap()
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
    fn mounts_and_ports_change_one_by_one() {
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
    fn what_looks_like_a_secret_is_not_shown() {
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
                r#"command: ["serve","--api-key=(hidden)","--port=80"] -> ["serve","--api-key=(hidden)","--port=81"]"#,
                r#"environment.DB_PASS: "(hidden)" -> "(hidden)""#,
                r#"environment.DB_URL: "postgres://app:(hidden)@db/app" -> "postgres://app:(hidden)@db/app""#,
                r#"environment.SIGNING_KEY: "(hidden)" -> "(hidden)""#,
                r#"secrets.key.content: "(hidden)" -> "(hidden)""#,
            ]
        );
    }

    #[test]
    fn a_change_stands_where_the_topology_says_it_or_at_the_nearest_place_above() {
        let text = "services:\n  web:\n    image: x\n    labels: { a.b: '2' }\n";
        let from = json!({ "labels": { "a.b": "1", "gone": "1" } });
        let changes = changes_of(text, from, json!({ "labels": { "a.b": "2" } }));
        let places: Vec<&str> = changes.iter().map(|change| &text[change.span.unwrap().range()]).collect();
        assert_eq!(places, ["'2'", "{ a.b: '2' }"]);
    }

    #[test]
    fn without_the_label_nothing_is_known() {
        let labels = BTreeMap::new();
        let topology = topology("services: { web: { image: x } }");
        let made = Made { labels: &labels, settings: None };
        assert_eq!(super::changes(&topology, ["services", "web"], made, &json!({})), None);
    }

    #[test]
    fn what_the_engine_was_not_asked_for_has_changed_from_what_nobody_knows() {
        let from = json!({ "command": ["a"], "environment": { "A": "1", "B": "2" } });
        let to = json!({ "command": ["b"], "environment": { "A": "1", "B": "3" } });
        let changes = changes_since("services: { web: { image: x } }", &from, None, &to);
        let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths, ["command", "environment.B"]);
        assert!(changes.iter().all(|change| change.from == Some(json!(HIDDEN))));
        assert_eq!(changes[1].to, Some(json!("3")));
    }
}
