//! A network of the topology.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::Diagnostics;
use crate::document::{Identity, MergeRule, Node, Value};
use crate::source::Spanned;
use crate::topology::attribute::{Attribute, Form, Sealing, record};
use crate::topology::value::{Flag, Options, Pairs};

record! {
    /// A network.
    pub struct Network {
        /// Its name in the engine. The project's name and the key when absent.
        name: Option<Spanned<String>> = public,
        /// The driver: `bridge`, `macvlan`, `overlay`... The engine's own choice when absent.
        driver: Option<String> = public,
        /// Options of the driver.
        driver_opts: Options = public also(&["opts", "options", "driver_options"]),
        /// Address management.
        ipam: Ipam = form("write `ipam: {config: [{subnet: 172.28.0.0/16}]}`"),
        /// Whether the network is created and removed outside this topology.
        external: External = long instead_of("name"),
        /// Whether containers are cut off from networks outside.
        internal: Flag,
        /// Whether containers have IPv4 addresses. True when absent.
        enable_ipv4: Option<bool>,
        /// Whether containers have IPv6 addresses.
        enable_ipv6: Option<bool>,
        /// Whether containers outside a cluster's services may join.
        attachable: Flag,
        /// Labels.
        labels: Pairs = without_empty,
    } elsewhere { crate::topology::attribute::hint::NETWORK }
}

record! {
    /// Address management of a network.
    pub struct Ipam {
        /// The driver.
        driver: Option<String> = public,
        /// Address pools.
        config: Vec<Spanned<AddressPool>> = form("begin each element with a dash: `- subnet: 172.28.0.0/16`") merge(MergeRule::Subnets),
        /// Options of the driver.
        options: Options = public unique(Identity::Name),
    } elsewhere { crate::topology::attribute::hint::IPAM }
}

record! {
    /// A pool of addresses.
    pub struct AddressPool {
        /// The subnet: `172.28.0.0/16`.
        subnet: Option<Spanned<String>> = public instead("addresses as `172.28.0.0/16`"),
        /// The part of the subnet that containers get addresses from.
        ip_range: Option<Spanned<String>> = public instead("addresses as `172.28.0.0/16`") unset_when_empty,
        /// The gateway's address.
        gateway: Option<Spanned<String>> = public instead("an address such as `192.0.2.7`") unset_when_empty,
        /// Addresses reserved for hosts, by host name.
        aux_addresses: BTreeMap<String, crate::topology::attribute::Named<String>> = public,
    }
}

/// Whether something is created and removed outside this topology: a boolean, or (in old files) its
/// name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct External {
    /// True when it is.
    pub is_external: bool,
    /// Its name, in the old form `external: {name: NAME}`.
    pub name: Option<Spanned<String>>,
}

impl Attribute for External {
    const SEALING: Sealing = Sealing::Public;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        let Value::Map(map) = &node.value else {
            return bool::decode(node, found).map(|is_external| Self { is_external, name: None });
        };
        let name = map.get("name").and_then(|name| Spanned::decode(name, found));
        Some(Self { is_external: true, name })
    }

    fn canonical(&self, _: Form) -> Json {
        if self.is_external { json!(true) } else { Json::Null }
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "anyOf": [
            { "type": ["boolean", "string"] },
            { "type": "object", "properties": { "name": { "type": "string" } }, "additionalProperties": false },
        ] })
    }
}
