//! What the signs of a picture mean: those that are in it.

use std::fmt::Write;

use super::arrange::Point;
use super::scene::{ArrowKind, Chip, ChipKind, NodeKind, Scene};
use super::shape;
use super::style::{self, Font};
use crate::report::picture::Picture;
use crate::topology::service::DependencyCondition;

/// The space that a sign takes, and between entries.
const SIGN: f64 = 46.0;
const GAP: f64 = 26.0;
const LINE: f64 = 26.0;
/// The width of a chip.
const CHIP: f64 = 34.0;
/// How far a network's chip peeps out behind another one, and how many networks are shown.
const STEP: f64 = 7.0;
const MOST_NETWORKS: usize = 3;

/// All kinds of arrows, in the order of the legend.
pub const ARROWS: [ArrowKind; 4] = [
    ArrowKind::Wait(DependencyCondition::Started),
    ArrowKind::Wait(DependencyCondition::Healthy),
    ArrowKind::Wait(DependencyCondition::Completed),
    ArrowKind::Mount,
];

/// The entries of a legend.
pub struct Legend(Vec<Entry>);

struct Entry {
    sign: Sign,
    text: &'static str,
}

enum Sign {
    Arrow(ArrowKind),
    Port,
    /// As many networks, each in its colour.
    Networks(usize),
    Volume,
}

impl Legend {
    /// The entries for what is in the picture.
    pub fn of(picture: &Picture<'_>, scene: &Scene) -> Self {
        let is_drawn = |kind: &ArrowKind| scene.arrows.iter().any(|arrow| arrow.kind == *kind);
        let arrows = ARROWS.into_iter().filter(is_drawn);
        let arrows = arrows.map(|kind| Entry { sign: Sign::Arrow(kind), text: meaning(kind) });
        let mut entries: Vec<Entry> = arrows.collect();
        if scene.nodes.iter().any(|node| matches!(node.kind, NodeKind::Volume(_))) {
            entries.push(Entry { sign: Sign::Volume, text: "volume" });
        }
        if !picture.ports.is_empty() {
            entries.push(Entry { sign: Sign::Port, text: "port of the host → of the service" });
        }
        match picture.networks.len() {
            0 => {}
            1 => entries.push(Entry { sign: Sign::Networks(1), text: "network" }),
            several => entries.push(Entry { sign: Sign::Networks(several), text: "networks" }),
        }
        Self(entries)
    }

    /// The width of the widest entry.
    pub fn width(&self) -> f64 {
        self.0.iter().map(Entry::width).fold(0.0, f64::max)
    }

    /// The height in lines of this width.
    pub fn height(&self, width: f64) -> f64 {
        self.places(width).last().map_or(0.0, |place| place.y + LINE)
    }

    /// Draws it in lines of this width.
    pub fn draw(&self, width: f64, text: &mut String) -> std::fmt::Result {
        for (entry, place) in self.0.iter().zip(self.places(width)) {
            writeln!(
                text,
                "<g transform=\"translate({} {})\">",
                shape::number(place.x),
                shape::number(place.y)
            )?;
            entry.draw(text)?;
            writeln!(text, "</g>")?;
        }
        Ok(())
    }

    fn places(&self, width: f64) -> Vec<Point> {
        let (mut x, mut y) = (0.0, 0.0);
        let place = |entry: &Entry| {
            if x > 0.0 && x + entry.width() > width {
                (x, y) = (0.0, y + LINE);
            }
            let place = Point { x, y };
            x += entry.width() + GAP;
            place
        };
        self.0.iter().map(place).collect()
    }
}

impl Entry {
    fn width(&self) -> f64 {
        SIGN + style::width(self.text, Font::Small)
    }

    fn draw(&self, text: &mut String) -> std::fmt::Result {
        match self.sign {
            Sign::Arrow(kind) => {
                shape::arrow(kind, &[Point { x: 0.0, y: 10.0 }, Point { x: 36.0, y: 10.0 }], text)?
            }
            Sign::Volume => shape::volume("", 30.0, 20.0, text)?,
            Sign::Port => chip(ChipKind::Port, 0.0, CHIP, text)?,
            Sign::Networks(count) => {
                let last = count.clamp(1, MOST_NETWORKS) - 1;
                let width = CHIP - last as f64 * STEP;
                // The first lies on top, the others peep out behind it.
                for number in (0..=last).rev() {
                    chip(ChipKind::Network(number), number as f64 * STEP, width, text)?;
                }
            }
        }
        writeln!(
            text,
            "<text class=\"small muted\" x=\"{SIGN}\" y=\"13.5\">{}</text>",
            shape::escaped(self.text)
        )
    }
}

fn chip(kind: ChipKind, x: f64, width: f64, text: &mut String) -> std::fmt::Result {
    shape::chip(&Chip { text: String::new(), kind, x, y: 1.0, width }, text)
}

fn meaning(kind: ArrowKind) -> &'static str {
    match kind {
        ArrowKind::Wait(DependencyCondition::Started) => "starts after it",
        ArrowKind::Wait(DependencyCondition::Healthy) => "starts once it is healthy",
        ArrowKind::Wait(DependencyCondition::Completed) => "starts once it has ended well",
        ArrowKind::Mount => "keeps this folder in the volume",
    }
}
