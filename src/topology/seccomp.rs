//! Profiles of seccomp: files of this machine, of which the engine gets the text.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;

use crate::diagnostic::{Diagnostics, code};
use crate::source::{Sources, Spanned, from_here};
use crate::topology::attribute::Named;
use crate::topology::join_path;
use crate::topology::service::Service;
use crate::value::security_option::SecurityOption;

/// Finds profiles of active services that cannot be read, or are none. As in Docker Compose, their paths begin
/// at the project's folder.
pub(super) fn check(
    services: &BTreeMap<String, Named<Box<Service>>>,
    folder: &Path,
    found: &mut Diagnostics,
) {
    for option in services.values().flat_map(|service| &service.security_opt) {
        let path = SecurityOption::of(option).seccomp_profile();
        // An empty path is refused as an option.
        if let Some(path) = path.filter(|path| !path.is_empty() && !path.contains('$')) {
            check_profile(option, &join_path(folder, path), found);
        }
    }
}

fn check_profile(option: &Spanned<String>, path: &str, found: &mut Diagnostics) {
    let bytes = match Sources::bytes(Path::new(path)) {
        Ok(bytes) => bytes,
        Err(error) => {
            found
                .error(code::MISSING_FILE, error.to_string())
                .label(option.span, "the seccomp profile")
                .help("create it, or write `seccomp=unconfined` to have none");
            return;
        }
    };
    let mistake = match serde_json::from_slice(&bytes) {
        Ok(Json::Object(_)) => return,
        Ok(_) => "it is not a JSON object".to_owned(),
        Err(error) => error.to_string(),
    };
    found
        .error(
            code::BAD_VALUE,
            format!("`{}` is not a seccomp profile", from_here(Path::new(path)).display()),
        )
        .label(option.span, mistake)
        .help("write a JSON object into it, such as `{\"defaultAction\": \"SCMP_ACT_ALLOW\"}`");
}
