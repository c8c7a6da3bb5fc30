//! The defaults of a topology: default network, implied dependencies, names, build defaults.
//!
//! Compose Specification; compared with what `docker compose config` prints.

use std::collections::BTreeMap;
use std::path::Path;

use crate::source::{Environment, Span, Spanned, cleaned};
use crate::topology::Sections;
use crate::topology::attribute::Named;
use crate::topology::name::{ContainerName, ProjectName, ServiceName};
use crate::topology::network::{External, Network};
use crate::topology::service::{
    Build, ContainerFile, Dependency, DependencyCondition, Owner, Service, ServiceNetworks, ShareKind,
};
use crate::topology::value::Pairs;

/// Completes a topology.
pub(super) fn complete(sections: &mut Sections, project: &ProjectName, environment: &Environment) {
    let mut default_network_at = None;
    let containers = containers(sections, project);
    for service in sections.services.values_mut() {
        complete_networks(&mut service.value, service.key, &mut default_network_at);
        complete_dependencies(&mut service.value, &containers);
        complete_service(&mut service.value, environment);
    }
    if let Some(at) = default_network_at {
        let network = Named { value: Network::default(), key: at, span: at, is_given: false };
        sections.networks.entry("default".into()).or_insert(network);
    }
    complete_names(sections, project);
    complete_labels(sections);
}

/// Normalises paths in containers; Compose does it while reading.
pub(super) fn unify(sections: &mut Sections) {
    for service in sections.services.values_mut() {
        for mount in &mut service.value.volumes.0 {
            let target = &mut mount.value.target;
            target.value = clean_target(&target.value);
        }
        for secret in &mut service.value.secrets {
            let ContainerFile { source, target, .. } = &mut secret.value;
            target.get_or_insert_with(|| source.clone().map(|key| format!("/run/secrets/{key}")));
        }
    }
}

fn complete_labels(sections: &mut Sections) {
    sections.networks.values_mut().for_each(|network| fill(&mut network.value.labels));
    sections.volumes.values_mut().for_each(|volume| fill(&mut volume.value.labels));
    sections.secrets.values_mut().for_each(|secret| fill(&mut secret.value.labels));
    sections.configs.values_mut().for_each(|config| fill(&mut config.value.labels));
}

/// A service without `networks` is attached to `default`.
fn complete_networks(service: &mut Service, at: Span, default_network_at: &mut Option<Span>) {
    // A value left empty by a variable counts as absent; Docker Compose leaves such a service
    // without a network.
    service.network_mode.take_if(|mode| mode.is_empty());
    if service.network_mode.is_some() || service.provider.is_some() {
        return;
    }
    let networks = service.networks.get_or_insert_default();
    let ServiceNetworks(all) = networks;
    if all.is_empty() {
        all.insert("default".into(), Named { value: Box::default(), key: at, span: at, is_given: false });
    }
    if let Some(default) = all.get("default") {
        default_network_at.get_or_insert(default.key);
    }
}

/// The names of the services' first containers.
fn containers(sections: &Sections, project: &ProjectName) -> BTreeMap<ContainerName, ServiceName> {
    let name = |(key, service): (&ServiceName, &Named<Box<Service>>)| {
        let fixed = service.container_name.as_ref().map(|name| name.value.clone());
        (fixed.unwrap_or_else(|| format!("{project}-{key}-1")).into(), key.clone())
    };
    sections.services.iter().map(name).collect()
}

/// Links, shared namespaces and shared volumes order services as `depends_on` does. So does the
/// namespace of a container given by name, if it belongs to a service here; Docker Compose 2.40
/// misses that.
fn complete_dependencies(service: &mut Service, containers: &BTreeMap<ContainerName, ServiceName>) {
    let implied = |restart| Dependency { condition: DependencyCondition::Started, restart, required: true };
    let needed = service.shares().filter_map(|share| {
        let name = match (share.owner, share.kind) {
            (Owner::Service(name), _) => name,
            (Owner::Container(name), ShareKind::Namespace(_)) => containers.get(name)?,
            (Owner::Container(_), ShareKind::Link | ShareKind::Volumes) => return None,
        };
        Some((name.clone(), share.at, share.kind != ShareKind::Volumes))
    });
    for (name, at, restart) in needed.collect::<Vec<_>>() {
        service.depends_on.imply(name, implied(restart), at);
    }
}

