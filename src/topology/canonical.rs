//! The canonical form: what `topo config` prints, what a running container is compared with, and the
//! JSON Schema of all that is accepted.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::topology::attribute::{Attribute, Named, put};
use crate::topology::service::Service;
use crate::topology::{Sections, Topology};

/// The JSON Schema (2020-12) of a topology.
pub fn schema() -> Json {
    let mut definitions = JsonMap::new();
    Sections::schema(&mut definitions);
    let Some(Json::Object(mut root)) = definitions.remove("Sections") else { return Json::Null };
    root.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    root.insert("title".to_owned(), json!("topology"));
    root.insert("$defs".to_owned(), Json::Object(definitions));
    Json::Object(root)
}

impl Topology {
    /// The topology in canonical form; inactive services are left out.
    pub fn canonical(&self) -> Json {
        let mut object: JsonMap<String, Json> =
            self.extensions.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        object.insert("name".to_owned(), json!(self.name));
        let services =
            self.services.iter().map(|(name, service)| (name.to_string(), canonical_service(service)));
        put(&mut object, "services", Json::Object(services.collect()));
        put(&mut object, "networks", entries(&self.networks));
        put(&mut object, "volumes", entries(&self.volumes));
        put(&mut object, "secrets", entries(&self.secrets));
        put(&mut object, "configs", entries(&self.configs));
        put(&mut object, "models", entries(&self.models));
        Json::Object(object)
    }
}

fn entries<T: Attribute>(entries: &BTreeMap<String, Named<T>>) -> Json {
    Json::Object(entries.iter().map(|(key, entry)| (key.clone(), entry.value.canonical())).collect())
}

/// Env files are part of `environment` by now, and label files of `labels`.
fn canonical_service(service: &Service) -> Json {
    let mut model = service.canonical();
    if let Json::Object(object) = &mut model {
        object.remove("env_file");
        object.remove("label_file");
        // Always there, since `null` (the image's own) and `[]` (none) differ.
        object.entry("command").or_insert(Json::Null);
        object.entry("entrypoint").or_insert(Json::Null);
        if service.command.0.as_ref().is_some_and(Vec::is_empty) {
            object.insert("command".to_owned(), json!([]));
        }
        if service.entrypoint.0.as_ref().is_some_and(Vec::is_empty) {
            object.insert("entrypoint".to_owned(), json!([]));
        }
    }
    model
}

/// Attributes that say how a service is run, and nothing of what its container is.
const NOT_OF_THE_CONTAINER: &[&str] = &[
    "attach",
    "build",
    "depends_on",
    "develop",
    "post_start",
    "pre_start",
    "pre_stop",
    "profiles",
    "provider",
    "pull_policy",
    "pull_refresh_after",
    "scale",
];

/// What of a service makes its container: when this changes, the container must change.
pub fn service_model(service: &Service) -> Json {
    let mut model = canonical_service(service);
    if let Json::Object(object) = &mut model {
        for key in NOT_OF_THE_CONTAINER {
            object.remove(*key);
        }
        object.retain(|key, _| !key.starts_with("x-"));
        if let Some(Json::Object(deploy)) = object.get_mut("deploy") {
            deploy.retain(|key, _| key == "resources" || key == "restart_policy");
        }
        object.retain(|_, value| !value.is_null() && *value != json!({}));
    }
    model
}
