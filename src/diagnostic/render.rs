//! In: findings. Out: words with the marked places, for terminals ([`graphical`], drawn by miette)
//! and for pipes and tests ([`plain`], the same everywhere).
//! Must not: print, ask what the terminal can do, or read files.

mod plain;
mod snippet;

pub use plain::plain;

use super::excerpt::{Extent, clean, excerpt};
use super::position::Positions;
use super::{Diagnostic, Label, Severity};
use crate::source::{FileId, Sources};
use owo_colors::Style;

/// What the terminal can do.
#[derive(Clone, Copy, Debug)]
pub struct RenderOptions {
    /// Whether it shows colours.
    pub color: bool,
    /// Whether it shows more than ASCII.
    pub unicode: bool,
    /// Its width, in columns.
    pub width: usize,
}

/// Lines around a marked one.
const CONTEXT: usize = 1;

/// Findings for a terminal, each ended by an empty line.
pub fn graphical(sources: &Sources, diagnostics: &[&Diagnostic], options: RenderOptions) -> String {
    let mut positions = Positions::new(sources);
    let mut text = String::new();
    for diagnostic in diagnostics {
        text += &header(diagnostic, options);
        for (file, labels) in by_file(diagnostic) {
            // Room for line numbers and the frame.
            let extent = Extent { context: CONTEXT, width: options.width.saturating_sub(12).max(40) };
            let excerpt = excerpt(file, &labels, extent, &mut positions);
            text += &snippet::draw(&excerpt, diagnostic.severity, options);
        }
        if let Some(help) = &diagnostic.help {
            text += &help_lines(help, options);
        }
        text.push('\n');
    }
    if options.unicode { text } else { text.replace('→', "->") }
}

/// `error[code]: message`, wrapped.
fn header(diagnostic: &Diagnostic, options: RenderOptions) -> String {
    let title = title(diagnostic);
    let words = wrap(&format!("{title}: {}", clean(&diagnostic.message)), options.width.max(40), "", "  ");
    let Some(message) = words.strip_prefix(&title).filter(|_| options.color) else { return words };
    let message = message.trim_end();
    format!(
        "{}{}\n",
        paint(&title, severity_style(diagnostic.severity).bold(), options),
        paint(message, Style::new().bold(), options)
    )
}

/// The help, wrapped; its own lines, such as those of an example, stay lines.
fn help_lines(help: &str, options: RenderOptions) -> String {
    let title = format!("  {} ", paint("help:", Style::new().cyan().bold(), options));
    let mut lines = String::new();
    for (index, line) in help.lines().enumerate() {
        let words = wrap(&clean(line), options.width.max(40), "        ", "        ");
        lines += &if index == 0 { words.replacen("        ", &title, 1) } else { words };
    }
    lines
}

/// `error[code]`.
fn title(diagnostic: &Diagnostic) -> String {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    format!("{severity}[{}]", diagnostic.code)
}

/// Labels by file, the file of the primary one first; each with whether it is the primary one.
fn by_file(diagnostic: &Diagnostic) -> Vec<(FileId, Vec<(&Label, bool)>)> {
    let mut files: Vec<(FileId, Vec<(&Label, bool)>)> = Vec::new();
    for (index, label) in diagnostic.labels.iter().enumerate() {
        let labelled = (label, index == 0);
        match files.iter_mut().find(|(file, _)| *file == label.span.file) {
            Some((_, labels)) => labels.push(labelled),
            None => files.push((label.span.file, vec![labelled])),
        }
    }
    files
}

fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Error => Style::new().red(),
        Severity::Warning => Style::new().yellow(),
        Severity::Note => Style::new().cyan(),
    }
}

fn paint(text: &str, style: Style, options: RenderOptions) -> String {
    if options.color { style.style(text).to_string() } else { text.to_owned() }
}