fn complete_service(service: &mut Service, environment: &Environment) {
    if let Some(build) = &mut service.build {
        complete_build(build, environment);
    }
    service.dns.0.retain(|server| !server.is_empty());
    complete_pairs(service);
    complete_devices(service);
    drop_zeros(service);
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
    fill(&mut build.labels);
    fill(&mut build.additional_contexts);
    if build.dockerfile.is_none() && build.dockerfile_inline.is_none() {
        let at = build.context.as_ref().map_or(span, |context| context.span);
        build.dockerfile = Some(Spanned::new("Dockerfile".to_owned(), at));
    }
    let Pairs(args) = &mut build.args;
    // An argument without a value is taken from the caller, and left out when the caller has none.
    args.retain(|name, value| {
        if value.is_none() {
            value.value = environment.get(name).map(|variable| variable.value.clone());
        }
        value.is_some()
    });
}

/// A label without a value is empty. A variable without a value is taken from the caller.
fn complete_pairs(service: &mut Service) {
    fill(&mut service.annotations);
    fill(&mut service.labels);
    fill(&mut service.sysctls);
    if let Some(deploy) = service.deploy.as_mut() {
        fill(&mut deploy.labels);
    }
    for mount in &mut service.volumes.0 {
        if let Some(volume) = &mut mount.value.volume {
            fill(&mut volume.labels);
        }
    }
}

fn fill(Pairs(pairs): &mut Pairs) {
    for value in pairs.values_mut() {
        value.value.get_or_insert_default();
    }
}

fn complete_devices(service: &mut Service) {
    let resources = service.deploy.as_mut().and_then(|deploy| deploy.resources.as_mut());
    let reservations = resources.and_then(|resources| resources.reservations.as_mut());
    for request in reservations.into_iter().flat_map(|reservations| &mut reservations.devices) {
        fill(&mut request.value.options);
        request.value = std::mem::take(&mut request.value).completed(request.span);
    }
    service.gpus.0.iter_mut().for_each(|request| fill(&mut request.options));
}

/// Where zero is the engine's default, it is the same as absent. Docker Compose also drops zeros
/// that have a meaning, such as `mem_swappiness: 0`; those are kept.
fn drop_zeros(service: &mut Service) {
    let plain =
        [&mut service.cpu_count, &mut service.cpu_period, &mut service.cpu_quota, &mut service.cpu_shares];
    for number in plain {
        number.take_if(|number| number.0 == 0);
    }
    service.cpu_rt_period.take_if(|period| period.value.0 == 0);
    service.cpu_rt_runtime.take_if(|runtime| runtime.value.0 == 0);
    service.cpu_percent.take_if(|percent| percent.0 == 0.0);
    service.cpus.take_if(|cpus| cpus.value.0 == 0.0);
    service.oom_score_adj.take_if(|score| score.value.0 == 0);
    service.pids_limit.take_if(|pids| pids.value.0 == 0);
    let networks = service.networks.iter_mut().flat_map(|networks| networks.0.values_mut());
    for network in networks {
        network.value.priority.take_if(|priority| priority.0 == 0);
        network.value.gw_priority.take_if(|priority| priority.value.0 == 0);
    }
    let Some(deploy) = service.deploy.as_mut() else { return };
    for update in [&mut deploy.update_config, &mut deploy.rollback_config].into_iter().flatten() {
        update.delay.take_if(|delay| delay.0.is_zero());
        update.monitor.take_if(|monitor| monitor.0.is_zero());
        update.max_failure_ratio.take_if(|ratio| ratio.0 == 0.0);
    }
    let resources = deploy.resources.as_mut();
    if let Some(limits) = resources.and_then(|resources| resources.limits.as_mut()) {
        limits.cpus.take_if(|cpus| cpus.value.0 == 0.0);
        limits.pids.take_if(|pids| pids.value.0 == 0);
    }
}

/// `/data/../x//y/` is `/x/y`.
fn clean_target(target: &str) -> String {
    if target.contains('\\') {
        return target.to_owned();
    }
    cleaned(Path::new(target)).to_string_lossy().into_owned()
}

/// Sets the names of networks, volumes, secrets and configs in the engine: their own, or the
/// project's name and their key; external ones have no prefix.
fn complete_names(sections: &mut Sections, project: &ProjectName) {
    let complete = |name: &mut Option<Spanned<String>>, external: &External, key: &str, span: Span| {
        if name.as_ref().is_some_and(|name| !name.is_empty()) {
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
        complete(&mut value.name, &value.external, key.as_str(), *span);
    }
    for (key, volume) in &mut sections.volumes {
        let Named { value, key: span, .. } = volume;
        complete(&mut value.name, &value.external, key.as_str(), *span);
    }
    for (key, secret) in &mut sections.secrets {
        let Named { value, key: span, .. } = secret;
        complete(&mut value.name, &value.external, key.as_str(), *span);
    }
    for (key, config) in &mut sections.configs {
        let Named { value, key: span, .. } = config;
        complete(&mut value.name, &value.external, key.as_str(), *span);
    }
}
