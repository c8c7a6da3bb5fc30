//! Limits and the restart policy of a container: what an engine can change without making a new one.
//!
//! Engine API 1.41, `POST /containers/{id}/update`. What is absent in such a request stays as it is: most limits
//! can be changed, and not be taken away.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map as JsonMap, Value as Json, json};

use crate::plan::made;
use crate::topology::Service;
use crate::topology::attribute::from_stored;
use crate::topology::service::deploy::{DeployRestartPolicy, Limits, Reservations};
use crate::topology::service::{Deploy, RestartPolicy};

/// What a container may use, and when it is started again. What is absent is not limited; in a change of them, it
/// stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resources {
    /// Relative weight of block devices, 10 to 1000.
    pub blkio_weight: Option<u16>,
    /// Microseconds that [`Resources::cpu_quota`] is counted in.
    pub cpu_period: Option<i64>,
    /// Microseconds of processors in each period; -1, in a change, for no limit.
    pub cpu_quota: Option<i64>,
    /// Microseconds that [`Resources::cpu_rt_runtime`] is counted in.
    pub cpu_rt_period: Option<i64>,
    /// Microseconds with real-time priority in each period.
    pub cpu_rt_runtime: Option<i64>,
    /// Relative weight of processors.
    pub cpu_shares: Option<i64>,
    /// The processors that it runs on: `0-2,4`.
    pub cpuset: Option<String>,
    /// Bytes of memory.
    pub memory: Option<i64>,
    /// Bytes of memory that are kept for it.
    pub memory_reservation: Option<i64>,
    /// Bytes of memory and swap together; -1 for no limit. Twice the memory when only that is said.
    pub memory_swap: Option<i64>,
    /// Thousand millionths of a processor.
    pub nano_cpus: Option<i64>,
    /// Processes; -1, in a change, for no limit.
    pub pids: Option<i64>,
    /// When it is started again.
    pub restart: Option<RestartPolicy>,
}

/// The period that a kernel takes when nobody says one, in microseconds.
const USUAL_PERIOD: i64 = 100_000;

/// In a change: no limit.
const UNLIMITED: i64 = -1;

/// The attributes, each with the keys below `deploy` that say the same and win.
const ATTRIBUTES: &[(&str, Option<&[&str]>)] = &[
    (BLKIO_WEIGHT, None),
    (Service::cpu_period, None),
    (Service::cpu_quota, None),
    (Service::cpu_rt_period, None),
    (Service::cpu_rt_runtime, None),
    (Service::cpu_shares, None),
    (Service::cpus, Some(&["resources", "limits", "cpus"])),
    (Service::cpuset, None),
    (Service::mem_limit, Some(&["resources", "limits", "memory"])),
    (Service::mem_reservation, Some(&["resources", "reservations", "memory"])),
    (Service::memswap_limit, None),
    (Service::pids_limit, Some(&["resources", "limits", "pids"])),
    (Service::restart, Some(&["restart_policy", "condition"])),
    (Service::restart, Some(&["restart_policy", "max_attempts"])),
];

/// The one that stands in a section of its own.
const BLKIO_WEIGHT: &str = "blkio_config.weight";

/// An attribute that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Its keys, where one of the two models says it.
    pub path: Vec<String>,
    /// The value that the container has.
    pub from: Option<Json>,
    /// The value that it is to have.
    pub to: Option<Json>,
}

