//! Paths that are mounted and do not exist.

use super::demand::SourceDemand;
use super::{Demands, report};
use crate::diagnostic::{Diagnostics, Severity, code};

/// Reports a missing path that the engine may not create.
pub(super) fn check(demand: &SourceDemand, demands: &Demands<'_>, found: &mut Diagnostics) {
    let SourceDemand { path, at } = demand;
    let files = &demands.topology.file_system;
    if files.exists(path) {
        return;
    }
    let message = format!("`{}` does not exist", files.shown(path).display());
    let fact = "the engine may not create it: `create_host_path` is false".to_owned();
    report(found, (Severity::Error, code::MISSING_SOURCE), message, (*at, fact))
        .help("create it, or leave out `create_host_path`");
}
