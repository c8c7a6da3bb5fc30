//! Container names that move from one container to another, which must not happen before the first
//! one releases it.

use std::collections::BTreeMap;

use super::Up;
use crate::diagnostic::code;
use crate::plan::observed::ObservedContainer;
use crate::plan::{Action, Needs, Plan, StepId};
use crate::topology::name::ContainerName;

impl Up<'_> {
    /// Orders the plan's steps by names; a name that is not released is an error.
    pub(super) fn hand_names_over(&mut self) {
        let given_up = given_up(&self.plan);
        let holders = self.context.observed.containers.iter().map(|holder| (&holder.name, holder));
        let holders: BTreeMap<&ContainerName, &ObservedContainer> = holders.collect();
        for (step, name) in taken(&self.plan) {
            let Some(holder) = holders.get(&name) else { continue };
            let Some(free) = given_up.get(&name) else {
                self.name_is_taken(step, &name, holder.service.as_str());
                continue;
            };
            for free in free.iter().filter(|free| **free != step) {
                let is_after = self.plan.steps[step].needs.contains_key(free);
                if !is_after && !self.plan.steps.waits_for(*free, step) {
                    self.plan.steps.order(*free, step, Needs::Done);
                }
            }
        }
    }

    fn name_is_taken(&mut self, step: StepId, name: &ContainerName, holder: &str) {
        if let Action::CreateContainer(spec) = &self.plan.steps[step].action
            && spec.one_off.is_some()
        {
            // Only explicit names can be taken: others are generated.
            self.found
                .error(code::NAME_TAKEN, format!("`--name`: a container `{name}` already exists"))
                .help(format!("remove it, `docker rm -f {name}`, or use another name"));
            return;
        }
        let service = self.plan.steps[step].service.clone();
        let path: Vec<&str> =
            service.iter().flat_map(|service| ["services", service.as_str(), "container_name"]).collect();
        let at = self.context.topology.place_of(&path);
        let is_orphan = self.context.topology.service(holder).is_none();
        self.found
            .error(code::NAME_TAKEN, format!("a container of `{holder}` already has the name `{name}`"))
            .label(at, "a container of this service needs it")
            .help(match is_orphan {
                true => "`--remove-orphans` removes it".to_owned(),
                false => format!("bring `{holder}` up too, or use another name"),
            });
    }
}

/// The steps after which a name is free.
fn given_up(plan: &Plan) -> BTreeMap<ContainerName, Vec<StepId>> {
    let mut steps: BTreeMap<ContainerName, Vec<StepId>> = BTreeMap::new();
    for step in plan.steps.ids() {
        if let Action::RemoveContainer { container, .. } | Action::RenameContainer { from: container, .. } =
            &plan.steps[step].action
        {
            steps.entry(container.clone()).or_default().push(step);
        }
    }
    steps
}

/// The steps that give a container a name.
fn taken(plan: &Plan) -> Vec<(StepId, ContainerName)> {
    let name = |step: StepId| match &plan.steps[step].action {
        Action::CreateContainer(spec) => Some((step, spec.name.clone())),
        Action::RenameContainer { to, .. } => Some((step, to.clone())),
        _ => None,
    };
    plan.steps.ids().filter_map(name).collect()
}
