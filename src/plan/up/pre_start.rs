//! `pre_start` containers, which run to completion before a service's own are first started.

use super::container::Placing;
use super::decision::{Decision, Replica};
use super::{Gate, Up};
use crate::plan::observed::Status;
use crate::plan::{Action, Needs, spec};
use crate::topology::name::ContainerName;
use crate::topology::service::hook::PreStartHook;

impl Replica<'_> {
    /// Whether it was started before, and is kept.
    pub(super) fn has_run_before(&self) -> bool {
        let has_run = |status| status != Status::Created;
        self.replaced.is_none() && self.current.is_some_and(|current| has_run(current.state.status))
    }
}

impl Up<'_> {
    /// What a container's first start waits for: everything that any start waits for, and the
    /// `pre_start` containers. Hooks that are not per replica run once for the service, unless a
    /// remaining replica shows that they did.
    pub(super) fn before_first_start(
        &mut self,
        placing: &Placing<'_>,
        owner: &ContainerName,
        decision: &Decision,
        needs: &[Gate],
    ) -> Vec<Gate> {
        let mut needs = needs.to_vec();
        let shared = self.prepared.get(placing.name).cloned();
        let is_prepared = placing.is_prepared || shared.is_some();
        needs.extend(shared.iter().flatten().copied());
        for (index, hook) in placing.service.pre_start.iter().enumerate() {
            if is_prepared && !hook.per_replica.0 {
                continue;
            }
            let wanted = spec::pre_start(
                self.context.topology,
                (placing.name, placing.service),
                (index, hook),
                owner,
                &|service| self.container_of(service),
            );
            needs.extend(self.hook_image(placing, hook));
            let run = Action::RunToEnd(Box::new(wanted));
            let step = self.add_deed(run, decision.clone(), Some(placing.name), &needs);
            needs = vec![(step, Needs::Done)];
        }
        if !is_prepared && !placing.service.pre_start.is_empty() {
            self.prepared.insert(placing.name.clone(), needs.clone());
        }
        needs
    }

    fn hook_image(&mut self, placing: &Placing<'_>, hook: &PreStartHook) -> Option<Gate> {
        let Some(image) = &hook.image else {
            return self.image(placing.name, placing.service).map(|step| (step, Needs::Done));
        };
        self.further_image(placing.name, placing.service, image.value.clone())
    }
}
