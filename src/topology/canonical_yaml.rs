//! The canonical form as YAML that all readers agree on.
//!
//! Docker Compose, YAML 1.1 readers and YAML 1.2 readers disagree on which unquoted texts are
//! numbers, booleans, dates or null; every text that any of them would not read as a string is
//! quoted.

use serde_json::{Map as JsonMap, Value as Json};

/// The order of a topology's sections; other mappings are sorted by key.
const SECTIONS: &[&str] = &["name", "services", "networks", "volumes", "secrets", "configs", "models"];

/// Writes a topology's canonical form.
pub fn to_yaml(topology: &Json) -> String {
    let mut text = String::new();
    let Json::Object(sections) = topology else {
        write_value(topology, 0, &mut text);
        return text.trim_start().to_owned() + "\n";
    };
    let listed = SECTIONS.iter().filter_map(|key| sections.get_key_value(*key));
    let others = sections.iter().filter(|(key, _)| !SECTIONS.contains(&key.as_str()));
    for (key, value) in listed.chain(others) {
        write_entry(key, value, 0, &mut text);
    }
    if text.is_empty() {
        text.push_str("{}\n");
    }
    text
}

/// Writes the value after a `key:` or a `-`, beginning with the blank or line break.
fn write_value(value: &Json, indent: usize, text: &mut String) {
    match value {
        Json::Object(entries) if !entries.is_empty() => {
            text.push('\n');
            write_entries(entries, indent, text);
        }
        Json::Array(items) if !items.is_empty() => {
            text.push('\n');
            items.iter().for_each(|item| write_item(item, indent, text));
        }
        Json::String(string) if is_block(string) => write_block(string, indent, text),
        scalar => {
            text.push(' ');
            text.push_str(&scalar_text(scalar));
            text.push('\n');
        }
    }
}

fn write_entries(entries: &JsonMap<String, Json>, indent: usize, text: &mut String) {
    for (key, value) in entries {
        write_entry(key, value, indent, text);
    }
}

fn write_entry(key: &str, value: &Json, indent: usize, text: &mut String) {
    let margin = " ".repeat(indent);
    let key = string_text(key);
    // A reader need not look for the colon of a simple key beyond 1024 characters.
    if key.len() > 1000 {
        text.push_str(&format!("{margin}? {key}\n{margin}:"));
    } else {
        text.push_str(&format!("{margin}{key}:"));
    }
    write_value(value, indent + 2, text);
}

/// A mapping begins on the line of its dash.
fn write_item(item: &Json, indent: usize, text: &mut String) {
    let start = text.len() + indent;
    text.push_str(&" ".repeat(indent));
    text.push('-');
    match item {
        Json::Object(entries) if !entries.is_empty() => {
            let mut inner = String::new();
            write_entries(entries, indent + 2, &mut inner);
            inner.replace_range(..indent + 1, "-");
            text.truncate(start);
            text.push_str(&inner);
        }
        other => write_value(other, indent + 2, text),
    }
}

fn scalar_text(value: &Json) -> String {
    match value {
        Json::Null => "null".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Number(number) => number_text(number),
        Json::String(string) => string_text(string),
        Json::Array(_) => "[]".to_owned(),
        Json::Object(_) => "{}".to_owned(),
    }
}

/// YAML 1.1 requires a decimal point, and a sign in the exponent.
fn number_text(number: &serde_json::Number) -> String {
    let text = number.to_string();
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let point = if digits.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with(['-', '+']) { "" } else { "+" };
    format!("{digits}{point}e{sign}{exponent}")
}

