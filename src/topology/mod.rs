//! In: the spanned tree. Out: a checked topology. Must not: read files itself (the source stage
//! reads env files), or know an engine.

pub mod attribute;
pub mod base_image;
mod canonical;
mod canonical_yaml;
mod certain_name;
mod consistency;
pub mod content;
mod environment;
pub mod file;
mod include;
mod indentation;
mod load;
pub mod model;
pub mod network;
mod normal;
pub mod origin;
mod partial;
mod paths;
pub mod platform;
mod profile;
mod project_name;
pub mod provenance;
mod read;
mod redaction;
mod reference;
mod seccomp;
pub mod secrecy;
pub mod service;
mod tree;
mod uninterpolated;
pub mod value;
pub mod volume;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use crate::diagnostic::Diagnostics;
use crate::document::{Document, Filled, Node, Unparsed};
use crate::source::{Environment, FileSystem, Sources, Span, Spanned};
pub use crate::value::name;
pub use attribute::Form;
use attribute::{Extensions, Named, Shape, record};
pub use canonical::{Resources, canonical_service, escape_variables, schema, service_model};
pub use canonical_yaml::to_yaml;
pub use certain_name::{is_name_filled_in, name_in};
use file::{Config, Secret};
pub use load::{load, load_with};
use model::Model;
use name::{ConfigKey, ContainerName, ModelKey, NetworkKey, ProjectName, SecretKey, ServiceName, VolumeKey};
pub use network::Network;
pub use paths::join as join_path;
use project_name::project_name;
pub use project_name::{is_project_name, project_name_like};
use read::read;
pub use redaction::Redactor;
pub use service::{Build, Mount, Service, ServiceNetwork};
use service::{NamespaceKind, Owner, ShareKind};
use tree::Tree;
pub use uninterpolated::uninterpolated;
use value::Integer;
pub use volume::Volume;

record! {
    /// A topology: services, and the networks, volumes, configs and secrets that they use.
    ///
    /// Compose Specification, top-level elements.
    pub struct Sections {
        /// Ignored: the Compose Specification has no versions.
        version: Option<attribute::Ignored> = long,
        /// The project's name. The directory's name when absent.
        name: Option<crate::source::Spanned<String>> = also(&["project", "project_name"]),
        /// Other topologies that are part of this one.
        include: Option<include::Include> = long,
        /// The services, by name.
        services: BTreeMap<ServiceName, Named<Box<Service>>> = also(&["service", "container", "containers"]) form("write each service as a key:\n\nservices:\n  web:\n    image: nginx") shape(Shape::Services),
        /// AI models, by name.
        models: BTreeMap<ModelKey, Named<Model>> = form("write each model as a key:\n\nmodels:\n  llm:\n    model: ai/smollm2"),
        /// Networks, by name.
        networks: BTreeMap<NetworkKey, Named<Network>> = also(&["network"]) form("write each network as a key:\n\nnetworks:\n  front:") shape(Shape::Resources),
        /// Volumes, by name.
        volumes: BTreeMap<VolumeKey, Named<Volume>> = also(&["volume"]) form("write each volume as a key:\n\nvolumes:\n  data:") shape(Shape::Resources),
        /// Secrets, by name.
        secrets: BTreeMap<SecretKey, Named<Secret>> = also(&["secret"]) form("write each secret as a key:\n\nsecrets:\n  password:\n    file: ./password.txt") shape(Shape::Contents),
        /// Configs, by name.
        configs: BTreeMap<ConfigKey, Named<Config>> = also(&["config"]) form("write each config as a key:\n\nconfigs:\n  settings:\n    file: ./settings.conf") shape(Shape::Contents),
    }
}

/// A topology that was read, completed and checked.
#[derive(Clone, Debug)]
pub struct Topology {
    /// The project's name, which keeps its objects apart from others on the same engine.
    pub name: ProjectName,
    /// Services with an active profile, or with none.
    pub services: BTreeMap<ServiceName, Named<Arc<Service>>>,
    /// Services whose profiles are inactive.
    pub inactive: BTreeMap<ServiceName, Named<Arc<Service>>>,
    /// Networks by their keys; each has its name.
    pub networks: BTreeMap<NetworkKey, Named<Network>>,
    /// Volumes by their keys; each has its name.
    pub volumes: BTreeMap<VolumeKey, Named<Volume>>,
    /// Secrets by their keys.
    pub secrets: BTreeMap<SecretKey, Named<Secret>>,
    /// Configs by their keys.
    pub configs: BTreeMap<ConfigKey, Named<Config>>,
    /// AI models by their keys.
    pub models: BTreeMap<ModelKey, Named<Model>>,
    /// The contents of secrets and configs.
    pub contents: content::Contents,
    /// Which service's image is built on which other's, by their Dockerfiles.
    pub bases: base_image::Bases,
    /// The caller's platform for services that set none. It is not compared with existing
    /// containers, since it may differ between callers.
    pub default_platform: Option<String>,
    /// The separator in names of containers and images.
    pub separator: Separator,
    /// Extensions (`x-...`).
    pub extensions: Extensions,
    /// The project directory.
    pub directory: PathBuf,
    /// The files that it was read from, as given.
    pub files: Vec<PathBuf>,
    /// What they, and the files that it names, are read from.
    pub file_system: FileSystem,
    /// Where services name what they extend, by service.
    pub extends: HashMap<String, Span>,
    /// The tree that it was read from, which knows where each value was written.
    tree: Tree,
    /// Where the engine is that will run it.
    pub host: Host,
    /// Which of its texts contain the value of a variable.
    filled: Arc<Filled>,
    /// The stages that were run on it.
    stages: Stages,
    /// Where env files of services set variables, by their names.
    pub set_by_env_files: BTreeMap<String, Span>,
    /// The parts that could not be read.
    unparsed: Unparsed,
}

