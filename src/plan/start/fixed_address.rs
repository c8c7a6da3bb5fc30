//! Containers with fixed addresses are started before those that get any address that is free: it might be theirs.

use std::net::IpAddr;

use super::Start;
use crate::plan::observed::ObservedContainer;
use crate::plan::{Action, Needs, StepId};
use crate::topology::name::{ContainerName, NetworkName};

impl Start<'_> {
    /// Orders the starts, as far as nothing else orders them the other way round.
    pub(in crate::plan) fn give_fixed_addresses_first(&mut self) {
        let containers = &self.scope.observed.containers;
        let started: Vec<(&ObservedContainer, StepId)> = containers
            .iter()
            .filter_map(|container| Some((container, *self.starts.get(&container.name)?)))
            .collect();
        for (fixed, first) in &started {
            for (network, address) in fixed_addresses(fixed) {
                let others = started.iter().filter(|(other, _)| may_take(other, network, address));
                for (other, then) in others {
                    self.put_behind((fixed, *first), (other, *then));
                }
            }
        }
    }

    fn put_behind(
        &mut self,
        (fixed, first): (&ObservedContainer, StepId),
        (other, then): (&ObservedContainer, StepId),
    ) {
        let steps = &mut self.plan.steps;
        if steps.waits_for(then, first) {
            return;
        }
        if !steps.waits_for(first, then) {
            return steps.order(first, then, Needs::Settled);
        }
        // It keeps its address until the other one has got one again.
        let [own_stop, others_stop] = [&fixed.name, &other.name].map(|name| self.stop_of(name));
        let (Some(own_stop), Some(others_stop)) = (own_stop, others_stop) else { return };
        let steps = &mut self.plan.steps;
        let how = steps[others_stop].needs.remove(&own_stop);
        if !steps.waits_for(then, own_stop) {
            steps.order(then, own_stop, Needs::Settled);
        } else if let Some(how) = how {
            steps.order(own_stop, others_stop, how);
        }
    }

    fn stop_of(&self, name: &ContainerName) -> Option<StepId> {
        let steps = &self.plan.steps;
        steps.ids().find(|step| {
            matches!(&steps[*step].action, Action::StopContainer { container, .. } if container == name)
        })
    }
}

fn fixed_addresses(container: &ObservedContainer) -> impl Iterator<Item = (&NetworkName, IpAddr)> {
    let networks = container.addresses.iter();
    networks.flat_map(|(network, known)| known.fixed.iter().map(move |address| (network, *address)))
}

/// Whether the engine may give a container this address when it starts.
fn may_take(container: &ObservedContainer, network: &NetworkName, address: IpAddr) -> bool {
    let known = container.addresses.get(network);
    let fixed = known.map_or(&[][..], |known| &known.fixed);
    container.networks.contains_key(network)
        && !fixed.iter().any(|fixed| fixed.is_ipv4() == address.is_ipv4())
}

#[cfg(test)]
mod tests {
    use crate::plan::observed::{Observed, ObservedAddresses};
    use crate::plan::testing::{observed, shop, steps};
    use crate::plan::{RestartChoices, Scope, WaitChoice, restart, start};

    /// Containers in one network, of which `b` has a fixed address.
    fn in_network(containers: &str) -> Observed {
        let mut observed = observed(containers);
        for container in &mut observed.containers {
            container.networks.insert("shop_default".into(), String::new());
        }
        let address = ["10.91.0.2".parse().expect("an address")];
        let known = ObservedAddresses { held: Vec::new(), fixed: address.to_vec() };
        let mut containers = observed.containers.iter_mut();
        let fixed = containers.find(|container| container.service.as_str() == "b").expect("it is there");
        fixed.addresses.insert("shop_default".into(), known);
        observed
    }

    fn scope<'a>(project: &'a crate::topology::name::ProjectName, observed: &'a Observed) -> Scope<'a> {
        Scope { project, topology: None, observed, services: &[], excluded: &[] }
    }

    #[test]
    fn who_has_a_fixed_address_starts_first() {
        let (project, observed) = (shop(), in_network("a: failed\nb: failed"));
        let plan = start(scope(&project, &observed), WaitChoice::Nothing).expect("all are there");
        assert_eq!(steps(&plan), ["start b", "start a after start b"]);
        let observed = in_network("a: running\nb: running");
        let plan = restart(scope(&project, &observed), &RestartChoices::default());
        assert_eq!(
            steps(&plan),
            ["stop a", "stop b", "start b after stop b", "start a after start b, stop a"]
        );
    }

    #[test]
    fn who_is_restarted_after_another_one_keeps_its_address_until_then() {
        let (project, observed) = (shop(), in_network("a: running\nb: running <- a:service_started:true"));
        let plan = restart(scope(&project, &observed), &RestartChoices::default());
        assert_eq!(
            steps(&plan),
            ["stop a", "start a after stop a", "stop b after start a", "start b after start a, stop b"]
        );
    }
}
