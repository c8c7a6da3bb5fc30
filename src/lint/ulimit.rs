//! Limits of processes must exist, with a soft limit no higher than the hard one.

use crate::diagnostic::{Code, Diagnostics, Severity, suggest};
use crate::lint::rule::{Group, Rule, code};
use crate::lint::services;
use crate::topology::Topology;
use crate::topology::attribute::Named;
use crate::topology::service::Ulimit;

/// `getrlimit(2)`, as the engine names them.
const NAMES: &[&str] = &[
    "as",
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

const UNKNOWN_ULIMIT: Code = code!("unknown-ulimit", BAD_VALUE, "Linux has no resource limit of this name.");
const CONFLICTING_ULIMITS: Code =
    code!("conflicting-ulimits", CONFLICT, "A soft limit is above its hard limit.");

pub(super) const RULE: Rule = Rule {
    codes: &[(UNKNOWN_ULIMIT, Severity::Error), (CONFLICTING_ULIMITS, Severity::Error)],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports limits that the engine refuses.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        let built = service.build.iter().flat_map(|build| &build.ulimits);
        for (name, limit) in service.ulimits.iter().chain(built) {
            check_one(name, limit, found);
        }
    }
}

fn check_one(name: &str, limit: &Named<Ulimit>, found: &mut Diagnostics) {
    // The engine ignores case.
    if !NAMES.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        let known = suggest::one_of(NAMES.iter().copied());
        found
            .error(UNKNOWN_ULIMIT, format!("no limit is named `{name}`"))
            .label(limit.key, "not known to Linux")
            .did_you_mean(name, suggest::closest(name, NAMES.iter().copied()), || {
                format!("known here: {known}")
            });
    }
    let Ulimit { soft, hard, is_single: _ } = limit.value;
    // The kernel reads a negative number as a very large one; the largest, -1, is no limit at all.
    let number = |limit: i64| u64::from_ne_bytes(limit.to_ne_bytes());
    if number(soft) > number(hard) {
        found
            .error(CONFLICTING_ULIMITS, format!("the soft limit of `{name}` is above the hard one"))
            .label(limit.span, format!("soft {soft}, hard {hard}"))
            .help("raise `hard`, or lower `soft`");
    }
}
