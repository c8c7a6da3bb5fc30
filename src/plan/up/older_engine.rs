//! In: services to bring up, and the engine's API version. Out: an error for each attribute that
//! needs a newer one, before anything is created. Must not: know how an attribute is applied.
//!
//! Docker Engine API, "API version history": an older engine ignores unknown attributes.

use std::collections::BTreeSet;

use super::Context;
use crate::diagnostic::{Diagnostics, code};
use crate::plan::observed::ApiVersion;
use crate::source::Span;
use crate::topology::attribute::Named;
use crate::topology::name::ServiceName;
use crate::topology::service::mount::{BindOptions, MountKind, VolumeOptions};
use crate::topology::service::{Mount, ServiceNetwork};
use crate::topology::{Service, Topology};

/// Reports attributes that the engine is too old for. With an unknown version, everything is
/// accepted.
pub(super) fn check<'a>(
    context: Context<'a>,
    services: impl Iterator<Item = (&'a ServiceName, &'a Service)>,
    found: &mut Diagnostics,
) {
    let Some(api) = context.observed.api else { return };
    let mut networks = BTreeSet::new();
    for (name, service) in services {
        let needs = needs(context.topology, name, service);
        needs.iter().for_each(|need| need.check(api, found));
        networks.extend(service.networks.iter().flat_map(|networks| networks.0.keys()));
    }
    for key in networks {
        let network = context.topology.networks.get(key).filter(|network| !network.external.is_external);
        if network.is_some_and(|network| network.enable_ipv4 == Some(false)) {
            let at = context.topology.place_of(&["networks", key.as_str(), "enable_ipv4"]);
            Need::new("enable_ipv4: false", 47, at).check(api, found);
        }
    }
}

/// An attribute, and the API version 1.`minor` that introduced it.
struct Need {
    attribute: String,
    minor: u32,
    at: Span,
}

impl Need {
    fn new(attribute: impl Into<String>, minor: u32, at: Span) -> Self {
        Self { attribute: attribute.into(), minor, at }
    }

    fn check(&self, api: ApiVersion, found: &mut Diagnostics) {
        let Self { attribute, minor, at } = self;
        if api.minor >= *minor {
            return;
        }
        let engine = release(*minor);
        found
            .error(code::NEWER_ENGINE, format!("`{attribute}` needs API 1.{minor} (Docker Engine {engine})"))
            .label(*at, format!("this engine speaks API {api}"))
            .help("upgrade the engine, or leave this out");
    }
}

fn needs(topology: &Topology, name: &ServiceName, service: &Service) -> Vec<Need> {
    let mut needs = Vec::new();
    if !service.annotations.0.is_empty() {
        let at = topology.place_of(&["services", name.as_str(), "annotations"]);
        needs.push(Need::new("annotations", 43, at));
    }
    let healthcheck = service.healthcheck.as_ref().filter(|healthcheck| !healthcheck.is_disabled());
    let start_interval = healthcheck.and_then(|healthcheck| healthcheck.start_interval.as_ref());
    needs.extend(start_interval.map(|given| Need::new("healthcheck.start_interval", 44, given.span)));
    needs.extend(service.volumes.0.iter().filter_map(|mount| of_mount(mount, mount.span)));
    let networks = service.networks.iter().flat_map(|networks| networks.by_priority()).enumerate();
    needs.extend(networks.flat_map(|(place, (_, network))| of_network(place, network)));
    needs
}

fn of_mount(mount: &Mount, at: Span) -> Option<Need> {
    if mount.kind == MountKind::Image {
        return Some(Need::new("type: image", 48, at));
    }
    let subpath =
        |volume: &VolumeOptions| volume.subpath.as_ref().map(|_| Need::new("volume.subpath", 45, at));
    let recursive = |bind: &BindOptions| {
        let word = bind.recursive.as_deref().filter(|word| matches!(*word, "writable" | "readonly"))?;
        Some(Need::new(format!("bind.recursive: {word}"), 44, at))
    };
    mount.volume.as_ref().and_then(subpath).or_else(|| mount.bind.as_ref().and_then(recursive))
}

/// The MAC address on the first network is that of the container, which older engines support.
fn of_network(place: usize, network: &Named<Box<ServiceNetwork>>) -> Vec<Need> {
    let mac_address = network.mac_address.as_ref().filter(|_| place > 0);
    let mac_address = mac_address.map(|given| Need::new("mac_address", 44, given.span));
    let gw_priority = network.gw_priority.as_ref().map(|given| Need::new("gw_priority", 48, given.span));
    let interface = network.interface_name.as_ref().map(|given| Need::new("interface_name", 49, given.span));
    [mac_address, gw_priority, interface].into_iter().flatten().collect()
}

/// The first release of the engine with API 1.`minor`.
fn release(minor: u32) -> &'static str {
    match minor {
        ..=41 => "20.10",
        42 => "23.0",
        43 => "24.0",
        44 => "25.0",
        45 => "26.0",
        46 => "27.0",
        47 => "27.2",
        48 => "28.0",
        49 => "28.1",
        50 => "28.2",
        51 => "28.3",
        _ => "29.0",
    }
}