impl Resources {
    /// What a service asks for.
    pub fn of(service: &Service) -> Self {
        let positive = |number: Option<i64>| number.filter(|number| *number > 0);
        let deploy = service.deploy.as_deref();
        let resources = deploy.and_then(|deploy| deploy.resources.as_ref());
        let nothing = (Limits::default(), Reservations::default());
        let limits = resources.and_then(|resources| resources.limits.as_ref()).unwrap_or(&nothing.0);
        let kept = resources.and_then(|resources| resources.reservations.as_ref()).unwrap_or(&nothing.1);
        let weight = service.blkio_config.as_ref().and_then(|config| config.weight.as_ref());
        let bytes = |deployed: Option<i64>, own: Option<i64>| positive(deployed.or(own));
        Self {
            blkio_weight: weight.and_then(|weight| u16::try_from(weight.0).ok()).filter(|weight| *weight > 0),
            cpu_period: positive(service.cpu_period.map(|period| period.0)),
            cpu_quota: positive(service.cpu_quota.map(|quota| quota.0)),
            cpu_rt_period: positive(service.cpu_rt_period.as_ref().map(|period| period.value.0)),
            cpu_rt_runtime: positive(service.cpu_rt_runtime.as_ref().map(|runtime| runtime.value.0)),
            cpu_shares: positive(service.cpu_shares.map(|shares| shares.0)),
            cpuset: service.cpuset.clone().filter(|cpuset| !cpuset.is_empty()),
            memory: bytes(
                limits.memory.as_ref().map(|memory| memory.value.0),
                service.mem_limit.as_ref().map(|memory| memory.value.0),
            ),
            memory_reservation: bytes(
                kept.memory.as_ref().map(|memory| memory.value.0),
                service.mem_reservation.as_ref().map(|memory| memory.value.0),
            ),
            memory_swap: service.memswap_limit.as_ref().map(|swap| swap.value.0).filter(|swap| *swap != 0),
            nano_cpus: positive(
                limits
                    .cpus
                    .as_ref()
                    .map(|cpus| cpus.nano())
                    .or(service.cpus.as_ref().map(|cpus| (cpus.value.0 * 1e9).round() as i64)),
            ),
            pids: positive(
                limits
                    .pids
                    .as_ref()
                    .map(|pids| pids.value.0)
                    .or(service.pids_limit.as_ref().map(|pids| pids.value.0)),
            ),
            restart: restart_policy(
                service.restart.as_ref().map(|restart| restart.value),
                deploy.and_then(|deploy| deploy.restart_policy.as_ref()),
            ),
        }
    }

    /// What the model of a service asks for, as it is in a label.
    pub fn of_model(model: &Json) -> Self {
        let mut own = json!({});
        for (attribute, deployed) in ATTRIBUTES {
            let paths = [Some(path(attribute)), deployed.map(deploy_path)];
            for path in paths.into_iter().flatten() {
                if let Some(value) = at(model, &path) {
                    put(&mut own, &path, value.clone());
                }
            }
        }
        from_stored::<Service>(&own).map(|service| Self::of(&service)).unwrap_or_default()
    }

    /// What has to be changed of these, which a container has, to become those that are wanted; nothing when the
    /// engine would not do that.
    pub fn change_to(&self, wanted: &Self) -> Option<Self> {
        let processors_change = self.cpu_values() != wanted.cpu_values();
        let nano_cpus = changed(self.nano_cpus, wanted.nano_cpus)?;
        let cpu_quota = changed_or(self.cpu_quota, wanted.cpu_quota, UNLIMITED);
        let cpu_period = changed_or(self.period(), wanted.period(), USUAL_PERIOD);
        // The engine takes one of the two ways, whichever it was given first.
        let has_quota = self.cpu_quota.is_some() || self.cpu_period.is_some();
        let is_both_ways = (wanted.nano_cpus.is_some() && has_quota)
            || (self.nano_cpus.is_some() && (cpu_quota.or(cpu_period)).is_some());
        if processors_change && is_both_ways {
            return None;
        }
        let memory = changed(self.memory, wanted.memory)?;
        let swap = self.memory_swap.is_some() || self.memory.is_none();
        let memory_swap = if swap { changed(self.swap(), wanted.swap())? } else { None };
        // The engine looks at both together.
        let is_memory = memory.is_some() || memory_swap.is_some();
        Some(Self {
            blkio_weight: changed(self.blkio_weight, wanted.blkio_weight)?,
            cpu_period,
            cpu_quota,
            cpu_rt_period: changed(self.cpu_rt_period, wanted.cpu_rt_period)?,
            cpu_rt_runtime: changed(self.cpu_rt_runtime, wanted.cpu_rt_runtime)?,
            cpu_shares: changed(self.cpu_shares, wanted.cpu_shares)?,
            cpuset: changed(self.cpuset.clone(), wanted.cpuset.clone())?,
            memory: wanted.memory.filter(|_| is_memory),
            memory_reservation: changed(self.memory_reservation, wanted.memory_reservation)?,
            memory_swap: wanted.swap().filter(|_| is_memory),
            nano_cpus,
            pids: changed_or(self.pids, wanted.pids, UNLIMITED),
            restart: Some(wanted.policy()).filter(|policy| *policy != self.policy()),
        })
    }

