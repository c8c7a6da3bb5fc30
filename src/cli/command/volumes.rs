//! `topo volumes`.

use clap::Args;
use serde_json::json;

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::engine::connection;
use crate::cli::engine::session;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::list::{self, Column, FORMATS, JsonShape, List, ListFormat, Row};
use crate::cli::topology::project::{Project, project};
use crate::engine::{Inventory, VolumeDetails};
use crate::topology::name::ServiceName;

/// List the project's volumes.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo volumes --format '{{.Name}} is at {{.Mountpoint}}'")]
pub(crate) struct VolumesArgs {
    /// A topology file, and the services whose volumes are listed; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    #[arg(long, value_name = "table|json|TEMPLATE", default_value = "table", hide_default_value = true, help = FORMATS)]
    format: ListFormat,
    /// Only the names
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    global: Global,
}

const COLUMNS: [Column; 2] = [Column::minor("DRIVER", "Driver"), Column::name("VOLUME NAME", "Name")];

/// Every value that a row has, by its name.
const LIST: List<'static> = List {
    columns: &COLUMNS,
    names: &["Driver", "Labels", "Mountpoint", "Name", "Scope", "Services"],
    arrays: &[],
    shape: JsonShape::Lines,
};

pub(super) fn run(global: &mut Global, options: VolumesArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    let output = global.output();
    let targets = options.excluded.take_services(global, &options.arguments)?;
    let project = project(global, &targets, &output)?;
    let targets = options.excluded.services_of(&project, targets, &output)?;
    let Project { query, .. } = project;
    let mut volumes = session::block_on(async {
        let engine = connection::connect(&output).await?;
        Ok(engine.volumes(&query.project).await?)
    })?;
    volumes.retain(|volume| targets.is_empty() || targets.iter().any(|name| volume.used_by.contains(name)));
    if options.quiet {
        output.print(&volumes.iter().map(|volume| format!("{}\n", volume.name)).collect::<String>())?;
        return Ok(Exit::Success);
    }
    let rows: Vec<Row> = volumes.iter().map(row).collect();
    list::print(&rows, LIST, &options.format, &output)?;
    Ok(Exit::Success)
}

fn row(volume: &VolumeDetails) -> Row {
    let VolumeDetails { name, driver, mountpoint, scope, labels, used_by } = volume;
    let services: Vec<&str> = used_by.iter().map(ServiceName::as_str).collect();
    Row::from_iter([
        ("Driver".to_owned(), json!(driver)),
        ("Labels".to_owned(), json!(labels)),
        ("Mountpoint".to_owned(), json!(mountpoint)),
        ("Name".to_owned(), json!(name)),
        ("Scope".to_owned(), json!(scope)),
        ("Services".to_owned(), json!(services.join(","))),
    ])
}
