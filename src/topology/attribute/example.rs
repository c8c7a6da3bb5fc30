//! In: a key, and a value of the wrong type. Out: what may stand there, with the names that were typed where
//! there are some. Must not: look at values whose type is right.

use crate::document::{Key, Kind, Node, Value};
use crate::topology::attribute::hint::{is_key, pairs_in};
use crate::topology::attribute::{Field, Shape};

/// What to type where the advice that fits most values would lead into the next mistake.
pub(super) fn in_place_of(field: &Field, node: &Node) -> Option<String> {
    let is_bool = node.as_scalar().is_some_and(|scalar| matches!(scalar.kind(), Kind::Bool(_)));
    if is_bool {
        // Of a boolean, no list has a meaning.
        let is_list = matches!(field.shape, Shape::List | Shape::TextsWithColon);
        let example = field.example.filter(|_| is_list)?;
        return Some(format!("write, for example, `{}: {example}`", field.key));
    }
    files_below(field, node).or_else(|| pairs_below(field, node)).or_else(|| names_below(field, node))
}

/// For the files of secrets or configs, which are named at the top level.
fn files_below(field: &Field, node: &Node) -> Option<String> {
    let key = field.key;
    let is_of_service = matches!(key, "configs" | "secrets") && field.shape != Shape::Contents;
    let entries = &node.as_map().filter(|_| is_of_service)?.entries;
    let file = |(name, value): &(Key, Node)| {
        value.as_text().map(|file| format!("\n  {}:\n    file: {file}", name.text))
    };
    let files: String = entries.iter().map(file).collect::<Option<_>>()?;
    let names: Vec<&str> = entries.iter().map(|(name, _)| name.text.as_str()).collect();
    Some(format!("write `{key}: [{}]`, and at the top level:\n\n{key}:{files}", names.join(", ")))
}

/// For pairs beside their key, which YAML would read as one text with or without the blank.
fn pairs_below(field: &Field, node: &Node) -> Option<String> {
    let text = node.as_text().filter(|_| matches!(field.shape, Shape::Pairs | Shape::Hosts))?;
    let pairs = pairs_in(text).filter(|pairs| !pairs.is_empty());
    let pairs = pairs.or_else(|| one_pair(text).map(|pair| vec![pair]))?;
    Some(below(field.key, &pairs))
}

fn one_pair(text: &str) -> Option<String> {
    let (name, value) = text.split_once(['=', ':'])?;
    let (name, value) = (name.trim(), value.trim());
    let is_plain = !value.contains([':', '#', '"', '\'', '\\', '=', '\n']);
    (is_key(name) && is_plain && !value.is_empty()).then(|| format!("{name}: {value}"))
}

/// For names of networks, volumes, secrets or configs that are no keys yet.
fn names_below(field: &Field, node: &Node) -> Option<String> {
    let names: Vec<&str> = match &node.value {
        Value::List(items) => items.iter().map(name_of).collect::<Option<_>>()?,
        _ => vec![name_of(node)?],
    };
    let entry = |name: &&str| match field.shape {
        Shape::Resources => Some(format!("{name}:")),
        Shape::Contents => Some(format!("{name}:\n    file: ./{name}")),
        _ => None,
    };
    let entries: Vec<String> = names.iter().map(entry).collect::<Option<_>>()?;
    (!entries.is_empty()).then(|| below(field.key, &entries))
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

/// How the value of a key is written, by an example.
pub(super) fn of_value(field: &Field) -> Option<&'static str> {
    let of_shape = (field.shape == Shape::Pairs).then_some("write a line for each:\n\nNAME: value");
    field.form.or(of_shape)
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
