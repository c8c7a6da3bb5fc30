//! In: a container's networks, in the engine's words. Out: its place in each of them.
//! Must not: give what the engine chose by itself.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::plan::observed::ObservedEndpoint;
use crate::topology::name::NetworkName;

/// `NetworkSettings`, as far as it is needed.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct InspectedNetworks {
    networks: Option<BTreeMap<String, Option<InspectedEndpoint>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct InspectedEndpoint {
    #[serde(rename = "IPAMConfig")]
    address: Option<InspectedAddress>,
    aliases: Option<Vec<String>>,
    links: Option<Vec<String>>,
    mac_address: String,
    driver_opts: Option<BTreeMap<String, String>>,
    gw_priority: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct InspectedAddress {
    #[serde(rename = "IPv4Address")]
    ipv4: String,
    #[serde(rename = "IPv6Address")]
    ipv6: String,
    #[serde(rename = "LinkLocalIPs")]
    link_local: Option<Vec<String>>,
}

impl InspectedNetworks {
    /// The places of the container with this id.
    pub(super) fn endpoints(&self, id: &str) -> BTreeMap<NetworkName, ObservedEndpoint> {
        let networks = self.networks.iter().flatten();
        let nothing = InspectedEndpoint::default();
        let endpoint =
            |endpoint: &Option<InspectedEndpoint>| endpoint.as_ref().unwrap_or(&nothing).observed(id);
        networks.map(|(name, found)| (NetworkName::from(name.as_str()), endpoint(found))).collect()
    }
}

impl InspectedEndpoint {
    fn observed(&self, id: &str) -> ObservedEndpoint {
        let Self { address, aliases, links, mac_address, driver_opts, gw_priority } = self;
        let nothing = InspectedAddress::default();
        let InspectedAddress { ipv4, ipv6, link_local } = address.as_ref().unwrap_or(&nothing);
        let said = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        // Before API 1.45 the beginning of its id is among them.
        let is_id = |alias: &str| alias.len() >= 12 && id.starts_with(alias);
        ObservedEndpoint {
            aliases: aliases.iter().flatten().filter(|alias| !is_id(alias)).cloned().collect(),
            links: links.iter().flatten().cloned().collect(),
            ipv4_address: said(ipv4),
            ipv6_address: said(ipv6),
            link_local_ips: link_local.iter().flatten().cloned().collect(),
            mac_address: said(mac_address),
            driver_opts: driver_opts.clone().unwrap_or_default(),
            gw_priority: *gw_priority,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_told_apart_from_what_the_engine_adds() {
        let text = r#"{"Networks": {
            "shop_front": {"IPAMConfig": {"IPv4Address": "10.9.0.7"}, "Aliases": ["web", "0123456789ab"],
                           "Links": ["shop-db-1:db"], "MacAddress": "02:42:0a:09:00:07", "IPAddress": "10.9.0.7",
                           "DriverOpts": null, "GwPriority": 5},
            "shop_back": {"IPAMConfig": null, "Aliases": null, "Links": null}, "shop_none": null}}"#;
        let networks: InspectedNetworks = serde_json::from_str(text).unwrap();
        let endpoints = networks.endpoints("0123456789abcdef");
        let front = ObservedEndpoint {
            aliases: ["web".to_owned()].into(),
            links: ["shop-db-1:db".to_owned()].into(),
            ipv4_address: Some("10.9.0.7".to_owned()),
            mac_address: Some("02:42:0a:09:00:07".to_owned()),
            gw_priority: 5,
            ..ObservedEndpoint::default()
        };
        assert_eq!(endpoints[&NetworkName::from("shop_front")], front);
        assert_eq!(endpoints[&NetworkName::from("shop_back")], ObservedEndpoint::default());
        assert_eq!(endpoints.len(), 3);
    }
}
