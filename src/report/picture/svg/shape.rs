//! The shape of each kind of element, relative to its own origin.

use std::fmt::Write;

use super::arrange::{Point, Route, Segment};
use super::scene::{ArrowKind, Card, Chip, ChipKind};
use super::style;
use crate::report::picture::FileKind;
use crate::topology::service::DependencyCondition;

/// A service.
pub(super) fn card(card: &Card, width: f64, height: f64, text: &mut String) -> std::fmt::Result {
    let (width, height) = (number(width), number(height));
    writeln!(text, "<title>{}: {}</title>", escaped(&card.name), escaped(&card.full_source))?;
    let class = if card.is_optional { "card optional" } else { "card" };
    writeln!(text, "<rect class=\"{class}\" width=\"{width}\" height=\"{height}\" rx=\"7\"/>")?;
    let left = style::PADDING;
    writeln!(text, "<text class=\"name\" x=\"{left}\" y=\"22\">{}</text>", escaped(&card.name))?;
    writeln!(text, "<text class=\"source\" x=\"{left}\" y=\"39\">{}</text>", escaped(&card.source))?;
    card.chips.iter().try_for_each(|each| chip(each, text))
}

/// A framed text. Each kind has its own shape, as colours alone are not accessible to everybody.
pub(super) fn chip(chip: &Chip, text: &mut String) -> std::fmt::Result {
    let Chip { text: word, full_text, kind, x, y, width } = chip;
    let class = match kind {
        ChipKind::Profile => "profile".to_owned(),
        ChipKind::Port => "port".to_owned(),
        ChipKind::File(FileKind::Path) => "path".to_owned(),
        ChipKind::File(FileKind::Secret | FileKind::Config) => "file".to_owned(),
        ChipKind::Network(network) => format!("network{}", network % style::NETWORKS.len()),
    };
    writeln!(text, "<g transform=\"translate({} {})\">", number(*x), number(*y))?;
    if !full_text.is_empty() {
        writeln!(text, "<title>{}</title>", escaped(full_text))?;
    }
    let (width, height) = (number(*width), style::CHIP_HEIGHT);
    match kind {
        ChipKind::File(FileKind::Path) => writeln!(
            text,
            "<path class=\"{class}\" d=\"M0 {height} V2 Q0 0 2 0 H12 L14 2 H{width} V{height} Z\"/>"
        )?,
        ChipKind::Profile => writeln!(
            text,
            "<rect class=\"{class}\" x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"3\"/>",
            number(chip.width - 1.0),
            height - 1.0
        )?,
        ChipKind::Port | ChipKind::File(_) => {
            writeln!(text, "<rect class=\"{class}\" width=\"{width}\" height=\"{height}\" rx=\"3\"/>")?;
        }
        ChipKind::Network(_) => {
            let round = height / 2.0;
            writeln!(text, "<rect class=\"{class}\" width=\"{width}\" height=\"{height}\" rx=\"{round}\"/>")?;
        }
    }
    if let ChipKind::File(kind) = kind {
        sign(*kind, text)?;
    }
    if !word.is_empty() {
        let x = number(style::CHIP_PADDING + kind.sign_width());
        let y = if *kind == ChipKind::File(FileKind::Path) { 13.6 } else { 12.8 };
        writeln!(text, "<text class=\"small {class}-text\" x=\"{x}\" y=\"{y}\">{}</text>", escaped(word))?;
    }
    writeln!(text, "</g>")
}

/// A lock or a sheet of paper, at the start of a chip.
fn sign(kind: FileKind, text: &mut String) -> std::fmt::Result {
    match kind {
        FileKind::Path => Ok(()),
        FileKind::Secret => writeln!(
            text,
            "<path class=\"sign\" d=\"M8.5 8.5 V6.5 A2.5 2.5 0 0 1 13.5 6.5 V8.5 M7 8.5 H15 V14 H7 Z\"/>"
        ),
        FileKind::Config => {
            writeln!(text, "<path class=\"sign\" d=\"M8 4 H12 L15 7 V14 H8 Z M10 9 H13 M10 11.5 H13\"/>")
        }
    }
}

/// A volume: a cylinder.
pub(super) fn volume(name: &str, width: f64, height: f64, text: &mut String) -> std::fmt::Result {
    let (half, rise) = (number(width / 2.0), 6.0);
    let (low, full) = (number(height - rise), number(width));
    writeln!(
        text,
        "<path class=\"volume\" d=\"M0 {rise} A{half} {rise} 0 0 1 {full} {rise} V{low} A{half} {rise} 0 0 1 0 {low} Z\"/>"
    )?;
    writeln!(
        text,
        "<path class=\"volume\" style=\"fill:none\" d=\"M0 {rise} A{half} {rise} 0 0 0 {full} {rise}\"/>"
    )?;
    let middle = number(height / 2.0 + 7.0);
    writeln!(
        text,
        "<text class=\"volume-name\" x=\"{half}\" y=\"{middle}\" text-anchor=\"middle\">{}</text>",
        escaped(name)
    )
}

/// A line with a head.
pub(super) fn arrow(kind: ArrowKind, route: &Route, text: &mut String) -> std::fmt::Result {
    if route.segments.is_empty() {
        return Ok(());
    }
    let class = class(kind);
    let pair = |Point { x, y }: Point| format!("{} {}", number(x), number(y));
    write!(text, "<path class=\"arrow {class}\" marker-end=\"url(#{class})\" d=\"M{}", pair(route.start))?;
    for segment in &route.segments {
        match *segment {
            Segment::Straight { to } => write!(text, " L{}", pair(to))?,
            Segment::Bend { first_control, second_control, to } => {
                write!(text, " C{} {} {}", pair(first_control), pair(second_control), pair(to))?;
            }
        }
    }
    writeln!(text, "\"/>")
}

/// The CSS class of an arrow, which is its marker's name too.
pub(super) fn class(kind: ArrowKind) -> &'static str {
    match kind {
        ArrowKind::Wait(DependencyCondition::Started) => "started",
        ArrowKind::Wait(DependencyCondition::Healthy) => "healthy",
        ArrowKind::Wait(DependencyCondition::Completed) => "completed",
        ArrowKind::Mount => "mount",
    }
}

/// A tenth of a pixel is precise enough.
pub(super) fn number(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    // Avoids -0.
    format!("{}", rounded + 0.0)
}

/// Text with XML escapes; characters that XML does not allow are left out.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            letter if letter.is_control() => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{escaped, number};

    #[test]
    fn text_is_escaped() {
        assert_eq!(escaped("a<b>&\"c\u{1b}\n"), "a&lt;b&gt;&amp;&quot;c");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([number(1.04), number(-0.01), number(2.25)], ["1", "0", "2.3"]);
    }
}
