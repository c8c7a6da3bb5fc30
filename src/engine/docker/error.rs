//! In: what a request ended with. Out: an [`EngineError`] in the engine's own words, without noise.
//! Must not: decide whether something is tried again.

use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

use serde::Deserialize;

use crate::engine::phrase;
use crate::engine::{Address, Endpoint, EngineError, Origin};

type ClientError = hyper_util::client::legacy::Error;

/// What bollard reports. A connection that could not be opened is told apart from one that broke.
pub fn from_bollard(address: &Address, error: bollard::errors::Error) -> EngineError {
    match error {
        bollard::errors::Error::DockerResponseServerError { status_code, message } => {
            refused(status_code, &message)
        }
        bollard::errors::Error::HyperLegacyError { err } => broken(address, &err),
        bollard::errors::Error::HyperResponseError { err } => cut_off(&err),
        bollard::errors::Error::IOError { err } if err.kind() == ErrorKind::TimedOut => {
            EngineError::NoAnswer(err.to_string())
        }
        other => EngineError::BadAnswer(format!("cannot understand the engine's answer: {other}")),
    }
}

/// The engine answered with an error.
pub fn refused(status: u16, text: &str) -> EngineError {
    #[derive(Deserialize)]
    struct Answer {
        message: String,
    }
    let message = match serde_json::from_str::<Answer>(text) {
        Ok(answer) => answer.message,
        Err(_) if text.trim().is_empty() => format!("the engine answered with HTTP status {status}"),
        Err(_) if is_page(text) => return EngineError::Refused { status, message: of_page(status, text) },
        Err(_) => text.to_owned(),
    };
    EngineError::Refused { status, message: plain(&message) }
}

/// Whether a text is a page of HTML, or of another language with tags.
fn is_page(text: &str) -> bool {
    let start = text.trim_start().to_ascii_lowercase();
    ["<!doctype", "<html", "<head", "<body", "<title", "<h1", "<?xml"]
        .iter()
        .any(|tag| start.starts_with(tag))
}

/// A page in one sentence: engines write none, proxies do.
fn of_page(status: u16, page: &str) -> String {
    let words =
        of_element(page, "title").or_else(|| of_element(page, "h1")).unwrap_or_else(|| without_tags(page));
    let words: String = words.chars().take(MOST_OF_PAGE).collect();
    let said = if words.is_empty() { String::new() } else { format!(": {words}") };
    format!("something other than the engine answered with a page and HTTP status {status}{said}")
}

/// How much of a page is shown, in characters.
const MOST_OF_PAGE: usize = 200;

/// The words in the first element of a name, unless there are none.
fn of_element(page: &str, name: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let start = lower.find(&format!("<{name}"))?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find(&format!("</{name}"))?;
    Some(without_tags(&page[start..end])).filter(|words| !words.is_empty())
}

fn without_tags(page: &str) -> String {
    let mut words = String::new();
    let mut is_tag = false;
    for character in page.chars() {
        match character {
            '<' => is_tag = true,
            '>' if is_tag => {
                is_tag = false;
                words.push(' ');
            }
            other if !is_tag => words.push(other),
            _ => {}
        }
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The engine's words without what only its authors need.
pub fn plain(message: &str) -> String {
    let mut message = without_endpoint(message.trim());
    while let Some(rest) = phrase::WRAPPERS.iter().find_map(|noise| message.strip_prefix(noise)) {
        message = without_endpoint(rest);
    }
    phrase::UNKNOWN.start_of(message).unwrap_or(message).trim().to_owned()
}

/// Leaves out which endpoint the network driver could not set up: the container is known.
fn without_endpoint(message: &str) -> &str {
    let rest = phrase::ENDPOINT.rest_of(message);
    rest.and_then(|rest| rest.split_once("): ")).map_or(message, |(_, cause)| cause)
}

/// Nobody answers at the address.
pub fn unreachable(address: &Address, error: &ClientError) -> EngineError {
    let Some(io) = io_cause(error) else {
        return EngineError::Unreachable {
            address: address.to_string(),
            reason: root_cause(error),
            advice: format!(
                "the server there does not speak HTTP as a Docker Engine does{}",
                or_encrypted(address)
            ),
        };
    };
    EngineError::Unreachable {
        address: address.to_string(),
        reason: reason(io),
        advice: match io {
            io if is_crowded(io) => "raise the limit, as in `ulimit -n 256`".to_owned(),
            io if is_unknown_host(io) => unknown_host(&address.origin),
            io => advice(address, io.kind()),
        },
    }
}

/// The address took the request and then said nothing.
pub fn silent(address: &Address, limit: Duration) -> EngineError {
    EngineError::Unreachable {
        address: address.to_string(),
        reason: format!("no answer within {} seconds", limit.as_secs()),
        advice: advice(address, ErrorKind::TimedOut),
    }
}

/// What answers at the address is no engine.
pub fn not_an_engine(address: &Address) -> EngineError {
    EngineError::Unreachable {
        address: address.to_string(),
        reason: "the server there reports no API version".to_owned(),
        advice: format!("{}{}", advice(address, ErrorKind::InvalidData), or_encrypted(address)),
    }
}

/// How an engine is reached that wants TLS, where plain HTTP was spoken.
fn or_encrypted(address: &Address) -> &'static str {
    match address.endpoint {
        Endpoint::Tcp { .. } => "; if it speaks TLS, set DOCKER_TLS_VERIFY=1",
        Endpoint::Unix(_) | Endpoint::Program { .. } => "",
    }
}

/// A request failed after the engine was known to be there.
pub fn broken(address: &Address, error: &ClientError) -> EngineError {
    if error.is_connect() {
        return unreachable(address, error);
    }
    EngineError::Disconnected(root_cause(error))
}

/// An answer ended before it was complete.
pub fn cut_off(error: &hyper::Error) -> EngineError {
    EngineError::Disconnected(root_cause(error))
}

fn io_cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a std::io::Error> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

fn root_cause(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

/// What the system said, without its number: `connection refused`.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    match characters.next() {
        // What another program wrote is quoted as it is.
        Some(first) if error.raw_os_error().is_some() => first.to_lowercase().chain(characters).collect(),
        _ => text.to_owned(),
    }
}

