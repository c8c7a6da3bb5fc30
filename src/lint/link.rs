//! Links to other containers, and volumes of theirs.

use crate::diagnostic::{Diagnostics, code};
use crate::lint::services;
use crate::source::Spanned;
use crate::topology::Topology;
use crate::topology::service::{Link, VolumesFrom};

/// Finds links that say more than a name and an alias: the engine's grammar for links has no third part. Finds
/// words on access to volumes that the engine does not read.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        service.volumes_from.iter().for_each(|text| check_access(text, found));
        for text in service.links.iter().chain(&service.external_links) {
            let link = Link::parse(text);
            if link.name.is_empty() {
                found
                    .error(code::BAD_VALUE, "a link names no container")
                    .label(text.span, "nothing is named here")
                    .help("write `NAME` or `NAME:ALIAS`, or remove the element");
                continue;
            }
            let Some(right) = link.without_rest() else { continue };
            found
                .error(
                    code::BAD_VALUE,
                    format!("a link has a name and an alias, and `{}` has more", text.value),
                )
                .label(text.span, "the engine knows no third part")
                .help(format!("write `{right}`"));
        }
    }
}

fn check_access(text: &Spanned<String>, found: &mut Diagnostics) {
    let volumes = VolumesFrom::parse(text);
    let Some(access) = volumes.access.filter(|_| !volumes.is_access_known() && !text.contains('$')) else {
        return;
    };
    let owner = &text.value[..text.len() - access.len()];
    found
        .error(code::BAD_MOUNT, format!("volumes of another container cannot be mounted as `{access}`"))
        .label(text.span, "`ro` or `rw` is needed after the name")
        .help(format!("write `{owner}ro` or `{owner}rw`"));
}
