//! Values of log driver options, as parsed by Engine 28.5 (`daemon/logger`).

use crate::diagnostic::suggest;
use crate::lint::network_driver::is_boolean;
use crate::topology::value::{ByteSize, Duration};

/// The values that an option accepts.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A size above 0.
    Size,
    /// A size; 0 for the driver's default.
    SizeOrNone,
    /// An integer in this range.
    Number(i64, i64),
    /// A boolean in Go's sense.
    Boolean,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A duration.
    Time,
    /// A regular expression.
    Expression,
    /// A Go template, filled in with properties of the container.
    Tag,
    /// `SCHEME://HOST[:PORT]`, or a socket.
    Address(Address),
    /// A word or a number of a syslog facility.
    Facility,
    Text,
}

/// The destination of a driver.
#[derive(Clone, Copy)]
pub(super) enum Address {
    Syslog,
    Gelf,
    Fluentd,
    Splunk,
}

/// RFC 5424, table 1, as words.
const FACILITIES: &[&str] = &[
    "auth", "authpriv", "cron", "daemon", "ftp", "kern", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7", "lpr", "mail", "news", "syslog", "user", "uucp",
];

/// The fields of a container for templates, without arguments.
const FIELDS: &[&str] = &[
    "Command",
    "Config",
    "ContainerArgs",
    "ContainerCreated",
    "ContainerEntrypoint",
    "ContainerEnv",
    "ContainerID",
    "ContainerImageID",
    "ContainerImageName",
    "ContainerLabels",
    "ContainerName",
    "DaemonName",
    "FullID",
    "Hostname",
    "ID",
    "ImageFullID",
    "ImageID",
    "ImageName",
    "LogPath",
    "Name",
];

/// The functions of the engine and of Go for templates, and keywords of their grammar.
const FUNCTIONS: &[&str] = &[
    "and", "block", "break", "call", "continue", "define", "else", "end", "eq", "false", "ge", "gt", "html",
    "if", "index", "join", "js", "json", "le", "len", "lower", "lt", "ne", "nil", "not", "or", "pad",
    "print", "printf", "println", "range", "slice", "split", "template", "title", "true", "truncate",
    "upper", "urlquery", "with",
];

/// The expected value, and an example; `None` if the driver accepts it.
pub(super) fn mistake(kind: Kind, value: &str) -> Option<(String, &'static str)> {
    let (needed, example) = match kind {
        Kind::Size if is_size(value, 1) => return None,
        Kind::Size => ("a size above 0 is needed".to_owned(), "10m"),
        Kind::SizeOrNone if is_size(value, 0) => return None,
        Kind::SizeOrNone => ("a size is needed".to_owned(), "4m"),
        Kind::Number(least, most) if value.parse().is_ok_and(|number| (least..=most).contains(&number)) => {
            return None;
        }
        Kind::Number(1, i64::MAX) => ("a number is needed, 1 or more".to_owned(), "\"3\""),
        Kind::Number(least, i64::MAX) => (format!("a number is needed, {least} or more"), "\"3\""),
        Kind::Number(least, most) => (format!("a number from {least} to {most} is needed"), "\"1\""),
        Kind::Boolean if is_boolean(value) => return None,
        Kind::Boolean => ("`true` or `false` is needed".to_owned(), "\"true\""),
        Kind::Word(words) if words.contains(&value) => return None,
        Kind::Word(words) => {
            let written = words.iter().copied().filter(|word| !word.is_empty());
            (format!("{} is needed", suggest::one_of(written)), words[0])
        }
        Kind::Time if is_time(value) => return None,
        Kind::Time => ("a length of time is needed".to_owned(), "500ms"),
        Kind::Expression => (expression_mistake(value)?.to_owned(), "\"^(a|b)$\""),
        Kind::Tag => (tag_mistake(value)?, "\"{{.Name}}\""),
        Kind::Address(address) => address_mistake(address, value)?,
        Kind::Facility if FACILITIES.contains(&value) => return None,
        Kind::Facility if value.parse().is_ok_and(|number: u8| number <= 23) => return None,
        Kind::Facility => ("a facility of syslog, or a number up to 23, is needed".to_owned(), "daemon"),
        Kind::Text => return None,
    };
    Some((needed, example))
}

