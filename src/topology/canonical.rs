//! The canonical form: what `topo config` prints, what a running container is compared with, and the
//! JSON Schema of all that is accepted.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::topology::attribute::{Attribute, Form, Named, put};
use crate::topology::name::{ConfigKey, ModelKey, NetworkKey, SecretKey, VolumeKey};
use crate::topology::service::{Deploy, Service};
use crate::topology::{Sections, Topology};

/// The JSON Schema of a topology: draft 7, which every editor's YAML plugin knows.
pub fn schema() -> Json {
    let mut definitions = JsonMap::new();
    Sections::schema(&mut definitions);
    let Some(Json::Object(mut root)) = definitions.remove("Sections") else { return Json::Null };
    root.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
    root.insert("title".to_owned(), json!("topology"));
    root.insert("definitions".to_owned(), Json::Object(definitions));
    if let Some(Json::Object(sections)) = root.get_mut("properties") {
        complete_sections(sections);
    }
    let mut schema = Json::Object(root);
    admit_variables(&mut schema);
    schema
}

/// Allows a variable wherever one of several words is expected.
fn admit_variables(schema: &mut Json) {
    match schema {
        Json::Array(items) => items.iter_mut().for_each(admit_variables),
        Json::Object(entries) => {
            entries.values_mut().for_each(admit_variables);
            if let Some(words) = entries.remove("enum") {
                let variable = json!({ "type": "string", "pattern": r"\$" });
                entries.insert("anyOf".to_owned(), json!([{ "enum": words }, variable]));
            }
        }
        _ => {}
    }
}

/// Restricts the characters of names, and allows only networks and volumes to be empty.
fn complete_sections(sections: &mut JsonMap<String, Json>) {
    for (name, section) in
        sections.iter_mut().filter(|(_, section)| section.get("additionalProperties").is_some())
    {
        section["propertyNames"] = json!({ "pattern": "^[a-zA-Z0-9._-]+$" });
        if !matches!(name.as_str(), "networks" | "volumes") {
            let entry = section["additionalProperties"]["anyOf"][0].take();
            section["additionalProperties"] = entry;
        }
    }
}

/// Which networks, volumes, secrets, configs and models are included in a topology's canonical
/// form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resources {
    /// Those that an active service uses, as `docker compose config` prints them.
    Used,
    /// All of them (`--all-resources`).
    All,
}

impl Topology {
    /// The topology in canonical form; inactive services are left out.
    pub fn canonical(&self, form: Form, resources: Resources) -> Json {
        let mut object: JsonMap<String, Json> =
            self.extensions.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        object.insert("name".to_owned(), json!(self.name));
        let service = |service| match self.stages.env_files {
            true => canonical_service(service, form),
            false => whole_service(service, form),
        };
        let services = self.services.iter().map(|(name, value)| {
            let mut model = service(value);
            if let (Form::Full, Some(Json::Object(needed))) = (form, model.get_mut("depends_on")) {
                // A missing optional service cannot be read back as a dependency.
                needed.retain(|name, _| self.services.contains_key(name.as_str()));
            }
            (name.to_string(), model)
        });
        put(&mut object, "services", Json::Object(services.collect()));
        let used = Used::by(self);
        let is_all = resources == Resources::All;
        let is_kept = |is_used: bool| is_all || is_used;
        put(
            &mut object,
            "networks",
            entries(&self.networks, form, |key| is_kept(used.networks.contains(key))),
        );
        put(&mut object, "volumes", entries(&self.volumes, form, |key| is_kept(used.volumes.contains(key))));
        put(&mut object, "secrets", entries(&self.secrets, form, |key| is_kept(used.secrets.contains(key))));
        put(&mut object, "configs", entries(&self.configs, form, |key| is_kept(used.configs.contains(key))));
        put(&mut object, "models", entries(&self.models, form, |key| is_kept(used.models.contains(key))));
        Json::Object(object)
    }
}

impl Topology {
    /// The keys of the networks that active services use: only those are created.
    pub fn used_networks(&self) -> BTreeSet<&NetworkKey> {
        Used::by(self).networks
    }
}

