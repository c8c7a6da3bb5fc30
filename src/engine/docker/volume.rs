//! In: a volume of a plan. Out: the volume in the engine.
//! Must not: decide whether it is needed.

use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::RemoveVolumeOptions;
use http::Method;

use super::Docker;
use super::transport::{Call, Transport, escape};
use crate::engine::EngineError;
use crate::plan::action::VolumeSpec;
use crate::topology::Volume;
use crate::topology::name::VolumeName;

/// Creates a volume; the engine leaves one of the same name and driver as it is.
pub async fn create(transport: &Transport, spec: &VolumeSpec) -> Result<(), EngineError> {
    let VolumeSpec { name, volume, labels: _ } = spec;
    // The name and the labels of the specification hold these already, and what is external is not
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

/// Removes a volume; one that is gone already is no failure.
pub async fn remove(docker: &Docker, volume: &VolumeName) -> Result<(), EngineError> {
    let removed =
        docker.bollard.remove_volume(&escape(volume.as_str(), ""), None::<RemoveVolumeOptions>).await;
    match removed.map_err(|error| docker.transport.failure(error)) {
        Err(EngineError::Refused { status: 404, .. }) => Ok(()),
        other => other,
    }
}
