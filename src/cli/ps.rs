//! `topo ps`.

use clap::{Args, ValueEnum};
use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use serde_json::json;

use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::load::{Project, project};
use crate::cli::output::{Output, width};
use crate::cli::session;
use crate::plan::observed::{Health, ObservedContainer, Status};
use crate::topology::name::ServiceName;

/// List the project's containers.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo ps topologies/desafio5.yaml --all")]
pub(super) struct Options {
    /// A topology file, and the services to list; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// Containers that do not run too
    #[arg(short, long)]
    all: bool,
    /// How the list is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Only ids
    #[arg(short, long, conflicts_with = "services")]
    quiet: bool,
    /// Only the names of services
    #[arg(long)]
    services: bool,
    #[command(flatten)]
    global: Global,
}

/// How the list is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Columns
    #[default]
    Table,
    /// One JSON object a line
    Json,
}

pub(super) fn run(global: Global, options: Options) -> Result<Exit, Exit> {
    let mut global = global.merged(options.global.clone());
    let targets: Vec<ServiceName> =
        global.take_files(&options.arguments).into_iter().map(ServiceName::from).collect();
    let output = Output::new(&global);
    let Project { query, .. } = project(&global, &targets, &output)?;
    let observed = session::block_on(async {
        let engine = session::connect(&output).await?;
        session::observe(&engine, &query, &output).await
    })?;
    let is_listed = |container: &&ObservedContainer| {
        let is_meant = targets.is_empty() || targets.contains(&container.service);
        is_meant && !container.is_one_off && (options.all || container.state.is_running())
    };
    let mut containers: Vec<&ObservedContainer> = observed.containers.iter().filter(is_listed).collect();
    containers.sort_by_key(|container| (&container.service, container.number));
    output.print(&text(&containers, &options));
    Ok(Exit::Success)
}

fn text(containers: &[&ObservedContainer], options: &Options) -> String {
    if options.quiet {
        return containers.iter().map(|container| format!("{}\n", container.id)).collect();
    }
    if options.services {
        let mut names: Vec<&str> = containers.iter().map(|container| container.service.as_str()).collect();
        names.dedup();
        return names.iter().map(|name| format!("{name}\n")).collect();
    }
    match options.format {
        Format::Table => table(containers),
        Format::Json => containers.iter().map(|container| format!("{}\n", json_line(container))).collect(),
    }
}

fn table(containers: &[&ObservedContainer]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = width() {
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    }
    table.set_header(["NAME", "SERVICE", "IMAGE", "STATUS", "PORTS"]);
    for container in containers {
        let ObservedContainer { name, service, image_name, status_text, ports, .. } = container;
        table.add_row([name.as_str(), service.as_str(), image_name, status_text, &ports.join(", ")]);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines = table.lines().map(|line| format!("{}\n", line.trim_end()));
    lines.collect()
}

/// One container as JSON: the keys that `docker compose ps --format json` has, where topo knows them.
fn json_line(container: &ObservedContainer) -> serde_json::Value {
    json!({
        "ID": container.id,
        "Name": container.name,
        "Service": container.service,
        "Number": container.number,
        "Image": container.image_name,
        "Command": container.command,
        "CreatedAt": container.created,
        "State": status_word(container.state.status),
        "Health": container.state.health.map(health_word).unwrap_or_default(),
        "ExitCode": container.state.exit_code,
        "Status": container.status_text,
        "Ports": container.ports.join(", "),
        "Networks": container.networks.keys().collect::<Vec<_>>(),
    })
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