fn entries<K: AsRef<str>, T: Attribute>(
    entries: &BTreeMap<K, Named<T>>,
    form: Form,
    is_kept: impl Fn(&K) -> bool,
) -> Json {
    let kept = entries.iter().filter(|(key, _)| is_kept(key));
    Json::Object(kept.map(|(key, entry)| (key.as_ref().to_owned(), entry.value.canonical(form))).collect())
}

/// The keys that active services use.
#[derive(Default)]
struct Used<'a> {
    networks: BTreeSet<&'a NetworkKey>,
    volumes: BTreeSet<VolumeKey>,
    secrets: BTreeSet<&'a SecretKey>,
    configs: BTreeSet<&'a ConfigKey>,
    models: BTreeSet<&'a ModelKey>,
}

impl<'a> Used<'a> {
    fn by(topology: &'a Topology) -> Self {
        let mut used = Self::default();
        for service in topology.services.values() {
            used.networks.extend(service.networks.iter().flat_map(|networks| networks.0.keys()));
            let volumes = service.volumes.0.iter().filter_map(|mount| mount.volume_key());
            used.volumes.extend(volumes.map(|key| key.value));
            let built_with = service.build.iter().flat_map(|build| &build.secrets);
            let secrets = service.secrets.iter().chain(built_with);
            used.secrets.extend(secrets.map(|file| &file.source.value));
            used.configs.extend(service.configs.iter().map(|file| &file.source.value));
            used.models.extend(service.models.0.keys());
        }
        used
    }
}

/// Writes `$` as `$$` everywhere, so that interpolation leaves it alone.
pub fn escape_variables(value: Json) -> Json {
    let escaped = |text: String| if text.contains('$') { text.replace('$', "$$") } else { text };
    match value {
        Json::String(text) => Json::String(escaped(text)),
        Json::Array(items) => items.into_iter().map(escape_variables).collect(),
        Json::Object(entries) => {
            let entry = |(key, value): (String, Json)| (escaped(key), escape_variables(value));
            Json::Object(entries.into_iter().map(entry).collect())
        }
        other => other,
    }
}

/// A service in canonical form. Env files are already part of `environment`, label files of
/// `labels`.
pub fn canonical_service(service: &Service, form: Form) -> Json {
    let mut model = whole_service(service, form);
    if let Json::Object(object) = &mut model {
        object.remove(Service::env_file);
        object.remove(Service::label_file);
    }
    model
}

/// Every attribute of a service.
pub(super) fn whole_service(service: &Service, form: Form) -> Json {
    let mut model = service.canonical(form);
    if let Json::Object(object) = &mut model {
        // `[]` (none) and `null` (the image's own) differ.
        for (key, command) in
            [(Service::command, &service.command), (Service::entrypoint, &service.entrypoint)]
        {
            let command = command.canonical(form);
            if form == Form::Model || !command.is_null() {
                object.insert(key.to_owned(), command);
            }
        }
    }
    model
}

/// Attributes that affect how a service is run, but not its container.
const NOT_OF_THE_CONTAINER: &[&str] = &[
    Service::attach,
    Service::build,
    Service::depends_on,
    Service::develop,
    Service::post_start,
    Service::pre_stop,
    Service::profiles,
    Service::provider,
    Service::pull_policy,
    Service::pull_refresh_after,
    Service::scale,
];

/// The attributes that a service's container is created from: when this changes, the container must
/// be recreated.
pub fn service_model(service: &Service) -> Json {
    let mut model = canonical_service(service, Form::Model);
    if let Json::Object(object) = &mut model {
        for key in NOT_OF_THE_CONTAINER {
            object.remove(*key);
        }
        if let Some(Json::Object(deploy)) = object.get_mut(Service::deploy) {
            deploy.retain(|key, _| key == Deploy::resources || key == Deploy::restart_policy);
        }
        object.retain(|_, value| !value.is_null() && *value != json!({}));
        // `front: {}` means the same as `front:`.
        let networks = object.get_mut(Service::networks).and_then(Json::as_object_mut);
        networks
            .into_iter()
            .flat_map(JsonMap::values_mut)
            .filter(|it| **it == json!({}))
            .for_each(|it| *it = Json::Null);
    }
    model
}
