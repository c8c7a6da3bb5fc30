//! The plan for programs: one JSON document, a view of the form in which a plan is stored ([`crate::plan::stored`])
//! with words for people and the places of what changed, and without what a step creates. It is stable: keys
//! may be added, and `version` goes up when one changes its meaning.
//!
//! ```json
//! {
//!   "version": 1,
//!   "project": "shop",
//!   "changes_nothing": false,
//!   "steps": [
//!     { "id": 0, "action": "create", "kind": "network", "name": "shop_default", "service": null,
//!       "because": { "code": "absent", "text": "it does not exist" },
//!       "only_if": null, "needs": [], "needs_settled": [], "undo": null, "group": null, "may_fail": false }
//!   ]
//! }
//! ```
//!
//! | key of a step | what it is |
//! |---|---|
//! | `id` | its number, unique in the document; `needs` and `needs_settled` name steps by it |
//! | `action` | what is done: the words of the lines of a run, such as `create`, `start`, `wait-healthy` |
//! | `kind`, `name` | what it is done to (`image network volume container`), and its name before the step |
//! | `service` | the service that it is done for, `null` for networks and volumes |
//! | `to` | the new name, of a `rename` only |
//! | `network` | the network, of a `connect` or `disconnect` only |
//! | `because` | why: `code` for programs, `text` for people; for `changed` also `changes`, for others what they are about: `service`, `network`, or `image` |
//! | `only_if` | a condition that is looked at when the step's turn comes, or `null`: `image-differs` with `images`, each a reference `image` and the id `from`: one of them at least names another image by then; `update-refused` with `containers`: the engine refused to update one of them in place; `image-differs-or-update-refused` with both |
//! | `needs` | the steps that must have succeeded before |
//! | `needs_settled` | the steps that must be over before, in whatever way |
//! | `undo` | the step that brings back what this one takes away for a while, or `null`: once this one has begun, that one is done even if the run is cancelled |
//! | `group` | the container whose change the step is a part of, by the name that it keeps: a container and its successor are one; `null` for other objects |
//! | `may_fail` | whether its failure is told and is no failure of the plan |
//!
//! A change has `path`, `from` and `to` (`null` for nothing; `(hidden)` for values that come from variables or
//! look like secrets, and `hidden` says that there are some; `(unknown)` for those that nobody knows any
//! more), and the place of the new value, or of what the old one was below: `file`, `line` and `column`. Steps are listed in an order in
//! which they could be done.

use serde_json::{Value as Json, json};

use crate::plan::{Action, Because, FieldChange, FormerImage, Guard, Needs, Plan, StepId};
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
    let needs = |meant: Needs| {
        let needs = step.needs.iter().filter(|(_, how)| **how == meant);
        needs.map(|(needed, _)| needed.index()).collect::<Vec<usize>>()
    };
    let mut written = json!({
        "id": id.index(),
        "action": wording::code(&step.action),
        "kind": object.kind.word(),
        "name": object.name,
        "service": step.service,
        "because": because(&step.because, sources),
        "only_if": step.only_if.as_ref().map(condition),
        "needs": needs(Needs::Done),
        "needs_settled": needs(Needs::Settled),
        "undo": step.undo.map(StepId::index),
        "group": step.group,
        "may_fail": step.may_fail,
    });
    match &step.action {
        Action::RenameContainer { to, .. } => written["to"] = json!(to),
        Action::ConnectNetwork { attachment, .. } => written["network"] = json!(attachment.network),
        Action::DisconnectNetwork { network, .. } => written["network"] = json!(network),
        _ => {}
    }
    written
}

fn because(because: &Because, sources: &Sources) -> Json {
    let (code, text) = wording::because(because);
    let mut object = json!({ "code": code, "text": text });
    match because {
        Because::Changed(changes) | Because::MadeBy { program: _, changes } => {
            object["changes"] = changes.iter().map(|change| change_object(change, sources)).collect();
        }
        Because::ImageChanged { from } => object["image"] = json!(from),
        Because::MountedImageChanged { image, from } => {
            object["image"] = json!(from);
            object["reference"] = json!(image);
        }
        Because::NetworkLost(network)
        | Because::NetworkExtra(network)
        | Because::NetworkReplaced(network) => object["network"] = json!(network),
        Because::AddressNeeded { address, service } => {
            object["address"] = json!(address);
            object["service"] = json!(service);
        }
        Because::DependencyRecreated(service)
        | Because::LinkRecreated(service)
        | Because::RestartedWith(service)
        | Because::NeededBy(service) => {
            object["service"] = json!(service);
        }
        Because::NamespaceStale { owner, namespace: _ } => object["service"] = json!(owner),
        Because::Absent
        | Because::UpdateRefused
        | Because::VolumesRenewed
        | Because::NotRunning
        | Because::Paused
        | Because::OtherPlatform { .. }
        | Because::OtherConvention(_)
        | Because::Replaced
        | Because::Asked
        | Because::TooMany
        | Because::Orphan
        | Because::Down
        | Because::Misnamed
        | Because::Interrupted => {}
    }
    object
}

fn condition(guard: &Guard) -> Json {
    let Guard { differing_images, refused_updates } = guard;
    let image = |former: &FormerImage| json!({ "image": former.image, "from": former.from });
    let images: Vec<Json> = differing_images.iter().map(image).collect();
    match (images.is_empty(), refused_updates.is_empty()) {
        (_, true) => json!({ "code": "image-differs", "images": images }),
        (true, false) => json!({ "code": "update-refused", "containers": refused_updates }),
        (false, false) => json!({
            "code": "image-differs-or-update-refused",
            "images": images,
            "containers": refused_updates,
        }),
    }
}

fn change_object(change: &FieldChange, sources: &Sources) -> Json {
    let FieldChange { path, from, to, is_hidden, is_revealed: _, span } = change;
    let mut object = json!({ "path": path.to_string(), "from": from, "to": to, "hidden": is_hidden });
    if let Some(span) = span {
        let (line, column) = sources.position(*span);
        object["file"] = json!(sources.get(span.file).path);
        object["line"] = json!(line);
        object["column"] = json!(column);
    }
    object
}
