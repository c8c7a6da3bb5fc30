//! In: a service, network or volume. Out: the fingerprint that Docker Compose uses to detect
//! changes. Must not: decide what follows from it.
//!
//! Docker Compose labels what it creates with the SHA-256 of its model in JSON: keys in the order
//! of its own structures, no blanks, some empty sections included. With the same label, either
//! program takes over what the other created and keeps what has not changed. Tests compare it with
//! Docker Compose 2.40.

use std::collections::BTreeSet;

use serde_json::{Map as JsonMap, Value as Json, json};
use sha2::{Digest, Sha256};

use crate::source::Spanned;
use crate::topology::attribute::{Attribute, Form};
use crate::topology::name::ServiceName;
use crate::topology::service::{Deploy, Namespace, NamespaceKind, Owner, Share, ShareKind, VolumesFrom};
use crate::topology::{Mount, Network, Service, Volume, canonical_service};

/// The fingerprint of a service, as `config --hash` prints it. Its containers have that of [`container`].
pub fn service(service: &Service) -> String {
    digest(&text(&Json::Object(service_model(service)), &SERVICE))
}

/// The fingerprint of a service's containers. If they share something with another service, it
/// includes the id of that service's container: `id` returns it by service name.
pub fn container(service: &Service, id: impl Fn(&ServiceName) -> Option<String>) -> String {
    let mut resolved = service.clone();
    for mode in [&mut resolved.network_mode, &mut resolved.ipc, &mut resolved.pid].into_iter().flatten() {
        if let Some(id) = mode.service().and_then(&id) {
            mode.value = Namespace::Container(id.into());
        }
    }
    let mut model = service_model(&resolved);
    if !service.volumes_from.is_empty() {
        // Docker Compose drops what follows the name, such as `:ro`.
        let container = |from: &Spanned<VolumesFrom>| match from.owner() {
            Owner::Container(name) => name.to_string(),
            Owner::Service(name) => id(name).unwrap_or_else(|| from.value.to_string()),
        };
        let containers: Vec<String> = service.volumes_from.iter().map(container).collect();
        model.insert(Service::volumes_from.to_owned(), json!(containers));
    }
    digest(&text(&Json::Object(model), &SERVICE))
}

/// The services whose containers are part of the fingerprint of a service's own.
pub fn shared(service: &Service) -> BTreeSet<&ServiceName> {
    let is_part = |share: &Share<'_>| match share.kind {
        ShareKind::Namespace(kind) => kind != NamespaceKind::Uts,
        ShareKind::Volumes => true,
        ShareKind::Link => false,
    };
    service.shares().filter(is_part).filter_map(|share| share.owner.service()).collect()
}

/// The fingerprint of a network.
pub fn network(network: &Network) -> String {
    let mut model = object(network.canonical(Form::Model));
    model.entry(Network::ipam).or_insert_with(|| json!({}));
    digest(&text(&Json::Object(model), &NETWORK))
}

/// The fingerprint of a volume.
pub fn volume(volume: &Volume) -> String {
    let mut model = object(volume.canonical(Form::Model));
    model.entry(Volume::driver).or_insert_with(|| json!("local"));
    digest(&text(&Json::Object(model), &VOLUME))
}

