//! In: a project. Out: events of its containers, as they happen. Must not: interpret a change.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use super::Docker;
use super::inspect::health_word;
use super::json_lines::JsonLines;
use super::observe::project_filter;
use super::transport::{Call, Transport};
use crate::engine::{Change, ContainerEvent, EngineError, EventFilter, History, What, phrase};
use crate::topology::name::{ContainerName, ProjectName};

/// Subscribes; when the future is ready, the engine has answered and no event is missed.
pub async fn subscribe(
    transport: &Transport,
    project: &ProjectName,
) -> Result<impl Stream<Item = Result<Change, EngineError>> + Unpin + use<>, EngineError> {
    let filters = json!({ "type": ["container"], "label": [project_filter(project.as_str())] }).to_string();
    let body = transport.stream(Call::get("/events").query("filters", &filters)).await?;
    Ok(Box::pin(stream::try_unfold(JsonLines::new(body), next_change)))
}

/// How far back what happened is asked for.
const RECENTLY: Duration = Duration::from_secs(600);

/// How long the engine may pause while it tells what happened: where its clock is behind ours, it takes the present
/// for the future, and waits for it.
const PAUSE: Duration = Duration::from_millis(100);

/// What happened lately that begins or ends something, from the engine's memory: the last 256 events of all projects.
pub async fn recent(transport: &Transport, project: &ProjectName) -> Result<Vec<Change>, EngineError> {
    let filters = json!({
        "type": ["container"],
        "label": [project_filter(project.as_str())],
        "event": ["create", "destroy", "die", "kill", "rename", "start"],
    });
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let time = |time: Duration| format!("{}.{:09}", time.as_secs(), time.subsec_nanos());
    let call = Call::get("/events").query("filters", &filters.to_string());
    let call = call.query("since", &time(now.saturating_sub(RECENTLY))).query("until", &time(now));
    let mut changes =
        Box::pin(stream::try_unfold(JsonLines::new(transport.stream(call).await?), next_change));
    let mut recent = Vec::new();
    while let Ok(Some(change)) = timeout(PAUSE, changes.try_next()).await.unwrap_or(Ok(None)) {
        recent.push(change);
    }
    Ok(recent)
}

impl History for Docker {
    async fn incidents(
        &self,
        project: &ProjectName,
        choice: &EventFilter,
    ) -> Result<impl Stream<Item = Result<ContainerEvent, EngineError>> + Unpin + use<>, EngineError> {
        let filters =
            json!({ "type": ["container"], "label": [project_filter(project.as_str())] }).to_string();
        let mut call = Call::get("/events").query("filters", &filters);
        for (name, time) in [("since", &choice.since), ("until", &choice.until)] {
            if let Some(time) = time {
                call = call.query(name, time);
            }
        }
        let body = self.transport.stream(call).await?;
        Ok(Box::pin(stream::try_unfold(JsonLines::new(body), next_incident)))
    }
}

async fn next_incident<S>(
    mut lines: JsonLines<S>,
) -> Result<Option<(ContainerEvent, JsonLines<S>)>, EngineError>
where
    S: Stream<Item = Result<Bytes, EngineError>> + Unpin,
{
    let Some(Event { action, actor, time_nano }) = lines.next::<Event>().await? else { return Ok(None) };
    let Actor { id, attributes } = actor;
    Ok(Some((
        ContainerEvent { action, id, attributes: attributes.unwrap_or_default(), at: time_nano },
        lines,
    )))
}

async fn next_change<S>(mut lines: JsonLines<S>) -> Result<Option<(Change, JsonLines<S>)>, EngineError>
where
    S: Stream<Item = Result<Bytes, EngineError>> + Unpin,
{
    while let Some(event) = lines.next::<Event>().await? {
        if let Some(change) = change(event) {
            return Ok(Some((change, lines)));
        }
    }
    Ok(None)
}

/// An event in the engine's format.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Action")]
    action: String,
    #[serde(rename = "Actor")]
    actor: Actor,
    #[serde(rename = "timeNano", default)]
    time_nano: i64,
}

#[derive(Deserialize)]
struct Actor {
    #[serde(rename = "ID", default)]
    id: String,
    #[serde(rename = "Attributes", default)]
    attributes: Option<BTreeMap<String, String>>,
}

/// `None` for an event of something that is not a container.
fn change(event: Event) -> Option<Change> {
    let attributes = event.actor.attributes.unwrap_or_default();
    let what = match event.action.as_str() {
        "create" => What::Created,
        "start" => What::Started,
        "die" => What::Died { exit_code: attributes.get("exitCode")?.parse().ok()? },
        "kill" => What::Signalled { signal: attributes.get("signal").and_then(|signal| signal.parse().ok()) },
        "pause" => What::Paused,
        "rename" => What::Renamed,
        "destroy" | "remove" => What::Removed,
        // Podman's form; some of its versions put the result into an attribute.
        "health_status" => attributes
            .get("health_status")
            .and_then(|word| health_word(word))
            .map_or(What::HealthChecked, What::Health),
        other => health(other).map_or_else(|| What::Other(event.action.clone()), What::Health),
    };
    let container = ContainerName::new(attributes.get("name")?.trim_start_matches('/'));
    Some(Change { container, what, at: event.time_nano })
}

fn health(action: &str) -> Option<crate::plan::observed::Health> {
    health_word(phrase::HEALTH_STATUS.rest_of(action)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::observed::Health;

    fn read(action: &str, attributes: &str) -> Option<What> {
        let text = format!(
            r#"{{"Type": "container", "Action": "{action}", "timeNano": 5,
                "Actor": {{"ID": "abc", "Attributes": {{"name": "web-1", {attributes}"image": "x"}}}}}}"#
        );
        change(serde_json::from_str(&text).unwrap()).map(|change| {
            assert_eq!((change.container.as_str(), change.at), ("web-1", 5));
            change.what
        })
    }

    #[test]
    fn every_lifecycle_event_is_understood() {
        for (action, attributes, what) in [
            ("create", "", What::Created),
            ("start", "", What::Started),
            ("die", r#""exitCode": "137", "#, What::Died { exit_code: 137 }),
            ("health_status: healthy", "", What::Health(Health::Healthy)),
            ("health_status: unhealthy", "", What::Health(Health::Unhealthy)),
            ("health_status", "", What::HealthChecked),
            ("health_status", r#""health_status": "healthy", "#, What::Health(Health::Healthy)),
            ("health_status", r#""health_status": "tired", "#, What::HealthChecked),
            ("kill", r#""signal": "15", "#, What::Signalled { signal: Some(15) }),
            ("kill", "", What::Signalled { signal: None }),
            ("pause", "", What::Paused),
            ("rename", r#""oldName": "/web-0", "#, What::Renamed),
            ("destroy", "", What::Removed),
            ("exec_start: sh", "", What::Other("exec_start: sh".to_owned())),
            ("health_status: tired", "", What::Other("health_status: tired".to_owned())),
        ] {
            assert_eq!(read(action, attributes), Some(what), "{action}");
        }
    }
}
