//! What of a container is not as it is wanted, divided by what mends it: a new container, an update, or other
//! connections.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde_json::{Value as Json, json};

use super::Comparison;
use crate::plan::action::Attachment;
use crate::plan::because::{FieldChange, Values};
use crate::plan::label::{Applied, Labels};
use crate::plan::observed::{ApiVersion, ObservedContainer, ObservedEndpoint, Settings};
use crate::plan::resources::{Resources, without_resources};
use crate::plan::seal::Sealer;
use crate::plan::{made, spec};
use crate::source::Spanned;
use crate::topology::name::{ContainerName, NetworkName};
use crate::topology::{Service, ServiceNetwork, Topology};

/// What is wanted of a container.
pub(in crate::plan) struct Wanted<'a> {
    /// The topology that wants it.
    pub topology: &'a Topology,
    /// Where the topology has its service: `["services", "web"]`.
    pub place: [&'a str; 2],
    /// What makes it, with the engine's names.
    pub model: &'a Json,
    /// Its limits and restart policy: a model does not tell an empty policy from none.
    pub resources: Resources,
    /// Its place in each network; nothing where it has no networks of its own.
    pub networks: &'a [Attachment],
    /// The names that it has by itself, now or before: no network lacks them.
    pub own_names: &'a BTreeSet<ContainerName>,
    /// The API that the engine speaks.
    pub api: Option<ApiVersion>,
    /// Which values are shown.
    pub values: Values,
}

/// What differs of a container.
#[derive(Debug, Default)]
pub(in crate::plan) struct Differences {
    /// What only a new container has.
    pub made: Vec<FieldChange>,
    /// Limits and the restart policy, where the engine can change them.
    pub updated: Option<Updated>,
    /// Networks that it is to join or leave, or to have another place in.
    pub networks: BTreeMap<NetworkName, NetworkChange>,
}

/// What is changed of a container that stays.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::plan) struct Updated {
    /// The attributes.
    pub changes: Vec<FieldChange>,
    /// What is asked of the engine.
    pub change: Resources,
}

/// What differs of a container's place in one network.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::plan) struct NetworkChange {
    /// The attributes.
    pub changes: Vec<FieldChange>,
    /// Whether what was applied agrees with the topology, so that somebody else has changed it since.
    pub is_drift: bool,
}

impl Differences {
    /// All of it, when only a new container will do; by the names of attributes.
    pub(in crate::plan) fn all(&self) -> Vec<FieldChange> {
        let updated = self.updated.iter().flat_map(|updated| &updated.changes);
        let networks = self.networks.values().flat_map(|network| &network.changes);
        let mut all: Vec<FieldChange> = self.made.iter().chain(updated).chain(networks).cloned().collect();
        all.sort_by(|one, other| one.path.keys().cmp(&other.path.keys()));
        all
    }
}

/// What differs of a container whose labels say what was applied; `None` when they do not. Where nobody asked the
/// engine how it is set up, it is as the labels say.
pub(in crate::plan) fn differences(
    wanted: &Wanted<'_>,
    container: &ObservedContainer,
) -> Option<Differences> {
    let Applied { model, from_elsewhere, .. } = Applied::of(&container.labels)?;
    let applied = opened(wanted, container, &model);
    let Some(settings) = &container.settings else {
        let mut comparison = Comparison::of(wanted.topology, wanted.place, wanted.values, from_elsewhere);
        comparison.compare(Some(&applied), Some(wanted.model));
        return Some(Differences { made: comparison.changes, ..Differences::default() });
    };
    let mut differences = of_settings(wanted, container, (settings, &applied, from_elsewhere.as_ref()));
    let has_networks = !wanted.networks.is_empty();
    let of_model = |model: &Json| {
        let mut model = without_resources(model);
        if let (true, Json::Object(model)) = (has_networks, &mut model) {
            model.remove(Service::networks);
        }
        model
    };
    let mut comparison = Comparison::of(wanted.topology, wanted.place, wanted.values, from_elsewhere);
    comparison.compare(Some(&of_model(&applied)), Some(&of_model(wanted.model)));
    differences.made.extend(comparison.changes);
    Some(differences)
}

/// What differs of a container that Docker Compose made of this very model: what was changed since.
pub(in crate::plan) fn differences_of_same(
    wanted: &Wanted<'_>,
    container: &ObservedContainer,
) -> Differences {
    let from_elsewhere = wanted.topology.from_elsewhere(wanted.place);
    let of = |settings| of_settings(wanted, container, (settings, wanted.model, Some(&from_elsewhere)));
    container.settings.as_ref().map(of).unwrap_or_default()
}

/// The model that was applied, with the values that somebody knows.
fn opened(wanted: &Wanted<'_>, container: &ObservedContainer, model: &Json) -> Json {
    let known = known_model(&container.labels, container.settings.as_ref());
    Sealer::new(&wanted.topology.name, wanted.place).open(model, [wanted.model, &known])
}

