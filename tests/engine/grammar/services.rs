//! Attributes of services.

use super::{Place, connected_service, service};

/// Every place.
pub fn places() -> Vec<Place> {
    vec![
        service("mem_swappiness: @", &["0", "60", "100"]),
        service("oom_score_adj: @", &["500", "-1000", "1000"]),
        service("cap_add: [@]", &["NET_ADMIN", "CAP_NET_ADMIN", "all"]),
        connected_service("expose: [@]", &["80", "80/udp", "80-82"]),
    ]
}
