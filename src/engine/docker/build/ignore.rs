//! In: the text of a `.dockerignore` file. Out: which paths of a context are left out.
//! Must not: read files.
//!
//! The rules are Docker's: Go's `filepath.Match` with `**`, `!` for exceptions, the last line that
//! matches wins, and what matches a folder matches everything below it.

use crate::engine::EngineError;

/// The lines of a `.dockerignore` file.
#[derive(Debug, Default)]
pub struct Ignore {
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    is_exception: bool,
    /// The pattern's components, as they are written.
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
    /// `*`: any characters but slashes.
    Star,
    /// `**/`: nothing, or anything up to a slash.
    Folders,
    /// `**` at the end: everything.
    Everything,
    /// `[a-z]`, `[^a-z]`.
    Class {
        is_negated: bool,
        ranges: Vec<(char, char)>,
    },
}

/// Which patterns matched a folder: they match everything below it.
#[derive(Clone, Debug, Default)]
pub struct Matches(Vec<bool>);

impl Ignore {
    /// Reads the text; a pattern that cannot be understood is an error that names its line.
    pub fn parse(text: &str) -> Result<Self, EngineError> {
        let lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate();
        let mut patterns = Vec::new();
        for (index, line) in lines.filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty()) {
            let pattern = parse_pattern(line.trim()).ok_or_else(|| {
                EngineError::Other(format!("line {}: `{}` is not a pattern", index + 1, line.trim()))
            })?;
            patterns.push(pattern);
        }
        Ok(Self { patterns })
    }

    /// Patterns that stand in a topology: each is one, whatever it begins with.
    pub fn of<'a>(patterns: impl Iterator<Item = &'a str>) -> Result<Self, EngineError> {
        let read = |pattern: &str| {
            let unknown = || EngineError::Other(format!("`{pattern}` is not a pattern"));
            parse_pattern(pattern.trim()).ok_or_else(unknown)
        };
        Ok(Self { patterns: patterns.map(read).collect::<Result<_, _>>()? })
    }

    /// Whether a path is left out, by itself or with a folder that it is in.
    pub fn excludes_at_any_depth(&self, path: &str) -> bool {
        let mut matches = Matches::default();
        let mut is_excluded = false;
        for (end, _) in path.match_indices('/').chain([(path.len(), "")]) {
            (is_excluded, matches) = self.excludes(&path[..end], &matches);
        }
        is_excluded
    }

    /// Whether a path is left out, given what matched its folder. Paths have slashes, and none in front.
    pub fn excludes(&self, path: &str, folder: &Matches) -> (bool, Matches) {
        let mut is_excluded = false;
        let mut matches = Vec::with_capacity(self.patterns.len());
        for (index, pattern) in self.patterns.iter().enumerate() {
            let from_folder = folder.0.get(index).copied().unwrap_or(false);
            // An exception matters only for what is left out by then, and the other way round.
            let is_match = from_folder || (pattern.is_exception == is_excluded && pattern.matches(path));
            matches.push(is_match);
            if is_match {
                is_excluded = !pattern.is_exception;
            }
        }
        (is_excluded, Matches(matches))
    }

    /// Whether a pattern may match something below a folder.
    pub fn may_match_below(&self, folder: &str) -> bool {
        let folder: Vec<&str> = folder.split('/').collect();
        self.patterns.iter().any(|pattern| pattern.may_match_below(&folder))
    }

    /// Whether an exception may bring something back below a folder that is left out.
    pub fn may_bring_back_below(&self, folder: &str) -> bool {
        let folder: Vec<&str> = folder.split('/').collect();
        self.patterns.iter().any(|pattern| pattern.is_exception && pattern.may_match_below(&folder))
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

    fn may_match_below(&self, folder: &[&str]) -> bool {
        let has_any_depth = self.components.iter().any(|component| component.contains("**"));
        let fixed = self.components.iter().take_while(|component| !component.contains(['*', '?', '[', '\\']));
        let agrees = fixed.zip(folder).all(|(component, name)| component == name);
        agrees && (has_any_depth || self.components.len() > folder.len())
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
                if characters.peek().is_none() { Token::Everything } else { Token::Folders }
            }
            '*' => Token::Star,
            '?' => Token::Any,
            '[' => parse_class(&mut characters)?,
            // A backslash takes the next character as it is; at the end it is a mistake.
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

/// Follows all ways through the tokens at once, so that no pattern takes longer than tokens times length.
fn matches(tokens: &[Token], path: &str) -> bool {
    let mut front = Front::new(tokens);
    front.reach(tokens, 0);
    for character in path.chars() {
        front = front.advance(tokens, character);
    }
    front.at[tokens.len()]
}

/// Where the ways through the tokens are.
struct Front {
    /// In front of a token; the last place is behind them all.
    at: Vec<bool>,
    /// Within the text of a [`Token::Folders`], which must end with a slash.
    within: Vec<bool>,
}

impl Front {
    fn new(tokens: &[Token]) -> Self {
        Self { at: vec![false; tokens.len() + 1], within: vec![false; tokens.len()] }
    }

    /// Puts a way in front of a token, and behind it when the token may be nothing.
    fn reach(&mut self, tokens: &[Token], mut place: usize) {
        self.at[place] = true;
        while let Some(Token::Star | Token::Everything | Token::Folders) = tokens.get(place) {
            place += 1;
            self.at[place] = true;
        }
    }

    fn advance(&self, tokens: &[Token], character: char) -> Self {
        let mut next = Self::new(tokens);
        for (place, token) in tokens.iter().enumerate() {
            if let Token::Folders = token {
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
            Token::Everything | Token::Folders => true,
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
    fn one_pattern_matches_as_docker_matches() {
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
    fn the_last_line_that_matches_wins() {
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
    fn a_folder_that_is_left_out_is_entered_only_for_an_exception() {
        let below = |text: &str, folder: &str| Ignore::parse(text).unwrap().may_bring_back_below(folder);
        assert!(!below("*", "a"));
        assert!(!below("*\n!*.py", "node_modules"));
        assert!(below("*\n!src/*.py", "src"));
        assert!(!below("*\n!src/*.py", "lib"));
        assert!(!below("*\n!src/*.py", "src/deep"));
        assert!(below("*\n!**/*.py", "a/b/c"));
        assert!(below("*\n!a/b/**", "a"));
    }

    #[test]
    fn what_is_no_pattern_is_told_with_its_line() {
        for (text, wanted) in
            [("a\n[b", "line 2: `[b` is not a pattern"), ("!", "line 1: `!` is not a pattern")]
        {
            assert_eq!(Ignore::parse(text).unwrap_err().to_string(), wanted);
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        let pattern = "**/*a".repeat(200);
        assert!(!excludes(&pattern, &format!("{}b", "a".repeat(2000))));
    }
}
