//! In: a container of a plan. Out: the container in the engine, created but not started. Must not:
//! decide on its content.

// An attribute that is no longer applied is an unused variable: see `group`.
#![deny(unused_variables)]

mod api_socket;
#[cfg(test)]
mod applied;
mod device;
mod endpoint;
mod file;
mod group;
mod host;
mod inherited;
mod limit;
mod mount;
mod port;
mod request;
mod security;
mod update;

pub(super) use endpoint::connect;
pub(super) use update::update;

use crate::engine::phrase;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bollard::query_parameters::RemoveContainerOptionsBuilder;
use http::Method;
use serde::Deserialize;

use super::Docker;
use super::inspect::{self, Inspected};
use super::transport::{Call, escape};
use crate::engine::{EngineError, Progress};
use crate::plan::action::{AnonymousVolumes, ContainerSpec, References};
use crate::plan::observed::Status;
use crate::plan::{label, spec as plan_spec};
use crate::topology::name::ContainerName;

/// The engine's answer to a create.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Created {
    id: String,
    warnings: Option<Vec<String>>,
}

/// Creates a container with its networks and files. A partially created one is removed.
pub async fn create(
    docker: &Docker,
    spec: &ContainerSpec,
    progress: &dyn Fn(Progress),
) -> Result<(), EngineError> {
    let with_accounts = api_socket::with_accounts(docker, spec).await?;
    let spec = with_accounts.as_ref().unwrap_or(spec);
    let inherited = inherited::volumes(&docker.transport, spec).await?;
    let mut request = request::request(spec, inherited, docker.transport.version(), &docker.proxies)?;
    // The id is known only now: the image may have been pulled or built a moment ago.
    if let Some(image) = docker.known_image(&spec.image).await? {
        request.put_label(label::IMAGE, image.as_str());
    }
    let mut mounted = BTreeMap::new();
    for (target, image) in plan_spec::mounted_images(&spec.service) {
        if let Some(id) = docker.known_image(&image).await? {
            mounted.insert(target.to_owned(), id);
        }
    }
    if !mounted.is_empty() {
        request.put_label(label::MOUNTED_IMAGES, &label::mounted_images_text(&mounted));
    }
    if let Some(references) = &spec.references {
        request.put_label(label::CONFIG_HASH, &fingerprint(docker, references).await?);
    }
    let call = || {
        let mut call = Call::new(Method::POST, "/containers/create").query("name", spec.name.as_str());
        if let Some(platform) = &request.platform {
            call = call.query("platform", platform);
        }
        call.json(&request)
    };
    let created = create_or_replace_leftover(docker, spec, call).await?;
    for warning in created.warnings.unwrap_or_default() {
        progress(Progress::Warning(warning));
    }
    let finished = async {
        endpoint::connect_further(docker, spec, &created.id).await?;
        file::upload(docker, spec, &created.id).await
    };
    if let Err(error) = finished.await {
        // Only the first error matters: it says what is wrong with the topology.
        let _ = remove_by_id(docker, &created.id).await;
        return Err(error);
    }
    Ok(())
}

/// The fingerprint that Docker Compose gives to a container that shares something with others.
async fn fingerprint(docker: &Docker, references: &References) -> Result<String, EngineError> {
    let mut ids = BTreeMap::new();
    for container in references.containers.values() {
        ids.insert(container, inspect::inspect(&docker.transport, container.as_str()).await?.id);
    }
    Ok(references.fingerprint(&ids))
}

/// A run that was killed may have requested this very container a moment ago: the engine continues
/// with it, and the container appears after the next run has looked. A container of this service
/// that was never started is such a leftover, and is replaced.
async fn create_or_replace_leftover(
    docker: &Docker,
    spec: &ContainerSpec,
    call: impl Fn() -> Result<Call, EngineError>,
) -> Result<Created, EngineError> {
    for _ in 0..LEFTOVER_TRIES {
        let refused = match docker.transport.json(call()?).await {
            Err(error @ EngineError::Refused { status: 409, .. }) => error,
            answer => return answer,
        };
        match inspect::inspect(&docker.transport, spec.name.as_str()).await {
            Ok(found) if is_leftover(spec, &found) => {
                remove(docker, &spec.name, AnonymousVolumes::Keep).await?;
            }
            // The name is reserved before there is a container to inspect.
            Err(EngineError::Refused { status: 404, .. }) => tokio::time::sleep(LEFTOVER_PAUSE).await,
            Ok(found) => {
                return Err(name_taken(spec, found.config.labels.as_ref()).unwrap_or(refused));
            }
            Err(error) => return Err(error),
        }
    }
    docker.transport.json(call()?).await
}

