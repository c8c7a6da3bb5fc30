//! Which services are active.
//!
//! Compose Specification, "Profiles".

use std::collections::BTreeMap;

use crate::topology::ResolveChoices;
use crate::topology::attribute::Named;
use crate::topology::name::ServiceName;
use crate::topology::service::Service;

type Services = BTreeMap<ServiceName, Named<Box<Service>>>;

/// Splits services into active and inactive ones. A service is active when it has no profile, one of
/// its profiles is active, or the caller named it.
pub(super) fn split(services: Services, choices: &ResolveChoices) -> (Services, Services) {
    let targeted = targeted_profiles(&services, choices);
    services.into_iter().partition(|(name, service)| {
        let is_target = choices.targets.iter().any(|target| target == name);
        let is_active = |profile: &str| {
            choices.profiles.contains("*")
                || choices.profiles.contains(profile)
                || targeted.iter().any(|target| target == profile)
        };
        is_target || service.profiles.is_empty() || service.profiles.iter().any(|profile| is_active(profile))
    })
}

/// Naming a service activates its own profiles, so that what it depends on may start.
fn targeted_profiles(services: &Services, choices: &ResolveChoices) -> Vec<String> {
    choices
        .targets
        .iter()
        .filter_map(|target| services.get(target.as_str()))
        .flat_map(|service| service.profiles.iter().map(|profile| profile.value.clone()))
        .collect()
}
