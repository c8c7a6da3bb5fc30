//! In: the model of a container or a volume. Out: the same with a digest in place of each possible
//! secret, and the reverse as far as the values are known. Must not: decide which known values are
//! shown.
//!
//! Labels go far: to metrics, to log drivers, to everybody who lists containers. A digest still
//! shows that a value has changed. Digests are salted with the place of the value: equal values
//! have different digests, and precomputed tables do not apply. A guess can still be tested against
//! a digest, as it can against the fingerprint that Docker Compose adds.

use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::topology::attribute::Sealing;
use crate::topology::name::ProjectName;

/// Replaces values of one object by digests, and the reverse.
pub(super) struct Sealer {
    /// A hasher that has consumed the object's place.
    salted: Sha256,
    /// The section of the topology, `services`, and the keys between the object and the sealed
    /// part.
    path: Vec<String>,
}

/// The prefix of a digest.
const MARK: &str = "sealed:";

/// How many bytes of the hash are kept: enough to avoid accidental collisions.
const LENGTH: usize = 8;

impl Sealer {
    /// `place` is the object in the topology: `["services", "web"]`.
    pub(super) fn new(project: &ProjectName, place: [&str; 2]) -> Self {
        let mut salted = Sha256::new();
        for word in [project.as_str(), place[0], place[1]] {
            read(&mut salted, word);
        }
        Self { salted, path: vec![place[0].to_owned()] }
    }

    /// For the part below these keys of the object.
    pub(super) fn below(mut self, keys: impl IntoIterator<Item = String>) -> Self {
        self.path.extend(keys);
        self
    }

    /// The model without any possible secret.
    pub(super) fn seal(&self, model: &Json, sealing: Sealing) -> Json {
        self.sealed(model, sealing, &mut self.path.clone())
    }

    /// A sealed model with the values of one of the two `known` models; if neither has the right
    /// one, the digest is kept.
    pub(super) fn open(&self, sealed: &Json, known: [&Json; 2]) -> Json {
        self.opened(sealed, known.map(Some), &mut self.path.clone())
    }

    /// The digest of a value at `path` below the object.
    pub(super) fn digest(&self, path: &[&str], value: &str) -> Json {
        let mut hasher = self.salted.clone();
        for word in path {
            read(&mut hasher, word);
        }
        read(&mut hasher, value);
        let hash = hasher.finalize();
        let digits: String = hash.iter().take(LENGTH).map(|byte| format!("{byte:02x}")).collect();
        Json::String(format!("{MARK}{digits}"))
    }

    fn sealed(&self, value: &Json, sealing: Sealing, path: &mut Vec<String>) -> Json {
        match (sealing, value) {
            (Sealing::Public, _) => value.clone(),
            (Sealing::Fields(fields), Json::Object(_)) => each(value, path, |at, value, path| {
                let field = fields.iter().find(|field| At::Key(field.key) == at);
                self.sealed(value, field.map_or(Sealing::Whole, |field| field.sealing), path)
            }),
            (Sealing::Each(sealing), Json::Object(_) | Json::Array(_)) => {
                each(value, path, |_, value, path| self.sealed(value, *sealing, path))
            }
            (Sealing::Values, Json::Object(_)) => {
                each(value, path, |_, value, path| self.digest_at(path, value))
            }
            _ => self.digest_at(path, value),
        }
    }

    fn opened(&self, value: &Json, known: [Option<&Json>; 2], path: &mut Vec<String>) -> Json {
        if value.as_str().is_some_and(is_digest) {
            let is_meant = |known: &&Json| self.digest_at(path, known) == *value;
            return known.into_iter().flatten().find(is_meant).unwrap_or(value).clone();
        }
        each(value, path, |at, value, path| {
            let known = known.map(|known| match at {
                At::Key(key) => known?.get(key),
                At::Index(index) => known?.get(index),
            });
            self.opened(value, known, path)
        })
    }

    /// The absence of a value is not a secret.
    fn digest_at(&self, path: &[String], value: &Json) -> Json {
        if value.is_null() {
            return Json::Null;
        }
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        self.digest(&path, &value.to_string())
    }
}

/// Whether a value is a digest.
pub(super) fn is_digest(value: &str) -> bool {
    value.starts_with(MARK)
}

