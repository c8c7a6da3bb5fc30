//! `pre_start` containers, which run to completion before a created container is first started.

use super::Start;
use crate::plan::observed::{ObservedContainer, Status};
use crate::plan::scope;
use crate::plan::{Action, Because, Needs, StepId, spec};
use crate::topology::Topology;
use crate::topology::name::{ContainerName, ServiceName};
use crate::topology::service::hook::PreStartHook;

impl<'a> Start<'a> {
    /// Adds the steps before the first start of a container, and returns the last one. As with
    /// `up`, hooks that are not per replica run once for the service, unless a replica that has run
    /// shows that they did. Compose Specification, "pre_start": hooks that succeeded are not run
    /// again.
    pub(super) fn before_first_start(
        &mut self,
        container: &'a ObservedContainer,
        because: &Because,
    ) -> Option<StepId> {
        let topology = self.scope.topology?;
        let (name, service) = (&container.service, &topology.service(container.service.as_str())?.value);
        if has_run(container) || service.pre_start.is_empty() {
            return None;
        }
        let shared = self.prepared.get(name).copied();
        let is_prepared = shared.is_some() || self.containers.of(name).any(has_run);
        let mut last = shared;
        for (index, hook) in service.pre_start.iter().enumerate() {
            if is_prepared && !hook.per_replica.0 {
                continue;
            }
            let stand_in = |service: &ServiceName| self.stand_in(topology, service);
            let wanted =
                spec::pre_start(topology, (name, service), (index, hook), &container.name, &stand_in);
            let needs: Vec<StepId> = last.into_iter().chain(self.image_of(hook, container)).collect();
            let run = Action::RunToEnd(Box::new(wanted));
            let step = scope::add(&mut self.plan, run, because.clone(), container);
            for needed in needs {
                self.plan.steps.order(needed, step, Needs::Done);
            }
            self.preparations.entry(&container.name).or_insert(step);
            last = Some(step);
        }
        if let (false, Some(last)) = (is_prepared, last) {
            self.prepared.insert(name, last);
        }
        last
    }

    /// The container of a service for others to share something with.
    fn stand_in(&self, topology: &Topology, service: &ServiceName) -> Option<ContainerName> {
        let first = self.containers.of(service).min_by_key(|container| container.number);
        let first = first.map(|container| container.name.clone());
        first.or_else(|| {
            Some(spec::container_name(topology, service, &topology.service(service.as_str())?.value, 1))
        })
    }

    /// The step that pulls the hook's own image, if missing. That of the service exists, as its
    /// container was created from it.
    fn image_of(&mut self, hook: &PreStartHook, container: &ObservedContainer) -> Option<StepId> {
        let image = hook.image.as_ref()?.value.clone();
        if let Some(known) = self.pulls.get(&image) {
            return *known;
        }
        let topology = self.scope.topology?;
        let service = topology.service(container.service.as_str())?;
        if spec::image_name(topology, &container.service, service) == image {
            return None;
        }
        let platform = spec::platform(topology, service);
        let step = (!self.scope.observed.images.contains_key(&image)).then(|| {
            let pull = Action::PullImage { image: image.clone(), platform };
            scope::add(&mut self.plan, pull, Because::Absent, container)
        });
        self.pulls.insert(image, step);
        step
    }
}

fn has_run(container: &ObservedContainer) -> bool {
    container.state.status != Status::Created
}

#[cfg(test)]
mod tests {
    use crate::plan::testing::{numbered, observed, shop, steps, topology};
    use crate::plan::{Scope, WaitChoice, start};

    const TOPOLOGY: &str = "
services:
  web:
    image: busybox
    scale: 2
    depends_on: [db]
    pre_start:
      - { image: tools, command: migrate }
      - { command: warm up, per_replica: true }
  db: { image: busybox }
";

    fn plan(containers: &str) -> Vec<String> {
        let (topology, project, mut observed) = (topology(TOPOLOGY), shop(), observed(containers));
        numbered(&mut observed);
        let scope = Scope {
            project: &project,
            topology: Some(&topology),
            observed: &observed,
            services: &[],
            excluded: &[],
        };
        steps(&start(scope, WaitChoice::Nothing).expect("nothing hinders it"))
    }

    #[test]
    fn pre_start_containers_run_once_and_after_dependencies() {
        assert_eq!(
            plan("db: created\nweb: created\nweb: created"),
            [
                "start db",
                "pull tools",
                "run shop-web-1-pre_start-0 after pull tools, start db",
                "run shop-web-1-pre_start-1 after run shop-web-1-pre_start-0",
                "start web after run shop-web-1-pre_start-1",
                "run shop-web-2-pre_start-1 after run shop-web-1-pre_start-1, start db",
                "start web after run shop-web-2-pre_start-1",
            ]
        );
    }

    #[test]
    fn a_replica_that_has_run_shows_that_pre_start_hooks_did() {
        assert_eq!(
            plan("db: running\nweb: failed\nweb: created"),
            ["start web", "run shop-web-2-pre_start-1", "start web after run shop-web-2-pre_start-1"]
        );
    }
}