/// How often a name is tried that a killed run's creation holds, and the pause in between: a
/// creation takes the engine much less than five seconds.
const LEFTOVER_TRIES: u32 = 50;
const LEFTOVER_PAUSE: Duration = Duration::from_millis(100);

/// The project that has the name, if it is another one.
fn name_taken(spec: &ContainerSpec, labels: Option<&BTreeMap<String, String>>) -> Option<EngineError> {
    let project =
        labels?.get(label::PROJECT).filter(|project| spec.labels.get(label::PROJECT) != Some(project))?;
    let parts = [label::PROJECT, label::SERVICE, label::NUMBER].map(|part| spec.labels.get(part));
    let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    let is_fixed = !["-", "_"].iter().any(|separator| parts.join(separator) == spec.name.as_str());
    Some(EngineError::NameTaken { name: spec.name.clone(), project: project.as_str().into(), is_fixed })
}

fn is_leftover(spec: &ContainerSpec, found: &Inspected) -> bool {
    found.container_state().status == Status::Created && is_same_replica(spec, found.config.labels.as_ref())
}

fn is_same_replica(spec: &ContainerSpec, labels: Option<&BTreeMap<String, String>>) -> bool {
    let is_same = |name: &str| {
        labels.and_then(|labels| labels.get(name)).is_some_and(|value| spec.labels.get(name) == Some(value))
    };
    [label::PROJECT, label::SERVICE, label::NUMBER].into_iter().all(is_same)
}

async fn remove_by_id(docker: &Docker, id: &str) -> Result<(), EngineError> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    docker.bollard.remove_container(id, Some(options)).await.map_err(|error| docker.transport.failure(error))
}

/// Removes a container, running or not; if it does not exist, that is not an error.
pub async fn remove(
    docker: &Docker,
    container: &ContainerName,
    anonymous_volumes: AnonymousVolumes,
) -> Result<(), EngineError> {
    let takes_volumes = anonymous_volumes == AnonymousVolumes::Remove;
    let volumes = volumes_to_remove(docker, container, anonymous_volumes).await?;
    let options = RemoveContainerOptionsBuilder::new().force(true).v(takes_volumes).build();
    let removed = docker.bollard.remove_container(&escape(container.as_str(), ""), Some(options)).await;
    match removed.map_err(|error| docker.transport.failure(error)) {
        Ok(()) | Err(EngineError::Refused { status: 404, .. }) => {}
        Err(EngineError::Refused { status: 409, message }) if phrase::ALREADY_IN_PROGRESS.is_in(&message) => {
            await_removal(docker, container, message).await?;
        }
        Err(error) => return Err(error),
    }
    for volume in volumes {
        remove_volume_if_unused(docker, &volume).await?;
    }
    Ok(())
}

