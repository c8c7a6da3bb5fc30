//! Names with values: a mapping, or a list of `NAME=value`.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::{Diagnostics, code};
use crate::document::{Kind, Node, Value};
use crate::source::{Span, Spanned};
use crate::topology::attribute::{Attribute, Form, Sealing, Shape, Wanted, WantedKind, map, wrong_type};
use crate::topology::value::is_as_written;
use crate::topology::value::pitfall::warn_of_reading;
use crate::topology::value::scalar::{loose_text, refuse_date};
use crate::value::pair::Pair;

/// Names with values. A name without a value (`environment: [NAME]`, or `NAME:`) is taken from the
/// caller's environment where that makes sense, and is empty elsewhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pairs(pub BTreeMap<String, Spanned<Option<String>>>);

impl Pairs {
    /// Names and values; a name without a value counts as empty.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_deref().unwrap_or_default()))
    }

    /// Names and values as an owned map; a name without a value counts as empty.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        self.texts().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Sets a value written at `at`; true if the name had another value.
    pub fn set(&mut self, name: &str, value: &str, at: Span) -> bool {
        let former = self.0.insert(name.to_owned(), Spanned::new(Some(value.to_owned()), at));
        former.is_some_and(|former| former.value.as_deref() != Some(value))
    }
}

impl Attribute for Pairs {
    const SHAPE: Shape = Shape::Pairs;
    const SEALING: Sealing = Sealing::Values;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        decode_pairs(node, found).map(Self)
    }

    fn canonical(&self, _: Form) -> Json {
        Json::Object(self.0.iter().map(|(name, value)| (name.clone(), json!(value.value))).collect())
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "anyOf": [
            { "type": "object", "additionalProperties": { "type": ["string", "number", "boolean", "null"] } },
            { "type": "array", "items": { "type": "string" } },
        ] })
    }
}

fn decode_pairs(node: &Node, found: &mut Diagnostics) -> Option<BTreeMap<String, Spanned<Option<String>>>> {
    let mut pairs = BTreeMap::new();
    match &node.value {
        Value::Map(map) => {
            for (key, value) in &map.entries {
                if key.text.is_empty() {
                    found
                        .error(code::BAD_VALUE, "a name is empty")
                        .label(key.span.or(value.span), "no name here")
                        .help("write a name before the `:`");
                    continue;
                }
                if let Some(text) = pair_value(value, found) {
                    pairs.insert(key.text.clone(), Spanned::new(text, value.span.or(key.span)));
                }
            }
        }
        Value::List(items) => {
            for item in items {
                if let Some((name, value)) = pair_item(item, found) {
                    pairs.insert(name, value);
                }
            }
        }
        Value::Null | Value::Scalar(_) => {
            return wrong_type(
                node,
                Wanted::new(
                    "a mapping or a list of `NAME=value`",
                    &[WantedKind::Mapping, WantedKind::List, WantedKind::Pair],
                ),
                found,
            );
        }
    }
    Some(pairs)
}

fn pair_value(node: &Node, found: &mut Diagnostics) -> Option<Option<String>> {
    match &node.value {
        Value::Null => Some(None),
        Value::Scalar(scalar) if scalar.is_date() => refuse_date(scalar, node, found),
        Value::Scalar(scalar) => {
            warn_of_reading(scalar, node, found);
            Some(Some(loose_text(scalar)))
        }
        _ => wrong_type(node, Wanted::new("a string, a number or a boolean", &[WantedKind::Text]), found),
    }
}

fn pair_item(item: &Node, found: &mut Diagnostics) -> Option<(String, Spanned<Option<String>>)> {
    let text = match &item.value {
        Value::Scalar(scalar) if matches!(scalar.kind(), Kind::Text) => &scalar.text,
        Value::Map(map) => {
            let (name, value) = match map.entries.as_slice() {
                [(name, value)] => (name.text.as_str(), value.as_text().unwrap_or_default()),
                _ => ("NAME", "value"),
            };
            found
                .error(code::WRONG_TYPE, "a list of `NAME=value` is needed here, not of mappings")
                .label(item.span, "this is a mapping")
                .help(format!(
                    "write `- {}`, or leave the dashes out: `{name}: {value}`",
                    element(&format!("{name}={value}"))
                ));
            return None;
        }
        _ => {
            return wrong_type(
                item,
                Wanted::new("a string `NAME=value`", &[WantedKind::Text, WantedKind::Pair]),
                found,
            );
        }
    };
    let Pair { name, value } = Pair::split(text);
    if name.is_empty() {
        found.error(code::BAD_VALUE, "the name before the `=` is missing").label(item.span, "no name here");
        return None;
    }
    if name.ends_with(char::is_whitespace) {
        found
            .error(code::BAD_VALUE, "a space comes before the `=`")
            .label(item.span, "the space would be part of the name")
            .help(format!("write `{}=...`", name.trim_end().trim_end_matches(':')))
            .perhaps_replace(
                text,
                format!(
                    "{}={}",
                    name.trim_end().trim_end_matches(':'),
                    value.map(str::trim_start).unwrap_or_default()
                ),
            );
        return None;
    }
    warn_of_quotes(name, value, item, found);
    Some((name.to_owned(), Spanned::new(value.map(str::to_owned), item.span)))
}

