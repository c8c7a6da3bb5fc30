//! Specifications of objects to create, with the engine's names, absolute paths and all labels.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::plan::action::{
    Attachment, ContainerSpec, FileContent, FileSpec, ImageSpec, NetworkSpec, OneOff, References, VolumeSpec,
};
use crate::plan::seal::Sealer;
use crate::plan::sealed::{Place, Sealed};
use crate::plan::{OneOffChoices, compose_hash, label};
use crate::source::{Span, Spanned};
use crate::topology::attribute::{Attribute, Form, Named};
use crate::topology::content::{Content, ContentPlace, Contents};
use crate::topology::name::{
    ContainerName, NetworkKey, NetworkName, SecretKey, ServiceName, VolumeKey, VolumeName,
};
use crate::topology::service::container_file::ContainerFileSection;
use crate::topology::service::{
    BuildContext, ContainerFile, Hook, MountKind, Mounts, Namespace, PreStartHook, VolumesFrom,
};
use crate::topology::value::{Command, Flag, Loose};
use crate::topology::{
    Mount, Network, Separator, Service, ServiceNetwork, Topology, Volume, join_path, service_model,
};
use crate::value::image::ImageReference;
use crate::value::security_option::SecurityOption;

/// The image that a service's containers are created from.
pub fn image_name(topology: &Topology, name: &ServiceName, service: &Service) -> ImageReference {
    match &service.image {
        Some(image) => image.value.clone(),
        None => ImageReference::new(format!("{}{}{name}", topology.name, topology.separator.as_str())),
    }
}

/// The platform that a service's image is pulled and built for, and its containers are created for.
pub fn platform(topology: &Topology, service: &Service) -> Option<String> {
    let own = service.platform.as_ref().map(|platform| platform.value.clone());
    own.filter(|own| !own.is_empty()).or_else(|| topology.default_platform.clone())
}

/// The name of a service's container with this number, from 1.
pub fn container_name(
    topology: &Topology,
    name: &ServiceName,
    service: &Service,
    number: u32,
) -> ContainerName {
    match &service.container_name {
        Some(fixed) => ContainerName::new(fixed.value.clone()),
        None => own_container_name(topology, name, number, topology.separator),
    }
}

/// The name of a service's container by a naming convention.
pub fn own_container_name(
    topology: &Topology,
    name: &ServiceName,
    number: u32,
    separator: Separator,
) -> ContainerName {
    let separator = separator.as_str();
    ContainerName::new(format!("{}{separator}{name}{separator}{number}", topology.name))
}

/// The images that a service mounts, by target.
pub fn mounted_images(service: &Service) -> impl Iterator<Item = (&str, ImageReference)> {
    let mounts = service.volumes.0.iter();
    mounts.filter_map(|mount| Some((mount.target.as_str(), mount.image_reference()?.value)))
}

/// The image that is built from a service's build section.
pub fn image(topology: &Topology, name: &ServiceName, service: &Service) -> Option<ImageSpec> {
    let mut build = service.build.as_ref()?.value.clone();
    let secrets = build.secrets.iter().filter_map(|secret| build_secret(topology, secret)).collect();
    for context in build.additional_contexts.0.values_mut() {
        let other = context.value.as_deref().and_then(|context| BuildContext::parse(context).service());
        let service = other.and_then(|other| Some((ServiceName::new(other), topology.service(other)?)));
        if let Some((name, service)) = service {
            context.value = Some(BuildContext::of_image(image_name(topology, &name, service).as_str()));
        }
    }
    Some(ImageSpec {
        service: name.clone(),
        image: image_name(topology, name, service),
        build: sealed(topology, &["services", name.as_str(), Service::build], build),
        secrets,
        platform: platform(topology, service),
        builder: None,
    })
}

