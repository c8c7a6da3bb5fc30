//! Linux capabilities must exist.

use crate::diagnostic::{Code, Diagnostics, Severity, suggest};
use crate::lint::rule::{Group, Rule, code};
use crate::lint::services;
use crate::source::Spanned;
use crate::topology::Topology;

/// Names without `CAP_`: `capabilities(7)`, Linux 5.9 and later.
const CAPABILITIES: &[&str] = &[
    "ALL",
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];

const UNKNOWN_CAPABILITY: Code =
    code!("unknown-capability", BAD_VALUE, "Linux has no capability of this name.");

pub(super) const RULE: Rule =
    Rule { codes: &[(UNKNOWN_CAPABILITY, Severity::Error)], group: Group::Security, since: "0.1.0", check };

/// Reports capabilities that Linux does not have: the engine refuses them.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        for capability in service.cap_add.iter().chain(&service.cap_drop) {
            check_one(capability, found);
        }
    }
}

fn check_one(capability: &Spanned<String>, found: &mut Diagnostics) {
    let upper = capability.to_ascii_uppercase();
    let name = upper.strip_prefix("CAP_").unwrap_or(&upper);
    let is_all_of_them = upper == "CAP_ALL";
    if CAPABILITIES.contains(&name) && !is_all_of_them {
        return;
    }
    let diagnostic =
        found.error(UNKNOWN_CAPABILITY, format!("no capability is named `{}`", capability.value));
    diagnostic.label(capability.span, "not known to Linux");
    diagnostic.did_you_mean(capability, suggest::closest(name, CAPABILITIES.iter().copied()), || {
        "`man 7 capabilities` lists them; `CAP_` may be left out".to_owned()
    });
}
