//! In: a topology. Out: its picture, drawn or as text for a drawing program: services and the
//! profiles that they need, what they wait for, networks, published ports, volumes, host paths,
//! secrets and configs. Must not: know an engine.

mod dot;
mod host_path;
mod mermaid;
mod ports;
mod svg;
mod words;

use std::collections::BTreeSet;

pub use dot::dot;
pub use mermaid::mermaid;
pub use svg::svg;
pub use words::Language;

use crate::topology::name::ServiceName;
use crate::topology::service::{DependencyCondition, MountKind, Port};
use crate::topology::{Service, Topology};
use words::Words;

/// Options of a picture.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// The language of labels and legend.
    pub language: Language,
    /// The direction of the picture. Without one, SVG uses what fits on a page, and the other
    /// formats go to the right.
    pub direction: Option<Direction>,
}

/// The direction of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// What is needed is to the right of what needs it.
    Right,
    /// What is needed is below what needs it.
    Down,
}

/// The content of a picture, apart from its layout.
struct Picture<'a> {
    title: &'a str,
    words: &'static Words,
    services: Vec<Box<'a>>,
    networks: Vec<&'a str>,
    volumes: Vec<&'a str>,
    /// Published ports: the address on the host, and the service behind it.
    ports: Vec<(String, &'a ServiceName)>,
    /// Which service waits for which, and for what.
    waits: Vec<(&'a ServiceName, &'a ServiceName, DependencyCondition)>,
    /// Which service is attached to which network.
    attachments: Vec<(&'a ServiceName, &'a str)>,
    /// Which service mounts which volume, and where.
    mounts: Vec<(&'a ServiceName, &'a str, &'a str)>,
    files: Vec<SeenFile<'a>>,
}

/// A file or directory that a service mounts and that is not in a volume.
struct SeenFile<'a> {
    service: &'a ServiceName,
    kind: FileKind,
    /// The path on the host, or the key in the topology.
    name: String,
    /// Where it is mounted, if the name does not say so.
    target: Option<&'a str>,
}

/// Where a file comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum FileKind {
    /// A path of the host.
    Path,
    Secret,
    Config,
}

/// A service.
struct Box<'a> {
    name: &'a ServiceName,
    /// The image, what it is built from, or its provider.
    source: String,
    replicas: u32,
    /// If there are any, it starts only with one of these.
    profiles: Vec<&'a str>,
}

impl<'a> Picture<'a> {
    fn new(topology: &'a Topology, language: Language) -> Self {
        let mut picture = Picture {
            title: topology.name.as_str(),
            words: language.words(),
            services: Vec::new(),
            networks: Vec::new(),
            volumes: Vec::new(),
            ports: Vec::new(),
            waits: Vec::new(),
            attachments: Vec::new(),
            mounts: Vec::new(),
            files: Vec::new(),
        };
        for (name, service) in &topology.services {
            picture.add(name, service, topology);
        }
        let networks: BTreeSet<&str> = picture.attachments.iter().map(|(_, network)| *network).collect();
        let volumes: BTreeSet<&str> = picture.mounts.iter().map(|(_, volume, _)| *volume).collect();
        picture.networks = networks.into_iter().collect();
        picture.volumes = volumes.into_iter().collect();
        picture
    }

    fn add(&mut self, name: &'a ServiceName, service: &'a Service, topology: &'a Topology) {
        let profiles = service.profiles.iter().map(|profile| profile.as_str()).collect();
        self.services.push(Box {
            name,
            source: self.source(service),
            replicas: service.replicas(),
            profiles,
        });
        for (needed, dependency) in &service.depends_on.0 {
            if let Some((needed, _)) = topology.services.get_key_value(needed) {
                self.waits.push((name, needed, dependency.condition));
            }
        }
        let networks = service.networks.iter().flat_map(|networks| networks.0.keys());
        self.attachments.extend(networks.map(|network| (name, network.as_str())));
        for mount in &service.volumes.0 {
            let Some(source) = &mount.source else { continue };
            match mount.kind {
                MountKind::Volume => self.mounts.push((name, source, &mount.target)),
                MountKind::Bind => {
                    let path = host_path::shown(source, &topology.directory);
                    self.add_file(name, FileKind::Path, path, Some(&mount.target));
                }
                MountKind::Tmpfs | MountKind::Cluster | MountKind::Npipe | MountKind::Image => {}
            }
        }
        for secret in &service.secrets {
            self.add_file(name, FileKind::Secret, secret.source.value.to_string(), None);
        }
        for config in &service.configs {
            self.add_file(name, FileKind::Config, config.source.value.to_string(), None);
        }
        let ports: Vec<&Port> = service.ports.0.iter().map(|port| &port.value).collect();
        let ports = ports::words(&ports, self.words.any_port);
        self.ports.extend(ports.into_iter().map(|port| (port, name)));
    }

    fn add_file(&mut self, service: &'a ServiceName, kind: FileKind, name: String, target: Option<&'a str>) {
        self.files.push(SeenFile { service, kind, name, target });
    }

    /// Files by kind and name, without duplicates.
    fn different_files(&self) -> BTreeSet<(FileKind, &str)> {
        self.files.iter().map(|file| (file.kind, file.name.as_str())).collect()
    }

    fn source(&self, service: &Service) -> String {
        if let Some(kind) = service.provider.as_ref().and_then(|provider| provider.kind.as_ref()) {
            return format!("{} {}", self.words.provider, kind.value);
        }
        let image = service.image.as_ref().map(|image| image.value.to_string());
        image.unwrap_or_else(|| self.words.built_here.to_owned())
    }
}

impl FileKind {
    /// The prefix of an id.
    fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Secret => "secret",
            Self::Config => "config",
        }
    }
}
