//! Names of networks and volumes in the engine.

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::lint::rule::{Group, Rule, code};
use crate::source::Spanned;
use crate::topology::Topology;
use crate::value::sharing::Namespace;

/// Networks that every engine has. Engine 28.5 refuses to create one of these names.
const PREDEFINED: [&str; 4] = ["bridge", "host", "none", "default"];

/// The longest name of a volume, in bytes: it is the name of a directory on the engine's machine.
const LONGEST: usize = 255;

const INVALID_NETWORK_NAME: Code =
    code!("invalid-network-name", BAD_NAME, "A network cannot have this name.");
const INVALID_VOLUME_NAME: Code = code!("invalid-volume-name", BAD_NAME, "A volume cannot have this name.");

pub(super) const RULE: Rule = Rule {
    codes: &[(INVALID_NETWORK_NAME, Severity::Error), (INVALID_VOLUME_NAME, Severity::Error)],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports names that the engine refuses. Names of external ones are not checked.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (key, network) in topology.networks.iter().filter(|(_, network)| !network.external.is_external) {
        network.name.iter().for_each(|name| check_network_name(name, found));
        if let Some(name) = network.name.as_ref().filter(|name| PREDEFINED.contains(&name.as_str())) {
            let diagnostic = found.error(
                INVALID_NETWORK_NAME,
                format!("a network of the topology cannot be called `{}`", name.value),
            );
            diagnostic.label(name.span, "the engine has a network of this name");
            diagnostic.help(match name.as_str() {
                "default" => format!("choose another name, or leave `name` out of `{key}`"),
                own => format!("write `network_mode: {own}` in the services that should use it"),
            });
        }
    }
    for volume in topology.volumes.values().filter(|volume| !volume.external.is_external) {
        // Other drivers have their own rules; a name that is derived from the key is checked with
        // the key.
        if volume.driver.as_deref().is_none_or(|driver| driver == "local")
            && let Some(name) = volume.name.as_ref().filter(|name| name.span != volume.key)
        {
            check_volume_name(name, found);
        }
    }
}

/// The engine treats a blank name as absent; others are taken for network modes of a container, or
/// cannot be used in URLs.
fn check_network_name(name: &Spanned<String>, found: &mut Diagnostics) {
    let reason = match name.as_str() {
        "" => return,
        blank if blank.trim().is_empty() => "it has no characters but spaces",
        "container" => "the engine takes it for `network_mode: container:NAME`",
        other if Namespace::from(other.to_owned()).container().is_some() => {
            "the engine takes it for `network_mode: container:NAME`"
        }
        path if path.split('/').any(|part| matches!(part, "" | "." | "..")) => {
            "it is a path, and the engine could not find the network by it"
        }
        _ => return,
    };
    found
        .error(INVALID_NETWORK_NAME, format!("a network cannot be called `{}`", name.value))
        .label(name.span, reason)
        .help("write a name such as `shop-net`");
}

/// The engine's `RestrictedNamePattern`: a letter or digit, then one or more of `[a-zA-Z0-9_.-]`.
fn check_volume_name(name: &Spanned<String>, found: &mut Diagnostics) {
    let is_inside = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    let reason = match name.chars().next() {
        None => return,
        Some(first) if !first.is_ascii_alphanumeric() => {
            format!("it begins with `{first}`, where a letter or a digit is needed")
        }
        Some(_) => match name.chars().find(|letter| !is_inside(*letter)) {
            Some(other) => format!("`{other}` cannot be in a name"),
            None if name.len() < 2 => "a name has at least two characters".to_owned(),
            None if name.len() > LONGEST => {
                format!("a name has at most {LONGEST} characters, this one {}", name.len())
            }
            None => return,
        },
    };
    let replaced: String = name.chars().map(|letter| if is_inside(letter) { letter } else { '-' }).collect();
    let similar = replaced.trim_start_matches(|first: char| !first.is_ascii_alphanumeric());
    let diagnostic = found.error(INVALID_VOLUME_NAME, format!("a volume cannot be called `{}`", name.value));
    diagnostic.label(name.span, reason);
    match similar.len() {
        0 | 1 | 256.. => diagnostic.help("write a name such as `data`"),
        _ => diagnostic.help(format!("write `{similar}`")).perhaps_replace(name, similar),
    };
}
