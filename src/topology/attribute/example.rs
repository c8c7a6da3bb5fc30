//! In: a key, and a value of the wrong type. Out: what may stand there, with the names that were typed where
//! there are some. Must not: look at values whose type is right.

use crate::document::{Kind, Node, Value};
use crate::topology::attribute::hint::{is_key, pairs_in};

/// What to type where the advice that fits most values would lead into the next mistake.
pub fn in_place_of(record: &str, key: &str, node: &Node) -> Option<String> {
    match &node.value {
        Value::Scalar(scalar) if matches!(scalar.kind(), Kind::Bool(_)) => {
            let value = of_list(record, key)?;
            Some(format!("write, for example, `{key}: {value}`"))
        }
        _ => pairs_below(key, node).or_else(|| names_below(record, key, node)),
    }
}

/// For pairs beside their key, which YAML would read as one text with or without the blank.
fn pairs_below(key: &str, node: &Node) -> Option<String> {
    let keys = ["annotations", "args", "environment", "extra_hosts", "labels", "sysctls"];
    let text = node.as_text().filter(|_| keys.contains(&key))?;
    let pairs = pairs_in(text).filter(|pairs| !pairs.is_empty());
    let pairs = pairs.or_else(|| one_pair(text).map(|pair| vec![pair]))?;
    Some(below(key, &pairs))
}

fn one_pair(text: &str) -> Option<String> {
    let (name, value) = text.split_once(['=', ':'])?;
    let (name, value) = (name.trim(), value.trim());
    let is_plain = !value.contains([':', '#', '"', '\'', '\\', '=', '\n']);
    (is_key(name) && is_plain && !value.is_empty()).then(|| format!("{name}: {value}"))
}

/// For names of networks, volumes, secrets or configs that are no keys yet.
fn names_below(record: &str, key: &str, node: &Node) -> Option<String> {
    let names: Vec<&str> = match &node.value {
        Value::List(items) => items.iter().map(name_of).collect::<Option<_>>()?,
        _ => vec![name_of(node)?],
    };
    let entry = |name: &&str| match (record, key) {
        ("Sections", "networks" | "volumes") => Some(format!("{name}:")),
        ("Sections", "secrets" | "configs") => Some(format!("{name}:\n    file: ./{name}")),
        _ => None,
    };
    let entries: Vec<String> = names.iter().map(entry).collect::<Option<_>>()?;
    (!entries.is_empty()).then(|| below(key, &entries))
}

/// The name that a text, or a mapping of one key without a value, stands for.
fn name_of(node: &Node) -> Option<&str> {
    let name = match node.as_map().map(|map| map.entries.as_slice()) {
        Some([(name, Node { value: Value::Null, .. })]) => &name.text,
        Some(_) => return None,
        None => node.as_text()?,
    };
    (is_key(name) && name.starts_with(|first: char| first.is_ascii_alphanumeric())).then_some(name)
}

fn below(key: &str, lines: &[String]) -> String {
    format!("write it below, indented:\n\n{key}:\n  {}", lines.join("\n  "))
}

/// What a list of a service may hold: of a boolean, none has a meaning.
fn of_list(record: &str, key: &str) -> Option<&'static str> {
    Some(match (record, key) {
        ("Service", "cap_add" | "cap_drop") => "[NET_ADMIN]",
        ("Service", "configs") => "[settings]",
        ("Service", "devices") => "[\"/dev/snd:/dev/snd\"]",
        ("Service", "dns") => "9.9.9.9",
        ("Service", "dns_search") => "example.com",
        ("Service", "env_file") => "./web.env",
        ("Service", "expose") => "[\"80\"]",
        ("Service", "group_add") => "[audio]",
        ("Service", "ports") => "[\"8080:80\"]",
        ("Service", "profiles") => "[debug]",
        ("Service", "secrets") => "[password]",
        ("Service", "security_opt") => "[\"no-new-privileges:true\"]",
        ("Service", "tmpfs") => "/tmp",
        ("Service", "volumes") => "[\"./data:/data\"]",
        _ => return None,
    })
}

/// How the value of a key is written, by an example.
pub fn of_value(record: &str, key: &str) -> Option<&'static str> {
    Some(match (record, key) {
        ("Sections", "services") => "write each service as a key:\n\nservices:\n  web:\n    image: nginx",
        ("Sections", "networks") => "write each network as a key:\n\nnetworks:\n  front:",
        ("Sections", "volumes") => "write each volume as a key:\n\nvolumes:\n  data:",
        ("Sections", "secrets") => {
            "write each secret as a key:\n\nsecrets:\n  password:\n    file: ./password.txt"
        }
        ("Sections", "configs") => {
            "write each config as a key:\n\nconfigs:\n  settings:\n    file: ./settings.conf"
        }
        ("Sections", "models") => "write each model as a key:\n\nmodels:\n  llm:\n    model: ai/smollm2",
        ("Service", "annotations" | "environment" | "labels" | "sysctls") | (_, "labels" | "args") => {
            "write a line for each:\n\nNAME: value"
        }
        ("Service", "build") => "write `build: .`, or `build: {context: ., dockerfile: Dockerfile}`",
        ("Service", "healthcheck") => {
            "write the command below it:\n\nhealthcheck:\n  test: curl -f http://localhost/"
        }
        ("Service", "deploy") => "write, for example, `deploy: {replicas: 2}`",
        ("Service", "logging") => "write `logging: {driver: json-file}`",
        ("Service", "ulimits") => "write, for example, `ulimits: {nofile: 65536}`",
        ("Service", "extra_hosts") => "write a list: `[\"name=203.0.113.7\"]`",
        ("Service", "ports") => "write a list:\n\nports:\n  - \"8080:80\"",
        ("Service", "volumes") => "write a list:\n\nvolumes:\n  - ./data:/data",
        ("Service", "networks") => "write a list: `[front]`",
        ("Service", "depends_on") => "write a list: `[db]`",
        ("Service", "command" | "entrypoint") => "write a list of words: `[\"serve\", \"--port\", \"80\"]`",
        ("Service", "image" | "container_name" | "hostname") => "write one name",
        ("Deploy", "restart_policy") => "write `restart_policy: {condition: on-failure}`",
        ("Deploy", "resources") => "write `resources: {limits: {cpus: \"0.5\", memory: 256m}}`",
        ("Resources", "limits" | "reservations") => "write, for example, `{cpus: \"0.5\", memory: 256m}`",
        ("Network", "ipam") => "write `ipam: {config: [{subnet: 172.28.0.0/16}]}`",
        ("Ipam", "config") => "begin each element with a dash: `- subnet: 172.28.0.0/16`",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pair_is_read_with_each_sign() {
        for text in ["DEBUG=1", "DEBUG: 1", "DEBUG:1", "DEBUG = 1"] {
            assert_eq!(one_pair(text).as_deref(), Some("DEBUG: 1"), "{text}");
        }
        assert_eq!(one_pair("DEBUG"), None);
        assert_eq!(one_pair("./web.env"), None);
    }
}
