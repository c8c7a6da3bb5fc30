//! In: titles and lines of cells. Out: a table that fits the terminal, or is as wide as it likes elsewhere.
//! Must not: know what is listed.

use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::cli::io::output::{speaks_unicode, width_of_output};
use crate::report::sanitize;

/// What becomes of a column where a terminal has no room for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It stays on one line: people copy what stands in it.
    Name,
    /// It is broken over several lines, between words.
    Words,
    /// It is left out before anything is broken, the lowest number first: other formats tell it.
    Spare(u8),
    /// It is left out before sentences are broken into single words, or anything is shortened.
    Minor,
}

/// The room between columns.
const GAP: u16 = 3;

/// What a column of words keeps before others are left out, or names shortened as well.
const READABLE: usize = 16;

/// What a column keeps when it is shortened.
const SHORTEST: usize = 10;

/// Columns with their titles, on the standard output.
pub(crate) fn table(titles: Vec<(String, Kind)>, lines: Vec<Vec<String>>) -> String {
    let sign = if speaks_unicode() { "…" } else { "..." };
    let columns = Columns::new(titles, lines);
    match width_of_output() {
        Some(width) => columns.fitted(width, sign),
        None => columns.whole(),
    }
}

/// Columns with their titles, however wide they are.
pub(crate) fn whole_table(titles: Vec<String>, lines: Vec<Vec<String>>) -> String {
    let titles = titles.into_iter().map(|title| (title, Kind::Name));
    Columns::new(titles.collect(), lines).whole()
}

/// A table by its columns: the first cell of each is its title.
struct Columns(Vec<Column>);

struct Column {
    kind: Kind,
    cells: Vec<String>,
}

impl Columns {
    fn new(titles: Vec<(String, Kind)>, lines: Vec<Vec<String>>) -> Self {
        let mut columns: Vec<Column> =
            titles.into_iter().map(|(title, kind)| Column { kind, cells: vec![title] }).collect();
        for line in lines {
            // Anybody who may use the engine chooses labels, and programs their arguments.
            let mut cells = line.into_iter().map(|cell| sanitize(&cell));
            columns.iter_mut().for_each(|column| column.cells.push(cells.next().unwrap_or_default()));
        }
        Self(columns)
    }

    fn whole(&self) -> String {
        self.drawn(&self.widths(Column::width))
    }

    fn fitted(mut self, width: usize, sign: &str) -> String {
        self.leave_out_what_is_spare(width);
        let mut widths = self.widths(Column::width);
        self.narrow(&mut widths, width, Column::readable);
        self.narrow(&mut widths, width, Column::least);
        // Names are copied, so that what stands beside them gives way as long as it can be read.
        let of_words = |column: &Column| if column.kind == Kind::Name { column.width() } else { READABLE };
        self.narrow(&mut widths, width, of_words);
        self.narrow(&mut widths, width, |_| SHORTEST);
        for (column, width) in self.0.iter_mut().zip(&widths) {
            column.shorten(*width, sign);
        }
        self.drawn(&widths)
    }

    fn widths(&self, width: impl Fn(&Column) -> usize) -> Vec<usize> {
        self.0.iter().map(width).collect()
    }

    /// Leaves out spare columns until the others need not be broken, then minor ones until the others can
    /// be read and need not be shortened.
    fn leave_out_what_is_spare(&mut self, width: usize) {
        while room_for(&self.widths(Column::width)) > width {
            let ranks = self.0.iter().enumerate().filter_map(|(place, column)| match column.kind {
                Kind::Spare(rank) => Some((rank, place)),
                Kind::Name | Kind::Words | Kind::Minor => None,
            });
            let Some((_, first)) = ranks.min() else { break };
            self.0.remove(first);
        }
        while room_for(&self.widths(Column::readable)) > width {
            let Some(last) = self.0.iter().rposition(|column| column.kind == Kind::Minor) else { break };
            self.0.remove(last);
        }
    }

    /// Takes from the widest column that is above its floor until all fit, or none is.
    fn narrow(&self, widths: &mut [usize], width: usize, floor: impl Fn(&Column) -> usize) {
        while room_for(widths) > width {
            let is_above = |place: &usize| widths[*place] > floor(&self.0[*place]);
            let Some(widest) = (0..widths.len()).filter(is_above).max_by_key(|place| widths[*place]) else {
                return;
            };
            widths[widest] -= 1;
        }
    }

    fn drawn(&self, widths: &[usize]) -> String {
        let mut table = Table::new();
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::MAX);
        let line = |number: usize| self.0.iter().map(move |column| &column.cells[number]);
        table.set_header(line(0));
        for number in 1..self.0.first().map_or(0, |column| column.cells.len()) {
            table.add_row(line(number));
        }
        for (column, width) in table.column_iter_mut().zip(widths) {
            column.set_padding((0, GAP));
            let width = u16::try_from(*width).unwrap_or(u16::MAX).saturating_add(GAP);
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
        }
        table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
    }
}

/// How many columns of the terminal a table takes.
fn room_for(widths: &[usize]) -> usize {
    let unparsed = widths.len().saturating_sub(1) * usize::from(GAP);
    widths.iter().sum::<usize>() + unparsed
}

impl Column {
    /// What it takes when nothing is broken.
    fn width(&self) -> usize {
        self.cells.iter().map(|cell| cell.width()).max().unwrap_or_default()
    }

    fn longest_word(&self) -> usize {
        self.cells
            .iter()
            .flat_map(|cell| cell.split(' '))
            .map(UnicodeWidthStr::width)
            .max()
            .unwrap_or_default()
    }

