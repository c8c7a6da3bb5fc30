//! Durations: `1m30s`, `100ms`, `1.5h`, `2d`, `1w`.
//!
//! Compose Specification, "Specifying durations"; days and weeks as in Docker Compose.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::{Diagnostics, code};
use crate::document::{Kind, Node, Value};
use crate::topology::attribute::{Attribute, Form, Sealing, Wanted, WantedKind, wrong_type};

/// A length of time, in nanoseconds when counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(pub std::time::Duration);

/// Units and their length in nanoseconds; a longer name comes before its prefixes.
const UNITS: &[(&str, f64)] = &[
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("μs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3600e9),
    ("d", 86_400e9),
    ("w", 604_800e9),
];

impl Duration {
    /// Reads `1m30s`; the error says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut rest = text.trim();
        rest = rest.strip_prefix('+').unwrap_or(rest);
        if rest.starts_with('-') {
            return Err("it is negative");
        }
        if rest == "0" {
            return Ok(Self::default());
        }
        if rest.is_empty() {
            return Err("it is empty");
        }
        let mut nanoseconds = 0.0_f64;
        while !rest.is_empty() {
            let digits =
                rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
            let amount: f64 = rest[..digits].parse().map_err(|_| "a number is missing")?;
            rest = &rest[digits..];
            let letters =
                rest.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(rest.len());
            let unit = &rest[..letters];
            let (_, length) =
                UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(|| unknown_unit(unit))?;
            nanoseconds += amount * length;
            rest = &rest[letters..];
        }
        // The engine's limit: 64 bits of nanoseconds.
        if nanoseconds > i64::MAX as f64 {
            return Err("it is longer than 292 years");
        }
        Ok(Self(std::time::Duration::from_nanos(nanoseconds.round() as u64)))
    }

    /// Nanoseconds, as the engine expects.
    pub fn nanoseconds(self) -> i64 {
        i64::try_from(self.0.as_nanos()).unwrap_or(i64::MAX)
    }
}

impl std::fmt::Display for Duration {
    /// `1h0m0s`, `1m30s`, `1.5s`, `100ms`, `0s`: the form that Compose writes.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let nanoseconds = self.0.as_nanos();
        let fraction = |divisor: f64| nanoseconds as f64 / divisor;
        match nanoseconds {
            0 => formatter.write_str("0s"),
            1..1_000 => write!(formatter, "{nanoseconds}ns"),
            1_000..1_000_000 => write!(formatter, "{}µs", fraction(1e3)),
            1_000_000..1_000_000_000 => write!(formatter, "{}ms", fraction(1e6)),
            _ => {
                let minutes = self.0.as_secs() / 60;
                let seconds = self.0.as_secs_f64() - (minutes * 60) as f64;
                // More than nine digits would be noise of the subtraction.
                let seconds = (seconds * 1e9).round() / 1e9;
                match (minutes / 60, minutes % 60) {
                    (0, 0) => write!(formatter, "{seconds}s"),
                    (0, minutes) => write!(formatter, "{minutes}m{seconds}s"),
                    (hours, minutes) => write!(formatter, "{hours}h{minutes}m{seconds}s"),
                }
            }
        }
    }
}

/// The error for the text after a number.
fn unknown_unit(unit: &str) -> &'static str {
    match unit.trim() {
        "" => "a unit is missing",
        known if known.len() < unit.len() && UNITS.iter().any(|(name, _)| *name == known) => {
            "a space separates the unit"
        }
        _ => "the unit is not known",
    }
}

/// A text without blanks around its parts.
fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}

fn help_for(text: &str) -> String {
    let closed = without_blanks(text);
    match Duration::parse(&closed) {
        Ok(_) => format!("write it without spaces: `{closed}`"),
        // The unit of a larger number is not obvious.
        Err(_) if closed.parse::<u64>().is_ok_and(|number| number <= 600) => {
            format!("write a number and a unit: `{closed}s`")
        }
        Err(_) => "write a number and a unit: `500ms`, `10s`, `1m30s`, `2h`".to_owned(),
    }
}

impl Attribute for Duration {
    const SEALING: Sealing = Sealing::Public;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        let text = match &node.value {
            Value::Scalar(scalar) if !matches!(scalar.kind(), Kind::Bool(_)) => &scalar.text,
            _ => return wrong_type(node, Wanted::new("a duration", &[WantedKind::Scalar]), found),
        };
        Self::parse(text)
            .map_err(|reason| {
                let diagnostic = found.error(code::BAD_DURATION, format!("`{text}` is not a duration"));
                diagnostic.label(node.span, reason).help(help_for(text));
                let closed = without_blanks(text);
                if Self::parse(&closed).is_ok() {
                    diagnostic.perhaps_replace(text, closed);
                }
            })
            .ok()
    }

    fn canonical(&self, _: Form) -> Json {
        json!(self.to_string())
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "type": ["string", "integer"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_compose_writes_them() {
        for (text, written) in [
            ("90s", "1m30s"),
            ("1h", "1h0m0s"),
            ("100ms", "100ms"),
            ("1.5s", "1.5s"),
            ("1m0.25s", "1m0.25s"),
            ("2d", "48h0m0s"),
            ("0", "0s"),
            ("250us", "250µs"),
        ] {
            assert_eq!(
                Duration::parse(text).map(|duration| duration.to_string()),
                Ok(written.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn a_number_without_a_unit_and_a_unit_without_a_number_are_refused() {
        assert_eq!(Duration::parse("10"), Err("a unit is missing"));
        assert_eq!(Duration::parse("s"), Err("a number is missing"));
        assert_eq!(Duration::parse("10 seconds"), Err("the unit is not known"));
        assert_eq!(Duration::parse(""), Err("it is empty"));
        assert_eq!(Duration::parse("99999999w"), Err("it is longer than 292 years"));
    }
}
