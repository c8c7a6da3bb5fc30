//! `topo top`.

use clap::Args;
use futures_util::{StreamExt, stream};

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::engine::connection;
use crate::cli::engine::session;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::list::absence;
use crate::cli::list::table::{Kind, table};
use crate::cli::topology::project::{Project, project};
use crate::engine::EngineError;
use crate::engine::{Observe, Processes, Statistics};
use crate::plan::observed::ObservedContainer;

/// List the processes in the project's containers.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo top web")]
pub(crate) struct TopArgs {
    /// A topology file, and the services whose processes are listed; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    global: Global,
}

/// How many containers are asked at once.
const AT_ONCE: usize = 16;

pub(super) fn run(global: &mut Global, options: TopArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    let output = global.output();
    let targets = options.excluded.take_services(global, &options.arguments)?;
    let project = project(global, &targets, &output)?;
    let targets = options.excluded.services_of(&project, targets, &output)?;
    let Project { query, topology } = project;
    let all = session::block_on(async {
        let engine = connection::connect(&output).await?;
        let observed = engine.observe(&query).await?;
        let is_meant = |container: &ObservedContainer| {
            container.state.is_running() && (targets.is_empty() || targets.contains(&container.service))
        };
        let containers: Vec<ObservedContainer> =
            observed.containers.iter().filter(|container| is_meant(container)).cloned().collect();
        if containers.is_empty() {
            absence::explain(&query.project, topology.as_ref(), &targets, &observed, global, &output);
        }
        let asked = containers.iter().map(|container| engine.processes(container.name.as_str()));
        let answers = stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>().await;
        Ok(containers.into_iter().zip(answers).collect::<Vec<_>>())
    })?;
    let mut failed = Vec::new();
    let mut known = Vec::new();
    for (container, answer) in all {
        match answer {
            Ok(processes) => known.push((container, processes)),
            // It has ended since it was listed: there is nothing to look into.
            Err(EngineError::Refused { status: 404 | 409, .. }) => {}
            Err(error) => {
                let message = format!("cannot list the processes of `{}`: {error}", container.name);
                failed.push(CliError::failed(message));
            }
        }
    }
    output.print(&text(known))?;
    if failed.is_empty() { Ok(Exit::Success) } else { Err(CliError::Several(failed, Exit::Failed)) }
}

/// Every engine's machine has its own columns: they are the first container's.
fn text(mut containers: Vec<(ObservedContainer, Processes)>) -> String {
    containers
        .sort_by_key(|(container, _)| (container.service.clone(), container.is_one_off, container.number));
    let Some((_, first)) = containers.first() else { return String::new() };
    let own = ["SERVICE", "#"].map(|title| (title.to_owned(), Kind::Name));
    let theirs = first.titles.iter().map(|title| (title.clone(), kind(title)));
    let titles = own.into_iter().chain(theirs).collect();
    let lines = containers.iter().flat_map(|(container, processes)| {
        let number = if container.is_one_off { String::new() } else { container.number.to_string() };
        let head = [container.service.to_string(), number];
        processes.processes.iter().map(move |process| head.iter().chain(process).cloned().collect())
    });
    table(titles, lines.collect())
}

/// What becomes of a column of ps(1) where there is no room for all.
fn kind(title: &str) -> Kind {
    match title {
        "C" => Kind::Spare(0),
        "TTY" => Kind::Spare(1),
        "PPID" => Kind::Spare(2),
        "STIME" => Kind::Spare(3),
        "TIME" => Kind::Spare(4),
        "UID" | "USER" => Kind::Minor,
        _ => Kind::Words,
    }
}
