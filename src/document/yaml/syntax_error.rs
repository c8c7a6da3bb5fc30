//! Helpful messages for syntax errors: what is wrong, where it begins, what to type instead.

use super::leftovers;
use crate::diagnostic::{Diagnostic, Diagnostics, code, suggest};
use crate::source::{FileId, Span};
use granit_parser::{ErrorKind, ScanError};

/// The part of the text before the first character that YAML does not allow.
pub(super) fn readable_part<'a>(file: FileId, text: &'a str, found: &mut Diagnostics) -> &'a str {
    let is_forbidden = |byte: &u8| matches!(byte, 0x00..=0x08 | 0x0b | 0x0c | 0x0e..=0x1f | 0x7f);
    let Some(offset) = text.bytes().position(|byte| is_forbidden(&byte)) else { return text };
    found
        .error(code::YAML_SYNTAX, "YAML text cannot hold control characters")
        .label(Span::new(file, offset, offset + 1), format!("character {:#04x}", text.as_bytes()[offset]))
        .help("remove it; in double quotes it can be written as an escape, such as `\\x1b`")
        .perhaps_replace(&text[offset..=offset], "");
    &text[..offset]
}

/// Reports an alias without an anchor; `text` is what remains of `whole`.
pub(super) fn unknown_alias(text: &str, whole: &str, name: &str, span: Span, found: &mut Diagnostics) {
    // Its anchor is in a line that could not be read, which has been reported.
    let is_lost = anchors(whole, span).any(|anchor| anchor == name)
        && !anchors(text, span).any(|anchor| anchor == name);
    if is_lost {
        return;
    }
    let closest = suggest::closest(name, anchors(text, span));
    let is_name = |letter: char| letter.is_alphanumeric() || "_-".contains(letter);
    let is_text = closest.is_none() && !name.chars().all(is_name);
    let diagnostic = found.error(code::UNKNOWN_ALIAS, format!("no anchor is named `{name}`"));
    diagnostic.label(span, "no anchor above has this name");
    match closest {
        Some(closest) => drop(diagnostic.perhaps_replace(name, closest)),
        None if is_text => drop(diagnostic.perhaps_replace(&format!("*{name}"), format!("\"*{name}\""))),
        None => {}
    }
    diagnostic.help(match closest {
        Some(closest) => format!("did you mean `*{closest}`?"),
        None if is_text => format!("a text that begins with `*` needs quotes: `\"*{name}\"`"),
        None => format!(
            "mark the value that is meant with `&{name}`, above; for a text that begins with `*`, quote it"
        ),
    });
}

/// Names of anchors above a place.
fn anchors(text: &str, below: Span) -> impl Iterator<Item = &str> {
    let is_name = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | '.');
    let above = text.get(..below.start as usize).unwrap_or_default();
    let names =
        above.split('&').skip(1).map(move |rest| &rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())]);
    names.filter(|name| !name.is_empty())
}

/// The state of the reader at a syntax error.
pub(super) struct ErrorContext<'a> {
    pub(super) file: FileId,
    pub(super) text: &'a str,
    /// End of the last token, in bytes.
    pub(super) last_end: usize,
    /// The open `[` or `{`, if any.
    pub(super) bracket: Option<Span>,
}

/// The texts about an error.
pub(super) struct Words {
    pub(super) message: String,
    pub(super) span: Span,
    pub(super) label: String,
    pub(super) help: String,
    pub(super) other: Option<(Span, String)>,
    /// What the help says to write, and in place of what.
    pub(super) fixes: Vec<(Span, String)>,
}

impl Words {
    /// Has `new` written at this place, as a guess.
    pub(super) fn fixed(mut self, place: Span, new: impl Into<String>) -> Self {
        self.fixes.push((place, new.into()));
        self
    }
}

