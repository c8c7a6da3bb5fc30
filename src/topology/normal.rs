//! What a topology leaves unsaid: default network, implied dependencies, names, build defaults.
//!
//! Compose Specification; compared with what `docker compose config` prints.

use crate::source::{Environment, Span, Spanned};
use crate::topology::Sections;
use crate::topology::attribute::Named;
use crate::topology::name::ProjectName;
use crate::topology::network::{External, Network};
use crate::topology::service::{
    Build, Dependency, DependencyCondition, MountKind, PullPolicy, Service, ServiceNetwork, ServiceNetworks,
};
use crate::topology::value::Pairs;

/// Completes a topology.
pub fn complete(sections: &mut Sections, project: &ProjectName, environment: &Environment) {
    let mut default_network_at = None;
    for service in sections.services.values_mut() {
        complete_networks(&mut service.value, service.key, &mut default_network_at);
        complete_dependencies(&mut service.value);
        complete_service(&mut service.value, environment);
    }
    if let Some(at) = default_network_at {
        let network = Named { value: Network::default(), key: at, span: at };
        sections.networks.entry("default".to_owned()).or_insert(network);
    }
    complete_names(sections, project);
}

/// A service that says nothing of networks is attached to `default`.
fn complete_networks(service: &mut Service, at: Span, default_network_at: &mut Option<Span>) {
    if service.network_mode.is_some() || service.provider.is_some() {
        return;
    }
    let networks = service.networks.get_or_insert_default();
    let ServiceNetworks(all) = networks;
    if all.is_empty() {
        all.insert("default".to_owned(), Named { value: ServiceNetwork::default(), key: at, span: at });
    }
    if let Some(default) = all.get("default") {
        default_network_at.get_or_insert(default.key);
    }
}

/// Links, shared namespaces and shared volumes order services as `depends_on` does.
fn complete_dependencies(service: &mut Service) {
    let implied = |restart| Dependency { condition: DependencyCondition::Started, restart, required: true };
    for link in &service.links {
        let name = link.split(':').next().unwrap_or_default();
        service.depends_on.imply(name, implied(true), link.span);
    }
    for shared in [&service.network_mode, &service.ipc, &service.pid, &service.uts].into_iter().flatten() {
        if let Some(name) = shared.strip_prefix("service:") {
            service.depends_on.imply(name, implied(true), shared.span);
        }
    }
    for from in service.volumes_from.iter().filter(|from| !from.starts_with("container:")) {
        let name = from.split(':').next().unwrap_or_default();
        service.depends_on.imply(name, implied(false), from.span);
    }
    let contexts = service.build.iter().flat_map(|build| build.additional_contexts.0.values());
    for context in contexts.cloned().collect::<Vec<_>>() {
        if let Some(name) = context.as_deref().and_then(|text| text.strip_prefix("service:")) {
            service.depends_on.imply(name, Dependency { required: false, ..implied(false) }, context.span);
        }
    }
}

fn complete_service(service: &mut Service, environment: &Environment) {
    if let Some(build) = &mut service.build {
        complete_build(build, environment);
    }
    if matches!(service.pull_policy.as_deref(), Some(PullPolicy::Missing)) {
        // `if_not_present` is an older word for it.
        service.pull_policy = service.pull_policy.take().map(|policy| policy.map(|_| PullPolicy::Missing));
    }
    for mount in &mut service.volumes.0 {
        let target = &mut mount.value.target;
        target.value = clean_target(&target.value);
        if mount.value.kind == MountKind::Bind {
            mount.value.bind.get_or_insert_default().create_host_path.get_or_insert(true);
        }
    }
    let image = service.image.clone();
    for hook in &mut service.pre_start {
        if hook.value.image.is_none() {
            hook.value.image = image.clone();
        }
    }
}

fn complete_build(build: &mut Spanned<Build>, environment: &Environment) {
    let span = build.span;
    let build = &mut build.value;
    if build.dockerfile.is_none() && build.dockerfile_inline.is_none() {
        build.dockerfile = Some(Spanned::new("Dockerfile".to_owned(), span));
    }
    let Pairs(args) = &mut build.args;
    // An argument without a value is the caller's, and is left out when the caller has none.
    args.retain(|name, value| {
        if value.is_none() {
            value.value = environment.get(name).map(|variable| variable.value.clone());
        }
        value.is_some()
    });
}

/// `/data/` is `/data`.
fn clean_target(target: &str) -> String {
    match target.trim_end_matches('/') {
        "" if target.starts_with('/') => "/".to_owned(),
        trimmed => trimmed.to_owned(),
    }
}

/// Networks, volumes, secrets and configs have names in the engine: their own, or the project's name
/// and their key; external ones are named as they are.
fn complete_names(sections: &mut Sections, project: &ProjectName) {
    let complete = |name: &mut Option<Spanned<String>>, external: &External, key: &str, span: Span| {
        if name.is_some() {
            return;
        }
        *name = Some(match (&external.name, external.is_external) {
            (Some(name), _) => name.clone(),
            (None, true) => Spanned::new(key.to_owned(), span),
            (None, false) => Spanned::new(format!("{project}_{key}"), span),
        });
    };
    for (key, network) in &mut sections.networks {
        let Named { value, key: span, .. } = network;
        complete(&mut value.name, &value.external, key, *span);
    }
    for (key, volume) in &mut sections.volumes {
        let Named { value, key: span, .. } = volume;
        complete(&mut value.name, &value.external, key, *span);
    }
    for (key, secret) in &mut sections.secrets {
        let Named { value, key: span, .. } = secret;
        complete(&mut value.name, &value.external, key, *span);
    }
    for (key, config) in &mut sections.configs {
        let Named { value, key: span, .. } = config;
        complete(&mut value.name, &value.external, key, *span);
    }
}
