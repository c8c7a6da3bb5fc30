//! Options of the host's security system.

use crate::diagnostic::{Diagnostics, code, suggest};
use crate::lint::services;
use crate::source::Spanned;
use crate::topology::Topology;

/// The options that Docker Compose and the engine know.
const KNOWN: &[&str] = &[
    "apparmor",
    "credentialspec",
    "label",
    "no-new-privileges",
    "seccomp",
    "systempaths",
    "writable-cgroups",
];

/// Finds options that the engine refuses when the container is created.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        service.security_opt.iter().for_each(|option| check_option(option, found));
    }
}

fn check_option(option: &Spanned<String>, found: &mut Diagnostics) {
    let (name, value) = match option.split_once(['=', ':']) {
        Some((name, value)) => (name, Some(value)),
        None => (option.as_str(), None),
    };
    let is_switch = matches!(name, "no-new-privileges" | "writable-cgroups");
    let reason = match value {
        _ if option.contains('$') => return,
        _ if !KNOWN.contains(&name) => "not known to the engine",
        None if name != "no-new-privileges" => "has no value",
        Some(value) if is_switch && !is_boolean(value) => "neither `true` nor `false`",
        _ => return,
    };
    let help = match suggest::closest(name, KNOWN.iter().copied()).filter(|closest| *closest != name) {
        Some(closest) => format!("did you mean `{closest}`?"),
        None if is_switch => format!("write `{name}:true`"),
        None => {
            "write, for example, `no-new-privileges:true`, `apparmor:unconfined` or `seccomp:profile.json`"
                .to_owned()
        }
    };
    found
        .error(code::BAD_VALUE, format!("`{}` is not an option of security", option.value))
        .label(option.span, reason)
        .help(help);
}

/// The words that the engine reads as booleans.
fn is_boolean(value: &str) -> bool {
    ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"].contains(&value)
}