/// What the caller decides about a topology.
#[derive(Clone, Debug, Default)]
pub struct ResolveChoices {
    /// The project's name, if given by the caller.
    pub name: Option<String>,
    /// The name when neither the caller nor the topology gives one: the directory's.
    pub default_name: String,
    /// Profiles that are active; `*` means all.
    pub profiles: BTreeSet<String>,
    /// Services named by the caller, which activates their profiles.
    pub targets: Vec<ServiceName>,
    /// The project directory.
    pub directory: PathBuf,
    /// The files that are merged, as given.
    pub files: Vec<PathBuf>,
    /// The platform of services that set none: DOCKER_DEFAULT_PLATFORM.
    pub platform: Option<String>,
    /// The separator in names of containers and images.
    pub separator: Separator,
    /// The stages to run.
    pub stages: Stages,
    /// Where the engine is that will run it.
    pub host: Host,
}

/// Where the engine is, and so what may be assumed about its machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Host {
    /// On this machine, so that its devices can be checked.
    #[default]
    This,
    /// Elsewhere, perhaps on another system.
    Other,
}

/// The separator in the names of a project's containers and images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Separator {
    /// `shop-web-1`.
    #[default]
    Hyphen,
    /// `shop_web_1`: with COMPOSE_COMPATIBILITY, and in Docker Compose v1.
    Underscore,
}

impl Separator {
    /// The character.
    pub fn as_str(self) -> &'static str {
        match self {
            Separator::Hyphen => "-",
            Separator::Underscore => "_",
        }
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Separator::Hyphen => Separator::Underscore,
            Separator::Underscore => Separator::Hyphen,
        }
    }
}

/// The stages of [`resolve`] after reading; `topo config` can skip each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stages {
    /// Relative paths become absolute.
    pub paths: bool,
    /// Defaults are added: default network, implied dependencies, names.
    pub defaults: bool,
    /// Env files become part of `environment`, label files of `labels`.
    pub env_files: bool,
    /// The contents of secrets and configs are read.
    pub contents: bool,
    /// References and rules that involve several attributes are checked.
    pub consistency: bool,
}

impl Default for Stages {
    fn default() -> Self {
        Self { paths: true, defaults: true, env_files: true, contents: true, consistency: true }
    }
}

/// Reads, completes and checks a topology.
///
/// Even with errors in `found`, whatever could be read is returned, so that rules can find more.
/// `None` is returned only when the rest of a file after some place is unknown.
pub fn resolve(
    document: &Document,
    environment: &Environment,
    choices: &ResolveChoices,
    sources: &mut Sources,
    found: &mut Diagnostics,
) -> Option<Topology> {
    let (mut sections, root) = read(document, found);
    let name = project_name(&sections, choices, document, found);
    if document.unparsed.rest {
        return None;
    }
    let stages = choices.stages;
    complete(&mut sections, &name, document, environment, choices);
    let (mut active, inactive) = profile::split(std::mem::take(&mut sections.services), choices);
    let set_by_env_files = match stages.env_files {
        true => environment::resolve(&mut active, document, environment, sources, found),
        false => BTreeMap::new(),
    };
    if stages.contents {
        seccomp::check(&active, &choices.directory, sources.file_system(), found);
    }
    let contents = match stages.contents {
        true => content::resolve(&sections, &active, document, environment, sources.file_system(), found),
        false => content::Contents::default(),
    };
    let Sections { networks, volumes, secrets, configs, models, extensions, .. } = sections;
    let (services, inactive) = (share(active), share(inactive));
    let all = services.iter().chain(&inactive).map(|(name, service)| (name, &*service.value));
    let bases = base_image::find(&name, all, sources.file_system());
    let topology = Topology {
        name,
        services,
        inactive,
        networks,
        volumes,
        secrets,
        configs,
        models,
        contents,
        bases,
        default_platform: choices.platform.clone().filter(|platform| !platform.is_empty()),
        separator: choices.separator,
        extensions,
        directory: choices.directory.clone(),
        files: choices.files.clone(),
        file_system: sources.file_system().clone(),
        extends: document.extends.clone(),
        tree: Tree::new(root),
        host: choices.host,
        filled: Arc::clone(document.filled()),
        stages,
        set_by_env_files,
        unparsed: document.unparsed.clone(),
    };
    if stages.consistency {
        topology.keep_certain(found, |found| {
            reference::check(&topology, found);
            consistency::check(&topology, found);
        });
    }
    Some(topology)
}

