//! `topo ps`.

use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::engine::connection;
use crate::cli::engine::redaction::redacted;
use crate::cli::engine::session;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::output::Output;
use crate::cli::list::absence;
use crate::cli::list::time::{in_seconds, now_in_seconds};
use crate::cli::list::units::ago;
use crate::cli::list::{self, Column, FORMATS, JsonShape, List, ListFormat, Row};
use crate::cli::topology::project::{Project, project};
use crate::engine::Identity;
use crate::engine::Observe;
use crate::plan::observed::{Health, ObservedContainer, PublishedPort, Status};
use crate::plan::{Observed, label};
use crate::report::sanitize;
use crate::topology::name::ServiceName;

/// List the project's containers.
///
/// Those that Docker Compose created are listed too. In a terminal that is too narrow for all columns, IMAGE,
/// COMMAND and CREATED may be left out: `topo ps | cat` and `--format json` show them.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  topo ps --all\n  \
                        topo ps --format '{{.Service}} {{.State}}'")]
pub(crate) struct PsArgs {
    /// A topology file, and the services to list; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// Include stopped containers, and those of `run`
    #[arg(short, long)]
    all: bool,
    #[arg(long, value_name = "table|json|TEMPLATE", help = FORMATS)]
    format: Option<ListFormat>,
    /// Only containers in this state; may be repeated
    #[arg(long, value_name = "STATUS")]
    status: Vec<StatusChoice>,
    /// Only containers in this state: `status=running`
    #[arg(long, value_name = "status=STATUS", value_parser = status_filter)]
    filter: Vec<StatusChoice>,
    /// Whether to list containers of services that the topology does not have
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_value_t = true,
          default_missing_value = "true", hide_default_value = true, hide_possible_values = true, action = clap::ArgAction::Set)]
    orphans: bool,
    /// Do not shorten commands and IDs
    #[arg(long)]
    no_trunc: bool,
    /// Only IDs
    #[arg(short, long, conflicts_with = "services")]
    quiet: bool,
    /// Only the names of services
    #[arg(long)]
    services: bool,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    global: Global,
}

/// Where in its life a container is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum StatusChoice {
    /// Never started
    Created,
    /// Running
    Running,
    /// Paused
    Paused,
    /// Between two runs
    Restarting,
    /// Being removed
    Removing,
    /// Exited
    Exited,
    /// Only partly removed
    Dead,
}

fn status_filter(text: &str) -> Result<StatusChoice, String> {
    let word = text.strip_prefix("status=").ok_or("only `status=STATUS` is supported")?;
    let statuses = StatusChoice::value_variants().iter().filter_map(StatusChoice::to_possible_value);
    let words: Vec<String> = statuses.map(|status| status.get_name().to_owned()).collect();
    StatusChoice::from_str(word, false).map_err(|_| format!("statuses are {}", words.join(", ")))
}

const COLUMNS: [Column; 7] = [
    Column::name("NAME", "Name"),
    Column::spare("IMAGE", "Image", 2),
    Column::spare("COMMAND", "Command", 1),
    Column::minor("SERVICE", "Service"),
    Column::spare("CREATED", "RunningFor", 0),
    Column::words("STATUS", "Status"),
    Column::words("PORTS", "Ports"),
];

/// Every value that a row has, by its name.
const LIST: List<'static> = List {
    columns: &COLUMNS,
    names: &[
        "Command",
        "CreatedAt",
        "ExitCode",
        "Health",
        "ID",
        "Image",
        "Labels",
        "LocalVolumes",
        "Mounts",
        "Name",
        "Names",
        "Networks",
        "Number",
        "Ports",
        "Project",
        "Publishers",
        "RunningFor",
        "Service",
        "Size",
        "State",
        "Status",
    ],
    arrays: &["Publishers"],
    shape: JsonShape::Lines,
};

