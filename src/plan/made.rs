//! In: the engine's description of a container that another program created. Out: how to compare it
//! with the model. Must not: report a difference in notation.

use serde_json::{Value as Json, json};

use crate::topology::Service;
use crate::value::security_option::SecurityOption;

/// Attributes that the engine describes if and only if they were requested.
pub(super) const TOLD: &[&str] = &[
    Service::annotations,
    Service::cap_add,
    Service::cap_drop,
    Service::cgroup,
    Service::cgroup_parent,
    Service::cpu_period,
    Service::cpu_quota,
    Service::cpu_shares,
    Service::cpus,
    Service::cpuset,
    Service::device_cgroup_rules,
    Service::devices,
    Service::dns,
    Service::dns_opt,
    Service::dns_search,
    Service::domainname,
    Service::extra_hosts,
    Service::group_add,
    Service::hostname,
    Service::init,
    Service::ipc,
    Service::mem_limit,
    Service::mem_reservation,
    Service::mem_swappiness,
    Service::memswap_limit,
    Service::network_mode,
    Service::oom_kill_disable,
    Service::oom_score_adj,
    Service::pid,
    Service::pids_limit,
    Service::privileged,
    Service::read_only,
    Service::runtime,
    Service::security_opt,
    Service::shm_size,
    Service::stdin_open,
    Service::stop_grace_period,
    Service::stop_signal,
    Service::sysctls,
    Service::tmpfs,
    Service::tty,
    Service::ulimits,
    Service::userns_mode,
    Service::uts,
    Service::volumes,
];

/// Limits that `deploy` sets as well: the attribute in the engine, and the path below `deploy`.
pub(super) const OF_DEPLOY: &[(&str, [&str; 3])] = &[
    (Service::cpus, ["resources", "limits", "cpus"]),
    (Service::mem_limit, ["resources", "limits", "memory"]),
    (Service::pids_limit, ["resources", "limits", "pids"]),
    (Service::mem_reservation, ["resources", "reservations", "memory"]),
];

/// Whether the engine may have a value for an attribute that the topology does not declare: from
/// the image, `deploy`, or another container.
pub(super) fn may_come_from_elsewhere(attribute: &str, wanted: &Json) -> bool {
    let has = |other: &str| wanted.get(other).is_some_and(|value| !is_nothing(value));
    match attribute {
        Service::stop_signal | Service::cgroup | Service::runtime | Service::memswap_limit => true,
        Service::volumes => has(Service::volumes_from),
        Service::cpus | Service::mem_limit | Service::mem_reservation | Service::pids_limit => {
            has(Service::deploy)
        }
        Service::devices => has(Service::deploy) || has(Service::gpus),
        Service::hostname | Service::domainname | Service::dns => has(Service::network_mode),
        _ => false,
    }
}

/// Whether a value is empty.
pub(super) fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => true,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(map) => map.is_empty(),
        Json::Bool(true) | Json::Number(_) => false,
    }
}

/// The value of an attribute in a normal form: equal if they mean the same.
pub(super) fn normal(attribute: &str, value: &Json) -> Json {
    match (attribute, value) {
        (Service::volumes, Json::Array(mounts)) => mounts.iter().filter_map(normal_mount).collect(),
        (Service::cap_add | Service::cap_drop, Json::Array(names)) => sorted(names.iter().map(capability)),
        (
            Service::extra_hosts | Service::tmpfs | Service::group_add | Service::device_cgroup_rules,
            Json::Array(items),
        ) => sorted(items.iter().map(text)),
        (Service::ulimits, Json::Object(limits)) => {
            let pair = |limit: &Json| match limit {
                Json::Object(_) => limit.clone(),
                single => json!({ "soft": single, "hard": single }),
            };
            limits.iter().map(|(name, limit)| (name.clone(), pair(limit))).collect()
        }
        (Service::sysctls | Service::annotations, Json::Object(pairs)) => {
            pairs.iter().map(|(name, value)| (name.clone(), json!(text(value)))).collect()
        }
        (Service::cpus, number) => json!(text(number).parse::<f64>().ok()),
        (Service::security_opt, Json::Array(options)) => sorted(options.iter().filter_map(security_option)),
        // The other container is identified by its service here, and by its id there.
        (Service::ipc | Service::pid | Service::uts | Service::cgroup, Json::String(mode)) => {
            json!(Some(mode).filter(|mode| mode.as_str() == "host"))
        }
        // The engine's default.
        (Service::runtime, Json::String(runtime)) => {
            json!(Some(runtime).filter(|runtime| *runtime != "runc"))
        }
        (Service::network_mode, Json::String(mode)) => {
            json!(Some(mode).filter(|mode| matches!(mode.as_str(), "host" | "none" | "bridge")))
        }
        _ => value.clone(),
    }
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn capability(name: &Json) -> String {
    let name = text(name).to_uppercase();
    name.strip_prefix("CAP_").unwrap_or(&name).to_owned()
}

/// An option in the engine's form; the text of a seccomp profile is not compared with its file
/// name.
fn security_option(option: &Json) -> Option<String> {
    let option = SecurityOption::from(text(option));
    match (option.name.as_str(), &option.value) {
        ("no-new-privileges", None) => Some("no-new-privileges=true".to_owned()),
        ("seccomp", Some(_)) => None,
        (name, Some(value)) => Some(format!("{name}={value}")),
        (name, None) => Some(name.to_owned()),
    }
}

fn sorted(items: impl Iterator<Item = String>) -> Json {
    let mut items: Vec<String> = items.collect();
    items.sort();
    json!(items)
}

/// The engine's description of a mount of a directory, a file or a named volume.
fn normal_mount(mount: &Json) -> Option<Json> {
    let kind = mount["type"].as_str().filter(|kind| matches!(*kind, "bind" | "volume"))?;
    let source = mount["source"].as_str()?;
    let target = mount["target"].as_str()?.trim_end_matches('/');
    let is_read_only = mount["read_only"] == json!(true);
    let mut normal = json!({ "type": kind, "source": source, "target": target });
    if is_read_only {
        normal["read_only"] = json!(true);
    }
    Some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_mean_the_same_have_the_same_normal_form() {
        for (attribute, one, other) in [
            (Service::cap_add, json!(["CAP_NET_ADMIN", "sys_time"]), json!(["SYS_TIME", "NET_ADMIN"])),
            (Service::tmpfs, json!(["/b", "/a:size=1m"]), json!(["/a:size=1m", "/b"])),
            (Service::ulimits, json!({ "nofile": 5 }), json!({ "nofile": { "soft": 5, "hard": 5 } })),
            (Service::sysctls, json!({ "a": 1 }), json!({ "a": "1" })),
            (Service::cpus, json!(2), json!(2.0)),
            (
                Service::security_opt,
                json!(["no-new-privileges", "seccomp:x"]),
                json!(["no-new-privileges:true"]),
            ),
            (Service::ipc, json!("service:a"), json!("container:1")),
            (
                Service::volumes,
                json!([{ "type": "bind", "source": "/x", "target": "/y/", "bind": {} }, { "type": "volume", "target": "/z" }]),
                json!([{ "type": "bind", "source": "/x", "target": "/y" }]),
            ),
        ] {
            assert_eq!(normal(attribute, &one), normal(attribute, &other), "{attribute}");
        }
        let dns = [json!(["1.1.1.1", "8.8.8.8"]), json!(["8.8.8.8", "1.1.1.1"])];
        assert_ne!(
            normal(Service::dns, &dns[0]),
            normal(Service::dns, &dns[1]),
            "the first one is asked first"
        );
    }
}