impl ErrorContext<'_> {
    /// Reports the error; returns where it begins, if the rest can be read without it.
    pub(super) fn report(&self, error: &ScanError, found: &mut Diagnostics) -> Option<usize> {
        let at = error.marker().byte_offset().unwrap_or(self.last_end).min(self.text.len());
        let at = self.whole_characters(Span::new(self.file, at, at)).start as usize;
        let code = match error.kind() {
            ErrorKind::RecursionLimitExceeded | ErrorKind::TooManyComments => code::TOO_LARGE,
            _ => code::YAML_SYNTAX,
        };
        let words = self.words(error.kind(), at);
        let span = self.whole_characters(words.span);
        let start = span.start as usize;
        let is_tab = self.text.get(span.range()) == Some("\t");
        let diagnostic = found.error(code, words.message);
        diagnostic.label(span, words.label).help(words.help);
        if is_tab {
            self.fix_tabs(diagnostic);
        }
        for (place, new) in words.fixes {
            diagnostic.replace(place, &self.text[place.range()], new).only_a_guess();
        }
        if let Some((span, label)) = words.other {
            diagnostic.label(self.whole_characters(span), label);
        }
        (code == code::YAML_SYNTAX).then_some(start)
    }

    /// The span, widened to character boundaries.
    fn whole_characters(&self, span: Span) -> Span {
        let is_boundary = |at: &usize| self.text.is_char_boundary(*at);
        let start = (0..=span.start as usize).rev().find(is_boundary).unwrap_or_default();
        let end = (span.end as usize..=self.text.len()).find(is_boundary).unwrap_or(self.text.len());
        Span::new(span.file, start, end)
    }

    fn words(&self, kind: &ErrorKind, at: usize) -> Words {
        use ErrorKind as Is;
        if let Some(words) = self.other_blank(at) {
            return words;
        }
        if let Some(words) = self.key_before(at) {
            return words;
        }
        match kind {
            Is::TabNotAllowed
            | Is::TabInBlockIndentation
            | Is::TabInIndentation
            | Is::TabAtBlockScalarStart => self.tab(at),
            Is::InvalidQuotedScalarIndent
            | Is::UnclosedQuotedScalar
            | Is::DocumentIndicatorInQuotedScalar => self.open_quote(at),
            Is::InvalidTrailingSingleQuotedScalar | Is::InvalidTrailingDoubleQuotedScalar => {
                self.after_quote(at)
            }
            Is::UnknownQuotedScalarEscape
            | Is::InvalidQuotedScalarHexEscape
            | Is::InvalidLowSurrogateHexEscape
            | Is::InvalidLowSurrogate
            | Is::MissingLowSurrogate
            | Is::UnpairedLowSurrogate
            | Is::InvalidUnicodeEscape => self.escape(at),
            Is::MisplacedFlowCollectionEnd => {
                self.simple(at, "a closing bracket has no opening one", "no bracket is open here", QUOTE)
            }
            Is::RecursionLimitExceeded => self.simple(
                at,
                "the file nests deeper than 256 levels",
                "reading stops here",
                "nest less deeply",
            ),
            Is::TooManyComments => self.simple(
                at,
                "there are more than 100,000 lines of comments in a row",
                "reading stops here",
                "remove some of them",
            ),
            Is::UnexpectedCharacter { .. } => self.first_character(at),
            Is::MissingAnchorOrAliasName => self.first_character(at),
            Is::BlockSequenceEntryNotAllowed => self.simple(
                at,
                "a list of `-` lines cannot begin here",
                "the `-` must be the first thing on its line",
                "put each `- ` on a line of its own, or write the list as `[a, b]`",
            ),
            Is::InvalidBlockScalarHeader => self.simple(
                at,
                "nothing can follow `|` or `>` on their line",
                "the text begins on the next line",
                "move the text to the next line and indent it, or quote the value",
            ),
            Is::InvalidBlockScalarIndent | Is::ZeroBlockScalarIndent => self.simple(
                at,
                "the lines of this text are indented differently",
                "indented less than the line that sets the indentation",
                "indent every line of the text by the same number of spaces",
            ),
            Is::SimpleKeyExpected | Is::InvalidSimpleKey => self.missing_colon(at),
            Is::ExpectedBlockMappingKey => self.misaligned(at),
            Is::ExpectedBlockSequenceEntry => self.key_in_list(at),
            _ if self.bracket.is_some() => self.open_bracket(at, kind),
            Is::MappingValueNotAllowed | Is::InvalidMappingValueWhitespace => self.second_colon(at),
            Is::UnclosedFlowCollection { .. } | Is::MismatchedFlowCollectionEnd { .. } => {
                self.open_bracket(at, kind)
            }
            Is::UnsupportedYamlMajorVersion => {
                self.simple(at, "only YAML 1.x can be read", "another version", "remove the `%YAML` line")
            }
            _ => self.simple(at, &format!("this is not YAML: {kind}"), "reading stops here", QUOTE),
        }
    }

    pub(super) fn simple(&self, at: usize, message: &str, label: &str, help: &str) -> Words {
        Words {
            message: message.to_owned(),
            span: self.token(at),
            label: label.to_owned(),
            help: help.to_owned(),
            fixes: Vec::new(),
            other: None,
        }
    }
}

