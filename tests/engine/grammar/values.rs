//! Values that people write, and what becomes of them by a slip.

use std::collections::BTreeSet;

/// What fits hardly any attribute.
const FOREIGN: &[&str] = &[
    "",
    " ",
    "0",
    "-1",
    "1",
    "1.5",
    "99999999999999999999",
    "é",
    "a b",
    "nosuch",
    r"C:\a",
    "true",
    "/",
    "..",
];

/// The values, and each of them broken.
pub fn around(values: &[&str]) -> BTreeSet<String> {
    let broken = values.iter().flat_map(|value| broken(value));
    values.iter().chain(FOREIGN).map(|value| (*value).to_owned()).chain(broken).collect()
}

fn broken(value: &str) -> Vec<String> {
    let mut broken = vec![
        format!("-{value}"),
        format!(" {value}"),
        format!("{value} "),
        format!("{value}x"),
        format!("{value}é"),
        format!("{value},"),
        format!("{value}:"),
        format!("{value}="),
        format!("{value},{value}"),
        format!("{value}:{value}"),
        format!("{value}99999999999"),
        value.to_uppercase(),
        value.repeat(40),
    ];
    for (one, other) in [(":", "="), ("=", ":"), (",", ";"), ("/", r"\"), ("/", "//"), (".", ","), (":", " ")]
    {
        if value.contains(one) {
            broken.push(value.replace(one, other));
        }
    }
    if let Some(digit) = value.find(|letter: char| letter.is_ascii_digit()) {
        broken.push(format!("{}-{}", &value[..digit], &value[digit..]));
        broken.push(value.replace(|letter: char| letter.is_ascii_digit(), "0"));
        broken.push(value.replace(|letter: char| letter.is_ascii_digit(), ""));
    }
    broken
}

/// Puts things in an order that looks random, and is the same for the same seed (xorshift).
pub fn shuffle<T>(things: &mut [T], seed: u64) {
    let mut state = seed.max(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for last in (1..things.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let other = usize::try_from(state % (last as u64 + 1)).expect("below the length");
        things.swap(last, other);
    }
}
