//! In: the text of an env file. Out: its variables with their places, and its problems. Must not:
//! stop at the first bad line, or take more than linear time.
//!
//! The dialect is that of Compose's reader: `NAME=value`, `NAME: value`, `export` before the name,
//! `#` comments, single quotes taken literally, double quotes with escapes and variables over
//! several lines, no quotes with variables up to ` #`. The raw format is that of `docker run
//! --env-file`.

use super::super::template::{Substituted, TemplateProblemKind, substitute};
use super::super::{FileId, Sources, Span, Spanned};
use std::collections::HashMap;
use std::ops::Range;

/// How many bytes the values of one file may grow to by interpolation.
const GROWTH_LIMIT: usize = 16 * 1024 * 1024;

/// How an env file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvFormat {
    /// With quotes, escapes and variables.
    DotEnv,
    /// Values taken literally (`format: raw`).
    Raw,
}

/// The content of an env file.
#[derive(Clone, Debug, Default)]
pub struct EnvFile {
    /// Its variables in order; a later one wins over an earlier one of the same name.
    pub entries: Vec<EnvEntry>,
    /// What could not be read, and unset variables that its values refer to.
    pub problems: Vec<EnvProblem>,
}

/// One variable of an env file.
#[derive(Clone, Debug, PartialEq)]
pub struct EnvEntry {
    /// The name.
    pub name: Spanned<String>,
    /// The value; `None` for a bare name, whose value comes from outside the file.
    pub value: Option<Spanned<String>>,
}

/// A problem with a place in an env file.
#[derive(Clone, Debug, PartialEq)]
pub struct EnvProblem {
    /// The place.
    pub span: Span,
    /// What is wrong.
    pub kind: EnvProblemKind,
}

/// What can be wrong in an env file.
#[derive(Clone, Debug, PartialEq)]
pub enum EnvProblemKind {
    /// A character that is not allowed in a name.
    BadName {
        /// The character.
        character: char,
    },
    /// White space in a name.
    SpaceInName,
    /// Nothing before `=`.
    NoName,
    /// A quote that is never closed.
    UnclosedQuote,
    /// A word after a closing quote that is not a variable.
    AfterQuote,
    /// More than a word after a closing quote, which cannot be read.
    UnreadableAfterQuote,
    /// A name without a value, which is not set outside the file either.
    NoValue {
        /// The name.
        name: String,
    },
    /// A variable in a value.
    Template(TemplateProblemKind),
}

/// Reads an env file; `lookup` gives the variables that its values may refer to, which win over its
/// own.
pub fn parse_env_file<'a>(
    sources: &Sources,
    file: FileId,
    format: EnvFormat,
    lookup: &dyn Fn(&str) -> Option<&'a str>,
) -> EnvFile {
    parse_env_file_over(sources, file, format, lookup, HashMap::new())
}

/// [`parse_env_file`] with further values, `own`, that lose against all others.
pub fn parse_env_file_over<'a>(
    sources: &Sources,
    file: FileId,
    format: EnvFormat,
    lookup: &dyn Fn(&str) -> Option<&'a str>,
    own: HashMap<String, String>,
) -> EnvFile {
    let text = &sources.get(file).text;
    let mut reader = Reader { file, text, lookup, own, budget: GROWTH_LIMIT, read: EnvFile::default() };
    match format {
        EnvFormat::DotEnv => reader.dot_env(),
        EnvFormat::Raw => reader.raw(),
    }
    reader.read
}

struct Reader<'t, 'l, 'v> {
    file: FileId,
    text: &'t str,
    lookup: &'l dyn Fn(&str) -> Option<&'v str>,
    /// Values of earlier lines.
    own: HashMap<String, String>,
    budget: usize,
    read: EnvFile,
}

