//! In: what the terminal supports. Out: texts with colours and marks accordingly. Must not: detect
//! what it supports; the command line decides.

use owo_colors::Style;

/// The styling of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether colours are used.
    pub colors: bool,
    /// Whether characters outside ASCII are used.
    pub unicode: bool,
}

/// The meaning of a text, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Success.
    Good,
    /// Failure.
    Bad,
    /// A warning, or something that was given up.
    Notice,
    /// In progress.
    Active,
    /// Less important than the text around it.
    Aside,
    /// A name.
    Strong,
    /// Ordinary text.
    Plain,
}

/// The mark at the beginning of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// Not started, or given up.
    Dropped,
    /// Waiting for something else.
    Idle,
    /// In progress; the number selects a frame of the spinner.
    Busy(usize),
}

impl Look {
    /// Only ASCII, without colours.
    pub const BARE: Look = Look { colors: false, unicode: false };

    /// A text in the colour of its role.
    pub fn paint(self, role: Role, text: &str) -> String {
        if !self.colors || text.is_empty() {
            return text.to_owned();
        }
        let style = match role {
            Role::Good => Style::new().green(),
            Role::Bad => Style::new().red().bold(),
            Role::Notice => Style::new().yellow(),
            Role::Active => Style::new().cyan(),
            Role::Aside => Style::new().dimmed(),
            Role::Strong => Style::new().bold(),
            Role::Plain => return text.to_owned(),
        };
        style.style(text).to_string()
    }

    /// A text in one of the colours that distinguish things; the same number has the same colour.
    pub fn in_color(self, number: usize, text: &str) -> String {
        if !self.colors {
            return text.to_owned();
        }
        let styles = [
            Style::new().cyan(),
            Style::new().yellow(),
            Style::new().green(),
            Style::new().magenta(),
            Style::new().blue(),
            Style::new().bright_cyan(),
            Style::new().bright_yellow(),
            Style::new().bright_green(),
            Style::new().bright_magenta(),
            Style::new().bright_blue(),
        ];
        styles[number % styles.len()].style(text).to_string()
    }

    /// The mark at the end of a truncated text.
    pub fn ellipsis(self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    /// A mark, one column wide, in its colour.
    pub fn mark(self, mark: Mark) -> String {
        let (role, sign, ascii) = match mark {
            Mark::Done => (Role::Good, '✔', '+'),
            Mark::Failed => (Role::Bad, '✘', 'x'),
            Mark::Dropped => (Role::Notice, '∅', '-'),
            Mark::Idle => (Role::Aside, '·', '.'),
            Mark::Busy(turn) => (Role::Active, round("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", turn), round("|/-\\", turn)),
        };
        let mut buffer = [0; 4];
        let sign = if self.unicode { sign } else { ascii };
        self.paint(role, sign.encode_utf8(&mut buffer))
    }

    /// A bar of `width` columns, of which the share `done` (0 to 1) is full.
    pub fn bar(self, done: f64, width: usize) -> String {
        let full = ((done.clamp(0.0, 1.0) * width as f64).round() as usize).min(width);
        let (sign, rest) = if self.unicode { ("━", "─") } else { ("#", ".") };
        let (full, rest) = (sign.repeat(full), rest.repeat(width - full));
        format!("{}{}", self.paint(Role::Active, &full), self.paint(Role::Aside, &rest))
    }
}

fn round(signs: &str, turn: usize) -> char {
    signs.chars().cycle().nth(turn % signs.chars().count()).unwrap_or(' ')
}

/// A text from elsewhere, line by line without control characters.
pub fn sanitize_lines(text: &str) -> String {
    text.split('\n').map(sanitize).collect::<Vec<_>>().join("\n")
}

/// A text from elsewhere without control characters, which could move the cursor or change colours.
pub fn sanitize(text: &str) -> String {
    let text = console::strip_ansi_codes(text);
    text.chars().filter(|sign| !sign.is_control() || *sign == '\t').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colours_there_are_no_escape_sequences() {
        let look = Look { colors: false, unicode: true };
        assert_eq!(look.paint(Role::Bad, "no"), "no");
        assert_eq!(look.bar(0.5, 4), "━━──");
        assert_eq!(Look::BARE.bar(2.0, 3), "###");
    }

    #[test]
    fn trailing_colour_changes_of_a_text_are_reset() {
        let look = Look { colors: true, unicode: true };
        assert_eq!(look.paint(Role::Good, "yes"), "\u{1b}[32myes\u{1b}[0m");
    }

    #[test]
    fn the_spinner_repeats() {
        assert_eq!(Look::BARE.mark(Mark::Busy(5)), "/");
    }

    #[test]
    fn a_text_from_elsewhere_cannot_move_the_cursor() {
        assert_eq!(sanitize("\u{1b}[31mred\u{1b}[0m\u{7}\tand\r\u{1b}[2J"), "red\tand");
    }
}
