//! Host names must be valid for other programs.

use crate::diagnostic::{Code, Diagnostics, Severity, suggest};
use crate::lint::rule::{Group, Rule, code};
use crate::lint::services;
use crate::source::Span;
use crate::topology::Topology;

/// The longest host name of Linux, in bytes.
const LIMIT: usize = 64;

const INVALID_HOSTNAME: Code =
    code!("invalid-hostname", BAD_NAME, "Linux or other programs do not accept a host or domain name.");

pub(super) const RULE: Rule =
    Rule { codes: &[(INVALID_HOSTNAME, Severity::Error)], group: Group::Portability, since: "0.1.0", check };

/// Reports names that Linux refuses, and those that violate RFC 1123: the engine accepts them, but
/// many programs do not.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, service) in services(topology) {
        if let Some(host) = service.hostname.as_ref().filter(|host| !host.is_empty()) {
            check_name("host", host, host.span, found);
        }
        if let Some(domain) = service.domainname.as_ref().filter(|domain| !domain.is_empty()) {
            let at = topology.place_of(&["services", name.as_str(), "domainname"]);
            check_name("domain", domain, at, found);
        }
    }
}

fn check_name(kind: &str, name: &str, at: Span, found: &mut Diagnostics) {
    // A variable that could not be filled in was reported.
    if name.contains('$') {
        return;
    }
    // Nothing that the engine passes a domain name to would refuse it.
    if name.len() > LIMIT && kind == "host" {
        found
            .error(INVALID_HOSTNAME, format!("a {kind} name has at most {LIMIT} characters"))
            .label(at, format!("has {}", name.len()))
            .help("shorten it");
    } else if !name.split('.').all(is_label) {
        let diagnostic = found
            .warning(INVALID_HOSTNAME, format!("not every program accepts `{name}` as a {kind} name"))
            .label(at, "a name consists of letters, digits and `-`, in parts separated by `.`")
            .help(match similar(name) {
                Some(similar) => format!("write `{similar}`"),
                None => "write a name such as `web`".to_owned(),
            });
        if let Some(similar) = similar(name) {
            diagnostic.perhaps_replace(name, similar);
        }
    }
}

/// A label of a name. RFC 1123, section 2.1.
fn is_label(label: &str) -> bool {
    let is_inside = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    (1..=63).contains(&label.len())
        && label.chars().all(is_inside)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// A valid name as close to this one as possible.
fn similar(name: &str) -> Option<String> {
    let replace = |letter: char| if letter.is_ascii_alphanumeric() || letter == '.' { letter } else { '-' };
    let similar: String = suggest::in_ascii(name).chars().map(replace).collect();
    let labels: Vec<&str> = similar
        .split('.')
        .map(|label| label.trim_matches('-'))
        .map(shortened)
        .filter(|label| !label.is_empty())
        .collect();
    (!labels.is_empty()).then(|| labels.join("."))
}

/// The longest valid prefix.
fn shortened(label: &str) -> &str {
    label.get(..63).map_or(label, |begin| begin.trim_end_matches('-'))
}
