//! In: the content of a picture. Out: its boxes with their sizes, and the arrows between them. Must
//! not: know their positions.

use std::collections::BTreeMap;

use super::style::{self, Font};
use crate::report::picture::{Box, FileKind, Picture, SeenFile};
use crate::topology::service::DependencyCondition;

/// Boxes and arrows.
pub(super) struct Scene {
    pub nodes: Vec<Node>,
    pub arrows: Vec<Arrow>,
}

/// A box, in pixels.
pub(super) struct Node {
    pub width: f64,
    pub height: f64,
    pub kind: NodeKind,
}

/// What a box represents.
pub(super) enum NodeKind {
    Service(Card),
    Volume(String),
}

/// The content of a service's box.
pub(super) struct Card {
    pub name: String,
    /// The image, possibly shortened, with the full text.
    pub source: String,
    pub full_source: String,
    /// Whether it needs a profile.
    pub is_optional: bool,
    pub chips: Vec<Chip>,
}

/// A framed text, at its position within the card.
pub(super) struct Chip {
    pub text: String,
    /// The text before it was shortened; empty if it was not.
    pub full_text: String,
    pub kind: ChipKind,
    pub x: f64,
    pub y: f64,
    pub width: f64,
}

/// What a chip represents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChipKind {
    /// A profile that the service needs.
    Profile,
    /// A published port.
    Port,
    /// A file of the host, a secret or a config that the service mounts.
    File(FileKind),
    /// A network, by its index.
    Network(usize),
}

/// An arrow from one box to another, by index.
pub(super) struct Arrow {
    pub from: usize,
    pub to: usize,
    pub kind: ArrowKind,
    pub label: String,
}

/// What an arrow represents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArrowKind {
    /// One service waits for another.
    Wait(DependencyCondition),
    /// A service mounts a volume.
    Mount,
}

impl Arrow {
    /// The width of its label.
    pub(super) fn label_width(&self) -> f64 {
        style::width(&self.label, Font::Small)
    }
}

impl Scene {
    /// The boxes and arrows of a picture.
    pub(super) fn new(picture: &Picture<'_>) -> Self {
        let mut scene = Self { nodes: Vec::new(), arrows: Vec::new() };
        let mut services = BTreeMap::new();
        for service in &picture.services {
            services.insert(service.name, scene.nodes.len());
            scene.nodes.push(card(picture, service));
        }
        for (waiter, needed, condition) in &picture.waits {
            let kind = ArrowKind::Wait(*condition);
            let (from, to) = (services[waiter], services[needed]);
            scene.arrows.push(Arrow {
                from,
                to,
                kind,
                label: picture.words.condition(*condition).to_owned(),
            });
        }
        let first_volume = scene.nodes.len();
        scene.nodes.extend(picture.volumes.iter().map(|volume| volume_node(volume)));
        for (service, volume, target) in &picture.mounts {
            let at = picture.volumes.iter().position(|known| known == volume).unwrap_or_default();
            let (from, to) = (services[service], first_volume + at);
            let label = style::shortened(target, style::LONGEST_PATH);
            scene.arrows.push(Arrow { from, to, kind: ArrowKind::Mount, label });
        }
        scene
    }
}

fn volume_node(name: &str) -> Node {
    let name = style::shortened(name, style::LONGEST_NAME);
    let width = style::width(&name, Font::Text) + 2.0 * style::PADDING;
    Node { width: width.max(64.0), height: style::VOLUME_HEIGHT, kind: NodeKind::Volume(name) }
}

fn card(picture: &Picture<'_>, service: &Box<'_>) -> Node {
    let times = if service.replicas == 1 { String::new() } else { format!(" ×{}", service.replicas) };
    let name = style::shortened(service.name.as_str(), style::LONGEST_NAME) + &times;
    let source = style::shortened(short_digest(&service.source), style::LONGEST_SOURCE);
    let widest = style::width(&name, Font::Title).max(style::width(&source, Font::Text));
    let (chips, width, lines) = flow(words(picture, service), widest.max(style::NARROWEST));
    let is_optional = !service.profiles.is_empty();
    let card = Card { name, source, full_source: service.source.clone(), is_optional, chips };
    let height = style::CARD_TEXT_HEIGHT + lines as f64 * style::CHIP_LINE + style::PADDING;
    Node { width: width + 2.0 * style::PADDING, height, kind: NodeKind::Service(card) }
}

