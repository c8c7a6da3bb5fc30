//! What is built from folders that are not there.

use std::path::Path;

use crate::diagnostic::{Diagnostics, code};
use crate::source::from_here;
use crate::topology::Topology;
use crate::topology::service::build::BuildSection;
use crate::topology::{is_local_context, join_path};

/// Finds build contexts and Dockerfiles of active services that do not exist. A warning: an image
/// that is there already needs no build.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    for service in topology.services.values() {
        if let Some(build) = &service.build {
            check_build(build, found);
        }
    }
}

fn check_build(build: &BuildSection, found: &mut Diagnostics) {
    let Some(context) = build.context.as_ref().filter(|context| is_local_context(context)) else { return };
    let folder = Path::new(&context.value);
    if !folder.exists() {
        found
            .warning(
                code::MISSING_SOURCE,
                format!("the build context `{}` does not exist", from_here(folder).display()),
            )
            .label(context.span, "nothing to build from");
        return;
    }
    let Some(dockerfile) = build.dockerfile.as_ref().filter(|_| build.dockerfile_inline.is_none()) else {
        return;
    };
    let path = join_path(folder, &dockerfile.value);
    // A context may be an archive, whose content is not looked at.
    if folder.is_dir() && !Path::new(&path).exists() {
        found
            .warning(
                code::MISSING_SOURCE,
                format!("the Dockerfile `{}` does not exist", from_here(Path::new(&path)).display()),
            )
            .label(dockerfile.span, "looked for in the build context")
            .help("name the file: `dockerfile: FILE`");
    }
}