fn digest(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Attributes that Docker Compose does not count as part of a container.
const LEFT_OUT: &[&str] =
    &[Service::build, Service::depends_on, Service::profiles, Service::pull_policy, Service::scale];

fn service_model(service: &Service) -> JsonMap<String, Json> {
    let mut model = object(canonical_service(service, Form::Model));
    model.retain(|key, _| !LEFT_OUT.contains(&key.as_str()));
    for command in [Service::command, Service::entrypoint] {
        model.entry(command).or_insert(Json::Null);
    }
    let sections = [
        (Service::deploy, service.deploy.0.is_some()),
        (Service::develop, service.develop.0.is_some()),
        (Service::healthcheck, service.healthcheck.is_some()),
        (Service::logging, service.logging.is_some()),
    ];
    put_empty(&mut model, &sections);
    if let Some(Json::Object(deploy)) = model.get_mut(Service::deploy) {
        deploy.remove(Deploy::replicas);
        put_empty(deploy, &[(Deploy::resources, true), (Deploy::placement, true)]);
        let resources = service.deploy.0.as_ref().and_then(|deploy| deploy.resources.as_ref());
        if let (Some(Json::Object(model)), Some(resources)) = (deploy.get_mut(Deploy::resources), resources) {
            let (limits, reservations) = (&resources.limits, &resources.reservations);
            put_empty(model, &[("limits", limits.is_some()), ("reservations", reservations.is_some())]);
        }
    }
    for (mount, written) in items(&mut model, Service::volumes).zip(&service.volumes.0) {
        mend_mount(mount, written);
    }
    for trigger in
        model.get_mut(Service::develop).and_then(Json::as_object_mut).into_iter().flat_map(triggers)
    {
        trigger.entry("exec").or_insert_with(|| json!({ "command": null }));
    }
    mend_limits(&mut model);
    model
}

/// Sections that are present in the topology are included even if empty.
fn put_empty(model: &mut JsonMap<String, Json>, sections: &[(&str, bool)]) {
    for (section, _) in sections.iter().filter(|(_, is_there)| *is_there) {
        model.entry(*section).or_insert_with(|| json!({}));
    }
}

fn mend_mount(mount: &mut JsonMap<String, Json>, written: &Mount) {
    let sections = [
        ("bind", written.bind.is_some()),
        ("volume", written.volume.is_some()),
        ("tmpfs", written.tmpfs.is_some()),
        ("image", written.image.is_some()),
    ];
    put_empty(mount, &sections);
    if let Some(Json::Object(bind)) = mount.get_mut("bind") {
        bind.retain(|key, value| key != "create_host_path" || *value == json!(true));
    }
}

fn triggers(develop: &mut JsonMap<String, Json>) -> impl Iterator<Item = &mut JsonMap<String, Json>> {
    items(develop, "watch")
}

/// The mappings in a list.
fn items<'a>(
    model: &'a mut JsonMap<String, Json>,
    list: &str,
) -> impl Iterator<Item = &'a mut JsonMap<String, Json>> {
    let items = model.get_mut(list).and_then(Json::as_array_mut);
    items.into_iter().flatten().filter_map(Json::as_object_mut)
}

