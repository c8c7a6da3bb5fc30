//! Fixed addresses. To a container that has none of its own the engine gives the lowest one that is free, which
//! may be the one that another container is to have: that one could then not be started.
//!
//! | who may take the address | what is done |
//! |---|---|
//! | a container that need not come first | it comes to its address after the other one |
//! | one that the other waits for, or that would have to wait for long | it gets a fixed address too, from the upper end of the subnet |
//! | a running container of the project that has it already | it leaves the network for a moment, and gets another one |
//! | a container of somebody else that has it already | is named: it is an error |

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Gate, Up};
use crate::diagnostic::code;
use crate::plan::observed::ObservedContainer;
use crate::plan::{Action, Because, Needs, Plan, Step, StepId, spec};
use crate::source::{Span, Spanned};
use crate::topology::Network;
use crate::topology::attribute::Named;
use crate::topology::name::{ContainerName, NetworkKey, NetworkName, ServiceName};
use crate::topology::service::ServiceNetwork;
use crate::value::subnet::Subnet;

/// How many addresses of a subnet are looked at for a free one.
const MOST_TRIED: usize = 4096;

/// A container's place in one network, as the plan leaves it.
#[derive(Debug, Default)]
struct Member {
    service: Option<ServiceName>,
    /// Addresses that it was or is attached with.
    fixed: Vec<IpAddr>,
    /// The steps by which it comes to an address.
    takes: BTreeSet<StepId>,
    /// The steps that say with which settings it is attached.
    carriers: Vec<StepId>,
}

/// The members of one network, by the names that they keep.
type Members = BTreeMap<ContainerName, Member>;

/// An address that a container is to have, and does not have yet.
struct Claim {
    container: ContainerName,
    service: ServiceName,
    address: IpAddr,
    at: Span,
}

