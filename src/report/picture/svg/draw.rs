//! In: everything at its position. Out: the text of the SVG file. Must not: move anything.

use std::fmt::Write;

use super::arrange::{Arranged, Point};
use super::scene::{Arrow, Node, NodeKind, Scene};
use super::{legend, shape, style};
use crate::report::picture::Picture;

/// The heading above the drawing.
const HEADING: f64 = 40.0;

/// Writes the file.
pub(super) fn draw(picture: &Picture<'_>, scene: &Scene, arranged: &Arranged) -> String {
    let legend = legend::Legend::new(picture, scene);
    let inner = arranged.width.max(legend.width()).max(style::width(picture.title, style::Font::Heading));
    let (width, top) = (inner + 2.0 * style::MARGIN, style::MARGIN + HEADING);
    let below = top + arranged.height + style::MARGIN;
    let height = below + legend.height(inner) + style::MARGIN;
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = open(picture, width, height, &mut text);
    let _ = writeln!(
        text,
        "<text class=\"heading\" x=\"{}\" y=\"{}\">{}</text>",
        style::MARGIN,
        style::MARGIN + 16.0,
        shape::escaped(picture.title)
    );
    let _ = writeln!(text, "<g transform=\"translate({} {top})\">", style::MARGIN);
    let _ = contents(scene, arranged, &mut text);
    let _ = writeln!(text, "</g>");
    let _ = writeln!(text, "<g transform=\"translate({} {})\">", style::MARGIN, shape::number(below));
    let _ = legend.draw(inner, &mut text);
    let _ = writeln!(text, "</g>\n</svg>");
    text
}

fn open(picture: &Picture<'_>, width: f64, height: f64, text: &mut String) -> std::fmt::Result {
    let (width, height) = (width.ceil(), height.ceil());
    writeln!(
        text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" xml:lang=\"{}\">",
        picture.words.tag
    )?;
    writeln!(text, "<title>{}</title>", shape::escaped(picture.title))?;
    writeln!(text, "<style>\n{}{}@media (prefers-color-scheme: dark) {{", style::LIGHT, networks(0))?;
    writeln!(text, "{}{}}}\n</style>", style::DARK, networks(2))?;
    writeln!(text, "<defs>")?;
    for kind in legend::ARROWS.map(shape::class) {
        writeln!(
            text,
            "<marker id=\"{kind}\" viewBox=\"0 0 8 8\" refX=\"7.5\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
             markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"{kind}-head\" d=\"M0 0.5 L8 4 L0 7.5 Z\"/></marker>"
        )?;
    }
    writeln!(text, "</defs>")?;
    writeln!(text, "<rect class=\"background\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>")
}

/// The colours of networks, beginning with this column of each row.
fn networks(from: usize) -> String {
    let rule = |(number, colours): (usize, &[&str; 4])| {
        format!(
            ".network{number} {{ fill: {}; }}\n.network{number}-text {{ fill: {}; }}\n",
            colours[from],
            colours[from + 1]
        )
    };
    style::NETWORKS.iter().enumerate().map(rule).collect()
}

/// Arrows are drawn below boxes, and labels above everything.
fn contents(scene: &Scene, arranged: &Arranged, text: &mut String) -> std::fmt::Result {
    for (arrow, route) in scene.arrows.iter().zip(&arranged.routes) {
        shape::arrow(arrow.kind, route, text)?;
    }
    for (node, corner) in scene.nodes.iter().zip(&arranged.corners) {
        draw_node(node, *corner, text)?;
    }
    for (arrow, route) in scene.arrows.iter().zip(&arranged.routes) {
        label(arrow, route.label, text)?;
    }
    Ok(())
}

fn label(arrow: &Arrow, at: Point, text: &mut String) -> std::fmt::Result {
    let (x, y) = (shape::number(at.x), shape::number(at.y + 3.5));
    let (class, label) = (shape::class(arrow.kind), shape::escaped(&arrow.label));
    writeln!(
        text,
        "<text class=\"label {class}-text\" x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{label}</text>"
    )
}

fn draw_node(node: &Node, corner: Point, text: &mut String) -> std::fmt::Result {
    writeln!(text, "<g transform=\"translate({} {})\">", shape::number(corner.x), shape::number(corner.y))?;
    match &node.kind {
        NodeKind::Service(card) => shape::card(card, node.width, node.height, text)?,
        NodeKind::Volume(name) => shape::volume(name, node.width, node.height, text)?,
    }
    writeln!(text, "</g>")
}
