//! In: containers that do not belong to this topology, or not to its files. Out: messages about
//! them. Must not: decide what happens to them.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostics, code};
use crate::plan::label;
use crate::plan::observed::ObservedContainer;
use crate::topology::Topology;

/// Warns about containers of services that the topology does not have. `stay` ends the sentence.
pub(super) fn warn(
    topology: Option<&Topology>,
    orphans: &[&ObservedContainer],
    stay: &str,
    found: &mut Diagnostics,
) {
    if orphans.is_empty() {
        return;
    }
    let is_elsewhere = orphans.iter().any(|container| elsewhere(topology, container).is_some());
    let mut names: Vec<String> = orphans.iter().map(|container| described(topology, container)).collect();
    names.sort();
    let message = format!("the topology has no service for {}{stay}", names.join(", "));
    found.warning(code::ORPHANS, message).help(match is_elsewhere {
        true => {
            "another topology may have the same project name: `-p NAME` or `name:` keeps the two apart; \
             `--remove-orphans` removes the containers"
        }
        false => "containers of a service that was renamed or removed: `--remove-orphans` removes them",
    });
}

/// Warns about containers of `run` that `down` keeps; `command` removes them.
pub(super) fn warn_of_one_offs(one_offs: &[&ObservedContainer], command: &str, found: &mut Diagnostics) {
    if one_offs.is_empty() {
        return;
    }
    let name = |container: &&ObservedContainer| match container.state.is_running() {
        true => format!("`{}` (still running)", container.name),
        false => format!("`{}`", container.name),
    };
    let mut names: Vec<String> = one_offs.iter().map(name).collect();
    names.sort();
    let (of_run, stay, them) = match one_offs.len() {
        1 => ("a container", "stays", "it"),
        _ => ("containers", "stay", "them"),
    };
    let is_running = one_offs.iter().any(|container| container.state.is_running());
    let removes = if is_running { "stops and removes" } else { "removes" };
    found
        .warning(code::ORPHANS, format!("{of_run} of `topo run` {stay}: {}", names.join(", ")))
        .help(format!("`{command}` {removes} {them} too"));
}

/// Warns about containers of other files that are replaced by those of this topology.
pub(super) fn warn_of_replaced(
    topology: &Topology,
    replaced: &[&ObservedContainer],
    found: &mut Diagnostics,
) {
    let names = described_together(topology, replaced);
    if !names.is_empty() {
        found
            .warning(
                code::OTHER_SOURCE,
                format!("containers that were created from other files are recreated: {}", names.join(", ")),
            )
            .help("if that is a separate project: `-p NAME` or `name:` keeps the two apart");
    }
}

/// `` `shop-api-1`, `shop-web-1` (of /other/compose.yaml) `` for each set of other files.
fn described_together(topology: &Topology, containers: &[&ObservedContainer]) -> Vec<String> {
    let mut made: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for container in containers {
        if let Some(files) = elsewhere(Some(topology), container) {
            made.entry(files).or_default().push(format!("`{}`", container.name));
        }
    }
    let together = |(files, mut names): (&str, Vec<String>)| {
        names.sort();
        format!("{} (from {files})", names.join(", "))
    };
    made.into_iter().map(together).collect()
}

/// `` `shop-web-1` ``, with the files that created it if they are not this topology's.
fn described(topology: Option<&Topology>, container: &ObservedContainer) -> String {
    match elsewhere(topology, container) {
        Some(files) => format!("`{}` (from {files})", container.name),
        None => format!("`{}`", container.name),
    }
}

/// The files that created a container, if the topology has none of them.
fn elsewhere<'a>(topology: Option<&Topology>, container: &'a ObservedContainer) -> Option<&'a str> {
    let files = container.labels.get(label::FILES).filter(|files| !files.is_empty())?;
    let own = |file: &str| topology?.files.iter().find(|own| own.as_os_str() == file);
    let has_own = topology.is_none() || files.split(',').any(|file| own(file).is_some());
    (!has_own).then_some(files.as_str())
}