/// In `- NAME="value"` the quotes belong to the value.
fn warn_of_quotes(name: &str, value: Option<&str>, item: &Node, found: &mut Diagnostics) {
    let Some(value) = value else { return warn_of_colon(name, item, found) };
    for quote in ['"', '\''] {
        let inner = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        let Some(inner) = inner.filter(|inner| !inner.contains(quote) && !inner.starts_with(['{', '[']))
        else {
            continue;
        };
        found
            .warning(code::YAML_PITFALL, format!("the quotes become part of `{name}`"))
            .label(item.span, format!("the value is `{value}`, with quotes"))
            .help(format!("quote the whole element, or nothing: `- \"{name}={inner}\"`"))
            .perhaps_write(item.as_text().unwrap_or_default(), format!("{name}={inner}"));
    }
}

/// `- NAME:value` without a blank is a bare name.
fn warn_of_colon(name: &str, item: &Node, found: &mut Diagnostics) {
    let Some((name, value)) = name.split_once(':').or_else(|| name.split_once(' ')) else { return };
    let (name, value) = (name.trim_end(), unquoted(value.trim()));
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-');
    if !name.is_empty() && name.chars().all(is_word) {
        found
            .warning(code::YAML_PITFALL, format!("`{name}` gets no value"))
            .label(item.span, "all of this is a name, since it contains no `=`")
            .help(format!("write `- {}`", element(&format!("{name}={value}"))))
            .perhaps_write(item.as_text().unwrap_or_default(), format!("{name}={value}"));
    }
}

/// The text between two quotes, which YAML would have removed in a mapping.
fn unquoted(value: &str) -> &str {
    let between = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    between('"').or_else(|| between('\'')).unwrap_or(value)
}

/// A text as an element of a YAML list: quoted where necessary.
fn element(text: &str) -> String {
    let is_plain = !text.contains(": ") && !text.contains(" #") && !text.ends_with(':');
    if is_plain { text.to_owned() } else { json!(text).to_string() }
}

/// Driver options: values may be numbers or empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options(pub BTreeMap<String, Spanned<String>>);

impl Options {
    /// Names and values as an owned map.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        self.0.iter().map(|(name, value)| (name.clone(), value.value.clone())).collect()
    }
}

impl Attribute for Options {
    const SEALING: Sealing = Sealing::Values;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        let map = map(node, found)?;
        let mut options = BTreeMap::new();
        for (key, value) in &map.entries {
            if let Some(text) = pair_value(value, found) {
                options.insert(
                    key.text.clone(),
                    Spanned::new(text.unwrap_or_default(), value.span.or(key.span)),
                );
            }
        }
        Some(Self(options))
    }

    fn canonical(&self, _: Form) -> Json {
        Json::Object(self.0.iter().map(|(name, value)| (name.clone(), json!(value.value))).collect())
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "type": "object", "additionalProperties": { "type": ["string", "number", "boolean", "null"] } })
    }
}

/// Host names with addresses: `host=address`, `host:address`, or a mapping with one or more addresses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostMap(pub Vec<Spanned<HostEntry>>);

/// One address of a host name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostEntry {
    /// The host name.
    pub host: String,
    /// An IP address, or `host-gateway`.
    pub address: String,
}

