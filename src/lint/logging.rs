//! Options of log drivers.
//!
//! The options are those of Engine 28.5 (`daemon/logger`); a plugin has its own.

use crate::diagnostic::{Diagnostics, code, suggest};
use crate::lint::services;
use crate::source::Spanned;
use crate::topology::Topology;
use crate::topology::name::ServiceName;
use crate::topology::service::Logging;
use crate::topology::value::ByteSize;

/// Options of every driver.
const COMMON: &[&str] = &["mode", "max-buffer-size"];
/// Options that choose what is noted beside each line.
const DETAILS: &[&str] = &["labels", "labels-regex", "env", "env-regex", "tag"];

/// Options of each driver, besides [`COMMON`]. Options of reading, `cache-...`, are known to drivers that write elsewhere.
const DRIVERS: &[(&str, &[&str])] = &[
    ("json-file", &["max-file", "max-size", "compress"]),
    ("local", &["max-file", "max-size", "compress"]),
    ("journald", &[]),
    (
        "syslog",
        &[
            "syslog-address",
            "syslog-facility",
            "syslog-tls-ca-cert",
            "syslog-tls-cert",
            "syslog-tls-key",
            "syslog-tls-skip-verify",
            "syslog-format",
        ],
    ),
    (
        "gelf",
        &[
            "gelf-address",
            "gelf-compression-level",
            "gelf-compression-type",
            "gelf-tcp-max-reconnect",
            "gelf-tcp-reconnect-delay",
        ],
    ),
    (
        "fluentd",
        &[
            "fluentd-address",
            "fluentd-async",
            "fluentd-async-connect",
            "fluentd-async-reconnect-interval",
            "fluentd-buffer-limit",
            "fluentd-max-retries",
            "fluentd-request-ack",
            "fluentd-retry-wait",
            "fluentd-sub-second-precision",
            "fluentd-write-timeout",
            "fluentd-read-timeout",
        ],
    ),
];

/// The driver that an engine has when nothing else is said to it.
const DEFAULT: &str = "json-file";

/// Finds options that the driver does not know, and values that it cannot read.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, service) in services(topology) {
        if let Some(logging) = &service.logging {
            check_logging(topology, name, logging, found);
        }
    }
}

fn check_logging(topology: &Topology, service: &ServiceName, logging: &Logging, found: &mut Diagnostics) {
    let driver = logging.driver.as_deref().filter(|driver| !driver.is_empty());
    // Without a driver the engine's own settings decide; most engines have the default.
    let Some((driver, own)) = DRIVERS.iter().find(|(name, _)| *name == driver.unwrap_or(DEFAULT)) else {
        return;
    };
    let is_certain = logging.driver.is_some();
    let known = || own.iter().chain(COMMON).chain(DETAILS).copied();
    for (name, value) in &logging.options.0 {
        let path = ["services", service.as_str(), "logging", "options"];
        // Options that cache what a driver sends elsewhere are known to all of those.
        if !known().any(|option| option == name) && !name.starts_with("cache-") {
            let at = super::key_span(topology, &path, name, value.span);
            let message = format!("the log driver `{driver}` has no option `{name}`");
            let diagnostic = match is_certain {
                true => found.error(code::BAD_VALUE, message),
                false => found.warning(code::BAD_VALUE, message),
            };
            diagnostic.label(at, "not known here").did_you_mean(
                name,
                suggest::closest(name, known()),
                || format!("known here: {}", suggest::all_of(known())),
            );
        } else if let Some((needed, example)) = mistake(driver, name, value) {
            found
                .error(code::BAD_VALUE, format!("`{name}` cannot be `{}`", value.value))
                .label(value.span, needed)
                .help(format!("write, for example, `{name}: {example}`"));
        }
    }
    check_compression(driver, logging, found);
}

/// What is needed in place of a value, and an example.
fn mistake(driver: &str, name: &str, value: &Spanned<String>) -> Option<(&'static str, &'static str)> {
    let keeps_files = matches!(driver, "json-file" | "local");
    // The engine cuts no blanks off.
    let is_size = |text: &str| text.trim() == text && ByteSize::parse(text).is_ok_and(|size| size.0 > 0);
    match name {
        "max-size" if keeps_files && !is_size(value) => Some(("a size above 0 is needed", "10m")),
        "max-file" if keeps_files && value.parse::<i64>().map_or(true, |count| count < 1) => {
            Some(("a number of files is needed, 1 or more", "\"3\""))
        }
        "compress" if keeps_files && !super::network_driver::is_boolean(value) => {
            Some(("`true` or `false` is needed", "\"true\""))
        }
        "mode" if !matches!(value.as_str(), "" | "blocking" | "non-blocking") => {
            Some(("`blocking` or `non-blocking` is needed", "non-blocking"))
        }
        "max-buffer-size" if value.trim() != value.as_str() || ByteSize::parse(value).is_err() => {
            Some(("a size is needed", "4m"))
        }
        _ => None,
    }
}

/// Whole files alone are compressed: there have to be some besides the one that is written. `local` has a size and
/// compresses unless it is told not to.
fn check_compression(driver: &str, logging: &Logging, found: &mut Diagnostics) {
    let option = |name: &str| logging.options.0.get(name);
    let is_on = |text: &str| matches!(text, "1" | "t" | "T" | "true" | "TRUE" | "True");
    let compress = option("compress").map(|compress| is_on(compress));
    let files = option("max-file").and_then(|count| count.parse::<i64>().ok());
    match (driver, option("compress"), option("max-file")) {
        ("json-file", Some(at), _)
            if compress == Some(true) && (option("max-size").is_none() || files.unwrap_or(1) < 2) =>
        {
            found
                .error(code::MISSING_ATTRIBUTE, "`compress` needs `max-size`, and `max-file` of 2 or more")
                .label(at.span, "the file that is written is never compressed")
                .help("add `max-size: 10m` and `max-file: \"3\"`");
        }
        ("local", _, Some(at)) if compress != Some(false) && files == Some(1) => {
            found
                .error(code::MISSING_ATTRIBUTE, "one log file alone needs `compress: \"false\"`")
                .label(at.span, "the file that is written is never compressed")
                .help("add `compress: \"false\"`, or write `max-file: \"2\"`");
        }
        _ => {}
    }
}