pub(super) fn run(global: &mut Global, options: PsArgs) -> Result<Exit, CliError> {
    global.merge(options.global.clone());
    let output = global.output();
    let targets = options.excluded.take_services(global, &options.arguments)?;
    let project = project(global, &targets, &output)?;
    let targets = options.excluded.services_of(&project, targets, &output)?;
    let (observed, configured) = session::block_on(async {
        let engine = connection::connect(&output).await?;
        let observed = engine.observe(&project.query).await?;
        Ok((observed, engine.ps_format().map(str::to_owned)))
    })?;
    let containers = listed(&observed, &project, &targets, &options);
    if options.quiet {
        let ids = containers.iter().map(|container| format!("{}\n", container.id));
        output.print(&ids.collect::<String>())?;
        return Ok(Exit::Success);
    }
    if options.services {
        let mut names: Vec<&str> = containers.iter().map(|container| container.service.as_str()).collect();
        names.dedup();
        output.print(&names.iter().map(|name| format!("{}\n", sanitize(name))).collect::<String>())?;
        return Ok(Exit::Success);
    }
    let rows: Vec<Row> =
        containers.iter().map(|container| row(container, &project, options.no_trunc)).collect();
    let format = options.format.unwrap_or_else(|| format_of_config(configured.as_deref(), &output));
    list::print(&rows, LIST, &format, &output)?;
    let has_filter = !options.status.is_empty() || !options.filter.is_empty() || !options.orphans;
    if rows.is_empty() && !has_filter {
        absence::explain(
            &project.query.project,
            project.topology.as_ref(),
            &targets,
            &observed,
            global,
            &output,
        );
    }
    Ok(Exit::Success)
}

/// `psFormat` of the Docker CLI's `config.json`, as Docker Compose takes it since version 5; the usual table
/// without.
fn format_of_config(configured: Option<&str>, output: &Output) -> ListFormat {
    let Some(text) = configured.filter(|text| !text.is_empty()) else { return ListFormat::Table };
    text.parse().unwrap_or_else(|why| {
        output.warning(&format!("`psFormat` of `config.json` is ignored: {why}"));
        ListFormat::Table
    })
}

fn listed<'a>(
    observed: &'a Observed,
    project: &Project,
    targets: &[ServiceName],
    options: &PsArgs,
) -> Vec<&'a ObservedContainer> {
    let statuses: Vec<Status> =
        options.status.iter().chain(&options.filter).map(|choice| choice.status()).collect();
    let is_listed = |container: &&ObservedContainer| {
        let is_meant = targets.is_empty() || targets.contains(&container.service);
        let is_known = project
            .topology
            .as_ref()
            .is_none_or(|topology| topology.service(container.service.as_str()).is_some());
        let is_in_state = match statuses.is_empty() {
            true => options.all || container.state.is_running(),
            false => statuses.contains(&container.state.status),
        };
        is_meant && is_in_state && (options.orphans || is_known) && (options.all || !container.is_one_off)
    };
    let mut containers: Vec<&ObservedContainer> = observed.containers.iter().filter(is_listed).collect();
    containers.sort_by_key(|container| (&container.service, container.is_one_off, container.number));
    containers
}

/// A container with the values that `docker compose ps --format json` has, and its number.
fn row(container: &ObservedContainer, project: &Project, no_trunc: bool) -> Row {
    let id = if no_trunc { container.id.as_str() } else { container.id.get(..12).unwrap_or(&container.id) };
    let age = now_in_seconds().saturating_sub(container.created);
    let networks: Vec<&str> = container.networks.keys().map(|network| network.as_str()).collect();
    let local_volumes = container.mounts.iter().filter(|mount| mount.is_local_volume).count();
    let mounts: Vec<String> =
        container.mounts.iter().map(|mount| mount_name(&mount.name, no_trunc)).collect();
    let mut labels = label::without_values(&container.labels);
    let others = labels.iter_mut().filter(|(name, _)| !label::is_own(name));
    others.for_each(|(_, value)| *value = redacted(value));
    let row = json!({
        "Command": quoted(&redacted(&container.command), no_trunc),
        "CreatedAt": in_seconds(container.created),
        "ExitCode": container.state.exit_code,
        "Health": container.state.health.map(health_word).unwrap_or_default(),
        "ID": id,
        "Image": container.image_name,
        "Labels": labels,
        "LocalVolumes": local_volumes.to_string(),
        "Mounts": redacted(&mounts.join(",")),
        "Name": container.name,
        "Names": container.name,
        "Networks": networks.join(","),
        "Number": container.number,
        "Ports": container.ports.iter().map(PublishedPort::to_string).collect::<Vec<_>>().join(", "),
        "Project": project.query.project,
        "Publishers": container.ports.iter().map(publisher).collect::<Vec<_>>(),
        "RunningFor": ago(Duration::from_secs(age.try_into().unwrap_or_default())),
        "Service": container.service,
        // Docker Compose never asks the engine for it either.
        "Size": "0B",
        "State": status_word(container.state.status),
        "Status": container.status_text,
    });
    match row {
        Json::Object(row) => row,
        _ => Row::new(),
    }
}

