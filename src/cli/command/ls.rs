//! `topo ls`.

use clap::Args;
use serde_json::json;

use crate::cli::arguments::global::Global;
use crate::cli::engine::connection;
use crate::cli::engine::session;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::list::{self, Column, FORMATS, JsonShape, List, ListFormat, Row};
use crate::engine::{Containers, Inventory, ListedProject};

/// List the projects of the engine.
///
/// Those that Docker Compose created are listed too.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo ls --all --filter name=shop")]
pub(crate) struct LsArgs {
    /// Include stopped projects
    #[arg(short, long)]
    all: bool,
    /// Only projects whose name contains this text; repeated, any of them
    #[arg(long, value_name = "name=TEXT", value_parser = name_filter)]
    filter: Vec<String>,
    #[arg(long, value_name = "table|json|TEMPLATE", default_value = "table", hide_default_value = true, help = FORMATS)]
    format: ListFormat,
    /// Only the names
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    global: Global,
}

fn name_filter(text: &str) -> Result<String, String> {
    text.strip_prefix("name=").map(str::to_owned).ok_or("only `name=TEXT` is supported".to_owned())
}

const COLUMNS: [Column; 3] = [
    Column::name("NAME", "Name"),
    Column::words("STATUS", "Status"),
    Column::words("CONFIG FILES", "ConfigFiles"),
];

/// Every value that a row has, by its name.
const LIST: List<'static> = List {
    columns: &COLUMNS,
    names: &["Name", "Status", "ConfigFiles"],
    arrays: &[],
    shape: JsonShape::Array,
};

pub(super) fn run(global: &mut Global, options: LsArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    let output = global.output();
    let containers = if options.all { Containers::All } else { Containers::Running };
    let mut projects = session::block_on(async {
        let engine = connection::connect(&output).await?;
        Ok(engine.projects(containers).await?)
    })?;
    projects.retain(|project| {
        options.filter.is_empty() || options.filter.iter().any(|text| project.name.contains(text.as_str()))
    });
    if options.quiet {
        output.print(&projects.iter().map(|project| format!("{}\n", project.name)).collect::<String>())?;
        return Ok(Exit::Success);
    }
    let rows: Vec<Row> = projects.iter().map(row).collect();
    list::print(&rows, LIST, &options.format, &output)?;
    Ok(Exit::Success)
}

fn row(project: &ListedProject) -> Row {
    let ListedProject { name, states, files } = project;
    let states: Vec<String> = states.iter().map(|(state, count)| format!("{state}({count})")).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    Row::from_iter([
        ("Name".to_owned(), json!(name)),
        ("Status".to_owned(), json!(states.join(", "))),
        ("ConfigFiles".to_owned(), json!(files.join(","))),
    ])
}
