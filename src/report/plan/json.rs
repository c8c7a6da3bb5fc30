//! The plan for programs: one JSON document. Its form is stable; `version` goes up when it changes.
//!
//! ```json
//! {
//!   "version": 1,
//!   "project": "shop",
//!   "changes_nothing": false,
//!   "steps": [
//!     { "id": 0, "action": "create", "kind": "network", "name": "shop_default", "service": null,
//!       "because": { "code": "absent" }, "only_if": null, "needs": [] }
//!   ]
//! }
//! ```
//!
//! `because` of code `changed` holds `changes`, each with `path`, `from` and `to` (but for passwords
//! and the like) and, where the topology
//! says the new value, `file`, `line` and `column`. Ids are unique in one document; `needs` names the
//! steps that must be over first.

use serde_json::{Value as Json, json};

use super::condition;
use crate::plan::{Because, FieldChange, Plan, StepId};
use crate::report::wording;
use crate::source::Sources;

/// What `topo plan --format json` prints.
pub fn json(plan: &Plan, sources: &Sources) -> String {
    let steps: Vec<Json> = plan.in_order().into_iter().map(|step| step_object(plan, step, sources)).collect();
    let document = json!({
        "version": 1,
        "project": plan.project,
        "changes_nothing": plan.changes_nothing(),
        "steps": steps,
    });
    format!("{document:#}\n")
}

fn step_object(plan: &Plan, id: StepId, sources: &Sources) -> Json {
    let step = &plan.steps[id];
    let object = wording::object(&step.action);
    let needs: Vec<usize> = plan.needs(id).into_iter().map(StepId::index).collect();
    json!({
        "id": id.index(),
        "action": wording::code(&step.action),
        "kind": object.kind.word(),
        "name": object.name,
        "service": step.service,
        "because": because(&step.because, sources),
        "only_if": step.only_if.as_ref().map(condition),
        "needs": needs,
    })
}

fn because(because: &Because, sources: &Sources) -> Json {
    let mut object = json!({ "code": wording::because_code(because), "text": wording::because(because) });
    if let Because::Changed(changes) = because {
        object["changes"] = changes.iter().map(|change| change_object(change, sources)).collect();
    }
    object
}

fn change_object(change: &FieldChange, sources: &Sources) -> Json {
    let FieldChange { path, from, to, span } = change;
    let mut object = json!({ "path": path });
    if !wording::is_confidential(path) {
        object["from"] = json!(from);
        object["to"] = json!(to);
    }
    if let Some(span) = span {
        let (line, column) = sources.position(*span);
        object["file"] = json!(sources.get(span.file).path);
        object["line"] = json!(line);
        object["column"] = json!(column);
    }
    object
}