    /// What a container has after a change of these.
    pub fn after(&self, change: &Self) -> Self {
        let limit = |change: Option<i64>, own: Option<i64>| change.or(own).filter(|limit| *limit > 0);
        Self {
            blkio_weight: change.blkio_weight.or(self.blkio_weight),
            cpu_period: limit(change.cpu_period, self.cpu_period),
            cpu_quota: limit(change.cpu_quota, self.cpu_quota),
            cpu_rt_period: limit(change.cpu_rt_period, self.cpu_rt_period),
            cpu_rt_runtime: limit(change.cpu_rt_runtime, self.cpu_rt_runtime),
            cpu_shares: limit(change.cpu_shares, self.cpu_shares),
            cpuset: change.cpuset.clone().or(self.cpuset.clone()),
            memory: limit(change.memory, self.memory),
            memory_reservation: limit(change.memory_reservation, self.memory_reservation),
            memory_swap: change.memory_swap.or(self.memory_swap),
            nano_cpus: limit(change.nano_cpus, self.nano_cpus),
            pids: limit(change.pids, self.pids),
            restart: change.restart.or(self.restart),
        }
    }

    /// The attributes in which a container that has these differs from `wanted`; `made` is the model that it was made
    /// from. A limit that the container does not have although it was made with it is one that the engine does not
    /// know: nobody can take it away.
    pub fn differences(&self, made: &Json, (wanted_model, wanted): (&Json, &Self)) -> Vec<Difference> {
        let (has, wanted) = (self.values(), self.possible(made, wanted).values());
        let attributes: BTreeSet<&str> = has.keys().chain(wanted.keys()).copied().collect();
        let differs = |attribute: &&str| has.get(attribute) != wanted.get(attribute);
        let is_swap_of_nobody = |attribute: &&str| {
            *attribute == Service::memswap_limit && self.memory.is_some() && self.memory_swap.is_none()
        };
        let meant = attributes.into_iter().filter(differs).filter(|attribute| !is_swap_of_nobody(attribute));
        let difference = |attribute: &str| {
            let path = place(attribute, wanted_model)
                .or_else(|| place(attribute, made))
                .unwrap_or_else(|| path(attribute));
            let value = |values: &BTreeMap<&str, Json>| {
                let value = values.get(attribute)?.clone();
                Some(if path.len() > 2 && attribute == Service::cpus {
                    json!(value.to_string())
                } else {
                    value
                })
            };
            Difference { from: value(&has), to: value(&wanted), path }
        };
        meant.map(difference).collect()
    }