    /// What it takes when what may be broken is broken, into lines of a few words each.
    fn readable(&self) -> usize {
        self.least().max(self.width().min(READABLE))
    }

    /// What it takes when what may be broken is broken, and nothing is shortened.
    fn least(&self) -> usize {
        if self.kind == Kind::Words { self.longest_word() } else { self.width() }
    }

    fn shorten(&mut self, width: usize, sign: &str) {
        for cell in &mut self.cells {
            *cell = match self.kind {
                Kind::Name => shortened(cell, width, sign),
                Kind::Words | Kind::Spare(_) | Kind::Minor => {
                    let words = cell.split(' ').map(|word| shortened(word, width, sign));
                    words.collect::<Vec<_>>().join(" ")
                }
            };
        }
    }
}

/// A word without its middle: names differ at their ends, paths are known by both.
fn shortened(word: &str, width: usize, sign: &str) -> String {
    if word.width() <= width {
        return word.to_owned();
    }
    let room = width.saturating_sub(sign.width());
    let end: String = taken(word.chars().rev(), room / 2).chars().rev().collect();
    format!("{}{sign}{end}", taken(word.chars(), room - room / 2))
}

/// The first characters, as far as there is room.
fn taken(characters: impl Iterator<Item = char>, room: usize) -> String {
    let mut left = room;
    let fits = |character: &char| {
        let width = character.width().unwrap_or_default();
        let fits = width <= left;
        left = left.saturating_sub(width);
        fits
    };
    characters.take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(width: usize, titles: &[(&str, Kind)], line: &[&str]) -> String {
        let titles = titles.iter().map(|(title, kind)| ((*title).to_owned(), *kind)).collect();
        let line = line.iter().map(|cell| (*cell).to_owned()).collect();
        Columns::new(titles, vec![line]).fitted(width, "…")
    }

    #[test]
    fn words_are_broken_before_names_are_shortened() {
        let titles = [("NAME", Kind::Name), ("STATUS", Kind::Words)];
        let line = ["a-project-with-a-name-web-1", "Up 2 minutes (healthy)"];
        assert_eq!(
            fitted(42, &titles, &line),
            "NAME                          STATUS\n\
             a-project-with-a-name-web-1   Up 2 minutes\n                              (healthy)\n"
        );
        assert_eq!(
            fitted(30, &titles, &line),
            "NAME                 STATUS\n\
             a-project…me-web-1   Up 2\n                     minutes\n                     (healthy)\n"
        );
        assert!(fitted(80, &titles, &line).ends_with("web-1   Up 2 minutes (healthy)\n"));
    }

    #[test]
    fn what_is_spare_is_left_out_before_anything_is_broken() {
        let titles = [
            ("NAME", Kind::Name),
            ("COMMAND", Kind::Spare(1)),
            ("AGE", Kind::Spare(0)),
            ("STATUS", Kind::Words),
        ];
        let line = ["web-1", "sleep 1000", "2 days", "Up 2 minutes"];
        assert_eq!(fitted(24, &titles, &line), "NAME    STATUS\nweb-1   Up 2 minutes\n");
        assert_eq!(
            fitted(40, &titles, &line),
            "NAME    COMMAND      STATUS\nweb-1   sleep 1000   Up 2 minutes\n"
        );
    }

    #[test]
    fn what_is_minor_is_left_out_before_anything_is_shortened() {
        let titles = [("NAME", Kind::Name), ("SERVICE", Kind::Minor), ("PORTS", Kind::Words)];
        let line = ["shop-web-1", "web", "127.0.0.1:8080->80/tcp, 53/udp"];
        assert_eq!(
            fitted(46, &titles, &line),
            "NAME         SERVICE   PORTS\n\
             shop-web-1   web       127.0.0.1:8080->80/tcp,\n                       53/udp\n"
        );
        assert_eq!(
            fitted(40, &titles, &line),
            "NAME         PORTS\nshop-web-1   127.0.0.1:8080->80/tcp,\n             53/udp\n"
        );
    }

    #[test]
    fn a_sentence_keeps_its_room_beside_long_names() {
        let titles =
            [("NAME", Kind::Name), ("SERVICE", Kind::Minor), ("STATUS", Kind::Words), ("PORTS", Kind::Words)];
        let line = [
            "a-project-web-run-1a2b3c4d5e6f",
            "web",
            "Exited (3) Less than a second ago",
            "127.0.0.1:18080->8080/tcp",
        ];
        assert_eq!(
            fitted(80, &titles, &line),
            "NAME                             STATUS                PORTS\n\
             a-project-web-run-1a2b3c4d5e6f   Exited (3) Less       127.0.0.1:18080->8080/tcp\n                                 than a second ago\n"
        );
    }

    #[test]
    fn a_word_that_is_too_long_loses_its_middle() {
        assert_eq!(shortened("/home/ana/shop/compose.yaml", 16, "…"), "/home/an…se.yaml");
        assert_eq!(shortened("日本語日本語", 7, "…"), "日…語");
        assert_eq!(shortened("web", 3, "…"), "web");
        assert_eq!(shortened("database", 7, "..."), "da...se");
    }

    #[test]
    fn every_line_fits_down_to_what_names_need() {
        let titles = [
            ("CONTAINER", Kind::Name),
            ("REPOSITORY", Kind::Name),
            ("PORTS", Kind::Words),
            ("SIZE", Kind::Minor),
        ];
        let line =
            ["a-long-project-name-service-1", "registry.example.com/a/b/c", "0.0.0.0:80->80/tcp", "1MB"];
        for width in 36..100 {
            let table = fitted(width, &titles, &line);
            assert!(table.lines().all(|line| line.width() <= width), "{width}:\n{table}");
        }
    }
}
