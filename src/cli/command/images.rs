//! `topo images`.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde_json::json;

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::engine::connection;
use crate::cli::engine::session;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::list::absence;
use crate::cli::list::time::age_of;
use crate::cli::list::units::{ago, decimal};
use crate::cli::list::{self, Column, FORMATS, JsonShape, List, ListFormat, Row};
use crate::cli::topology::project::{Project, project};
use crate::engine::{ImageDetails, Inventory, Observe};
use crate::plan::observed::ObservedContainer;
use crate::topology::name::ImageId;
use crate::value::image::ImageReference;

/// List the images of the project's containers.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo images web")]
pub(crate) struct ImagesArgs {
    /// A topology file, and the services whose images are listed; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    #[arg(long, value_name = "table|json|TEMPLATE", default_value = "table", hide_default_value = true, help = FORMATS)]
    format: ListFormat,
    /// Only IDs
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    global: Global,
}

/// `Size` is in bytes for programs.
const COLUMNS: [Column; 7] = [
    Column::name("CONTAINER", "ContainerName"),
    Column::name("REPOSITORY", "Repository"),
    Column::name("TAG", "Tag"),
    Column::spare("PLATFORM", "Platform", 0),
    Column::spare("IMAGE ID", "ShortID", 2),
    Column::minor("SIZE", "HumanSize"),
    Column::spare("CREATED", "CreatedSince", 1),
];

/// Every value that a row has, by its name.
const LIST: List<'static> = List {
    columns: &COLUMNS,
    names: &[
        "ContainerName",
        "CreatedSince",
        "HumanSize",
        "ID",
        "LastTagTime",
        "Platform",
        "Repository",
        "ShortID",
        "Size",
        "Tag",
    ],
    arrays: &[],
    shape: JsonShape::Array,
};

pub(super) fn run(global: &mut Global, options: ImagesArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    let output = global.output();
    let targets = options.excluded.take_services(global, &options.arguments)?;
    let project = project(global, &targets, &output)?;
    let targets = options.excluded.services_of(&project, targets, &output)?;
    let Project { query, topology } = project;
    let (observed, containers, images) = session::block_on(async {
        let engine = connection::connect(&output).await?;
        let observed = engine.observe(&query).await?;
        let is_meant =
            |container: &ObservedContainer| targets.is_empty() || targets.contains(&container.service);
        let containers: Vec<ObservedContainer> =
            observed.containers.iter().filter(|container| is_meant(container)).cloned().collect();
        let ids: BTreeSet<ImageId> = containers.iter().map(|container| container.image.clone()).collect();
        let images = engine.images(&ids).await?;
        Ok((observed, containers, images))
    })?;
    if options.quiet {
        let ids = images.keys().map(|id| format!("{}\n", id.as_str().trim_start_matches("sha256:")));
        output.print(&ids.collect::<String>())?;
        return Ok(Exit::Success);
    }
    let mut rows: Vec<Row> = containers.iter().filter_map(|container| row(container, &images)).collect();
    rows.sort_by_key(|row| row["ContainerName"].as_str().map(str::to_owned));
    list::print(&rows, LIST, &options.format, &output)?;
    if containers.is_empty() {
        absence::explain(&query.project, topology.as_ref(), &targets, &observed, global, &output);
    }
    Ok(Exit::Success)
}

/// Nothing when the image is gone.
fn row(container: &ObservedContainer, images: &BTreeMap<ImageId, ImageDetails>) -> Option<Row> {
    let image = images.get(&container.image)?;
    let id = container.image.as_str();
    let short = id.trim_start_matches("sha256:");
    // Whose name went to another image is listed by its id.
    let is_named = !container.image_name.starts_with("sha256:") && !id.contains(&container.image_name);
    let reference = ImageReference::from(container.image_name.as_str());
    let (repository, tag) =
        if is_named { (reference.name(), reference.version()) } else { ("<none>", "<none>") };
    Some(Row::from_iter([
        ("ContainerName".to_owned(), json!(container.name)),
        ("CreatedSince".to_owned(), json!(age_of(image.tagged()).map(ago).unwrap_or_default())),
        ("HumanSize".to_owned(), json!(decimal(image.size, 3))),
        ("ID".to_owned(), json!(id)),
        ("LastTagTime".to_owned(), json!(image.tagged())),
        ("Platform".to_owned(), json!(image.platform())),
        ("Repository".to_owned(), json!(repository)),
        ("ShortID".to_owned(), json!(short.get(..12).unwrap_or(short))),
        ("Size".to_owned(), json!(image.size)),
        ("Tag".to_owned(), json!(tag)),
    ]))
}