/// The engine does not trim blanks.
fn is_size(text: &str, least: i64) -> bool {
    text.trim() == text && ByteSize::parse(text).is_ok_and(|size| size.0 >= least)
}

fn is_time(text: &str) -> bool {
    // Go does not know days and weeks.
    !text.contains(['d', 'w']) && text.trim() == text && Duration::parse(text).is_ok()
}

/// What is wrong with a regular expression; only errors in all dialects.
fn expression_mistake(text: &str) -> Option<&'static str> {
    let mut letters = text.chars().peekable();
    let (mut open, mut may_repeat) = (0_usize, false);
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.next().is_none() => return Some("nothing follows the last `\\`"),
            '[' if !skip_class(&mut letters) => return Some("a `[` is not closed"),
            '(' => open += 1,
            ')' if open == 0 => return Some("a `)` has no `(` before it"),
            ')' => open -= 1,
            '*' | '+' | '?' if !may_repeat => {
                return Some("there is nothing to repeat before a `*`, `+` or `?`");
            }
            _ => {}
        }
        if letter == '(' && letters.peek() == Some(&'?') {
            letters.next();
        }
        may_repeat = !matches!(letter, '(' | '|');
    }
    (open > 0).then_some("a `(` is not closed")
}

/// Skips to after the `]` of a class; false if there is none. The first character never ends the
/// class.
fn skip_class(letters: &mut std::iter::Peekable<std::str::Chars>) -> bool {
    letters.next_if_eq(&'^');
    letters.next_if_eq(&']');
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            // `[:alpha:]`
            '[' if letters.peek() == Some(&':') => {
                letters.by_ref().find(|letter| *letter == ']');
            }
            ']' => return true,
            _ => {}
        }
    }
    false
}

/// What is wrong with a template: an unclosed `{{`, or an unknown field.
fn tag_mistake(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some((_, action)) = rest.split_once("{{") {
        let Some((action, after)) = action.split_once("}}") else {
            return Some("a `{{` is not closed".to_owned());
        };
        rest = after;
        let action = action.trim_start_matches("- ").trim_end_matches(" -").trim();
        if action.is_empty() {
            return Some("there is nothing between `{{` and `}}`".to_owned());
        }
        let word = action.split(' ').next().unwrap_or_default();
        let is_name = word.starts_with(|first: char| first.is_ascii_alphabetic())
            && word.chars().all(|letter| letter.is_ascii_alphanumeric());
        if is_name && !FUNCTIONS.contains(&word) {
            return Some(match FIELDS.contains(&word) {
                true => format!("`.{word}` has a dot before it"),
                false => format!("no function is named `{word}`"),
            });
        }
        let field = action.strip_prefix('.').filter(|field| {
            field.starts_with(|first: char| first.is_ascii_alphabetic())
                && field.chars().all(|letter| letter.is_ascii_alphanumeric())
        });
        if let Some(field) = field.filter(|field| !FIELDS.contains(field)) {
            return Some(match suggest::closest(field, FIELDS.iter().copied()) {
                Some(closest) => format!("the engine has no `.{field}`: did you mean `.{closest}`?"),
                None => {
                    format!("the engine has no `.{field}`: it has `.Name`, `.ID`, `.ImageName` and others")
                }
            });
        }
    }
    None
}

