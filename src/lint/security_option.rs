//! Options of the host's security system.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, suggest};
use crate::lint::rule::{Group, Rule, code};
use crate::lint::{may_run_on_windows, services};
use crate::source::Spanned;
use crate::topology::Topology;
use crate::value::security_option::SYSTEM_PATHS_UNCONFINED;
use crate::value::security_option::SecurityOption;

/// The options that Docker Compose and the engine support on Linux.
const KNOWN: &[&str] =
    &["apparmor", "label", "no-new-privileges", "seccomp", "systempaths", "writable-cgroups"];

/// Options that may have no value.
const ALONE: &[&str] = &["disable", "no-new-privileges", "writable-cgroups"];

const INVALID_SECURITY_OPTION: Code =
    code!("invalid-security-option", BAD_VALUE, "The engine does not know a security option.");
const WINDOWS_CREDENTIAL_SPEC: Code =
    code!("windows-credential-spec", BAD_VALUE, "`credential_spec` is for Windows only.");

pub(super) const RULE: Rule = Rule {
    codes: &[(WINDOWS_CREDENTIAL_SPEC, Severity::Error), (INVALID_SECURITY_OPTION, Severity::Error)],
    group: Group::Security,
    since: "0.1.0",
    check,
};

/// Reports options that the engine refuses when the container is created.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, service) in services(topology) {
        let may_be_windows = may_run_on_windows(topology, service);
        service.security_opt.iter().for_each(|option| check_option(option, may_be_windows, found));
        if service.credential_spec.is_some() && !may_be_windows {
            found
                .error(WINDOWS_CREDENTIAL_SPEC, "managed service accounts exist only on Windows")
                .label(topology.place_of(&["services", name.as_str(), "credential_spec"]), "only for Windows")
                .help("remove it, or write `platform: windows/amd64` beside it");
        }
    }
}

fn check_option(option: &Spanned<SecurityOption>, may_be_windows: bool, found: &mut Diagnostics) {
    let (name, value) = (option.name.as_str(), option.value.value.as_deref());
    let is_switch = matches!(name, "no-new-privileges" | "writable-cgroups");
    let reason = match value {
        _ if option.to_string().contains('$') => return,
        _ if name == "credentialspec" && may_be_windows => return,
        _ if name == "credentialspec" => "only Windows supports it",
        None if ALONE.contains(&name) => return,
        _ if !KNOWN.contains(&name) => "not known to the engine",
        None => "has no value",
        Some(value) if is_switch && !is_boolean(value) => "neither `true` nor `false`",
        Some("") if name == "seccomp" => "a profile is missing",
        // It is applied by the client, not by the engine.
        Some(_) if name == "systempaths" && !option.shows_system_paths() => {
            let help = format!("write `{SYSTEM_PATHS_UNCONFINED}`");
            refuse(option, "only `=unconfined` is supported", &help, found)
                .perhaps_replace(&option.to_string(), SYSTEM_PATHS_UNCONFINED);
            return;
        }
        _ => return,
    };
    let closest = suggest::closest(name, KNOWN.iter().copied()).filter(|closest| *closest != name);
    let help = match closest {
        Some(closest) => format!("did you mean `{closest}`?"),
        None if is_switch => format!("write `{name}:true`"),
        None if name == "credentialspec" => {
            "remove it, or write `platform: windows/amd64` beside it".to_owned()
        }
        None => {
            "write, for example, `no-new-privileges:true`, `apparmor:unconfined` or `seccomp:profile.json`"
                .to_owned()
        }
    };
    let diagnostic = refuse(option, reason, &help, found);
    if let Some(closest) = closest {
        diagnostic.perhaps_replace(name, closest);
    } else if is_switch {
        diagnostic.perhaps_write(&option.to_string(), format!("{name}:true"));
    }
}

fn refuse<'a>(
    option: &Spanned<SecurityOption>,
    reason: &str,
    help: &str,
    found: &'a mut Diagnostics,
) -> &'a mut Diagnostic {
    found
        .error(INVALID_SECURITY_OPTION, format!("`{}` is not a security option", option.value))
        .label(option.span, reason)
        .help(help)
}

/// The words that the engine accepts as booleans.
fn is_boolean(value: &str) -> bool {
    ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"].contains(&value)
}
