//! Plans `rm`: removing stopped containers.

use crate::plan::action::AnonymousVolumes;
use crate::plan::observed::ObservedContainer;
use crate::plan::scope::{self, ByService, First, put_in_order};
use crate::plan::{Action, Because, Needs, Plan, Scope};

/// The caller's options for `rm`.
#[derive(Clone, Copy, Debug)]
pub struct RemoveChoices {
    /// What happens to running containers.
    pub running: RunningChoice,
    /// What happens to anonymous volumes.
    pub anonymous_volumes: AnonymousVolumes,
}

/// What happens to running containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunningChoice {
    /// They are kept.
    Leave,
    /// They are stopped and removed too.
    Stop,
}

/// Plans to remove the stopped containers, or all of them.
pub fn remove(scope: Scope<'_>, choices: &RemoveChoices) -> Plan {
    let mut plan = Plan::amid(scope.project.clone(), scope.observed);
    let mut stops = ByService::new();
    let is_meant = |container: &&ObservedContainer| {
        choices.running == RunningChoice::Stop || !container.state.is_running()
    };
    for container in scope.containers().filter(is_meant) {
        let name = container.name.clone();
        let stop = container
            .state
            .is_running()
            .then(|| scope::add(&mut plan, scope.stop(container, None), Because::Asked, container));
        let action =
            Action::RemoveContainer { container: name, anonymous_volumes: choices.anonymous_volumes };
        let remove = scope::add(&mut plan, action, Because::Asked, container);
        if let Some(stop) = stop {
            plan.steps.order(stop, remove, Needs::Done);
            stops.entry(container.service.clone()).or_default().push(stop);
        }
    }
    put_in_order(&mut plan, &stops, &scope.dependencies(), First::Dependant, Needs::Done);
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::{observed, shop, steps};

    fn plan(running: RunningChoice) -> Vec<String> {
        let (project, observed) =
            (shop(), observed("web: running <- db:service_started:false\ndb: running\njob: done"));
        let scope =
            Scope { project: &project, topology: None, observed: &observed, services: &[], excluded: &[] };
        steps(&remove(scope, &RemoveChoices { running, anonymous_volumes: AnonymousVolumes::Keep }))
    }

    #[test]
    fn running_containers_are_kept_unless_they_are_to_be_stopped() {
        assert_eq!(plan(RunningChoice::Leave), ["remove job"]);
        assert_eq!(
            plan(RunningChoice::Stop),
            [
                "stop web",
                "remove web after stop web",
                "stop db after stop web",
                "remove db after stop db",
                "remove job",
            ]
        );
    }
}
