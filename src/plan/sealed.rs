//! In: a part of the topology that a step carries. Out: the same, in a form that can be stored: without any
//! value that may be a secret, and whole again once the topology says the values.
//! Must not: let a stored value be read before that.
//!
//! What is stored in place of a secret is a reference: the place in the topology that says it, and a digest by
//! which it shows that it is still the same. See `seal.rs`.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

use crate::plan::seal::{Sealer, is_digest};
use crate::topology::attribute::{Attribute, Form, from_stored};
use crate::topology::name::ProjectName;

/// A part of the topology.
#[derive(Clone)]
pub struct Sealed<T> {
    place: Place,
    state: State<T>,
}

/// Where a topology says something: the project, the section, the object's key, and the keys below it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Place(Vec<String>);

#[derive(Clone)]
enum State<T> {
    /// It is known.
    Open(Arc<T>),
    /// It was stored, and its secrets are digests.
    Closed(Json),
}

/// The form in which it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    place: Place,
    model: Json,
}

impl Place {
    /// A place in the topology of a project: `["services", "web", "build"]`.
    pub fn of(project: &ProjectName, keys: &[&str]) -> Self {
        Self([project.as_str()].iter().chain(keys).map(|key| (*key).to_owned()).collect())
    }

    /// The keys below the project.
    pub fn keys(&self) -> Vec<&str> {
        self.0.iter().skip(1).map(String::as_str).collect()
    }

    fn sealer(&self) -> Sealer {
        let key = |index: usize| self.0.get(index).map_or("", String::as_str);
        let below = self.0.iter().skip(3).cloned();
        Sealer::new(&ProjectName::from(key(0)), [key(1), key(2)]).below(below)
    }
}

impl<T> Sealed<T> {
    /// What the topology says at a place.
    pub fn new(place: Place, value: impl Into<Arc<T>>) -> Self {
        Self { place, state: State::Open(value.into()) }
    }

    /// Where the topology says it.
    pub fn place(&self) -> &Place {
        &self.place
    }
}

impl<T: Attribute> Sealed<T> {
    /// Puts the values back that `known`, the model of the same place, has. The error is the place of one that it
    /// does not have.
    pub(super) fn open(&mut self, known: &Json) -> Result<(), String> {
        let State::Closed(model) = &self.state else { return Ok(()) };
        let model = self.place.sealer().open(model, [known, &Json::Null]);
        let place = self.place.keys().join(".");
        if let Some(path) = digest_in(&model) {
            return Err(format!("{place}{path}"));
        }
        self.state = State::Open(Arc::new(from_stored(&model).ok_or(place)?));
        Ok(())
    }

    fn closed(&self) -> Json {
        match &self.state {
            State::Open(value) => self.place.sealer().seal(&value.canonical(Form::Stored), T::SEALING),
            State::Closed(model) => model.clone(),
        }
    }
}

/// The path of the first value that is only known by its digest.
fn digest_in(model: &Json) -> Option<String> {
    match model {
        Json::String(text) => is_digest(text).then(String::new),
        Json::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| Some(format!(".{index}{}", digest_in(item)?)))
        }
        Json::Object(entries) => {
            entries.iter().find_map(|(key, value)| Some(format!(".{key}{}", digest_in(value)?)))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => None,
    }
}

impl<T> Deref for Sealed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.state {
            State::Open(value) => value,
            // Nobody gets at the steps of a stored plan before it is opened.
            State::Closed(_) => unreachable!("a sealed value is read"),
        }
    }
}

impl<T: Clone> DerefMut for Sealed<T> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.state {
            State::Open(value) => Arc::make_mut(value),
            State::Closed(_) => unreachable!("a sealed value is changed"),
        }
    }
}

/// A value that no topology says.
impl<T> From<T> for Sealed<T> {
    fn from(value: T) -> Self {
        Self::new(Place::default(), value)
    }
}

impl<T: Default> Default for Sealed<T> {
    fn default() -> Self {
        Self::from(T::default())
    }
}

/// Stored ones are equal when no digest tells them apart.
impl<T: Attribute + PartialEq> PartialEq for Sealed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
            && match (&self.state, &other.state) {
                (State::Open(own), State::Open(others)) => own == others,
                _ => self.closed() == other.closed(),
            }
    }
}

impl<T> fmt::Debug for Sealed<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may be a secret: it must not reach a log by way of a plan.
        formatter.debug_tuple("Sealed").field(&self.place).finish()
    }
}

impl<T: Attribute> Serialize for Sealed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Stored { place: self.place.clone(), model: self.closed() }.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Sealed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Stored { place, model } = Stored::deserialize(deserializer)?;
        Ok(Self { place, state: State::Closed(model) })
    }
}
