//! Common values, and variants with a typical slip.

use std::collections::BTreeSet;

/// Values that fit hardly any attribute.
const UNFITTING: &[&str] = &[
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

/// The values, and corrupted variants of each.
pub(super) fn around(values: &[&str]) -> BTreeSet<String> {
    let corrupted = values.iter().flat_map(|value| corrupted(value));
    values.iter().chain(UNFITTING).map(|value| (*value).to_owned()).chain(corrupted).collect()
}

fn corrupted(value: &str) -> Vec<String> {
    let mut corrupted = vec![
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
            corrupted.push(value.replace(one, other));
        }
    }
    if let Some(digit) = value.find(|letter: char| letter.is_ascii_digit()) {
        corrupted.push(format!("{}-{}", &value[..digit], &value[digit..]));
        corrupted.push(value.replace(|letter: char| letter.is_ascii_digit(), "0"));
        corrupted.push(value.replace(|letter: char| letter.is_ascii_digit(), ""));
    }
    corrupted
}

/// Shuffles deterministically, depending on the seed (xorshift).
pub(super) fn shuffle<T>(things: &mut [T], seed: u64) {
    let mut state = seed.max(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for last in (1..things.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let other = usize::try_from(state % (last as u64 + 1)).expect("below the length");
        things.swap(last, other);
    }
}
