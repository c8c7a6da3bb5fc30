//! Attributes that exclude, require or must agree with each other, within one service or resource.
//!
//! Compose Specification; the rules of Docker Compose's loader.

use crate::diagnostic::{Diagnostics, code};
use crate::document::Value;
use crate::source::{Span, Spanned};
use crate::topology::Topology;
use crate::topology::name::{ServiceName, VolumeKey};
use crate::topology::network::External;
use crate::topology::platform::Platform;
use crate::topology::service::build::{Attestation, BuildSection};
use crate::topology::service::develop::{WatchAction, WatchRule};
use crate::topology::service::device::DeviceRequest;
use crate::topology::service::{BuildContext, Deploy, Service};

/// Checks every active service, and every network, volume, secret and config.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, service) in &topology.services {
        if let Some(build) = &service.build {
            check_dockerfile(name, build, found);
            check_platform(topology, service, build, found);
            check_contexts(topology, build, found);
            check_attestations(topology, name, build, found);
        }
        if let Some(deploy) = service.deploy.as_ref() {
            check_deploy(service, deploy, found);
        }
        check_watch(topology, name, service, found);
        service.gpus.0.iter().for_each(|request| check_devices(request, found));
    }
    check_resources(topology, found);
}

fn check_dockerfile(name: &ServiceName, build: &BuildSection, found: &mut Diagnostics) {
    let (Some(file), Some(inline)) = (&build.dockerfile, &build.dockerfile_inline) else { return };
    found
        .error(code::CONFLICT, format!("service `{name}` has two Dockerfiles"))
        .label(inline.span, "the text of one")
        .label(file.span, "the name of another")
        .help("keep `dockerfile` or `dockerfile_inline`");
}

fn check_platform(topology: &Topology, service: &Service, build: &BuildSection, found: &mut Diagnostics) {
    let Some(first) = build.platforms.first() else { return };
    let Some(platform) = &service.platform else {
        return check_default_platform(topology, build, first.span, found);
    };
    if !is_built_for(build, platform) {
        found
            .error(code::CONFLICT, format!("the image is not built for `{}`", platform.value))
            .label(platform.span, "what the service runs on")
            .label(first.span, "what the image is built for")
            .help(format!("add `{}` to `build.platforms`", platform.value));
    }
}

fn is_built_for(build: &BuildSection, platform: &str) -> bool {
    let asked = Platform::parse(platform);
    build.platforms.iter().any(|built| Platform::parse(built).is_for(&asked))
}

fn check_default_platform(topology: &Topology, build: &BuildSection, at: Span, found: &mut Diagnostics) {
    let Some(platform) = &topology.default_platform else { return };
    if !is_built_for(build, platform) {
        found
            .error(
                code::CONFLICT,
                format!("the image is not built for `{platform}`, which DOCKER_DEFAULT_PLATFORM asks for"),
            )
            .label(at, "what the image is built for")
            .help(format!("unset DOCKER_DEFAULT_PLATFORM, or add `{platform}` to `build.platforms`"));
    }
}

fn check_attestations(
    topology: &Topology,
    name: &ServiceName,
    build: &BuildSection,
    found: &mut Diagnostics,
) {
    let attestations = [
        ("provenance", Attestation::Provenance, &build.provenance),
        ("sbom", Attestation::Sbom, &build.sbom),
    ];
    for (key, kind, value) in attestations {
        let Some(value) = value else { continue };
        let Some((reason, help)) = kind.mistake(&value.0) else { continue };
        found
            .error(code::BAD_VALUE, format!("`{}` is not a value of `{key}`", value.0))
            .label(topology.place_of(&["services", name.as_str(), "build", key]), reason)
            .help(help);
    }
}

/// `additional_contexts: {base: service:NAME}` uses another service's image.
fn check_contexts(topology: &Topology, build: &BuildSection, found: &mut Diagnostics) {
    for (name, context) in &build.additional_contexts.0 {
        if context.value.as_deref() == Some("") {
            found
                .error(code::MISSING_ATTRIBUTE, format!("the context `{name}` has no source"))
                .label(context.span, "only a name")
                .help(format!("write `{name}=./directory`, or `{name}=docker-image://NAME`"));
        }
        let named = context.value.as_deref().and_then(|text| BuildContext::parse(text).service());
        let Some(other) = named.and_then(|name| topology.services.get(name)) else { continue };
        if other.build.is_none() {
            found
                .error(
                    code::CONFLICT,
                    format!("the image of `{}` is not built here", named.unwrap_or_default()),
                )
                .label(context.span, "only what a service builds can be a context")
                .label(other.key, "has no `build`")
                .help("name the image itself: `docker-image://NAME`");
        }
    }
}

