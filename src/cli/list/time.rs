//! Times on the command line (a date and time, seconds since 1970, or a duration before now) and in lists.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::cli::error::CliError;
use crate::topology::value::Duration;

/// A time that an option gives, as the engine takes it; one that is none is explained.
pub(crate) fn time_option(text: Option<&String>) -> Result<Option<String>, CliError> {
    let Some(text) = text else { return Ok(None) };
    engine_time(text, SystemTime::now(), TimeZone::system()).map(Some).ok_or_else(|| {
        let help = "write `10m`, `2026-01-31`, `2026-01-31T12:00` (the time here), `2026-01-31T12:00:00Z`, or seconds since 1970";
        CliError::usage(format!("`{text}` is not a time")).help(help)
    })
}

/// A time as the engine takes it: seconds since 1970, with a fraction. One that names no zone is a time
/// `here`.
fn engine_time(text: &str, now: SystemTime, here: TimeZone) -> Option<String> {
    if text.parse::<f64>().is_ok_and(|seconds| seconds >= 0.0) {
        return Some(text.to_owned());
    }
    let time = match Duration::parse(text) {
        Ok(ago) => Timestamp::try_from(now.checked_sub(ago.0)?).ok()?,
        Err(_) => match text.parse::<Timestamp>() {
            Ok(time) => time,
            Err(_) => here.to_timestamp(text.parse::<DateTime>().ok()?).ok()?,
        },
    };
    Some(engine_form(time))
}

/// Now, as the engine takes times.
pub(crate) fn engine_time_now() -> String {
    engine_form(Timestamp::now())
}

/// Nanoseconds since 1970, as the engine takes times.
pub(crate) fn engine_time_of(nanoseconds: i64) -> String {
    Timestamp::from_nanosecond(nanoseconds.into()).map(engine_form).unwrap_or_default()
}

fn engine_form(time: Timestamp) -> String {
    format!("{}.{:09}", time.as_second(), time.subsec_nanosecond())
}

/// Now, in seconds since 1970.
pub(crate) fn now_in_seconds() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or_default()
}

/// Seconds since 1970 as Docker's lists show them: `2026-11-22 04:57:23 +0000 UTC`.
pub(crate) fn in_seconds(seconds: i64) -> String {
    let time = Timestamp::from_second(seconds);
    time.map(|time| time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string()).unwrap_or_default()
}

/// Nanoseconds since 1970 in a form of strftime(3).
pub(crate) fn in_nanoseconds(nanoseconds: i64, form: &str) -> String {
    let time = Timestamp::from_nanosecond(nanoseconds.into());
    time.map(|time| time.strftime(form).to_string()).unwrap_or_default()
}

/// How long ago a time of RFC 3339 was.
pub(crate) fn age_of(time: &str) -> Option<std::time::Duration> {
    let time: Timestamp = time.parse().ok()?;
    let age = now_in_seconds().saturating_sub(time.as_second());
    Some(std::time::Duration::from_secs(age.try_into().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_docker_writes_them() {
        assert_eq!(in_seconds(1_795_316_243), "2026-11-22 02:57:23 +0000 UTC");
        assert_eq!(in_nanoseconds(1_500_000_000, "%S%.3f"), "01.500");
        assert!(age_of("2026-01-01T00:00:00Z").is_some() && age_of("").is_none());
    }

    #[test]
    fn times_are_read_in_three_ways_and_without_a_zone_they_are_times_here() {
        let now = UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        let here = TimeZone::fixed(jiff::tz::offset(-3));
        for (text, time) in [
            ("1700000000", Some("1700000000")),
            ("10m", Some("999400.000000000")),
            ("1970-01-01T00:00:05.5Z", Some("5.500000000")),
            ("1970-01-01T01:00:05+01:00", Some("5.000000000")),
            ("1970-01-02", Some("97200.000000000")),
            ("1970-01-01T00", Some("10800.000000000")),
            ("1970-01-01T00:01", Some("10860.000000000")),
            ("1970-01-01T00:00:01", Some("10801.000000000")),
            ("1970-01-01T00:00:01.5", Some("10801.500000000")),
            ("1970-01-01T00:01Z", Some("60.000000000")),
            ("yesterday", None),
            ("1970-01", None),
            ("12:00", None),
            ("1970-13-01", None),
        ] {
            assert_eq!(engine_time(text, now, here.clone()).as_deref(), time, "{text}");
        }
    }
}