/// The start of a digest is enough to distinguish images.
fn short_digest(image: &str) -> &str {
    let shown = image.find("@sha256:").map(|at| at + "@sha256:".len() + 7);
    shown.and_then(|end| image.get(..end)).unwrap_or(image)
}

/// The chips of a service, grouped by kind.
fn words(picture: &Picture<'_>, service: &Box<'_>) -> Vec<Word> {
    let word =
        |text: &str, kind| Word::new(style::shortened(text, style::LONGEST_NAME), text.to_owned(), kind);
    let profiles = service.profiles.iter().map(|profile| word(profile, ChipKind::Profile));
    let ports = picture.ports.iter().filter(|(_, owner)| *owner == service.name);
    let ports = ports.map(|(port, _)| word(port, ChipKind::Port));
    let files = picture.files.iter().filter(|file| file.service == service.name).map(file_word);
    let networks = picture.attachments.iter().filter(|(owner, _)| *owner == service.name);
    let networks = networks.map(|(_, network)| word(network, network_kind(picture, network)));
    profiles.chain(ports).chain(files).chain(networks).collect()
}

fn file_word(file: &SeenFile<'_>) -> Word {
    let kind = ChipKind::File(file.kind);
    let Some(target) = file.target else {
        let shown = style::shortened(&file.name, style::LONGEST_NAME);
        return Word::new(shown, file.name.clone(), kind);
    };
    let shown = |longest| {
        format!("{} → {}", style::shortened(&file.name, longest), style::shortened(target, longest))
    };
    let full = shown(usize::MAX);
    match full.chars().count() <= style::LONGEST_SOURCE {
        true => Word::new(full.clone(), full, kind),
        false => Word::new(shown(style::LONGEST_SOURCE / 2), full, kind),
    }
}

/// The text of a chip.
struct Word {
    text: String,
    full_text: String,
    kind: ChipKind,
}

impl Word {
    fn new(text: String, full_text: String, kind: ChipKind) -> Self {
        let full_text = if text == full_text { String::new() } else { full_text };
        Self { text, full_text, kind }
    }
}

fn network_kind(picture: &Picture<'_>, network: &str) -> ChipKind {
    ChipKind::Network(picture.networks.iter().position(|known| *known == network).unwrap_or_default())
}

/// Chips in lines, the width of the widest line, and the number of lines.
fn flow(words: Vec<Word>, widest: f64) -> (Vec<Chip>, f64, usize) {
    let room = widest.max(style::CHIP_ROOM);
    let (mut x, mut line, mut used) = (0.0, 0, widest);
    let mut chips: Vec<Chip> = Vec::new();
    for Word { text, full_text, kind } in words {
        let width = style::width(&text, Font::Small) + kind.sign_width() + 2.0 * style::CHIP_PADDING;
        let is_new_kind = chips.last().is_some_and(|last| !last.kind.shares_a_line_with(kind));
        if x > 0.0 && (is_new_kind || x + width > room) {
            (x, line) = (0.0, line + 1);
        }
        let (left, top) = (style::PADDING + x, style::CARD_TEXT_HEIGHT + f64::from(line) * style::CHIP_LINE);
        chips.push(Chip { text, full_text, kind, x: left, y: top, width });
        x += width + style::CHIP_GAP;
        used = used.max(x - style::CHIP_GAP);
    }
    let lines = if chips.is_empty() { 0 } else { line as usize + 1 };
    (chips, used, lines)
}

impl ChipKind {
    /// The width of the sign before the text, if there is one.
    pub(super) fn sign_width(self) -> f64 {
        match self {
            Self::File(FileKind::Secret | FileKind::Config) => style::SIGN_WIDTH,
            Self::File(FileKind::Path) | Self::Profile | Self::Port | Self::Network(_) => 0.0,
        }
    }

    fn shares_a_line_with(self, other: Self) -> bool {
        match (self, other) {
            (Self::Network(_), Self::Network(_)) => true,
            (Self::File(one), Self::File(other)) => (one == FileKind::Path) == (other == FileKind::Path),
            (one, other) => one == other,
        }
    }
}
