//! Each kind of thing, drawn from its own origin.

use std::fmt::Write;

use super::arrange::Point;
use super::scene::{ArrowKind, Card, Chip, ChipKind};
use super::style;
use crate::topology::service::DependencyCondition;

/// A service.
pub fn card(card: &Card, width: f64, height: f64, text: &mut String) -> std::fmt::Result {
    let (width, height) = (number(width), number(height));
    writeln!(text, "<title>{}: {}</title>", escaped(&card.name), escaped(&card.full_source))?;
    writeln!(text, "<rect class=\"card\" width=\"{width}\" height=\"{height}\" rx=\"7\"/>")?;
    let left = style::PADDING;
    writeln!(text, "<text class=\"name\" x=\"{left}\" y=\"22\">{}</text>", escaped(&card.name))?;
    writeln!(text, "<text class=\"source\" x=\"{left}\" y=\"39\">{}</text>", escaped(&card.source))?;
    card.chips.iter().try_for_each(|each| chip(each, text))
}

/// A word in a frame.
pub fn chip(chip: &Chip, text: &mut String) -> std::fmt::Result {
    let class = match chip.kind {
        ChipKind::Port => "port".to_owned(),
        ChipKind::Network(network) => format!("network{}", network % style::NETWORKS.len()),
    };
    // Ports have corners, networks are round: colours alone do not reach everybody.
    let round = if chip.kind == ChipKind::Port { 3.0 } else { style::CHIP_HEIGHT / 2.0 };
    let (x, y, width) = (number(chip.x), number(chip.y), number(chip.width));
    let height = style::CHIP_HEIGHT;
    writeln!(
        text,
        "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{round}\"/>"
    )?;
    let (x, y) = (number(chip.x + style::CHIP_PADDING), number(chip.y + 12.8));
    writeln!(text, "<text class=\"small {class}-text\" x=\"{x}\" y=\"{y}\">{}</text>", escaped(&chip.text))
}

/// A volume: a drum.
pub fn volume(name: &str, width: f64, height: f64, text: &mut String) -> std::fmt::Result {
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

/// A line with a head: straight along columns, bent between them.
pub fn arrow(kind: ArrowKind, points: &[Point], text: &mut String) -> std::fmt::Result {
    let Some((first, rest)) = points.split_first() else { return Ok(()) };
    let class = class(kind);
    write!(
        text,
        "<path class=\"arrow {class}\" marker-end=\"url(#{class})\" d=\"M{} {}",
        number(first.x),
        number(first.y)
    )?;
    let mut last = *first;
    for point in rest {
        let (x, y) = (number(point.x), number(point.y));
        if (point.y - last.y).abs() < 0.5 {
            write!(text, " L{x} {y}")?;
        } else {
            let middle = number(f64::midpoint(last.x, point.x));
            write!(text, " C{middle} {} {middle} {y} {x} {y}", number(last.y))?;
        }
        last = *point;
    }
    writeln!(text, "\"/>")
}

/// The class of an arrow, which is its marker's name too.
pub fn class(kind: ArrowKind) -> &'static str {
    match kind {
        ArrowKind::Wait(DependencyCondition::Started) => "started",
        ArrowKind::Wait(DependencyCondition::Healthy) => "healthy",
        ArrowKind::Wait(DependencyCondition::Completed) => "completed",
        ArrowKind::Mount => "mount",
    }
}

/// A tenth of a pixel is exact enough.
pub fn number(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    // There is no -0 in a picture.
    format!("{}", rounded + 0.0)
}

/// Text as XML writes it; letters that XML does not have are left out.
pub fn escaped(text: &str) -> String {
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
    fn text_is_text_and_no_markup() {
        assert_eq!(escaped("a<b>&\"c\u{1b}\n"), "a&lt;b&gt;&amp;&quot;c");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([number(1.04), number(-0.01), number(2.25)], ["1", "0", "2.3"]);
    }
}
