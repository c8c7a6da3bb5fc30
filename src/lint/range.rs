//! Numbers must be in the range of their attribute.

use crate::diagnostic::{Code, Diagnostics, Severity, code};
use crate::lint::rule::{Group, Rule, code as code_of_rule};
use crate::lint::services;
use crate::source::{Span, Spanned};
use crate::topology::Topology;
use crate::topology::service::{Healthcheck, Service};
use crate::topology::value::{Duration, Integer};

const INVALID_CPUSET: Code =
    code_of_rule!("invalid-cpuset", BAD_VALUE, "A set of processors cannot be read.");
const MISSING_START_PERIOD: Code = code_of_rule!(
    "missing-start-period",
    MISSING_ATTRIBUTE,
    "`start_interval` has no effect without `start_period`."
);

pub(super) const RULE: Rule = Rule {
    codes: &[
        (INVALID_CPUSET, Severity::Error),
        (MISSING_START_PERIOD, Severity::Error),
        (code::OUT_OF_RANGE, Severity::Error),
    ],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports numbers that the engine, or Docker Compose, refuses.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, service) in services(topology) {
        let at = |key: &str| topology.place_of(&["services", name.as_str(), key]);
        check_counts(service, found);
        check_processor(service, at, found);
        check_memory(service, found);
        check_processes(service, found);
        check_block_devices(service, at, found);
        if let Some(healthcheck) = &service.healthcheck {
            let is_written =
                |key: &str| topology.node_at(&["services", name.as_str(), "healthcheck", key]).is_some();
            check_healthcheck(healthcheck, is_written, found);
        }
    }
}

/// The lowest and the highest value.
type Range = std::ops::RangeInclusive<i64>;

/// The kernel's minimum quota is a hundredth of a CPU for a period of 100 ms.
const LEAST_CPUS: f64 = 0.01;

/// The longest quota of the kernel, in microseconds.
const MOST_QUOTA: i64 = (1 << 44) - 1;

/// The highest CPU number that Engine 28.5 accepts.
const LAST_PROCESSOR: u32 = 8192;

const NOT_NEGATIVE: Range = 0..=i64::MAX;

/// The allowed number of containers of a service.
const REPLICAS: Range = 0..=Service::MOST_REPLICAS as i64;

fn check_counts(service: &Service, found: &mut Diagnostics) {
    check_spanned("scale", service.scale.as_ref(), REPLICAS, found);
    let Some(deploy) = service.deploy.as_ref() else { return };
    check_spanned("replicas", deploy.replicas.as_ref(), REPLICAS, found);
    let restarts = deploy.restart_policy.as_ref().and_then(|policy| policy.max_attempts.as_ref());
    check_spanned("max_attempts", restarts, NOT_NEGATIVE, found);
}

/// `PID_MAX_LIMIT` of Linux; a negative number is no limit.
const MOST_PROCESSES: i64 = 4_194_304;

fn check_processes(service: &Service, found: &mut Diagnostics) {
    let resources = service.deploy.iter().flat_map(|deploy| deploy.resources.as_ref());
    let limited = resources.filter_map(|resources| resources.limits.as_ref()?.pids.as_ref());
    for (attribute, limit) in service
        .pids_limit
        .iter()
        .map(|limit| ("pids_limit", limit))
        .chain(limited.map(|limit| ("pids", limit)))
    {
        check_spanned(attribute, Some(limit), i64::MIN..=MOST_PROCESSES, found);
    }
}

fn check_processor(service: &Service, at: impl Fn(&str) -> Span, found: &mut Diagnostics) {
    let resources = service.deploy.iter().flat_map(|deploy| deploy.resources.as_ref());
    let limited = resources.clone().filter_map(|resources| resources.limits.as_ref()?.cpus.as_ref());
    let reserved = resources.filter_map(|resources| resources.reservations.as_ref()?.cpus.as_ref());
    let deployed = limited.chain(reserved).map(|cpus| cpus.map(|cpus| cpus.0));
    let own = service.cpus.iter().map(|cpus| cpus.map(|cpus| cpus.0));
    for cpus in own.chain(deployed) {
        if cpus.value < 0.0 {
            refuse("cpus", &cpus.value.to_string(), cpus.span, "0 or more", found);
        } else if cpus.value > 0.0 && cpus.value < LEAST_CPUS {
            refuse("cpus", &cpus.value.to_string(), cpus.span, "0.01 or more", found);
        }
    }
    if let Some(percent) = service.cpu_percent.filter(|percent| !(0.0..=100.0).contains(&percent.0)) {
        refuse("cpu_percent", &percent.0.to_string(), at("cpu_percent"), "from 0 to 100", found);
    }
    let plain = |number: Option<Integer>| number.map(|number| number.0);
    check_number("cpu_count", plain(service.cpu_count), at("cpu_count"), NOT_NEGATIVE, found);
    // 0 means the default.
    let shares = plain(service.cpu_shares).filter(|shares| *shares != 0);
    check_number("cpu_shares", shares, at("cpu_shares"), 2..=262_144, found);
    if let Some(cpuset) = service.cpuset.as_ref().filter(|cpuset| !cpuset.contains('$')) {
        check_cpuset(cpuset, at("cpuset"), found);
    }
    check_number("cpu_period", plain(service.cpu_period), at("cpu_period"), 1_000..=1_000_000, found);
    // A negative quota means none.
    let quota = plain(service.cpu_quota).filter(|quota| *quota >= 0);
    check_number("cpu_quota", quota, at("cpu_quota"), 1_000..=MOST_QUOTA, found);
    let real_time = service.cpu_rt_period.map(|period| period.value.0);
    check_number("cpu_rt_period", real_time, at("cpu_rt_period"), NOT_NEGATIVE, found);
}