/// A value on one line, ready to be typed: `{path: ./src, action: sync}`.
pub(super) fn inline(value: &Json) -> String {
    match value {
        Json::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Json::Object(entries) => {
            let entry = |(key, value): (&String, &Json)| format!("{key}: {}", inline(value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        // These are syntax within brackets.
        Json::String(text) if text.contains([',', ':', '[', ']', '{', '}']) => quoted(text),
        Json::String(text) => string_text(text),
        Json::Number(number) => number_text(number),
        Json::Null | Json::Bool(_) => value.to_string(),
    }
}

fn string_text(string: &str) -> String {
    if is_plain(string) { string.to_owned() } else { quoted(string) }
}

/// Whether every reader takes the unquoted text for a string.
fn is_plain(string: &str) -> bool {
    let Some(first) = string.chars().next() else { return false };
    let mut rest = string[first.len_utf8()..].chars();
    let begins_well = match first {
        '-' => {
            rest.next().is_some_and(|next| next == '-' || next.is_alphanumeric())
                && !string.starts_with("---")
        }
        _ => !"?:,[]{}#&*!|>'\"%@`=<~ ".contains(first),
    };
    let has_mark = string.contains(": ") || string.contains(" #") || string.ends_with([':', ' ']);
    begins_well
        && !has_mark
        && string.chars().all(is_printable)
        && !is_word(string)
        && !is_number_like(string)
}

/// ASCII without control characters, and other characters that no reader takes for a line break or
/// a byte-order mark.
fn is_printable(letter: char) -> bool {
    match letter {
        ' '..='~' => true,
        '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' => {
            !matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}')
        }
        '\u{10000}'.. => true,
        _ => false,
    }
}

/// Words that some reader takes for a boolean or null.
fn is_word(string: &str) -> bool {
    const WORDS: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    WORDS.iter().any(|word| string.eq_ignore_ascii_case(word))
}

/// Whether some reader could take the text for a number in any base, a float, a date or a time: it
/// begins like a number and has only characters that occur in them.
fn is_number_like(string: &str) -> bool {
    let unsigned = string.trim_start_matches(['+', '-']);
    let begins = unsigned.starts_with(|letter: char| letter.is_ascii_digit() || letter == '.')
        || (unsigned.starts_with('_') && unsigned != string);
    let can_be_in_number = |letter: char| letter.is_ascii_hexdigit() || "xXoO_:.+-TtZz ".contains(letter);
    let is_special = matches!(unsigned.to_ascii_lowercase().as_str(), ".inf" | ".nan");
    begins && (is_special || string.chars().all(can_be_in_number))
}

fn quoted(string: &str) -> String {
    let mut text = String::with_capacity(string.len() + 2);
    text.push('"');
    for letter in string.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            letter if is_printable(letter) => text.push(letter),
            letter if u32::from(letter) <= 0xff => text.push_str(&format!("\\x{:02x}", u32::from(letter))),
            letter => text.push_str(&format!("\\u{:04x}", u32::from(letter))),
        }
    }
    text.push('"');
    text
}

/// Whether a text of several lines can be a block scalar: no invisible blanks at either end of a
/// line, and at most one line break at the end.
fn is_block(string: &str) -> bool {
    let body = string.strip_suffix('\n').unwrap_or(string);
    let is_visible = |line: &str| {
        !line.ends_with([' ', '\t']) && line.chars().all(|letter| is_printable(letter) || letter == '\t')
    };
    let begins_well = !string.starts_with([' ', '\t', '\n']);
    body.contains('\n') && begins_well && !body.ends_with('\n') && body.split('\n').all(is_visible)
}

