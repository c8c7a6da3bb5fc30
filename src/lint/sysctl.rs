//! Kernel parameters, few of which are separate for each container.

use std::path::Path;

use crate::diagnostic::{Code, Diagnostics, Severity, suggest};
use crate::lint::endpoint::PARAMETERS;
use crate::lint::rule::{Group, Rule, code};
use crate::lint::{key_span, services, uses_default_runtime};
use crate::source::{Span, Spanned};
use crate::topology::name::ServiceName;
use crate::topology::service::{Namespace, Service};
use crate::topology::{Host, Topology};

/// Parameters of an IPC namespace; message queues have [`KNOWN_QUEUES`] too. The list of runc 1.3,
/// the runtime of Engine 28.5.
const IPC: &[&str] = &[
    "kernel.msgmax",
    "kernel.msgmnb",
    "kernel.msgmni",
    "kernel.sem",
    "kernel.shm_rmid_forced",
    "kernel.shmall",
    "kernel.shmmax",
    "kernel.shmmni",
];

/// Parameters of message queues: `mq_overview(7)`.
const KNOWN_QUEUES: &[&str] = &[
    "fs.mqueue.msg_default",
    "fs.mqueue.msg_max",
    "fs.mqueue.msgsize_default",
    "fs.mqueue.msgsize_max",
    "fs.mqueue.queues_max",
];

/// Parameters that begin with [`NET`] but belong to the whole machine, up to Linux 6.18: they
/// cannot be written in another network namespace.
const OF_MACHINE: &[&str] = &[
    "net.core.default_qdisc",
    "net.core.dev_weight",
    "net.core.netdev_budget",
    "net.core.netdev_max_backlog",
    "net.core.rmem_default",
    "net.core.rmem_max",
    "net.core.wmem_default",
    "net.core.wmem_max",
];

/// The second component of `net.` parameters: protocols and parts of the kernel. Modules may add
/// others.
const AREAS: &[&str] = &[
    "ax25",
    "bridge",
    "core",
    "dccp",
    "ipv4",
    "ipv6",
    "llc",
    "mpls",
    "mptcp",
    "netfilter",
    "netrom",
    "nf_conntrack_max",
    "phonet",
    "rds",
    "rose",
    "rxrpc",
    "sctp",
    "smc",
    "tipc",
    "unix",
    "vsock",
    "x25",
];

/// The prefix of parameters of a network namespace.
const NET: &str = "net.";

/// Common parameters of a network namespace, for suggestions.
const KNOWN_NET: &[&str] = &[
    "net.core.somaxconn",
    "net.ipv4.conf.all.src_valid_mark",
    "net.ipv4.ip_forward",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_syncookies",
    "net.ipv6.conf.all.disable_ipv6",
    "net.ipv6.conf.all.forwarding",
];

const HOST_SYSCTL: Code =
    code!("host-sysctl", BAD_NAMESPACE, "A kernel parameter belongs to a namespace shared with the host.");
const UNSUPPORTED_SYSCTL: Code =
    code!("unsupported-sysctl", BAD_VALUE, "A kernel parameter cannot be set for a single container.");
const UNKNOWN_SYSCTL: Code = code!("unknown-sysctl", BAD_VALUE, "The kernel does not have this parameter.");
const INVALID_SYSCTL: Code = code!("invalid-sysctl", BAD_VALUE, "A kernel parameter cannot have this value.");

pub(super) const RULE: Rule = Rule {
    codes: &[
        (HOST_SYSCTL, Severity::Error),
        (UNSUPPORTED_SYSCTL, Severity::Error),
        (UNKNOWN_SYSCTL, Severity::Warning),
        (INVALID_SYSCTL, Severity::Error),
    ],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports parameters that belong to the whole host, or to a namespace shared with it.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, service) in services(topology).filter(|(_, service)| uses_default_runtime(service)) {
        for (parameter, value) in &service.sysctls.0 {
            let at = key_span(topology, &["services", name.as_str(), "sysctls"], parameter, value.span);
            check_parameter(topology, (name, service), parameter, at, found);
            check_network_parameter(topology, service, parameter, at, found);
            check_value(parameter, value, found);
        }
    }
}

