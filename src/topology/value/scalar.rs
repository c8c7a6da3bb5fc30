//! Strings, booleans and numbers. A quoted string, or one from a variable, is converted to the type
//! of the attribute: interpolation comes before typing.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::{Diagnostics, code};
use crate::document::{Kind, Node, Scalar, Value};
use crate::topology::attribute::{Attribute, Form, Sealing, Wanted, WantedKind, json_of, quotes, wrong_type};

impl Attribute for String {
    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Scalar(scalar) if scalar.is_date() => refuse_date(scalar, node, found),
            Value::Scalar(scalar) if scalar.kind() == Kind::Text => Some(scalar.text.clone()),
            _ => wrong_type(node, Wanted::TEXT, found),
        }
    }

    fn canonical(&self, _: Form) -> Json {
        json!(self)
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "type": "string" })
    }
}

/// A string that may also be written as a number or a boolean.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loose(pub String);

impl Attribute for Loose {
    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Scalar(scalar) if scalar.is_date() => refuse_date(scalar, node, found),
            Value::Scalar(scalar) => Some(Self(loose_text(scalar))),
            _ => wrong_type(node, Wanted::new("a string or a number", &[WantedKind::Text]), found),
        }
    }

    fn canonical(&self, _: Form) -> Json {
        json!(self.0)
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "type": ["string", "number", "boolean"] })
    }
}

impl std::ops::Deref for Loose {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// YAML readers take such a text for a timestamp, and Docker Compose refuses it.
pub fn refuse_date<T>(scalar: &Scalar, node: &Node, found: &mut Diagnostics) -> Option<T> {
    let diagnostic = found.error(code::WRONG_TYPE, "a string is needed here, not a date");
    diagnostic.label(node.span, "read as a timestamp");
    quotes::advise(&scalar.text, node.span, diagnostic);
    None
}

/// The text of a scalar where only a string is expected: `0x1F` is `31`, `1e3` is `1000`.
pub fn loose_text(scalar: &Scalar) -> String {
    match scalar.kind() {
        Kind::Bool(value) => value.to_string(),
        Kind::Int(value) => value.to_string(),
        // More than 63 bits, which a float holds only approximately.
        Kind::Float(value) => match scalar.text.parse::<u64>() {
            Ok(whole) => whole.to_string(),
            Err(_) => float_text(value),
        },
        Kind::Text => scalar.text.clone(),
    }
}

/// A float formatted like Go's `%v`: the shortest text, with an exponent below 1e-4 and from 1e21
/// on.
fn float_text(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "+Inf"
        } else {
            "-Inf"
        }
        .to_owned();
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-4..1e21).contains(&magnitude) {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    value.to_string()
}

impl Attribute for bool {
    const SEALING: Sealing = Sealing::Public;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        let value = match &node.value {
            Value::Scalar(scalar) => match scalar.kind() {
                Kind::Bool(value) => Some(value),
                Kind::Text => {
                    let value = bool_word(&scalar.text);
                    if let Some(value) = value {
                        warn_of_bool_word(&scalar.text, value, node, found);
                    }
                    value
                }
                Kind::Int(_) | Kind::Float(_) => None,
            },
            _ => None,
        };
        if value.is_none() {
            found
                .error(code::WRONG_TYPE, format!("`true` or `false` is needed here, not {}", node.describe()))
                .label(node.span, "not a boolean");
        }
        value
    }

    fn canonical(&self, _: Form) -> Json {
        json!(self)
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "type": ["boolean", "string"] })
    }
}

/// Docker Compose accepts the booleans of YAML 1.1 with a warning, and refuses `1`, `0`, `t` and
/// `f`.
fn warn_of_bool_word(text: &str, value: bool, node: &Node, found: &mut Diagnostics) {
    let lower = text.to_ascii_lowercase();
    if lower == "true" || lower == "false" {
        return;
    }
    let is_refused = ["1", "0", "t", "f"].contains(&lower.as_str());
    let also = if is_refused { "; Docker Compose refuses it" } else { "" };
    found
        .warning(code::YAML_PITFALL, format!("`{text}` is read as `{value}`{also}"))
        .label(node.span, "a string, where a boolean is needed")
        .help(format!("write `{value}`"))
        .replace(node.span, text, value.to_string());
}