/// The dialect of `.env` files.
impl Reader<'_, '_, '_> {
    fn dot_env(&mut self) {
        let mut at = 0;
        while let Some(start) = self.next_statement(at) {
            at = self.statement(start);
        }
    }

    /// The start of the next line that is neither empty nor a comment.
    fn next_statement(&self, mut at: usize) -> Option<usize> {
        loop {
            let rest = &self.text[at..];
            at += rest.len() - rest.trim_start().len();
            match self.text[at..].bytes().next()? {
                b'#' => at = self.line_end(at),
                _ => return Some(at),
            }
        }
    }

    /// Reads one statement; returns where to continue.
    fn statement(&mut self, start: usize) -> usize {
        let start = self.skip_export(start);
        let line_end = self.line_end(start);
        let name_end = self.text[start..line_end].find(['=', ':']).map_or(line_end, |end| start + end);
        let name = self.text[start..name_end].trim_end();
        if let Some(problem) = bad_name(name) {
            let span = Span::new(self.file, start, start + name.len());
            let kind = if self.is_amid_line(start) { EnvProblemKind::UnreadableAfterQuote } else { problem };
            self.read.problems.push(EnvProblem { span, kind });
            return line_end;
        }
        let name = Spanned::new(name.to_owned(), Span::new(self.file, start, start + name.len()));
        if name_end == line_end {
            self.bare(name);
            return line_end;
        }
        let gap = self.text[name_end + 1..line_end].len()
            - self.text[name_end + 1..line_end].trim_start_matches(is_space).len();
        let value_start = name_end + 1 + gap;
        match self.text[value_start..].bytes().next() {
            Some(quote @ (b'"' | b'\'')) => self.quoted(name, value_start, quote),
            _ => self.unquoted(name, value_start, line_end),
        }
    }

    /// A bare name, whose value comes from outside the file.
    fn bare(&mut self, name: Spanned<String>) {
        let value = (self.lookup)(&name).map(|value| Spanned::new(value.to_owned(), name.span));
        if value.is_none() {
            let is_lost = self.is_amid_line(name.span.range().start);
            let no_value = || EnvProblemKind::NoValue { name: name.value.clone() };
            let kind = if is_lost { EnvProblemKind::AfterQuote } else { no_value() };
            self.read.problems.push(EnvProblem { span: name.span, kind });
        }
        self.read.entries.push(EnvEntry { name, value });
    }

    /// Whether something was already read from the same line, which is possible only after a quoted
    /// value.
    fn is_amid_line(&self, at: usize) -> bool {
        let line_start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let before = self.text[line_start..at].trim();
        before.ends_with(['"', '\''])
    }

    fn skip_export(&self, start: usize) -> usize {
        let Some(rest) = self.text[start..].strip_prefix("export") else { return start };
        let gap = rest.len() - rest.trim_start_matches(is_space).len();
        if gap == 0 { start } else { start + "export".len() + gap }
    }

    fn unquoted(&mut self, name: Spanned<String>, start: usize, line_end: usize) -> usize {
        let value = &self.text[start..line_end];
        let value = value[..value.find(" #").unwrap_or(value.len())].trim_end();
        let range = start..start + value.len();
        let filled = self.fill(value);
        self.report(&filled, |problem| range.start + problem.start..range.start + problem.end);
        self.push(name, filled.text, range);
        line_end
    }

    /// A quoted value, which may span lines; returns where to continue.
    fn quoted(&mut self, name: Spanned<String>, start: usize, quote: u8) -> usize {
        let Some((value, end)) = unquote(&self.text[start..], quote) else {
            let line_end = self.line_end(start);
            let span = Span::new(self.file, start, start + self.text[start..line_end].trim_end().len());
            self.read.problems.push(EnvProblem { span, kind: EnvProblemKind::UnclosedQuote });
            // The closing quote may be one that was meant to open another value.
            return line_end;
        };
        let range = start..start + end;
        if quote == b'\'' {
            self.push(name, value, range);
            return start + end;
        }
        let filled = self.fill(&expand_escapes(&value));
        self.report(&filled, |_| range.clone());
        self.push(name, filled.text, range);
        start + end
    }

    fn fill(&mut self, value: &str) -> Substituted {
        let Self { lookup, own, budget, .. } = self;
        let lookup = |name: &str| match lookup(name) {
            Some(value) => Some(value),
            None => own.get(name).map(String::as_str),
        };
        substitute(value, &lookup, budget)
    }

    fn report(&mut self, filled: &Substituted, place: impl Fn(&Range<usize>) -> Range<usize>) {
        for problem in &filled.problems {
            let range = place(&problem.range);
            let span = Span::new(self.file, range.start, range.end);
            self.read
                .problems
                .push(EnvProblem { span, kind: EnvProblemKind::Template(problem.kind.clone()) });
        }
    }

    fn push(&mut self, name: Spanned<String>, value: String, range: Range<usize>) {
        self.own.insert(name.value.clone(), value.clone());
        let value = Spanned::new(value, Span::new(self.file, range.start, range.end));
        self.read.entries.push(EnvEntry { name, value: Some(value) });
    }

    fn line_end(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |newline| at + newline)
    }
}