/// Adapts numbers and keys that differ from the topology's.
fn mend_limits(model: &mut JsonMap<String, Json>) {
    if let Some(swappiness) = model.remove(Service::mem_swappiness).filter(|share| *share != json!(0)) {
        model.insert(Service::mem_swappiness.to_owned(), json!(swappiness.to_string()));
    }
    for limit in model.get_mut(Service::ulimits).and_then(Json::as_object_mut).into_iter().flatten() {
        match limit.1 {
            Json::Object(pair) => pair.retain(|_, limit| *limit != json!(0)),
            single if *single == json!(0) => *single = json!({}),
            _ => {}
        }
    }
    let Some(Json::Object(devices)) = model.get_mut(Service::blkio_config) else { return };
    for list in devices.values_mut().filter_map(Json::as_array_mut) {
        for device in list.iter_mut().filter_map(Json::as_object_mut) {
            let renamed = |(key, value): (String, Json)| (capitalised(&key), value);
            *device = std::mem::take(device).into_iter().map(renamed).collect();
        }
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn object(model: Json) -> JsonMap<String, Json> {
    match model {
        Json::Object(object) => object,
        _ => JsonMap::new(),
    }
}

/// The order of keys in a value.
enum Order {
    /// Alphabetical.
    Sorted,
    /// This one; keys that are not listed come last, sorted.
    Keys(&'static [(&'static str, Order)]),
    /// This one for each item of a list, or each entry of a sorted mapping.
    Each(&'static Order),
}

/// JSON as encoded by Go.
fn text(value: &Json, order: &Order) -> String {
    match (value, order) {
        (Json::Object(entries), Order::Keys(keys)) => {
            let is_named = |key: &str| keys.iter().any(|(name, _)| *name == key);
            let named = keys.iter().filter_map(|(key, order)| Some((*key, entries.get(*key)?, order)));
            let others = entries.iter().filter(|(key, _)| !is_named(key));
            braced(named.chain(others.map(|(key, value)| (key.as_str(), value, &Order::Sorted))))
        }
        (Json::Object(entries), order) => {
            let order = if let Order::Each(order) = order { order } else { &Order::Sorted };
            braced(entries.iter().map(|(key, value)| (key.as_str(), value, order)))
        }
        (Json::Array(items), order) => {
            let order = if let Order::Each(order) = order { order } else { &Order::Sorted };
            let items: Vec<String> = items.iter().map(|item| text(item, order)).collect();
            format!("[{}]", items.join(","))
        }
        (Json::Number(number), _) => match number.as_f64() {
            // An integer has no fraction, whatever its type.
            Some(whole) if number.is_f64() && whole.fract() == 0.0 => format!("{whole:.0}"),
            _ => number.to_string(),
        },
        (Json::String(text), _) => quoted(text),
        (Json::Null | Json::Bool(_), _) => value.to_string(),
    }
}

fn braced<'a>(entries: impl Iterator<Item = (&'a str, &'a Json, &'a Order)>) -> String {
    let entries: Vec<String> =
        entries.map(|(key, value, order)| format!("{}:{}", quoted(key), text(value, order))).collect();
    format!("{{{}}}", entries.join(","))
}

/// Go also escapes what could end a script in HTML.
fn quoted(text: &str) -> String {
    let special = [
        ('<', "\\u003c"),
        ('>', "\\u003e"),
        ('&', "\\u0026"),
        ('\u{2028}', "\\u2028"),
        ('\u{2029}', "\\u2029"),
    ];
    let quoted = Json::String(text.to_owned()).to_string();
    special.into_iter().fold(quoted, |text, (letter, escaped)| text.replace(letter, escaped))
}

use Order::{Each, Keys, Sorted};

const NETWORK: Order = Keys(&[
    (Network::name, Sorted),
    (Network::driver, Sorted),
    (Network::driver_opts, Sorted),
    (Network::ipam, Keys(&[("driver", Sorted), ("config", Each(&POOL)), ("options", Sorted)])),
    (Network::external, Sorted),
    (Network::internal, Sorted),
    (Network::attachable, Sorted),
    (Network::labels, Sorted),
    (Network::enable_ipv4, Sorted),
    (Network::enable_ipv6, Sorted),
]);

const POOL: Order =
    Keys(&[("subnet", Sorted), ("gateway", Sorted), ("ip_range", Sorted), ("aux_addresses", Sorted)]);

const VOLUME: Order = Keys(&[
    (Volume::name, Sorted),
    (Volume::driver, Sorted),
    (Volume::driver_opts, Sorted),
    (Volume::external, Sorted),
    (Volume::labels, Sorted),
]);

