//! Options of tmpfs mounts.

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::lint::rule::{Group, Rule, code};
use crate::lint::services;
use crate::source::Spanned;
use crate::topology::Topology;
use crate::value::pair::Pair;
use crate::value::tmpfs::{SETTINGS, Tmpfs, ValueError, closest_option};

const INVALID_TMPFS_OPTION: Code =
    code!("invalid-tmpfs-option", BAD_MOUNT, "An option of a `tmpfs` directory cannot be read.");

pub(super) const RULE: Rule = Rule {
    codes: &[(INVALID_TMPFS_OPTION, Severity::Error)],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports unknown options, and values that the kernel does not accept.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        for directory in service.tmpfs.0.iter().filter(|directory| !directory.to_string().contains('$')) {
            if let Some(mistake) = directory.mistake() {
                report(directory, &mistake, found);
            }
        }
    }
}

fn report(directory: &Spanned<Tmpfs>, mistake: &ValueError, found: &mut Diagnostics) {
    let write = |name: &str| format!("write, for example, `{}:{name}={}`", directory.target, example(name));
    let (reason, help) = match mistake {
        ValueError::Unknown(option) => unknown(option, directory),
        ValueError::WithoutValue(name) => (format!("`{name}` has no value"), write(name)),
        ValueError::WithValue(name) => (format!("`{name}` takes no value"), format!("write `{name}` alone")),
        ValueError::BadValue(name, value) => (format!("`{name}` cannot be `{value}`"), write(name)),
    };
    let diagnostic = found
        .error(INVALID_TMPFS_OPTION, format!("`{}` is not a tmpfs mount", directory.value))
        .label(directory.span, reason)
        .help(help);
    match mistake {
        ValueError::Unknown("") => {
            diagnostic.perhaps_replace(&directory.to_string(), directory.without_empty_options().to_string());
        }
        ValueError::Unknown(option) => {
            let name = Pair::split(option).name.trim();
            if let Some(closest) = closest_option(option).filter(|closest| *closest != name) {
                diagnostic.perhaps_replace(name, closest);
            }
        }
        ValueError::WithoutValue(_) | ValueError::WithValue(_) | ValueError::BadValue(..) => {}
    }
}

fn unknown(option: &str, directory: &Tmpfs) -> (String, String) {
    if option.is_empty() {
        let written = directory.without_empty_options();
        return ("there is nothing before or after a comma".to_owned(), format!("write `{written}`"));
    }
    let help = match closest_option(option) {
        Some(closest) => format!("did you mean `{closest}`?"),
        None => "known here: `size=64m`, `mode=1777`, `uid=`, `gid=`, `nr_inodes=`, `noexec`, `nosuid`, `nodev`, `ro`"
            .to_owned(),
    };
    (format!("the engine has no option `{option}`"), help)
}

fn example(name: &str) -> &'static str {
    SETTINGS.iter().find(|(known, _)| *known == name).map_or("", |(_, example)| *example)
}
