//! In: a plan, or the file that one was written to. Out: the file, or the plan, which still fits the engine.
//! Must not: plan anew.

use std::path::Path;

use crate::cli::arguments::global::Global;
use crate::cli::engine::creation::require_contexts;
use crate::cli::engine::session;
use crate::cli::engine::turn::Turn;
use crate::cli::exit::Exit;
use crate::cli::io::output::Output;
use crate::diagnostic::Diagnostics;
use crate::engine::{Engine, local_file};
use crate::plan::{Basis, Plan, PlanFile, StoredPlan};
use crate::source::{Sources, read_bytes};
use crate::topology::Topology;
use crate::topology::name::ServiceName;

/// How many changes of the engine are listed.
const MOST_CHANGES: usize = 20;

/// Writes a plan to a file, without secrets.
pub(crate) fn write(path: &Path, file: &PlanFile<&Plan>, global: &Global) -> Result<(), Exit> {
    let output = global.output();
    let failed = |error: &dyn std::fmt::Display| {
        output.error(&format!("cannot write `{}`: {error}", path.display()), None);
        Exit::Usage
    };
    let text = serde_json::to_string_pretty(file).map_err(|error| failed(&error))?;
    local_file::write(path, &(text + "\n")).map_err(|error| failed(&error))?;
    let path = path.to_string_lossy();
    let quoted = shlex::try_quote(&path).unwrap_or((&*path).into());
    output.remark(&format!(
        "the plan was written to `{path}`: `{} --plan {quoted}` applies it",
        global.command("up")
    ));
    Ok(())
}

/// Reads a plan from a file.
pub(crate) fn read(path: &Path, output: &Output) -> Result<PlanFile<StoredPlan>, Exit> {
    let bytes = read_bytes(path).map_err(|error| {
        output.error(&error.to_string(), Some("`topo plan -o FILE` writes a plan to a file"));
        Exit::Usage
    })?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let message = format!("`{}` does not hold a plan: {error}", path.display());
        output.error(
            &message,
            Some("`topo plan -o FILE` writes one; `plan --format json` is for other programs"),
        );
        Exit::Usage
    })
}

/// Services are chosen when a plan is made.
pub(crate) fn require_no_services(services: &[ServiceName], output: &Output) -> Result<(), Exit> {
    let Some(name) = services.first() else { return Ok(()) };
    let message = format!("a plan is carried out whole, and `{name}` is not a topology file");
    output.error(&message, Some(&format!("leave it out, or plan for it alone: `topo plan -o FILE {name}`")));
    Err(Exit::Usage)
}

/// The plan of a file with the secrets of its topology. The engine must have what it was made from.
pub(crate) async fn plan(
    (engine, turn): (&impl Engine, &Turn),
    plan: StoredPlan,
    topology: &Topology,
    sources: &Sources,
    global: &Global,
) -> Result<Plan, Exit> {
    let output = &global.output();
    if *plan.project() != topology.name {
        let message =
            format!("the plan is for the project `{}`, not for `{}`", plan.project(), topology.name);
        output.error(&message, Some("name the topology that it was made from"));
        return Err(Exit::Usage);
    }
    let (query, before) = (plan.query(), plan.observed().clone());
    let plan = open(plan, topology, global)?;
    let mut found = Diagnostics::default();
    require_contexts(&plan, &topology.file_system, &mut found);
    output.diagnostics(sources, &found);
    if found.has_errors() {
        return Err(Exit::Findings);
    }
    let now = Basis::of(&session::observe_settled(engine, turn, &query, output).await?);
    require_same(&before, &now, global)?;
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

fn open(plan: StoredPlan, topology: &Topology, global: &Global) -> Result<Plan, Exit> {
    plan.open(Some(topology)).map_err(|error| {
        let message = format!("the topology has {error}");
        global.output().error(&message, Some(&format!("plan again: `{} -o FILE`", global.command("plan"))));
        Exit::Usage
    })
}

fn require_same(before: &Basis, now: &Basis, global: &Global) -> Result<(), Exit> {
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
    global.output().error(&message, Some(&format!("plan again: `{} -o FILE`", global.command("plan"))));
    Err(Exit::Usage)
}
