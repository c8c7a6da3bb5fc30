//! In: what a command does, and to which services. Out: which mistakes stand in its way.
//! Must not: read files, or know a command by its name.
//!
//! A topology is always checked whole. When that finds errors, the part of it that the command needs is checked
//! by itself: what is wrong there as well stands in the way. A mistake elsewhere becomes a warning, and what is
//! no mistake of the text (a file that is not there, a port that another service has too) is not mentioned.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, code};
use crate::document::Document;
use crate::topology::attribute::Attribute;
use crate::topology::name::ServiceName;
use crate::topology::{Service, Topology};

/// What a command needs of a topology.
#[derive(Clone, Debug)]
pub(crate) enum Needs {
    /// The project's name, and what the engine has: neither env files nor contents of secrets are read, and
    /// the topology is checked by no rule beyond its own consistency.
    EngineObjects,
    /// What is done to services, and what they depend on.
    Services(Selection),
    /// The whole topology.
    Everything,
}

/// The services that a command is about, and what it does to them.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// The services that are named; all when empty.
    pub services: Vec<ServiceName>,
    /// The services that are left out, whoever depends on them.
    pub excluded: Vec<ServiceName>,
    /// Whether what they depend on is left alone.
    pub without_dependencies: bool,
    /// How many containers of a service run, in place of what the topology says.
    pub scale: BTreeMap<ServiceName, u32>,
    /// What is done.
    pub operation: Operation,
}

/// What is done to services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// They are shown.
    Show,
    /// Their containers run.
    Run,
    /// A container beside theirs runs; what they depend on runs too.
    RunOnce {
        /// Whether it publishes their ports.
        publishes: bool,
    },
    /// Their images are built.
    Build,
    /// Their images are pulled or pushed.
    Transfer,
}

/// The attributes of a service that its image depends on.
const OF_IMAGES: &[&str] =
    &["build", "extends", "image", "models", "platform", "pre_start", "profiles", "provider", "pull_policy"];

/// What depends on this machine, or on which services run together, and not on the text alone.
const OF_SURROUNDINGS: &[Code] =
    &[code::BAD_ADDRESS, code::MISSING_FILE, code::NAME_CLASH, code::PORT_CLASH, code::REQUIRED_VARIABLE];

impl Needs {
    /// The services that are named.
    pub(crate) fn named(&self) -> &[ServiceName] {
        match self {
            Self::EngineObjects | Self::Everything => &[],
            Self::Services(selection) => &selection.services,
        }
    }

    /// The services that are left out.
    pub(crate) fn excluded(&self) -> &[ServiceName] {
        match self {
            Self::EngineObjects | Self::Everything => &[],
            Self::Services(selection) => &selection.excluded,
        }
    }

    /// How many containers of a service run, in place of what the topology says.
    pub(crate) fn scale(&self) -> BTreeMap<ServiceName, u32> {
        match self {
            Self::EngineObjects | Self::Everything => BTreeMap::new(),
            Self::Services(selection) => selection.scale.clone(),
        }
    }

    /// Whether the topology is run: what topo does not apply is an error then.
    pub(crate) fn is_to_act(&self) -> bool {
        match self {
            Self::EngineObjects | Self::Everything => false,
            Self::Services(selection) => {
                matches!(selection.operation, Operation::Run | Operation::RunOnce { .. } | Operation::Build)
            }
        }
    }
}

impl Selection {
    /// Services and what they depend on, as many as the topology says; all when none is named.
    pub(crate) fn of(services: &[ServiceName], operation: Operation) -> Self {
        Self {
            services: services.to_vec(),
            excluded: Vec::new(),
            without_dependencies: false,
            scale: BTreeMap::new(),
            operation,
        }
    }

    /// Whether some of a topology is not needed.
    pub(super) fn is_partial(&self) -> bool {
        let needs_all = matches!(self.operation, Operation::Show | Operation::Run);
        let is_scaled_to_none = self.scale.values().any(|count| *count == 0);
        !needs_all || !self.services.is_empty() || !self.excluded.is_empty() || is_scaled_to_none
    }

    /// The part of a topology that is needed.
    pub(super) fn part<'a>(&'a self, topology: &'a Topology) -> Part<'a> {
        let mut services = BTreeSet::new();
        let runs = |name: &&ServiceName| self.scale.get(*name) != Some(&0);
        let is_excluded = |name: &ServiceName| self.excluded.contains(name);
        let mut next: Vec<&ServiceName> = match self.services.is_empty() {
            true => topology.services.keys().filter(runs).collect(),
            false => self.services.iter().filter(runs).collect(),
        };
        while let Some(name) = next.pop() {
            let Some(service) = topology.service(name.as_str()).filter(|_| !is_excluded(name)) else {
                continue;
            };
            if services.insert(name.clone()) {
                next.extend(service.depends_on.0.keys().filter(|_| !self.without_dependencies));
                let contexts = service.context_services();
                let known = contexts.filter_map(|(name, _)| topology.services.get_key_value(&name));
                next.extend(known.map(|(name, _)| name));
            }
        }
        Part { selection: self, topology, services }
    }
}

