//! Paths in a container must be absolute.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::rule::{Group, Rule, code};
use crate::lint::{may_run_on_windows, services};
use crate::source::Span;
use crate::topology::Topology;
use crate::topology::name::ServiceName;
use crate::topology::service::{MountKind, Service};
use crate::value::mount;
use crate::value::path::is_absolute_on_windows;

const RELATIVE_CONTAINER_PATH: Code = code!(
    "relative-container-path",
    BAD_MOUNT,
    "A path in a container is relative, where an absolute one is needed."
);

pub(super) const RULE: Rule = Rule {
    codes: &[(RELATIVE_CONTAINER_PATH, Severity::Error)],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports relative paths where the engine accepts only absolute ones.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, service) in services(topology) {
        let is_absolute =
            if may_run_on_windows(topology, service) { begins_at_root } else { begins_at_linux_root };
        check_targets(service, is_absolute, found);
        if let Some(directory) = service.working_dir.as_ref().filter(|directory| !is_absolute(directory)) {
            let at = topology.place_of(&["services", name.as_str(), "working_dir"]);
            offer_absolute(directory, refuse("working directory", directory, at, found));
        }
        for (directory, at) in directories_of_hooks(topology, name, service) {
            // An empty one means the container's own.
            if !directory.is_empty() && !is_absolute(directory) {
                offer_absolute(directory, refuse("working directory", directory, at, found));
            }
        }
    }
}

/// The working directories of hooks, with their places.
fn directories_of_hooks<'a>(
    topology: &'a Topology,
    name: &'a ServiceName,
    service: &'a Service,
) -> impl Iterator<Item = (&'a str, Span)> {
    let running = [("post_start", &service.post_start), ("pre_stop", &service.pre_stop)];
    let running = running.into_iter().flat_map(|(list, hooks)| {
        hooks.iter().enumerate().map(move |(index, hook)| (list, index, &hook.working_dir, hook.span))
    });
    let before = service.pre_start.iter().enumerate();
    let before = before.map(|(index, hook)| ("pre_start", index, &hook.working_dir, hook.span));
    running.chain(before).filter_map(|(list, index, directory, at)| {
        let items = topology.node_at(&["services", name.as_str(), list]).and_then(|node| node.as_list());
        let written = items.and_then(|items| items.get(index)?.as_map()?.get("working_dir"));
        Some((directory.as_deref()?, written.map_or(at, |node| node.span)))
    })
}

fn check_targets(service: &Service, is_absolute: fn(&str) -> bool, found: &mut Diagnostics) {
    // The path of a named pipe begins with backslashes.
    let mounts = service.volumes.0.iter().filter(|mount| mount.kind != MountKind::Npipe);
    for mount in mounts.filter(|mount| !is_absolute(&mount.target)) {
        let meant = mount::meant(&mount.target).filter(|_| mount.source.is_none());
        refuse_target(&mount.target, meant, mount.target.span, found);
    }
    for tmpfs in &service.tmpfs.0 {
        let path = tmpfs.target.as_str();
        if !is_absolute(path) {
            let meant = mount::target_option(path).map(str::to_owned);
            refuse_target(path, meant, tmpfs.span, found);
        }
    }
}

fn refuse_target(path: &str, meant: Option<String>, at: Span, found: &mut Diagnostics) {
    let diagnostic = refuse("mount's target", path, at, found);
    match meant {
        Some(meant) => {
            diagnostic.help(format!("write `{meant}`"));
            match meant.starts_with('{') {
                true => diagnostic.perhaps_write_value(at, meant),
                false => diagnostic.perhaps_write(path, meant),
            };
        }
        None => offer_absolute(path, diagnostic),
    }
}

/// Whether it is absolute, even for containers with drive letters.
fn begins_at_root(path: &str) -> bool {
    path.starts_with(['/', '\\']) || is_absolute_on_windows(path)
}

fn begins_at_linux_root(path: &str) -> bool {
    path.starts_with('/')
}

fn from_root(path: &str) -> String {
    format!("/{}", path.trim().trim_start_matches("./").trim_start_matches('/'))
}

fn offer_absolute(path: &str, diagnostic: &mut Diagnostic) {
    if !path.starts_with('~') && !path.contains('\\') {
        diagnostic.perhaps_replace(path, from_root(path));
    }
}

fn refuse<'found>(
    what: &str,
    path: &str,
    at: Span,
    found: &'found mut Diagnostics,
) -> &'found mut Diagnostic {
    found
        .error(RELATIVE_CONTAINER_PATH, format!("a {what} cannot be the relative path `{path}`"))
        .label(at, "it has to begin at the container's root")
        .help(match path.starts_with('~') {
            true => "write the whole path, such as `/home/NAME`: `~` is not expanded here".to_owned(),
            false if path.contains('\\') => "write a Linux path, such as `/app`".to_owned(),
            false => format!("write `{}`", from_root(path)),
        })
}
