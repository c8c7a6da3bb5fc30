//! The objects of a project in the engine, as lines that do not depend on what created them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::{Value as Json, json};

use super::lines::{Leaves, beyond, leaves};
use crate::harness::{Project, docker};

/// Variable or engine-specific keys of a container itself.
const VARIABLE_CONTAINER_KEYS: [&str; 3] = ["Args", "Image", "Path"];

/// Variable or engine-specific keys at any place.
const VARIABLE_KEYS: [&str; 30] = [
    "Containers",
    "Created",
    "CreatedAt",
    "EndpointID",
    "ExecIDs",
    "Gateway",
    "GlobalIPv6Address",
    "GlobalIPv6PrefixLen",
    "GraphDriver",
    "HostnamePath",
    "HostsPath",
    "IPAddress",
    "IPPrefixLen",
    "IPv6Gateway",
    "Id",
    "LogPath",
    "Mountpoint",
    "Name",
    "NetworkID",
    "ResolvConfPath",
    "RestartCount",
    "SandboxID",
    "SandboxKey",
    "State",
    "Status",
    "Peers",
    "ID",
    "LinkLocalIPv6Address",
    "LinkLocalIPv6PrefixLen",
    "ConfigFrom",
];

/// Lists whose order does not matter.
const SETS: [&str; 12] = [
    "Aliases",
    "Binds",
    "CapAdd",
    "CapDrop",
    "Config",
    "DNSNames",
    "Env",
    "ExtraHosts",
    "GroupAdd",
    "Links",
    "Mounts",
    "Ulimits",
];

/// Labels with a version or a time, or that only one of the programs writes.
const VARIABLE_LABELS: [&str; 3] =
    ["com.docker.compose.config-hash", "com.docker.compose.image", "com.docker.compose.version"];

/// All objects of the project. `text` is the fixture, `files` its `x-files`.
pub(super) fn of(project: &Project, text: &str, files: &Json) -> Vec<String> {
    let containers = project.objects("container");
    let normal = Normal::new(project, &containers, text);
    let mut lines = Vec::new();
    for name in &containers {
        let container = normal.object("container", name);
        lines.extend(
            beyond(plain_container(&normal), &leaves("", &container))
                .iter()
                .map(|line| format!("{} {line}", normal.text(&format!("container {name}")))),
        );
    }
    for kind in ["network", "volume"] {
        for name in project.objects(kind) {
            let object = normal.object(kind, &name);
            let found = leaves("", &object);
            let named = normal.text(&format!("{kind} {name}"));
            lines.extend(found.iter().map(|(path, value)| format!("{named} {path} = {value}")));
        }
    }
    lines.extend(file_lines(project, files));
    lines
}

/// Owner, mode and content of files in a container.
fn file_lines(project: &Project, files: &Json) -> Vec<String> {
    let mut lines = Vec::new();
    for (service, paths) in files.as_object().into_iter().flatten() {
        let container = project.container(service);
        for path in paths.as_array().into_iter().flatten().filter_map(Json::as_str) {
            let seen = docker(&["exec", "--user", "0", &container, "stat", "-L", "-c", "%u:%g %a", path]);
            let content = docker(&["exec", "--user", "0", &container, "cat", path]);
            lines.push(format!("file {service} {path} owner and mode {seen}"));
            lines.push(format!("file {service} {path} content {content}"));
        }
    }
    lines
}

/// A container without any attributes.
fn plain_container(normal: &Normal<'_>) -> &'static Leaves {
    static PLAIN: OnceLock<Leaves> = OnceLock::new();
    PLAIN.get_or_init(|| {
        let name = format!("topo-test-plain-{}", std::process::id());
        docker(&["create", "--name", &name, "busybox:1.37", "sleep", "1000"]);
        let plain = normal.object("container", &name);
        docker(&["rm", &name]);
        let mut plain = leaves("", &plain);
        plain.retain(|path, _| !path.starts_with(".NetworkSettings.Networks."));
        plain
    })
}

/// Removes variable parts from a value.
struct Normal<'a> {
    fixture: &'a str,
    words: BTreeMap<String, String>,
}

