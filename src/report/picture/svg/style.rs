//! Sizes, colours, and text widths.

/// Space within boxes, in pixels, like all sizes here.
pub(super) const PADDING: f64 = 12.0;
/// Space around the picture.
pub(super) const MARGIN: f64 = 24.0;
/// The name and the image of a service.
pub(super) const CARD_TEXT_HEIGHT: f64 = 50.0;
/// One line of chips, with the space below.
pub(super) const CHIP_LINE: f64 = 22.0;
pub(super) const CHIP_HEIGHT: f64 = 18.0;
pub(super) const CHIP_PADDING: f64 = 7.0;
pub(super) const CHIP_GAP: f64 = 5.0;
/// The width of a sign before the text of a chip, with the space after it.
pub(super) const SIGN_WIDTH: f64 = 13.0;
/// The width of a line of chips, even in a card that needs less.
pub(super) const CHIP_ROOM: f64 = 170.0;
/// The minimum width of a card's text.
pub(super) const NARROWEST: f64 = 96.0;
pub(super) const VOLUME_HEIGHT: f64 = 44.0;
/// How many characters of images and paths are shown; the tooltip has the full text. Names are not
/// shortened: a host name has at most 63 characters.
pub(super) const LONGEST_NAME: usize = 63;
pub(super) const LONGEST_SOURCE: usize = 34;
pub(super) const LONGEST_PATH: usize = 28;

/// The sizes of text.
#[derive(Clone, Copy, Debug)]
pub(super) enum Font {
    Heading,
    Title,
    Text,
    Small,
}

impl Font {
    fn size(self) -> f64 {
        match self {
            Self::Heading => 16.0,
            Self::Title => 14.0,
            Self::Text => 11.5,
            Self::Small => 10.5,
        }
    }
}

/// The width of a text: in each of the monospaced fonts, a character is 0.6 of the font size wide.
pub(super) fn width(text: &str, font: Font) -> f64 {
    console::measure_text_width(text) as f64 * font.size() * 0.605
}

/// The end of a long text, which says more than its start: the name and the tag of an image, the
/// last directory of a path. It is cut at a `/` if possible.
pub(super) fn shortened(text: &str, longest: usize) -> String {
    let letters = text.chars().count();
    if letters <= longest {
        return text.to_owned();
    }
    let end: String = text.chars().skip(letters - longest + 1).collect();
    match end.find('/') {
        Some(slash) if slash < end.len() / 2 => format!("…{}", &end[slash..]),
        _ => format!("…{end}"),
    }
}

/// Colours of networks: fill and text in light mode, fill and text in dark mode.
pub(super) const NETWORKS: [[&str; 4]; 8] = [
    ["#dcfce7", "#14532d", "#14532d", "#dcfce7"],
    ["#dbeafe", "#1e3a8a", "#1e3a8a", "#dbeafe"],
    ["#f3e8ff", "#581c87", "#581c87", "#f3e8ff"],
    ["#ccfbf1", "#134e4a", "#134e4a", "#ccfbf1"],
    ["#fae8ff", "#701a75", "#701a75", "#fae8ff"],
    ["#e0e7ff", "#312e81", "#312e81", "#e0e7ff"],
    ["#ecfccb", "#365314", "#365314", "#ecfccb"],
    ["#e2e8f0", "#1e293b", "#475569", "#f1f5f9"],
];

/// The style rules for both modes.
pub(super) const LIGHT: &str = "\
text { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace; fill: #0f172a; }
.background { fill: #ffffff; }
.heading { font-size: 16px; font-weight: 700; }
.name { font-size: 14px; font-weight: 700; }
.source { font-size: 11.5px; fill: #475569; }
.small { font-size: 10.5px; }
.muted { fill: #475569; }
.card { fill: #f8fafc; stroke: #64748b; stroke-width: 1.2; }
.optional { stroke-dasharray: 6 4; }
.profile { fill: none; stroke: #64748b; stroke-dasharray: 3 2; }
.profile-text { fill: #475569; }
.path { fill: #ffedd5; }
.path-text { fill: #7c2d12; }
.file { fill: #e2e8f0; }
.file-text { fill: #1e293b; }
.sign { fill: none; stroke: #475569; stroke-width: 1.1; }
.volume { fill: #fef3c7; stroke: #b45309; stroke-width: 1.2; }
.volume-name { font-size: 11.5px; fill: #78350f; }
.port { fill: #fce7f3; }
.port-text { fill: #831843; }
.arrow { fill: none; stroke-width: 1.5; }
.label { font-size: 10.5px; paint-order: stroke; stroke: #ffffff; stroke-width: 7px; stroke-linejoin: round; }
.started { stroke: #64748b; }
.healthy { stroke: #15803d; }
.completed { stroke: #1d4ed8; stroke-dasharray: 7 3; }
.mount { stroke: #b45309; stroke-dasharray: 2 3; }
.started-text { fill: #475569; }
.healthy-text { fill: #15803d; }
.completed-text { fill: #1d4ed8; }
.mount-text { fill: #92400e; }
.started-head { fill: #64748b; }
.healthy-head { fill: #15803d; }
.completed-head { fill: #1d4ed8; }
.mount-head { fill: #b45309; }
";

/// What differs in dark mode.
pub(super) const DARK: &str = "\
text { fill: #e2e8f0; }
.background { fill: #0d1117; }
.source, .muted { fill: #a3b1c6; }
.card { fill: #1b2330; stroke: #8b9bb4; }
.profile { stroke: #8b9bb4; }
.profile-text { fill: #cbd5e1; }
.path { fill: #7c2d12; }
.path-text { fill: #ffedd5; }
.file { fill: #334155; }
.file-text { fill: #e2e8f0; }
.sign { stroke: #cbd5e1; }
.volume { fill: #422006; stroke: #f59e0b; }
.volume-name { fill: #fde68a; }
.port { fill: #831843; }
.port-text { fill: #fce7f3; }
.label { stroke: #0d1117; }
.started { stroke: #94a3b8; }
.healthy { stroke: #4ade80; }
.completed { stroke: #93c5fd; }
.mount { stroke: #f59e0b; }
.started-text { fill: #cbd5e1; }
.healthy-text { fill: #4ade80; }
.completed-text { fill: #93c5fd; }
.mount-text { fill: #fbbf24; }
.started-head { fill: #94a3b8; }
.healthy-head { fill: #4ade80; }
.completed-head { fill: #93c5fd; }
.mount-head { fill: #f59e0b; }
";

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn long_texts_keep_their_end_from_a_slash_on() {
        assert_eq!(shortened("nginx:1.27", 12), "nginx:1.27");
        assert_eq!(shortened("registry.example.com/shop/web:1", 16), "…/shop/web:1");
        assert_eq!(shortened("abcdefghijkl", 6), "…hijkl");
    }
}
