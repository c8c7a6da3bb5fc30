//! Hides values of variables in diagnostics about the texts that use them.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::Document;
use crate::source::{Environment, PROJECT_NAME, Sources, Span, substitute, template_variables};

/// Replaces interpolated values by the text of the file, such as `${PASSWORD}`. Called once, when
/// all diagnostics are known.
pub fn conceal(sources: &Sources, document: &Document, environment: &Environment, found: &mut Diagnostics) {
    found.for_each(|diagnostic| {
        let places: Vec<Span> = diagnostic.labels.iter().map(|label| label.span).collect();
        let scalars = places.into_iter().filter_map(|place| document.filled().scalar_at(place));
        for scalar in scalars {
            let environment = document.environment(scalar.file).unwrap_or(environment);
            Filled::interpolate(sources.text(scalar), environment).conceal_in(diagnostic);
        }
    });
}

/// A text before and after interpolation.
struct Filled<'a> {
    written: &'a str,
    text: String,
    /// The values of its expressions, the longest first.
    values: Vec<(String, &'a str)>,
}

/// The fewest characters of a value that are searched within a longer text: fewer occur by
/// accident.
const PART: usize = 3;

impl<'a> Filled<'a> {
    fn interpolate(raw: &'a str, environment: &'a Environment) -> Self {
        let quotes: &[char] = &['"', '\''];
        let written = raw.trim().trim_matches(quotes);
        let text = substitute(written, &|name| environment.value(name), &mut raw.len().max(1 << 16)).text;
        let variables = template_variables(written).into_iter().map(|variable| variable.name);
        let value = |name: String| Some((format!("${{{name}}}"), environment.value(&name)?));
        let mut values: Vec<(String, &str)> =
            variables.filter(|name| name != PROJECT_NAME).filter_map(value).collect();
        values.retain(|(_, value)| !value.is_empty());
        values.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        Self { written, text, values }
    }

    fn conceal_in(&self, diagnostic: &mut Diagnostic) {
        diagnostic.message = self.concealed(&diagnostic.message);
        for label in &mut diagnostic.labels {
            label.text = self.concealed(&label.text);
        }
        if let Some(help) = &mut diagnostic.help {
            *help = self.concealed(help);
        }
    }

    /// Quoted parts are handled one by one, the rest by the whole value.
    fn concealed(&self, words: &str) -> String {
        let parts = words.split('`').enumerate().map(|(index, part)| match index % 2 {
            0 => self.without_values(part),
            _ => self.quoted(part),
        });
        parts.collect::<Vec<String>>().join("`")
    }

    fn quoted(&self, word: &str) -> String {
        if word == self.text {
            return self.written.to_owned();
        }
        let without = self.without_values(word);
        if without != word || self.written.contains(word) {
            return without;
        }
        let holds =
            |(_, value): &&(String, &str)| *value == word || (word.len() >= PART && value.contains(word));
        match self.values.iter().find(holds) {
            Some((expression, _)) => expression.clone(),
            None => without,
        }
    }

    fn without_values(&self, words: &str) -> String {
        let long = self.values.iter().filter(|(_, value)| value.len() >= PART);
        long.fold(words.to_owned(), |words, (expression, value)| match self.written.contains(value) {
            // This text is literally in the file.
            true => words,
            false => words.replace(value, expression),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn concealed(written: &str, words: &str) -> String {
        let environment = Environment::from_pairs([("PW", "hunter2:word"), ("N", "7"), ("NAME", "db")]);
        Filled::interpolate(written, &environment).concealed(words)
    }

    #[test]
    fn interpolated_values_are_replaced_by_their_expressions() {
        for (written, words, shown) in [
            ("\"${PW}\"", "`hunter2:word` is not a port", "`${PW}` is not a port"),
            ("${PW:-x}", "`hunter2` is not a port", "`${PW}` is not a port"),
            ("a:${PW}", "write `./a:hunter2:word`", "write `./a:${PW}`"),
            ("a:$PW", "`a:hunter2:word` is not known", "`a:$PW` is not known"),
            ("$PW", "cannot read hunter2:word here", "cannot read ${PW} here"),
            ("$N", "`7` of `10.7.0.1`", "`$N` of `10.7.0.1`"),
            ("$NAME/$N", "`db` cannot be `db/7`", "`${NAME}` cannot be `$NAME/$N`"),
            ("$N", "did you mean `no`?", "did you mean `no`?"),
            ("$UNSET", "`x` is not set", "`x` is not set"),
        ] {
            assert_eq!(concealed(written, words), shown, "{written}: {words}");
        }
    }
}
