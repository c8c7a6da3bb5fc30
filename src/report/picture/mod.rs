//! In: a topology. Out: its picture, drawn or as text for a drawing program: services, what they wait for,
//! networks, volumes and published ports.
//! Must not: know an engine.

mod dot;
mod mermaid;
mod ports;
mod svg;

use std::collections::BTreeSet;

pub use dot::dot;
pub use mermaid::mermaid;
pub use svg::svg;

use crate::topology::Topology;
use crate::topology::name::ServiceName;
use crate::topology::service::{DependencyCondition, MountKind, Port};

/// What is drawn, apart from how.
struct Picture<'a> {
    title: &'a str,
    services: Vec<Box<'a>>,
    networks: Vec<&'a str>,
    volumes: Vec<&'a str>,
    /// Published ports: what the host sees, and the service behind it.
    ports: Vec<(String, &'a ServiceName)>,
    /// Who waits for whom, and for what.
    waits: Vec<(&'a ServiceName, &'a ServiceName, DependencyCondition)>,
    /// Which service is attached to which network.
    attachments: Vec<(&'a ServiceName, &'a str)>,
    /// Which service sees which volume, and where.
    mounts: Vec<(&'a ServiceName, &'a str, &'a str)>,
}

/// A service.
struct Box<'a> {
    name: &'a ServiceName,
    /// The image, or what it is built from.
    source: String,
    replicas: u32,
}

impl<'a> Picture<'a> {
    fn of(topology: &'a Topology) -> Self {
        let mut picture = Picture {
            title: topology.name.as_str(),
            services: Vec::new(),
            networks: Vec::new(),
            volumes: Vec::new(),
            ports: Vec::new(),
            waits: Vec::new(),
            attachments: Vec::new(),
            mounts: Vec::new(),
        };
        let mut networks = BTreeSet::new();
        let mut volumes = BTreeSet::new();
        for (name, service) in &topology.services {
            let image = service.image.as_ref().map(|image| image.value.clone());
            let source = image.unwrap_or_else(|| "built here".to_owned());
            picture.services.push(Box { name, source, replicas: service.replicas() });
            for (needed, dependency) in &service.depends_on.0 {
                if topology.services.contains_key(needed) {
                    picture.waits.push((name, needed, dependency.condition));
                }
            }
            for key in service.networks.iter().flat_map(|networks| networks.0.keys()) {
                networks.insert(key.as_str());
                picture.attachments.push((name, key));
            }
            for mount in service.volumes.0.iter().filter(|mount| mount.kind == MountKind::Volume) {
                if let Some(source) = &mount.source {
                    volumes.insert(source.as_str());
                    picture.mounts.push((name, source, &mount.target));
                }
            }
            let ports: Vec<&Port> = service.ports.0.iter().map(|port| &port.value).collect();
            picture.ports.extend(ports::words(&ports).into_iter().map(|port| (port, name)));
        }
        picture.networks = networks.into_iter().collect();
        picture.volumes = volumes.into_iter().collect();
        picture
    }
}

fn word(condition: DependencyCondition) -> &'static str {
    match condition {
        DependencyCondition::Started => "started",
        DependencyCondition::Healthy => "healthy",
        DependencyCondition::Completed => "completed",
    }
}
