//! Links to other containers.

use crate::diagnostic::{Diagnostics, code};
use crate::lint::services;
use crate::topology::Topology;
use crate::topology::service::Link;

/// Finds links that say more than a name and an alias: the engine's grammar for links has no third part.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
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
