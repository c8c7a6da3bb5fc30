//! In: the text of a `.dockerignore` file. Out: which paths of a context are excluded. Must not:
//! read files.
//!
//! The rules are Docker's: Go's `filepath.Match` with `**`, `!` for exceptions, the last matching
//! line wins, and a pattern that matches a directory matches everything below it.

use crate::engine::EngineError;

/// The lines of a `.dockerignore` file.
#[derive(Debug, Default)]
pub struct Ignore {
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    is_exception: bool,
    /// The pattern's components, as written.
    components: Vec<String>,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// `**` and plain text: every path that ends with the text.
    Suffix(String),
    /// Anything else.
    Tokens(Vec<Token>),
}

#[derive(Debug)]
enum Token {
    Character(char),
    /// `?`: any character but a slash.
    Any,
    /// `*`: any characters except slashes.
    Star,
    /// `**/`: nothing, or anything up to a slash.
    Directories,
    /// `**` at the end: everything.
    Everything,
    /// `[a-z]`, `[^a-z]`.
    Class {
        is_negated: bool,
        ranges: Vec<(char, char)>,
    },
}

/// Which patterns matched a directory: they match everything below it.
#[derive(Clone, Debug, Default)]
pub struct Matches(Vec<bool>);

impl Ignore {
    /// Parses the text; an invalid pattern is an error that names its line.
    pub fn parse(text: &str) -> Result<Self, EngineError> {
        let lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate();
        let mut patterns = Vec::new();
        for (index, line) in lines.filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty()) {
            let pattern = parse_pattern(line.trim()).ok_or_else(|| {
                EngineError::BadPattern(format!("line {}: `{}` is not a pattern", index + 1, line.trim()))
            })?;
            patterns.push(pattern);
        }
        Ok(Self { patterns })
    }

    /// The patterns of a topology: each is taken as one, whatever it begins with.
    pub fn from_patterns<'a>(patterns: impl Iterator<Item = &'a str>) -> Result<Self, EngineError> {
        let read = |pattern: &str| {
            let unknown = || EngineError::BadPattern(format!("`{pattern}` is not a pattern"));
            parse_pattern(pattern.trim()).ok_or_else(unknown)
        };
        Ok(Self { patterns: patterns.map(read).collect::<Result<_, _>>()? })
    }

    /// Whether a path is excluded, by itself or with a parent directory.
    pub fn excludes_at_any_depth(&self, path: &str) -> bool {
        let mut matches = Matches::default();
        let mut is_excluded = false;
        for (end, _) in path.match_indices('/').chain([(path.len(), "")]) {
            (is_excluded, matches) = self.excludes(&path[..end], &matches);
        }
        is_excluded
    }

    /// Whether a path is excluded, given what matched its directory. Paths have slashes, but no
    /// leading one.
    pub fn excludes(&self, path: &str, directory: &Matches) -> (bool, Matches) {
        let mut is_excluded = false;
        let mut matches = Vec::with_capacity(self.patterns.len());
        for (index, pattern) in self.patterns.iter().enumerate() {
            let from_directory = directory.0.get(index).copied().unwrap_or(false);
            // An exception matters only for what is excluded so far, and a pattern only for what is
            // included.
            let is_match = from_directory || (pattern.is_exception == is_excluded && pattern.matches(path));
            matches.push(is_match);
            if is_match {
                is_excluded = !pattern.is_exception;
            }
        }
        (is_excluded, Matches(matches))
    }

    /// Whether a pattern may match something below a directory.
    pub fn may_match_below(&self, directory: &str) -> bool {
        let directory: Vec<&str> = directory.split('/').collect();
        self.patterns.iter().any(|pattern| pattern.may_match_below(&directory))
    }

    /// Whether an exception may include something below an excluded directory.
    pub fn may_include_below(&self, directory: &str) -> bool {
        let directory: Vec<&str> = directory.split('/').collect();
        self.patterns.iter().any(|pattern| pattern.is_exception && pattern.may_match_below(&directory))
    }
}