    /// What is wanted of a container that has these, without the limits that it does not have although it was made
    /// with them.
    pub fn possible(&self, made: &Json, wanted: &Self) -> Self {
        let (applied, mut wanted) = (Self::of_model(made), wanted.clone());
        fn forget<T: PartialEq>(has: &Option<T>, applied: &Option<T>, wanted: &mut Option<T>) {
            if has.is_none() && applied == wanted {
                *wanted = None;
            }
        }
        forget(&self.blkio_weight, &applied.blkio_weight, &mut wanted.blkio_weight);
        forget(&self.cpu_rt_period, &applied.cpu_rt_period, &mut wanted.cpu_rt_period);
        forget(&self.cpu_rt_runtime, &applied.cpu_rt_runtime, &mut wanted.cpu_rt_runtime);
        forget(&self.cpu_shares, &applied.cpu_shares, &mut wanted.cpu_shares);
        forget(&self.cpuset, &applied.cpuset, &mut wanted.cpuset);
        forget(&self.memory, &applied.memory, &mut wanted.memory);
        forget(&self.memory_reservation, &applied.memory_reservation, &mut wanted.memory_reservation);
        forget(&self.nano_cpus, &applied.nano_cpus, &mut wanted.nano_cpus);
        wanted
    }

    /// The values by their attributes. Those of which an engine makes nothing else than of none are none.
    fn values(&self) -> BTreeMap<&'static str, Json> {
        let number = |number: Option<i64>| number.map(|number| json!(number));
        let bytes = |bytes: Option<i64>| bytes.map(|bytes| json!(bytes.to_string()));
        let usual_swap = self.memory.and_then(|memory| memory.checked_mul(2));
        let all = [
            (BLKIO_WEIGHT, self.blkio_weight.map(|weight| json!(weight))),
            (Service::cpu_period, number(self.period())),
            (Service::cpu_quota, number(self.cpu_quota)),
            (Service::cpu_rt_period, number(self.cpu_rt_period)),
            (Service::cpu_rt_runtime, number(self.cpu_rt_runtime)),
            (Service::cpu_shares, number(self.cpu_shares)),
            (Service::cpus, self.nano_cpus.map(|nano| json!(nano as f64 / 1e9))),
            (Service::cpuset, self.cpuset.as_ref().map(|cpuset| json!(cpuset))),
            (Service::mem_limit, bytes(self.memory)),
            (Service::mem_reservation, bytes(self.memory_reservation)),
            (Service::memswap_limit, bytes(self.memory_swap.filter(|swap| Some(*swap) != usual_swap))),
            (Service::pids_limit, number(self.pids)),
            (Service::restart, Some(json!(self.policy().word()))),
        ];
        all.into_iter().filter_map(|(attribute, value)| Some((attribute, value?))).collect()
    }

    fn policy(&self) -> RestartPolicy {
        self.restart.unwrap_or(RestartPolicy::No)
    }

    fn period(&self) -> Option<i64> {
        self.cpu_period.filter(|period| *period != USUAL_PERIOD)
    }

    /// What holds of memory and swap together.
    fn swap(&self) -> Option<i64> {
        self.memory_swap.or(self.memory.and_then(|memory| memory.checked_mul(2)))
    }

    fn cpu_values(&self) -> [Option<i64>; 3] {
        [self.nano_cpus, self.cpu_quota, self.period()]
    }
}

/// The value that has to be set; an error, which is nothing, when one would have to be taken away.
#[expect(clippy::option_option, reason = "the outer one says whether it can be done")]
fn changed<T: PartialEq>(has: Option<T>, wanted: Option<T>) -> Option<Option<T>> {
    match (has == wanted, wanted) {
        (true, _) => Some(None),
        (false, Some(wanted)) => Some(Some(wanted)),
        (false, None) => None,
    }
}

/// The value that has to be set, or what stands for none.
fn changed_or(has: Option<i64>, wanted: Option<i64>, none: i64) -> Option<i64> {
    (has != wanted).then(|| wanted.unwrap_or(none))
}

/// The model without what an engine can change of a container that is there.
pub fn without_resources(model: &Json) -> Json {
    let mut model = model.clone();
    for (attribute, deployed) in ATTRIBUTES {
        remove(&mut model, &path(attribute));
        if let Some(deployed) = deployed {
            remove(&mut model, &deploy_path(deployed));
        }
    }
    // A policy that says nothing is one all the same, and was compared as such.
    remove_empty(&mut model, &deploy_path(&[Deploy::restart_policy]));
    model
}

