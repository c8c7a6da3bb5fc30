//! In: a value in the form of another attribute, or of an option of `docker run`. Out: the same facts in the form
//! that its own attribute has, as it can be typed. Must not: look at values whose type is right, or take values of
//! variables apart, since a part of a secret is not recognised any more.

use std::net::IpAddr;

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::document::{Node, Value};
use crate::topology::attribute::{Field, Shape, json_of};
use crate::topology::canonical_yaml::inline;
use crate::topology::value::is_as_written;

/// What to write for a value that was refused.
pub(super) struct Advice {
    /// In words.
    pub help: String,
    /// The value as YAML, on one line.
    pub value: String,
}

/// What to write for the value of an attribute, or for the part of its value `node` that was refused.
pub(super) fn in_place_of(field: &Field, node: &Node, refused: &Node) -> Option<Advice> {
    if !is_written_here(refused) {
        return None;
    }
    let is_whole = refused.span == node.span;
    if !is_whole {
        let part = match &node.value {
            Value::Map(map) => {
                let (_, value) = map.entries.iter().find(|(_, value)| value.span == refused.span)?;
                entry(field, &json_of(value))?
            }
            _ => element(field.key, &json_of(refused))?,
        };
        let value = inline(&part);
        return Some(Advice { help: format!("write `{value}`"), value });
    }
    let value = json_of(refused);
    let wanted = section(field, &value).or_else(|| by_shape(field, &value))?;
    let value = inline(&wanted);
    Some(Advice { help: format!("write `{}: {value}`", field.key), value })
}

/// Whether no part of a value came from a variable.
fn is_written_here(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::Scalar(_) => is_as_written(node),
        Value::List(items) => items.iter().all(is_written_here),
        Value::Map(map) => map.entries.iter().all(|(_, value)| is_written_here(value)),
    }
}

/// The value of a key that has forms of its own.
fn section(field: &Field, value: &Json) -> Option<Json> {
    let text = text_of(value);
    Some(match field.key {
        "gpus" => gpus(value)?,
        "ulimits" => {
            let limits = pairs(value)?.into_iter().map(|(name, limit)| Some((name, ulimit(&limit)?)));
            Json::Object(limits.collect::<Option<_>>()?)
        }
        "storage_opt" | "driver_opts" | "options" => Json::Object(pairs(value)?),
        "credential_spec" => json!({ "file": text.filter(|text| text.contains(['.', '/']))? }),
        "provider" => json!({ "type": text? }),
        "blkio_config" => json!({ "weight": number_of(&text?)? }),
        "deploy" => json!({ "replicas": number_of(&text?)? }),
        "healthcheck" if is_list_of_texts(value) => json!({ "test": value }),
        "configs" | "secrets" if field.shape != Shape::Contents => {
            let entries = value.as_object().filter(|entries| !entries.is_empty())?.iter();
            Json::Array(entries.map(|(name, target)| mounted(name, target)).collect::<Option<_>>()?)
        }
        "restart" => {
            let policy = ["condition", "policy", "name"].into_iter().find_map(|key| value.get(key))?;
            json!(text_of(policy)?)
        }
        "user" if value.is_object() => {
            let parts = [
                value.get("uid").or_else(|| value.get("user")),
                value.get("gid").or_else(|| value.get("group")),
            ];
            let parts: Vec<String> = parts.into_iter().flatten().map(text_of).collect::<Option<_>>()?;
            (!parts.is_empty()).then(|| json!(parts.join(":")))?
        }
        "user" => Json::String(texts(value)?.join(":")),
        "cpuset" => Json::String(texts(value)?.join(",")),
        "post_start" | "pre_start" | "pre_stop" => json!([hook(value)?]),
        "watch" => json!([watch_rule(&text?)?]),
        key if OF_A_DEVICE.contains(&key) => json!([of_device(key, &text?)?]),
        "restart_policy" => restart_policy(&text?)?,
        "placement" => json!({ "constraints": [text?] }),
        "limits" | "reservations" => limits(&text?)?,
        "ipam" => json!({ "config": [{ "subnet": subnet(&text?)? }] }),
        "config" => json!([{ "subnet": subnet(&text?)? }]),
        _ => return None,
    })
}

/// An element of a list.
fn element(key: &str, value: &Json) -> Option<Json> {
    let text = text_of(value);
    match key {
        "configs" | "secrets" => match value.as_object()?.iter().next() {
            Some((name, target)) => mounted(name, target),
            None => None,
        },
        "post_start" | "pre_start" | "pre_stop" => hook(value),
        "watch" => watch_rule(&text?),
        key if OF_A_DEVICE.contains(&key) => of_device(key, &text?),
        "config" => Some(json!({ "subnet": subnet(&text?)? })),
        _ => None,
    }
}

