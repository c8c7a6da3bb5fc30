//! In: a query. Out: projects, images and volumes for lists. Must not: change anything, or fail on
//! a word that a newer engine uses.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::json;

use super::Docker;
use super::observe::{self, ListedVolume, list_volumes, project_filter};
use super::transport::{Call, Transport, escape};
use crate::engine::{Containers, EngineError, ImageDetails, Inventory, ListedProject, VolumeDetails};
use crate::plan::label;
use crate::plan::observed::ObservedContainer;
use crate::plan::preflight::Neighbour;
use crate::topology::name::{ImageId, ProjectName, ServiceName};

/// How many requests are sent at once.
const AT_ONCE: usize = 8;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedContainer {
    labels: Option<BTreeMap<String, String>>,
    #[serde(default)]
    state: String,
    #[serde(default)]
    mounts: Option<Vec<ListedMount>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedMount {
    #[serde(default)]
    name: String,
}

impl Inventory for Docker {
    async fn containers_of(
        &self,
        project: &ProjectName,
        service: &ServiceName,
    ) -> Result<Vec<ObservedContainer>, EngineError> {
        observe::containers_of(&self.transport, project, service).await
    }

    async fn neighbours(&self) -> Result<Vec<Neighbour>, EngineError> {
        observe::neighbours(&self.transport).await
    }

    async fn has_names(&self, image: &ImageId) -> Result<bool, EngineError> {
        observe::has_names(&self.transport, image).await
    }

    async fn projects(&self, containers: Containers) -> Result<Vec<ListedProject>, EngineError> {
        let mut projects = BTreeMap::new();
        for container in containers_with(&self.transport, label::PROJECT, containers).await? {
            let labels = container.labels.unwrap_or_default();
            let Some(name) = labels.get(label::PROJECT) else { continue };
            let project = projects.entry(name.clone()).or_insert_with(|| ListedProject {
                name: name.clone(),
                states: BTreeMap::new(),
                files: BTreeSet::new(),
            });
            *project.states.entry(container.state).or_default() += 1;
            project.files.extend(labels.get(label::FILES).filter(|files| !files.is_empty()).cloned());
        }
        Ok(projects.into_values().collect())
    }

    async fn images(&self, ids: &BTreeSet<ImageId>) -> Result<BTreeMap<ImageId, ImageDetails>, EngineError> {
        let asked = stream::iter(ids).map(async |id| {
            let call = Call::get(format!("/images/{}/json", escape(id.as_str(), ":")));
            let details: Option<ImageDetails> = self.transport.json_if_found(call).await?;
            Ok(details.map(|details| (id.clone(), details)))
        });
        let found: Vec<Option<(ImageId, ImageDetails)>> =
            asked.buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn volumes(&self, project: &ProjectName) -> Result<Vec<VolumeDetails>, EngineError> {
        let filter = project_filter(project.as_str());
        let users = users_of_volumes(&self.transport, &filter).await?;
        let filters = json!({ "label": [filter] }).to_string();
        let listed = list_volumes(&self.transport, filters).await?;
        let details = |listed: ListedVolume| {
            let ListedVolume { name, driver, mountpoint, scope, labels } = listed;
            let used_by = users.get(&name).cloned().unwrap_or_default();
            VolumeDetails {
                name: name.into(),
                driver,
                mountpoint,
                scope,
                labels: labels.unwrap_or_default(),
                used_by,
            }
        };
        let mut volumes: Vec<VolumeDetails> = listed.into_iter().map(details).collect();
        volumes.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(volumes)
    }
}

async fn users_of_volumes(
    transport: &Transport,
    filter: &str,
) -> Result<BTreeMap<String, BTreeSet<ServiceName>>, EngineError> {
    let mut users = BTreeMap::<String, BTreeSet<ServiceName>>::new();
    for container in containers_with(transport, filter, Containers::All).await? {
        let labels = container.labels.unwrap_or_default();
        let Some(service) = labels.get(label::SERVICE) else { continue };
        for mount in container.mounts.unwrap_or_default() {
            users.entry(mount.name).or_default().insert(service.as_str().into());
        }
    }
    Ok(users)
}

async fn containers_with(
    transport: &Transport,
    label: &str,
    containers: Containers,
) -> Result<Vec<ListedContainer>, EngineError> {
    let filters = json!({ "label": [label] }).to_string();
    let all = if containers == Containers::All { "1" } else { "0" };
    transport.json(Call::get("/containers/json").query("all", all).query("filters", &filters)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platform_and_the_tagging_time_of_an_image_are_read() {
        let details = |text: &str| serde_json::from_str::<ImageDetails>(text).expect("an image");
        let image = details(
            r#"{"Size": 5, "Os": "linux", "Architecture": "arm64", "Variant": "v8", "Created": "2026-01-01T00:00:00Z",
                "Metadata": {"LastTagTime": "2026-02-01T00:00:00Z"}}"#,
        );
        assert_eq!((image.platform().as_str(), image.tagged()), ("linux/arm64/v8", "2026-02-01T00:00:00Z"));
        let image = details(
            r#"{"Created": "2026-01-01T00:00:00Z", "Metadata": {"LastTagTime": "0001-01-01T00:00:00Z"}}"#,
        );
        assert_eq!((image.platform().as_str(), image.tagged()), ("", "2026-01-01T00:00:00Z"));
    }
}