/// A secret's id in the build, and its content.
fn build_secret(topology: &Topology, secret: &ContainerFile<SecretKey>) -> Option<(String, FileContent)> {
    let key = &secret.source.value;
    let content = topology.contents.secrets.get(key)?;
    let (id, _) = secret.name();
    Some((id.to_owned(), file_content(topology, ["secrets", key.as_str()], content)))
}

fn file_content(topology: &Topology, place: [&str; 2], content: &Content) -> FileContent {
    match &content.place {
        ContentPlace::File(path) => FileContent::File(path.clone()),
        ContentPlace::Text(text) => FileContent::Text(sealed(topology, &place, text.clone())),
    }
}

/// A network of the topology to create.
pub fn network(topology: &Topology, key: &NetworkKey, network: &Network) -> NetworkSpec {
    let mut labels = BTreeMap::new();
    label::put_network(&mut labels, topology, key);
    let (model, hash) = (network.canonical(Form::Model), compose_hash::network(network));
    label::put_applied::<Network>(&mut labels, topology, ["networks", key.as_str()], &model, hash);
    NetworkSpec {
        name: network_name(key, network),
        network: sealed(topology, &["networks", key.as_str()], network.clone()),
        labels,
    }
}

/// A volume of the topology to create.
pub fn volume(topology: &Topology, key: &VolumeKey, volume: &Volume) -> VolumeSpec {
    let mut labels = BTreeMap::new();
    label::put_volume(&mut labels, topology, key);
    let (model, hash) = (volume.canonical(Form::Model), compose_hash::volume(volume));
    label::put_applied::<Volume>(&mut labels, topology, ["volumes", key.as_str()], &model, hash);
    VolumeSpec {
        name: volume_name(key, volume),
        volume: sealed(topology, &["volumes", key.as_str()], volume.clone()),
        labels,
    }
}

/// A network's name in the engine.
pub fn network_name(key: &NetworkKey, network: &Network) -> NetworkName {
    NetworkName::new(network.name.as_ref().map_or(key.as_str(), |name| name.as_str()))
}

/// The fixed addresses of a place in a network, and where they are written.
pub(super) fn fixed_in(settings: &ServiceNetwork) -> impl Iterator<Item = (IpAddr, Span)> {
    let texts = [&settings.ipv4_address, &settings.ipv6_address].into_iter().flatten();
    texts.filter_map(|text| Some((text.parse().ok()?, text.span)))
}

/// The addresses that services are to have in a network, whether they are brought up or not.
pub(super) fn fixed_addresses(topology: &Topology, network: &NetworkName) -> BTreeSet<IpAddr> {
    let services = topology.services.iter().chain(&topology.inactive);
    let networks = services.flat_map(|(_, service)| service.networks.iter().flat_map(|all| &all.0));
    let is_it = |key: &NetworkKey| {
        topology.networks.get(key).is_some_and(|known| network_name(key, known) == *network)
    };
    networks
        .filter(|(key, _)| is_it(key))
        .flat_map(|(_, settings)| fixed_in(settings))
        .map(|(address, _)| address)
        .collect()
}

/// A volume's name in the engine.
pub fn volume_name(key: &VolumeKey, volume: &Volume) -> VolumeName {
    VolumeName::new(volume.name.as_ref().map_or(key.as_str(), |name| name.as_str()))
}

/// Returns the container of a service for others to share something with.
pub type ContainerLookup<'a> = dyn Fn(&ServiceName) -> Option<ContainerName> + 'a;

/// What the containers of a service have in common.
pub struct ContainerBase {
    /// Their [`container_model`].
    pub model: Json,
    service: Arc<Service>,
}

impl ContainerBase {
    /// What the containers of this service have in common.
    pub fn of(topology: &Topology, service: &Service, container_of: &ContainerLookup<'_>) -> Self {
        Self::with_model(topology, service, container_model(topology, service), container_of)
    }

    fn with_model(
        topology: &Topology,
        service: &Service,
        model: Json,
        container_of: &ContainerLookup<'_>,
    ) -> Self {
        Self { model, service: Arc::new(service_of_container(topology, service, container_of)) }
    }
}