impl Pattern {
    fn matches(&self, path: &str) -> bool {
        match &self.form {
            Form::Suffix(suffix) => {
                path.ends_with(suffix.as_str()) || suffix.strip_prefix('/').is_some_and(|rest| rest == path)
            }
            Form::Tokens(tokens) => matches(tokens, path),
        }
    }

    fn may_match_below(&self, directory: &[&str]) -> bool {
        let has_any_depth = self.components.iter().any(|component| component.contains("**"));
        let fixed = self.components.iter().take_while(|component| !component.contains(['*', '?', '[', '\\']));
        let agrees = fixed.zip(directory).all(|(component, name)| component == name);
        agrees && (has_any_depth || self.components.len() > directory.len())
    }
}

fn parse_pattern(line: &str) -> Option<Pattern> {
    let (is_exception, text) = match line.strip_prefix('!') {
        Some(rest) => (true, rest.trim()),
        None => (false, line),
    };
    if text.is_empty() {
        return None;
    }
    let cleaned = clean(text);
    let cleaned = cleaned.strip_prefix('/').filter(|rest| !rest.is_empty()).unwrap_or(&cleaned);
    let suffix = cleaned.strip_prefix("**").filter(|rest| !rest.contains(['*', '?', '[', ']', '\\']));
    let form = match suffix {
        Some(suffix) => Form::Suffix(suffix.to_owned()),
        None => Form::Tokens(parse_tokens(cleaned)?),
    };
    Some(Pattern { is_exception, components: cleaned.split('/').map(str::to_owned).collect(), form })
}

/// As Go's `filepath.Clean`: no `.`, no `a/..`, no double or trailing slashes.
fn clean(path: &str) -> String {
    let is_rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        match (part, parts.last()) {
            ("..", Some(last)) if *last != ".." => {
                parts.pop();
            }
            ("..", _) if is_rooted => {}
            _ => parts.push(part),
        }
    }
    match (is_rooted, parts.join("/")) {
        (true, rest) => format!("/{rest}"),
        (false, rest) if rest.is_empty() => ".".to_owned(),
        (false, rest) => rest,
    }
}

fn parse_tokens(pattern: &str) -> Option<Vec<Token>> {
    let mut characters = pattern.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(character) = characters.next() {
        tokens.push(match character {
            '*' if characters.next_if_eq(&'*').is_some() => {
                characters.next_if_eq(&'/');
                if characters.peek().is_none() { Token::Everything } else { Token::Directories }
            }
            '*' => Token::Star,
            '?' => Token::Any,
            '[' => parse_class(&mut characters)?,
            // A backslash escapes the next character; at the end it is an error.
            '\\' => Token::Character(characters.next()?),
            other => Token::Character(other),
        });
    }
    Some(tokens)
}

fn parse_class(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Token> {
    let is_negated = characters.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        match characters.next()? {
            ']' if !ranges.is_empty() => return Some(Token::Class { is_negated, ranges }),
            ']' | '-' => return None,
            first => {
                let first = if first == '\\' { characters.next()? } else { first };
                let last = match characters.next_if_eq(&'-') {
                    None => first,
                    Some(_) => match characters.next()? {
                        '\\' => characters.next()?,
                        ']' | '-' => return None,
                        last => last,
                    },
                };
                ranges.push((first, last));
            }
        }
    }
}

/// Follows all alternatives at once, so that no pattern takes longer than tokens times length.
fn matches(tokens: &[Token], path: &str) -> bool {
    let mut front = Front::new(tokens);
    front.reach(tokens, 0);
    for character in path.chars() {
        front = front.advance(tokens, character);
    }
    front.at[tokens.len()]
}

/// The current alternatives.
struct Front {
    /// Whether one is before each token; the last element is after all tokens.
    at: Vec<bool>,
    /// Whether one is within the text of a [`Token::Directories`], which must end with a slash.
    within: Vec<bool>,
}

impl Front {
    fn new(tokens: &[Token]) -> Self {
        Self { at: vec![false; tokens.len() + 1], within: vec![false; tokens.len()] }
    }

    /// Adds an alternative before a token, and after it if the token may be empty.
    fn reach(&mut self, tokens: &[Token], mut place: usize) {
        self.at[place] = true;
        while let Some(Token::Star | Token::Everything | Token::Directories) = tokens.get(place) {
            place += 1;
            self.at[place] = true;
        }
    }

