//! The picture for Graphviz: `topo graph | dot -Tsvg`.

use std::fmt::Write;

use super::{Direction, FileKind, Look, Picture};
use crate::topology::Topology;

/// The topology in the DOT language.
pub fn dot(topology: &Topology, look: &Look) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&Picture::new(topology, look.language), look, &mut text);
    text
}

fn write(picture: &Picture<'_>, look: &Look, text: &mut String) -> std::fmt::Result {
    writeln!(text, "digraph {} {{", quoted(picture.title))?;
    let direction = match look.direction {
        None | Some(Direction::Right) => "LR",
        Some(Direction::Down) => "TB",
    };
    writeln!(text, "  rankdir={direction};")?;
    writeln!(text, "  node [fontname=\"sans-serif\", fontsize=11];")?;
    writeln!(text, "  edge [fontname=\"sans-serif\", fontsize=9];")?;
    for service in &picture.services {
        let replicas = if service.replicas == 1 { String::new() } else { format!(" ×{}", service.replicas) };
        let mut label =
            format!("{}{replicas}\\n{}", escaped(service.name.as_str()), escaped(&service.source));
        let mut style = "rounded,filled";
        if !service.profiles.is_empty() {
            let _ = write!(label, "\\n{} {}", picture.words.profile, escaped(&service.profiles.join(", ")));
            style = "rounded,filled,dashed";
        }
        let id = quoted(&format!("service {}", service.name));
        writeln!(text, "  {id} [label=\"{label}\", shape=box, style=\"{style}\", fillcolor=\"#dbeafe\"];")?;
    }
    for network in &picture.networks {
        let id = quoted(&format!("network {network}"));
        writeln!(
            text,
            "  {id} [label=\"{}\", shape=hexagon, style=filled, fillcolor=\"#dcfce7\"];",
            escaped(network)
        )?;
    }
    for volume in &picture.volumes {
        let id = quoted(&format!("volume {volume}"));
        writeln!(
            text,
            "  {id} [label=\"{}\", shape=cylinder, style=filled, fillcolor=\"#fef3c7\"];",
            escaped(volume)
        )?;
    }
    for (kind, name) in picture.different_files() {
        let shape = match kind {
            FileKind::Path => "folder",
            FileKind::Secret => "component",
            FileKind::Config => "note",
        };
        let id = file_id(kind, name);
        writeln!(
            text,
            "  {id} [label=\"{}\", shape={shape}, style=filled, fillcolor=\"#e2e8f0\"];",
            escaped(name)
        )?;
    }
    for (port, service) in &picture.ports {
        let id = quoted(&format!("port {port} {service}"));
        writeln!(
            text,
            "  {id} [label=\"{}\", shape=cds, style=filled, fillcolor=\"#fce7f3\"];",
            escaped(port)
        )?;
        writeln!(text, "  {id} -> {};", quoted(&format!("service {service}")))?;
    }
    for (waiter, needed, condition) in &picture.waits {
        let (from, to) = (quoted(&format!("service {waiter}")), quoted(&format!("service {needed}")));
        writeln!(text, "  {from} -> {to} [label=\"{}\"];", picture.words.condition(*condition))?;
    }
    for (service, network) in &picture.attachments {
        let (from, to) = (quoted(&format!("service {service}")), quoted(&format!("network {network}")));
        writeln!(text, "  {from} -> {to} [style=dashed, arrowhead=none, color=\"#16a34a\"];")?;
    }
    for (service, volume, target) in &picture.mounts {
        let (from, to) = (quoted(&format!("service {service}")), quoted(&format!("volume {volume}")));
        writeln!(text, "  {from} -> {to} [label=\"{}\", style=dotted, color=\"#d97706\"];", escaped(target))?;
    }
    for file in &picture.files {
        let (from, to) = (quoted(&format!("service {}", file.service)), file_id(file.kind, &file.name));
        let label = file.target.map(|target| format!("label=\"{}\", ", escaped(target))).unwrap_or_default();
        writeln!(text, "  {from} -> {to} [{label}style=dotted, color=\"#64748b\"];")?;
    }
    writeln!(text, "}}")
}

fn file_id(kind: FileKind, name: &str) -> String {
    quoted(&format!("{} {name}", kind.as_str()))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