/// Values set both by the service and by its `deploy` section must agree.
fn check_deploy(service: &Service, deploy: &Deploy, found: &mut Diagnostics) {
    agree("scale", service.scale.as_ref(), "deploy.replicas", deploy.replicas.as_ref(), found);
    let Some(resources) = &deploy.resources else { return };
    if let Some(limits) = &resources.limits {
        let cpus = limits.cpus.as_ref().map(|cpus| cpus.map(|cpus| cpus.0));
        let own = service.cpus.as_ref().map(|cpus| cpus.map(|cpus| cpus.0));
        agree("cpus", own.as_ref(), "deploy.resources.limits.cpus", cpus.as_ref(), found);
        let memory = limits.memory.as_ref();
        agree("mem_limit", service.mem_limit.as_ref(), "deploy.resources.limits.memory", memory, found);
        agree(
            "pids_limit",
            service.pids_limit.as_ref(),
            "deploy.resources.limits.pids",
            limits.pids.as_ref(),
            found,
        );
    }
    if let Some(reserved) = &resources.reservations {
        let memory = reserved.memory.as_ref();
        let other = "deploy.resources.reservations.memory";
        agree("mem_reservation", service.mem_reservation.as_ref(), other, memory, found);
        reserved.devices.iter().for_each(|request| {
            check_capabilities(request, found);
            check_devices(request, found);
        });
    }
}

fn agree<T: PartialEq>(
    name: &str,
    value: Option<&Spanned<T>>,
    other_name: &str,
    other: Option<&Spanned<T>>,
    found: &mut Diagnostics,
) {
    let (Some(value), Some(other)) = (value, other) else { return };
    if value != other {
        found
            .error(code::CONFLICT, format!("`{name}` and `{other_name}` differ"))
            .label(value.span, format!("`{name}` says this"))
            .label(other.span, format!("`{other_name}` says this"))
            .help("remove one of the two");
    }
}

fn check_capabilities(request: &Spanned<DeviceRequest>, found: &mut Diagnostics) {
    if request.capabilities.is_empty() {
        found
            .error(code::MISSING_ATTRIBUTE, "`capabilities` is missing")
            .about("capabilities")
            .label(request.span, "the required capabilities are missing")
            .help("add `capabilities: [gpu]`");
    }
}

fn check_devices(request: &DeviceRequest, found: &mut Diagnostics) {
    if let (Some(count), Some(first)) = (&request.count, request.device_ids.first()) {
        found
            .error(code::CONFLICT, "a device request has both `count` and `device_ids`")
            .label(count.span, "how many")
            .label(first.span, "which ones")
            .help("keep one of the two");
    }
}

fn check_watch(topology: &Topology, name: &ServiceName, service: &Service, found: &mut Diagnostics) {
    let rules = topology.node_at(&["services", name.as_str(), "develop", "watch"]);
    for rule in rules.and_then(|node| node.as_list()).into_iter().flatten() {
        if let Some((key, _)) = rule.as_map().and_then(|map| map.entry(WatchRule::OLD_INITIAL_SYNC)) {
            found
                .warning(code::OBSOLETE, format!("`{}` has been renamed", key.text))
                .label(key.span, "the former name")
                .help("write `initial_sync`")
                .replace(key.span, &key.text, "initial_sync");
        }
    }
    for rule in service.develop.iter().flat_map(|develop| &develop.watch) {
        if let Some(path) = rule.path.as_ref().filter(|path| path.is_empty()) {
            found
                .error(code::MISSING_ATTRIBUTE, "the path to watch is empty")
                .label(path.span, "nothing to watch")
                .help("write `path: .` for the project's directory");
        }
        let Some(action) = &rule.action else { continue };
        let copies = !matches!(action.value, WatchAction::Rebuild | WatchAction::Restart);
        if copies && rule.target.is_none() {
            found
                .error(code::MISSING_ATTRIBUTE, format!("`{}` needs a `target`", action.word()))
                .about("target")
                .label(action.span, "the path in the container is missing")
                .help("add `target: /path/in/container`");
        }
    }
}