fn check_parameter(
    topology: &Topology,
    (name, service): (&ServiceName, &Service),
    parameter: &str,
    at: Span,
    found: &mut Diagnostics,
) {
    let dotted = with_dots(parameter);
    let is = |value: &Option<Spanned<Namespace>>| {
        value.as_ref().is_some_and(|value| value.value == Namespace::Host)
    };
    let (attribute, is_shared) = match dotted.as_str() {
        known if IPC.contains(&known) || KNOWN_QUEUES.contains(&known) => ("ipc", is(&service.ipc)),
        known if known.starts_with(NET) => ("network_mode", is(&service.network_mode)),
        "kernel.domainname" => ("uts", is(&service.uts)),
        "kernel.hostname" => return refuse_host_name(at, found),
        _ => return refuse(parameter, &dotted, at, found),
    };
    if is_shared {
        let shared_at = topology.place_of(&["services", name.as_str(), attribute]);
        found
            .error(HOST_SYSCTL, format!("`{parameter}` cannot be set with `{attribute}: host`"))
            .label(at, "belongs to the host as well")
            .label(shared_at, "the namespace is the host's")
            .help(format!("remove it, and set it on the host: `sysctl -w {parameter}=VALUE`"));
    }
}

/// Network parameters that containers do not have, or have only once they are connected.
fn check_network_parameter(
    topology: &Topology,
    service: &Service,
    parameter: &str,
    at: Span,
    found: &mut Diagnostics,
) {
    let dotted = with_dots(parameter);
    let parts: Vec<&str> = dotted.splitn(5, '.').collect();
    let mode = service.network_mode.as_ref();
    let shares_network = mode.is_some_and(|mode| mode.value == Namespace::Host || mode.owner().is_some());
    match parts.as_slice() {
        _ if OF_MACHINE.contains(&dotted.as_str()) => refuse(parameter, &dotted, at, found),
        ["net", family, group, interface, setting] if interface.starts_with("eth") && !shares_network => {
            found
                .error(UNSUPPORTED_SYSCTL, format!("`{parameter}` is set at the network of its interface"))
                .label(at, format!("there is no `{interface}` yet when it would be set"))
                .help(format!(
                    "write `driver_opts: {{{PARAMETERS}: net.{family}.{group}.IFNAME.{setting}=VALUE}}` at the \
                     network, below `networks` of the service"
                ));
        }
        ["net", area, ..] if !AREAS.contains(area) => {
            found
                .warning(UNKNOWN_SYSCTL, format!("Linux has no parameters that begin with `net.{area}`"))
                .label(at, "unless a kernel module adds them, the engine cannot set it")
                .did_you_mean(area, suggest::closest(area, AREAS.iter().copied()), || {
                    format!("most begin with {}", suggest::one_of(["net.core", "net.ipv4", "net.ipv6"]))
                });
        }
        ["net", ..] if is_missing(topology, &dotted) => {
            let path = dotted.replace('.', "/");
            found
                .warning(UNKNOWN_SYSCTL, format!("this machine has no parameter `{parameter}`"))
                .label(at, format!("there is no `/proc/sys/{path}`"))
                .did_you_mean(parameter, suggest::closest(&dotted, KNOWN_NET.iter().copied()), || {
                    format!(
                        "`sysctl -a | grep {}` lists those that exist",
                        parts[..parts.len().min(2)].join(".")
                    )
                });
        }
        _ => {}
    }
}

/// Whether the engine's machine, if it is this one, lacks a parameter.
fn is_missing(topology: &Topology, dotted: &str) -> bool {
    let directory = Path::new("/proc/sys");
    // A dot in the name of an interface is a slash in the path, and the reverse.
    let path: String = dotted
        .chars()
        .map(|letter| match letter {
            '.' => '/',
            '/' => '.',
            other => other,
        })
        .collect();
    topology.host == Host::This
        && !dotted.contains('$')
        && topology.file_system.is_directory(&directory.join("net"))
        && !topology.file_system.exists(&directory.join(path))
}

/// `net/ipv4/conf/eth0.1/forwarding` with dots, like sysctl(8) for names whose first separator is a
/// slash.
fn with_dots(parameter: &str) -> String {
    if parameter.find(['.', '/']).is_none_or(|first| parameter[first..].starts_with('.')) {
        return parameter.to_owned();
    }
    let swapped = |letter| match letter {
        '/' => '.',
        '.' => '/',
        other => other,
    };
    parameter.chars().map(swapped).collect()
}

fn refuse_host_name(at: Span, found: &mut Diagnostics) {
    found
        .error(UNSUPPORTED_SYSCTL, "the host name is not set by a kernel parameter")
        .label(at, "refused by the engine")
        .help("write `hostname: NAME` beside `sysctls`");
}

