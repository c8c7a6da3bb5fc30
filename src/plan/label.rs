//! Labels of objects that topo creates. Compose's own labels are included, so that `docker compose
//! ps` and other tools show the project.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::plan::seal::Sealer;
use crate::topology::attribute::Attribute;
use crate::topology::name::{ImageId, NetworkKey, ProjectName, ServiceName, VolumeKey};
use crate::topology::secrecy::HIDDEN;
use crate::topology::{Service, Topology};

/// The project that an object belongs to.
pub const PROJECT: &str = "com.docker.compose.project";
/// The service that a container belongs to.
pub const SERVICE: &str = "com.docker.compose.service";
/// A container's number among those of its service, from 1.
pub const NUMBER: &str = "com.docker.compose.container-number";
/// `True` for a container of `run`.
pub const ONE_OFF: &str = "com.docker.compose.oneoff";
/// An identifier of a container of `run`.
pub const SLUG: &str = "com.docker.compose.slug";
/// A network's key in the topology.
pub const NETWORK: &str = "com.docker.compose.network";
/// A volume's key in the topology.
pub const VOLUME: &str = "com.docker.compose.volume";
/// The fingerprint that Docker Compose uses to detect changes.
pub const CONFIG_HASH: &str = "com.docker.compose.config-hash";
/// What a container's service depends on: `db:service_healthy:false`, separated by commas.
pub const DEPENDS_ON: &str = "com.docker.compose.depends_on";
/// The id of the image that a container was created from, which Docker Compose uses to detect
/// changes.
pub const IMAGE: &str = "com.docker.compose.image";
/// The ids of the images that are mounted in a container, which Docker Compose (since 5.1) uses to
/// detect changes: `/assets=sha256:...`, separated by commas.
pub const MOUNTED_IMAGES: &str = "com.docker.compose.image-volume-digest";
/// The files that the topology was read from, separated by commas.
pub const FILES: &str = "com.docker.compose.project.config_files";
/// The project directory.
pub const DIRECTORY: &str = "com.docker.compose.project.working_dir";
/// The version of the program that created the object.
pub const VERSION: &str = "com.docker.compose.version";
/// What was applied, in a versioned canonical form: differences can be reported by attribute.
pub const APPLIED: &str = "topo.applied";

/// The version of the form of [`APPLIED`]. A new one must still read the old ones, so that a new
/// release recreates nothing.
pub const APPLIED_VERSION: u32 = 1;

/// The content of [`APPLIED`].
#[derive(Deserialize, Serialize)]
pub struct Applied {
    /// [`APPLIED_VERSION`].
    pub version: u32,
    /// The model, with digests in place of values that may be secrets.
    pub model: Json,
    /// The paths whose values came from variables, other files or the caller, which are hidden by
    /// default. `None` in labels of older releases.
    pub from_elsewhere: Option<Vec<Vec<String>>>,
}

impl Applied {
    /// What was applied to an object with these labels; `None` if they do not say so in a known
    /// form.
    pub fn of(labels: &Labels) -> Option<Self> {
        let applied: Self = serde_json::from_str(labels.get(APPLIED)?).ok()?;
        (applied.version == APPLIED_VERSION).then_some(applied)
    }
}

/// Labels by their names.
pub type Labels = BTreeMap<String, String>;

/// Adds what was applied to the object, without possible secrets, and its Docker Compose
/// fingerprint. `T` knows which parts may be secrets, and `place` is the object in the topology:
/// `["services", "web"]`.
pub fn put_applied<T: Attribute>(
    labels: &mut Labels,
    topology: &Topology,
    place: [&str; 2],
    model: &Json,
    compose_hash: String,
) {
    let applied = Applied {
        version: APPLIED_VERSION,
        model: Sealer::new(&topology.name, place).seal(model, T::SEALING),
        from_elsewhere: Some(topology.from_elsewhere(place)),
    };
    labels.insert(CONFIG_HASH.to_owned(), compose_hash);
    labels.insert(APPLIED.to_owned(), json!(applied).to_string());
}

/// Whether topo or Compose identify their objects by this label.
pub fn is_own(name: &str) -> bool {
    name.starts_with("com.docker.compose.") || name == APPLIED
}

/// The labels for display: without values from variables, other files or the caller.
pub fn without_values(labels: &Labels) -> Labels {
    let mut shown = labels.clone();
    let Some(mut applied) = Applied::of(labels) else { return shown };
    for path in applied.from_elsewhere.iter().flatten() {
        hide(&mut applied.model, path);
        if let [attribute, name] = path.as_slice()
            && attribute == Service::labels
            && let Some(value) = shown.get_mut(name)
        {
            HIDDEN.clone_into(value);
        }
    }
    shown.insert(APPLIED.to_owned(), json!(applied).to_string());
    shown
}

/// Hides the value at a path, if there is one.
fn hide(model: &mut Json, path: &[String]) {
    let mut place = Some(model);
    for key in path {
        place = place.and_then(|place| match key.parse::<usize>() {
            Ok(index) if place.is_array() => place.get_mut(index),
            _ => place.get_mut(key),
        });
    }
    if let Some(place) = place {
        *place = HIDDEN.into();
    }
}