fn check_resources(topology: &Topology, found: &mut Diagnostics) {
    for network in topology.networks.values() {
        check_external_name("network", &network.external, network.name.as_ref(), found);
    }
    for (key, volume) in &topology.volumes {
        check_external_name("volume", &volume.external, volume.name.as_ref(), found);
        if volume.external.is_external {
            check_external_volume(topology, key, found);
        }
    }
    for (key, secret) in &topology.secrets {
        check_external_name("secret", &secret.external, secret.name.as_ref(), found);
        if !secret.external.is_external && is_mapping(topology, "secrets", key.as_str()) {
            let origins = [secret.file.as_ref(), secret.environment.as_ref(), None];
            check_origin("secret", key.as_str(), secret.key, origins, found);
        }
    }
    for (key, config) in &topology.configs {
        check_external_name("config", &config.external, config.name.as_ref(), found);
        if !config.external.is_external && is_mapping(topology, "configs", key.as_str()) {
            let origins = [config.file.as_ref(), config.environment.as_ref(), config.content.as_ref()];
            check_origin("config", key.as_str(), config.key, origins, found);
        }
    }
}

/// Whether a definition is a mapping; if not, that was reported.
fn is_mapping(topology: &Topology, section: &str, key: &str) -> bool {
    topology.node_at(&[section, key]).is_none_or(|node| matches!(node.value, Value::Map(_) | Value::Null))
}

/// The old form `external: {name: NAME}` next to `name: NAME`.
fn check_external_name(
    kind: &str,
    external: &External,
    name: Option<&Spanned<String>>,
    found: &mut Diagnostics,
) {
    let (Some(old), Some(name)) = (&external.name, name) else { return };
    if old != name {
        found
            .error(code::CONFLICT, format!("an external {kind} has two names"))
            .label(name.span, "one")
            .label(old.span, "another")
            .help("write `external: true`, and `name` beside it");
    }
}

/// An external volume is created elsewhere, so this topology cannot define how.
fn check_external_volume(topology: &Topology, key: &VolumeKey, found: &mut Diagnostics) {
    let Some(map) = topology.node_at(&["volumes", key.as_str()]).and_then(|node| node.as_map()) else {
        return;
    };
    let is_allowed = |key: &str| matches!(key, "external" | "name") || key.starts_with("x-");
    for (attribute, _) in map.entries.iter().filter(|(key, _)| !is_allowed(&key.text)) {
        let Some((external, _)) = map.entry("external") else { continue };
        found
            .error(code::CONFLICT, format!("`{}` cannot be set for an external volume", attribute.text))
            .label(attribute.span, "an external volume already exists")
            .label(external.span, format!("`{key}` is external"))
            .help("remove one of the two");
    }
}

/// The length of an explicitly empty text, `""`.
const EMPTY_QUOTES: usize = 2;

/// A secret or config has exactly one source.
fn check_origin(
    kind: &str,
    key: &str,
    at: Span,
    origins: [Option<&Spanned<String>>; 3],
    found: &mut Diagnostics,
) {
    let [file, environment, content] = origins;
    let origins: Vec<&Spanned<String>> = origins.into_iter().flatten().collect();
    match origins.as_slice() {
        [variable] if environment.is_some() && variable.is_empty() => {
            found
                .error(code::MISSING_ATTRIBUTE, format!("the variable for {kind} `{key}` has no name"))
                .about(key)
                .label(variable.span, "its content is taken from the variable that is named here")
                .help("write the name of a variable, such as `environment: PASSWORD`, or `file: PATH` in its place");
        }
        [path] if file.is_some() && path.is_empty() => {
            found
                .error(code::MISSING_ATTRIBUTE, format!("the file for {kind} `{key}` has no name"))
                .about(key)
                .label(path.span, "its content is taken from the file that is named here")
                .help("write the path of a file, such as `file: ./NAME`");
        }
        // A text that is empty because of a variable may be meant to be.
        [text] if content.is_some() && text.is_empty() && text.span.range().len() <= EMPTY_QUOTES => {
            found
                .warning(code::MISSING_ATTRIBUTE, format!("{kind} `{key}` is empty"))
                .about(key)
                .label(text.span, "services get an empty file")
                .help("write its content here, or `file: PATH` in its place");
        }
        [_] => {}
        [] => {
            found
                .error(code::MISSING_ATTRIBUTE, format!("{kind} `{key}` has no content"))
                .about(key)
                .label(at, "the source of its content is missing")
                .help(match kind {
                    "config" => "add `file: PATH`, `environment: NAME` or `content: TEXT`",
                    _ => "add `file: PATH` or `environment: NAME`",
                });
        }
        [first, second, ..] => {
            found
                .error(code::CONFLICT, format!("{kind} `{key}` has more than one content"))
                .label(second.span, "one too many")
                .label(first.span, "the first");
        }
    }
}
