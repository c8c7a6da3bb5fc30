//! Log drivers and their options.
//!
//! The options are those of Engine 28.5 (`daemon/logger`); a plugin has its own.

use crate::diagnostic::{Code, Diagnostics, Severity, suggest};
use crate::lint::log_option::{Address, Kind, mistake};
use crate::lint::rule::{Group, Rule, code};
use crate::lint::services;
use crate::topology::Topology;
use crate::topology::name::ServiceName;
use crate::topology::service::Logging;

/// Options and their values.
type Options = &'static [(&'static str, Kind)];

/// Options of every driver.
const COMMON: Options =
    &[("mode", Kind::Word(&["non-blocking", "blocking", ""])), ("max-buffer-size", Kind::SizeOrNone)];

/// Options that add details to each line.
const DETAILS: Options = &[
    ("labels", Kind::Text),
    ("labels-regex", Kind::Expression),
    ("env", Kind::Text),
    ("env-regex", Kind::Expression),
    ("tag", Kind::Tag),
];

/// A log driver of the engine.
struct Driver {
    name: &'static str,
    /// Options besides [`COMMON`] and [`DETAILS`].
    options: Options,
    /// Required options. The engine's own settings may have them.
    needs: &'static [(&'static str, &'static str)],
}

const DRIVERS: &[Driver] = &[
    Driver {
        name: "json-file",
        options: &[
            ("max-file", Kind::Number(1, i64::MAX)),
            ("max-size", Kind::Size),
            ("compress", Kind::Boolean),
        ],
        needs: &[],
    },
    Driver {
        name: "local",
        options: &[
            ("max-file", Kind::Number(1, i64::MAX)),
            ("max-size", Kind::SizeOrNone),
            ("compress", Kind::Boolean),
        ],
        needs: &[],
    },
    Driver { name: "journald", options: &[], needs: &[] },
    Driver {
        name: "syslog",
        options: &[
            ("syslog-address", Kind::Address(Address::Syslog)),
            ("syslog-facility", Kind::Facility),
            ("syslog-tls-ca-cert", Kind::Text),
            ("syslog-tls-cert", Kind::Text),
            ("syslog-tls-key", Kind::Text),
            ("syslog-tls-skip-verify", Kind::Text),
            ("syslog-format", Kind::Word(&["rfc5424", "rfc5424micro", "rfc3164", ""])),
        ],
        needs: &[],
    },
    Driver {
        name: "gelf",
        options: &[
            ("gelf-address", Kind::Address(Address::Gelf)),
            ("gelf-compression-level", Kind::Number(-1, 9)),
            ("gelf-compression-type", Kind::Word(&["gzip", "zlib", "none"])),
            ("gelf-tcp-max-reconnect", Kind::Number(0, i64::MAX)),
            ("gelf-tcp-reconnect-delay", Kind::Number(0, i64::MAX)),
        ],
        needs: &[("gelf-address", "udp://192.168.0.42:12201")],
    },
    Driver {
        name: "fluentd",
        options: &[
            ("fluentd-address", Kind::Address(Address::Fluentd)),
            ("fluentd-async", Kind::Boolean),
            ("fluentd-async-reconnect-interval", Kind::Time),
            ("fluentd-buffer-limit", Kind::SizeOrNone),
            ("fluentd-max-retries", Kind::Number(0, i32::MAX as i64)),
            ("fluentd-request-ack", Kind::Boolean),
            ("fluentd-retry-wait", Kind::Time),
            ("fluentd-sub-second-precision", Kind::Boolean),
            ("fluentd-write-timeout", Kind::Time),
        ],
        needs: &[],
    },
    Driver {
        name: "awslogs",
        options: &[
            ("awslogs-group", Kind::Text),
            ("awslogs-stream", Kind::Text),
            ("awslogs-create-group", Kind::Boolean),
            ("awslogs-create-stream", Kind::Boolean),
            ("awslogs-region", Kind::Text),
            ("awslogs-endpoint", Kind::Text),
            ("awslogs-datetime-format", Kind::Text),
            ("awslogs-multiline-pattern", Kind::Expression),
            ("awslogs-credentials-endpoint", Kind::Text),
            ("awslogs-force-flush-interval-seconds", Kind::Number(1, i64::MAX)),
            ("awslogs-max-buffered-events", Kind::Number(1, i64::MAX)),
            ("awslogs-format", Kind::Word(&["json/emf", ""])),
        ],
        needs: &[("awslogs-group", "shop")],
    },
    Driver {
        name: "splunk",
        options: &[
            ("splunk-url", Kind::Address(Address::Splunk)),
            ("splunk-token", Kind::Text),
            ("splunk-source", Kind::Text),
            ("splunk-sourcetype", Kind::Text),
            ("splunk-index", Kind::Text),
            ("splunk-capath", Kind::Text),
            ("splunk-caname", Kind::Text),
            ("splunk-insecureskipverify", Kind::Boolean),
            ("splunk-format", Kind::Word(&["inline", "json", "raw"])),
            ("splunk-verify-connection", Kind::Boolean),
            ("splunk-gzip", Kind::Boolean),
            ("splunk-gzip-level", Kind::Number(-1, 9)),
            ("splunk-index-acknowledgment", Kind::Boolean),
        ],
        needs: &[("splunk-url", "https://splunk.example.com:8088"), ("splunk-token", "\"${SPLUNK_TOKEN}\"")],
    },
    Driver {
        name: "gcplogs",
        options: &[
            ("gcp-project", Kind::Text),
            ("gcp-log-cmd", Kind::Boolean),
            ("gcp-meta-zone", Kind::Text),
            ("gcp-meta-name", Kind::Text),
            ("gcp-meta-id", Kind::Text),
        ],
        needs: &[],
    },
];