/// A service's container with this number, under its own name.
pub fn container(
    topology: &Topology,
    name: &ServiceName,
    service: &Arc<Service>,
    base: &ContainerBase,
    number: u32,
    container_of: &ContainerLookup<'_>,
) -> ContainerSpec {
    let mut labels = BTreeMap::new();
    label::put_container(&mut labels, topology, name, service, number);
    let place = ["services", name.as_str()];
    // As long as ids are unknown.
    let fingerprint = compose_hash::container(service, |_| None);
    label::put_applied::<Service>(&mut labels, topology, place, &base.model, fingerprint);
    let links = links(topology, service, container_of);
    let container = container_name(topology, name, service, number);
    ContainerSpec {
        service_name: name.clone(),
        service: sealed(topology, &place, Arc::clone(&base.service)),
        image: image_name(topology, name, service),
        networks: attachments(topology, name, service, &container, &links),
        name: container,
        network_mode: service.network_mode.as_ref().map(|mode| namespace(mode, container_of)),
        volumes: volume_names(topology, service),
        files: files(topology, service),
        labels,
        references: references(topology, name, service, container_of),
        links,
        predecessor: None,
        one_off: None,
    }
}

/// Whether a container of `run` gets the fixed addresses of its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addresses {
    /// It does.
    Kept,
    /// They belong to the service's own containers.
    LeftOut,
}

/// A container of `run`. Without the service's names it has none of its addresses either.
pub fn one_off(
    topology: &Topology,
    choices: &OneOffChoices,
    base: &ContainerBase,
    addresses: Addresses,
    container_of: &ContainerLookup<'_>,
) -> ContainerSpec {
    let OneOffChoices { service_name, service, name, slug, has_aliases, one_off, up: _ } = choices;
    let mut spec = container(topology, service_name, service, base, 1, container_of);
    let short = slug.get(..12).unwrap_or(slug);
    let made = || {
        let separator = topology.separator.as_str();
        ContainerName::new([topology.name.as_str(), service_name.as_str(), "run", short].join(separator))
    };
    let service_container = std::mem::replace(&mut spec.name, name.clone().unwrap_or_else(made));
    spec.one_off = Some(*one_off);
    label::make_one_off(&mut spec.labels, slug);
    for attachment in &mut spec.networks {
        attachment.aliases.retain(|alias| *has_aliases && *alias != service_container.as_str());
        attachment.aliases.insert(0, spec.name.to_string());
        if !has_aliases || addresses == Addresses::LeftOut {
            let settings = &mut attachment.settings;
            (settings.ipv4_address, settings.ipv6_address, settings.mac_address) = (None, None, None);
        }
    }
    spec
}

/// A `pre_start` container, which runs before `owner` is first started, and shares its volumes.
pub fn pre_start(
    topology: &Topology,
    (name, service): (&ServiceName, &Arc<Service>),
    (index, hook): (usize, &Spanned<PreStartHook>),
    owner: &ContainerName,
    container_of: &ContainerLookup<'_>,
) -> ContainerSpec {
    let changed = Arc::new(service_of_hook(service, hook, owner));
    let base = ContainerBase::with_model(topology, &changed, Json::Null, container_of);
    let mut spec = container(topology, name, &changed, &base, 1, container_of);
    spec.name = ContainerName::new(format!("{owner}-pre_start-{index}"));
    if let Some(image) = &hook.image {
        spec.image = image.value.clone();
    }
    spec.one_off = Some(OneOff { pre_start: Some(index), ..OneOff::default() });
    label::make_one_off(&mut spec.labels, &format!("pre_start-{index}"));
    for attachment in &mut spec.networks {
        attachment.aliases = vec![spec.name.to_string()];
        let settings = &mut attachment.settings;
        (settings.ipv4_address, settings.ipv6_address, settings.mac_address) = (None, None, None);
    }
    spec
}

