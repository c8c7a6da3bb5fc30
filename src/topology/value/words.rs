//! Splits a command line into words as Docker Compose does, without a shell.
//!
//! Quotes and backslashes group; `` `...` `` and `$(...)` are kept together literally; an unquoted
//! `;`, `&`, `|`, `<` or `>` ends the command line.

/// The words of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The words.
    pub words: Vec<String>,
    /// The shell operator at which the rest was cut off.
    pub cut_at: Option<String>,
}

/// The open quote.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    None,
    Single,
    Double,
    /// `` `...` ``
    Back,
    /// `$(...)`
    Dollar,
}

struct Splitter {
    words: Vec<String>,
    /// The current word; an opening quote begins an empty one.
    word: Option<String>,
    quote: Quote,
}

/// Splits a command line; the error says what is wrong with it.
pub fn split(text: &str) -> Result<Words, &'static str> {
    let mut splitter = Splitter { words: Vec::new(), word: None, quote: Quote::None };
    let mut letters = text.chars();
    let mut cut_at = None;
    while let Some(letter) = letters.next() {
        if letter == '\\' && splitter.quote != Quote::Single {
            splitter.push(letters.next().ok_or("nothing follows the last backslash")?);
            continue;
        }
        if splitter.quote == Quote::None && matches!(letter, ';' | '&' | '|' | '<' | '>') {
            splitter.cut(letter);
            let rest = letters.as_str().chars().take_while(|next| *next == letter);
            cut_at = Some(std::iter::once(letter).chain(rest).collect());
            break;
        }
        splitter.take(letter)?;
    }
    splitter.end_word();
    match splitter.quote {
        Quote::None => Ok(Words { words: splitter.words, cut_at }),
        Quote::Single | Quote::Double => Err("a quote is opened but not closed"),
        Quote::Back => Err("a backquote is opened but not closed"),
        Quote::Dollar => Err("`$(` is opened but not closed"),
    }
}

impl Splitter {
    fn take(&mut self, letter: char) -> Result<(), &'static str> {
        let next = match (self.quote, letter) {
            (Quote::None, ' ' | '\t' | '\r' | '\n') => {
                self.end_word();
                return Ok(());
            }
            (Quote::None, '\'') => Quote::Single,
            (Quote::None, '"') => Quote::Double,
            (Quote::Single, '\'') | (Quote::Double, '"') => Quote::None,
            (Quote::None, '`') => return self.push_quote(letter, Quote::Back),
            (Quote::Back, '`') | (Quote::Dollar, ')') => return self.push_quote(letter, Quote::None),
            (Quote::None, '(') if self.word.as_ref().is_some_and(|word| word.ends_with('$')) => {
                return self.push_quote(letter, Quote::Dollar);
            }
            (Quote::None, '(' | ')') => return Err("an unquoted parenthesis has no counterpart"),
            _ => {
                self.push(letter);
                return Ok(());
            }
        };
        self.quote = next;
        self.word.get_or_insert_default();
        Ok(())
    }

    fn push_quote(&mut self, letter: char, quote: Quote) -> Result<(), &'static str> {
        self.push(letter);
        self.quote = quote;
        Ok(())
    }

    fn push(&mut self, letter: char) {
        self.word.get_or_insert_default().push(letter);
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }

    /// Ends the command line at an operator; the `2` of `2>` belongs to the operator.
    fn cut(&mut self, operator: char) {
        let is_descriptor = |word: &String| word.starts_with(|letter: char| letter.is_ascii_digit());
        if operator == '>' && self.word.as_ref().is_some_and(is_descriptor) {
            self.word = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn words(text: &str, wanted: &[&str]) {
        let split = split(text).map(|split| split.words);
        assert_eq!(split, Ok(wanted.iter().map(|word| (*word).to_owned()).collect()), "{text}");
    }

    #[test]
    fn quotes_and_backslashes_group() {
        words("", &[]);
        words("  a\t\"b c\" 'd \" e' f\\ g\n", &["a", "b c", "d \" e", "f g"]);
        words("a '' \"\"", &["a", "", ""]);
        words(r#"a"b'c"d'e\f' x\ty"#, &["ab'cde\\f", "xty"]);
        words("a # b", &["a", "#", "b"]);
        words("a `b c` $(d e)f", &["a", "`b c`", "$(d e)f"]);
    }

    #[test]
    fn shell_operators_end_the_command_line() {
        for (text, wanted, operator) in [
            ("a | b", vec!["a"], "|"),
            ("a b&& c", vec!["a", "b"], "&&"),
            ("a 2> b", vec!["a"], ">"),
            ("a >> b", vec!["a"], ">>"),
        ] {
            let words = wanted.into_iter().map(str::to_owned).collect();
            assert_eq!(split(text), Ok(Words { words, cut_at: Some(operator.to_owned()) }), "{text}");
        }
        words("sh -c 'a; b | c'", &["sh", "-c", "a; b | c"]);
    }

    #[test]
    fn unclosed_quotes_are_refused() {
        for text in ["a 'b", "a \"b", "a `b", "a $(b", "a \\", "a (b)", "a)"] {
            assert!(split(text).is_err(), "{text}");
        }
    }
}
