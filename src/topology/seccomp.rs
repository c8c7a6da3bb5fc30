//! seccomp profiles: files on this machine whose text is sent to the engine.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;

use crate::diagnostic::{Diagnostics, code, suggest};
use crate::source::{FileSystem, Spanned};
use crate::topology::attribute::Named;
use crate::topology::join_path;
use crate::topology::name::ServiceName;
use crate::topology::service::Service;
use crate::value::security_option::SecurityOption;

/// Reports profiles of active services that cannot be read or are invalid. As in Docker Compose,
/// their paths are relative to the project directory.
pub(super) fn check(
    services: &BTreeMap<ServiceName, Named<Box<Service>>>,
    directory: &Path,
    file_system: &FileSystem,
    found: &mut Diagnostics,
) {
    for option in services.values().flat_map(|service| &service.security_opt) {
        let path = option.seccomp_profile();
        // The option is refused for its empty path.
        if let Some(path) = path.filter(|path| !path.is_empty() && !path.contains('$')) {
            check_profile(option, &join_path(directory, path), file_system, found);
        }
    }
}

fn check_profile(
    option: &Spanned<SecurityOption>,
    path: &str,
    file_system: &FileSystem,
    found: &mut Diagnostics,
) {
    let bytes = match file_system.bytes(Path::new(path)) {
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
        Ok(profile @ Json::Object(_)) => match mistake_in(&profile) {
            None => return,
            Some(mistake) => mistake,
        },
        Ok(_) => "it is not a JSON object".to_owned(),
        Err(error) => error.to_string(),
    };
    found
        .error(
            code::BAD_VALUE,
            format!("`{}` is not a seccomp profile", file_system.shown(Path::new(path)).display()),
        )
        .label(option.span, mistake)
        .help(match file_system.is_file(Path::new(path)) {
            true => "write a JSON object into it, such as `{\"defaultAction\": \"SCMP_ACT_ALLOW\"}`",
            false => "write `seccomp=unconfined` to have none, or name a file that holds a JSON object",
        });
}

/// The actions of runc 1.3.
const ACTIONS: &[&str] = &[
    "SCMP_ACT_ALLOW",
    "SCMP_ACT_ERRNO",
    "SCMP_ACT_KILL",
    "SCMP_ACT_KILL_PROCESS",
    "SCMP_ACT_KILL_THREAD",
    "SCMP_ACT_LOG",
    "SCMP_ACT_NOTIFY",
    "SCMP_ACT_TRACE",
    "SCMP_ACT_TRAP",
];

/// Its operators for comparing arguments.
const OPERATORS: &[&str] = &[
    "SCMP_CMP_EQ",
    "SCMP_CMP_GE",
    "SCMP_CMP_GT",
    "SCMP_CMP_LE",
    "SCMP_CMP_LT",
    "SCMP_CMP_MASKED_EQ",
    "SCMP_CMP_NE",
];

/// The first word of a profile that runc does not know.
fn mistake_in(profile: &Json) -> Option<String> {
    let list = |value: &Json, key: &str| value.get(key).and_then(Json::as_array).cloned().unwrap_or_default();
    let default = unknown(profile, "defaultAction", ACTIONS);
    default.or_else(|| {
        list(profile, "syscalls").iter().find_map(|call| {
            let arguments =
                || list(call, "args").iter().find_map(|argument| unknown(argument, "op", OPERATORS));
            unknown(call, "action", ACTIONS).or_else(arguments)
        })
    })
}

/// Describes the word at a key if it is none of these; a missing one is left to the engine.
fn unknown(value: &Json, key: &str, words: &[&'static str]) -> Option<String> {
    let word = value.get(key)?.as_str().filter(|word| !word.is_empty() && !words.contains(word))?;
    Some(match suggest::closest(word, words.iter().copied()) {
        Some(closest) => format!("its `{key}` cannot be `{word}`: did you mean `{closest}`?"),
        None => format!("its `{key}` cannot be `{word}`"),
    })
}
