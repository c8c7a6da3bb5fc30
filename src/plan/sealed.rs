//! In: a part of the topology in a step. Out: the same in a form that can be stored: without
//! possible secrets, and complete again once the topology provides the values. Must not: allow
//! access to a stored value before that.
//!
//! A stored secret is a reference: its place in the topology, and a digest that shows whether it is
//! unchanged. See `seal.rs`.

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

/// A place in a topology: the project, the section, the object's key, and the keys below it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Place(Vec<String>);

#[derive(Clone)]
enum State<T> {
    /// It is known.
    Open(Arc<T>),
    /// It was stored, with digests in place of secrets.
    Closed(Json),
}

/// The stored form.
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
    /// The value at a place of the topology.
    pub fn new(place: Place, value: impl Into<Arc<T>>) -> Self {
        Self { place, state: State::Open(value.into()) }
    }

    /// The place in the topology.
    pub fn place(&self) -> &Place {
        &self.place
    }
}

impl<T: Attribute> Sealed<T> {
    /// Restores the values from `known`, the model of the same place. The error is the place of a
    /// value that it does not have.
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
            // The steps of a stored plan are inaccessible until it is opened.
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

/// A value that is in no topology.
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

/// Stored values are equal if their digests are.
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
        // Possible secrets must not reach a log in a plan.
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