const SERVICE: Order = Keys(&[
    (Service::annotations, Sorted),
    (Service::attach, Sorted),
    (Service::develop, DEVELOP),
    (Service::blkio_config, BLKIO),
    (Service::cap_add, Sorted),
    (Service::cap_drop, Sorted),
    (Service::cgroup_parent, Sorted),
    (Service::cgroup, Sorted),
    (Service::cpu_count, Sorted),
    (Service::cpu_percent, Sorted),
    (Service::cpu_period, Sorted),
    (Service::cpu_quota, Sorted),
    (Service::cpu_rt_period, Sorted),
    (Service::cpu_rt_runtime, Sorted),
    (Service::cpus, Sorted),
    (Service::cpuset, Sorted),
    (Service::cpu_shares, Sorted),
    (Service::command, Sorted),
    (Service::configs, Each(&FILE)),
    (Service::container_name, Sorted),
    (Service::credential_spec, Sorted),
    (Service::deploy, DEPLOY),
    (Service::device_cgroup_rules, Sorted),
    (Service::devices, Each(&Keys(&[("source", Sorted), ("target", Sorted), ("permissions", Sorted)]))),
    (Service::dns, Sorted),
    (Service::dns_opt, Sorted),
    (Service::dns_search, Sorted),
    (Service::domainname, Sorted),
    (Service::entrypoint, Sorted),
    (Service::provider, Keys(&[("type", Sorted), ("options", Sorted)])),
    (Service::environment, Sorted),
    (Service::expose, Sorted),
    (Service::extends, Sorted),
    (Service::external_links, Sorted),
    (Service::extra_hosts, Sorted),
    (Service::group_add, Sorted),
    (Service::gpus, Each(&DEVICE_REQUEST)),
    (Service::hostname, Sorted),
    (Service::healthcheck, HEALTHCHECK),
    (Service::image, Sorted),
    (Service::init, Sorted),
    (Service::ipc, Sorted),
    (Service::isolation, Sorted),
    (Service::labels, Sorted),
    (Service::links, Sorted),
    (Service::logging, Sorted),
    (Service::mem_limit, Sorted),
    (Service::mem_reservation, Sorted),
    (Service::memswap_limit, Sorted),
    (Service::mem_swappiness, Sorted),
    (Service::mac_address, Sorted),
    (Service::models, Each(&Keys(&[("endpoint_var", Sorted), ("model_var", Sorted)]))),
    (Service::network_mode, Sorted),
    (Service::networks, Each(&SERVICE_NETWORK)),
    (Service::oom_kill_disable, Sorted),
    (Service::oom_score_adj, Sorted),
    (Service::pid, Sorted),
    (Service::pids_limit, Sorted),
    (Service::platform, Sorted),
    (Service::ports, Each(&PORT)),
    (Service::privileged, Sorted),
    (Service::read_only, Sorted),
    (Service::restart, Sorted),
    (Service::runtime, Sorted),
    (Service::secrets, Each(&FILE)),
    (Service::security_opt, Sorted),
    (Service::shm_size, Sorted),
    (Service::stdin_open, Sorted),
    (Service::stop_grace_period, Sorted),
    (Service::stop_signal, Sorted),
    (Service::storage_opt, Sorted),
    (Service::sysctls, Sorted),
    (Service::tmpfs, Sorted),
    (Service::tty, Sorted),
    (Service::ulimits, Each(&Keys(&[("soft", Sorted), ("hard", Sorted)]))),
    (Service::use_api_socket, Sorted),
    (Service::user, Sorted),
    (Service::userns_mode, Sorted),
    (Service::uts, Sorted),
    (Service::volumes, Each(&MOUNT)),
    (Service::volumes_from, Sorted),
    (Service::working_dir, Sorted),
    (Service::pre_start, Each(&HOOK)),
    (Service::post_start, Each(&HOOK)),
    (Service::pre_stop, Each(&HOOK)),
]);

const FILE: Order =
    Keys(&[("source", Sorted), ("target", Sorted), ("uid", Sorted), ("gid", Sorted), ("mode", Sorted)]);

const HEALTHCHECK: Order = Keys(&[
    ("test", Sorted),
    ("timeout", Sorted),
    ("interval", Sorted),
    ("retries", Sorted),
    ("start_period", Sorted),
    ("start_interval", Sorted),
    ("disable", Sorted),
]);

const HOOK: Order = Keys(&[
    ("command", Sorted),
    ("image", Sorted),
    ("user", Sorted),
    ("privileged", Sorted),
    ("working_dir", Sorted),
    ("environment", Sorted),
    ("per_replica", Sorted),
]);