fn address_mistake(address: Address, text: &str) -> Option<(String, &'static str)> {
    let (schemes, example): (&[&str], _) = match address {
        Address::Syslog => (&["udp", "tcp", "tcp+tls", "unix", "unixgram"], "udp://192.168.0.42:514"),
        Address::Gelf => (&["udp", "tcp"], "udp://192.168.0.42:12201"),
        Address::Fluentd => (&["tcp", "tls", "unix"], "tcp://192.168.0.42:24224"),
        Address::Splunk => (&["http", "https"], "https://splunk.example.com:8088"),
    };
    // An empty one means the driver's default, if it has one.
    if text.is_empty() && matches!(address, Address::Syslog | Address::Fluentd) {
        return None;
    }
    let (scheme, rest) = match text.split_once("://") {
        None if matches!(address, Address::Fluentd) => ("tcp", text),
        None => ("", text),
        Some(parts) => parts,
    };
    if !schemes.contains(&scheme.to_ascii_lowercase().as_str()) {
        let known = schemes.iter().map(|scheme| format!("{scheme}://")).collect::<Vec<_>>();
        let known = suggest::one_of(known.iter().map(String::as_str));
        return Some((format!("it has to begin with {known}"), example));
    }
    if scheme.starts_with("unix") {
        return rest.trim_matches('/').is_empty().then(|| ("the socket is not named".to_owned(), example));
    }
    let (authority, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |at| rest.split_at(at));
    if authority.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        return Some(("a host name has no spaces".to_owned(), example));
    }
    let takes_path = match address {
        Address::Syslog | Address::Gelf => true,
        Address::Fluentd => path.is_empty(),
        Address::Splunk => matches!(path, "" | "/"),
    };
    if !takes_path {
        return Some(("nothing may follow the host and its port".to_owned(), example));
    }
    let port = match authority.rsplit_once(']').map_or(authority, |(_, after)| after).rsplit_once(':') {
        Some((_, port)) => port,
        None if matches!(address, Address::Gelf) => return Some(("a port is needed".to_owned(), example)),
        None => return None,
    };
    let is_port = port.is_empty() || port.parse::<u16>().is_ok();
    (!is_port).then(|| (format!("`{port}` is not a port"), example))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_fine(kind: Kind, value: &str) -> bool {
        mistake(kind, value).is_none()
    }

    #[test]
    fn brackets_in_expressions_are_closed() {
        for text in ["", "^(a|b)$", "[]a]", "[^]]", r"\(", "(?i)x", "a{2,3}?", "[[:alpha:]]+", r"[\]]", "a*?"]
        {
            assert!(is_fine(Kind::Expression, text), "{text}");
        }
        for text in ["(", ")", "[", "[]", "a(b", "*a", "(+)", "a|?", "x\\"] {
            assert!(!is_fine(Kind::Expression, text), "{text}");
        }
    }

    #[test]
    fn tags_refer_to_known_fields() {
        for text in
            ["", "x", "{{.Name}}", "{{ .ID }}/{{.ImageName}}", "{{index .ContainerLabels \"a\"}}", "}}"]
        {
            assert!(is_fine(Kind::Tag, text), "{text}");
        }
        for text in ["{{", "{{.Foo}}", "a{{.Name", "{{}}", "{{.name}}", "{{Name}}", "{{foo .Name}}"] {
            assert!(!is_fine(Kind::Tag, text), "{text}");
        }
    }

    #[test]
    fn addresses_have_the_schemes_of_their_driver() {
        for (address, text) in [
            (Address::Syslog, ""),
            (Address::Syslog, "udp://logs"),
            (Address::Syslog, "tcp+tls://[::1]:6514"),
            (Address::Syslog, "unixgram:///dev/log"),
            (Address::Gelf, "udp://1.2.3.4:12201"),
            (Address::Fluentd, "localhost"),
            (Address::Fluentd, "127.0.0.1:24224"),
            (Address::Fluentd, "unix:///run/fluent.sock"),
            (Address::Splunk, "https://splunk:8088/"),
        ] {
            assert!(is_fine(Kind::Address(address), text), "{text}");
        }
        for (address, text) in [
            (Address::Syslog, "foo"),
            (Address::Syslog, "http://x"),
            (Address::Gelf, ""),
            (Address::Gelf, "udp://logs"),
            (Address::Gelf, "tls://logs:1"),
            (Address::Fluentd, "127.0.0.1:99999"),
            (Address::Fluentd, "tcp://h:1/path"),
            (Address::Fluentd, "unix://"),
            (Address::Splunk, "splunk:8088"),
            (Address::Splunk, "https://splunk:8088/services"),
        ] {
            assert!(!is_fine(Kind::Address(address), text), "{text}");
        }
    }
}