/// The current service of the topology that a container was created from. It may have names of the
/// topology where the specification has those of the engine.
pub(super) fn service_of(topology: &Topology, spec: &ContainerSpec) -> Option<Service> {
    let service = &topology.service(spec.service_name.as_str())?.value;
    let Some(index) = spec.one_off.and_then(|one_off| one_off.pre_start) else {
        return Some(Service::clone(service));
    };
    Some(service_of_hook(service, service.pre_start.get(index)?, &spec.name))
}

/// The service of a `pre_start` container, which is not reachable from outside.
fn service_of_hook(service: &Service, hook: &Spanned<PreStartHook>, owner: &ContainerName) -> Service {
    let PreStartHook {
        command,
        image,
        user,
        privileged,
        working_dir,
        environment,
        per_replica: _,
        extensions: _,
    } = &hook.value;
    let mut changed = service.clone();
    let of_service = |own: &Option<String>| own.clone().filter(|_| image.is_none());
    changed.user = user.clone().or(of_service(&service.user));
    changed.working_dir = working_dir.clone().or(of_service(&service.working_dir));
    changed.command = command.clone();
    changed.entrypoint = Command::default();
    changed.privileged = *privileged;
    changed.environment.0.extend(environment.0.clone());
    changed.volumes_from = vec![Spanned::new(VolumesFrom::container(owner.clone(), None), hook.span)];
    changed.volumes = Mounts::default();
    (changed.tty, changed.stdin_open) = (Flag(false), Flag(false));
    (changed.container_name, changed.hostname, changed.mac_address) = (None, None, None);
    (changed.ports, changed.expose, changed.links) =
        (Default::default(), Default::default(), Default::default());
    (changed.labels, changed.healthcheck) = (Default::default(), Default::default());
    changed
}

/// What a container is created from, with the engine's names: when this changes, the container must
/// be recreated.
pub fn container_model(topology: &Topology, service: &Service) -> Json {
    let mut model = service_model(service);
    if let Some(Json::Object(networks)) = model.get_mut(Service::networks) {
        let renamed = std::mem::take(networks).into_iter().map(|(key, settings)| {
            let known = topology.networks.get_key_value(key.as_str());
            (known.map_or(key, |(key, network)| network_name(key, network).to_string()), settings)
        });
        *networks = renamed.collect();
    }
    if !service.volumes.0.is_empty() {
        let names = volume_names(topology, service);
        let mounts =
            service.volumes.0.iter().map(|mount| Spanned::new(with_engine_name(&names, mount), mount.span));
        model[Service::volumes] = Mounts(mounts.collect()).canonical(Form::Model);
    }
    put_fingerprints(&mut model, topology, Service::secrets, &topology.contents.secrets);
    put_fingerprints(&mut model, topology, Service::configs, &topology.contents.configs);
    model
}

/// A changed content of a secret or config requires a new container. The fingerprint alone would
/// reveal a short secret to precomputed tables.
fn put_fingerprints<K: Ord + Borrow<str>>(
    model: &mut Json,
    topology: &Topology,
    section: &str,
    contents: &BTreeMap<K, Content>,
) {
    let Some(Json::Array(files)) = model.get_mut(section) else { return };
    for file in files {
        let Some(source) = file[ContainerFileSection::source].as_str() else { continue };
        let Some(content) = contents.get(source) else { continue };
        let seal = Sealer::new(&topology.name, [section, source]);
        file["content"] = seal.digest(&["content"], &content.fingerprint);
    }
}