/// The raw format.
impl Reader<'_, '_, '_> {
    fn raw(&mut self) {
        let mut at = 0;
        for line in self.text.split_inclusive('\n') {
            let start = at + (line.len() - line.trim_start().len());
            let line_end = at + line.trim_end_matches(['\n', '\r']).len();
            at += line.len();
            if start < line_end && !self.text[start..].starts_with('#') {
                self.raw_line(start, line_end);
            }
        }
    }

    fn raw_line(&mut self, start: usize, line_end: usize) {
        let line = &self.text[start..line_end];
        let name = &line[..line.find('=').unwrap_or(line.len())];
        let span = Span::new(self.file, start, start + name.len());
        let problem = match name {
            "" => Some(EnvProblemKind::NoName),
            _ if name.contains(char::is_whitespace) => Some(EnvProblemKind::SpaceInName),
            _ => None,
        };
        if let Some(kind) = problem {
            self.read.problems.push(EnvProblem { span, kind });
            return;
        }
        let name = Spanned::new(name.to_owned(), span);
        let Some(value) = line.get(name.len() + 1..) else { return self.bare(name) };
        let value = Spanned::new(value.to_owned(), Span::new(self.file, line_end - value.len(), line_end));
        self.read.entries.push(EnvEntry { name, value: Some(value) });
    }
}

fn bad_name(name: &str) -> Option<EnvProblemKind> {
    let is_allowed = |character: char| character.is_alphanumeric() || "_.-[]".contains(character);
    match name.chars().find(|character| !is_allowed(*character)) {
        None if name.is_empty() => Some(EnvProblemKind::NoName),
        None => None,
        Some(character) if character.is_whitespace() => Some(EnvProblemKind::SpaceInName),
        Some(character) => Some(EnvProblemKind::BadName { character }),
    }
}

/// White space other than line ends.
fn is_space(character: char) -> bool {
    character != '\n' && character.is_whitespace()
}

/// The content of the quotes that `text` begins with, and where they end. A backslash is dropped
/// before the quote and kept elsewhere.
fn unquote(text: &str, quote: u8) -> Option<(String, usize)> {
    let mut content = String::new();
    let mut piece_start = 1;
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if bytes.get(at + 1) == Some(&quote) => {
                content.push_str(&text[piece_start..at]);
                piece_start = at + 1;
                at += 2;
            }
            b'\\' => at += 2,
            byte if byte == quote => {
                content.push_str(&text[piece_start..at]);
                return Some((content, at + 1));
            }
            _ => at += 1,
        }
    }
    None
}

/// Replaces `\n` and the like; `\$` becomes `$$`, which interpolation leaves alone.
fn expand_escapes(text: &str) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(backslash) = rest.find('\\') {
        expanded.push_str(&rest[..backslash]);
        rest = &rest[backslash..];
        let (replacement, length) = escape(rest).unwrap_or(('\\', 1));
        if length == 2 && replacement == '$' {
            expanded.push('$');
        }
        expanded.push(replacement);
        rest = &rest[length..];
    }
    expanded + rest
}

/// The character that the escape at the start of `text` stands for, and its length.
fn escape(text: &str) -> Option<(char, usize)> {
    let character = match text.as_bytes().get(1)? {
        b'a' => '\u{7}',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'v' => '\u{b}',
        b'$' => '$',
        b'"' => '"',
        b'\\' => '\\',
        b'0' => return octal(text),
        _ => return None,
    };
    Some((character, 2))
}