pub(super) const COMMENT: &str = "a comment begins with `#`";
pub(super) const QUOTE: &str = "if it is meant as text, quote it";

/// One function per kind of error.
impl ErrorContext<'_> {
    fn tab(&self, at: usize) -> Words {
        // A text after `|` is reported at the `|`.
        let from = self.line(at).start;
        let Some(tab) = self.text[from..].find('\t').map(|tab| from + tab) else {
            return self.simple(
                at,
                "the text is not indented as YAML needs it",
                "reading stops here",
                "indent with spaces",
            );
        };
        Words {
            message: "tabs cannot indent YAML".to_owned(),
            span: Span::new(self.file, tab, tab + 1),
            label: "this is a tab".to_owned(),
            help: "indent with spaces".to_owned(),
            fixes: Vec::new(),
            other: None,
        }
    }

    /// A fix with two spaces for each leading tab. The intended depth is known only if no line
    /// begins with spaces.
    fn fix_tabs(&self, diagnostic: &mut Diagnostic) {
        let mut start = 0;
        for line in self.text.split_inclusive('\n') {
            let tabs = line.len() - line.trim_start_matches('\t').len();
            if tabs > 0 && !line.trim().is_empty() {
                let span = Span::new(self.file, start, start + tabs);
                diagnostic.replace(span, "\t".repeat(tabs), "  ".repeat(tabs));
            }
            start += line.len();
        }
        if self.text.lines().any(|line| line.starts_with(' ') && !line.trim().is_empty()) {
            diagnostic.only_a_guess();
        }
    }

    /// A blank other than a space where one is required, on the line or on the one above.
    fn other_blank(&self, at: usize) -> Option<Words> {
        let line = self.line(at);
        let above = self.line_before(line.start).map(|(span, _)| self.line(span.start as usize));
        let (line, blank) = [Some(line), above]
            .into_iter()
            .flatten()
            .find_map(|line| leftovers::blank_in(&self.text[line.clone()]).map(|blank| (line, blank)))?;
        let text = &self.text[line.clone()];
        let character = text[blank..].chars().next()?;
        let repaired = text.replace(leftovers::is_other_blank, " ");
        let words = Words {
            message: format!("{} is not a space for YAML", leftovers::name_of(character)),
            span: Span::new(self.file, line.start + blank, line.start + blank + character.len_utf8()),
            label: "looks like a space, but is not one".to_owned(),
            help: format!("type a space in its place: `{}`", shorten(repaired.trim())),
            fixes: Vec::new(),
            other: None,
        };
        Some(words.fixed(Span::new(self.file, line.start, line.end), repaired))
    }

    fn open_quote(&self, at: usize) -> Words {
        let between = self.text.get(self.last_end..at).unwrap_or_default();
        let quote = between.find(['"', '\'']).map_or(at, |quote| self.last_end + quote);
        let line = self.line(quote);
        Words {
            message: "a quote is not closed".to_owned(),
            span: Span::new(self.file, quote, line.end.max(quote)),
            label: "the quote opens here".to_owned(),
            help: format!("close it with `{}`", self.text[quote..].chars().next().unwrap_or('"')),
            fixes: Vec::new(),
            other: None,
        }
    }

    fn after_quote(&self, at: usize) -> Words {
        let line = self.line(at);
        let is_single = self.text[..at].ends_with('\'');
        if let Some(words) = self.unclosed_element(at) {
            return words;
        }
        let help = if is_single {
            "a `'` inside single quotes is written twice: `'it''s'`"
        } else {
            "a `\"` inside double quotes is written as `\\\"`; to quote a part of a shell word, quote the \
             whole value"
        };
        Words {
            message: "text follows a quoted value".to_owned(),
            span: Span::new(self.file, at, self.trim_end(at, line.end)),
            label: "the value ended before this".to_owned(),
            help: help.to_owned(),
            fixes: Vec::new(),
            other: None,
        }
    }

    /// `["CMD, "python"]`: the quote before `at` ends with the comma between two elements, as the
    /// first one is not closed.
    fn unclosed_element(&self, at: usize) -> Option<Words> {
        self.bracket?;
        let line = self.line(at);
        let quote = self.text[..at].chars().next_back().filter(|last| matches!(last, '"' | '\''))?;
        let start = line.start + self.text[line.start..at - 1].rfind(quote)?;
        let element = self.text[start + 1..at - 1].trim_end().strip_suffix(',')?;
        let is_one = !element.is_empty() && !element.contains(',') && at - 1 > start + element.len() + 2;
        let end = start + 1 + element.len();
        let span = Span::new(self.file, start, end);
        let quoted = format!("{quote}{element}{quote}");
        is_one.then(|| {
            Words {
                message: format!("the quote of `{element}` is not closed"),
                span,
                label: format!("needs a `{quote}` at its end"),
                help: format!("write `{quoted}`"),
                fixes: Vec::new(),
                other: None,
            }
            .fixed(span, quoted)
        })
    }

    fn escape(&self, at: usize) -> Words {
        let span =
            unknown_escape(&self.text[at..]).map_or(at..at + 1, |escape| at + escape.start..at + escape.end);
        let span = Span::new(self.file, span.start, span.end.min(self.text.len()));
        let escaped = format!("\\{}", self.text.get(span.range()).unwrap_or_default());
        let words = Words {
            message: "double quotes contain an unknown escape sequence".to_owned(),
            span,
            label: "YAML has no such escape sequence".to_owned(),
            help: "write `\\\\` for a backslash, or use single quotes, where a backslash stands for itself"
                .to_owned(),
            fixes: Vec::new(),
            other: None,
        };
        words.fixed(span, escaped)
    }

    fn first_character(&self, at: usize) -> Words {
        let character = self.text[at..].chars().next().unwrap_or(' ');
        let end = self.value_end(at);
        let value = &self.text[at..end];
        let quoted = if value.contains('"') { format!("'{value}'") } else { format!("\"{value}\"") };
        Words {
            message: format!("a value cannot begin with `{character}`"),
            span: Span::new(self.file, at, self.token(at).range().end.min(end)),
            label: "needs quotes".to_owned(),
            help: format!("quote it: `{}`", shorten(&quoted)),
            fixes: Vec::new(),
            other: None,
        }
        .fixed(Span::new(self.file, at, end), quoted)
    }

    /// The end of the plain value at `at`: that of its line, or before the rest of the enclosing
    /// brackets.
    fn value_end(&self, at: usize) -> usize {
        let line = self.line(at);
        let before = &self.text[line.start..at];
        let depth = |open: char, close: char| before.matches(open).count() > before.matches(close).count();
        let is_in_brackets = self.bracket.is_some() || depth('{', '}') || depth('[', ']');
        let rest = &self.text[at..line.end];
        let end = rest.find([',', '}', ']']).filter(|_| is_in_brackets).unwrap_or(rest.len());
        self.trim_end(at, at + end)
    }

    fn misaligned(&self, at: usize) -> Words {
        if let Some(words) = self.without_dashes(at) {
            return words;
        }
        let line = self.line(at);
        let text = &self.text[line.clone()];
        let start = line.start + indentation(text);
        if text.trim_end().ends_with(',') {
            let comma = line.start + text.trim_end().len() - 1;
            let words = self.simple(
                comma,
                "a comma cannot end this line",
                "commas are only used between brackets",
                "remove the comma",
            );
            return words.fixed(Span::new(self.file, comma, comma + 1), "");
        }
        if text.trim_start().starts_with("- ") || text.trim() == "-" {
            let pair = text.trim_start_matches([' ', '-']).split_once('=');
            let pair = pair.map(|(key, value)| (key, value.trim()));
            let words = Words {
                message: "a list element is among keys".to_owned(),
                span: self.token(start),
                label: "a `-` line, where a key was expected".to_owned(),
                help: match pair {
                    Some((key, value)) => format!("write `{}: {}`", shorten(key), shorten(value)),
                    None => "indent it below the key that it belongs to, or remove the `-`".to_owned(),
                },
                fixes: Vec::new(),
                other: None,
            };
            let element = Span::new(self.file, start, self.trim_end(start, line.end));
            return match pair {
                Some((key, value)) => words.fixed(element, format!("{key}: {value}")),
                None => words,
            };
        }
        Words {
            message: "the indentation of this line matches no line above".to_owned(),
            span: self.token(start),
            label: format!("indented by {} spaces", indentation(text)),
            help: "align it with the keys that it belongs with".to_owned(),
            fixes: Vec::new(),
            other: self
                .line_before(line.start)
                .map(|(span, indentation)| (span, format!("this one is indented by {indentation}"))),
        }
    }

    fn open_bracket(&self, at: usize, kind: &ErrorKind) -> Words {
        let bracket = match (kind, self.bracket) {
            (ErrorKind::MismatchedFlowCollectionEnd { .. }, _) | (_, None) => self.token_of_one(at),
            (_, Some(bracket)) => Span::new(self.file, bracket.start as usize, bracket.start as usize + 1),
        };
        let open = self.text.get(bracket.range()).unwrap_or("[").to_owned();
        let close = if open == "{" { '}' } else { ']' };
        let is_elsewhere = bracket.end as usize <= at && at < self.text.len();
        let is_template = self.text[bracket.range().start..].starts_with("{{");
        Words {
            message: format!("`{open}` is not closed"),
            span: bracket,
            label: "opened here".to_owned(),
            help: match is_template {
                true => "if this is a template for another tool, render it first; if it is text, quote it"
                    .to_owned(),
                false => format!("close it with `{close}`, and put a comma between its values"),
            },
            fixes: Vec::new(),
            other: is_elsewhere
                .then(|| (self.token(at), format!("`{close}` or a comma was expected by here"))),
        }
    }
}

