//! Bind mounts whose source does not exist.

use std::path::Path;

use crate::diagnostic::{Code, Diagnostics, Severity, code};
use crate::lint::rule::{Group, Rule, code as code_of_rule};
use crate::topology::Topology;
use crate::topology::service::{Mount, MountKind};
use crate::value::path::drive;

const WINDOWS_PATH: Code =
    code_of_rule!("windows-path", MISSING_SOURCE, "The source of a bind mount is a Windows path.");

pub(super) const RULE: Rule = Rule {
    codes: &[(WINDOWS_PATH, Severity::Warning), (code::MISSING_SOURCE, Severity::Warning)],
    group: Group::Portability,
    since: "0.1.0",
    check,
};

/// Reports sources in Windows notation, which Compose passes on everywhere, and missing sources in
/// the project directory. Elsewhere they may exist on the engine's machine.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    let mounts = topology.services.values().flat_map(|service| &service.volumes.0);
    for mount in mounts.filter(|mount| mount.kind == MountKind::Bind) {
        let Some(source) = &mount.source else { continue };
        if let Some(help) = of_windows(source).filter(|_| !cfg!(windows)) {
            let name = shown(source);
            let diagnostic = found.warning(WINDOWS_PATH, format!("`{name}` is a Windows path"));
            diagnostic.label(source.span, "this system has no such path").help(help);
            if is_relative(name) {
                diagnostic.perhaps_replace(name, name.replace('\\', "/"));
            }
            continue;
        }
        let path = Path::new(&source.value);
        if path.starts_with(&topology.directory) && !topology.file_system.exists(path) {
            report(topology, mount, found);
        }
    }
}

/// What to write instead of a Windows path: one with a drive or a server, or a relative one with
/// backslashes.
fn of_windows(source: &str) -> Option<String> {
    let name = shown(source);
    if let Some((drive, rest)) = drive(name) {
        let rest = rest.replace('\\', "/");
        return Some(format!(
            "write the path that the directory has on Linux, `/mnt/{}{rest}` in WSL, or a path relative to \
             the topology file, such as `./data`",
            drive.to_ascii_lowercase()
        ));
    }
    match name.starts_with("\\\\") {
        true => Some("mount the share on this machine, and write the path that it has there".to_owned()),
        false => is_relative(name).then(|| format!("write `{}`", name.replace('\\', "/"))),
    }
}

/// A source as written, as far as it is known: relative to the directory for a relative one.
fn shown(source: &str) -> &str {
    let name = source.rsplit_once('/').map_or(source, |(_, name)| name);
    if is_relative(name) { name } else { source }
}

/// Whether a Windows path begins at the file that names it.
fn is_relative(name: &str) -> bool {
    name.starts_with(".\\") || name.starts_with("..\\")
}

fn report(topology: &Topology, mount: &Mount, found: &mut Diagnostics) {
    let Some(source) = &mount.source else { return };
    let path = topology.file_system.shown(Path::new(&source.value));
    let message = format!("`{}` does not exist", path.display());
    let is_made = mount.bind.as_ref().and_then(|bind| bind.create_host_path) != Some(false);
    if !is_made {
        found
            .warning(code::MISSING_SOURCE, message)
            .label(source.span, "the engine refuses to mount it: `create_host_path` is false");
    } else if Path::new(&source.value).extension().is_some() && !source.ends_with('/') {
        found
            .warning(code::MISSING_SOURCE, message)
            .label(source.span, "looks like a file; the engine makes an empty directory of that name")
            .help("create the file, or correct the path");
    } else {
        found.note(code::MISSING_SOURCE, message).label(source.span, "the engine makes an empty directory");
    }
}