/// `0-3,5`: CPUs and ranges of them. Which ones exist depends on the machine.
fn check_cpuset(cpuset: &str, at: Span, found: &mut Diagnostics) {
    let number = |text: &str| match text.parse::<u32>() {
        Ok(number) if number > LAST_PROCESSOR => {
            Err(format!("a processor's number is up to {LAST_PROCESSOR}"))
        }
        Ok(number) => Ok(number),
        Err(_) => Err(format!("`{text}` is not the number of a processor")),
    };
    let part = |part: &str| match part.split_once('-') {
        Some((first, last)) if number(first)? > number(last)? => {
            Err(format!("the range `{part}` runs backwards"))
        }
        Some(_) => Ok(()),
        None => number(part).map(|_| ()),
    };
    if cpuset.is_empty() {
        return;
    }
    if let Err(reason) = cpuset.split(',').try_for_each(part) {
        found
            .error(INVALID_CPUSET, format!("`{cpuset}` is not a set of processors"))
            .label(at, reason)
            .help("write numbers and ranges, without spaces: `0,2` or `0-3`");
    }
}

fn check_memory(service: &Service, found: &mut Diagnostics) {
    // -1 means the default.
    check_spanned("mem_swappiness", service.mem_swappiness.as_ref(), -1..=100, found);
    check_spanned("oom_score_adj", service.oom_score_adj.as_ref(), -1000..=1000, found);
}

fn check_block_devices(service: &Service, at: impl Fn(&str) -> Span, found: &mut Diagnostics) {
    let Some(limits) = &service.blkio_config else { return };
    // 0 means the default.
    let weight = limits.weight.as_ref().filter(|weight| weight.value.0 != 0);
    check_spanned("weight", weight, 10..=1000, found);
    for device in &limits.weight_device {
        let weight = device.weight.map(|weight| weight.0);
        check_number("weight", weight, at("blkio_config").or(device.span), 10..=1000, found);
    }
}

fn check_healthcheck(healthcheck: &Healthcheck, is_written: impl Fn(&str) -> bool, found: &mut Diagnostics) {
    let Healthcheck { interval, timeout, start_period, start_interval, retries, .. } = healthcheck;
    check_spanned("retries", retries.as_ref(), NOT_NEGATIVE, found);
    // Docker Compose's rule. The engine uses the interval only with a start period.
    let is_unset = start_period.is_none() && !is_written("start_period");
    if let Some(interval) = start_interval.as_ref().filter(|_| is_unset) {
        found
            .error(MISSING_START_PERIOD, "`start_interval` needs a `start_period`")
            .about("start_period")
            .label(interval.span, "only applies in the start period, and there is none")
            .help("add `start_period: 30s`, or as long as the service takes to start");
    }
    for (attribute, duration) in [
        ("interval", interval),
        ("timeout", timeout),
        ("start_period", start_period),
        ("start_interval", start_interval),
    ] {
        let is_too_short =
            |duration: &&Spanned<Duration>| (1..1_000_000).contains(&duration.value.nanoseconds());
        if let Some(duration) = duration.as_ref().filter(is_too_short) {
            refuse(attribute, &duration.value.to_string(), duration.span, "`1ms` or more", found);
        }
    }
}

fn check_spanned(attribute: &str, number: Option<&Spanned<Integer>>, range: Range, found: &mut Diagnostics) {
    if let Some(number) = number {
        check_number(attribute, Some(number.value.0), number.span, range, found);
    }
}

fn check_number(attribute: &str, number: Option<i64>, at: Span, range: Range, found: &mut Diagnostics) {
    let Some(number) = number.filter(|number| !range.contains(number)) else { return };
    let allowed = match (range.start(), range.end()) {
        (least, &i64::MAX) => format!("{least} or more"),
        (&i64::MIN, most) => format!("{most} or less"),
        (least, most) => format!("from {least} to {most}"),
    };
    refuse(attribute, &number.to_string(), at, &allowed, found);
}

fn refuse(attribute: &str, value: &str, at: Span, allowed: &str, found: &mut Diagnostics) {
    found
        .error(code::OUT_OF_RANGE, format!("`{attribute}` cannot be {value}"))
        .label(at, format!("{allowed} is needed here"));
}