/// What the engine says of a container, as the model has it.
pub(super) fn known_model(labels: &Labels, settings: Option<&Settings>) -> Json {
    let mut known = settings.map_or(json!({}), super::model_of);
    // All objects have the attribute under one key.
    known[Service::labels] = json!(labels);
    known
}

/// How a container is set up, the model that it was made from, and the paths of values that were not literally in its
/// topology.
type Now<'a> = (&'a Settings, &'a Json, Option<&'a Vec<Vec<String>>>);

/// What of a container's limits and networks, as they are now, is not as it is wanted.
fn of_settings(
    wanted: &Wanted<'_>,
    container: &ObservedContainer,
    now @ (settings, applied, from_elsewhere): Now<'_>,
) -> Differences {
    let mut differences = Differences::default();
    let mut comparison = wanted.comparison(from_elsewhere);
    for difference in settings.resources.differences(applied, (wanted.model, &wanted.resources)) {
        comparison.path.extend(difference.path);
        comparison.add_change(difference.from.as_ref(), difference.to.as_ref());
        comparison.path.truncate(super::PLACE);
    }
    let changes = comparison.changes;
    match settings.resources.change_to(&settings.resources.possible(applied, &wanted.resources)) {
        _ if changes.is_empty() => {}
        Some(change) => differences.updated = Some(Updated { changes, change }),
        None => differences.made = changes,
    }
    if !wanted.networks.is_empty() {
        wanted.compare_networks(container, now, &mut differences);
    }
    differences
}