/// The value of a name in a mapping.
fn entry(field: &Field, value: &Json) -> Option<Json> {
    match field.key {
        "ulimits" => ulimit(value),
        "networks" if field.shape == Shape::Names && is_list_of_texts(value) => {
            Some(json!({ "aliases": value }))
        }
        "networks" if field.shape == Shape::Names => match text_of(value)?.parse().ok()? {
            IpAddr::V4(address) => Some(json!({ "ipv4_address": address })),
            IpAddr::V6(address) => Some(json!({ "ipv6_address": address })),
        },
        "models" if field.shape != Shape::Names => Some(json!({ "model": text_of(value)? })),
        _ => None,
    }
}

/// What becomes of a value by the shapes alone that its attribute has.
fn by_shape(field: &Field, value: &Json) -> Option<Json> {
    let mut records = JsonMap::new();
    let schema = (field.schema)(&mut records);
    let shapes = shapes(&schema);
    let has = |wanted: &str| shapes.iter().any(|shape| shape["type"] == wanted);
    match value {
        // `[always]`
        Json::Array(items) if !has("array") && has("string") => match items.as_slice() {
            [only @ (Json::String(_) | Json::Number(_))] => Some(json!(text_of(only)?)),
            _ => None,
        },
        Json::Object(entries) if has("array") && !has("object") && !entries.is_empty() => {
            let items = shapes.iter().find(|shape| shape["type"] == "array").map(|shape| &shape["items"])?;
            let references = self::shapes(items).into_iter().filter_map(|shape| shape["$ref"].as_str());
            let mut sections = references.filter_map(|name| records.get(name.rsplit('/').next()?));
            let has_keys =
                |section: &Json| entries.keys().all(|key| section["properties"].get(key).is_some());
            match sections.any(has_keys) {
                true => Some(json!([value])),
                false if DIVIDED_BY_A_COLON.contains(&field.key) => {
                    let joined =
                        |(name, value): (&String, &Json)| Some(json!(format!("{name}:{}", text_of(value)?)));
                    Some(Json::Array(entries.iter().map(joined).collect::<Option<_>>()?))
                }
                false => None,
            }
        }
        _ => None,
    }
}

/// Lists of limits of block devices.
const OF_A_DEVICE: &[&str] =
    &["device_read_bps", "device_read_iops", "device_write_bps", "device_write_iops", "weight_device"];

/// Lists whose elements are a name and something of it, with a colon in between.
const DIVIDED_BY_A_COLON: &[&str] =
    &["devices", "external_links", "links", "ports", "security_opt", "tmpfs", "volumes", "volumes_from"];

/// Each of the forms that a schema allows.
fn shapes(schema: &Json) -> Vec<&Json> {
    match schema["anyOf"].as_array() {
        Some(forms) => forms.iter().flat_map(shapes).collect(),
        None => vec![schema],
    }
}

/// `1`, `all`, `device=0,1`, `[0, 1]`: as `--gpus` is told.
fn gpus(value: &Json) -> Option<Json> {
    let words = match value {
        Json::Bool(true) => return Some(json!("all")),
        Json::Array(_) => texts(value)?,
        _ => text_of(value)?.trim_matches('"').split(',').map(|word| word.trim().to_owned()).collect(),
    };
    let words: Vec<&str> = words.iter().map(|word| word.trim_start_matches("device=")).collect();
    let is_named = text_of(value).is_some_and(|text| text.contains("device="));
    match words.as_slice() {
        [all] if all.eq_ignore_ascii_case("all") => Some(json!("all")),
        [count] if !is_named && !value.is_array() => {
            let count = count.trim_start_matches("count=");
            let is_id = count.starts_with("GPU-");
            match number_of(count) {
                Some(count) => Some(json!([{ "count": count }])),
                None => is_id.then(|| json!([{ "device_ids": [count] }])),
            }
        }
        [] => None,
        ids if ids.iter().any(|id| id.is_empty() || id.contains('=')) => None,
        ids => Some(json!([{ "device_ids": ids }])),
    }
}

/// `1000:2000` and `[1000, 2000]`: the soft limit, and the hard one.
fn ulimit(value: &Json) -> Option<Json> {
    let words = match value {
        Json::Array(_) => texts(value)?,
        _ => text_of(value)?
            .split([':', ',', ' '])
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect(),
    };
    let number = |word: &String| match word.as_str() {
        "unlimited" | "infinity" => Some(json!(-1)),
        _ => number_of(word),
    };
    match words.iter().map(number).collect::<Option<Vec<_>>>()?.as_slice() {
        [only] => Some(only.clone()),
        [soft, hard] => Some(json!({ "soft": soft, "hard": hard })),
        _ => None,
    }
}

/// `NAME=value`, alone, divided by commas or blanks, or as elements of a list, which may be mappings too.
fn pairs(value: &Json) -> Option<JsonMap<String, Json>> {
    let words = match value {
        Json::Array(items) if !items.is_empty() => items.iter().map(one_text).collect::<Option<Vec<_>>>()?,
        _ => text_of(value)?.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect(),
    };
    let pair = |word: &String| {
        let (name, value) = word.split_once('=').or_else(|| word.split_once(':'))?;
        Some((name.trim().to_owned(), json!(value.trim())))
    };
    words.iter().map(pair).collect()
}

