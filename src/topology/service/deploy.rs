//! The `deploy` section. Replicas, resources and the restart policy also apply to a single engine;
//! the rest is for a cluster.

use serde_json::Value as Json;

use crate::source::Spanned;
use crate::topology::attribute::{choice, record};
use crate::topology::service::device::DeviceRequest;
use crate::topology::value::{ByteSize, Decimal, Duration, Integer, Loose, Pairs};

record! {
    /// Replicas, resources and restarts.
    pub struct Deploy {
        /// `replicated`, `global`, `replicated-job` or `global-job`.
        mode: Option<String> = public,
        /// How a cluster finds the service: `vip` or `dnsrr`.
        endpoint_mode: Option<String> = public,
        /// How many containers run. 1 when absent.
        replicas: Option<Spanned<Integer>> = also(&["scale", "replica", "instances"]),
        /// Labels of the service in a cluster.
        labels: Pairs = without_empty,
        /// How a failed update is rolled back.
        rollback_config: Option<UpdateConfig>,
        /// How a changed service is replaced.
        update_config: Option<UpdateConfig>,
        /// Limits and reservations.
        resources: Option<Resources> = form("write `resources: {limits: {cpus: \"0.5\", memory: 256m}}`"),
        /// When the engine starts the container again.
        restart_policy: Option<DeployRestartPolicy> = also(&["restart"]) form("write `restart_policy: {condition: on-failure}`"),
        /// Which nodes of a cluster run the service.
        placement: Option<Placement>,
    } elsewhere { crate::topology::attribute::hint::DEPLOY }
}

record! {
    /// How containers are replaced.
    pub struct UpdateConfig {
        /// How many at once; 0 means all.
        parallelism: Option<Integer>,
        /// Time between two groups.
        delay: Option<Duration>,
        /// `continue`, `rollback` or `pause`.
        failure_action: Option<String> = public,
        /// How long a new container is monitored for failure.
        monitor: Option<Duration>,
        /// The ratio of failures to tolerate, from 0 to 1.
        max_failure_ratio: Option<Decimal>,
        /// Which of the two containers goes first.
        order: Option<UpdateOrder>,
    }
}

choice! {
    /// Which container goes first in an update.
    pub enum UpdateOrder {
        /// The new one is started before the old one is stopped.
        StartFirst = "start-first",
        /// The old one is stopped before the new one is started.
        StopFirst = "stop-first",
    }
}

record! {
    /// Limits and reservations.
    pub struct Resources {
        /// The most that a container may use.
        limits: Option<Limits> = also(&["limit"]) form("write, for example, `{cpus: \"0.5\", memory: 256m}`"),
        /// What is reserved for a container.
        reservations: Option<Reservations> = also(&["reservation"]) form("write, for example, `{cpus: \"0.5\", memory: 256m}`"),
    } elsewhere { crate::topology::attribute::hint::RESOURCES }
}

record! {
    /// The most that a container may use.
    pub struct Limits {
        /// CPUs, such as `0.5`.
        cpus: Option<Spanned<Cpus>> = public also(&["cpu"]),
        /// Memory.
        memory: Option<Spanned<ByteSize>> = also(&["mem", "mem_limit", "ram"]),
        /// Processes.
        pids: Option<Spanned<Integer>>,
    }
}

record! {
    /// What is reserved for a container.
    pub struct Reservations {
        /// CPUs, such as `0.25`.
        cpus: Option<Spanned<Cpus>> = public also(&["cpu"]),
        /// Memory.
        memory: Option<Spanned<ByteSize>> = also(&["mem", "mem_limit", "ram"]),
        /// Generic resources of the cluster.
        generic_resources: Vec<GenericResource>,
        /// Devices, such as GPUs.
        devices: Vec<Spanned<DeviceRequest>>,
    }
}

record! {
    /// A generic resource of the cluster.
    pub struct GenericResource {
        /// How much of which kind.
        discrete_resource_spec: Option<DiscreteResource>,
    }
}

record! {
    /// How much of which kind.
    pub struct DiscreteResource {
        /// The kind.
        kind: Option<String> = public,
        /// How much.
        value: Option<Integer>,
    }
}

record! {
    /// When the engine starts the container again.
    pub struct DeployRestartPolicy {
        /// `none`, `on-failure` or `any`.
        condition: Option<Spanned<String>> = public,
        /// Time between two attempts.
        delay: Option<Duration>,
        /// How many attempts are made.
        max_attempts: Option<Spanned<Integer>>,
        /// How long a container must run to count as started.
        window: Option<Duration>,
    }
}

record! {
    /// Which nodes of a cluster run the service.
    pub struct Placement {
        /// Conditions on nodes.
        constraints: Vec<Spanned<String>> = public,
        /// How containers are spread.
        preferences: Vec<Preference>,
        /// The most containers on one node.
        max_replicas_per_node: Option<Integer>,
    }
}

record! {
    /// How containers are spread.
    pub struct Preference {
        /// A label of the nodes.
        spread: Option<Loose> = public,
    }
}

/// A number of CPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cpus(pub f64);

impl Cpus {
    /// Billionths of a CPU, as the engine expects.
    pub fn nano(self) -> i64 {
        (self.0 * 1e9).round() as i64
    }
}

impl crate::topology::attribute::Attribute for Cpus {
    fn decode(node: &crate::document::Node, found: &mut crate::diagnostic::Diagnostics) -> Option<Self> {
        Decimal::decode(node, found).map(|number| Self(number.0))
    }

    fn canonical(&self, form: crate::topology::Form) -> Json {
        Decimal(self.0).canonical(form)
    }

    fn schema(definitions: &mut serde_json::Map<String, Json>) -> Json {
        Decimal::schema(definitions)
    }
}
