//! Times on the command line: RFC 3339, seconds since 1970, or a duration before now.

use std::time::SystemTime;

use jiff::Timestamp;

use crate::topology::value::Duration;

/// A time as the engine takes it: seconds since 1970, with a fraction.
pub(super) fn engine_time(text: &str, now: SystemTime) -> Option<String> {
    if text.parse::<f64>().is_ok_and(|seconds| seconds >= 0.0) {
        return Some(text.to_owned());
    }
    let time = match Duration::parse(text) {
        Ok(ago) => Timestamp::try_from(now.checked_sub(ago.0)?).ok()?,
        Err(_) => text.parse().ok()?,
    };
    Some(format!("{}.{:09}", time.as_second(), time.subsec_nanosecond()))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn times_are_read_in_three_ways() {
        let now = UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        for (text, time) in [
            ("1700000000", Some("1700000000")),
            ("10m", Some("999400.000000000")),
            ("1970-01-01T00:00:05.5Z", Some("5.500000000")),
            ("1970-01-01T01:00:05+01:00", Some("5.000000000")),
            ("yesterday", None),
        ] {
            assert_eq!(engine_time(text, now).as_deref(), time, "{text}");
        }
    }
}