/// Breaks a text between words; words that are too long stay whole, so that paths can be copied.
fn wrap(text: &str, width: usize, first_indent: &str, next_indent: &str) -> String {
    let mut wrapped = first_indent.to_owned();
    let mut column = first_indent.chars().count();
    let mut is_first = true;
    for word in text.split(' ') {
        let length = word.chars().count();
        if !is_first && column + 1 + length > width {
            wrapped.push('\n');
            wrapped.push_str(next_indent);
            column = next_indent.chars().count();
        } else if !is_first {
            wrapped.push(' ');
            column += 1;
        }
        wrapped.push_str(word);
        column += length;
        is_first = false;
    }
    wrapped + "\n"
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at, sample};
    use super::super::{Diagnostics, code};
    use super::*;
    use crate::source::Span;

    fn drawn(found: &Diagnostics, sources: &Sources, options: RenderOptions) -> String {
        graphical(sources, &found.sorted(), options)
    }

    const ASCII: RenderOptions = RenderOptions { color: false, unicode: false, width: 80 };

    #[test]
    fn the_plain_form_shows_each_place() {
        let (sources, found) = sample();
        let expected = r#"note[empty-topology]: no place

error[bad-override]: a list, 100% <wrong>
 --> sub dir/over.yaml:3:12
  |
3 |     image: [é, 'b']
  |            ^^^^^^^^ this is a list
 ::: base.yaml:3:12
  |
3 |     image: a
  |            - this is a string
  = help: write a string

warning[wrong-type]: two lines
 --> sub dir/over.yaml:5:2
  |
5 |     - 1
  |     ^^^ this: is a list

"#;
        assert_eq!(plain(&sources, &found.sorted()), expected);
    }

    #[test]
    fn the_graphical_form_frames_the_lines_of_each_file() {
        let (sources, found) = sample();
        let expected = r#"note[empty-topology]: no place

error[bad-override]: a list, 100% <wrong>
   ╭─[sub dir/over.yaml:3:12]
 2 │   web:
 3 │     image: [é, 'b']
   ·            ────┬───
   ·                ╰── this is a list
 4 │     x:
   ╰────
   ╭─[base.yaml:3:12]
 2 │   web:
 3 │     image: a
   ·            ┬
   ·            ╰── this is a string
   ╰────
  help: write a string

warning[wrong-type]: two lines
   ╭─[sub dir/over.yaml:5:2]
 4 │     x:
 5 │     - 1
   ·     ─┬─
   ·      ╰── this: is a list
 6 │     - 2
   ╰────

"#;
        assert_eq!(drawn(&found, &sources, RenderOptions { unicode: true, ..ASCII }), expected);
    }

    #[test]
    fn ascii_and_no_colour_are_kept() {
        let (sources, mut found) = sample();
        found.note(code::CYCLE, "a → b");
        let text = drawn(&found, &sources, ASCII);
        assert!(text.replace('é', "").is_ascii() && !text.contains('\u{1b}'), "{text}");
        assert!(drawn(&found, &sources, RenderOptions { color: true, ..ASCII }).contains("\u{1b}[31"));
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let mut sources = Sources::default();
        let text = format!("{}HERE{}", "é".repeat(300_000), "y".repeat(300_000));
        let file = sources.add("long.yaml", text);
        let mut found = Diagnostics::default();
        found.error(code::WRONG_TYPE, "long").label(at(&sources, file, "HERE"), "this");
        for text in [plain(&sources, &found.sorted()), drawn(&found, &sources, ASCII)] {
            assert!(text.len() < 1_000 && text.contains("...éé") && text.contains("éHEREy"), "{text}");
            assert!(text.contains("long.yaml:1:300001"));
        }
    }

    #[test]
    fn nothing_that_a_terminal_would_obey_gets_through() {
        let mut sources = Sources::default();
        let file = sources.add("e\u{1b}[2Jvil", "a: \u{1b}[31mred\u{202e}x\u{7}\n");
        let mut found = Diagnostics::default();
        found
            .error(code::WRONG_TYPE, "a\u{1b}b")
            .label(at(&sources, file, "red"), "c\u{1b}d\ne")
            .help("\u{9b}f");
        for text in [plain(&sources, &found.sorted()), drawn(&found, &sources, ASCII)] {
            assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}', '\u{9b}']), "{text:?}");
        }
    }

    #[test]
    fn any_place_can_be_drawn() {
        let mut sources = Sources::default();
        let file = sources.add("x", "a: é\r\n\tb\n\n😀: [\n  c]\r\n");
        let length = sources.get(file).text.len() + 2;
        for (start, end) in (0..length).flat_map(|start| (start..length).map(move |end| (start, end))) {
            let mut found = Diagnostics::default();
            let diagnostic = found.error(code::WRONG_TYPE, "x");
            diagnostic.label(Span::new(file, start, end), "first").label(Span::new(file, end, end), "");
            diagnostic.label(Span::new(file, 0, length), "all of it");
            for text in [plain(&sources, &found.sorted()), drawn(&found, &sources, ASCII)] {
                assert!(text.contains("first"), "{start}..{end}: {text}");
            }
        }
    }

    #[test]
    fn the_lines_of_a_help_stay_lines() {
        let (sources, mut found) = (Sources::default(), Diagnostics::default());
        found.error(code::EMPTY_TOPOLOGY, "nothing").help("add:\n\nservices:\n  web:");
        let lines = |text: String| text.lines().skip(1).map(str::trim_end).collect::<Vec<_>>().join("|");
        let graphical = drawn(&found, &sources, ASCII);
        assert_eq!(lines(graphical), "  help: add:||        services:|          web:|");
        let plain = plain(&sources, &found.sorted());
        assert_eq!(lines(plain), "  = help: add:||          services:|            web:|");
    }

    #[test]
    fn long_words_are_broken_between_words() {
        let (sources, mut found) = sample();
        let sentence = "a sentence that is much longer than the terminal is wide, and goes on";
        let span = found.sorted()[1].span().expect("a place");
        found.note(code::CYCLE, sentence).label(span, sentence).help(sentence);
        let text = drawn(&found, &sources, RenderOptions { width: 50, ..ASCII });
        assert!(text.lines().all(|line| line.chars().count() <= 50), "{text}");
    }
}