fn write_block(string: &str, indent: usize, text: &mut String) {
    text.push_str(if string.ends_with('\n') { " |\n" } else { " |-\n" });
    for line in string.lines() {
        if !line.is_empty() {
            text.push_str(&" ".repeat(indent));
            text.push_str(line);
        }
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::document::{LoadOptions, Node};
    use crate::source::{Environment, Sources};
    use crate::topology::attribute::json_of;
    use serde_json::json;
    use std::path::Path;

    /// Texts that some YAML reader misreads or truncates.
    const PROBLEMATIC: &[&str] = &[
        "",
        " ",
        "  lead",
        "trail ",
        "\t",
        "a\tb",
        "y",
        "Y",
        "n",
        "N",
        "yes",
        "Yes",
        "YES",
        "no",
        "on",
        "On",
        "off",
        "true",
        "True",
        "false",
        "FALSE",
        "null",
        "Null",
        "~",
        "1",
        "-1",
        "+1",
        "0",
        "00",
        "0440",
        "0o440",
        "0x1F",
        "0b11",
        "1_000",
        "1,000",
        "1.0",
        "1.",
        ".5",
        "-.5",
        "+.5",
        "1e3",
        "1E3",
        "1e+3",
        "1.5e-3",
        ".inf",
        "-.inf",
        "+.Inf",
        ".nan",
        ".NaN",
        "22:22",
        "1:30:00",
        "-1:30",
        "190:20:30.15",
        "2024-05-01",
        "2024-5-1",
        "2001-12-14t21:59:43.10-05:00",
        "2001-12-14 21:59:43",
        "12e03",
        "08",
        "0o8",
        "<<",
        "=",
        "-",
        "--",
        "---",
        "--- a",
        "...",
        "- a",
        "-a",
        "--flag",
        "?",
        "? a",
        "?a",
        ":",
        ": a",
        ":a",
        "a:",
        "a: b",
        "a:b",
        "#",
        "# a",
        "a #b",
        "a#b",
        "[",
        "[a]",
        "]",
        "{",
        "{a: b}",
        "}",
        ",",
        "&a",
        "*a",
        "!a",
        "!!str a",
        "|",
        "|-",
        ">",
        ">a",
        "'",
        "'a'",
        "\"",
        "\"a\"",
        "%",
        "%a",
        "@a",
        "`a`",
        "\\",
        "\\n",
        "a\\b",
        "a\nb",
        "a\nb\n",
        "a\n\nb",
        "\na",
        "a\n",
        "a\n\n",
        "a \nb",
        " a\nb",
        "a\n b",
        "a\n\tb",
        "a\r\nb",
        "a\rb",
        "#a\nb",
        "- a\n- b",
        "a: b\nc: d",
        "\u{0}",
        "\u{7f}",
        "\u{85}",
        "\u{a0}",
        "\u{feff}",
        "\u{2028}",
        "a\u{2029}b",
        "é",
        "ß😀",
        "😀",
        "日本",
        "\u{1b}[0m",
        "$",
        "$$",
        "${A}",
        "a$b",
        "C:\\a",
        "http://a/b",
        "1.2.3",
        "3.12-slim",
        "a, b",
        "a]b",
        "127.0.0.1",
        "::1",
    ];

    fn topology() -> Json {
        let texts: Vec<Json> = PROBLEMATIC.iter().map(|text| json!(text)).collect();
        let keys: JsonMap<String, Json> =
            PROBLEMATIC.iter().map(|text| ((*text).to_owned(), json!(text))).collect();
        json!({
            "services": {
                "list": texts,
                "map": keys,
                "nested": [[1, [2.5, null]], { "a": { "b": [] }, "c": {} }, [{ "a": [true, "x\ny"] }]],
                "long": { ("k".repeat(2000)): "v" },
                "numbers": [0, -5, 1.5, 1e21, 1e-9, 18_446_744_073_709_551_615_u64],
            },
            "name": "n",
            "x-last": null,
        })
    }

    #[test]
    fn problematic_texts_survive_a_round_trip() {
        let written = to_yaml(&topology());
        let mut sources = Sources::default();
        let file = sources.add("t.yaml", written.as_str());
        let mut found = Diagnostics::default();
        let options = LoadOptions { interpolate: false };
        let environment = Environment::default();
        let document = crate::topology::load_with(
            &mut sources,
            &[file],
            Path::new("/"),
            &environment,
            options,
            &mut found,
        );
        let problems: Vec<&str> = found.sorted().iter().map(|found| found.message.as_str()).collect();
        assert!(problems.is_empty(), "{problems:?}\n{written}");
        let read = |key: &str| -> Json {
            let services = document.root.as_map().and_then(|map| map.get("services"));
            services
                .and_then(|node| node.as_map())
                .and_then(|map| map.get(key))
                .map(|node: &Node| json_of(node))
                .unwrap_or_default()
        };
        for key in ["list", "map", "nested", "long"] {
            assert_eq!(read(key), topology()["services"][key], "{key}\n{written}");
        }
    }

    #[test]
    fn problematic_texts_survive_a_round_trip_through_serde_yaml() {
        let written = to_yaml(&topology());
        let read: Json = serde_yaml::from_str(&written).unwrap_or_else(|error| panic!("{error}\n{written}"));
        assert_eq!(read, topology());
    }

    #[test]
    fn texts_are_quoted_only_where_needed() {
        for text in [
            "nginx:1.27-alpine",
            "--flag",
            "a b, c",
            "/run:size=64m",
            "é",
            "unless-stopped",
            "3.12-slim",
            "a#b",
        ] {
            assert_eq!(string_text(text), text);
        }
    }

    #[test]
    fn sections_are_ordered_and_mappings_begin_at_their_dash() {
        let topology = json!({
            "services": { "web": { "ports": [{ "target": 80, "mode": "host" }], "command": ["sh", "-c", "a\nb\n"] } },
            "name": "shop",
            "networks": { "default": {} },
        });
        let wanted = "name: shop\nservices:\n  web:\n    command:\n      - sh\n      - -c\n      - |\n        a\n        b\n    ports:\n      - mode: host\n        target: 80\nnetworks:\n  default: {}\n";
        assert_eq!(to_yaml(&topology), wanted);
    }
}