/// Makes paths absolute, unifies alternative forms, and adds defaults.
fn complete(
    sections: &mut Sections,
    name: &ProjectName,
    document: &Document,
    environment: &Environment,
    choices: &ResolveChoices,
) {
    paths::fill_in_contexts(sections);
    if choices.stages.paths {
        paths::resolve(sections, document, environment);
    }
    normal::unify(sections);
    if choices.stages.defaults {
        normal::complete(sections, name, environment);
    }
}

fn share(services: BTreeMap<ServiceName, Named<Box<Service>>>) -> BTreeMap<ServiceName, Named<Arc<Service>>> {
    let shared = |(name, service): (ServiceName, Named<Box<Service>>)| {
        let Named { value, key, span, is_given } = service;
        (name, Named { value: Arc::from(value), key, span, is_given })
    };
    services.into_iter().map(shared).collect()
}

impl Topology {
    /// Where a value was written: the span of the node at a path, or of the nearest one above it.
    pub fn place_of(&self, path: &[&str]) -> Span {
        self.tree.nearest(path).0.span
    }

    fn root(&self) -> &Node {
        self.tree.nearest(&[]).0
    }

    /// The node at a path, if there is one.
    pub fn node_at(&self, path: &[&str]) -> Option<&Node> {
        let (node, depth) = self.tree.nearest(path);
        (depth == path.len()).then_some(node)
    }

    /// Removes every service but these and their dependencies.
    pub fn keep_only(&mut self, chosen: &[ServiceName]) {
        let mut kept = BTreeSet::new();
        let mut next: Vec<ServiceName> = chosen.to_vec();
        while let Some(name) = next.pop() {
            if let Some(service) = self.services.get(&name).filter(|_| !kept.contains(&name)) {
                next.extend(service.depends_on.0.keys().cloned());
                kept.insert(name);
            }
        }
        self.services.retain(|name, _| kept.contains(name));
    }

    /// Treats services as if their profiles were inactive: they are not started, and what depends
    /// on them does without. Their containers are not orphans.
    pub fn deactivate(&mut self, services: &[ServiceName]) {
        for name in services {
            if let Some((name, service)) = self.services.remove_entry(name) {
                self.inactive.insert(name, service);
            }
        }
    }

    /// Removes dependencies on services that are not active.
    pub fn forget_inactive_dependencies(&mut self) {
        let active: BTreeSet<ServiceName> = self.services.keys().cloned().collect();
        for service in self.services.values_mut() {
            if service.depends_on.0.keys().any(|needed| !active.contains(needed)) {
                Arc::make_mut(&mut service.value).depends_on.0.retain(|needed, _| active.contains(needed));
            }
        }
    }

    /// The topology with these numbers of containers in place of its own.
    pub fn scaled(&self, scale: &BTreeMap<ServiceName, u32>) -> Self {
        let mut scaled = self.clone();
        for (name, count) in scale {
            let Some(service) = scaled.services.get_mut(name) else { continue };
            let at = service.key;
            let wanted = Arc::make_mut(&mut service.value).scale.get_or_insert(Spanned::new(Integer(0), at));
            wanted.value = Integer((*count).into());
        }
        scaled
    }

    /// The profiles of all services, sorted.
    pub fn profiles(&self) -> BTreeSet<&str> {
        let services = self.services.values().chain(self.inactive.values());
        services.flat_map(|service| service.profiles.iter().map(|profile| profile.as_str())).collect()
    }

    /// The active service whose first container has this name.
    pub fn owner_of(&self, container: &ContainerName) -> Option<&ServiceName> {
        let derived = container
            .as_str()
            .strip_prefix(&format!("{}-", self.name))
            .and_then(|rest| rest.strip_suffix("-1"));
        let by_default = derived.and_then(|name| self.services.get_key_value(name));
        let by_default = by_default.filter(|(_, service)| service.container_name.is_none());
        let is_named = |service: &Service| {
            service.container_name.as_ref().is_some_and(|name| name.as_str() == container.as_str())
        };
        let named = || self.services.iter().find(|(_, service)| is_named(service));
        by_default.or_else(named).map(|(name, _)| name)
    }

    /// The services whose network, IPC, PID or UTS namespaces a service shares, and which
    /// namespaces: they are lost when those services' containers stop. `container:NAME` counts if
    /// the container is a service's.
    pub fn namespaces_of<'a>(
        &'a self,
        service: &'a Service,
    ) -> impl Iterator<Item = (ServiceName, NamespaceKind)> + use<'a> {
        service.shares().filter_map(|share| {
            let ShareKind::Namespace(kind) = share.kind else { return None };
            let owner = match share.owner {
                Owner::Service(name) => name.clone(),
                Owner::Container(name) => self.owner_of(name)?.clone(),
            };
            Some((owner, kind))
        })
    }

    /// A service, active or not.
    pub fn service(&self, name: &str) -> Option<&Named<Arc<Service>>> {
        self.services.get(name).or_else(|| self.inactive.get(name))
    }
}