impl Up<'_> {
    /// Orders the plan's steps by fixed addresses, once all have the groups of their containers.
    pub(super) fn hand_addresses_over(&mut self) {
        if !self.has_fixed_addresses() {
            return;
        }
        for (network, members) in self.members() {
            let claims = self.claims(&network, &members);
            for claim in &claims {
                self.free(&network, &members, claim);
            }
            // Whoever gave an address up is a member by now.
            let Some(mut members) = self.members().remove(&network) else { continue };
            let pinned = self.put_behind(&network, &members, &claims);
            for (container, is_v4) in pinned {
                self.pin(&network, &mut members, &container, is_v4);
            }
        }
    }

    fn has_fixed_addresses(&self) -> bool {
        let services = self.context.topology.services.values();
        let mut settings =
            services.flat_map(|service| service.networks.iter().flat_map(|all| all.0.values()));
        settings.any(|settings| spec::fixed_in(settings).next().is_some())
    }

    /// Who comes to an address in which network by this plan.
    fn members(&self) -> BTreeMap<NetworkName, Members> {
        let mut all: BTreeMap<NetworkName, Members> = BTreeMap::new();
        let mut starts: Vec<StepId> = Vec::new();
        let mut created = BTreeSet::new();
        for id in self.plan.steps.ids() {
            let Step { action, group: Some(group), service, .. } = &self.plan.steps[id] else { continue };
            let attachments = match action {
                Action::CreateContainer(spec) | Action::RunToEnd(spec) => {
                    created.insert(group.clone());
                    &spec.networks[..]
                }
                Action::ConnectNetwork { attachment, .. } => std::slice::from_ref(&**attachment),
                Action::StartContainer { .. } => {
                    starts.push(id);
                    continue;
                }
                _ => continue,
            };
            for attachment in attachments {
                let members = all.entry(attachment.network.clone()).or_default();
                let member = members.entry(group.clone()).or_default();
                member.service.clone_from(service);
                member.fixed = spec::fixed_in(&attachment.settings).map(|(address, _)| address).collect();
                member.carriers.push(id);
                if !matches!(action, Action::CreateContainer(_)) {
                    member.takes.insert(id);
                }
            }
        }
        for start in starts {
            let Step { group: Some(group), service, .. } = &self.plan.steps[start] else { continue };
            if !created.contains(group) {
                self.add_observed(&mut all, group, service.as_ref());
            }
            for member in all.values_mut().filter_map(|members| members.get_mut(group)) {
                member.takes.insert(start);
            }
        }
        all
    }

    /// A container that is there, and that the plan starts as it is.
    fn add_observed(
        &self,
        all: &mut BTreeMap<NetworkName, Members>,
        name: &ContainerName,
        service: Option<&ServiceName>,
    ) {
        let names = renamed(&self.plan);
        let mut containers = self.context.observed.containers.iter();
        let Some(container) = containers.find(|one| lasting(&names, &one.name) == name) else { return };
        for network in container.networks.keys() {
            let members = all.entry(network.clone()).or_default();
            members.entry(name.clone()).or_insert_with(|| Member {
                service: service.cloned(),
                fixed: container.addresses.get(network).map(|known| known.fixed.clone()).unwrap_or_default(),
                ..Member::default()
            });
        }
    }

    /// The addresses that the topology fixes for those that come to theirs by this plan.
    fn claims(&self, network: &NetworkName, members: &Members) -> Vec<Claim> {
        let mut claims = Vec::new();
        for (container, member) in members.iter().filter(|(_, member)| !member.takes.is_empty()) {
            let Some(service) = &member.service else { continue };
            let Some((_, settings)) = self.settings_of(service, network) else { continue };
            let is_claimed = |(address, _): &(IpAddr, Span)| member.fixed.contains(address);
            claims.extend(spec::fixed_in(settings).filter(is_claimed).map(|(address, at)| Claim {
                container: container.clone(),
                service: service.clone(),
                address,
                at,
            }));
        }
        claims
    }

    fn settings_of(
        &self,
        service: &ServiceName,
        network: &NetworkName,
    ) -> Option<(&NetworkKey, &ServiceNetwork)> {
        let topology = self.context.topology;
        let networks = topology.services.get(service)?.networks.as_ref()?;
        let mut networks = networks.0.iter();
        let is_it = |(key, _): &(&NetworkKey, _)| {
            topology.networks.get(*key).is_some_and(|known| spec::network_name(key, known) == *network)
        };
        networks.find(is_it).map(|(key, settings)| (key, &***settings))
    }

    /// Whoever has the address by chance, or had it until now, gives it up before.
    fn free(&mut self, network: &NetworkName, members: &Members, claim: &Claim) {
        let observed = self.context.observed;
        let names = renamed(&self.plan);
        let holds = |container: &&ObservedContainer| {
            let held = container.addresses.get(network).map_or(&[][..], |known| &known.held);
            held.contains(&claim.address) && *lasting(&names, &container.name) != claim.container
        };
        let Some(holder) = observed.containers.iter().find(holds) else {
            return self.report_foreign_holder(network, claim);
        };
        let takes = self.effective_takes(&members[&claim.container], &claim.container);
        let releases: Vec<StepId> = self.releases(&holder.name, network);
        let is_possible =
            |release: &StepId| takes.iter().all(|take| !self.plan.steps.waits_for(*release, *take));
        if let Some(release) = releases.iter().copied().find(is_possible) {
            for take in takes {
                if !self.plan.steps.waits_for(take, release) {
                    self.plan.steps.order(release, take, Needs::Done);
                }
            }
            return;
        }
        let because = Because::AddressNeeded { address: claim.address, service: claim.service.clone() };
        let name = lasting(&names, &holder.name).clone();
        let action = Action::DisconnectNetwork { container: name.clone(), network: network.clone() };
        let needs = takes.iter().flat_map(|take| &self.plan.steps[*take].needs);
        let needs = needs.map(|(needed, how)| (*needed, *how)).chain(self.renaming(&holder.name));
        let needs: Vec<_> = needs.collect();
        let detached = self.add(action, because.clone(), Some(&holder.service), &needs);
        takes.iter().for_each(|take| self.plan.steps.order(detached, *take, Needs::Done));
        // One that stops later in the plan comes back, or goes, by that.
        if releases.is_empty() {
            let attachment = Box::new(self.attachment(holder, network));
            let action = Action::ConnectNetwork { container: name.clone(), attachment };
            let settled = takes.iter().map(|take| (*take, Needs::Settled));
            let needs: Vec<_> = settled.chain([(detached, Needs::Done)]).collect();
            let connected = self.add(action, because, Some(&holder.service), &needs);
            self.plan.steps[detached].undo = Some(connected);
            self.put_before_replacement(connected, &name);
        }
    }

    /// It is perhaps replaced, for another image: its successor is attached from its creation on.
    fn put_before_replacement(&mut self, connected: StepId, name: &ContainerName) {
        let goes = |step: &StepId| match &self.plan.steps[*step].action {
            Action::StopContainer { container, .. } | Action::RemoveContainer { container, .. } => {
                container == name && !self.plan.steps.waits_for(connected, *step)
            }
            _ => false,
        };
        let goes: Vec<StepId> = self.plan.steps.ids().filter(goes).collect();
        goes.into_iter().for_each(|step| self.plan.steps.order(connected, step, Needs::Settled));
    }

    /// The step that gives a container the name that it keeps.
    fn renaming(&self, name: &ContainerName) -> Option<Gate> {
        let renames = |step: &StepId| matches!(&self.plan.steps[*step].action, Action::RenameContainer { from, .. } if from == name);
        self.plan.steps.ids().find(renames).map(|step| (step, Needs::Done))
    }

    /// A container of somebody else cannot be told to give an address up.
    fn report_foreign_holder(&mut self, network: &NetworkName, claim: &Claim) {
        let Claim { service, address, at, .. } = claim;
        let observed = self.context.observed;
        let Some(known) = observed.networks.iter().find(|known| known.name == *network) else { return };
        let Some(holder) = known.held.get(address) else { return };
        if observed.containers.iter().any(|container| container.name == *holder) {
            return;
        }
        self.found
            .error(code::ADDRESS_TAKEN, format!("`{holder}` of another project has the address {address}"))
            .label(*at, format!("`{service}` needs it"))
            .help(format!(
                "`docker network disconnect {network} {holder}` frees it; or give `{service}` another"
            ));
    }

    /// The steps by which a container truly comes to its address: one that does not run has none yet when it is
    /// attached.
    fn effective_takes(&self, member: &Member, container: &ContainerName) -> Vec<StepId> {
        let is_running = |name: &ContainerName| {
            let mut containers = self.context.observed.containers.iter();
            containers.any(|one| one.name == *name && one.state.is_running())
        };
        let is_effective = |step: &StepId| match &self.plan.steps[*step].action {
            Action::ConnectNetwork { .. } => is_running(container),
            _ => true,
        };
        member.takes.iter().copied().filter(is_effective).collect()
    }

    /// The steps after which a container has no address in a network any more.
    fn releases(&self, container: &ContainerName, network: &NetworkName) -> Vec<StepId> {
        let gives_up = |step: &StepId| {
            let Step { action, only_if, .. } = &self.plan.steps[*step];
            only_if.is_none()
                && match action {
                    Action::StopContainer { container: stopped, .. } => stopped == container,
                    Action::DisconnectNetwork { container: left, network: of } => {
                        left == container && of == network
                    }
                    _ => false,
                }
        };
        self.plan.steps.ids().filter(gives_up).collect()
    }

    /// Those without fixed addresses come to theirs after those with one. Returns who cannot wait so long, and
    /// for which family of addresses.
    fn put_behind(
        &mut self,
        network: &NetworkName,
        members: &Members,
        claims: &[Claim],
    ) -> BTreeSet<(ContainerName, bool)> {
        let mut hasty = BTreeSet::new();
        let takes = members.values().flat_map(|member| &member.takes);
        let long: BTreeMap<StepId, BTreeSet<StepId>> =
            takes.map(|take| (*take, self.long_steps_before(*take))).collect();
        for claim in claims {
            if !self.is_given_by_chance(network, claim.address) {
                continue;
            }
            let first = self.effective_takes(&members[&claim.container], &claim.container);
            let is_v4 = claim.address.is_ipv4();
            let is_free = |member: &&Member| !member.fixed.iter().any(|address| address.is_ipv4() == is_v4);
            let others = members.iter().filter(|(_, member)| is_free(member));
            for (container, member) in others {
                let then = self.effective_takes(member, container);
                let pairs = first.iter().flat_map(|first| then.iter().map(move |then| (*first, *then)));
                for (first, then) in pairs {
                    if !long[&first].is_subset(&long[&then]) && !self.plan.steps.waits_for(first, then) {
                        hasty.insert((container.clone(), is_v4));
                        continue;
                    }
                    match self.turn(network, claim, first, then) {
                        Turn::Waits => self.plan.steps.order(first, then, Needs::Settled),
                        Turn::NeedNotWait => {}
                        Turn::CannotWait => _ = hasty.insert((container.clone(), is_v4)),
                    }
                }
            }
        }
        hasty
    }

    fn turn(&self, network: &NetworkName, claim: &Claim, first: StepId, then: StepId) -> Turn {
        let steps = &self.plan.steps;
        if steps.waits_for(then, first) {
            return Turn::NeedNotWait;
        }
        if !steps.waits_for(first, then) {
            return Turn::Waits;
        }
        let is_over = matches!(steps[then].action, Action::RunToEnd(_));
        if is_over || self.is_held_until_after(network, claim, then) {
            Turn::NeedNotWait
        } else {
            Turn::CannotWait
        }
    }

    /// The steps before a step that take as long as something else needs.
    fn long_steps_before(&self, step: StepId) -> BTreeSet<StepId> {
        let is_long = |step: &StepId| {
            matches!(
                self.plan.steps[*step].action,
                Action::Wait { .. } | Action::RunToEnd(_) | Action::PullImage { .. } | Action::BuildImage(_)
            )
        };
        self.plan.steps.all_before(step).into_iter().filter(is_long).collect()
    }

    /// Whether the predecessor of the container has the address until a step is over.
    fn is_held_until_after(&self, network: &NetworkName, claim: &Claim, step: StepId) -> bool {
        let steps = &self.plan.steps;
        let is_own = |id: &StepId| steps[*id].group.as_ref() == Some(&claim.container);
        let mut stops = steps.ids().filter(is_own).filter(|id| {
            matches!(steps[*id].action, Action::StopContainer { .. } | Action::DisconnectNetwork { .. })
        });
        let holds = self.context.observed.containers.iter().any(|container| {
            container.name == claim.container
                && container.addresses.get(network).is_some_and(|known| known.held.contains(&claim.address))
        });
        holds && stops.all(|stop| steps.waits_for(stop, step))
    }

    /// Whether the engine may give an address to a container that asks for none.
    fn is_given_by_chance(&self, network: &NetworkName, address: IpAddr) -> bool {
        let Some(network) = self.declared(network) else { return true };
        let ranges = network.ipam.config.iter().filter_map(|pool| {
            let range = pool.ip_range.as_ref().filter(|range| !range.is_empty());
            Subnet::parse(range.or(pool.subnet.as_ref())?).ok()
        });
        let ranges: Vec<Subnet> = ranges.collect();
        ranges.is_empty() || ranges.iter().any(|range| range.contains(address))
    }

    fn declared(&self, name: &NetworkName) -> Option<&Named<Network>> {
        let mut networks = self.context.topology.networks.iter();
        let network = networks.find(|(key, network)| spec::network_name(key, network) == *name);
        network.map(|(_, network)| network).filter(|network| !network.external.is_external)
    }

    /// Gives a container an address that nobody else is to have.
    fn pin(&mut self, network: &NetworkName, members: &mut Members, container: &ContainerName, is_v4: bool) {
        let Some(at) = self.declared(network).map(|declared| declared.key) else { return };
        let Some(address) = self.free_address(network, members, container, is_v4) else { return };
        let address = Spanned::new(address, at);
        let because = Because::NetworkLost(network.clone());
        let Some(member) = members.get_mut(container) else { return };
        member.fixed.push(address.value);
        if member.carriers.is_empty() {
            let Some(carrier) = self.attach_anew(network, container, &member.takes, because) else { return };
            member.carriers.push(carrier);
        }
        for carrier in &member.carriers {
            match &mut self.plan.steps[*carrier].action {
                Action::CreateContainer(spec) | Action::RunToEnd(spec) => {
                    let own = spec.networks.iter_mut().filter(|attachment| attachment.network == *network);
                    own.for_each(|attachment| set_address(&mut attachment.settings, address));
                }
                Action::ConnectNetwork { attachment, .. } => set_address(&mut attachment.settings, address),
                _ => {}
            }
        }
    }

    /// A container that is started as it is leaves the network before that and comes back.
    fn attach_anew(
        &mut self,
        network: &NetworkName,
        name: &ContainerName,
        starts: &BTreeSet<StepId>,
        because: Because,
    ) -> Option<StepId> {
        let names = renamed(&self.plan);
        let mut containers = self.context.observed.containers.iter();
        let container = containers.find(|one| lasting(&names, &one.name) == name)?;
        let (service, network) = (Some(&container.service), network.clone());
        let attachment = Box::new(self.attachment(container, &network));
        let needs: Vec<_> = self.renaming(&container.name).into_iter().collect();
        let action = Action::DisconnectNetwork { container: name.clone(), network };
        let detached = self.add(action, because.clone(), service, &needs);
        let action = Action::ConnectNetwork { container: name.clone(), attachment };
        let connected = self.add(action, because, service, &[(detached, Needs::Done)]);
        self.plan.steps[detached].undo = Some(connected);
        starts.iter().for_each(|start| self.plan.steps.order(connected, *start, Needs::Done));
        Some(connected)
    }

    /// The address that a container has already, or else the highest one that nobody has or is to have.
    fn free_address(
        &self,
        network: &NetworkName,
        members: &Members,
        container: &ContainerName,
        is_v4: bool,
    ) -> Option<IpAddr> {
        let pools = &self.declared(network)?.ipam.config;
        let pools: Vec<(Subnet, BTreeSet<IpAddr>)> = pools
            .iter()
            .filter_map(|pool| {
                let subnet = Subnet::parse(pool.subnet.as_ref()?).ok()?;
                let range = pool.ip_range.as_ref().and_then(|range| Subnet::parse(range).ok());
                let gateway = pool.gateway.as_ref().and_then(|gateway| gateway.parse().ok());
                let mut kept: BTreeSet<IpAddr> =
                    pool.aux_addresses.values().filter_map(|address| address.value.parse().ok()).collect();
                kept.insert(gateway.unwrap_or_else(|| subnet.default_gateway(range)));
                Some((subnet, kept))
            })
            .filter(|(subnet, _)| subnet.is_v4() == is_v4)
            .collect();
        let (own, held): (Vec<_>, Vec<_>) =
            self.context.observed.containers.iter().partition(|other| other.name == *container);
        let in_network = |one: &&ObservedContainer| one.addresses.get(network).cloned().unwrap_or_default();
        let mut taken: BTreeSet<IpAddr> = spec::fixed_addresses(self.context.topology, network);
        taken.extend(held.iter().map(in_network).flat_map(|known| [known.held, known.fixed].concat()));
        taken.extend(members.values().flat_map(|member| member.fixed.iter().copied()));
        let own = own.iter().map(in_network).flat_map(|known| known.held);
        let is_free = |address: &IpAddr| {
            let mut pools = pools.iter();
            !taken.contains(address)
                && pools.any(|(subnet, kept)| subnet.contains(*address) && !kept.contains(address))
        };
        let highest = pools.iter().flat_map(|(subnet, _)| subnet.from_highest().take(MOST_TRIED));
        own.chain(highest).find(is_free)
    }
}

/// When a container comes to its address.
enum Turn {
    /// After the one with a fixed address.
    Waits,
    /// After it anyway, or before it in a way that takes nobody's address.
    NeedNotWait,
    /// Before.
    CannotWait,
}

fn set_address(settings: &mut ServiceNetwork, address: Spanned<IpAddr>) {
    let place = if address.is_ipv4() { &mut settings.ipv4_address } else { &mut settings.ipv6_address };
    *place = Some(Spanned::new(address.value.to_string(), address.span));
}

/// The names that containers get by a plan.
fn renamed(plan: &Plan) -> BTreeMap<ContainerName, ContainerName> {
    let renames = plan.steps.iter().filter_map(|step| match &step.action {
        Action::RenameContainer { from, to } => Some((from.clone(), to.clone())),
        _ => None,
    });
    renames.collect()
}

fn lasting<'a>(
    names: &'a BTreeMap<ContainerName, ContainerName>,
    name: &'a ContainerName,
) -> &'a ContainerName {
    names.get(name).unwrap_or(name)
}
