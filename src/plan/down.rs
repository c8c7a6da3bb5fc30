//! What `down` does: everything of the project goes, dependants before what they depend on.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::diagnostic::{Diagnostics, code};
use crate::plan::action::AnonymousVolumes;
use crate::plan::observed::{Observed, ObservedContainer};
use crate::plan::{Action, Because, Needs, Plan, Step, StepId, label, stop};
use crate::topology::Topology;
use crate::topology::name::{ProjectName, ServiceName};

/// What the caller decides about `down`.
#[derive(Clone, Debug, Default)]
pub struct DownChoices {
    /// The services that go; all, with networks, when empty.
    pub services: Vec<ServiceName>,
    /// Whether volumes go too, and what is in them.
    pub volumes: bool,
    /// Whether containers of services that the topology does not have go too.
    pub remove_orphans: bool,
    /// How long containers may take to stop, in place of what each says.
    pub grace: Option<Duration>,
}

/// Plans `down`. It works from what is there: a service of an inactive profile goes too.
pub fn down(
    project: &ProjectName,
    topology: Option<&Topology>,
    observed: &Observed,
    choices: &DownChoices,
    found: &mut Diagnostics,
) -> Plan {
    let mut down = Down { choices, plan: Plan::new(project.clone()) };
    let (going, staying): (Vec<&ObservedContainer>, Vec<&ObservedContainer>) =
        observed.containers.iter().partition(|container| is_going(container, topology, choices));
    let removals = down.containers(&going, topology);
    if !choices.services.is_empty() {
        return down.plan;
    }
    if !staying.is_empty() {
        warn_of_orphans(&staying, found);
    }
    down.networks(project, observed, &staying, &removals);
    if choices.volumes {
        down.volumes(project, observed, &removals);
    }
    down.plan
}

fn is_going(container: &ObservedContainer, topology: Option<&Topology>, choices: &DownChoices) -> bool {
    if !choices.services.is_empty() {
        return choices.services.contains(&container.service);
    }
    let is_known = topology.is_none_or(|topology| topology.service(container.service.as_str()).is_some());
    is_known || container.is_one_off || choices.remove_orphans
}

fn warn_of_orphans(staying: &[&ObservedContainer], found: &mut Diagnostics) {
    let names: BTreeSet<&str> = staying.iter().map(|container| container.name.as_str()).collect();
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    found
        .warning(code::ORPHANS, format!("the topology has no service for {}: it stays", quoted.join(", ")))
        .help("containers of a service that was renamed or removed: `--remove-orphans` removes them");
}

struct Down<'a> {
    choices: &'a DownChoices,
    plan: Plan,
}

impl Down<'_> {
    fn add(&mut self, action: Action, service: Option<&ServiceName>, needs: &[StepId]) -> StepId {
        let step = Step { action, because: Because::Down, service: service.cloned(), only_if: None };
        let step = self.plan.steps.add_node(step);
        for needed in needs {
            self.plan.steps.update_edge(*needed, step, Needs::Done);
        }
        step
    }

    /// Stops and removes containers. Returns the steps that remove them.
    fn containers(&mut self, going: &[&ObservedContainer], topology: Option<&Topology>) -> Vec<StepId> {
        let stops = stop::add(&mut self.plan, going, topology, self.choices.grace);
        let anonymous_volumes =
            if self.choices.volumes { AnonymousVolumes::Remove } else { AnonymousVolumes::Keep };
        let remove = |container: &&ObservedContainer| {
            let action = Action::RemoveContainer { container: container.name.clone(), anonymous_volumes };
            let needs: Vec<StepId> = stops.get(&container.name).copied().into_iter().collect();
            self.add(action, Some(&container.service), &needs)
        };
        going.iter().map(remove).collect()
    }

    fn networks(
        &mut self,
        project: &ProjectName,
        observed: &Observed,
        staying: &[&ObservedContainer],
        needs: &[StepId],
    ) {
        for network in &observed.networks {
            let is_ours = network.labels.get(label::PROJECT).is_some_and(|owner| owner == project.as_str());
            let is_used = staying.iter().any(|container| container.networks.contains(&network.name));
            if is_ours && !is_used {
                self.add(Action::RemoveNetwork { network: network.name.clone() }, None, needs);
            }
        }
    }

    fn volumes(&mut self, project: &ProjectName, observed: &Observed, needs: &[StepId]) {
        for volume in &observed.volumes {
            let is_ours = volume.labels.get(label::PROJECT).is_some_and(|owner| owner == project.as_str());
            if is_ours {
                self.add(Action::RemoveVolume { volume: volume.name.clone() }, None, needs);
            }
        }
    }
}
