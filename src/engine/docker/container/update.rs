//! In: limits and a restart policy. Out: a container that has them.
//! Must not: report success if the engine ignored a part of the change.

use http::Method;
use serde::{Deserialize, Serialize};

use super::super::Docker;
use super::super::inspect;
use super::super::transport::{Call, escape};
use super::limit;
use crate::engine::EngineError;
use crate::plan::resources::Resources;
use crate::topology::name::ContainerName;

/// The body of `POST /containers/NAME/update`, Engine API 1.41.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    #[serde(skip_serializing_if = "Option::is_none")]
    blkio_weight: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_period: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_quota: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_realtime_period: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_realtime_runtime: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_shares: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpuset_cpus: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_reservation: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_swap: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nano_cpus: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pids_limit: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restart_policy: Option<bollard::models::RestartPolicy>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Answer {
    warnings: Option<Vec<String>>,
}

/// Changes a container. An engine whose kernel lacks a limit accepts it with a warning and ignores it: that counts as a
/// refusal.
pub(in crate::engine::docker) async fn update(
    docker: &Docker,
    container: &ContainerName,
    change: &Resources,
) -> Result<(), EngineError> {
    let path = format!("/containers/{}/update", escape(container.as_str(), ""));
    let call = Call::new(Method::POST, path).json(&request(change))?;
    let Answer { warnings } = docker.transport.json(call).await?;
    let warnings = warnings.unwrap_or_default();
    if warnings.is_empty() {
        return Ok(());
    }
    let now = inspect::inspect(&docker.transport, container.as_str()).await?.settings().resources;
    if is_done(change, &now) {
        return Ok(());
    }
    Err(EngineError::Refused { status: 500, message: warnings.join(", ") })
}

/// Whether a container has the limits that were requested. A kernel that does not account for swap has no limit of it.
fn is_done(change: &Resources, now: &Resources) -> bool {
    let without_swap = |resources: &Resources| Resources { memory_swap: None, ..resources.clone() };
    let wanted = now.after(change);
    without_swap(&wanted) == without_swap(now)
}

fn request(change: &Resources) -> Request {
    let Resources {
        blkio_weight,
        cpu_period,
        cpu_quota,
        cpu_rt_period,
        cpu_rt_runtime,
        cpu_shares,
        cpuset,
        memory,
        memory_reservation,
        memory_swap,
        nano_cpus,
        pids,
        restart,
    } = change.clone();
    Request {
        blkio_weight,
        cpu_period,
        cpu_quota,
        cpu_realtime_period: cpu_rt_period,
        cpu_realtime_runtime: cpu_rt_runtime,
        cpu_shares,
        cpuset_cpus: cpuset,
        memory,
        memory_reservation,
        memory_swap,
        nano_cpus,
        pids_limit: pids,
        restart_policy: restart.map(limit::restart_policy),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::service::RestartPolicy;

    #[test]
    fn what_stays_as_it_is_is_not_sent() {
        let change = Resources {
            memory: Some(64),
            memory_swap: Some(-1),
            restart: Some(RestartPolicy::OnFailure { attempts: Some(3) }),
            ..Resources::default()
        };
        assert_eq!(
            serde_json::to_value(request(&change)).unwrap(),
            serde_json::json!({
                "Memory": 64,
                "MemorySwap": -1,
                "RestartPolicy": { "Name": "on-failure", "MaximumRetryCount": 3 },
            })
        );
    }

    #[test]
    fn what_the_engine_left_out_is_not_done() {
        let change = Resources { memory: Some(64), blkio_weight: Some(300), ..Resources::default() };
        let now = |blkio_weight| Resources { memory: Some(64), blkio_weight, ..Resources::default() };
        assert!(!is_done(&change, &now(None)));
        assert!(is_done(&change, &now(Some(300))));
        let swap = Resources { memory: Some(64), memory_swap: Some(128), ..Resources::default() };
        assert!(is_done(
            &swap,
            &Resources { memory: Some(64), memory_swap: Some(-1), ..Resources::default() }
        ));
    }
}