/// The words that Compose accepts for booleans in strings.
fn bool_word(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" | "y" | "yes" | "on" => Some(true),
        "false" | "f" | "0" | "n" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// A boolean for which `false` means the same as absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flag(pub bool);

impl Attribute for Flag {
    const SEALING: Sealing = Sealing::Public;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        bool::decode(node, found).map(Flag)
    }

    fn canonical(&self, _: Form) -> Json {
        if self.0 { json!(true) } else { Json::Null }
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        bool::schema(definitions)
    }
}

impl std::ops::Deref for Flag {
    type Target = bool;

    fn deref(&self) -> &bool {
        &self.0
    }
}

/// An integer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Integer(pub i64);

impl Attribute for Integer {
    const SEALING: Sealing = Sealing::Public;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        match number(node) {
            Some(Kind::Int(value)) => Some(Self(value)),
            // `1e3` and `2.0` are integers too.
            Some(Kind::Float(value)) if value.fract() == 0.0 && value.abs() < 9e15 => {
                Some(Self(value as i64))
            }
            _ => wrong_number(node, "a whole number", found),
        }
    }

    fn canonical(&self, _: Form) -> Json {
        json!(self.0)
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "type": ["integer", "string"] })
    }
}

/// A number with a fraction. Docker Compose keeps single precision, which the output follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Decimal(pub f64);

impl Attribute for Decimal {
    const SEALING: Sealing = Sealing::Public;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        match number(node) {
            Some(Kind::Int(value)) => Some(Self(value as f64)),
            Some(Kind::Float(value)) if value.is_finite() => Some(Self(value)),
            _ => wrong_number(node, "a number", found),
        }
    }

    fn canonical(&self, form: Form) -> Json {
        if form == Form::Stored {
            return json!(self.0);
        }
        let single = self.0 as f32;
        if single.fract() == 0.0 && single.abs() < 9e15 {
            return json!(single as i64);
        }
        // The shortest digits that identify it in single precision.
        json!(single.to_string().parse::<f64>().unwrap_or(self.0))
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "type": ["number", "string"] })
    }
}

/// The number in a scalar, which may be a string.
fn number(node: &Node) -> Option<Kind> {
    let Value::Scalar(scalar) = &node.value else { return None };
    match scalar.kind() {
        Kind::Text => {
            let plain = Scalar { text: scalar.text.trim().to_owned(), is_plain: true };
            Some(plain.kind())
        }
        kind => Some(kind),
    }
}

fn wrong_number<T>(node: &Node, wanted: &str, found: &mut Diagnostics) -> Option<T> {
    match &node.value {
        Value::Scalar(scalar) => {
            let diagnostic =
                found.error(code::WRONG_TYPE, format!("{wanted} is needed here, not `{}`", scalar.text));
            let pointed = scalar.text.replace(',', ".");
            if wanted == "a number" && pointed != scalar.text && pointed.parse::<f64>().is_ok() {
                diagnostic.help(format!("write a decimal point: `{pointed}`"));
            } else {
                diagnostic.help(format!(
                    "write digits, such as `{}`",
                    if wanted == "a number" { "0.5" } else { "2" }
                ));
            }
            let share = scalar.text.strip_suffix('%').and_then(|share| share.trim().parse::<f64>().ok());
            if let Some(share) = share.filter(|_| wanted == "a number") {
                diagnostic.help(format!("write a fraction: `{}`", share / 100.0));
            }
            diagnostic.label(node.span, format!("this is {}", node.describe()))
        }
        _ => found
            .error(code::WRONG_TYPE, format!("{wanted} is needed here, not {}", node.describe()))
            .label(node.span, format!("this is {}", node.describe())),
    };
    None
}

/// Anything: kept as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opaque(pub Json);

impl Attribute for Opaque {
    fn decode(node: &Node, _: &mut Diagnostics) -> Option<Self> {
        Some(Self(json_of(node)))
    }

    fn canonical(&self, _: Form) -> Json {
        self.0.clone()
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({})
    }
}
