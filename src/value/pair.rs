//! Names with values: `NAME=value`, or a bare name. They are split at the first `=`.

/// A name, and its value if it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair<'a> {
    /// The text before the `=`; may be empty.
    pub name: &'a str,
    /// The text after it.
    pub value: Option<&'a str>,
}

impl<'a> Pair<'a> {
    /// Splits a text.
    pub fn split(text: &'a str) -> Self {
        match text.split_once('=') {
            Some((name, value)) => Self { name, value: Some(value) },
            None => Self { name: text, value: None },
        }
    }

    /// Name and value; `None` for a bare name.
    pub fn both(text: &'a str) -> Option<(&'a str, &'a str)> {
        let Self { name, value } = Self::split(text);
        Some((name, value?))
    }

    /// Name and value; a bare name gets its value from `find`, or is left out.
    pub fn or_found(text: &'a str, find: impl FnOnce(&str) -> Option<String>) -> Option<(String, String)> {
        let Self { name, value } = Self::split(text);
        Some((name.to_owned(), value.map(str::to_owned).or_else(|| find(name))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_equals_sign_separates() {
        for (text, name, value) in [
            ("A=1", "A", Some("1")),
            ("A=1=2", "A", Some("1=2")),
            ("A=", "A", Some("")),
            ("A", "A", None),
            ("=1", "", Some("1")),
            ("", "", None),
        ] {
            assert_eq!(Pair::split(text), Pair { name, value }, "{text}");
        }
    }

    #[test]
    fn a_name_alone_is_looked_up() {
        let find = |name: &str| (name == "A").then(|| "found".to_owned());
        assert_eq!(Pair::or_found("A", find), Some(("A".to_owned(), "found".to_owned())));
        assert_eq!(Pair::or_found("A=1", find), Some(("A".to_owned(), "1".to_owned())));
        assert_eq!(Pair::or_found("B", find), None);
        assert_eq!((Pair::both("A"), Pair::both("A=1")), (None, Some(("A", "1"))));
    }
}
