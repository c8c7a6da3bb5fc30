//! The picture for Mermaid, which code hosts render in Markdown.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Direction, FileKind, Look, Picture};
use crate::topology::Topology;

/// The topology as a Mermaid flow chart.
pub fn mermaid(topology: &Topology, look: &Look) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&Picture::new(topology, look.language), look, &mut text);
    text
}

fn write(picture: &Picture<'_>, look: &Look, text: &mut String) -> std::fmt::Result {
    let mut ids = Ids::default();
    let direction = match look.direction {
        None | Some(Direction::Right) => "LR",
        Some(Direction::Down) => "TB",
    };
    writeln!(text, "flowchart {direction}")?;
    for service in &picture.services {
        let replicas = if service.replicas == 1 { String::new() } else { format!(" ×{}", service.replicas) };
        let id = ids.id("service", service.name.as_str());
        let mut label =
            format!("{}{replicas}<br/>{}", escaped(service.name.as_str()), escaped(&service.source));
        if !service.profiles.is_empty() {
            let profiles = escaped(&service.profiles.join(", "));
            let _ = write!(label, "<br/>{} {profiles}", picture.words.profile);
        }
        writeln!(text, "  {id}[\"{label}\"]")?;
        if !service.profiles.is_empty() {
            writeln!(text, "  style {id} stroke-dasharray: 5 3")?;
        }
    }
    for network in &picture.networks {
        writeln!(text, "  {}{{{{\"{}\"}}}}", ids.id("network", network), escaped(network))?;
    }
    for volume in &picture.volumes {
        writeln!(text, "  {}[(\"{}\")]", ids.id("volume", volume), escaped(volume))?;
    }
    for (kind, name) in picture.different_files() {
        let (id, name) = (ids.id(kind.as_str(), name), escaped(name));
        match kind {
            FileKind::Path => writeln!(text, "  {id}[/\"{name}\"/]")?,
            FileKind::Secret => writeln!(text, "  {id}[[\"{name}\"]]")?,
            FileKind::Config => writeln!(text, "  {id}([\"{name}\"])")?,
        }
    }
    for (port, service) in &picture.ports {
        let id = ids.id("port", &format!("{port} {service}"));
        writeln!(text, "  {id}>\"{}\"] --> {}", escaped(port), ids.id("service", service.as_str()))?;
    }
    for (waiter, needed, condition) in &picture.waits {
        let (from, to) = (ids.id("service", waiter.as_str()), ids.id("service", needed.as_str()));
        writeln!(text, "  {from} -->|{}| {to}", picture.words.condition(*condition))?;
    }
    for (service, network) in &picture.attachments {
        writeln!(text, "  {} -.- {}", ids.id("service", service.as_str()), ids.id("network", network))?;
    }
    for (service, volume, target) in &picture.mounts {
        let (from, to) = (ids.id("service", service.as_str()), ids.id("volume", volume));
        writeln!(text, "  {from} -.->|\"{}\"| {to}", escaped(target))?;
    }
    for file in &picture.files {
        let (from, to) = (ids.id("service", file.service.as_str()), ids.id(file.kind.as_str(), &file.name));
        let label = file.target.map(|target| format!("|\"{}\"|", escaped(target))).unwrap_or_default();
        writeln!(text, "  {from} -.->{label} {to}")?;
    }
    Ok(())
}

/// Generated ids: Mermaid takes words such as `end` in a name for keywords.
#[derive(Default)]
struct Ids(BTreeMap<(&'static str, String), String>);

impl Ids {
    fn id(&mut self, kind: &'static str, name: &str) -> String {
        let number = self.0.keys().filter(|(known, _)| *known == kind).count() + 1;
        self.0.entry((kind, name.to_owned())).or_insert_with(|| format!("{kind}{number}")).clone()
    }
}

fn escaped(text: &str) -> String {
    text.replace('"', "#quot;")
}
