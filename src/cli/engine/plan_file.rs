//! In: a plan, or the file that one was written to. Out: the file, or the plan, which still fits the engine.
//! Must not: plan anew.

use std::path::Path;

use crate::cli::arguments::global::Global;
use crate::cli::engine::creation::require_contexts;
use crate::cli::engine::preflight::PreflightOptions;
use crate::cli::engine::session;
use crate::cli::engine::turn::Turn;
use crate::cli::error::CliError;
use crate::cli::io::output::Output;
use crate::diagnostic::Diagnostics;
use crate::engine::{Target, local_file};
use crate::plan::{Basis, Plan, PlanFile, StoredPlan};
use crate::source::{Sources, read_bytes};
use crate::topology::Topology;
use crate::topology::name::ServiceName;

/// How many changes of the engine are listed.
const MOST_CHANGES: usize = 20;

/// Writes a plan to a file, without secrets.
pub(crate) fn write(path: &Path, file: &PlanFile<&Plan>, global: &Global) -> Result<(), CliError> {
    let failed = |error: &dyn std::fmt::Display| {
        CliError::usage(format!("cannot write `{}`: {error}", path.display()))
    };
    let text = serde_json::to_string_pretty(file).map_err(|error| failed(&error))?;
    local_file::write(path, &(text + "\n")).map_err(|error| failed(&error))?;
    let path = path.to_string_lossy();
    let quoted = shlex::try_quote(&path).unwrap_or((&*path).into());
    global.output().remark(&format!(
        "the plan was written to `{path}`: `{} --plan {quoted}` applies it",
        global.command("up")
    ));
    Ok(())
}

/// Reads a plan from a file.
pub(crate) fn read(path: &Path) -> Result<PlanFile<StoredPlan>, CliError> {
    let bytes = read_bytes(path).map_err(|error| {
        CliError::usage(error.to_string()).help("`topo plan -o FILE` writes a plan to a file")
    })?;
    serde_json::from_slice(&bytes).map_err(|error| {
        CliError::usage(format!("`{}` does not hold a plan: {error}", path.display()))
            .help("`topo plan -o FILE` writes one; `plan --format json` is for other programs")
    })
}

/// Services are chosen when a plan is made.
pub(crate) fn require_no_services(services: &[ServiceName]) -> Result<(), CliError> {
    let Some(name) = services.first() else { return Ok(()) };
    Err(CliError::usage(format!("a plan is applied as a whole, and `{name}` is not a topology file"))
        .help(format!("leave it out, or plan for it alone: `topo plan -o FILE {name}`")))
}

/// The plan of a file with the secrets of its topology. The engine must have what it was made from.
pub(crate) async fn plan(
    (engine, turn): (&impl Target, &Turn),
    plan: StoredPlan,
    topology: &Topology,
    sources: &Sources,
    preflight: PreflightOptions,
    global: &Global,
) -> Result<Plan, CliError> {
    let output = &global.output();
    if *plan.project() != topology.name {
        let message =
            format!("the plan is for the project `{}`, not for `{}`", plan.project(), topology.name);
        return Err(CliError::usage(message).help("name the topology that it was made from"));
    }
    let (query, before) = (plan.query(), plan.observed().clone());
    let plan = open(plan, topology, global)?;
    let mut found = Diagnostics::default();
    require_contexts(&plan, &topology.file_system, &mut found);
    output.checked(sources, &found)?;
    let observed = session::observe_settled(engine, turn, &query, output).await?;
    require_same(&before, &Basis::of(&observed), global)?;
    let found = Diagnostics::default();
    preflight.look(engine, &plan, (topology, &observed), found).await.checked(sources, global)?;
    Ok(plan)
}

/// Says what was edited since a plan was made, which it does not hold.
pub(crate) fn warn_of_edits(file: &PlanFile<StoredPlan>, topology: &Topology, output: &Output) {
    let edited = file.edited(topology);
    if !edited.is_empty() {
        let places: Vec<String> = edited.iter().map(|place| format!("`{place}`")).collect();
        output.warning(&format!(
            "the topology was edited since the plan was made ({}): the plan is applied as it was made",
            places.join(", ")
        ));
    }
}

fn open(plan: StoredPlan, topology: &Topology, global: &Global) -> Result<Plan, CliError> {
    plan.open(Some(topology)).map_err(|error| outdated(format!("the topology has {error}"), global))
}

/// What no longer fits is planned again.
fn outdated(message: String, global: &Global) -> CliError {
    CliError::usage(message).help(format!("plan again: `{} -o FILE`", global.command("plan")))
}

fn require_same(before: &Basis, now: &Basis, global: &Global) -> Result<(), CliError> {
    let changes = before.changes(now);
    if changes.is_empty() {
        return Ok(());
    }
    let mut lines: Vec<String> =
        changes.iter().take(MOST_CHANGES).map(|change| format!("\n  {change}")).collect();
    if changes.len() > MOST_CHANGES {
        lines.push(format!("\n  and {} more", changes.len() - MOST_CHANGES));
    }
    let message =
        format!("the engine has changed since the plan was made; nothing was touched{}", lines.concat());
    Err(outdated(message, global))
}