    fn advance(&self, tokens: &[Token], character: char) -> Self {
        let mut next = Self::new(tokens);
        for (place, token) in tokens.iter().enumerate() {
            if let Token::Directories = token {
                next.within[place] = self.at[place] || self.within[place];
                if next.within[place] && character == '/' {
                    next.reach(tokens, place + 1);
                }
            } else if self.at[place] && token.takes(character) {
                let stays = matches!(token, Token::Star | Token::Everything);
                next.reach(tokens, if stays { place } else { place + 1 });
            }
        }
        next
    }
}

impl Token {
    fn takes(&self, character: char) -> bool {
        match self {
            Token::Character(wanted) => *wanted == character,
            Token::Any | Token::Star => character != '/',
            Token::Everything | Token::Directories => true,
            Token::Class { is_negated, ranges } => {
                let is_listed = ranges.iter().any(|(first, last)| (*first..=*last).contains(&character));
                is_listed != *is_negated
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excludes(text: &str, path: &str) -> bool {
        Ignore::parse(text).unwrap().excludes_at_any_depth(path)
    }

    #[test]
    fn a_pattern_matches_as_in_docker() {
        for (pattern, path, is_match) in [
            ("a", "a", true),
            ("a", "b/a", false),
            ("a", "a/b/c", true),
            ("/a", "a", true),
            ("./a/../b/", "b", true),
            ("*.md", "x.md", true),
            ("*.md", "d/x.md", false),
            ("*/*.md", "d/x.md", true),
            ("?.md", "x.md", true),
            ("?.md", "xy.md", false),
            ("**", "a/b", true),
            ("**/a", "a", true),
            ("**/a", "x/y/a", true),
            ("**/a", "x/ba", false),
            ("**a", "x/ba", true),
            ("**/*.go", "x/y/z.go", true),
            ("**/*.go", "z.go", true),
            ("a/**", "a/b/c", true),
            ("a/**", "a", false),
            ("a/**/b", "a/b", true),
            ("a/**/b", "a/x/y/b", true),
            ("a/**/b", "a/xb", false),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("[^a-c]x", "dx", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "axb", false),
            ("a.b", "axb", false),
            (" # no comment", "# no comment", true),
        ] {
            assert_eq!(excludes(pattern, path), is_match, "`{pattern}` and `{path}`");
        }
    }

    #[test]
    fn the_last_matching_line_wins() {
        let text = "# sources only\n*\n!src\nsrc/*.log\n!src/keep.log\n";
        for (path, is_excluded) in
            [("a", true), ("src", false), ("src/a.rs", false), ("src/a.log", true), ("src/keep.log", false)]
        {
            assert_eq!(excludes(text, path), is_excluded, "{path}");
        }
        assert!(!excludes("*.md\n!README*.md", "README.md"));
        assert!(excludes("*.md\n!README*.md\nREADME-secret.md", "README-secret.md"));
    }

    #[test]
    fn an_excluded_directory_is_entered_only_for_an_exception() {
        let below = |text: &str, directory: &str| Ignore::parse(text).unwrap().may_include_below(directory);
        assert!(!below("*", "a"));
        assert!(!below("*\n!*.py", "node_modules"));
        assert!(below("*\n!src/*.py", "src"));
        assert!(!below("*\n!src/*.py", "lib"));
        assert!(!below("*\n!src/*.py", "src/deep"));
        assert!(below("*\n!**/*.py", "a/b/c"));
        assert!(below("*\n!a/b/**", "a"));
    }

    #[test]
    fn an_invalid_pattern_is_reported_with_its_line() {
        for (text, wanted) in
            [("a\n[b", "line 2: `[b` is not a pattern"), ("!", "line 1: `!` is not a pattern")]
        {
            assert_eq!(Ignore::parse(text).unwrap_err().to_string(), wanted);
        }
    }

    #[test]
    fn a_hostile_pattern_is_matched_quickly() {
        let pattern = "**/*a".repeat(200);
        assert!(!excludes(&pattern, &format!("{}b", "a".repeat(2000))));
    }
}