/// Drivers without options: `none` accepts any, `etwlogs` is for Windows.
const OTHERS: &[&str] = &["none", "etwlogs"];

/// Options of engines before or after 28.
const OF_OTHER_ENGINES: &[(&str, &str)] = &[
    ("fluentd", "fluentd-async-connect"),
    ("fluentd", "fluentd-read-timeout"),
    ("local", "env"),
    ("local", "env-regex"),
    ("local", "labels"),
    ("local", "labels-regex"),
    ("local", "tag"),
];

/// The default driver of engines.
const DEFAULT: &str = "json-file";

const MISSING_LOG_OPTION: Code =
    code!("missing-log-option", MISSING_ATTRIBUTE, "A log option needs another one, or the driver needs it.");
const INVALID_LOG_OPTION: Code =
    code!("invalid-log-option", BAD_VALUE, "A log driver cannot read the value of an option.");
const UNKNOWN_LOG_OPTION: Code =
    code!("unknown-log-option", BAD_VALUE, "A log driver does not have this option.");
const CONFLICTING_LOG_OPTIONS: Code =
    code!("conflicting-log-options", CONFLICT, "Two log options exclude each other.");

pub(super) const RULE: Rule = Rule {
    codes: &[
        (MISSING_LOG_OPTION, Severity::Error),
        (INVALID_LOG_OPTION, Severity::Error),
        (UNKNOWN_LOG_OPTION, Severity::Error),
        (CONFLICTING_LOG_OPTIONS, Severity::Error),
    ],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports unknown options, and invalid values.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, service) in services(topology) {
        if let Some(logging) = &service.logging {
            check_logging(topology, name, logging, found);
        }
    }
}

/// The drivers that an engine has built in.
pub(super) fn drivers() -> Vec<&'static str> {
    DRIVERS.iter().map(|driver| driver.name).chain(OTHERS.iter().copied()).collect()
}

fn check_logging(topology: &Topology, service: &ServiceName, logging: &Logging, found: &mut Diagnostics) {
    let named = logging.driver.as_deref().filter(|driver| !driver.is_empty());
    let at = topology.place_of(&["services", service.as_str(), "logging", "driver"]);
    // Without a driver the engine's own settings decide; most engines have the default.
    let Some(driver) = DRIVERS.iter().find(|driver| driver.name == named.unwrap_or(DEFAULT)) else {
        return;
    };
    check_options(topology, service, driver, logging, found);
    check_together(driver.name, logging, found);
    if named.is_none() {
        return;
    }
    let is_missing =
        |(name, _): &&(&str, &str)| logging.options.0.get(*name).is_none_or(|value| value.is_empty());
    if let Some((name, example)) = driver.needs.iter().find(is_missing) {
        found
            .warning(MISSING_LOG_OPTION, format!("the log driver `{}` needs `{name}`", driver.name))
            .label(at, "refused, unless the engine's configuration sets it")
            .help(format!("add `options: {{{name}: {example}}}` beside it"));
    }
}

