//! In: what the terminal can do. Out: texts with colours and marks as far as it can.
//! Must not: find out what it can; the command line decides.

use owo_colors::Style;

/// How texts look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether colours are used.
    pub colors: bool,
    /// Whether signs outside ASCII are used.
    pub unicode: bool,
}

/// What a piece of text is, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It went well.
    Good,
    /// It failed.
    Bad,
    /// It is to be noticed: a warning, something that was given up.
    Notice,
    /// It goes on.
    Active,
    /// It matters less than what is around it.
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
    /// Waits for something else.
    Idle,
    /// Under way; the number goes round.
    Busy(usize),
}

impl Look {
    /// Nothing but ASCII without colours.
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

    /// A text in one of the colours that tell things apart; the same number has the same colour.
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

    /// What stands for the end of a text that was cut.
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

/// A text of several lines of somebody else, tame in each.
pub fn tame_lines(text: &str) -> String {
    text.split('\n').map(tame).collect::<Vec<_>>().join("\n")
}

/// A text of somebody else without what would move the cursor or change colours.
pub fn tame(text: &str) -> String {
    let text = console::strip_ansi_codes(text);
    text.chars().filter(|sign| !sign.is_control() || *sign == '\t').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colours_there_is_no_escape() {
        let look = Look { colors: false, unicode: true };
        assert_eq!(look.paint(Role::Bad, "no"), "no");
        assert_eq!(look.bar(0.5, 4), "━━──");
        assert_eq!(Look::BARE.bar(2.0, 3), "###");
    }

    #[test]
    fn with_colours_a_text_keeps_its_own_end() {
        let look = Look { colors: true, unicode: true };
        assert_eq!(look.paint(Role::Good, "yes"), "\u{1b}[32myes\u{1b}[0m");
    }

    #[test]
    fn the_spinner_goes_round() {
        assert_eq!(Look::BARE.mark(Mark::Busy(5)), "/");
    }

    #[test]
    fn a_foreign_text_moves_no_cursor() {
        assert_eq!(tame("\u{1b}[31mred\u{1b}[0m\u{7}\tand\r\u{1b}[2J"), "red\tand");
    }
}