/// Secrets are below `/run/secrets`, configs at the root, unless a path is given.
fn files(topology: &Topology, service: &Service) -> Vec<FileSpec> {
    let Contents { secrets, configs } = &topology.contents;
    let secrets = service.secrets.iter().filter_map(|file| {
        let content =
            file_content(topology, ["secrets", file.source.value.as_str()], secrets.get(&file.source.value)?);
        Some(file_spec(file, "/run/secrets", content))
    });
    let configs = service.configs.iter().filter_map(|file| {
        let content =
            file_content(topology, ["configs", file.source.value.as_str()], configs.get(&file.source.value)?);
        Some(file_spec(file, "", content))
    });
    secrets.chain(configs).collect()
}

fn file_spec<K: AsRef<str>>(file: &ContainerFile<K>, folder: &str, content: FileContent) -> FileSpec {
    let ContainerFile { source: _, target: _, uid, gid, mode, extensions: _ } = file;
    let (name, _) = file.name();
    let target = if name.starts_with('/') { name.to_owned() } else { format!("{folder}/{name}") };
    let number = |text: &Option<Loose>| text.as_ref().and_then(|text| text.parse().ok());
    FileSpec { target, content, uid: number(uid), gid: number(gid), mode: mode.map(|mode| mode.0) }
}

/// What a container is created from besides the fields of its specification.
fn service_of_container(
    topology: &Topology,
    service: &Service,
    container_of: &ContainerLookup<'_>,
) -> Service {
    let mut own = Service {
        // The specification has these, with the engine's names.
        configs: Vec::new(),
        container_name: None,
        external_links: Vec::new(),
        image: None,
        links: Vec::new(),
        network_mode: None,
        networks: None,
        secrets: Vec::new(),
        // Other steps apply these, or nothing does.
        attach: None,
        build: None,
        depends_on: Default::default(),
        develop: Default::default(),
        env_file: Default::default(),
        extends: None,
        label_file: Default::default(),
        models: Default::default(),
        post_start: Vec::new(),
        pre_start: Vec::new(),
        pre_stop: Vec::new(),
        profiles: Vec::new(),
        provider: None,
        pull_policy: None,
        pull_refresh_after: None,
        scale: None,
        ..service.clone()
    };
    let at = topology.place_of(&["services"]);
    own.platform = platform(topology, service).map(|platform| Spanned::new(platform, at));
    name_containers(&mut own, container_of);
    // Paths of seccomp profiles are relative to the project directory.
    for option in &mut own.security_opt {
        if let Some(path) = option.seccomp_profile() {
            option.value = SecurityOption::seccomp(join_path(&topology.directory, path));
        }
    }
    own
}

/// Replaces references to services by references to their containers.
fn name_containers(service: &mut Service, container_of: &ContainerLookup<'_>) {
    for mode in [&mut service.ipc, &mut service.pid, &mut service.uts].into_iter().flatten() {
        mode.value = namespace(&mode.value, container_of);
    }
    for from in &mut service.volumes_from {
        if let Some(container) = from.owner().service().and_then(container_of) {
            let access = from.value.access.take().or_else(|| Some("rw".to_owned()));
            from.value = VolumesFrom::container(container, access);
        }
    }
}

fn references(
    topology: &Topology,
    name: &ServiceName,
    service: &Arc<Service>,
    container_of: &ContainerLookup<'_>,
) -> Option<References> {
    let container = |name: &ServiceName| Some((name.clone(), container_of(name)?));
    let containers: BTreeMap<_, _> =
        compose_hash::shared(service).into_iter().filter_map(container).collect();
    (!containers.is_empty()).then(|| References {
        service: sealed(topology, &["services", name.as_str()], Arc::clone(service)),
        containers,
    })
}