/// Hashes a word with its length, so that sequences of words are unambiguous.
fn read(hasher: &mut Sha256, word: &str) {
    hasher.update(word);
    hasher.update([0]);
}

/// The position of an entry in a mapping or a list.
#[derive(Clone, Copy, PartialEq)]
enum At<'a> {
    Key(&'a str),
    Index(usize),
}

/// The value with each of its entries replaced, if it has any.
fn each(
    value: &Json,
    path: &mut Vec<String>,
    mut replace: impl FnMut(At<'_>, &Json, &mut Vec<String>) -> Json,
) -> Json {
    let mut entry = |at: At<'_>, value: &Json| {
        path.push(match at {
            At::Key(key) => key.to_owned(),
            At::Index(index) => index.to_string(),
        });
        let replaced = replace(at, value, path);
        path.pop();
        replaced
    };
    match value {
        Json::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), entry(At::Key(key), value))).collect()
        }
        Json::Array(items) => {
            items.iter().enumerate().map(|(index, item)| entry(At::Index(index), item)).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::topology::attribute::Attribute;
    use crate::topology::{Network, Service, Volume};

    fn seal_of(project: &str, service: &str) -> Sealer {
        Sealer::new(&ProjectName::from(project), ["services", service])
    }

    #[test]
    fn sealed_models_contain_no_secrets() {
        let model = json!({
            "command": ["redis-server", "--requirepass", "geheim"],
            "entrypoint": ["geheim"],
            "environment": { "A": "geheim", "B": null },
            "healthcheck": { "test": ["CMD", "redis-cli", "-a", "geheim"], "interval": "1s" },
            "logging": { "driver": "splunk", "options": { "splunk-token": "geheim" } },
            "pre_start": [{ "command": ["geheim"], "environment": { "A": "geheim" } }],
            "image": "redis:8",
        });
        let sealed = seal_of("shop", "web").seal(&model, Service::SEALING);
        assert!(!sealed.to_string().contains("geheim"), "{sealed}");
        assert_eq!(sealed["environment"]["B"], Json::Null);
        assert_eq!((&sealed["image"], &sealed["healthcheck"]["interval"]), (&json!("redis:8"), &json!("1s")));
    }

    #[test]
    fn options_of_a_volume_are_sealed_and_those_of_a_network_are_not() {
        let model = json!({ "driver_opts": { "o": "username=a,password=b" } });
        let sealed = |section, sealing| {
            Sealer::new(&ProjectName::from("shop"), [section, "data"]).seal(&model, sealing)
        };
        assert!(!sealed("volumes", Volume::SEALING).to_string().contains("password"));
        assert_eq!(sealed("networks", Network::SEALING), model);
    }

    #[test]
    fn everything_is_sealed_unless_declared_public() {
        let model = json!({ "x-extension": { "a": "geheim" }, "attribute_of_tomorrow": "geheim" });
        let sealed = seal_of("shop", "web").seal(&model, Service::SEALING);
        assert!(!sealed.to_string().contains("geheim"), "{sealed}");
    }

    #[test]
    fn equal_values_have_different_digests() {
        let model = json!({ "environment": { "A": "geheim", "B": "geheim" } });
        let all = [("shop", "web"), ("shop", "db"), ("stall", "web")].map(|(project, service)| {
            let sealed = seal_of(project, service).seal(&model, Service::SEALING);
            [sealed["environment"]["A"].clone(), sealed["environment"]["B"].clone()]
        });
        let mut all: Vec<String> = all.iter().flatten().map(Json::to_string).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 6);
    }

    #[test]
    fn only_the_right_values_open_a_sealed_model() {
        let model = json!({ "command": ["a", "b"], "environment": { "A": "1", "B": "2", "C": "3" } });
        let wanted = json!({ "command": ["a", "b"], "environment": { "A": "1", "B": "x" } });
        let known = json!({ "command": ["x"], "environment": { "B": "2", "C": "x" } });
        let seal = seal_of("shop", "web");
        let mut opened = seal.open(&seal.seal(&model, Service::SEALING), [&wanted, &known]);
        let unknown = opened["environment"]["C"].take();
        assert!(is_digest(unknown.as_str().unwrap()));
        assert_eq!(
            opened,
            json!({ "command": ["a", "b"], "environment": { "A": "1", "B": "2", "C": null } })
        );
    }
}