const PORT: Order = Keys(&[
    ("name", Sorted),
    ("mode", Sorted),
    ("host_ip", Sorted),
    ("target", Sorted),
    ("published", Sorted),
    ("protocol", Sorted),
    ("app_protocol", Sorted),
]);

const MOUNT: Order = Keys(&[
    ("type", Sorted),
    ("source", Sorted),
    ("target", Sorted),
    ("read_only", Sorted),
    ("consistency", Sorted),
    (
        "bind",
        Keys(&[
            ("selinux", Sorted),
            ("propagation", Sorted),
            ("create_host_path", Sorted),
            ("recursive", Sorted),
        ]),
    ),
    ("volume", Keys(&[("labels", Sorted), ("nocopy", Sorted), ("subpath", Sorted)])),
    ("tmpfs", Keys(&[("size", Sorted), ("mode", Sorted)])),
    ("image", Sorted),
]);

const SERVICE_NETWORK: Order = Keys(&[
    ("aliases", Sorted),
    ("driver_opts", Sorted),
    ("gw_priority", Sorted),
    ("interface_name", Sorted),
    ("ipv4_address", Sorted),
    ("ipv6_address", Sorted),
    ("link_local_ips", Sorted),
    ("mac_address", Sorted),
    ("priority", Sorted),
]);

const BLKIO: Order = Keys(&[
    ("weight", Sorted),
    ("weight_device", Sorted),
    ("device_read_bps", Sorted),
    ("device_read_iops", Sorted),
    ("device_write_bps", Sorted),
    ("device_write_iops", Sorted),
]);

const DEVELOP: Order = Keys(&[(
    "watch",
    Each(&Keys(&[
        ("path", Sorted),
        ("action", Sorted),
        ("target", Sorted),
        ("exec", HOOK),
        ("include", Sorted),
        ("ignore", Sorted),
        ("initial_sync", Sorted),
    ])),
)]);

const DEVICE_REQUEST: Order = Keys(&[
    ("capabilities", Sorted),
    ("driver", Sorted),
    ("count", Sorted),
    ("device_ids", Sorted),
    ("options", Sorted),
]);

const DEPLOY: Order = Keys(&[
    ("mode", Sorted),
    ("labels", Sorted),
    ("update_config", UPDATE),
    ("rollback_config", UPDATE),
    ("resources", Keys(&[("limits", RESOURCE), ("reservations", RESOURCE)])),
    (
        "restart_policy",
        Keys(&[("condition", Sorted), ("delay", Sorted), ("max_attempts", Sorted), ("window", Sorted)]),
    ),
    (
        "placement",
        Keys(&[("constraints", Sorted), ("preferences", Sorted), ("max_replicas_per_node", Sorted)]),
    ),
    ("endpoint_mode", Sorted),
]);

const UPDATE: Order = Keys(&[
    ("parallelism", Sorted),
    ("delay", Sorted),
    ("failure_action", Sorted),
    ("monitor", Sorted),
    ("max_failure_ratio", Sorted),
    ("order", Sorted),
]);

const RESOURCE: Order = Keys(&[
    ("cpus", Sorted),
    ("memory", Sorted),
    ("pids", Sorted),
    ("devices", Each(&DEVICE_REQUEST)),
    (
        "generic_resources",
        Each(&Keys(&[("discrete_resource_spec", Keys(&[("kind", Sorted), ("value", Sorted)]))])),
    ),
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_of_a_container_is_part_of_the_hash() {
        let Keys(ordered) = SERVICE else { unreachable!("a service is a mapping") };
        let is_ordered = |key: &str| ordered.iter().any(|(known, _)| *known == key);
        // These have become part of `environment` and `labels`, or Docker Compose 2.40 does not
        // know them.
        let elsewhere = [Service::env_file, Service::label_file, Service::pull_refresh_after];
        for field in Service::FIELDS {
            let is_left_out = LEFT_OUT.contains(&field.key) || elsewhere.contains(&field.key);
            assert!(is_ordered(field.key) != is_left_out, "`{}`", field.key);
        }
    }
}
