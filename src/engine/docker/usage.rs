//! In: a container. Out: its processes and its resource usage. Must not: change anything.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::{Stream, stream};
use serde::Deserialize;

use super::Docker;
use super::json_lines::JsonLines;
use super::transport::{Call, escape};
use crate::engine::{EngineError, Processes, Samples, Statistics, Usage};

impl Statistics for Docker {
    async fn processes(&self, container: &str) -> Result<Processes, EngineError> {
        self.transport.json(Call::get(format!("/containers/{}/top", escape(container, "")))).await
    }

    async fn usage(
        &self,
        container: &str,
        samples: Samples,
    ) -> Result<impl Stream<Item = Result<Usage, EngineError>> + Unpin + use<>, EngineError> {
        let stream = if samples == Samples::Many { "1" } else { "0" };
        let call = Call::get(format!("/containers/{}/stats", escape(container, ""))).query("stream", stream);
        let body = self.transport.stream(call).await?;
        Ok(Box::pin(stream::try_unfold(JsonLines::new(body), next_usage)))
    }
}

async fn next_usage<S>(mut lines: JsonLines<S>) -> Result<Option<(Usage, JsonLines<S>)>, EngineError>
where
    S: Stream<Item = Result<Bytes, EngineError>> + Unpin,
{
    Ok(lines.next::<Sample>().await?.map(|sample| (sample.usage(), lines)))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sample {
    cpu_stats: Cpu,
    precpu_stats: Cpu,
    memory_stats: Memory,
    networks: Option<BTreeMap<String, Network>>,
    blkio_stats: Disks,
    pids_stats: Pids,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cpu {
    cpu_usage: CpuUsage,
    system_cpu_usage: u64,
    online_cpus: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CpuUsage {
    total_usage: u64,
    percpu_usage: Option<Vec<u64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Memory {
    usage: u64,
    limit: u64,
    stats: BTreeMap<String, u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Network {
    rx_bytes: u64,
    tx_bytes: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Disks {
    io_service_bytes_recursive: Option<Vec<Transfer>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Transfer {
    op: String,
    value: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pids {
    current: u64,
}

impl Sample {
    fn usage(&self) -> Usage {
        let networks = || self.networks.iter().flat_map(BTreeMap::values);
        let transfers = |operation: &str| {
            let all = self.blkio_stats.io_service_bytes_recursive.iter().flatten();
            let meant = all.filter(|transfer| transfer.op.eq_ignore_ascii_case(operation));
            meant.map(|transfer| transfer.value).sum()
        };
        Usage {
            processors: self.processors(),
            memory: self.memory_stats.used(),
            memory_limit: self.memory_stats.limit,
            received: networks().map(|network| network.rx_bytes).sum(),
            sent: networks().map(|network| network.tx_bytes).sum(),
            read: transfers("read"),
            written: transfers("write"),
            processes: self.pids_stats.current,
        }
    }

    /// The first sample of a stream has no previous one.
    fn processors(&self) -> f64 {
        let (now, before) = (&self.cpu_stats, &self.precpu_stats);
        let own = now.cpu_usage.total_usage.saturating_sub(before.cpu_usage.total_usage);
        let system = now.system_cpu_usage.saturating_sub(before.system_cpu_usage);
        if system == 0 || before.system_cpu_usage == 0 {
            return 0.0;
        }
        let count = match (now.online_cpus, &now.cpu_usage.percpu_usage) {
            (0, Some(each)) => each.len() as u64,
            (count, _) => count,
        };
        own as f64 / system as f64 * count as f64
    }
}

impl Memory {
    /// Without inactive file cache, which cgroup v1 and v2 name differently.
    fn used(&self) -> u64 {
        let cached = ["total_inactive_file", "inactive_file"].iter().find_map(|name| self.stats.get(*name));
        let cached = cached.copied().filter(|cached| *cached < self.usage).unwrap_or_default();
        self.usage - cached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_understood() {
        let sample: Sample = serde_json::from_str(
            r#"{"cpu_stats": {"cpu_usage": {"total_usage": 300}, "system_cpu_usage": 2000, "online_cpus": 2},
                "precpu_stats": {"cpu_usage": {"total_usage": 100}, "system_cpu_usage": 1000},
                "memory_stats": {"usage": 1000, "limit": 4000, "stats": {"inactive_file": 300}},
                "networks": {"eth0": {"rx_bytes": 1, "tx_bytes": 2}, "eth1": {"rx_bytes": 10, "tx_bytes": 20}},
                "blkio_stats": {"io_service_bytes_recursive": [{"op": "Read", "value": 5}, {"op": "write", "value": 6}]},
                "pids_stats": {"current": 3}}"#,
        )
        .expect("a sample");
        let wanted = Usage {
            processors: 0.4,
            memory: 700,
            memory_limit: 4000,
            received: 11,
            sent: 22,
            read: 5,
            written: 6,
            processes: 3,
        };
        assert_eq!(sample.usage(), wanted);
    }

    #[test]
    fn a_stopped_container_uses_nothing() {
        let sample: Sample = serde_json::from_str(
            r#"{"memory_stats": {}, "blkio_stats": {"io_service_bytes_recursive": null}}"#,
        )
        .expect("a sample");
        assert_eq!(sample.usage(), Usage::default());
    }
}