/// Labels of a container.
pub fn put_container(
    labels: &mut Labels,
    topology: &Topology,
    name: &ServiceName,
    service: &Service,
    number: u32,
) {
    put_project(labels, topology);
    labels.insert(SERVICE.to_owned(), name.to_string());
    labels.insert(NUMBER.to_owned(), number.to_string());
    labels.insert(ONE_OFF.to_owned(), "False".to_owned());
    labels.insert(DEPENDS_ON.to_owned(), dependencies(topology, service));
    labels.insert(DIRECTORY.to_owned(), topology.directory.display().to_string());
    let files: Vec<String> = topology.files.iter().map(|file| file.display().to_string()).collect();
    labels.insert(FILES.to_owned(), files.join(","));
}

/// Whether these are labels of a `pre_start` container, which users never start.
pub fn is_of_pre_start(labels: &Labels) -> bool {
    labels.get(SLUG).is_some_and(|slug| slug.starts_with("pre_start-"))
}

/// Turns the labels of a service's container into those of a container of `run`: it has no number,
/// and is never compared with the topology.
pub fn make_one_off(labels: &mut Labels, slug: &str) {
    labels.remove(NUMBER);
    labels.remove(APPLIED);
    labels.insert(ONE_OFF.to_owned(), "True".to_owned());
    labels.insert(SLUG.to_owned(), slug.to_owned());
}

/// Labels of a network.
pub fn put_network(labels: &mut Labels, topology: &Topology, key: &NetworkKey) {
    put_project(labels, topology);
    labels.insert(NETWORK.to_owned(), key.to_string());
}

/// Labels of a volume.
pub fn put_volume(labels: &mut Labels, topology: &Topology, key: &VolumeKey) {
    put_project(labels, topology);
    labels.insert(VOLUME.to_owned(), key.to_string());
}

fn put_project(labels: &mut Labels, topology: &Topology) {
    labels.insert(PROJECT.to_owned(), topology.name.to_string());
    labels.insert(VERSION.to_owned(), format!("topo {}", env!("CARGO_PKG_VERSION")));
}

/// Services without an active profile are not part of the project.
fn dependencies(topology: &Topology, service: &Service) -> String {
    let active = service.depends_on.0.iter().filter(|(name, _)| topology.services.contains_key(*name));
    let written = active
        .map(|(name, dependency)| format!("{name}:{}:{}", dependency.condition.word(), dependency.restart));
    written.collect::<Vec<_>>().join(",")
}

/// The program that created an object with these labels, and its version.
pub fn program(labels: &Labels) -> String {
    match labels.get(VERSION) {
        Some(version) if version.starts_with(|letter: char| letter.is_ascii_digit()) => {
            format!("Docker Compose {version}")
        }
        // topo includes its name.
        Some(version) if !version.is_empty() => version.clone(),
        _ => "another program".to_owned(),
    }
}

/// The value of [`MOUNTED_IMAGES`]: the mounted images by target.
pub fn mounted_images_text(images: &BTreeMap<String, ImageId>) -> String {
    let texts: Vec<String> = images.iter().map(|(target, image)| format!("{target}={image}")).collect();
    texts.join(",")
}

/// The images that were mounted in a container when it was created, by target; empty if this was
/// not recorded.
pub fn mounted_images(labels: &Labels) -> BTreeMap<&str, ImageId> {
    let noted = labels.get(MOUNTED_IMAGES).map(String::as_str).unwrap_or_default().split(',');
    let image = |text: &'_ str| text.rsplit_once('=').map(|(_, image)| ImageId::new(image.to_owned()));
    noted.filter_map(|text| Some((text.rsplit_once('=')?.0, image(text)?))).collect()
}

/// Whether an object with these labels was created for a project.
pub fn belongs_to(labels: &Labels, project: &ProjectName) -> bool {
    labels.get(PROJECT).is_some_and(|owner| owner == project.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::topology;

    #[test]
    fn labels_are_shown_without_values_from_elsewhere() {
        let topology = topology("services: { web: { image: x, labels: { said: aloud } } }");
        let model =
            json!({ "command": ["a", "b"], "labels": { "said": "aloud" }, "volumes": [{ "target": "/pw" }] });
        let mut labels =
            Labels::from([("said".to_owned(), "aloud".to_owned()), ("owner".to_owned(), "pw".to_owned())]);
        put_applied::<Service>(&mut labels, &topology, ["services", "web"], &model, String::new());
        assert!(without_values(&labels)["owner"] == "pw" && without_values(&labels)[APPLIED].contains("/pw"));
        let mut applied = Applied::of(&labels).expect("it is there");
        let path = |path: &[&str]| path.iter().map(|key| (*key).to_owned()).collect::<Vec<String>>();
        applied.from_elsewhere = Some(vec![
            path(&["labels", "owner"]),
            path(&["volumes"]),
            path(&["command", "1"]),
            path(&["gone"]),
        ]);
        labels.insert(APPLIED.to_owned(), json!(applied).to_string());
        let shown = without_values(&labels);
        assert_eq!((shown["said"].as_str(), shown["owner"].as_str()), ("aloud", HIDDEN));
        let model = Applied::of(&shown).expect("it is one still").model;
        assert_eq!(model["volumes"], json!(HIDDEN));
    }
}
