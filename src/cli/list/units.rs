//! Sizes, shares and times as Docker's own lists show them.

use std::time::Duration;

/// A size in powers of 1000 with so many digits: `2.03MB`.
pub(crate) fn decimal(bytes: u64, digits: usize) -> String {
    sized(bytes, 1000.0, &["B", "kB", "MB", "GB", "TB", "PB", "EB"], digits)
}

/// A size in powers of 1024: `23.54GiB`.
pub(crate) fn binary(bytes: u64) -> String {
    sized(bytes, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"], 4)
}

fn sized(bytes: u64, base: f64, units: &[&str], digits: usize) -> String {
    let mut size = bytes as f64;
    let mut place = 0;
    while size >= base && place + 1 < units.len() {
        size /= base;
        place += 1;
    }
    format!("{}{}", significant(size, digits), units[place])
}

/// So many digits that say something: 2.0259 with 3 is `2.03`, 468 with 4 is `468`.
fn significant(number: f64, digits: usize) -> String {
    let before = if number < 1.0 { 1 } else { number.log10().floor() as usize + 1 };
    let text = format!("{number:.*}", digits.saturating_sub(before));
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A share of a whole, in hundredths: `1.57%`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

/// How long ago something was: `3 minutes ago`.
pub(crate) fn ago(time: Duration) -> String {
    format!("{} ago", span(time))
}

/// A time in its largest unit: `About an hour`, `3 days`.
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, hours) = (seconds / 60, (seconds + 1800) / 3600);
    let days = hours / 24;
    match () {
        () if seconds < 1 => "Less than a second".to_owned(),
        () if seconds == 1 => "1 second".to_owned(),
        () if seconds < 60 => format!("{seconds} seconds"),
        () if minutes == 1 => "About a minute".to_owned(),
        () if minutes < 60 => format!("{minutes} minutes"),
        () if hours == 1 => "About an hour".to_owned(),
        () if hours < 48 => format!("{hours} hours"),
        () if days < 14 => format!("{days} days"),
        () if days < 60 => format!("{} weeks", days / 7),
        () if days < 730 => format!("{} months", days / 30),
        () => format!("{} years", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_the_digits_that_matter() {
        assert_eq!(
            [2_025_916, 999, 0, 1_000].map(|bytes| decimal(bytes, 3)),
            ["2.03MB", "999B", "0B", "1kB"]
        );
        assert_eq!([25_276_502_016, 479_232, 1536].map(binary), ["23.54GiB", "468KiB", "1.5KiB"]);
        assert_eq!(decimal(u64::MAX, 3), "18.4EB");
    }

    #[test]
    fn times_are_told_in_their_largest_unit() {
        let words = [0, 1, 59, 60, 150, 3_599, 3_600, 86_400, 172_800, 1_209_600, 5_184_000, 63_072_000]
            .map(|seconds| span(Duration::from_secs(seconds)));
        let wanted = [
            "Less than a second",
            "1 second",
            "59 seconds",
            "About a minute",
            "2 minutes",
            "59 minutes",
            "About an hour",
            "24 hours",
            "2 days",
            "2 weeks",
            "2 months",
            "2 years",
        ];
        assert_eq!(words, wanted);
    }

    #[test]
    fn shares_have_two_digits() {
        assert_eq!(percent(0.015_711), "1.57%");
    }
}
