//! The networks that containers are attached to.

use std::collections::BTreeMap;

use super::{Gate, RecreateChoice, Up};
use crate::plan::action::Attachment;
use crate::plan::drift::NetworkChange;
use crate::plan::observed::{ObservedContainer, ObservedNetwork};
use crate::plan::sealed::Sealed;
use crate::plan::{Action, Because, Needs, StepId, compose_hash, drift, label, spec};
use crate::source::Span;
use crate::topology::attribute::{Attribute, Form};
use crate::topology::name::{ContainerName, NetworkKey, NetworkName};
use crate::topology::{Service, ServiceNetwork};

/// What becomes of a network.
#[derive(Clone, Debug, Default)]
pub(super) struct NetworkPlace {
    /// The step that creates it; none when it is there.
    created: Option<StepId>,
    /// The engine's id of the one that is there and stays.
    id: Option<String>,
    /// The steps that detach containers from the former one, which is replaced.
    detached: BTreeMap<ContainerName, StepId>,
    /// Whether there is a former one that is replaced.
    is_replaced: bool,
}

impl Up<'_> {
    /// The steps that make sure of a service's networks.
    pub(super) fn networks_of(&mut self, service: &Service) -> Vec<Gate> {
        let keys = service.networks.iter().flat_map(|networks| networks.0.keys());
        let steps: Vec<StepId> = keys.filter_map(|key| self.network(key)).collect();
        steps.into_iter().map(|step| (step, Needs::Done)).collect()
    }

    pub(super) fn network(&mut self, key: &NetworkKey) -> Option<StepId> {
        let network = self.context.topology.networks.get(key)?;
        let name = spec::network_name(key, network);
        if let Some(known) = self.networks.get(&name) {
            return known.created;
        }
        let observed = self.context.observed.networks.iter().find(|observed| observed.name == name);
        let place = match observed {
            None if network.external.is_external => {
                self.missing_external("network", name.as_str(), network.key);
                NetworkPlace::default()
            }
            None => {
                let create =
                    Action::CreateNetwork(Box::new(spec::network(self.context.topology, key, network)));
                let created = Some(self.add(create, Because::Absent, None, &[]));
                NetworkPlace { created, ..NetworkPlace::default() }
            }
            Some(observed) if network.external.is_external => NetworkPlace::kept(observed),
            Some(observed) => self.own_network(key, observed, network.key),
        };
        let created = place.created;
        self.networks.insert(name, place);
        created
    }

    /// A network that is there and that the topology says how to make.
    fn own_network(&mut self, key: &NetworkKey, observed: &ObservedNetwork, at: Span) -> NetworkPlace {
        let topology = self.context.topology;
        if !label::belongs_to(&observed.labels, &topology.name) {
            self.warn_of_foreign("network", observed.name.as_str(), at);
            return NetworkPlace::kept(observed);
        }
        let network = &topology.networks[key].value;
        let (wanted, hash) = (network.canonical(Form::Model), compose_hash::network(network));
        let place = ["networks", key.as_str()];
        let Some(because) =
            drift::difference(topology, place, &observed.labels, &wanted, &hash, self.context.choices.values)
        else {
            return NetworkPlace::kept(observed);
        };
        if let Some(foreign_container) = self.context.observed.foreign_container(observed) {
            let reason = format!("`{foreign_container}` of another project is attached to it");
            let help =
                format!("`docker network disconnect {} {foreign_container}`, then `topo up`", observed.name);
            self.warn_of_changed("network", observed.name.as_str(), (at, &reason), &because, &help);
            return NetworkPlace::kept(observed);
        }
        if self.context.choices.recreate == RecreateChoice::Never {
            let help = "to recreate it, leave out `--no-recreate`";
            let reason = "it is used unchanged";
            self.warn_of_changed("network", observed.name.as_str(), (at, reason), &because, help);
            return NetworkPlace::kept(observed);
        }
        self.replace_network(key, observed, because)
    }

    /// Every container leaves the network, which is removed and made anew; those that stay come back.
    fn replace_network(
        &mut self,
        key: &NetworkKey,
        observed: &ObservedNetwork,
        because: Because,
    ) -> NetworkPlace {
        let network = &observed.name;
        let mut detached = BTreeMap::new();
        let mut needs = Vec::new();
        for container in attached(&self.context.observed.containers, network) {
            if let Some(removed) = self.removals.get(&container.name) {
                needs.push((*removed, Needs::Done));
                continue;
            }
            let (name, because) = (container.name.clone(), Because::NetworkReplaced(network.clone()));
            let action = Action::DisconnectNetwork { container: name.clone(), network: network.clone() };
            let step = self.add(action, because, Some(&container.service), &[]);
            detached.insert(name, step);
            needs.push((step, Needs::Done));
        }
        let remove = Action::RemoveNetwork { network: network.clone() };
        let removed = self.add(remove, because.clone(), None, &needs);
        let wanted = spec::network(self.context.topology, key, &self.context.topology.networks[key]);
        let create = Action::CreateNetwork(Box::new(wanted));
        let created = self.add(create, because, None, &[(removed, Needs::Done)]);
        self.plan.steps[removed].undo = Some(created);
        let created = Some(created);
        NetworkPlace { created, id: None, detached, is_replaced: true }
    }

    /// The steps that detach a container from networks that are replaced.
    pub(super) fn detached_from(&self, container: &ObservedContainer) -> Vec<Gate> {
        let steps = self.networks.values().filter_map(|place| place.detached.get(&container.name));
        steps.map(|step| (*step, Needs::Done)).collect()
    }

    /// The steps that attach a container to those of its networks that it is not attached to, or is no
    /// longer, or to a former one of the same name, or has another place in; and detach it from those that it is not
    /// to have. `changes` are those places.
    pub(super) fn reconnect(
        &mut self,
        (container, name): (&ObservedContainer, &ContainerName),
        wanted: &[Attachment],
        changes: &BTreeMap<NetworkName, NetworkChange>,
        needs: &[Gate],
    ) -> Vec<StepId> {
        let before = needs;
        let mut last = Vec::new();
        for attachment in wanted {
            let network = &attachment.network;
            let Some(place) = self.networks.get(network) else { continue };
            let mut needs = [before, &place.before_connect(&container.name)].concat();
            let service = Some(&container.service);
            let attached_to = container.networks.get(network);
            let change = changes.get(network);
            let is_other_place = attached_to.is_some() && change.is_some();
            let because = if place.is_replaced {
                Because::NetworkReplaced(network.clone())
            } else if let Some(NetworkChange { changes, .. }) =
                change.filter(|change| attached_to.is_some() || !change.is_drift)
            {
                Because::Changed(changes.clone())
            } else if attached_to.is_none_or(|id| !id.is_empty() && place.id.as_ref() != Some(id)) {
                Because::NetworkLost(network.clone())
            } else {
                // One that was never started looks its networks up by name when it starts.
                last.extend(place.created);
                continue;
            };
            let mut detached = place.detached.get(&container.name).copied();
            if attached_to.is_some() && (is_other_place || matches!(because, Because::NetworkLost(_))) {
                let action = Action::DisconnectNetwork { container: name.clone(), network: network.clone() };
                let step = self.add(action, because.clone(), service, &needs);
                needs = vec![(step, Needs::Done)];
                detached = Some(step);
            }
            let action =
                Action::ConnectNetwork { container: name.clone(), attachment: Box::new(attachment.clone()) };
            let connected = self.add(action, because, service, &needs);
            if let Some(detached) = detached {
                self.plan.steps[detached].undo = Some(connected);
            }
            last.push(connected);
        }
        let joined: Vec<Gate> = last.iter().map(|step| (*step, Needs::Done)).collect();
        let is_left = |network: &&NetworkName| !wanted.iter().any(|one| one.network == **network);
        for (network, NetworkChange { changes, is_drift }) in changes.iter().filter(|(name, _)| is_left(name))
        {
            let because = match is_drift {
                true => Because::NetworkExtra(network.clone()),
                false => Because::Changed(changes.clone()),
            };
            let action = Action::DisconnectNetwork { container: name.clone(), network: network.clone() };
            // It is reached all the time.
            let needs = [before, &joined].concat();
            let step = self.add(action, because, Some(&container.service), &needs);
            self.left.insert((container.name.clone(), network.clone()), step);
            last.push(step);
        }
        last
    }

    /// What is left to do for networks once all containers are placed.
    pub(super) fn finish_networks(&mut self) {
        self.reconnect_the_others();
        self.remove_superseded();
        self.detach_late();
    }

    /// Containers that this run is not about come back to the networks that were made anew.
    fn reconnect_the_others(&mut self) {
        let replaced: Vec<NetworkName> = self
            .networks
            .iter()
            .filter(|(_, place)| place.is_replaced)
            .map(|(name, _)| name.clone())
            .collect();
        for network in replaced {
            for container in attached(&self.context.observed.containers, &network) {
                let is_settled =
                    self.handled.contains(&container.name) || self.removals.contains_key(&container.name);
                if !is_settled {
                    let attachment = self.attachment(container, &network);
                    self.reconnect((container, &container.name), &[attachment], &BTreeMap::new(), &[]);
                }
            }
        }
    }

    /// How a container is attached to a network again.
    pub(super) fn attachment(&self, container: &ObservedContainer, network: &NetworkName) -> Attachment {
        let topology = self.context.topology;
        let service = topology.service(container.service.as_str()).filter(|_| !container.is_one_off);
        let wanted = service.map(|service| {
            let links = spec::links(topology, service, &|service| self.container_of(service));
            let lasting = spec::container_name(topology, &container.service, service, container.number);
            spec::attachments(topology, &container.service, service, &lasting, &links)
        });
        let known = wanted.into_iter().flatten().find(|attachment| attachment.network == *network);
        // A container of `run` does not answer to its service's name.
        let aliases = if container.is_one_off { Vec::new() } else { vec![container.service.to_string()] };
        known.unwrap_or_else(|| Attachment {
            network: network.clone(),
            aliases,
            links: Vec::new(),
            settings: Sealed::from(ServiceNetwork::default()),
        })
    }

    /// A network goes when nobody is left in it: one whose key has another name now, and one whose key is
    /// gone and that somebody leaves by this plan.
    fn remove_superseded(&mut self) {
        let (topology, observed) = (self.context.topology, self.context.observed);
        let names: Vec<NetworkName> =
            topology.networks.iter().map(|(key, network)| spec::network_name(key, network)).collect();
        let is_superseded = |network: &&ObservedNetwork| {
            let key = network.labels.get(label::NETWORK).map(|key| NetworkKey::from(key.as_str()));
            let key = key.as_ref();
            let successor = key.and_then(|key| Some(spec::network_name(key, topology.networks.get(key)?)));
            let is_ours = label::belongs_to(&network.labels, &topology.name);
            let is_gone = key.is_some_and(|key| !topology.networks.contains_key(key))
                && attached(&observed.containers, &network.name).next().is_some();
            is_ours
                && !names.contains(&network.name)
                && (is_gone || successor.is_some_and(|successor| self.networks.contains_key(&successor)))
                && observed.foreign_container(network).is_none()
        };
        let superseded: Vec<&ObservedNetwork> = observed.networks.iter().filter(is_superseded).collect();
        let removed = if superseded.is_empty() { BTreeMap::new() } else { self.sure_removals() };
        for network in superseded {
            let removals: Option<Vec<Gate>> = attached(&observed.containers, &network.name)
                .map(|container| {
                    let left = self.left.get(&(container.name.clone(), network.name.clone()));
                    Some((*removed.get(&container.name).or(left)?, Needs::Done))
                })
                .collect();
            if let Some(needs) = removals {
                let action = Action::RemoveNetwork { network: network.name.clone() };
                self.add(action, Because::Replaced, None, &needs);
            }
        }
    }

    /// The steps that remove containers without a condition.
    fn sure_removals(&self) -> BTreeMap<ContainerName, StepId> {
        let steps = &self.plan.steps;
        let sure = steps.ids().filter(|step| steps[*step].only_if.is_none());
        let removal = |step: StepId| match &steps[step].action {
            Action::RemoveContainer { container, .. } => Some((container.clone(), step)),
            _ => None,
        };
        sure.filter_map(removal).collect()
    }

    /// Nobody is detached before every image is there: a failed build must not cut anything off.
    fn detach_late(&mut self) {
        let images: Vec<StepId> = self.images.values().copied().flatten().collect();
        let detached: Vec<StepId> =
            self.networks.values().flat_map(|place| place.detached.values().copied()).collect();
        for (image, detached) in
            images.iter().flat_map(|image| detached.iter().map(move |step| (image, step)))
        {
            self.plan.steps.order(*image, *detached, Needs::Done);
        }
    }
}

impl NetworkPlace {
    fn kept(observed: &ObservedNetwork) -> Self {
        Self { id: Some(observed.id.clone()), ..Self::default() }
    }

    /// What comes before a container is attached to it. One that left the former network comes back also
    /// when that could not be replaced: then to the one that is still there.
    fn before_connect(&self, container: &ContainerName) -> Vec<Gate> {
        let detached = self.detached.get(container).map(|step| (*step, Needs::Done));
        let how = if detached.is_some() { Needs::Settled } else { Needs::Done };
        detached.into_iter().chain(self.created.map(|step| (step, how))).collect()
    }
}

fn attached<'a>(
    containers: &'a [ObservedContainer],
    network: &NetworkName,
) -> impl Iterator<Item = &'a ObservedContainer> {
    containers.iter().filter(move |container| container.networks.contains_key(network))
}