/// `"sh -c 'while true; …"`, as Docker shows commands.
fn quoted(command: &str, no_trunc: bool) -> String {
    const LONGEST: usize = 20;
    if no_trunc || command.chars().count() <= LONGEST {
        return format!("\"{command}\"");
    }
    format!("\"{}…\"", command.chars().take(LONGEST - 1).collect::<String>())
}

/// A volume's name or a path, cut as Docker cuts it.
fn mount_name(name: &str, no_trunc: bool) -> String {
    const LONGEST: usize = 15;
    if no_trunc || name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    format!("{}…", name.chars().take(LONGEST - 1).collect::<String>())
}

/// A port as Docker Compose describes it to programs.
fn publisher(port: &PublishedPort) -> Json {
    json!({
        "URL": port.host.map(|host| host.ip().to_string()).unwrap_or_default(),
        "TargetPort": port.target,
        "PublishedPort": port.host.map_or(0, |host| host.port()),
        "Protocol": port.protocol.word(),
    })
}

impl StatusChoice {
    fn status(self) -> Status {
        match self {
            Self::Created => Status::Created,
            Self::Running => Status::Running,
            Self::Paused => Status::Paused,
            Self::Restarting => Status::Restarting,
            Self::Removing => Status::Removing,
            Self::Exited => Status::Exited,
            Self::Dead => Status::Dead,
        }
    }
}

fn status_word(status: Status) -> &'static str {
    match status {
        Status::Created => "created",
        Status::Running => "running",
        Status::Paused => "paused",
        Status::Restarting => "restarting",
        Status::Removing => "removing",
        Status::Exited => "exited",
        Status::Dead => "dead",
    }
}

fn health_word(health: Health) -> &'static str {
    match health {
        Health::Starting => "starting",
        Health::Healthy => "healthy",
        Health::Unhealthy => "unhealthy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_not_published_has_no_address() {
        let port = |host: Option<&str>| PublishedPort {
            host: host.map(|host| host.parse().unwrap()),
            target: 80,
            protocol: crate::value::port::Protocol::Tcp,
        };
        assert_eq!(
            publisher(&port(Some("[::1]:8080"))),
            json!({ "URL": "::1", "TargetPort": 80, "PublishedPort": 8080, "Protocol": "tcp" })
        );
        assert_eq!(
            publisher(&port(None)),
            json!({ "URL": "", "TargetPort": 80, "PublishedPort": 0, "Protocol": "tcp" })
        );
    }

    #[test]
    fn a_long_command_is_cut() {
        assert_eq!(quoted("sleep 1000", false), "\"sleep 1000\"");
        assert_eq!(quoted("sh -c 'while true; do sleep 1'", false), "\"sh -c 'while true; …\"");
        assert_eq!(quoted("sh -c 'while true; do sleep 1'", true), "\"sh -c 'while true; do sleep 1'\"");
    }

    #[test]
    fn a_filter_is_about_the_status() {
        assert_eq!(status_filter("status=exited"), Ok(StatusChoice::Exited));
        assert!(status_filter("status=gone").is_err() && status_filter("name=web").is_err());
    }
}
