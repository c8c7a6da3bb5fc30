//! A service as a container of `run` has it.

use std::path::Path;

use crate::cli::error::Problem;
use crate::source::{Span, Spanned, cleaned};
use crate::topology::Service;
use crate::topology::attribute::Named;
use crate::topology::service::{Mount, MountKind, Port};
use crate::topology::value::words;
use crate::value::pair::Pair;

/// What is different from the service.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    /// The command line; the service's own when empty.
    pub(super) command: Vec<String>,
    /// The entry point, as a shell writes it.
    pub(super) entrypoint: Option<String>,
    /// Variables that win over the service's.
    pub(super) environment: Vec<(String, String)>,
    /// Who runs it.
    pub(super) user: Option<String>,
    /// Where it starts.
    pub(super) working_directory: Option<String>,
    /// Further mounts: `SOURCE:TARGET`.
    pub(super) volumes: Vec<String>,
    /// Labels: `NAME=VALUE`.
    pub(super) labels: Vec<String>,
    /// Ports that are published, in place of the service's: `HOST:CONTAINER`.
    pub(super) ports: Vec<String>,
    /// Whether the service's own ports are published.
    pub(super) has_service_ports: bool,
    /// Capabilities that are added.
    pub(super) cap_add: Vec<String>,
    /// Capabilities that are dropped.
    pub(super) cap_drop: Vec<String>,
    /// Whether it has a terminal.
    pub(super) has_terminal: bool,
    /// Whether its input is open.
    pub(super) has_input: bool,
}

/// Applies the changes. Relative paths start at `directory`.
pub(super) fn changed(
    service: &Named<std::sync::Arc<Service>>,
    changes: &Changes,
    folder: &Path,
) -> Result<Service, Problem> {
    let at = service.key;
    let mut service = Service::clone(&service.value);
    service.tty.0 = changes.has_terminal;
    service.stdin_open.0 = changes.has_input;
    // It runs once, whatever the service does.
    service.restart = None;
    if let Some(deploy) = service.deploy.0.as_mut() {
        deploy.restart_policy = None;
    }
    set_command(&mut service, changes)?;
    for (name, value) in &changes.environment {
        service.environment.0.insert(name.clone(), Spanned::new(Some(value.clone()), at));
    }
    service.user = changes.user.clone().or(service.user);
    service.working_dir = changes.working_directory.clone().or(service.working_dir);
    for label in &changes.labels {
        let (name, value) = Pair::both(label).ok_or_else(|| not_a_label(label))?;
        service.labels.0.insert(name.to_owned(), Spanned::new(Some(value.to_owned()), at));
    }
    for volume in &changes.volumes {
        add_mount(&mut service, mount(volume, at, folder)?, at);
    }
    set_ports(&mut service, changes, at)?;
    set_capabilities(&mut service, changes, at);
    Ok(service)
}

/// With another entry point, the service's command means nothing any more.
fn set_command(service: &mut Service, changes: &Changes) -> Result<(), Problem> {
    if let Some(text) = &changes.entrypoint {
        let split = words::split(text).map_err(|reason| {
            Problem::new(format!("`{text}` is not a command line: {reason}"))
                .help("write `--entrypoint \"PROGRAM ARGUMENT\"`, or `--entrypoint \"\"` for none")
        })?;
        service.entrypoint.0 = Some(split.words);
        service.command.0 = Some(Vec::new());
    }
    if !changes.command.is_empty() {
        service.command.0 = Some(changes.command.clone());
    }
    Ok(())
}

fn not_a_label(label: &str) -> Problem {
    Problem::new(format!("`{label}` is not a label")).help("write `--label NAME=VALUE`")
}

fn mount(text: &str, at: Span, folder: &Path) -> Result<Mount, Problem> {
    let mut mount = Mount::from_short(text, at).map_err(|mistake| {
        Problem::new(format!("`{text}` is not a mount: {mistake}"))
            .help("write `--volume SOURCE:TARGET`, such as `./code:/code` or `data:/data:ro`")
    })?;
    if mount.kind == MountKind::Bind
        && let Some(source) = &mut mount.source
    {
        let from_home = source.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let path = match (from_home, std::env::home_dir()) {
            (Some(rest), Some(home)) => home.join(rest.trim_start_matches('/')),
            _ => folder.join(&source.value),
        };
        source.value = cleaned(&path).to_string_lossy().into_owned();
    }
    Ok(mount)
}

/// What the service mounts at the same place gives way.
fn add_mount(service: &mut Service, mount: Mount, at: Span) {
    service.volumes.0.retain(|other| other.target != mount.target);
    service.volumes.0.push(Spanned::new(mount, at));
}

fn set_ports(service: &mut Service, changes: &Changes, at: Span) -> Result<(), Problem> {
    if changes.has_service_ports {
        return Ok(());
    }
    service.ports.0.clear();
    for text in &changes.ports {
        let ports = Port::from_short(text).map_err(|mistake| {
            let problem = Problem::new(format!("`{text}` is not a port mapping: {mistake}"));
            match is_like_a_name(text) {
                true => problem.help(format!(
                    "`-p` publishes a port here, as in `-p 8080:80`; for the name of the project, write \
                     `--project-name {text}`"
                )),
                false => problem
                    .help("write `--publish HOST:CONTAINER`, such as `8080:80` or `127.0.0.1:5432:5432`"),
            }
        })?;
        service.ports.0.extend(ports.into_iter().map(|port| Spanned::new(port, at)));
    }
    Ok(())
}

/// Whether a project may be meant: before the command, `-p` gives its name.
fn is_like_a_name(text: &str) -> bool {
    let is_of_a_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_');
    text.chars().all(is_of_a_name) && text.chars().any(char::is_alphabetic)
}

fn set_capabilities(service: &mut Service, changes: &Changes, at: Span) {
    let Changes { cap_add, cap_drop, .. } = changes;
    service.cap_drop.retain(|capability| !cap_add.contains(&capability.value));
    service.cap_add.retain(|capability| !cap_drop.contains(&capability.value));
    service.cap_add.extend(cap_add.iter().map(|capability| Spanned::new(capability.clone(), at)));
    service.cap_drop.extend(cap_drop.iter().map(|capability| Spanned::new(capability.clone(), at)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_project_is_not_taken_for_a_mistaken_port() {
        let topology = crate::plan::testing::topology("services: { web: { image: x } }");
        let help = |port: &str| {
            let changes = Changes { ports: vec![port.to_owned()], ..Changes::default() };
            let changed = changed(&topology.services["web"], &changes, Path::new("/"));
            changed.map(|_| ()).expect_err("it is not a port").help.unwrap_or_default()
        };
        for name in ["shop", "my-shop_2"] {
            assert!(help(name).ends_with(&format!("`--project-name {name}`")), "{name}: {}", help(name));
        }
        for port in ["80:", "a:b:c:80", "80:x", "99999"] {
            assert!(help(port).starts_with("write `--publish"), "{port}: {}", help(port));
        }
    }
}
