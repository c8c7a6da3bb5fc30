//! The networks and volumes that a container needs.

use super::{Gate, Up};
use crate::diagnostic::code;
use crate::plan::{Action, Because, Needs, StepId, label, spec};
use crate::source::Span;
use crate::topology::Service;
use crate::topology::service::MountKind;

impl Up<'_> {
    /// The steps that make sure of a service's networks and volumes.
    pub(super) fn resources(&mut self, service: &Service) -> Vec<Gate> {
        let networks = service.networks.iter().flat_map(|networks| networks.0.keys());
        let steps: Vec<Option<StepId>> = networks.map(|key| self.network(key)).collect();
        let named = |mount: &&crate::source::Spanned<crate::topology::Mount>| mount.kind == MountKind::Volume;
        let sources = service.volumes.0.iter().filter(named).filter_map(|mount| mount.source.as_ref());
        let volumes: Vec<Option<StepId>> = sources.map(|source| self.volume(source)).collect();
        steps.into_iter().chain(volumes).flatten().map(|step| (step, Needs::Done)).collect()
    }

    fn network(&mut self, key: &str) -> Option<StepId> {
        if let Some(known) = self.networks.get(key) {
            return *known;
        }
        let network = self.topology.networks.get(key)?;
        let name = spec::network_name(key, network);
        let observed = self.observed.networks.iter().find(|observed| observed.name == name);
        let wanted = spec::network(self.topology, key, network);
        let step = match observed {
            None if network.external.is_external => {
                self.missing_external("network", name.as_str(), network.key);
                None
            }
            None => Some(self.add(Action::CreateNetwork(Box::new(wanted)), Because::Absent, None, &[])),
            Some(observed) => {
                if !network.external.is_external {
                    self.warn_if_different(
                        "network",
                        name.as_str(),
                        &observed.labels,
                        &wanted.labels,
                        network.key,
                    );
                }
                None
            }
        };
        self.networks.insert(key.to_owned(), step);
        step
    }

    fn volume(&mut self, key: &str) -> Option<StepId> {
        if let Some(known) = self.volumes.get(key) {
            return *known;
        }
        let volume = self.topology.volumes.get(key)?;
        let name = spec::volume_name(key, volume);
        let observed = self.observed.volumes.iter().find(|observed| observed.name == name);
        let wanted = spec::volume(self.topology, key, volume);
        let step = match observed {
            None if volume.external.is_external => {
                self.missing_external("volume", name.as_str(), volume.key);
                None
            }
            None => Some(self.add(Action::CreateVolume(Box::new(wanted)), Because::Absent, None, &[])),
            Some(observed) => {
                if !volume.external.is_external {
                    self.warn_if_different(
                        "volume",
                        name.as_str(),
                        &observed.labels,
                        &wanted.labels,
                        volume.key,
                    );
                }
                None
            }
        };
        self.volumes.insert(key.to_owned(), step);
        step
    }

    fn missing_external(&mut self, kind: &str, name: &str, at: Span) {
        self.found
            .error(code::MISSING_EXTERNAL, format!("the engine has no {kind} named `{name}`"))
            .label(at, "declared external: topo does not create it")
            .help(format!("create it: `docker {kind} create {name}`, or remove `external: true`"));
    }

    /// What is there is used as it is: replacing it would cut off containers, or destroy data.
    fn warn_if_different(
        &mut self,
        kind: &str,
        name: &str,
        observed: &std::collections::BTreeMap<String, String>,
        wanted: &std::collections::BTreeMap<String, String>,
        at: Span,
    ) {
        if observed.get(label::PROJECT) != wanted.get(label::PROJECT) {
            self.found
                .warning(code::FOREIGN_OBJECT, format!("the {kind} `{name}` was not made by this project"))
                .label(at, "it is used as it is")
                .help(format!("add `external: true`, or give this {kind} another name"));
            return;
        }
        let made_by_topo = observed.get(label::VERSION).is_some_and(|version| version.starts_with("topo "));
        if made_by_topo && observed.get(label::CONFIG_HASH) != wanted.get(label::CONFIG_HASH) {
            self.found
                .warning(code::CHANGED_OBJECT, format!("the {kind} `{name}` was made from other settings"))
                .label(at, "it is used as it is")
                .help(match kind {
                    "volume" => "to make it anew, and lose what is in it: `topo down -v`, then `topo up`",
                    _ => "to make it anew: `topo down`, then `topo up`",
                });
        }
    }
}
