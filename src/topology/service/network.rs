//! `networks` of a service: a list of names, or a mapping.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json};

use crate::diagnostic::Diagnostics;
use crate::document::{Identity, Node};
use crate::source::Spanned;
use crate::topology::attribute::{Attribute, Field, Form, Named, Sealing, Shape, record};
use crate::topology::name::NetworkKey;
use crate::topology::service::model_binding::{decode_names, names_schema};
use crate::topology::value::{Integer, Options};

record! {
    /// A container's endpoint in a network.
    pub struct ServiceNetwork {
        /// Additional names of the container in this network.
        aliases: Vec<Spanned<String>> = public unique(Identity::Name),
        /// Name of the interface in the container.
        interface_name: Option<Spanned<String>> = public,
        /// A fixed IPv4 address.
        ipv4_address: Option<Spanned<String>> = public instead("an address such as `192.0.2.7`") unset_when_empty,
        /// A fixed IPv6 address.
        ipv6_address: Option<Spanned<String>> = public instead("an address such as `2001:db8::7`") unset_when_empty,
        /// Link-local addresses.
        link_local_ips: Vec<Spanned<String>> = public unique(Identity::Name),
        /// Hardware address.
        mac_address: Option<Spanned<String>> = public instead("an address such as `02:42:ac:11:00:02`") unset_when_empty,
        /// Options of the network driver for this endpoint.
        driver_opts: Options = public,
        /// The network with the highest priority is attached first.
        priority: Option<Integer>,
        /// The network with the highest one provides the default route.
        gw_priority: Option<Spanned<Integer>>,
    }
}

/// The networks that a service is attached to, by their keys in the topology. Boxed because a
/// `BTreeMap` node has room for eleven entries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceNetworks(pub BTreeMap<NetworkKey, Named<Box<ServiceNetwork>>>);

impl ServiceNetworks {
    /// Keys in the order in which networks are attached: highest priority first, then by name.
    pub fn by_priority(&self) -> Vec<(&NetworkKey, &Named<Box<ServiceNetwork>>)> {
        let mut networks: Vec<_> = self.0.iter().collect();
        networks.sort_by_key(|(_, network)| std::cmp::Reverse(network.priority.unwrap_or_default()));
        networks
    }
}

impl Attribute for ServiceNetworks {
    const KEYS: &'static [Field] = ServiceNetwork::KEYS;
    const SHAPE: Shape = Shape::Names;
    const SEALING: Sealing = Sealing::Each(&ServiceNetwork::SEALING);

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        decode_names(node, found).map(Self)
    }

    fn canonical(&self, form: Form) -> Json {
        self.0.canonical(form)
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        names_schema::<Box<ServiceNetwork>>(definitions)
    }
}
