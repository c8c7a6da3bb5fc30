//! Loads a topology from a text, as if it were in the directory `/shop`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use topo::diagnostic::Diagnostics;
use topo::plan::UpChoices;
use topo::source::{Environment, Sources};
use topo::topology::name::ServiceName;
use topo::topology::service::DependencyCondition;
use topo::topology::{ResolveChoices, Separator, Topology};

/// Where a topology is read, and with which variables.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) directory: &'a Path,
    pub(crate) variables: &'a BTreeMap<String, String>,
}

/// The topology, and its text.
pub(crate) fn load(name: &str, text: &str, profiles: &[String], choices: &UpChoices) -> (Topology, Sources) {
    let (directory, variables) = (Path::new("/shop"), &BTreeMap::new());
    load_in(Place { directory, variables }, name, text, profiles, choices)
}

/// The same, with the env files of a directory, if it has any.
pub(crate) fn load_in(
    place: Place<'_>,
    name: &str,
    text: &str,
    profiles: &[String],
    choices: &UpChoices,
) -> (Topology, Sources) {
    let (mut sources, mut found) = (Sources::default(), Diagnostics::default());
    let environment = Environment::from_pairs(place.variables.clone());
    let file = sources.add(name, text);
    let directory = if text.contains("_file:") { place.directory } else { Path::new("/shop") };
    let document = topo::topology::load(&mut sources, &[file], directory, &environment, &mut found);
    let resolve = ResolveChoices {
        default_name: "shop".to_owned(),
        profiles: profiles.iter().cloned().collect::<BTreeSet<_>>(),
        targets: choices.services.clone(),
        directory: directory.to_owned(),
        // Existing containers were created from the same file.
        files: vec![directory.join("topology.yaml")],
        platform: place.variables.get("DOCKER_DEFAULT_PLATFORM").cloned(),
        separator: match place.variables.contains_key("COMPOSE_COMPATIBILITY") {
            true => Separator::Underscore,
            false => Separator::Hyphen,
        },
        ..ResolveChoices::default()
    };
    let topology = topo::topology::resolve(&document, &environment, &resolve, &mut sources, &mut found);
    let topology = topology.unwrap_or_else(|| panic!("{name} has errors: {found:?}\n{text}"));
    (topology, sources)
}

/// Services that others wait for to complete.
pub(crate) fn jobs(topology: &Topology) -> impl Iterator<Item = ServiceName> {
    let services = topology.services.values().chain(topology.inactive.values());
    let dependencies = services.flat_map(|service| &service.depends_on.0);
    let jobs = dependencies.filter(|(_, dependency)| dependency.condition == DependencyCondition::Completed);
    jobs.map(|(name, _)| name.clone())
}