fn advice(address: &Address, kind: ErrorKind) -> String {
    match (&address.endpoint, kind) {
        (Endpoint::Unix(_), ErrorKind::PermissionDenied) => {
            "your user has no permission to use the socket: `sudo usermod -aG docker $USER`, then log in \
             again"
                .to_owned()
        }
        (Endpoint::Unix(_), ErrorKind::ConnectionRefused) => {
            "the socket exists, but nothing listens on it: start Docker (`sudo \
             systemctl start docker`)"
                .to_owned()
        }
        (Endpoint::Program { command, .. }, ErrorKind::NotFound) => {
            format!("`{}` is needed for this address: install it", command.first().map_or("", String::as_str))
        }
        (Endpoint::Program { .. }, _) => {
            format!("try the connection by hand, {}, or {}", shown(address), instead(&address.origin))
        }
        (
            Endpoint::Tcp { .. },
            ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe,
        ) => {
            format!("start that engine, or {}{}", instead(&address.origin), or_encrypted(address))
        }
        (_, _) if address.origin != Origin::Default => {
            format!("start that engine, or {}", instead(&address.origin))
        }
        (_, _) => "is Docker installed and started? `sudo systemctl start docker`, or name another engine \
                   with DOCKER_HOST"
            .to_owned(),
    }
}

/// Whether too many files are open, of topo's or of the whole system.
pub fn is_crowded(error: &std::io::Error) -> bool {
    let crowded = [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE];
    crowded.iter().any(|crowded| error.raw_os_error() == Some(crowded.raw_os_error()))
}

/// What the system's resolver says has no number.
fn is_unknown_host(error: &std::io::Error) -> bool {
    error.raw_os_error().is_none() && phrase::LOOKUP_FAILED.is_in(&error.to_string())
}

fn unknown_host(origin: &Origin) -> String {
    match origin {
        Origin::Context { name, .. } => {
            format!("no host has this name: `docker context inspect {name}` shows what the context says")
        }
        _ => "no host has this name: correct DOCKER_HOST, or unset it to use the local engine".to_owned(),
    }
}

/// How another engine is chosen.
fn instead(origin: &Origin) -> String {
    match origin {
        Origin::Context { name, .. } => {
            format!("choose another context: `docker context ls`, `docker context inspect {name}`")
        }
        Origin::DockerHost | Origin::Default => "unset DOCKER_HOST to use the local one".to_owned(),
    }
}

fn shown(address: &Address) -> String {
    match &address.endpoint {
        Endpoint::Program { command, .. } => format!("`{}`", command.join(" ")),
        endpoint => endpoint.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(status: u16, text: &str) -> String {
        refused(status, text).to_string()
    }

    #[test]
    fn the_engines_words_are_kept() {
        let text = r#"{"message":"No such image: nope:1"}"#;
        let error = refused(404, text);
        assert_eq!(error, EngineError::Refused { status: 404, message: "No such image: nope:1".to_owned() });
    }

    #[test]
    fn the_chain_of_wrappers_around_the_cause_is_left_out() {
        let text = r#"{"message":"failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: \"nope\": executable file not found in $PATH: unknown"}"#;
        assert_eq!(message(400, text), r#"exec: "nope": executable file not found in $PATH"#);
    }

    #[test]
    fn a_port_that_is_taken_is_told_without_the_endpoint() {
        let text = r#"{"message":"failed to set up container networking: driver failed programming external connectivity on endpoint shop-web-1 (90f1): Bind for 0.0.0.0:80 failed: port is already allocated"}"#;
        assert_eq!(message(500, text), "Bind for 0.0.0.0:80 failed: port is already allocated");
    }

    #[test]
    fn an_answer_that_is_no_json_is_shown_as_it_is() {
        assert_eq!(message(502, "bad gateway\n"), "bad gateway");
        let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center><h1>502 Bad Gateway</h1></center></body></html>";
        let said = "something other than the engine answered with a page and HTTP status 502";
        assert_eq!(message(502, page), format!("{said}: 502 Bad Gateway"));
        let untitled =
            "<!DOCTYPE html><TITLE></TITLE><body><h1 class='x'>Access\n <b>denied</b></h1><p>by us</body>";
        assert_eq!(message(502, untitled), format!("{said}: Access denied"));
        assert_eq!(message(502, "<html><body>Try <i>later</i>"), format!("{said}: Try later"));
        assert_eq!(message(502, "<html></html>"), said);
        assert_eq!(message(500, ""), "the engine answered with HTTP status 500");
    }

    #[test]
    fn the_systems_words_lose_their_number() {
        let refused = std::io::Error::from_raw_os_error(111);
        assert_eq!(reason(&refused), "connection refused");
        let other = std::io::Error::other("Host key verification failed.");
        assert_eq!(reason(&other), "Host key verification failed.");
    }
}
