//! The picture for Mermaid, which Git forges draw in Markdown.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Picture, word};
use crate::topology::Topology;

/// The topology as a Mermaid flow chart.
pub fn mermaid(topology: &Topology) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&Picture::of(topology), &mut text);
    text
}

fn write(picture: &Picture<'_>, text: &mut String) -> std::fmt::Result {
    let mut ids = Ids::default();
    writeln!(text, "flowchart LR")?;
    for service in &picture.services {
        let replicas = if service.replicas == 1 { String::new() } else { format!(" ×{}", service.replicas) };
        let id = ids.of("service", service.name.as_str());
        writeln!(
            text,
            "  {id}[\"{}{replicas}<br/>{}\"]",
            escaped(service.name.as_str()),
            escaped(&service.source)
        )?;
    }
    for network in &picture.networks {
        writeln!(text, "  {}{{{{\"{}\"}}}}", ids.of("network", network), escaped(network))?;
    }
    for volume in &picture.volumes {
        writeln!(text, "  {}[(\"{}\")]", ids.of("volume", volume), escaped(volume))?;
    }
    for (port, service) in &picture.ports {
        let id = ids.of("port", &format!("{port} {service}"));
        writeln!(text, "  {id}>\"{}\"] --> {}", escaped(port), ids.of("service", service.as_str()))?;
    }
    for (waiter, needed, condition) in &picture.waits {
        let (from, to) = (ids.of("service", waiter.as_str()), ids.of("service", needed.as_str()));
        writeln!(text, "  {from} -->|{}| {to}", word(*condition))?;
    }
    for (service, network) in &picture.attachments {
        writeln!(text, "  {} -.- {}", ids.of("service", service.as_str()), ids.of("network", network))?;
    }
    for (service, volume, target) in &picture.mounts {
        let (from, to) = (ids.of("service", service.as_str()), ids.of("volume", volume));
        writeln!(text, "  {from} -.->|\"{}\"| {to}", escaped(target))?;
    }
    Ok(())
}

/// Short ids: Mermaid takes words such as `end` in a name for its own.
#[derive(Default)]
struct Ids(BTreeMap<(&'static str, String), String>);

impl Ids {
    fn of(&mut self, kind: &'static str, name: &str) -> String {
        let next = format!("{}{}", &kind[..1], self.0.keys().filter(|(known, _)| *known == kind).count() + 1);
        self.0.entry((kind, name.to_owned())).or_insert(next).clone()
    }
}

fn escaped(text: &str) -> String {
    text.replace('"', "#quot;")
}
