//! In: a plan that is not run. Out: what it would do and why, for people, programs and Graphviz.
//! Must not: show contents of secrets (a plan holds none but in its file contents, which are left out).

mod dot;
mod json;
mod text;

pub use dot::dot;
pub use json::json;
pub use text::text;

use crate::plan::{Action, Guard, Plan, StepId};
use crate::report::wording;

/// What has to be over before a step begins, as far as it is about other objects:
/// `desafio5-db-1 is healthy`.
fn needs(plan: &Plan, step: StepId) -> Vec<String> {
    let own = wording::object(&plan.steps[step].action);
    let others = plan.needs(step).into_iter().map(|needed| &plan.steps[needed].action);
    let others = others.filter(|action| wording::object(action) != own && !is_part_of_a_replacement(action));
    others.map(|action| format!("{} is {}", wording::object(action).name, wording::done(action))).collect()
}

/// The temporary name of a successor says nothing to a person.
fn is_part_of_a_replacement(action: &Action) -> bool {
    matches!(action, Action::RenameContainer { .. })
}

/// The condition of a guarded step, in words.
fn condition(guard: &Guard) -> String {
    match guard {
        Guard::ImageDiffers(images) => {
            let names: Vec<&str> = images.iter().map(|former| former.image.as_str()).collect();
            format!("if {} turns out to be another image", names.join(" or "))
        }
    }
}
