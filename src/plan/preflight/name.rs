//! Names that containers of others have.

use super::demand::NameDemand;
use super::{Demands, Surroundings, report};
use crate::diagnostic::{Diagnostics, Severity, code};

/// Reports a name that a container outside the project has. Within it, names are handed over when it is planned.
pub(super) fn check(
    demand: &NameDemand,
    demands: &Demands<'_>,
    surroundings: &Surroundings,
    found: &mut Diagnostics,
) {
    let NameDemand { name, at, is_fixed } = demand;
    let project = &demands.plan.project;
    let mut others =
        surroundings.containers.iter().filter(|container| container.project.as_ref() != Some(project));
    let Some(holder) = others.find(|container| container.name == *name) else { return };
    let owner = match &holder.project {
        Some(project) => format!("a container of project `{project}` has it"),
        None => "a container that belongs to no project has it".to_owned(),
    };
    let otherwise = match (at, is_fixed) {
        (None, _) => "choose another one with `--name`",
        (Some(_), true) => "choose another `container_name`",
        (Some(_), false) => "give this project another name, with `-p NAME`",
    };
    let help = match &holder.project {
        Some(_) => otherwise.to_owned(),
        None => format!("`docker rename {name} {name}-other` frees it; or {otherwise}"),
    };
    let message = format!("the container name `{name}` is taken");
    report(found, (Severity::Error, code::NAME_TAKEN), message, (*at, owner)).help(help);
}
