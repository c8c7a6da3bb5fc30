//! In: the advice to quote a value. Out: what may stand there, where quotes would lead into the next mistake.
//! Must not: touch other advice.

use crate::diagnostic::{Diagnostic, code};
use crate::document::Node;

/// How the advice to quote a value begins.
pub const QUOTE: &str = "quote it: ";

/// Where only few texts have a meaning, a boolean or a number in quotes is the next mistake: what has one is
/// named instead.
pub fn replace(record: &str, key: &str, node: &Node, found: &mut [Diagnostic]) {
    let Some(value) = meaningful(record, key) else { return };
    let is_its = |found: &Diagnostic| {
        let elements = node.as_list().unwrap_or_default().iter();
        let entries = node.as_map().into_iter().flat_map(|map| map.entries.iter().map(|(_, value)| value));
        let mut nodes = std::iter::once(node).chain(elements).chain(entries);
        nodes.any(|node| found.span() == Some(node.span))
    };
    let quoted = |found: &Diagnostic| {
        found.code == code::WRONG_TYPE && found.help.as_ref().is_some_and(|help| help.starts_with(QUOTE))
    };
    for diagnostic in found.iter_mut().filter(|found| quoted(found) && is_its(found)) {
        diagnostic.help(format!("write {value}"));
    }
}

/// What may be written as the value of a key, where most texts may not.
fn meaningful(record: &str, key: &str) -> Option<&'static str> {
    Some(match key {
        "cap_add" | "cap_drop" => "the name of a capability: `NET_ADMIN`",
        "expose" | "ports" | "published" => "a port: `\"80\"`",
        "extra_hosts" | "host_ip" | "ipv4_address" | "gateway" => "an address such as `192.0.2.7`",
        "ipv6_address" => "an address such as `2001:db8::7`",
        "ip_range" | "subnet" => "addresses as `172.28.0.0/16`",
        "ipc" => "`host`, `private`, `shareable` or `service:NAME`",
        "mac_address" => "an address such as `02:42:ac:11:00:02`",
        "network_mode" => "`bridge`, `host`, `none` or `service:NAME`",
        "pid" => "`host` or `service:NAME`",
        "platform" | "platforms" => "`linux/amd64`, `linux/arm64` or `linux/arm/v7`",
        "propagation" => "`rprivate`, `rshared` or `rslave`",
        "protocol" => "`tcp` or `udp`",
        "recursive" => "`enabled`, `disabled`, `writable` or `readonly`",
        "selinux" => "`z` or `Z`",
        "stop_signal" => "the name of a signal: `SIGTERM`",
        // Of a build it is a stage, of a secret a name.
        "target" if record != "MountSection" => return None,
        "target" | "tmpfs" | "working_dir" => "a path in the container: `/path`",
        "uts" => "`host`",
        "volumes" => "the source and the path in the container: `./data:/data`",
        _ => return None,
    })
}
