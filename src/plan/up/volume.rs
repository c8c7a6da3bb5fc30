//! The volumes that containers mount, and warnings about resources that cannot be made to match.

use std::collections::BTreeSet;

use super::{Gate, Up};
use crate::diagnostic::code;
use crate::plan::observed::ObservedVolume;
use crate::plan::{Action, Because, Needs, StepId, compose_hash, drift, label, spec};
use crate::source::Span;
use crate::topology::Service;
use crate::topology::attribute::{Attribute, Form};
use crate::topology::name::{VolumeKey, VolumeName};

impl Up<'_> {
    /// The steps that provide a service's volumes.
    pub(super) fn volumes_of(&mut self, service: &Service) -> Vec<Gate> {
        let keys = service.volumes.0.iter().filter_map(|mount| mount.volume_key());
        let steps: Vec<StepId> = keys.filter_map(|key| self.volume(&key.value)).collect();
        steps.into_iter().map(|step| (step, Needs::Done)).collect()
    }

    pub(super) fn volume(&mut self, key: &VolumeKey) -> Option<StepId> {
        let volume = self.context.topology.volumes.get(key)?;
        let name = spec::volume_name(key, volume);
        if let Some(known) = self.volumes.get(&name) {
            return *known;
        }
        let observed = self.context.observed.volumes.iter().find(|observed| observed.name == name);
        let step = match observed {
            None if volume.external.is_external => {
                self.missing_external("volume", name.as_str(), volume.key);
                None
            }
            None => {
                let wanted = spec::volume(self.context.topology, key, volume);
                Some(self.add(Action::CreateVolume(Box::new(wanted)), Because::Absent, None, &[]))
            }
            Some(_) if volume.external.is_external => None,
            Some(observed) => {
                self.check_volume(key, observed, volume.key);
                None
            }
        };
        self.volumes.insert(name, step);
        step
    }

    /// A volume under another key begins empty, and the former one is no longer used.
    pub(super) fn warn_of_volumes_left(&mut self) {
        let topology = self.context.topology;
        let created = self.plan.steps.iter().filter_map(|step| match &step.action {
            Action::CreateVolume(spec) => Some(spec.name.clone()),
            _ => None,
        });
        let created: Vec<VolumeName> = created.collect();
        let Some(first) = created.first() else { return };
        let declared: BTreeSet<VolumeName> =
            topology.volumes.iter().map(|(key, volume)| spec::volume_name(key, volume)).collect();
        let left = self.context.observed.volumes.iter().filter(|volume| {
            label::belongs_to(&volume.labels, &topology.name) && !declared.contains(&volume.name)
        });
        for volume in left {
            let at = topology.volumes.iter().find(|(key, known)| spec::volume_name(key, known) == *first);
            let at = at.map_or_else(|| topology.place_of(&["volumes"]), |(_, known)| known.key);
            let beginning = match created.as_slice() {
                [one] => format!("`{one}` is new, and starts empty"),
                several => format!("{} new volumes start empty", several.len()),
            };
            self.found
                .warning(
                    code::VOLUME_LEFT,
                    format!(
                        "the volume `{}` of this project is no longer declared, and is kept",
                        volume.name
                    ),
                )
                .label(at, beginning)
                .help(format!(
                    "to keep using its data, add `name: {0}` to the volume; to remove it, `docker volume rm \
                     {0}`",
                    volume.name
                ));
        }
    }

    /// An existing volume is used as it is: recreating it would destroy its data.
    fn check_volume(&mut self, key: &VolumeKey, observed: &ObservedVolume, at: Span) {
        let topology = self.context.topology;
        let name = observed.name.as_str();
        if !label::belongs_to(&observed.labels, &topology.name) {
            return self.warn_of_foreign("volume", name, at);
        }
        let volume = &topology.volumes[key].value;
        let (wanted, hash) = (volume.canonical(Form::Model), compose_hash::volume(volume));
        let place = ["volumes", key.as_str()];
        if let Some(because) =
            drift::difference(topology, place, &observed.labels, &wanted, &hash, self.context.choices.values)
        {
            let help = "to recreate it and lose its data: `topo down -v`, then `topo up`";
            self.warn_of_changed("volume", name, (at, "it is used unchanged"), &because, help);
        }
    }

    pub(super) fn missing_external(&mut self, kind: &str, name: &str, at: Span) {
        self.found
            .error(code::MISSING_EXTERNAL, format!("the engine has no {kind} named `{name}`"))
            .label(at, "declared external: topo does not create it")
            .help(format!("create it: `docker {kind} create {name}`, or remove `external: true`"));
    }

    pub(super) fn warn_of_foreign(&mut self, kind: &str, name: &str, at: Span) {
        self.found
            .warning(code::FOREIGN_OBJECT, format!("the {kind} `{name}` was not created by this project"))
            .label(at, "it is used unchanged")
            .help(format!("add `external: true`, or give this {kind} another name"));
    }

    /// `reason` is the label at the resource's place: why it is not recreated.
    pub(super) fn warn_of_changed(
        &mut self,
        kind: &str,
        name: &str,
        reason: (Span, &str),
        because: &Because,
        help: &str,
    ) {
        let fields = match because {
            Because::Changed(changes) => {
                let fields: Vec<String> = changes.iter().map(|change| format!("`{}`", change.path)).collect();
                format!(": {}", fields.join(", "))
            }
            // Docker Compose created it, and left only a fingerprint.
            _ => String::new(),
        };
        let message = format!("the {kind} `{name}` was created with other settings{fields}");
        self.found.warning(code::CHANGED_OBJECT, message).label(reason.0, reason.1).help(help);
    }
}
