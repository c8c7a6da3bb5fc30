//! In: a container with `use_api_socket`. Out: the socket and the caller's registry credentials for
//! it. Must not: give either to any other container.

use super::super::Docker;
use super::super::credentials;
use crate::engine::EngineError;
use crate::plan::action::{ContainerSpec, FileContent, FileSpec};
use crate::plan::sealed::Sealed;
use crate::topology::Service;

/// The engine's socket, at the default path of clients.
pub(super) const BIND: &str = "/var/run/docker.sock:/var/run/docker.sock:rw";

/// The directory of the client's configuration in the container.
const CONFIG_DIRECTORY: &str = "/run/secrets/docker";

/// The permissions of the credentials: only for the container's main user.
const ACCOUNTS_MODE: u32 = 0o600;

/// The variable that points clients to the credentials, unless the topology sets it.
pub(super) fn variable(service: &Service) -> Option<String> {
    let is_set = service.environment.0.contains_key("DOCKER_CONFIG");
    (*service.use_api_socket && !is_set).then(|| format!("DOCKER_CONFIG={CONFIG_DIRECTORY}"))
}

/// The container with the caller's credentials among its files, if it asks for them.
pub(super) async fn with_accounts(
    docker: &Docker,
    spec: &ContainerSpec,
) -> Result<Option<ContainerSpec>, EngineError> {
    if !*spec.service.use_api_socket {
        return Ok(None);
    }
    let accounts = credentials::all(docker.config_directory.as_deref(), &docker.programs)
        .await
        .map_err(EngineError::Credentials)?;
    let mut spec = spec.clone();
    spec.files.push(FileSpec {
        target: format!("{CONFIG_DIRECTORY}/config.json"),
        content: FileContent::Text(Sealed::from(accounts)),
        uid: None,
        gid: None,
        mode: Some(ACCOUNTS_MODE),
    });
    Ok(Some(spec))
}
