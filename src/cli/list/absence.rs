//! What a person is told where there is nothing to list.

use std::io::IsTerminal;

use crate::cli::arguments::global::Global;
use crate::cli::error::Problem;
use crate::cli::io::output::Output;
use crate::plan::Observed;
use crate::report::wording::names;
use crate::topology::Topology;
use crate::topology::name::{ProjectName, ServiceName};

/// How many services are listed by name.
const MOST_NAMES: usize = 12;

/// Why the topology gives a service no container, and what to do about it; nothing where it has some.
pub(crate) fn of_service(topology: &Topology, service: &ServiceName, global: &Global) -> Option<Problem> {
    let known = topology.service(service.as_str())?;
    if let Some(kind) = known.provider.as_ref().and_then(|provider| provider.kind.as_ref()) {
        let message = format!("`{service}` is run by the provider `{}`, and has no container", kind.value);
        return Some(Problem::new(message).help("name a service that has an image"));
    }
    (known.replicas() == 0).then(|| {
        let help = format!("`{} {service}=1` creates one", global.command("scale"));
        Problem::new(format!("service `{service}` has no containers: `scale: 0`")).help(help)
    })
}

/// Says at a terminal why nothing is listed of a project, or of the services that were named. Programs get
/// what there is: nothing.
pub(crate) fn explain(
    project: &ProjectName,
    topology: Option<&Topology>,
    targets: &[ServiceName],
    observed: &Observed,
    global: &Global,
    output: &Output,
) {
    let is_person = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
    if is_person && global.is_shown() {
        let is_meant = |service: &ServiceName| targets.is_empty() || targets.contains(service);
        let there = observed.containers.iter().filter(|container| is_meant(&container.service)).count();
        let reasons = targets.iter().filter_map(|target| of_service(topology?, target, global));
        let reasons: Vec<String> = reasons
            .map(|Problem { message, help }| format!("{message} ({})", help.unwrap_or_default()))
            .collect();
        match there == 0 && !targets.is_empty() && reasons.len() == targets.len() {
            true => reasons.iter().for_each(|reason| output.remark(reason)),
            false => output.remark(&words(project, targets, there, global)),
        }
    }
}

/// `there` is how many containers there are of what is meant.
fn words(project: &ProjectName, targets: &[ServiceName], there: usize, global: &Global) -> String {
    let whom = match targets {
        [] => format!("project {project}"),
        targets => names(targets.iter().map(ServiceName::as_str), MOST_NAMES),
    };
    match there {
        0 => format!("{whom}: no containers yet (`{}` creates them)", global.command("up")),
        _ => format!("{whom}: no running containers (`{}` lists all)", global.command("ps --all")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_without_containers_says_why() {
        let text = "services: { none: { image: x, scale: 0 }, also: { image: x, deploy: { replicas: 0 } }, \
                    one: { image: x }, run: { provider: { type: cloud } } }";
        let topology = crate::plan::testing::topology(text);
        let say = |name: &str| of_service(&topology, &name.into(), &Global::default());
        for name in ["none", "also"] {
            let Problem { message, help } = say(name).expect("it has none");
            assert_eq!(message, format!("service `{name}` has no containers: `scale: 0`"));
            assert_eq!(help, Some(format!("`topo scale {name}=1` creates one")));
        }
        let Problem { message, .. } = say("run").expect("it has none");
        assert_eq!(message, "`run` is run by the provider `cloud`, and has no container");
        assert_eq!((say("one"), say("unknown")), (None, None));
    }

    #[test]
    fn what_is_not_there_is_told_from_what_does_not_run() {
        let say = |targets: &[ServiceName], there| {
            words(&ProjectName::from("shop"), targets, there, &Global::default())
        };
        assert_eq!(say(&[], 1), "project shop: no running containers (`topo ps --all` lists all)");
        assert_eq!(say(&["db".into()], 0), "db: no containers yet (`topo up` creates them)");
    }
}