fn refuse(parameter: &str, dotted: &str, at: Span, found: &mut Diagnostics) {
    let known = IPC.iter().chain(KNOWN_QUEUES).chain(KNOWN_NET).copied();
    let closest = suggest::closest(dotted.trim(), known);
    let areas = ["abi.", "crypto.", "debug.", "dev.", "fs.", "kernel.", "user.", "vm."];
    let is_of_host = OF_MACHINE.contains(&dotted)
        || (!dotted.starts_with("fs.mqueue.") && areas.iter().any(|area| dotted.starts_with(area)));
    found
        .error(UNSUPPORTED_SYSCTL, format!("`{parameter}` cannot be set for one container"))
        .label(at, "the kernel has one value for the whole machine")
        .did_you_mean(parameter, closest, || match is_of_host {
            true => {
                format!(
                    "remove it, and set it on the host, for all containers: `sysctl -w {parameter}=VALUE`"
                )
            }
            false => "for a container, only these can be set: `net.*`, `fs.mqueue.*`, `kernel.msg*`, \
                      `kernel.sem` and `kernel.shm*`"
                .to_owned(),
        });
}

/// The maximum number of values of a parameter, and their range; `None` if the syntax is unknown.
/// The ranges are those of Linux 6.18.
fn syntax(dotted: &str) -> Option<(usize, std::ops::RangeInclusive<i128>, &'static str)> {
    let (int, long) = (i128::from(i32::MAX), i128::from(u64::MAX));
    Some(match dotted {
        "kernel.sem" => (4, -int..=int, "\"250 32000 100 128\""),
        "kernel.shm_rmid_forced" => (1, 0..=1, "1"),
        "kernel.shmmax" | "kernel.shmall" => (1, 0..=long, "65536"),
        "fs.mqueue.msg_max" | "fs.mqueue.msg_default" => (1, 1..=65_536, "10"),
        "fs.mqueue.msgsize_max" | "fs.mqueue.msgsize_default" => (1, 128..=16_777_216, "8192"),
        known if IPC.contains(&known) || KNOWN_QUEUES.contains(&known) => (1, 0..=int, "4096"),
        "net.core.somaxconn" => (1, 0..=int, "4096"),
        "net.ipv4.ip_unprivileged_port_start" => (1, 0..=65_535, "0"),
        "net.ipv4.ip_local_port_range" => (2, 1..=65_535, "\"32768 60999\""),
        "net.ipv4.ip_forward" | "net.ipv4.tcp_keepalive_time" | "net.ipv4.tcp_syncookies" => {
            (1, -int..=int, "1")
        }
        "net.ipv6.conf.all.disable_ipv6" | "net.ipv6.conf.all.forwarding" => (1, -int..=int, "1"),
        "net.ipv4.conf.all.src_valid_mark" => (1, -int..=int, "1"),
        _ => return None,
    })
}

/// Checks parameters with a known syntax. An empty text sets nothing.
fn check_value(parameter: &str, value: &Spanned<Option<String>>, found: &mut Diagnostics) {
    let dotted = with_dots(parameter);
    let text = value.value.as_deref().unwrap_or_default();
    let Some((most, range, example)) = syntax(&dotted).filter(|_| !text.contains('$')) else { return };
    let read: Result<Vec<i128>, _> = text.split_whitespace().map(str::parse).collect();
    let is_unsigned = *range.end() > i128::from(i64::MAX);
    let needed = match read {
        Ok(numbers) if numbers.is_empty() && !text.is_empty() => "it is blank".to_owned(),
        Ok(numbers) if numbers.len() > most || numbers.iter().any(|number| !range.contains(number)) => {
            match most {
                1 => format!("a number from {} to {} is needed here", range.start(), range.end()),
                _ => format!("{most} numbers from {} to {} are needed here", range.start(), range.end()),
            }
        }
        Ok(numbers) if dotted.ends_with("_range") && numbers.first() > numbers.get(1).or(numbers.first()) => {
            "the first port is above the last one".to_owned()
        }
        Ok(_) if is_unsigned && text.contains('-') => "a number without a sign is needed here".to_owned(),
        Ok(_) => return,
        Err(_) if most == 1 => "a whole number is needed here".to_owned(),
        Err(_) => format!("{most} numbers are needed here"),
    };
    found
        .error(INVALID_SYSCTL, format!("`{parameter}` cannot be `{text}`"))
        .label(value.span, needed)
        .help(format!("write, for example, `{parameter}: {example}`"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_slashes_is_one_with_dots() {
        assert_eq!(with_dots("net/ipv4/conf/eth0.1/forwarding"), "net.ipv4.conf.eth0/1.forwarding");
        assert_eq!(with_dots("net.ipv4.conf.eth0/1.forwarding"), "net.ipv4.conf.eth0/1.forwarding");
        assert_eq!(with_dots("net"), "net");
    }
}