impl<'a> Normal<'a> {
    fn new(project: &Project, containers: &[String], fixture: &'a str) -> Self {
        let directory = project.directory().canonicalize().expect("the fixture's directory");
        let mut words = BTreeMap::from([
            (directory.display().to_string(), "DIRECTORY".to_owned()),
            (project.name().to_owned(), "PROJECT".to_owned()),
        ]);
        let outside = format!("{}-outside", project.name());
        for name in containers.iter().chain([&outside]) {
            let id = docker(&["container", "inspect", "--format", "{{.Id}}", name]);
            if let Some(short) = id.get(..12) {
                words.insert(short.to_owned(), format!("SHORT-ID-OF-{name}"));
                words.insert(id, format!("ID-OF-{name}"));
            }
        }
        Self { fixture, words }
    }

    fn object(&self, kind: &str, name: &str) -> Json {
        let text = docker(&[kind, "inspect", name]);
        let mut found: Json = serde_json::from_str(&text).expect("JSON of docker inspect");
        let mut object = found[0].take();
        if kind == "container" {
            object["IsRunning"] = object["State"]["Running"].take();
        }
        self.value("", &mut object);
        object
    }

    fn value(&self, key: &str, value: &mut Json) {
        match value {
            // Its order is arbitrary.
            Json::String(text) if key == "com.docker.compose.depends_on" => {
                let mut parts: Vec<&str> = text.split(',').collect();
                parts.sort_unstable();
                *text = parts.join(",");
            }
            Json::String(text) => *text = self.text(text),
            Json::Array(items) => {
                items.iter_mut().for_each(|item| self.value(key, item));
                if SETS.contains(&key) {
                    items.sort_by_key(|item| format!("{:?}", leaves("", item)));
                }
            }
            Json::Object(object) => {
                let is_volume = object.get("Type").is_some_and(|kind| kind == "volume");
                let name = object.get("Name").cloned();
                let is_whole = key.is_empty();
                object.retain(|key, _| {
                    let key = key.as_str();
                    let is_of_all = is_whole && VARIABLE_CONTAINER_KEYS.contains(&key);
                    !VARIABLE_KEYS.contains(&key) && !is_of_all && !is_variable_label(key)
                });
                if let Some(name) = name.filter(|_| is_volume || key == "Ulimits" || key == "RestartPolicy") {
                    object.insert("Called".to_owned(), name);
                }
                let is_of_image = object.get("Type").is_some_and(|kind| kind == "image");
                if (is_volume || is_of_image) && object.contains_key("Destination") {
                    object.remove("Source");
                }
                for (key, value) in object.iter_mut() {
                    self.value(key, value);
                }
                let renamed = std::mem::take(object).into_iter().map(|(key, value)| (self.text(&key), value));
                *object = renamed.collect();
                self.drop_chosen(key, object);
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    /// Addresses and ports that the engine chose.
    fn drop_chosen(&self, key: &str, object: &mut serde_json::Map<String, Json>) {
        let is_written = |value: &Json| value.as_str().is_some_and(|text| self.fixture.contains(text));
        object.retain(|key, value| {
            !matches!(key.as_str(), "MacAddress" | "Subnet" | "IPRange") || is_written(value)
        });
        if key == "NetworkSettings" {
            for bindings in object.get_mut("Ports").and_then(Json::as_object_mut).into_iter().flatten() {
                for binding in bindings.1.as_array_mut().into_iter().flatten() {
                    binding["HostPort"] = json!("CHOSEN");
                }
            }
        }
    }

    fn text(&self, text: &str) -> String {
        // The longest first: an id before its prefix, a container before its project.
        let mut words: Vec<_> = self.words.iter().collect();
        words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        let mut text = text.to_owned();
        for (word, name) in words {
            text = text.replace(word, name);
        }
        let is_id = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let text = if is_id { "ANONYMOUS".to_owned() } else { text };
        // Names of containers, in their own ids.
        self.words
            .iter()
            .filter(|(_, name)| *name == "PROJECT")
            .fold(text, |text, (word, name)| text.replace(word, name))
    }
}

fn is_variable_label(key: &str) -> bool {
    key.starts_with("topo.") || VARIABLE_LABELS.contains(&key)
}
