//! The fingerprint of a service is the one of Docker Compose.

use std::collections::BTreeMap;

use topo::plan::compose_hash;

use crate::config::{Place, accepted_cases, has_docker_compose};
use crate::golden::say;

/// Services with all forms of `tests/config`, in one topology that Docker Compose is asked about.
#[test]
fn services_have_the_fingerprints_of_docker_compose() {
    if !has_docker_compose() {
        say("SKIPPED: Docker Compose 2.40 is not installed, its fingerprints are not compared");
        return;
    }
    let place = Place::new();
    let mut ours = BTreeMap::new();
    let mut text = "name: many\nservices:\n".to_owned();
    for (index, case) in accepted_cases().into_iter().enumerate() {
        let topology = place.load(&case.text).topology;
        let (Some(body), Some(topology)) = (lone_service(&case.text), topology) else { continue };
        if DIFFERENT.contains(&case.name.as_str()) {
            continue;
        }
        let Some(service) = topology.services.get("a") else { continue };
        let name = format!("s{index}");
        text += &format!("  {name}:\n{body}");
        ours.insert(name, (compose_hash::service(&service.value), case));
    }
    let theirs = place.fingerprints(&text);
    let different: Vec<String> = ours
        .iter()
        .filter(|(name, (hash, _))| theirs.get(*name) != Some(hash))
        .map(|(_, (_, case))| format!("=== {}\n{}", case.name, case.text))
        .collect();
    assert!(ours.len() > 200, "only {} services are compared", ours.len());
    assert!(different.is_empty(), "{} of {}:\n{}", different.len(), ours.len(), different.join("\n"));
}

/// The body of the only service of a topology without anything else.
fn lone_service(text: &str) -> Option<String> {
    let body = text.strip_prefix("services:\n  a:\n")?;
    let is_lone = body.lines().all(|line| line.starts_with("   ") || line.trim().is_empty());
    // `docker compose config --hash` alone does not read these files, but `up` does.
    let is_read = !["env_file", "label_file", "extends"].iter().any(|key| body.contains(key));
    let is_free = !["container_name", "anchor", "&", "depends_on", "links", "volumes_from", "service:"]
        .iter()
        .any(|key| body.contains(key));
    (is_lone && is_read && is_free).then(|| body.to_owned())
}

/// Docker Compose and topo disagree on these, see `tests/config/agreement.txt`; or Docker Compose
/// 2.40 does not know a key.
const DIFFERENT: &[&str] = &[
    "mem float number",
    "mem exp",
    "extra_hosts spaces",
    "devices",
    "pull_refresh_after",
    "net empty",
    "restart empty",
];