impl Wanted<'_> {
    fn comparison(&self, from_elsewhere: Option<&Vec<Vec<String>>>) -> Comparison<'_> {
        Comparison::of(self.topology, self.place, self.values, from_elsewhere.cloned())
    }

    fn compare_networks(
        &self,
        container: &ObservedContainer,
        (settings, applied, from_elsewhere): Now<'_>,
        differences: &mut Differences,
    ) {
        let changes_of = |name: &str, from: Option<&Json>, to: Option<&Json>| {
            let mut comparison = self.comparison(from_elsewhere);
            comparison.path.push(Service::networks.to_owned());
            let key = comparison.key(name);
            comparison.path.push(key);
            comparison.compare(from, to);
            comparison.changes
        };
        for (index, attachment) in self.networks.iter().enumerate() {
            let name = attachment.network.as_str();
            let said = &self.model[Service::networks][name];
            let has = settings.endpoints.get(&attachment.network);
            let (from, to) = match has {
                None => (None, said.clone()),
                Some(has) => {
                    let mut from = self.place_of(has, attachment);
                    let to = self.wanted_place(attachment, index, has);
                    if !spec::fixed_addresses(self.topology, &attachment.network).is_empty() {
                        forget_chosen_addresses(&mut from, &to, &applied[Service::networks][name]);
                    }
                    (Some(from), to)
                }
            };
            let changes = changes_of(name, from.as_ref(), Some(&to));
            if changes.is_empty() {
                continue;
            }
            let is_drift = applied[Service::networks].get(name) == Some(said);
            let needs_new = changes.iter().any(|change| {
                let is_hardware = change.path.keys().last() == Some(&ServiceNetwork::mac_address);
                is_hardware && !self.is_at_least(SEVERAL_AT_ONCE)
            });
            match needs_new {
                true => differences.made.extend(changes),
                false => drop(
                    differences
                        .networks
                        .insert(attachment.network.clone(), NetworkChange { changes, is_drift }),
                ),
            }
        }
        let is_wanted = |name: &NetworkName| self.networks.iter().any(|one| one.network == *name);
        let networks = container.networks.iter();
        for (name, id) in networks.filter(|(name, _)| !is_wanted(name) && !is_of_engine(name)) {
            let changes = changes_of(name.as_str(), Some(&Json::Null), None);
            let is_drift = applied[Service::networks].get(name.as_str()).is_none();
            // A container looks for the network that it was created in whenever it starts.
            let created_in = settings.attributes.get(Service::network_mode).and_then(Json::as_str);
            let is_first = created_in == Some(name.as_str()) || created_in == Some(id.as_str());
            if is_first {
                differences.made.extend(changes);
            } else {
                differences.networks.insert(name.clone(), NetworkChange { changes, is_drift });
            }
        }
    }

    /// A container's place in a network, as it is.
    fn place_of(&self, has: &ObservedEndpoint, attachment: &Attachment) -> Json {
        let ObservedEndpoint {
            aliases,
            links,
            ipv4_address,
            ipv6_address,
            link_local_ips,
            mac_address,
            driver_opts,
            gw_priority,
        } = has;
        let aliases_wanted: &BTreeSet<String> = &attachment.aliases.iter().cloned().collect();
        // Engine 20.10 adds the host name.
        let hostname = self.model[Service::hostname].as_str();
        let is_added = |alias: &String| hostname == Some(alias) && !aliases_wanted.contains(alias);
        let aliases = &aliases.iter().filter(|alias| !is_added(alias)).cloned().collect();
        self.written(
            attachment,
            json!({
                (ServiceNetwork::aliases): self.further_names(aliases, aliases_wanted),
                (ServiceNetwork::driver_opts): driver_opts,
                (ServiceNetwork::gw_priority): gw_priority,
                (ServiceNetwork::ipv4_address): ipv4_address.as_deref().map(normal_address),
                (ServiceNetwork::ipv6_address): ipv6_address.as_deref().map(normal_address),
                (ServiceNetwork::link_local_ips): link_local_ips,
                (ServiceNetwork::mac_address): mac_address.as_deref().map(str::to_lowercase),
                (Service::links): links,
            }),
        )
    }

    /// A container's place in a network, as it is wanted: the `index`th one that it is attached to.
    fn wanted_place(&self, attachment: &Attachment, index: usize, has: &ObservedEndpoint) -> Json {
        let Attachment { network: _, aliases, links, settings } = attachment;
        let ServiceNetwork {
            aliases: _,
            interface_name,
            ipv4_address,
            ipv6_address,
            link_local_ips,
            mac_address,
            driver_opts,
            priority: _,
            gw_priority,
            extensions: _,
        } = &**settings;
        let mut options = driver_opts.to_map();
        options.extend(interface_name.as_ref().map(|name| (INTERFACE_NAME.to_owned(), name.value.clone())));
        let address =
            |address: &Option<Spanned<String>>| address.as_ref().map(|address| normal_address(address));
        let local: BTreeSet<&str> = link_local_ips.iter().map(|address| address.as_str()).collect();
        // Before API 1.44 a container has one, that of its first network.
        let mac_address = mac_address.as_ref().filter(|_| index == 0 || self.is_at_least(SEVERAL_AT_ONCE));
        let aliases: BTreeSet<String> = aliases.iter().cloned().collect();
        let aliases_now = &has.aliases;
        self.written(
            attachment,
            json!({
                (ServiceNetwork::aliases): self.further_names(&aliases, aliases_now),
                (ServiceNetwork::driver_opts): options,
                (ServiceNetwork::gw_priority): gw_priority.as_ref().map_or(0, |priority| priority.value.0),
                (ServiceNetwork::ipv4_address): address(ipv4_address),
                (ServiceNetwork::ipv6_address): address(ipv6_address),
                (ServiceNetwork::link_local_ips): local,
                (ServiceNetwork::mac_address): mac_address.map(|address| address.to_lowercase()),
                (Service::links): links.iter().collect::<BTreeSet<_>>(),
            }),
        )
    }

    /// What of a place says something and can be compared.
    fn written(&self, attachment: &Attachment, mut place: Json) -> Json {
        let Json::Object(entries) = &mut place else { return place };
        entries.retain(|_, value| !made::is_nothing(value) && *value != json!(0));
        if attachment.settings.mac_address.is_none() {
            // The engine's own choice.
            entries.remove(ServiceNetwork::mac_address);
        }
        if !self.is_at_least(GATEWAY_PRIORITY) {
            entries.remove(ServiceNetwork::gw_priority);
        }
        place
    }

    /// The names beside those that a container has by itself, and that of its service where it is among the `other`
    /// ones too.
    fn further_names<'n>(&self, names: &'n BTreeSet<String>, other: &BTreeSet<String>) -> Vec<&'n String> {
        let is_own = |name: &str| self.own_names.iter().any(|own| own.as_str() == name);
        let is_of_service = |name: &str| name == self.place[1] && other.contains(name);
        names.iter().filter(|name| !is_own(name) && !is_of_service(name)).collect()
    }

    /// An engine of unknown age is a new one.
    fn is_at_least(&self, minor: u32) -> bool {
        self.api.is_none_or(|api| api.minor >= minor)
    }
}

/// The API version that takes a hardware address for each network.
const SEVERAL_AT_ONCE: u32 = 44;
/// The API version that has priorities of gateways.
const GATEWAY_PRIORITY: u32 = 48;
/// The driver option that names a container's interface.
const INTERFACE_NAME: &str = "com.docker.network.endpoint.ifname";

/// Networks that an engine attaches containers to by itself.
fn is_of_engine(name: &NetworkName) -> bool {
    matches!(name.as_str(), "docker_gwbridge" | "ingress")
}

/// An address for which the topology neither asks nor asked was chosen by a plan, to keep the container away from
/// one that another is to have.
fn forget_chosen_addresses(has: &mut Json, wanted: &Json, applied: &Json) {
    let Json::Object(place) = has else { return };
    for family in [ServiceNetwork::ipv4_address, ServiceNetwork::ipv6_address] {
        let asked_for = applied[family].as_str().map(normal_address);
        if wanted[family].is_null() && place.get(family).and_then(Json::as_str) != asked_for.as_deref() {
            place.remove(family);
        }
    }
}

/// An address may be written in several ways.
fn normal_address(text: &str) -> String {
    text.parse::<IpAddr>().map_or_else(|_| text.to_owned(), |address| address.to_string())
}