/// The part of a topology that a command needs.
pub(super) struct Part<'a> {
    selection: &'a Selection,
    topology: &'a Topology,
    services: BTreeSet<ServiceName>,
}

impl Part<'_> {
    /// Whether what stands at a path is needed: `networks.front`, `services.web`, `services.web.ports`.
    pub(super) fn holds(&self, path: &[&str]) -> bool {
        match *path {
            ["services", name] => self.services.contains(name),
            ["services", name, attribute] => self.holds_attribute(name, attribute),
            ["networks", name] => self.uses(|service| {
                service.networks.as_ref().is_some_and(|networks| networks.0.contains_key(name))
            }),
            ["volumes", name] => self.uses(|service| {
                let mut keys = service.volumes.0.iter().filter_map(|mount| mount.volume_key());
                keys.any(|key| key.value.as_str() == name)
            }),
            ["secrets", name] => self.uses(|service| {
                let built = service.build.iter().flat_map(|build| &build.secrets);
                let run = service.secrets.iter().filter(|_| !self.is_about_images());
                built.chain(run).any(|file| file.source.value.as_str() == name)
            }),
            ["configs", name] => self.uses(|service| {
                let mut files = service.configs.iter().filter(|_| !self.is_about_images());
                files.any(|file| file.source.value.as_str() == name)
            }),
            ["models", name] => self.uses(|service| service.models.0.contains_key(name)),
            _ => true,
        }
    }

    fn holds_attribute(&self, name: &str, attribute: &str) -> bool {
        let is_named = self.selection.services.iter().any(|service| service.as_str() == name);
        match (self.selection.operation, attribute) {
            // Neither its own name nor its ports are those of the service.
            (Operation::RunOnce { .. }, "container_name" | "scale") => !is_named,
            (Operation::RunOnce { publishes: false }, "ports") => !is_named,
            (_, "depends_on") => !self.selection.without_dependencies,
            // One that nobody knows may be one of them, misspelt.
            _ if self.is_about_images() => OF_IMAGES.contains(&attribute) || !is_attribute(attribute),
            _ => true,
        }
    }

    fn is_about_images(&self) -> bool {
        matches!(self.selection.operation, Operation::Build | Operation::Transfer)
    }

    fn uses(&self, is_used: impl Fn(&Service) -> bool) -> bool {
        let services = self.services.iter().filter_map(|name| self.topology.service(name.as_str()));
        services.into_iter().any(|service| is_used(&service.value))
    }
}

fn is_attribute(name: &str) -> bool {
    Service::KEYS.iter().any(|field| field.key == name)
}

/// Makes warnings of mistakes in texts that are not needed. Where something could not be read, nobody knows
/// what it would have been.
pub(super) fn forgive_texts(whole: &Document, part: &Document, found: &mut Diagnostics) {
    let is_left_out =
        |diagnostic: &Diagnostic| diagnostic.span().is_some_and(|span| whole.is_left_out(part, span));
    found.retain_mut(|diagnostic| {
        if diagnostic.severity == Severity::Error && whole.unparsed.is_none() && is_left_out(diagnostic) {
            diagnostic.severity = Severity::Warning;
        }
        true
    });
}

/// Makes warnings of errors that are not found in the needed part.
pub(super) fn forgive(found: &mut Diagnostics, in_part: Diagnostics) {
    let is_error = |diagnostic: &Diagnostic| diagnostic.severity == Severity::Error;
    let is_of_surroundings = |diagnostic: &Diagnostic| OF_SURROUNDINGS.contains(&diagnostic.code.kind());
    let mut needed = in_part;
    needed.retain_mut(|diagnostic| is_error(diagnostic));
    let is_needed = |found: &Diagnostic| {
        needed.sorted().iter().any(|needed| {
            let is_same_place = needed.span() == found.span();
            let is_same_text = found.span().is_some() || needed.message == found.message;
            needed.code == found.code && is_same_place && is_same_text
        })
    };
    found.retain_mut(|diagnostic| {
        if !is_error(diagnostic) {
            return true;
        }
        // Who clashes with whom is another question among fewer services.
        if is_of_surroundings(diagnostic) {
            return false;
        }
        if !is_needed(diagnostic) {
            diagnostic.severity = Severity::Warning;
        }
        true
    });
    needed.retain_mut(|diagnostic| is_of_surroundings(diagnostic));
    found.append(needed);
}
