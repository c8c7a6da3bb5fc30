//! In: diagnostics. Out: text with the marked places, of the same shape in terminals, pipes and
//! tests. Must not: print, query the terminal, or read files.

mod handler;
mod miette_diagnostic;

use super::position::Positions;
use super::{Diagnostic, Severity};
use crate::source::Sources;
use handler::Handler;
use miette::ReportHandler;
use miette_diagnostic::MietteDiagnostic;
use std::fmt;

/// What the output supports.
#[derive(Clone, Copy, Debug)]
pub struct RenderOptions {
    /// Whether to use colours.
    pub color: bool,
    /// Whether to use more than ASCII.
    pub unicode: bool,
    /// The width of a terminal, in columns; without one, text is not wrapped.
    pub width: Option<usize>,
}

impl RenderOptions {
    /// For pipes and tests: the same on every machine.
    pub const PLAIN: Self = Self { color: false, unicode: true, width: None };
}

/// The diagnostics, each followed by an empty line.
pub fn render(sources: &Sources, diagnostics: &[&Diagnostic], options: RenderOptions) -> String {
    let mut positions = Positions::new(sources);
    let handler = Handler::new(options);
    let mut text = String::new();
    for diagnostic in diagnostics {
        let miette_diagnostic = MietteDiagnostic::new(diagnostic, handler.code_width(), &mut positions);
        text += &fmt::from_fn(|f| handler.debug(&miette_diagnostic, f)).to_string();
        text.push('\n');
    }
    if options.unicode { text } else { text.replace('→', "->") }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at, sample};
    use super::super::{Diagnostics, code};
    use super::*;
    use crate::source::Span;

    fn drawn(found: &Diagnostics, sources: &Sources, options: RenderOptions) -> String {
        render(sources, &found.sorted(), options)
    }

    const ASCII: RenderOptions = RenderOptions { color: false, unicode: false, width: Some(80) };

    #[test]
    fn places_are_shown_alike_in_pipes_and_terminals() {
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
        for width in [None, Some(80)] {
            let options = RenderOptions { width, ..RenderOptions::PLAIN };
            assert_eq!(drawn(&found, &sources, options), expected);
        }
    }

    /// The part of the line above that a mark points at, by terminal columns.
    fn pointed_at(text: &str) -> Vec<String> {
        let lines: Vec<&str> = text.lines().collect();
        let pairs = lines.windows(2).filter(|pair| pair[1].contains('^') || pair[1].contains("| -"));
        let marked = pairs.map(|pair| {
            let start = pair[1].find(['^', '-']).expect("a mark");
            let length = pair[1][start..].chars().take_while(|sign| "^-".contains(*sign)).count();
            let mut column = 0;
            let under = pair[0].chars().filter(|character| {
                let from = column;
                column += unicode_width::UnicodeWidthChar::width(*character).unwrap_or(0);
                from >= start && from < start + length
            });
            under.collect()
        });
        marked.collect()
    }

    #[test]
    fn marks_are_aligned_whatever_characters_precede_them() {
        for (line, marked) in [
            ("ação: x", "x"),
            ("日本: [é, 本]", "本"),
            ("a:\t\tb", "b"),
            ("e\u{301}e\u{301}: 'z'", "'z'"),
            ("😀: y", "y"),
        ] {
            let mut sources = Sources::default();
            let file = sources.add("x", line);
            let mut found = Diagnostics::default();
            found.error(code::WRONG_TYPE, "x").label(at(&sources, file, marked), "here");
            for options in [RenderOptions::PLAIN, ASCII] {
                let text = drawn(&found, &sources, options);
                assert_eq!(pointed_at(&text), [marked], "{text}");
            }
        }
    }

    #[test]
    fn a_label_that_does_not_fit_next_to_its_mark_goes_below() {
        let mut sources = Sources::default();
        let file = sources.add("x", format!("{}: here, there", "k".repeat(50)));
        let mut found = Diagnostics::default();
        let diagnostic = found.error(code::WRONG_TYPE, "x");
        diagnostic.label(at(&sources, file, "there"), "words that do not fit beside the mark");
        diagnostic.label(at(&sources, file, "here"), "short");
        let expected = r#"error[wrong-type]: x
 --> x:1:59
  |
1 | ...k: here, there
  |       ---- short
  |             ^^^^^
  |     words that do not fit beside the
  |     mark

"#;
        assert_eq!(drawn(&found, &sources, RenderOptions { width: Some(40), ..ASCII }), expected);
    }

    #[test]
    fn ascii_and_no_colour_are_respected() {
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
        for text in [RenderOptions::PLAIN, ASCII].map(|options| drawn(&found, &sources, options)) {
            assert!(text.len() < 1_000 && text.contains("...éé") && text.contains("éHEREy"), "{text}");
            assert!(text.contains("long.yaml:1:300001"));
        }
    }

    #[test]
    fn terminal_control_sequences_are_removed() {
        let mut sources = Sources::default();
        let file = sources.add("e\u{1b}[2Jvil", "a: \u{1b}[31mred\u{202e}x\u{7}\n");
        let mut found = Diagnostics::default();
        found
            .error(code::WRONG_TYPE, "a\u{1b}b")
            .label(at(&sources, file, "red"), "c\u{1b}d\ne")
            .help("\u{9b}f");
        for text in [RenderOptions::PLAIN, ASCII].map(|options| drawn(&found, &sources, options)) {
            assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}', '\u{9b}']), "{text:?}");
        }
    }

    #[test]
    fn any_span_can_be_rendered() {
        let mut sources = Sources::default();
        let file = sources.add("x", "a: é\r\n\tb\n\n😀: [\n  c]\r\n");
        let length = sources.get(file).text.len() + 2;
        for (start, end) in (0..length).flat_map(|start| (start..length).map(move |end| (start, end))) {
            let mut found = Diagnostics::default();
            let diagnostic = found.error(code::WRONG_TYPE, "x");
            diagnostic.label(Span::new(file, start, end), "first").label(Span::new(file, end, end), "");
            diagnostic.label(Span::new(file, 0, length), "all of it");
            for text in [RenderOptions::PLAIN, ASCII].map(|options| drawn(&found, &sources, options)) {
                assert!(text.contains("first"), "{start}..{end}: {text}");
            }
        }
    }

    #[test]
    fn line_breaks_in_a_help_are_kept() {
        let (sources, mut found) = (Sources::default(), Diagnostics::default());
        found.error(code::EMPTY_TOPOLOGY, "nothing").help("add:\n\nservices:\n  web:");
        let lines = |text: String| text.lines().skip(1).map(str::trim_end).collect::<Vec<_>>().join("|");
        for options in [RenderOptions::PLAIN, ASCII] {
            let text = drawn(&found, &sources, options);
            assert_eq!(lines(text), "  = help: add:||          services:|            web:|");
        }
    }

    #[test]
    fn long_texts_are_wrapped_between_words() {
        let (sources, mut found) = sample();
        let sentence = "a sentence that is much longer than the terminal is wide, and goes on";
        let span = found.sorted()[1].span().expect("a place");
        found.note(code::CYCLE, sentence).label(span, sentence).help(sentence);
        let text = drawn(&found, &sources, RenderOptions { width: Some(50), ..ASCII });
        assert!(text.lines().all(|line| line.chars().count() <= 50), "{text}");
    }
}
