//! Links to other containers, and their volumes.

use std::fmt;

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::lint::rule::{Group, Rule, code};
use crate::lint::services;
use crate::source::Spanned;
use crate::topology::Topology;
use crate::topology::service::{Link, VolumesFrom};

const INVALID_LINK: Code = code!("invalid-link", BAD_VALUE, "A link cannot be read.");
const INVALID_VOLUMES_FROM: Code =
    code!("invalid-volumes-from", BAD_MOUNT, "The access of `volumes_from` is neither `ro` nor `rw`.");

pub(super) const RULE: Rule = Rule {
    codes: &[(INVALID_LINK, Severity::Error), (INVALID_VOLUMES_FROM, Severity::Error)],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports links with more than a name and an alias, as the engine's grammar has no third part, and
/// access modes of volumes that the engine ignores.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        service.volumes_from.iter().for_each(|from| check_access(from, found));
        service.links.iter().for_each(|link| check_link(link, found));
        service.external_links.iter().for_each(|link| check_link(link, found));
    }
}

fn check_link<N: AsRef<str> + fmt::Display + From<String>>(link: &Spanned<Link<N>>, found: &mut Diagnostics) {
    if link.name.as_ref().is_empty() {
        found
            .error(INVALID_LINK, "a link names no container")
            .label(link.span, "nothing is named here")
            .help("write `NAME` or `NAME:ALIAS`, or remove the element");
        return;
    }
    let Some(right) = link.without_rest() else { return };
    found
        .error(INVALID_LINK, format!("a link has a name and an alias, but `{}` has more", link.value))
        .label(link.span, "there is no third part")
        .help(format!("write `{right}`"))
        .perhaps_replace(&link.value.to_string(), right);
}

fn check_access(from: &Spanned<VolumesFrom>, found: &mut Diagnostics) {
    let text = from.value.to_string();
    let Some(access) = from.access.as_deref().filter(|_| !from.is_access_known() && !text.contains('$'))
    else {
        return;
    };
    let owner = &text[..text.len() - access.len()];
    found
        .error(INVALID_VOLUMES_FROM, format!("volumes of another container cannot be mounted as `{access}`"))
        .label(from.span, "`ro` or `rw` is needed after the name")
        .help(format!("write `{owner}ro` or `{owner}rw`"));
}