/// Spans.
impl ErrorContext<'_> {
    /// The line around `at`, without its end.
    pub(super) fn line(&self, at: usize) -> std::ops::Range<usize> {
        let start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let end = self.text[at..].find(['\n', '\r']).map_or(self.text.len(), |newline| at + newline);
        start..end.max(start)
    }

    /// The last line with text before `start`, and its indentation.
    pub(super) fn line_before(&self, start: usize) -> Option<(Span, usize)> {
        let end = self.text[..start].trim_end().len();
        let line = self.text[..end].rfind('\n').map_or(0, |newline| newline + 1);
        let indentation = indentation(&self.text[line..end]);
        (end > 0).then(|| (Span::new(self.file, line + indentation, end), indentation))
    }

    /// The word at `at`, or the last character of the text at its end.
    pub(super) fn token(&self, at: usize) -> Span {
        let rest = &self.text[at..];
        let length = rest.find([' ', '\t', '\n', '\r', ',']).unwrap_or(rest.len());
        let first = rest.chars().next().filter(|first| !first.is_whitespace()).map_or(0, char::len_utf8);
        Span::new(self.file, at, at + length.max(first))
    }

    fn token_of_one(&self, at: usize) -> Span {
        let length = self.text[at..].chars().next().map_or(0, char::len_utf8);
        Span::new(self.file, at, at + length)
    }

    pub(super) fn trim_end(&self, start: usize, end: usize) -> usize {
        start + self.text[start..end.max(start)].trim_end().len()
    }
}

pub(super) fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// The first unknown escape in a double-quoted string.
fn unknown_escape(quoted: &str) -> Option<std::ops::Range<usize>> {
    let mut characters = quoted.char_indices();
    while let Some((start, character)) = characters.next() {
        if character != '\\' {
            continue;
        }
        let (position, escaped) = characters.next()?;
        let digits = match escaped {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ if "0abt\tnvfre \"/\\N_LP\n\r".contains(escaped) => continue,
            _ => return Some(start..position + escaped.len_utf8()),
        };
        let hexadecimal =
            quoted[position + 1..].chars().take(digits).take_while(char::is_ascii_hexdigit).count();
        let code = quoted.get(position + 1..position + 1 + hexadecimal)?;
        let is_character = u32::from_str_radix(code, 16).ok().and_then(char::from_u32).is_some();
        if hexadecimal < digits || !is_character {
            return Some(start..position + 1 + hexadecimal);
        }
    }
    None
}

/// A text for a message, cut to 60 characters.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
