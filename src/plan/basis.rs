//! In: the state of the engine when a plan was made. Out: the part of it that the plan depends on.
//! Must not: contain anything else: a plan may be stored for long, and sent far.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::plan::Observed;
use crate::topology::name::{ContainerName, ImageId, NetworkName, VolumeName};
use crate::value::image::ImageReference;

/// The state that a plan was made from: as long as the engine's state is the same, the plan
/// applies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// The containers of the project.
    pub containers: BTreeMap<ContainerName, BasisContainer>,
    /// The networks, with the engine's ids.
    pub networks: BTreeMap<NetworkName, String>,
    /// The volumes.
    pub volumes: BTreeSet<VolumeName>,
    /// The existing images, by reference.
    pub images: BTreeMap<ImageReference, ImageId>,
}

/// An existing container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasisContainer {
    /// The engine's full id.
    pub id: String,
    /// Whether it was running.
    pub is_running: bool,
    /// True for a container of `run`.
    pub is_one_off: bool,
}

impl Basis {
    /// The part of the state that a plan depends on.
    pub fn of(observed: &Observed) -> Self {
        let Observed { containers, networks, volumes, images, .. } = observed;
        let containers = containers.iter().map(|container| {
            let (id, is_one_off) = (container.id.clone(), container.is_one_off);
            let is_running = container.state.is_running();
            (container.name.clone(), BasisContainer { id, is_running, is_one_off })
        });
        let networks = networks.iter().map(|network| (network.name.clone(), network.id.clone()));
        Self {
            containers: containers.collect(),
            networks: networks.collect(),
            volumes: volumes.iter().map(|volume| volume.name.clone()).collect(),
            images: images.clone(),
        }
    }

    /// The containers that were running, without those of `run`.
    pub fn running(&self) -> BTreeSet<ContainerName> {
        let running = self.containers.iter().filter(|(_, one)| one.is_running && !one.is_one_off);
        running.map(|(name, _)| name.clone()).collect()
    }
}