impl Attribute for HostMap {
    const SHAPE: Shape = Shape::Hosts;
    const SEALING: Sealing = Sealing::Values;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Map(map) => {
                let mut entries = Vec::new();
                for (key, value) in &map.entries {
                    let items = match &value.value {
                        Value::List(items) => items.as_slice(),
                        _ => std::slice::from_ref(value),
                    };
                    for item in items {
                        let Some(address) = String::decode(item, found) else { continue };
                        entries.extend(host_entry(&key.text, &address, item, found));
                    }
                }
                Some(Self(entries))
            }
            Value::List(items) => Some(Self(items.iter().flat_map(|item| host_item(item, found)).collect())),
            _ => wrong_type(
                node,
                Wanted::new(
                    "a mapping or a list of `host=address`",
                    &[WantedKind::Mapping, WantedKind::List],
                ),
                found,
            ),
        }
    }

    fn canonical(&self, _: Form) -> Json {
        let mut lines: Vec<String> =
            self.0.iter().map(|entry| format!("{}={}", entry.host, entry.address)).collect();
        lines.sort();
        json!(lines)
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "anyOf": [
            { "type": "object", "additionalProperties": { "anyOf": [
                { "type": "string" }, { "type": "array", "items": { "type": "string" } },
            ] } },
            { "type": "array", "items": { "type": "string" } },
        ] })
    }
}

fn host_item(item: &Node, found: &mut Diagnostics) -> Vec<Spanned<HostEntry>> {
    let Some(text) = String::decode(item, found) else { return Vec::new() };
    if let Some(meant) = pairs_meant(&text).filter(|_| is_as_written(item)) {
        let help = match meant.as_slice() {
            [one] => format!("write `{one}`"),
            several => {
                let several: Vec<String> = several.iter().map(|pair| format!("\"{pair}\"")).collect();
                format!("write an element for each: `{}`", several.join(", "))
            }
        };
        let diagnostic = found
            .error(code::BAD_VALUE, format!("`{text}` is not a host name with its address"))
            .label(item.span, "needs a name, a `=` and an address")
            .help(help);
        if let [one] = meant.as_slice() {
            diagnostic.perhaps_write(&text, one);
        }
        return Vec::new();
    }
    let Some((host, addresses)) = text.split_once('=').or_else(|| text.split_once(':')) else {
        found
            .error(code::BAD_VALUE, format!("`{text}` has no address"))
            .label(item.span, "a host name alone")
            .help(format!("write `{text}=203.0.113.7` or `{text}=host-gateway`"));
        return Vec::new();
    };
    addresses.split(',').flat_map(|address| host_entry(host, address, item, found)).collect()
}

/// The pairs that were meant by another form: `a 192.0.2.7`, `192.0.2.7:a` as in `/etc/hosts`, or
/// several on a line.
fn pairs_meant(text: &str) -> Option<Vec<String>> {
    let is_address = |word: &str| word == "host-gateway" || word.parse::<std::net::IpAddr>().is_ok();
    let is_name = |word: &str| !word.is_empty() && !is_address(word) && !word.contains([':', '=']);
    let pair = |first: &str, second: &str| match () {
        () if is_name(first) && is_address(second) => Some(format!("{first}={second}")),
        () if is_address(first) && is_name(second) => Some(format!("{second}={first}")),
        () => None,
    };
    let words: Vec<&str> = text.split([' ', ',', '\t']).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [one] => {
            let (first, second) = one.split_once('=').or_else(|| one.split_once(':'))?;
            is_address(first).then(|| pair(first, second)).flatten().map(|pair| vec![pair])
        }
        [first, second] if !text.contains(['=', ',']) && pair(first, second).is_some() => {
            pair(first, second).map(|pair| vec![pair])
        }
        several => {
            let pairs = several.iter().map(|word| {
                let (name, address) = word.split_once('=').or_else(|| word.split_once(':'))?;
                (!is_address(name)).then(|| pair(name, address)).flatten()
            });
            pairs.collect()
        }
    }
}

fn host_entry(host: &str, address: &str, item: &Node, found: &mut Diagnostics) -> Option<Spanned<HostEntry>> {
    let (host, address) = (host.trim(), address.trim());
    if host.is_empty() || host.contains([':', '=']) {
        found
            .error(code::BAD_VALUE, format!("`{host}` is not a host name"))
            .label(item.span, "needs a name without `:` and `=`");
        return None;
    }
    // An IPv6 address may be in brackets.
    let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
    if bare != "host-gateway" && bare.parse::<std::net::IpAddr>().is_err() {
        found
            .error(code::BAD_ADDRESS, format!("`{bare}` is not an IP address"))
            .label(item.span, format!("the address of `{host}`"))
            .help(format!("write an address, or `{host}=host-gateway` for this machine"));
        return None;
    }
    Some(Spanned::new(HostEntry { host: host.to_owned(), address: bare.to_owned() }, item.span))
}
