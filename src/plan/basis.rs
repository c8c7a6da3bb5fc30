//! In: the state of the engine when a plan was made. Out: the part of it that the plan depends on.
//! Must not: contain anything else: a plan may be stored for long, and sent far.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::observed::Query;
use crate::plan::{Action, Observed, Steps};
use crate::topology::name::{ContainerName, ImageId, NetworkName, ProjectName, VolumeName};
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

/// What the engine has otherwise than a plan relies on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasisChange {
    object: BasisObject,
    change: ObjectChange,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum BasisObject {
    Container(ContainerName),
    Network(NetworkName),
    Volume(VolumeName),
    Image(ImageReference),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ObjectChange {
    Added,
    Removed,
    /// Another object has its name now.
    Replaced,
    Started,
    Stopped,
    /// It is attached to other networks.
    Reconnected,
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
    /// The networks that it is attached to.
    #[serde(default)]
    pub networks: BTreeSet<NetworkName>,
}

impl Basis {
    /// The part of the state that a plan depends on.
    pub fn of(observed: &Observed) -> Self {
        let Observed { containers, networks, volumes, images, .. } = observed;
        let containers = containers.iter().map(|container| {
            let (id, is_one_off) = (container.id.clone(), container.is_one_off);
            let is_running = container.state.is_running();
            let networks = container.networks.keys().cloned().collect();
            (container.name.clone(), BasisContainer { id, is_running, is_one_off, networks })
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

impl Basis {
    /// What is to be looked for in the engine, to see whether it still has what a plan of these steps relies on.
    pub fn query(&self, project: &ProjectName, steps: &Steps) -> Query {
        let mut query = Query::of_project(project.clone());
        query.images.extend(self.images.keys().cloned());
        query.networks.extend(self.networks.keys().cloned());
        query.volumes.extend(self.volumes.iter().cloned());
        for step in steps.iter() {
            match &step.action {
                Action::PullImage { image, .. } => _ = query.images.insert(image.clone()),
                Action::BuildImage(spec) => _ = query.images.insert(spec.image.clone()),
                Action::CreateNetwork(spec) => _ = query.networks.insert(spec.name.clone()),
                Action::CreateVolume(spec) => _ = query.volumes.insert(spec.name.clone()),
                _ => {}
            }
        }
        query
    }

    /// What is otherwise by now. Containers of `run` come and go beside a plan.
    pub fn changes(&self, now: &Self) -> Vec<BasisChange> {
        let lasting = |basis: &Self| -> BTreeMap<ContainerName, BasisContainer> {
            let lasting = basis.containers.iter().filter(|(_, container)| !container.is_one_off);
            lasting.map(|(name, container)| (name.clone(), container.clone())).collect()
        };
        let volumes = |basis: &Self| -> BTreeMap<VolumeName, ()> {
            basis.volumes.iter().map(|volume| (volume.clone(), ())).collect()
        };
        let containers =
            compared(&lasting(self), &lasting(now), BasisObject::Container, BasisContainer::change);
        let networks =
            compared(&self.networks, &now.networks, BasisObject::Network, |_, _| ObjectChange::Replaced);
        let volumes =
            compared(&volumes(self), &volumes(now), BasisObject::Volume, |(), ()| ObjectChange::Replaced);
        let images = compared(&self.images, &now.images, BasisObject::Image, |_, _| ObjectChange::Replaced);
        [containers, networks, volumes, images].concat()
    }
}

/// What differs between two sets of objects of one kind; `change` is told two that differ.
fn compared<N: Ord + Clone, T: PartialEq>(
    before: &BTreeMap<N, T>,
    now: &BTreeMap<N, T>,
    object: impl Fn(N) -> BasisObject,
    change: impl Fn(&T, &T) -> ObjectChange,
) -> Vec<BasisChange> {
    let names: BTreeSet<&N> = before.keys().chain(now.keys()).collect();
    let changed = names.into_iter().filter_map(|name| {
        let change = match (before.get(name), now.get(name)) {
            (Some(before), Some(now)) => (before != now).then(|| change(before, now))?,
            (Some(_), None) => ObjectChange::Removed,
            (None, _) => ObjectChange::Added,
        };
        Some(BasisChange { object: object(name.clone()), change })
    });
    changed.collect()
}

impl BasisContainer {
    fn change(&self, now: &Self) -> ObjectChange {
        if self.id != now.id {
            ObjectChange::Replaced
        } else if self.is_running == now.is_running {
            ObjectChange::Reconnected
        } else if now.is_running {
            ObjectChange::Started
        } else {
            ObjectChange::Stopped
        }
    }
}

impl fmt::Display for BasisChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.object {
            BasisObject::Container(name) => write!(formatter, "container `{name}`")?,
            BasisObject::Network(name) => write!(formatter, "network `{name}`")?,
            BasisObject::Volume(name) => write!(formatter, "volume `{name}`")?,
            BasisObject::Image(image) => write!(formatter, "image `{image}`")?,
        }
        formatter.write_str(match (self.change, &self.object) {
            (ObjectChange::Added, BasisObject::Image(_)) => " was pulled or built",
            (ObjectChange::Replaced, BasisObject::Image(_)) => " now names another image",
            (ObjectChange::Added, _) => " was created",
            (ObjectChange::Removed, _) => " was removed",
            (ObjectChange::Replaced, _) => " was recreated",
            (ObjectChange::Started, _) => " was started",
            (ObjectChange::Stopped, _) => " has stopped",
            (ObjectChange::Reconnected, _) => " is attached to other networks",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basis(text: &str) -> Basis {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn every_change_of_the_engine_is_named() {
        let before = basis(
            r#"{"containers": {
                  "a": {"id": "1", "is_running": true, "is_one_off": false, "networks": ["n"]},
                  "b": {"id": "2", "is_running": true, "is_one_off": false},
                  "c": {"id": "3", "is_running": false, "is_one_off": false},
                  "d": {"id": "4", "is_running": true, "is_one_off": false},
                  "e": {"id": "5", "is_running": true, "is_one_off": false},
                  "run-1": {"id": "6", "is_running": true, "is_one_off": true}},
                "networks": {"n": "1", "o": "2"}, "volumes": ["v"], "images": {"x:1": "sha256:1", "y:1": "sha256:2"}}"#,
        );
        let now = basis(
            r#"{"containers": {
                  "a": {"id": "1", "is_running": true, "is_one_off": false},
                  "b": {"id": "2", "is_running": false, "is_one_off": false},
                  "c": {"id": "3", "is_running": true, "is_one_off": false},
                  "d": {"id": "7", "is_running": true, "is_one_off": false},
                  "f": {"id": "8", "is_running": true, "is_one_off": false}},
                "networks": {"n": "3"}, "volumes": ["w"], "images": {"x:1": "sha256:3", "z:1": "sha256:4"}}"#,
        );
        assert_eq!(before.changes(&before), []);
        let changes: Vec<String> = before.changes(&now).iter().map(ToString::to_string).collect();
        let expected = [
            "container `a` is attached to other networks",
            "container `b` has stopped",
            "container `c` was started",
            "container `d` was recreated",
            "container `e` was removed",
            "container `f` was created",
            "network `n` was recreated",
            "network `o` was removed",
            "volume `v` was removed",
            "volume `w` was created",
            "image `x:1` now names another image",
            "image `y:1` was removed",
            "image `z:1` was pulled or built",
        ];
        assert_eq!(changes, expected);
    }
}