fn check_options(
    topology: &Topology,
    service: &ServiceName,
    driver: &Driver,
    logging: &Logging,
    found: &mut Diagnostics,
) {
    let Driver { name: driver, options: own, needs: _ } = driver;
    // `local` has no details.
    let details = if *driver == "local" { &[] } else { DETAILS };
    let known = || own.iter().chain(COMMON).chain(details);
    for (name, value) in &logging.options.0 {
        if let Some((_, kind)) = known().find(|(option, _)| option == name) {
            if let Some((needed, example)) = mistake(*kind, value).filter(|_| !value.contains("${")) {
                found
                    .error(INVALID_LOG_OPTION, format!("`{name}` cannot be `{}`", value.value))
                    .label(value.span, needed)
                    .help(format!("write, for example, `{name}: {example}`"));
            }
            continue;
        }
        // Options of the cache are common to all drivers that send logs elsewhere.
        if name.starts_with("cache-") {
            continue;
        }
        let path = ["services", service.as_str(), "logging", "options"];
        let at = super::key_span(topology, &path, name, value.span);
        let is_elsewhere = OF_OTHER_ENGINES.contains(&(*driver, name.as_str()));
        let message = format!("the log driver `{driver}` has no option `{name}`");
        let diagnostic = match logging.driver.is_some() && !is_elsewhere {
            true => found.error(UNKNOWN_LOG_OPTION, message),
            false => found.warning(UNKNOWN_LOG_OPTION, message),
        };
        if is_elsewhere {
            diagnostic.label(at, "Engine 28 refuses it, other releases may have it").help("remove it");
            continue;
        }
        let names = || known().map(|(name, _)| *name);
        diagnostic.label(at, "not known here").did_you_mean(name, suggest::closest(name, names()), || {
            format!("known here: {}", suggest::all_of(names()))
        });
    }
}

/// Options that require or exclude others.
fn check_together(driver: &str, logging: &Logging, found: &mut Diagnostics) {
    let option = |name: &str| logging.options.0.get(name);
    if let (Some(size), mode) = (option("max-buffer-size"), option("mode"))
        && mode.is_none_or(|mode| mode.as_str() != "non-blocking")
    {
        let message = "`max-buffer-size` needs `mode: non-blocking`";
        // The engine's own settings may have it.
        let diagnostic = match mode {
            Some(_) => found.error(CONFLICTING_LOG_OPTIONS, message),
            None => found.warning(MISSING_LOG_OPTION, message),
        };
        diagnostic.label(size.span, "the size of the buffer");
        mode.iter().for_each(|mode| {
            diagnostic.label(mode.span, "the default mode has no buffer");
        });
        diagnostic.help("write `mode: non-blocking`, or remove `max-buffer-size`");
        mode.iter().for_each(|mode| {
            diagnostic.replace(mode.span, mode.as_str(), "non-blocking").only_a_guess();
        });
    }
    check_compression(driver, logging, found);
    check_transport(logging, found);
    if let (Some(first), Some(second)) =
        (option("awslogs-datetime-format"), option("awslogs-multiline-pattern"))
        && driver == "awslogs"
    {
        found
            .error(
                CONFLICTING_LOG_OPTIONS,
                "`awslogs-datetime-format` and `awslogs-multiline-pattern` cannot both be set",
            )
            .label(second.span, "where an event begins")
            .label(first.span, "where an event begins")
            .help("keep one of the two");
    }
}

/// `gelf` compresses over UDP, and reconnects over TCP.
fn check_transport(logging: &Logging, found: &mut Diagnostics) {
    let Some(address) = logging.options.0.get("gelf-address") else { return };
    for (name, value) in &logging.options.0 {
        let scheme = match name.as_str() {
            "gelf-compression-level" | "gelf-compression-type" => "udp",
            "gelf-tcp-max-reconnect" | "gelf-tcp-reconnect-delay" => "tcp",
            _ => continue,
        };
        let other = if scheme == "udp" { "tcp" } else { "udp" };
        if address.starts_with(&format!("{other}://")) {
            found
                .error(
                    CONFLICTING_LOG_OPTIONS,
                    format!("`{name}` needs an address that begins with `{scheme}://`"),
                )
                .label(value.span, format!("only has a meaning for {}", scheme.to_uppercase()))
                .label(address.span, "another one")
                .help(format!("remove `{name}`"));
        }
    }
}

/// Only rotated files are compressed, so there must be more than the current one. `local` always
/// has a size limit and compresses unless told not to.
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
                .error(MISSING_LOG_OPTION, "`compress` needs `max-size`, and `max-file` of 2 or more")
                .label(at.span, "the file that is being written is never compressed")
                .help("add `max-size: 10m` and `max-file: \"3\"`");
        }
        ("local", _, Some(at)) if compress != Some(false) && files == Some(1) => {
            found
                .error(MISSING_LOG_OPTION, "one log file alone needs `compress: \"false\"`")
                .label(at.span, "the file that is being written is never compressed")
                .help("add `compress: \"false\"`, or write `max-file: \"2\"`");
        }
        _ => {}
    }
}