/// The restart policy; `deploy.restart_policy` wins over `restart`.
pub fn restart_policy(
    restart: Option<RestartPolicy>,
    deployed: Option<&DeployRestartPolicy>,
) -> Option<RestartPolicy> {
    let Some(deployed) = deployed else { return restart };
    let DeployRestartPolicy { condition, max_attempts, delay: _, window: _, extensions: _ } = deployed;
    let attempts = max_attempts.as_ref().and_then(|attempts| u32::try_from(attempts.0).ok());
    Some(match condition.as_ref().map(|condition| condition.as_str()) {
        Some("none" | "no") => RestartPolicy::No,
        Some("on-failure") => RestartPolicy::OnFailure { attempts },
        Some("unless-stopped") => RestartPolicy::UnlessStopped,
        // The engine counts attempts only after failures.
        _ if attempts.is_some() => RestartPolicy::OnFailure { attempts },
        _ => RestartPolicy::Always,
    })
}

/// The keys of an attribute.
fn path(attribute: &str) -> Vec<String> {
    attribute.split('.').map(str::to_owned).collect()
}

fn deploy_path(keys: &[&str]) -> Vec<String> {
    [Service::deploy].iter().chain(keys).map(|key| (*key).to_owned()).collect()
}

/// Where a model says an attribute: below `deploy`, or by itself.
fn place(attribute: &str, model: &Json) -> Option<Vec<String>> {
    let deployed =
        ATTRIBUTES.iter().filter(|(own, _)| *own == attribute).filter_map(|(_, deployed)| *deployed);
    let policy: &[&str] = &[Deploy::restart_policy];
    let policy = Some(policy).filter(|_| attribute == Service::restart);
    let mut paths = deployed.chain(policy).map(deploy_path).chain([path(attribute)]);
    paths.find(|path| at(model, path).is_some())
}

fn at<'model>(model: &'model Json, path: &[String]) -> Option<&'model Json> {
    path.iter().try_fold(model, |section, key| section.get(key)).filter(|value| !value.is_null())
}

fn put(model: &mut Json, path: &[String], value: Json) {
    let place = path.iter().fold(model, |section, key| {
        if !section.is_object() {
            *section = Json::Object(JsonMap::new());
        }
        &mut section[key.as_str()]
    });
    *place = value;
}

/// Takes a value out of a model, and the sections that are empty without it.
fn remove(model: &mut Json, path: &[String]) {
    let Some((key, rest)) = path.split_first() else { return };
    let Json::Object(section) = model else { return };
    let Some(value) = section.get_mut(key) else { return };
    if !rest.is_empty() {
        remove(value, rest);
    }
    if rest.is_empty() || made::is_nothing(value) {
        section.remove(key);
    }
}

