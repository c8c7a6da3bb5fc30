//! Explains the signs that occur in a picture.

use std::fmt::Write;

use super::arrange::{Point, Route, Segment};
use super::scene::{ArrowKind, Chip, ChipKind, NodeKind, Scene};
use super::shape;
use super::style::{self, Font};
use crate::report::picture::{FileKind, Picture, words};
use crate::topology::service::DependencyCondition;

/// The width of a sign, with the space after it.
const SIGN: f64 = 46.0;
const GAP: f64 = 26.0;
const LINE: f64 = 26.0;
/// The width of a chip.
const CHIP: f64 = 34.0;
/// The offset of a network's chip behind another one.
const STEP: f64 = 7.0;
const MOST_NETWORKS: usize = 3;

/// All kinds of arrows, in the order of the legend.
pub(super) const ARROWS: [ArrowKind; 4] = [
    ArrowKind::Wait(DependencyCondition::Started),
    ArrowKind::Wait(DependencyCondition::Healthy),
    ArrowKind::Wait(DependencyCondition::Completed),
    ArrowKind::Mount,
];

/// The entries of a legend.
pub(super) struct Legend(Vec<Entry>);

struct Entry {
    sign: Sign,
    text: &'static str,
}

enum Sign {
    Arrow(ArrowKind),
    Chip(ChipKind),
    /// This many networks, each in its colour.
    Networks(usize),
    Volume,
}

impl Legend {
    /// The entries for what is in the picture.
    pub(super) fn new(picture: &Picture<'_>, scene: &Scene) -> Self {
        let words = &picture.words.legend;
        let mut entries = Vec::new();
        let mut add = |is_drawn: bool, sign: Sign, text: &'static str| {
            if is_drawn {
                entries.push(Entry { sign, text });
            }
        };
        for kind in ARROWS {
            let is_drawn = scene.arrows.iter().any(|arrow| arrow.kind == kind);
            add(is_drawn, Sign::Arrow(kind), meaning(kind, words));
        }
        let has_volumes = scene.nodes.iter().any(|node| matches!(node.kind, NodeKind::Volume(_)));
        add(has_volumes, Sign::Volume, words.volume);
        let needs_profiles = picture.services.iter().any(|service| !service.profiles.is_empty());
        add(needs_profiles, Sign::Chip(ChipKind::Profile), words.profile);
        add(!picture.ports.is_empty(), Sign::Chip(ChipKind::Port), words.port);
        let files = [
            (FileKind::Path, words.bind),
            (FileKind::Secret, words.secret),
            (FileKind::Config, words.config),
        ];
        for (kind, text) in files {
            let is_seen = picture.files.iter().any(|file| file.kind == kind);
            add(is_seen, Sign::Chip(ChipKind::File(kind)), text);
        }
        let networks = picture.networks.len();
        let text = if networks == 1 { words.network } else { words.networks };
        add(networks > 0, Sign::Networks(networks), text);
        Self(entries)
    }

    /// The width of the widest entry.
    pub(super) fn width(&self) -> f64 {
        self.0.iter().map(Entry::width).fold(0.0, f64::max)
    }

    /// The height in lines of this width.
    pub(super) fn height(&self, width: f64) -> f64 {
        self.places(width).last().map_or(0.0, |place| place.y + LINE)
    }

    /// Draws it in lines of this width.
    pub(super) fn draw(&self, width: f64, text: &mut String) -> std::fmt::Result {
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
                let (start, to) = (Point { x: 0.0, y: 10.0 }, Point { x: 36.0, y: 10.0 });
                let route = Route { start, segments: vec![Segment::Straight { to }], label: start };
                shape::arrow(kind, &route, text)?;
            }
            Sign::Volume => shape::volume("", 30.0, 20.0, text)?,
            Sign::Chip(kind) => chip(kind, 0.0, CHIP, text)?,
            Sign::Networks(count) => {
                let last = count.clamp(1, MOST_NETWORKS) - 1;
                let width = CHIP - last as f64 * STEP;
                // The first one is on top.
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
    shape::chip(&Chip { text: String::new(), full_text: String::new(), kind, x, y: 1.0, width }, text)
}

fn meaning(kind: ArrowKind, words: &words::Legend) -> &'static str {
    match kind {
        ArrowKind::Wait(DependencyCondition::Started) => words.started,
        ArrowKind::Wait(DependencyCondition::Healthy) => words.healthy,
        ArrowKind::Wait(DependencyCondition::Completed) => words.completed,
        ArrowKind::Mount => words.mount,
    }
}
