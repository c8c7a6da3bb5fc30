//! What is built from folders that are not there.

use std::path::Path;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity, code};
use crate::source::from_here;
use crate::topology::Topology;
use crate::topology::service::build::BuildSection;
use crate::topology::{is_local_context, join_path};

/// Finds build contexts and Dockerfiles of active services that do not exist. A warning: an image
/// that is there already needs no build, and what it is built from may be made later.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    topology.keep_certain(found, |found| {
        for build in topology.services.values().filter_map(|service| service.build.as_ref()) {
            check_build(build, Severity::Warning, found);
        }
    });
}

/// Finds what is not there of what is built now.
pub fn require(build: &BuildSection, found: &mut Diagnostics) {
    check_build(build, Severity::Error, found);
}

fn check_build(build: &BuildSection, severity: Severity, found: &mut Diagnostics) {
    let Some(context) = build.context.as_ref().filter(|context| is_local_context(context)) else { return };
    let folder = Path::new(&context.value);
    if !folder.exists() {
        let message = format!("the build context `{}` does not exist", from_here(folder).display());
        tell(message, severity, found).label(context.span, "nothing to build from");
        return;
    }
    let Some(dockerfile) = build.dockerfile.as_ref().filter(|_| build.dockerfile_inline.is_none()) else {
        return;
    };
    // A context may be an archive, whose content is not looked at.
    if folder.is_dir() && !build.dockerfile_in(folder).exists() {
        let path = join_path(folder, &dockerfile.value);
        let message = format!("the Dockerfile `{}` does not exist", from_here(Path::new(&path)).display());
        tell(message, severity, found)
            .label(dockerfile.span, "looked for in the build context")
            .help("name the file: `dockerfile: FILE`");
    }
}

fn tell(message: String, severity: Severity, found: &mut Diagnostics) -> &mut Diagnostic {
    match severity {
        Severity::Error => found.error(code::MISSING_SOURCE, message),
        Severity::Warning | Severity::Note => found.warning(code::MISSING_SOURCE, message),
    }
}
