//! What a person is told where there is nothing to list.

use std::io::IsTerminal;

use crate::cli::global::Global;
use crate::cli::output::Output;
use crate::plan::Observed;
use crate::report::wording::names;
use crate::topology::name::{ProjectName, ServiceName};

/// How many services are listed by name.
const MOST_NAMES: usize = 12;

/// Says at a terminal why nothing is listed of a project, or of the services that were named. Programs get
/// what there is: nothing.
pub(super) fn explain(
    project: &ProjectName,
    targets: &[ServiceName],
    observed: &Observed,
    global: &Global,
    output: &Output,
) {
    let is_person = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
    if is_person && global.is_for_people() {
        let is_meant = |service: &ServiceName| targets.is_empty() || targets.contains(service);
        let there = observed.containers.iter().filter(|container| is_meant(&container.service)).count();
        output.remark(&words(project, targets, there, global));
    }
}

/// `there` is how many containers there are of what is meant.
fn words(project: &ProjectName, targets: &[ServiceName], there: usize, global: &Global) -> String {
    let whom = match targets {
        [] => format!("project {project}"),
        targets => names(targets.iter().map(ServiceName::as_str), MOST_NAMES),
    };
    match there {
        0 => format!("{whom}: no containers yet (`{}` makes them)", global.command("up")),
        _ => format!("{whom}: no container runs (`{}` lists them all)", global.command("ps --all")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_told_from_what_does_not_run() {
        let say = |targets: &[ServiceName], there| {
            words(&ProjectName::from("shop"), targets, there, &Global::default())
        };
        assert_eq!(say(&[], 1), "project shop: no container runs (`topo ps --all` lists them all)");
        assert_eq!(say(&["db".into()], 0), "db: no containers yet (`topo up` makes them)");
    }
}
