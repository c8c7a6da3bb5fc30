//! Lists of parts of a topology, one a line.

use serde_json::{Value as Json, json};

use super::{ConfigFormat, Only, written};
use crate::plan::{compose_hash, spec};
use crate::source::{Environment, PROJECT_NAME};
use crate::topology::Topology;

/// A list.
pub(super) enum Listing {
    /// Names.
    Names(Vec<String>),
    /// Names, each with something; this stands between the two.
    Pairs(Vec<(String, String)>, char),
}

impl Listing {
    /// The list that is asked for, if it is one that the canonical form does not tell.
    pub(super) fn of(topology: &Topology, environment: &Environment, only: &Only) -> Option<Self> {
        if only.images {
            return Some(Self::Names(images(topology)));
        }
        if only.profiles {
            return Some(Self::Names(topology.profiles().into_iter().map(str::to_owned).collect()));
        }
        if only.environment {
            return Some(Self::Pairs(variables(topology, environment), '='));
        }
        only.hash.as_deref().map(|asked| Self::Pairs(fingerprints(topology, asked), ' '))
    }

    /// The list that is asked for, if it is one that the canonical form tells.
    pub(super) fn of_model(model: &Json, only: &Only) -> Option<Self> {
        let entries = |section: &str| model[section].as_object().into_iter().flatten();
        let keys = |section: &str| Self::Names(entries(section).map(|(key, _)| key.clone()).collect());
        if only.models {
            let name = |(_, model): (&String, &Json)| model["model"].as_str().map(str::to_owned);
            return Some(Self::Names(entries("models").filter_map(name).collect()));
        }
        let sections = [(only.services, "services"), (only.volumes, "volumes"), (only.networks, "networks")];
        sections.into_iter().find_map(|(is_asked, section)| is_asked.then(|| keys(section)))
    }

    /// One a line, unless a form is asked for.
    pub(super) fn text(&self, format: Option<ConfigFormat>) -> String {
        match (self, format) {
            (Self::Names(names), None) => names.iter().map(|name| format!("{name}\n")).collect(),
            (Self::Pairs(pairs, between), None) => {
                pairs.iter().map(|(name, value)| format!("{name}{between}{value}\n")).collect()
            }
            (Self::Names(names), _) => written(&json!(names), format),
            (Self::Pairs(pairs, _), _) => {
                written(&pairs.iter().map(|(name, value)| (name.clone(), json!(value))).collect(), format)
            }
        }
    }
}

/// The image of each service, and those of what runs before it; as in Compose, one may stand there twice.
fn images(topology: &Topology) -> Vec<String> {
    let mut images = Vec::new();
    for (name, service) in &topology.services {
        images.push(spec::image_name(topology, name, service).to_string());
        let hooks = service.pre_start.iter().filter_map(|hook| hook.image.as_ref());
        images.extend(hooks.map(ToString::to_string));
    }
    images
}

/// The variables that texts may use. The project has a name by now, wherever it comes from.
fn variables(topology: &Topology, environment: &Environment) -> Vec<(String, String)> {
    let value = |name: &str| match name {
        PROJECT_NAME => topology.name.to_string(),
        _ => environment.value(name).unwrap_or_default().to_owned(),
    };
    environment.names().map(|name| (name.to_owned(), value(name))).collect()
}

fn fingerprints(topology: &Topology, asked: &str) -> Vec<(String, String)> {
    let is_asked = |name: &str| asked == "*" || asked.split(',').any(|one| one == name);
    let services = topology.services.iter().filter(|(name, _)| is_asked(name.as_str()));
    services.map(|(name, service)| (name.to_string(), compose_hash::service(&service.value))).collect()
}
