//! Disagreements that stay: a part of the place, a part of the value (empty for every value), and why.

/// What `validate` refuses though the engine takes it.
const REFUSED: &[(&str, &str, &str)] = &[
    ("expose: [@]", "", "the engine writes down what is no port, and nobody can connect to it"),
    ("mem_swappiness: @", "1.5", "Docker Compose cuts the fraction off without a word"),
];

/// What `validate` takes though the engine refuses it.
const TAKEN: &[(&str, &str, &str)] =
    &[("oom_score_adj: @", "-", "an engine that may not lower its own score cannot lower a container's")];

/// Why `validate` may refuse a value that the engine takes.
pub fn reason_to_refuse(place: &str, value: &str) -> Option<&'static str> {
    reason(REFUSED, place, value)
}

/// Why `validate` may take a value that the engine refuses.
pub fn reason_to_take(place: &str, value: &str) -> Option<&'static str> {
    reason(TAKEN, place, value)
}

fn reason(known: &[(&str, &str, &'static str)], place: &str, value: &str) -> Option<&'static str> {
    let is_meant = |(at, text, _): &&(&str, &str, &str)| place.contains(at) && value.contains(text);
    known.iter().find(is_meant).map(|(_, _, reason)| *reason)
}
