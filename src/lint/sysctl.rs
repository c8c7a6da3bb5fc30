//! Kernel parameters: the kernel keeps few of them apart for each container.

use crate::diagnostic::{Diagnostics, code, suggest};
use crate::lint::{key_span, services, uses_default_runtime};
use crate::source::{Span, Spanned};
use crate::topology::Topology;
use crate::topology::name::ServiceName;
use crate::topology::service::Service;

/// Parameters of an IPC namespace; those that begin with [`QUEUES`] too. The list of runc 1.3, which Engine 28.5
/// starts containers by.
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

/// What parameters of message queues begin with.
const QUEUES: &str = "fs.mqueue.";

/// What parameters of a network namespace begin with.
const NET: &str = "net.";

/// Parameters of a network namespace that people set, for suggestions.
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

/// Finds parameters that belong to the whole host, or to a namespace that is shared with it.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, service) in services(topology).filter(|(_, service)| uses_default_runtime(service)) {
        for (parameter, value) in &service.sysctls.0 {
            let at = key_span(topology, &["services", name.as_str(), "sysctls"], parameter, value.span);
            check_parameter(topology, (name, service), parameter, at, found);
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
    let is = |value: &Option<Spanned<String>>| value.as_ref().is_some_and(|value| value.value == "host");
    let (attribute, is_shared) = match dotted.as_str() {
        known if IPC.contains(&known) || known.starts_with(QUEUES) => ("ipc", is(&service.ipc)),
        known if known.starts_with(NET) => ("network_mode", is(&service.network_mode)),
        "kernel.domainname" => ("uts", is(&service.uts)),
        "kernel.hostname" => return refuse_host_name(at, found),
        _ => return refuse(parameter, &dotted, at, found),
    };
    if is_shared {
        let shared_at = topology.place_of(&["services", name.as_str(), attribute]);
        found
            .error(code::BAD_NAMESPACE, format!("`{parameter}` cannot be set with `{attribute}: host`"))
            .label(at, "belongs to the host as well")
            .label(shared_at, "the namespace is the host's")
            .help(format!("remove it, and set it on the host: `sysctl -w {parameter}=VALUE`"));
    }
}

/// `net/ipv4/conf/eth0.1/forwarding` with dots, as sysctl(8) reads names whose first separator is a slash.
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
        .error(code::BAD_VALUE, "the host name is not set by a kernel parameter")
        .label(at, "refused by the engine")
        .help("write `hostname: NAME` beside `sysctls`");
}

fn refuse(parameter: &str, dotted: &str, at: Span, found: &mut Diagnostics) {
    let known = IPC.iter().chain(KNOWN_NET).copied();
    let closest = suggest::closest(dotted.trim(), known);
    let is_of_host = ["abi.", "crypto.", "debug.", "dev.", "fs.", "kernel.", "user.", "vm."]
        .iter()
        .any(|area| dotted.starts_with(area));
    found
        .error(code::BAD_VALUE, format!("`{parameter}` cannot be set for one container"))
        .label(at, "the kernel does not keep it apart for each container")
        .did_you_mean(parameter, closest, || match is_of_host {
            true => {
                format!(
                    "remove it, and set it on the host, for all containers: `sysctl -w {parameter}=VALUE`"
                )
            }
            false => "a container has `net.*`, `fs.mqueue.*`, `kernel.msg*`, `kernel.sem` and `kernel.shm*`"
                .to_owned(),
        });
}

/// Parameters of an IPC namespace are numbers; of those of a network, each has a syntax of its own.
fn check_value(parameter: &str, value: &Spanned<Option<String>>, found: &mut Diagnostics) {
    let dotted = with_dots(parameter);
    let text = value.value.as_deref().unwrap_or_default();
    let most = match dotted.as_str() {
        "kernel.sem" => 4,
        known if IPC.contains(&known) || known.starts_with(QUEUES) => 1,
        _ => return,
    };
    let numbers: Vec<&str> = text.split_whitespace().collect();
    let is_number = |text: &&str| text.parse::<i64>().is_ok();
    if text.contains('$') || (1..=most).contains(&numbers.len()) && numbers.iter().all(is_number) {
        return;
    }
    let (needed, example) = match most {
        1 => ("a whole number is needed here", "65536"),
        _ => ("four numbers are needed here", "\"250 32000 100 128\""),
    };
    found
        .error(code::BAD_VALUE, format!("`{parameter}` cannot be `{text}`"))
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