/// The volumes to remove with a container besides those that the engine removes. The engine no
/// longer treats a volume as anonymous once a successor has inherited it by name; volumes with
/// uploaded files belong to this container only.
async fn volumes_to_remove(
    docker: &Docker,
    container: &ContainerName,
    anonymous_volumes: AnonymousVolumes,
) -> Result<Vec<String>, EngineError> {
    let inspected = match inspect::inspect(&docker.transport, container.as_str()).await {
        Ok(inspected) => inspected,
        Err(EngineError::Refused { status: 404, .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let uploads = inspected.host_config.labelled_targets(file::UPLOAD_LABEL);
    let inherited = match anonymous_volumes {
        AnonymousVolumes::Remove => inspected.host_config.labelled_targets(inherited::LABEL),
        AnonymousVolumes::Keep => BTreeSet::new(),
    };
    let goes = |target: &str| uploads.contains(target) || inherited.contains(target);
    let going = inspected.volumes().filter(|mount| goes(&mount.destination));
    Ok(going.map(|mount| mount.name.clone()).collect())
}

/// Removes a volume, unless another container uses it, or it does not exist.
async fn remove_volume_if_unused(docker: &Docker, volume: &str) -> Result<(), EngineError> {
    match super::volume::remove(docker, &volume.into()).await {
        Err(EngineError::Refused { status: 409, .. }) => Ok(()),
        other => other,
    }
}

/// How long to wait while another client removes a container.
const REMOVAL: Duration = Duration::from_secs(60);

/// Another client is removing the container, which is all that is wanted. The wait is limited in
/// case it stays, and then ends with the engine's message, `words`.
async fn await_removal(docker: &Docker, container: &ContainerName, words: String) -> Result<(), EngineError> {
    let path = format!("/containers/{}/wait", escape(container.as_str(), ""));
    let call = Call::new(Method::POST, path).query("condition", "removed");
    let waited = docker.transport.json_if_found::<serde::de::IgnoredAny>(call);
    let look = inspect::inspect(&docker.transport, container.as_str());
    until_removed(async { waited.await.map(|_| ()) }, async { look.await.map(|_| ()) }, words).await
}

/// Waits for the end of a removal, up to a limit; then `look` says whether the container still
/// exists.
async fn until_removed(
    waited: impl Future<Output = Result<(), EngineError>>,
    look: impl Future<Output = Result<(), EngineError>>,
    words: String,
) -> Result<(), EngineError> {
    if let Ok(gone) = tokio::time::timeout(REMOVAL, waited).await {
        return gone;
    }
    match look.await {
        Err(EngineError::Refused { status: 404, .. }) => Ok(()),
        Err(error) => Err(error),
        Ok(_) => {
            let limit = REMOVAL.as_secs();
            let message = format!("{words}, and the container still exists after {limit} s");
            Err(EngineError::Refused { status: 409, message })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[test]
    fn a_name_taken_by_another_project_is_reported_with_that_project() {
        let labels = |project: &str| {
            let labels = [(label::PROJECT, project), (label::SERVICE, "web"), (label::NUMBER, "1")];
            labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
        };
        let spec = |name: &str| ContainerSpec {
            name: name.into(),
            service_name: "web".into(),
            service: Default::default(),
            image: "web".into(),
            networks: Vec::new(),
            network_mode: None,
            volumes: Default::default(),
            files: Vec::new(),
            labels: labels("shop"),
            references: None,
            links: Vec::new(),
            predecessor: None,
            one_off: None,
        };
        let taken = |name: &str, fixed: bool| {
            let (name, project) = (ContainerName::from(name), "other".into());
            Some(EngineError::NameTaken { name, project, is_fixed: fixed })
        };
        let other: BTreeMap<String, String> = labels("other");
        for (name, is_fixed) in [("server", true), ("shop-web-1", false), ("shop_web_1", false)] {
            assert_eq!(name_taken(&spec(name), Some(&other)), taken(name, is_fixed), "{name}");
        }
        assert_eq!(name_taken(&spec("server"), Some(&labels("shop"))), None);
        assert_eq!(name_taken(&spec("server"), Some(&BTreeMap::new())), None);
        assert_eq!(name_taken(&spec("server"), None), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_removal_that_does_not_end_is_given_up() {
        let words = || "removal of container web is already in progress".to_owned();
        let refused = |status| EngineError::Refused { status, message: "no".to_owned() };
        assert_eq!(until_removed(ready(Ok(())), pending(), words()).await, Ok(()));
        let begun = tokio::time::Instant::now();
        let error = until_removed(pending(), ready(Ok(())), words()).await.unwrap_err();
        assert_eq!(begun.elapsed(), REMOVAL);
        assert!(error.to_string().ends_with("and the container still exists after 60 s"), "{error}");
        assert_eq!(until_removed(pending(), ready(Err(refused(404))), words()).await, Ok(()));
        assert_eq!(until_removed(pending(), ready(Err(refused(500))), words()).await, Err(refused(500)));
    }
}