/// `\0` and three octal digits.
fn octal(text: &str) -> Option<(char, usize)> {
    let digits = text.get(2..5).filter(|digits| digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte)))?;
    let code = u32::from_str_radix(digits, 8).ok().filter(|code| *code < 256)?;
    Some((char::from_u32(code)?, 5))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Sources, EnvFile) {
        let mut sources = Sources::default();
        let file = sources.add(".env", text);
        let lookup = |name: &str| (name == "OUTER").then_some("outer");
        let read = parse_env_file(&sources, file, EnvFormat::DotEnv, &lookup);
        (sources, read)
    }

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let (_, read) = read(text);
        let entries = read
            .entries
            .iter()
            .map(|entry| (entry.name.as_str(), entry.value.as_deref().map_or("<none>", |v| v)));
        assert_eq!(entries.collect::<Vec<_>>(), expected, "{text}");
        assert_eq!(read.problems, [], "{text}");
    }

    #[track_caller]
    fn problem(text: &str, place: &str, kind: EnvProblemKind) {
        let (sources, read) = read(text);
        let [problem] = read.problems.as_slice() else { panic!("{text}: {:?}", read.problems) };
        assert_eq!((sources.text(problem.span), &problem.kind), (place, &kind), "{text}");
    }

    #[test]
    fn plain_lines_comments_and_export_are_read() {
        check(
            "\u{feff}A=1\r\n# B=2\n\n  export  C = 3 # three\nD: 4\nE=\n",
            &[("A", "1"), ("C", "3"), ("D", "4"), ("E", "")],
        );
        check("A=#x\nB=a#b\nC=a #b", &[("A", "#x"), ("B", "a#b"), ("C", "a")]);
        check("a.b-c[0]=1\nexported=2\nexport=3", &[("a.b-c[0]", "1"), ("exported", "2"), ("export", "3")]);
    }

    #[test]
    fn a_bare_name_takes_the_value_from_outside() {
        problem("OUTER\nNONE\n", "NONE", EnvProblemKind::NoValue { name: "NONE".to_owned() });
        check("OUTER", &[("OUTER", "outer")]);
    }

    #[test]
    fn single_quotes_keep_everything() {
        check(r"A='a $B \n # c' # d", &[("A", r"a $B \n # c")]);
        check(r"A='it\'s'", &[("A", "it's")]);
        check("A='two\nlines'\nB=1", &[("A", "two\nlines"), ("B", "1")]);
    }

    #[test]
    fn double_quotes_take_escapes_and_variables() {
        check(r#"A="a\tb\"c\\n\x \$A ${OUTER}" # d"#, &[("A", "a\tb\"c\\n\\x $A outer")]);
        check(r#"A="\0101\012""#, &[("A", "A\\012")]);
        check("A=\"two\nlines\"\nB=1", &[("A", "two\nlines"), ("B", "1")]);
    }

    #[test]
    fn values_refer_to_outside_variables_then_to_earlier_lines() {
        check(
            "A=1\nB=$A-${A:-x}-$OUTER\nOUTER=2\nC=$OUTER",
            &[("A", "1"), ("B", "1-1-outer"), ("OUTER", "2"), ("C", "outer")],
        );
    }

    #[test]
    fn problems_are_reported_at_their_place() {
        problem("A=1\nB*C=2\nD=3", "B*C", EnvProblemKind::BadName { character: '*' });
        problem("A B=2", "A B", EnvProblemKind::SpaceInName);
        problem("=2", "", EnvProblemKind::NoName);
        problem("A=\"b\nC=1", "\"b", EnvProblemKind::UnclosedQuote);
        problem("A=\"b\"c\nC=1", "c", EnvProblemKind::AfterQuote);
        problem("A='b' c d", "c d", EnvProblemKind::UnreadableAfterQuote);
        problem("A=x ${B", "${B", EnvProblemKind::Template(TemplateProblemKind::Unclosed));
        problem(
            "A=\"x $B\"",
            "\"x $B\"",
            EnvProblemKind::Template(TemplateProblemKind::Unset { name: "B".to_owned() }),
        );
    }

    #[test]
    fn a_bad_line_does_not_hide_the_others() {
        let (_, read) = read("A=1\nB*=2\nC='3\nD=4");
        let names: Vec<&str> = read.entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!((names, read.problems.len()), (vec!["A", "D"], 2));
    }

    #[test]
    fn the_raw_format_takes_values_literally() {
        let mut sources = Sources::default();
        let file = sources.add("raw.env", "# c\n A=\"a $B\" # c\nOUTER\nB =1\n\nC=\r\n");
        let read = parse_env_file(&sources, file, EnvFormat::Raw, &|_| Some("x"));
        let entries =
            read.entries.iter().map(|entry| (entry.name.as_str(), entry.value.as_deref().map_or("", |v| v)));
        assert_eq!(entries.collect::<Vec<_>>(), [("A", "\"a $B\" # c"), ("OUTER", "x"), ("C", "")]);
        assert_eq!(read.problems.len(), 1);
    }

    #[test]
    fn exponential_growth_of_values_is_bounded() {
        let mut text = String::from("V0=0123456789\n");
        for n in 1..64 {
            text += &format!("V{n}=$V{0}$V{0}\n", n - 1);
        }
        let (_, read) = read(&text);
        let longest =
            read.entries.iter().filter_map(|entry| entry.value.as_ref()).map(|value| value.len()).max();
        assert!(longest < Some(GROWTH_LIMIT + 1) && !read.problems.is_empty());
    }
}