/// A service's endpoints in its networks, in the order of connection.
pub fn attachments(
    topology: &Topology,
    name: &ServiceName,
    service: &Service,
    container: &ContainerName,
    links: &[String],
) -> Vec<Attachment> {
    let Some(networks) = &service.networks else { return Vec::new() };
    let attachment = |(key, settings): (&NetworkKey, &Named<Box<ServiceNetwork>>)| {
        let network = topology.networks.get(key)?;
        let mut aliases = vec![container.to_string(), name.to_string()];
        for alias in settings.aliases.iter().filter(|alias| alias.value != name.as_str()) {
            aliases.push(alias.value.clone());
        }
        let (network, links) = (network_name(key, network), links.to_vec());
        let place = ["services", name.as_str(), Service::networks, key.as_str()];
        let settings = sealed(topology, &place, (*settings.value).clone());
        Some(Attachment { network, aliases, links, settings })
    };
    let mut attachments: Vec<Attachment> =
        networks.by_priority().into_iter().filter_map(attachment).collect();
    if let Some(first) = attachments.first_mut() {
        // The service's MAC address is that of its first network.
        first.settings.mac_address = first.settings.mac_address.take().or(service.mac_address.clone());
    }
    attachments
}

/// Links to other containers: `NAME:alias`. A linked service is reachable by its alias, its
/// container's name, and that name without the project's.
pub fn links(topology: &Topology, service: &Service, container_of: &ContainerLookup<'_>) -> Vec<String> {
    let mut links = Vec::new();
    for link in &service.links {
        let Some(container) = container_of(&link.name) else {
            links.push(format!("{}:{}", link.name, link.alias()));
            continue;
        };
        let project = format!("{}{}", topology.name, topology.separator.as_str());
        let short = container.as_str().strip_prefix(&project).unwrap_or(container.as_str());
        links.extend([link.alias(), short, container.as_str()].map(|alias| format!("{container}:{alias}")));
    }
    links.extend(service.external_links.iter().map(|link| format!("{}:{}", link.name, link.alias())));
    links
}

/// Replaces `service:NAME` by a container of that service.
fn namespace(mode: &Namespace, container_of: &ContainerLookup<'_>) -> Namespace {
    let container = mode.service().and_then(container_of);
    container.map_or_else(|| mode.clone(), Namespace::Container)
}

/// The names in the engine of the volumes that a service mounts, by key.
fn volume_names(topology: &Topology, service: &Service) -> BTreeMap<VolumeKey, VolumeName> {
    let keys = service.volumes.0.iter().filter_map(|mount| Some(mount.volume_key()?.value));
    let named = |key: VolumeKey| Some((key.clone(), volume_name(&key, topology.volumes.get(&key)?)));
    keys.filter_map(named).collect()
}

/// A mount with the name of its volume in the engine.
pub(super) fn with_engine_name(volumes: &BTreeMap<VolumeKey, VolumeName>, mount: &Mount) -> Mount {
    let mut mount = mount.clone();
    if mount.kind == MountKind::Volume
        && let Some(source) = &mut mount.source
        && let Some(volume) = volumes.get(source.as_str())
    {
        source.value = volume.to_string();
    }
    mount
}

/// A part of the topology at a place, for a step.
fn sealed<T>(topology: &Topology, place: &[&str], value: impl Into<Arc<T>>) -> Sealed<T> {
    Sealed::new(Place::of(&topology.name, place), value)
}

/// The hooks that a service runs in its containers once they are running.
pub fn post_start(topology: &Topology, name: &ServiceName, service: &Service) -> Vec<Sealed<Hook>> {
    hooks(topology, [name.as_str(), Service::post_start], &service.post_start)
}

/// The hooks that a service runs in its containers before they are stopped.
pub fn pre_stop(topology: &Topology, name: &ServiceName, service: &Service) -> Vec<Sealed<Hook>> {
    hooks(topology, [name.as_str(), Service::pre_stop], &service.pre_stop)
}

fn hooks(topology: &Topology, [name, attribute]: [&str; 2], hooks: &[Spanned<Hook>]) -> Vec<Sealed<Hook>> {
    let hook = |(index, hook): (usize, &Spanned<Hook>)| {
        sealed(topology, &["services", name, attribute, &index.to_string()], hook.value.clone())
    };
    hooks.iter().enumerate().map(hook).collect()
}
