//! In: a plan that is not run. Out: what it would do and why, for people, programs and Graphviz.
//! Must not: show contents of secrets (a plan contains them only as file contents, which are left
//! out), or values that the plan hides.

mod difference;
mod dot;
mod json;
mod readable;
mod text;

pub use dot::dot;
pub use json::json;
pub use text::text;

use std::collections::HashSet;

use crate::plan::{Action, Guard, Needs, Plan, StepId};
use crate::report::objects::ObjectSteps;
use crate::report::wording::{self, names};

/// The most names in a sentence.
const MOST_NAMES: usize = 8;

/// What an object waits for before it is started or stopped, as far as other objects are concerned:
/// `shop-db-1 and shop-cache-1 are healthy`.
fn waits_for(plan: &Plan, object: &ObjectSteps) -> String {
    let is_awaited = |step: &&StepId| {
        matches!(plan.steps[**step].action, Action::StartContainer { .. } | Action::StopContainer { .. })
    };
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    let mut seen = HashSet::new();
    for step in object.steps.iter().filter(is_awaited) {
        for (&needed, &how) in &plan.steps[*step].needs {
            if object.steps.contains(&needed) {
                continue;
            }
            let Some(state) = state(plan, needed, how) else { continue };
            let name = wording::object(&plan.steps[needed].action).name;
            if !seen.insert((state.clone(), name)) {
                continue;
            }
            match groups.iter_mut().find(|(known, _)| *known == state) {
                Some((_, names)) => names.push(name),
                None => groups.push((state, vec![name])),
            }
        }
    }
    let sentence = |(state, subjects): &(String, Vec<&str>)| match subjects.as_slice() {
        [name] if state == "completed" => format!("{name} has completed"),
        many if state == "completed" => {
            format!("{} have completed", names(many.iter().copied(), MOST_NAMES))
        }
        [name] => format!("{name} is {state}"),
        [one, other] => format!("{one} and {other} are {state}"),
        many => format!("{} are {state}", names(many.iter().copied(), MOST_NAMES)),
    };
    groups.iter().map(sentence).collect::<Vec<_>>().join(", ")
}

/// The state that a needed step leaves its object in; `None` for the parts of a replacement, which
/// mean nothing to users, and for images, which come first anyway.
fn state(plan: &Plan, needed: StepId, how: Needs) -> Option<String> {
    let action = &plan.steps[needed].action;
    let is_silent = matches!(
        action,
        Action::RenameContainer { .. }
            | Action::UpdateContainer { .. }
            | Action::CreateContainer(_)
            | Action::RunToEnd(_)
            | Action::PullImage { .. }
            | Action::BuildImage(_)
            | Action::CreateNetwork(_)
            | Action::CreateVolume(_)
    );
    let failure = if how == Needs::Settled { " or has failed" } else { "" };
    (!is_silent).then(|| format!("{}{failure}", wording::done(action)))
}

/// The condition of a guarded step as text.
fn condition(guard: &Guard) -> String {
    let Guard { differing_images, refused_updates } = guard;
    let mut images: Vec<&str> = differing_images.iter().map(|former| former.image.as_str()).collect();
    images.dedup();
    let containers: Vec<&str> = refused_updates.iter().map(|container| container.as_str()).collect();
    let parts = [
        (!images.is_empty()).then(|| format!("{} turns out to be another image", images.join(" or "))),
        (!containers.is_empty()).then(|| format!("the engine refuses to update {}", containers.join(" or "))),
    ];
    format!("if {}", parts.into_iter().flatten().collect::<Vec<_>>().join(" or "))
}
