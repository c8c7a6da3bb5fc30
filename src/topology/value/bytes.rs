//! Amounts of memory and storage: `64m`, `1.5gb`, `1048576`.
//!
//! Compose Specification, "Specifying byte values"; every unit is a power of 1024.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::{Diagnostics, code};
use crate::document::{Kind, Node, Value};
use crate::topology::attribute::{Attribute, Form, Sealing, Wanted, WantedKind, wrong_type};

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub i64);

impl ByteSize {
    /// Reads `64m`; the error says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let digits = text
            .find(|letter: char| !letter.is_ascii_digit() && letter != '.' && letter != '-')
            .unwrap_or(text.len());
        let amount: f64 = text[..digits].parse().map_err(|_| "a number is missing")?;
        let power = match text[digits..].trim().to_ascii_lowercase().as_str() {
            "" | "b" => 0,
            "k" | "kb" | "kib" => 1,
            "m" | "mb" | "mib" => 2,
            "g" | "gb" | "gib" => 3,
            "t" | "tb" | "tib" => 4,
            "p" | "pb" | "pib" => 5,
            _ => return Err("the unit is not known"),
        };
        if amount < 0.0 {
            return Err("it is negative");
        }
        let bytes = amount * 1024_f64.powi(power);
        if bytes > i64::MAX as f64 {
            return Err("it is too large");
        }
        Ok(Self(bytes as i64))
    }
}

/// A limit on memory and swap together, in bytes; -1 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SwapLimit(pub i64);

impl Attribute for ByteSize {
    const SEALING: Sealing = Sealing::Public;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        let text = text_of(node, found)?;
        Self::parse(&text).map_err(|reason| refuse(&text, reason, node, found)).ok()
    }

    fn canonical(&self, _: Form) -> Json {
        canonical(self.0)
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "type": ["string", "number"] })
    }
}

impl Attribute for SwapLimit {
    const SEALING: Sealing = Sealing::Public;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        let text = text_of(node, found)?;
        if text.trim() == "-1" {
            return Some(Self(-1));
        }
        ByteSize::parse(&text)
            .map(|size| Self(size.0))
            .map_err(|reason| refuse(&text, reason, node, found))
            .ok()
    }

    fn canonical(&self, _: Form) -> Json {
        canonical(self.0)
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        ByteSize::schema(definitions)
    }
}

fn text_of(node: &Node, found: &mut Diagnostics) -> Option<String> {
    let Value::Scalar(scalar) = &node.value else {
        return wrong_type(node, Wanted::new("a number of bytes", &[WantedKind::Scalar]), found);
    };
    match scalar.kind() {
        Kind::Int(bytes) => Some(bytes.to_string()),
        Kind::Float(bytes) => Some((bytes as i64).to_string()),
        Kind::Text => Some(scalar.text.clone()),
        Kind::Bool(_) => wrong_type(node, Wanted::new("a number of bytes", &[WantedKind::Scalar]), found),
    }
}

fn refuse(text: &str, reason: &str, node: &Node, found: &mut Diagnostics) {
    found
        .error(code::BAD_VALUE, format!("`{text}` is not a number of bytes"))
        .label(node.span, reason)
        .help("write a number and a unit: `512k`, `64m`, `2g`");
}

fn canonical(bytes: i64) -> Json {
    if bytes == 0 { Json::Null } else { json!(bytes.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_powers_of_1024() {
        for (text, bytes) in [("64m", 67_108_864), ("1.5gb", 1_610_612_736), ("10", 10), ("1 KiB", 1024)] {
            assert_eq!(ByteSize::parse(text), Ok(ByteSize(bytes)), "{text}");
        }
    }

    #[test]
    fn unknown_units_and_negative_sizes_are_refused() {
        assert_eq!(ByteSize::parse("1 elephant"), Err("the unit is not known"));
        assert_eq!(ByteSize::parse("m"), Err("a number is missing"));
        assert_eq!(ByteSize::parse("-5m"), Err("it is negative"));
        assert_eq!(ByteSize::parse("-1"), Err("it is negative"));
    }
}
