//! In: a volume of a plan. Out: the volume in the engine.
//! Must not: decide whether it is needed.

use crate::engine::phrase;
use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::RemoveVolumeOptions;
use http::Method;

use super::Docker;
use super::inspect;
use super::transport::{Call, Transport, escape};
use crate::engine::EngineError;
use crate::plan::action::VolumeSpec;
use crate::topology::Volume;
use crate::topology::name::VolumeName;

/// Creates a volume; the engine keeps an existing one of the same name and driver.
pub async fn create(transport: &Transport, spec: &VolumeSpec) -> Result<(), EngineError> {
    let VolumeSpec { name, volume, labels: _ } = spec;
    // The specification already contains the name and the labels, and external volumes are not
    // created.
    let Volume { driver, driver_opts, name: _, labels: _, external: _, extensions: _ } = &**volume;
    let request = VolumeCreateRequest {
        name: Some(name.to_string()),
        driver: driver.clone(),
        driver_opts: (!driver_opts.0.is_empty()).then(|| driver_opts.to_map().into_iter().collect()),
        labels: Some(spec.all_labels().into_iter().collect()),
        cluster_volume_spec: None,
    };
    let call = Call::new(Method::POST, "/volumes/create").json(&request)?;
    transport.send(call).await.map(|_| ())
}

/// Removes a volume; if it does not exist, that is not an error.
pub async fn remove(docker: &Docker, volume: &VolumeName) -> Result<(), EngineError> {
    let removed =
        docker.bollard.remove_volume(&escape(volume.as_str(), ""), None::<RemoveVolumeOptions>).await;
    match removed.map_err(|error| docker.transport.failure(error)) {
        Err(EngineError::Refused { status: 404, .. }) => Ok(()),
        Err(EngineError::Refused { status, message }) => {
            Err(EngineError::Refused { status, message: with_names(&docker.transport, message).await })
        }
        other => other,
    }
}

/// Replaces the ids of containers that use a volume by their names: `remove shop_data: volume is in
/// use - [f89abc739922, 5b1d739922aa]`.
async fn with_names(transport: &Transport, message: String) -> String {
    let Some((before, ids)) = phrase::users_of_volume(&message) else { return message };
    let mut names = Vec::new();
    for id in ids {
        // One that is gone meanwhile has no name.
        if let Ok(container) = inspect::inspect(transport, id).await {
            names.push(container.name.trim_start_matches('/').to_owned());
        }
    }
    if names.is_empty() { message } else { format!("{before} by {}", names.join(", ")) }
}
