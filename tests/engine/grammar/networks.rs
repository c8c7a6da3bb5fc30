//! Attributes of networks.

use super::{Place, network};

/// Every place.
pub fn places() -> Vec<Place> {
    vec![network("internal: @", &["true", "false"])]
}