/// A text, or a mapping of one key as `NAME=value`.
fn one_text(item: &Json) -> Option<String> {
    match item {
        Json::Object(entries) => match entries.iter().next() {
            Some((name, value)) if entries.len() == 1 => Some(format!("{name}={}", text_of(value)?)),
            _ => None,
        },
        _ => text_of(item),
    }
}

/// A command alone, or the words of one.
fn hook(value: &Json) -> Option<Json> {
    match value {
        Json::String(_) => Some(json!({ "command": value })),
        Json::Array(_) if is_list_of_texts(value) => Some(json!({ "command": value })),
        _ => None,
    }
}

/// A secret or config with the path in the container that it appears at.
fn mounted(name: &str, target: &Json) -> Option<Json> {
    let target = target.as_str().filter(|target| target.starts_with('/'))?;
    Some(json!({ "source": name, "target": target }))
}

/// `./src`, or `./src:/app` as volumes are written.
fn watch_rule(text: &str) -> Option<Json> {
    match text.split_once(':') {
        Some((path, target)) if target.starts_with('/') => {
            Some(json!({ "path": path, "action": "sync", "target": target }))
        }
        Some(_) => None,
        None => Some(json!({ "path": text, "action": "rebuild" })),
    }
}

/// `/dev/sda:1mb`, as `--device-read-bps` is told.
fn of_device(key: &str, text: &str) -> Option<Json> {
    let (path, limit) = text.split_once([':', '=']).filter(|(path, _)| path.starts_with('/'))?;
    let limit = number_of(limit).unwrap_or_else(|| json!(limit));
    Some(if key == "weight_device" {
        json!({ "path": path, "weight": limit })
    } else {
        json!({ "path": path, "rate": limit })
    })
}

/// The word that `restart` has for a policy.
fn restart_policy(text: &str) -> Option<Json> {
    let (word, attempts) = text.split_once(':').map_or((text, None), |(word, rest)| (word, number_of(rest)));
    match (word, attempts) {
        ("always" | "unless-stopped" | "any", _) => Some(json!({ "condition": "any" })),
        ("no" | "none" | "never", _) => Some(json!({ "condition": "none" })),
        ("on-failure", Some(attempts)) => {
            Some(json!({ "condition": "on-failure", "max_attempts": attempts }))
        }
        ("on-failure", None) => Some(json!({ "condition": "on-failure" })),
        _ => None,
    }
}

/// `512m` is memory, and `0.5` processors.
fn limits(text: &str) -> Option<Json> {
    if text.parse::<f64>().is_ok() {
        return Some(json!({ "cpus": text }));
    }
    let is_size =
        text.starts_with(|first: char| first.is_ascii_digit()) && text.ends_with(char::is_alphabetic);
    is_size.then(|| json!({ "memory": text }))
}

fn subnet(text: &str) -> Option<&str> {
    let (address, length) = text.split_once('/')?;
    (address.parse::<IpAddr>().is_ok() && length.parse::<u8>().is_ok()).then_some(text)
}

fn is_list_of_texts(value: &Json) -> bool {
    value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(Json::is_string))
}

/// The elements of a list of texts and numbers.
fn texts(value: &Json) -> Option<Vec<String>> {
    value.as_array().filter(|items| !items.is_empty())?.iter().map(text_of).collect()
}

fn text_of(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn number_of(text: &str) -> Option<Json> {
    text.trim().parse::<i64>().ok().map(|number| json!(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_are_read_as_the_option_of_docker_run_has_them() {
        for (value, wanted) in [
            (json!(1), json!([{ "count": 1 }])),
            (json!("2"), json!([{ "count": 2 }])),
            (json!("ALL"), json!("all")),
            (json!(true), json!("all")),
            (json!(["all"]), json!("all")),
            (json!("device=0"), json!([{ "device_ids": ["0"] }])),
            (json!("\"device=0,1\""), json!([{ "device_ids": ["0", "1"] }])),
            (json!([0, 1]), json!([{ "device_ids": ["0", "1"] }])),
            (json!("GPU-3a2"), json!([{ "device_ids": ["GPU-3a2"] }])),
        ] {
            assert_eq!(gpus(&value), Some(wanted), "{value}");
        }
        for value in [json!("some"), json!("all,capabilities=utility"), json!([]), json!(false)] {
            assert_eq!(gpus(&value), None, "{value}");
        }
    }

    #[test]
    fn two_limits_are_the_soft_one_and_the_hard_one() {
        for value in [json!("1000:2000"), json!("1000,2000"), json!("1000 2000"), json!([1000, 2000])] {
            assert_eq!(ulimit(&value), Some(json!({ "soft": 1000, "hard": 2000 })), "{value}");
        }
        assert_eq!(ulimit(&json!("unlimited")), Some(json!(-1)));
        assert_eq!(ulimit(&json!("many")), None);
    }
}