/// Takes a section out of a model that has nothing in it.
fn remove_empty(model: &mut Json, path: &[String]) {
    if at(model, path).is_some_and(made::is_nothing) {
        remove(model, path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resources(model: Json) -> Resources {
        Resources::of_model(&model)
    }

    /// What is changed, `attribute: from -> to`, and what is asked of the engine for it; `no` when it cannot be done.
    fn change(has: Json, wanted: Json) -> (String, String) {
        let own = resources(has.clone());
        // As an engine tells it.
        let own = Resources { memory_swap: own.swap(), ..own };
        let differences = own.differences(&has, (&wanted, &resources(wanted.clone())));
        let told = differences.into_iter().map(|difference| {
            let Difference { path, from, to } = difference;
            let text = |value: Option<Json>| value.map_or("-".to_owned(), |value| value.to_string());
            format!("{}: {} -> {}", path.join("."), text(from), text(to))
        });
        let asked = own.change_to(&resources(wanted)).map_or("no".to_owned(), |change| {
            let Json::Object(asked) = serde_json::to_value(change).unwrap() else { panic!("an object") };
            let asked = asked.into_iter().filter(|(_, value)| !value.is_null());
            asked.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
        });
        (told.collect::<Vec<_>>().join(", "), asked)
    }

    #[test]
    fn each_attribute_is_named_where_the_topology_says_it_and_changed_as_the_engine_takes_it() {
        for (has, wanted, told, asked) in [
            (
                json!({ "mem_limit": "64" }),
                json!({ "mem_limit": "128" }),
                "mem_limit: \"64\" -> \"128\"",
                "memory=128 memory_swap=256",
            ),
            (json!({}), json!({ "mem_limit": "64" }), "mem_limit: - -> \"64\"", "memory=64 memory_swap=128"),
            (json!({ "mem_limit": "64" }), json!({}), "mem_limit: \"64\" -> -", "no"),
            (
                json!({ "mem_limit": "64" }),
                json!({ "deploy": { "resources": { "limits": { "memory": "32" } } } }),
                "deploy.resources.limits.memory: \"64\" -> \"32\"",
                "memory=32 memory_swap=64",
            ),
            (
                json!({ "mem_limit": "64" }),
                json!({ "deploy": { "resources": { "limits": { "memory": "64" } } } }),
                "",
                "",
            ),
            (
                json!({ "mem_limit": "64" }),
                json!({ "mem_limit": "64", "memswap_limit": "-1" }),
                "memswap_limit: - -> \"-1\"",
                "memory=64 memory_swap=-1",
            ),
            (
                json!({ "mem_limit": "64", "memswap_limit": "64" }),
                json!({ "mem_limit": "64" }),
                "memswap_limit: \"64\" -> -",
                "memory=64 memory_swap=128",
            ),
            (json!({ "mem_limit": "64", "memswap_limit": "128" }), json!({ "mem_limit": "64" }), "", ""),
            (
                json!({ "mem_reservation": "6" }),
                json!({ "mem_reservation": "7" }),
                "mem_reservation: \"6\" -> \"7\"",
                "memory_reservation=7",
            ),
            (json!({ "cpus": 0.5 }), json!({ "cpus": 1.5 }), "cpus: 0.5 -> 1.5", "nano_cpus=1500000000"),
            (
                json!({ "cpus": 0.5 }),
                json!({ "deploy": { "resources": { "limits": { "cpus": "0.25" } } } }),
                "deploy.resources.limits.cpus: \"0.5\" -> \"0.25\"",
                "nano_cpus=250000000",
            ),
            (json!({ "cpus": 0.5 }), json!({}), "cpus: 0.5 -> -", "no"),
            (
                json!({ "cpus": 0.5 }),
                json!({ "cpu_quota": 5000 }),
                "cpu_quota: - -> 5000, cpus: 0.5 -> -",
                "no",
            ),
            (
                json!({ "cpu_quota": 5000 }),
                json!({ "cpus": 0.5 }),
                "cpu_quota: 5000 -> -, cpus: - -> 0.5",
                "no",
            ),
            (json!({ "cpu_quota": 5000 }), json!({}), "cpu_quota: 5000 -> -", "cpu_quota=-1"),
            (
                json!({ "cpu_quota": 5000, "cpu_period": 50000 }),
                json!({ "cpu_quota": 7000 }),
                "cpu_period: 50000 -> -, cpu_quota: 5000 -> 7000",
                "cpu_period=100000 cpu_quota=7000",
            ),
            (json!({}), json!({ "cpu_period": 100000 }), "", ""),
            (
                json!({ "cpu_shares": 512 }),
                json!({ "cpu_shares": 256 }),
                "cpu_shares: 512 -> 256",
                "cpu_shares=256",
            ),
            (
                json!({ "cpuset": "0" }),
                json!({ "cpuset": "0-1" }),
                "cpuset: \"0\" -> \"0-1\"",
                "cpuset=\"0-1\"",
            ),
            (json!({ "pids_limit": 10 }), json!({ "pids_limit": -1 }), "pids_limit: 10 -> -", "pids=-1"),
            (
                json!({}),
                json!({ "blkio_config": { "weight": 300 } }),
                "blkio_config.weight: - -> 300",
                "blkio_weight=300",
            ),
            (
                json!({}),
                json!({ "cpu_rt_runtime": 950, "cpu_rt_period": 1400 }),
                "cpu_rt_period: - -> 1400, cpu_rt_runtime: - -> 950",
                "cpu_rt_period=1400 cpu_rt_runtime=950",
            ),
            (
                json!({ "restart": "always" }),
                json!({ "restart": "no" }),
                "restart: \"always\" -> \"no\"",
                "restart=\"no\"",
            ),
            (json!({}), json!({ "restart": "no" }), "", ""),
            (
                json!({ "restart": "on-failure:3" }),
                json!({ "restart": "no", "deploy": { "restart_policy": { "condition": "any" } } }),
                "deploy.restart_policy.condition: \"on-failure:3\" -> \"always\"",
                "restart=\"always\"",
            ),
            (
                json!({}),
                json!({ "deploy": { "restart_policy": { "max_attempts": 2 } } }),
                "deploy.restart_policy.max_attempts: \"no\" -> \"on-failure:2\"",
                "restart={\"on-failure\":{\"attempts\":2}}",
            ),
        ] {
            let what = format!("{has} {wanted}");
            assert_eq!(change(has, wanted), (told.to_owned(), asked.to_owned()), "{what}");
        }
    }

    #[test]
    fn a_limit_that_the_engine_left_out_does_not_differ_and_one_that_somebody_took_away_does() {
        let bare = Resources::default();
        let (weight, pids) = (json!({ "blkio_config": { "weight": 300 } }), json!({ "pids_limit": 10 }));
        fn differences(has: &Resources, made: &Json, wanted: &Json) -> Vec<Difference> {
            has.differences(made, (wanted, &resources(wanted.clone())))
        }
        assert_eq!(differences(&bare, &weight, &weight), []);
        assert_eq!(differences(&bare, &json!({}), &weight).len(), 1, "it is asked for anew");
        assert_eq!(differences(&bare, &pids, &pids).len(), 1, "any engine takes it away");
        // An engine that knows no limit of swap says nothing of it.
        let memory = Resources { memory: Some(64), ..Resources::default() };
        let limits = json!({ "mem_limit": "64", "memswap_limit": "64" });
        assert_eq!(differences(&memory, &limits, &limits), []);
    }

    #[test]
    fn what_is_left_of_a_model_makes_another_container() {
        let model = json!({
            "blkio_config": { "weight": 300, "device_read_bps": [] },
            "cpus": 1,
            "deploy": {
                "resources": { "limits": { "memory": "64" }, "reservations": { "memory": "32", "devices": [1] } },
                "restart_policy": { "condition": "any" },
            },
            "image": "x",
            "restart": "always",
        });
        assert_eq!(
            without_resources(&model),
            json!({
                "blkio_config": { "device_read_bps": [] },
                "deploy": { "resources": { "reservations": { "devices": [1] } } },
                "image": "x",
            })
        );
        assert_eq!(without_resources(&json!({ "deploy": { "restart_policy": {} } })), json!({}));
    }

    #[test]
    fn the_policy_of_deploy_wins() {
        let policy = |deployed: Json| {
            let model = json!({ "restart": "always", "deploy": { "restart_policy": deployed } });
            Resources::of(&from_stored::<Service>(&model).expect("a service")).policy().word()
        };
        for (deployed, word) in [
            (json!({ "condition": "none" }), "no"),
            (json!({ "condition": "on-failure", "max_attempts": 3 }), "on-failure:3"),
            (json!({ "condition": "any" }), "always"),
            (json!({}), "always"),
            (json!({ "max_attempts": 2 }), "on-failure:2"),
        ] {
            assert_eq!(policy(deployed), word);
        }
        assert_eq!(restart_policy(None, None), None);
    }
}
