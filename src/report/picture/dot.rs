//! The picture for Graphviz: `topo graph | dot -Tsvg`.

use std::fmt::Write;

use super::{Picture, word};
use crate::topology::Topology;

/// The topology in the DOT language.
pub fn dot(topology: &Topology) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&Picture::of(topology), &mut text);
    text
}

fn write(picture: &Picture<'_>, text: &mut String) -> std::fmt::Result {
    writeln!(text, "digraph {} {{", quoted(picture.title))?;
    writeln!(text, "  rankdir=LR;")?;
    writeln!(text, "  node [fontname=\"sans-serif\", fontsize=11];")?;
    writeln!(text, "  edge [fontname=\"sans-serif\", fontsize=9];")?;
    for service in &picture.services {
        let replicas = if service.replicas == 1 { String::new() } else { format!(" ×{}", service.replicas) };
        let label = format!("{}{replicas}\\n{}", escaped(service.name.as_str()), escaped(&service.source));
        let id = quoted(&format!("service {}", service.name));
        writeln!(
            text,
            "  {id} [label=\"{label}\", shape=box, style=\"rounded,filled\", fillcolor=\"#dbeafe\"];"
        )?;
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
        writeln!(text, "  {from} -> {to} [label=\"{}\"];", word(*condition))?;
    }
    for (service, network) in &picture.attachments {
        let (from, to) = (quoted(&format!("service {service}")), quoted(&format!("network {network}")));
        writeln!(text, "  {from} -> {to} [style=dashed, arrowhead=none, color=\"#16a34a\"];")?;
    }
    for (service, volume, target) in &picture.mounts {
        let (from, to) = (quoted(&format!("service {service}")), quoted(&format!("volume {volume}")));
        writeln!(text, "  {from} -> {to} [label=\"{}\", style=dotted, color=\"#d97706\"];", escaped(target))?;
    }
    writeln!(text, "}}")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
