//! Image references must be valid.

use crate::diagnostic::{Diagnostics, Severity, code};
use crate::lint::rule::{Group, Rule};
use crate::lint::services;
use crate::source::Spanned;
use crate::topology::Topology;
use crate::topology::service::MountKind;
use crate::value::image::ImageReference;

pub(super) const RULE: Rule =
    Rule { codes: &[(code::BAD_IMAGE, Severity::Error)], group: Group::Correctness, since: "0.1.0", check };

/// Reports invalid references.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        let tags = service.build.iter().flat_map(|build| &build.tags);
        let hooks = service.pre_start.iter().filter_map(|hook| hook.image.as_ref());
        let mounts = service.volumes.0.iter().filter(|mount| mount.kind == MountKind::Image);
        let mounted = mounts.filter_map(|mount| mount.image_reference());
        let images = service.image.iter().chain(tags).chain(hooks).cloned().chain(mounted);
        images.for_each(|image| check_reference(&image, found));
    }
}

fn check_reference(image: &Spanned<ImageReference>, found: &mut Diagnostics) {
    // An empty one counts as absent.
    if image.is_empty() {
        return;
    }
    if let Err(mistake) = image.check() {
        let diagnostic = found.error(code::BAD_IMAGE, format!("`{}` is not an image", image.value));
        mistake.explain(&image.to_string(), image.span, diagnostic);
    }
}
