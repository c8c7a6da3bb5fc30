//! In: the Docker CLI's `HttpHeaders` and `DOCKER_CUSTOM_HEADERS`. Out: headers of every request.
//! Must not: show a value: it may be a token for a proxy.

use crate::value::pair::Pair;
use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Headers that replace those of `config.json`: `name=value,"name=value, with a comma"` (Docker CLI
/// 28).
const VARIABLE: &str = "DOCKER_CUSTOM_HEADERS";

/// Headers of the connection and the framing, which the HTTP client sets. The Docker CLI leaves
/// them to its HTTP library as well.
fn is_of_the_connection(name: &HeaderName) -> bool {
    let of_the_connection = [
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::EXPECT,
        header::HOST,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ];
    of_the_connection.contains(name) || ["keep-alive", "proxy-connection"].contains(&name.as_str())
}

/// The headers, and a warning about invalid ones.
pub fn default_headers(
    variables: &BTreeMap<String, String>,
    configured: &BTreeMap<String, String>,
) -> (HeaderMap, Option<String>) {
    let chosen: Vec<(String, String)> = match variables.get(VARIABLE).filter(|value| !value.is_empty()) {
        Some(text) => fields(text).iter().map(|field| pair(field)).collect(),
        None => configured.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
    };
    let (mut headers, mut unusable) = (HeaderMap::new(), Vec::new());
    for (name, value) in chosen {
        match (HeaderName::try_from(name.trim()), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) if !is_of_the_connection(&name) => drop(headers.insert(name, value)),
            _ => unusable.push(format!("`{name}`")),
        }
    }
    let trouble = match unusable.as_slice() {
        [] => None,
        [name] => Some(format!("{name} cannot be sent as a header; it is ignored")),
        names => Some(format!("{} cannot be sent as headers; they are ignored", names.join(", "))),
    };
    (headers, trouble)
}

fn pair(field: &str) -> (String, String) {
    let Pair { name, value } = Pair::split(field);
    (name.to_owned(), value.unwrap_or_default().to_owned())
}

/// The fields of a line of CSV.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    fields.push(field);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(variable: &str, configured: &[(&str, &str)]) -> (Vec<String>, Option<String>) {
        let text = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        let variables = BTreeMap::from([text(&(VARIABLE, variable))]);
        let (headers, trouble) = default_headers(&variables, &configured.iter().map(text).collect());
        let shown =
            |(name, value): (&HeaderName, &HeaderValue)| format!("{name}: {}", value.to_str().unwrap());
        let mut headers: Vec<String> = headers.iter().map(shown).collect();
        headers.sort();
        (headers, trouble)
    }

    #[test]
    fn the_variable_overrides_the_file() {
        let configured = [("X-Meta", "evf"), ("Authorization", "Bearer abc")];
        assert_eq!(
            headers("", &configured),
            (vec!["authorization: Bearer abc".into(), "x-meta: evf".into()], None)
        );
        let given = headers(r#"one=one-value,"two=two,value",three="#, &configured);
        assert_eq!(given, (vec!["one: one-value".into(), "three: ".into(), "two: two,value".into()], None));
    }

    #[test]
    fn what_cannot_be_a_header_is_named_without_its_value() {
        let (sent, trouble) = headers("", &[("X A", "secret"), ("X-B", "se\ncret"), ("X-C", "c")]);
        assert_eq!(sent, ["x-c: c"]);
        assert_eq!(trouble.unwrap(), "`X A`, `X-B` cannot be sent as headers; they are ignored");
        let (_, trouble) = headers("", &[("X A", "secret")]);
        assert_eq!(trouble.unwrap(), "`X A` cannot be sent as a header; it is ignored");
    }

    #[test]
    fn headers_of_the_framing_are_left_to_the_connection() {
        let configured = ["Content-Length", "transfer-encoding", "Host", "CONNECTION", "Upgrade", "X-D"];
        let (sent, trouble) = headers("", &configured.map(|name| (name, "9")));
        assert_eq!(sent, ["x-d: 9"]);
        let trouble = trouble.unwrap();
        assert!(configured[..5].iter().all(|name| trouble.contains(&format!("`{name}`"))), "{trouble}");
        assert!(!trouble.contains("X-D"), "{trouble}");
    }
}
