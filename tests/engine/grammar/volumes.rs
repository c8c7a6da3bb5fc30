//! Attributes of volumes.

use super::{Place, volume};

/// Every place.
pub fn places() -> Vec<Place> {
    vec![volume("labels: {a: @}", &["b", "1"])]
}
