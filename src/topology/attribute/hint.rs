//! What was probably meant: keys that other tools have, keys that belong one level deeper, and examples
//! of values.

use serde_json::json;

use crate::diagnostic::{Diagnostic, Diagnostics, code, suggest};
use crate::document::{Map, Node, Value};
use crate::source::Span;
use crate::topology::attribute::wanted::{Kind, Wanted};
use crate::topology::attribute::{Field, Shape, element, example, form, quotes};
use crate::topology::canonical_yaml::inline;
use crate::topology::value::is_as_written;

/// Keys that belong elsewhere than in a record, and what to do about them.
pub(crate) type Elsewhere = &'static [(&'static [&'static str], &'static str)];

/// What does not belong in a service.
pub(crate) const SERVICE: Elsewhere = &[
    (
        &["context", "dockerfile", "dockerfile_inline", "cache_from", "cache_to", "build_args", "build-args"],
        "it belongs below `build`:\n\nbuild:\n  context: .\n  dockerfile: Dockerfile\n  args: {NAME: value}",
    ),
    (&["args"], "arguments of a build belong below `build`; the words of a command line are `command`"),
    (
        &["target"],
        "the stage of a Dockerfile belongs below `build`:\n\nbuild:\n  context: .\n  target: stage",
    ),
    (
        &["test", "interval", "timeout", "retries", "retry", "start_period", "start_interval"],
        "it belongs below `healthcheck`:\n\nhealthcheck:\n  test: curl -f http://localhost/\n  interval: 10s\n  retries: 3",
    ),
    (
        &[
            "health_cmd",
            "health_interval",
            "health_retries",
            "health_start_interval",
            "health_start_period",
            "health_timeout",
        ],
        "it belongs below `healthcheck`:\n\nhealthcheck:\n  test: curl -f http://localhost/\n  interval: 10s\n  retries: 3",
    ),
    (&["no_healthcheck"], "write `healthcheck: {disable: true}`"),
    (
        &[
            "blkio_weight",
            "blkio_weight_device",
            "device_read_bps",
            "device_read_iops",
            "device_write_bps",
            "device_write_iops",
        ],
        "it belongs below `blkio_config`:\n\nblkio_config:\n  weight: 300\n  device_read_bps:\n    - {path: /dev/sda, rate: 10mb}",
    ),
    (&["publish_all"], "name each port: `ports: [\"80\"]` publishes it on a free port of the host"),
    (&["volume_driver"], "it belongs to a volume at the top level:\n\nvolumes:\n  data:\n    driver: local"),
    (
        &["cidfile", "detach_keys", "disable_content_trust", "quiet", "sig_proxy"],
        "remove it: it is an option of the command `docker run`, not a property of a container",
    ),
    (&["replicas"], "write `scale: 2`, or `replicas` below `deploy`"),
    (
        &["placement", "update_config", "rollback_config", "endpoint_mode", "resources"],
        "it belongs below `deploy`",
    ),
    (
        &["limits", "reservations", "limit"],
        "it belongs below `deploy`:\n\ndeploy:\n  resources:\n    limits: {cpus: \"0.5\", memory: 256m}",
    ),
    (&["watch"], "it belongs below `develop`"),
    (
        &[
            "aliases",
            "alias",
            "ip",
            "ip6",
            "ip_address",
            "ipv4_address",
            "ipv6_address",
            "link_local_ip",
            "network_alias",
            "static_ip",
        ],
        "it belongs below a network of the service:\n\nnetworks:\n  NETWORK:\n    aliases: [name]\n    ipv4_address: 172.28.0.10",
    ),
    (
        &["condition", "required"],
        "it belongs below a service of `depends_on`:\n\ndepends_on:\n  SERVICE:\n    condition: service_healthy",
    ),
    (
        &["driver", "options", "log_driver", "log-driver", "log_opt", "log-opt", "log_opts", "max-size"],
        "it belongs below `logging`:\n\nlogging:\n  driver: json-file\n  options: {max-size: 10m}",
    ),
    (&["services"], "`services` occurs once, at the top of the file; services do not contain services"),
    (&["external"], "it belongs to a network, volume, secret or config at the top level"),
    (&["detach", "d"], "remove it: `topo up -d` leaves the containers running in the background"),
    (&["rm"], "remove it: `topo down` removes the containers, `topo run --rm` one that runs once"),
    (&["version"], "remove it: files no longer have a version"),
    (&["it"], "write `stdin_open: true` and `tty: true`"),
];

/// What does not belong in a build.
pub(crate) const BUILD: Elsewhere = &[
    (&["image", "tag"], "name the image beside `build`: `image: NAME`"),
    (
        &["environment", "env"],
        "while an image is built, only `args` exist; `environment` belongs beside `build`",
    ),
];

/// What does not belong in `deploy`.
pub(crate) const DEPLOY: Elsewhere = &[
    (&["limits", "reservations"], "it belongs below `resources`"),
    (&["cpus", "memory", "cpu", "mem"], "it belongs below `resources` and `limits`"),
    (&["condition"], "it belongs below `restart_policy`"),
];

/// What does not belong in `resources`.
pub(crate) const RESOURCES: Elsewhere =
    &[(&["cpus", "cpu", "memory", "mem", "mem_limit", "ram"], "it belongs below `limits`")];

/// What does not belong in a mount.
pub(crate) const MOUNT: Elsewhere = &[
    (&["size", "mode"], "it belongs below `tmpfs`"),
    (&["propagation", "create_host_path", "selinux", "recursive"], "it belongs below `bind`"),
    (&["nocopy"], "it belongs below `volume`"),
    (&["subpath"], "it belongs below `volume` or `image`"),
];

/// What does not belong in a network.
pub(crate) const NETWORK: Elsewhere = &[
    (
        &["subnet", "gateway", "ip_range", "config"],
        "it belongs below `ipam`:\n\nipam:\n  config:\n    - subnet: 172.28.0.0/16",
    ),
    (&["mtu"], "write `driver_opts: {com.docker.network.driver.mtu: 1400}`"),
    (&["ipv4_address", "aliases"], "it belongs to a service, below its `networks`"),
];

/// What does not belong in `ipam`.
pub(crate) const IPAM: Elsewhere = &[(
    &["subnet", "gateway", "ip_range"],
    "it belongs to an element of `config`:\n\nconfig:\n  - subnet: 172.28.0.0/16",
)];

/// What does not belong in a volume.
pub(crate) const VOLUME: Elsewhere = &[
    (
        &["type", "device", "o"],
        "it belongs below `driver_opts`:\n\ndriver_opts:\n  type: none\n  o: bind\n  device: /srv/data",
    ),
    (&["source", "target", "path", "mountpoint"], "the services that use a volume say where it is mounted"),
];

/// What does not belong in `logging`.
pub(crate) const LOGGING: Elsewhere = &[(&["max-size", "max-file"], "it belongs below `options`")];

/// Says how the value of an attribute is written, where a finding of the wrong type does not yet.
/// `node` is that value, and `keys` those of the mappings in it.
pub(crate) fn explain_types(field: &Field, keys: &[Field], node: &Node, found: &mut [Diagnostic]) {
    quotes::replace(field, node, found);
    let wrong = found.iter_mut().filter(|found| found.code == code::WRONG_TYPE);
    for diagnostic in wrong {
        if let Some(refused) = part_at(node, diagnostic.span())
            && let Some(form::Advice { help, value }) = form::in_place_of(field, node, refused)
        {
            diagnostic.help(help).fix = None;
            diagnostic.perhaps_write_value(refused.span, value);
            continue;
        }
        let advised = diagnostic.help.clone();
        if let Some(help) = image_of_service(field, keys, node, diagnostic) {
            diagnostic.help(help);
        }
        let is_whole = diagnostic.span() == Some(node.span);
        if let Some(help) = example::in_place_of(field, node).filter(|_| is_whole) {
            diagnostic.help(help);
        }
        if diagnostic.help != advised {
            diagnostic.fix = None;
        }
        if diagnostic.help.is_some() {
            continue;
        }
        if let Some(help) = example::of_value(field).filter(|_| is_whole) {
            diagnostic.help(help);
        } else if let Some(help) =
            example_entry(field, keys, node, diagnostic).or_else(|| example_element(field, node, diagnostic))
        {
            diagnostic.help(help);
        }
    }
}

/// The value itself, or the element or entry of it that stands at a place.
fn part_at(node: &Node, at: Option<Span>) -> Option<&Node> {
    let parts: Vec<&Node> = match &node.value {
        Value::List(items) => items.iter().collect(),
        Value::Map(map) => map.entries.iter().map(|(_, value)| value).collect(),
        Value::Null | Value::Scalar(_) => Vec::new(),
    };
    std::iter::once(node).chain(parts).find(|part| at == Some(part.span))
}

/// For a service that is nothing but its image: the `:` of `web: nginx:1.27` is that of a tag.
fn image_of_service(field: &Field, keys: &[Field], node: &Node, diagnostic: &Diagnostic) -> Option<String> {
    let mut entries = node.as_map().filter(|_| field.shape == Shape::Services)?.entries.iter();
    let (name, value) = entries.find(|(_, value)| diagnostic.span() == Some(value.span))?;
    let image = value.as_text().filter(|text| !text.contains([' ', '\n', '=']))?;
    let is_attribute = image.split(':').next().is_some_and(|key| keys.iter().any(|field| field.key == key));
    (!is_attribute).then(|| format!("write the image below it:\n\n{}:\n  image: {image}", name.text))
}

/// For a value of the wrong type in a mapping by name.
fn example_entry(field: &Field, keys: &[Field], node: &Node, diagnostic: &Diagnostic) -> Option<String> {
    let mut entries = node.as_map()?.entries.iter();
    let (name, value) = entries.find(|(_, value)| diagnostic.span() == Some(value.span))?;
    let name = &name.text;
    let text = value.as_text().unwrap_or_default();
    match field.shape {
        Shape::Services if without_colon(text, keys).is_some() => without_colon(text, keys),
        Shape::Services => Some(format!("write it as keys:\n\n{name}:\n  image: nginx")),
        Shape::Resources if text.starts_with(['.', '/', '~']) => Some(format!(
            "for a directory, write `{text}:/path/in/container` at the service, and leave the volume out"
        )),
        Shape::Resources => Some(match text {
            "" => format!("leave it empty: `{name}:`"),
            driver => format!("write `{name}: {{driver: {driver}}}`, or leave it empty: `{name}:`"),
        }),
        Shape::Contents => Some(match text {
            "" => format!("write `{name}: {{file: ./{name}}}`"),
            file => format!("write `{name}: {{file: {file}}}`"),
        }),
        Shape::Dependencies => Some(format!("write `{name}: {{condition: service_started}}`")),
        Shape::Names => Some(format!("leave it empty: `{name}:`")),
        Shape::Pairs => Some(one_text(value)),
        _ => None,
    }
}

/// For a list or mapping where a variable or label has a text.
fn one_text(value: &Node) -> String {
    let texts = value.as_list().map(|items| items.iter().map(Node::as_text).collect::<Option<Vec<_>>>());
    let is_plain =
        |text: &&str| text.chars().all(|letter| letter.is_alphanumeric() || "_-./".contains(letter));
    let is_written = value.as_list().unwrap_or_default().iter().all(is_as_written);
    match texts.flatten().filter(|texts| is_written && !texts.is_empty() && texts.iter().all(is_plain)) {
        Some(texts) => {
            let json = serde_json::json!(texts);
            format!("a value is one text: write `\"{}\"`, or `'{json}'` if JSON is expected", texts.join(","))
        }
        None => "a value is one text: put it into single quotes, on one line, if JSON is expected".to_owned(),
    }
}

/// For an attribute of a service that lacks its colon: `image nginx`, `ports` above a list.
fn without_colon(text: &str, keys: &[Field]) -> Option<String> {
    let end = text.find(|letter: char| !letter.is_ascii_lowercase() && letter != '_').unwrap_or(text.len());
    let (key, rest) = text.split_at(end);
    let rest = rest.trim_start_matches([' ', ';', '：']);
    keys.iter().find(|field| field.key == key)?;
    let is_below = rest.is_empty() || rest.starts_with("- ");
    Some(match is_below {
        true => format!("a key needs a `:` after it: write `{key}:`"),
        false => format!("a key needs a `:` and a space after it: write `{key}: {}`", first_line(rest)),
    })
}

/// For a mapping in a list of names, or of texts with a colon.
fn example_element(field: &Field, node: &Node, diagnostic: &Diagnostic) -> Option<String> {
    let element = node.as_list()?.iter().find(|element| diagnostic.span() == Some(element.span))?;
    let entries = element.as_map()?.entries.as_slice();
    let (name, value) = entries.first()?;
    let (name, value) = (&name.text, value.as_text().filter(|_| entries.len() == 1));
    match (field.shape, value) {
        (Shape::Dependencies | Shape::Names, _) => {
            Some(format!("leave the dashes out: `{name}:`, and what belongs to it below"))
        }
        (_, Some(file)) if matches!(field.key, "configs" | "secrets") => {
            let key = field.key;
            Some(format!("write `{name}` here, and at the top level:\n\n{key}:\n  {name}:\n    file: {file}"))
        }
        (Shape::Hosts, Some(address)) => Some(format!("write `\"{name}={address}\"`")),
        (Shape::TextsWithColon, Some(rest)) => {
            Some(format!("write it without the space: `\"{name}:{rest}\"`"))
        }
        (_, Some(rest)) => Some(format!("if it is one text, quote it: `\"{name}: {rest}\"`")),
        (_, None) => None,
    }
}

/// Whether a mapping stands where a text with a colon was meant, `80: 80` or `./a : /b`; says so.
pub fn divided_by_a_blank(map: &Map, fields: &[Field], node: &Node, found: &mut Diagnostics) -> bool {
    let [(key, value)] = map.entries.as_slice() else { return false };
    let text = match &value.value {
        Value::Null => "...",
        _ => value.as_text().unwrap_or_default(),
    };
    if text.is_empty() || fields.iter().any(|field| field.key == key.text) {
        return false;
    }
    let is_near = suggest::closest(&key.text, fields.iter().map(|field| field.key)).is_some();
    let has_digits_or_path = key.text.contains(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
    let is_cut_off = matches!(value.value, Value::Null);
    if is_near || !(has_digits_or_path || is_cut_off || text.starts_with('/')) {
        return false;
    }
    // `"80":"80"`
    let is_quoted_apart =
        !is_cut_off && key.span.file == value.span.file && key.span.end + 1 == value.span.start;
    let what = if is_quoted_apart { "a `:` outside quotes" } else { "the space at the `:`" };
    found
        .error(code::WRONG_TYPE, format!("{what} turns this text into a mapping"))
        .label(node.span, "this is a mapping")
        .help(match () {
            _ if is_cut_off => format!("write what follows the `:`: `\"{}:{text}\"`", key.text.trim()),
            _ if is_quoted_apart => {
                format!("put one pair of quotes around all of it: `\"{}:{text}\"`", key.text)
            }
            _ => format!("write it without the space: `\"{}:{text}\"`", key.text.trim()),
        });
    true
}

/// What to type where a text stands in place of something else.
pub(crate) fn of_text(text: &str, wanted: Wanted) -> Option<String> {
    if let Some(help) = element::of_text(text).filter(|_| wanted.may_be(Kind::List)) {
        return Some(help);
    }
    let is_mapping = wanted.may_be(Kind::Mapping);
    if let Some(lines) = pairs_in(text).filter(|lines| is_mapping && lines.len() > 1) {
        return Some(format!("write a line for each:\n\n{}", lines.join("\n")));
    }
    if let Some((key, value)) = text.split_once(':').filter(|_| is_mapping)
        && is_key(key)
    {
        let is_odd = value.starts_with(|letter: char| letter.is_whitespace() && letter != ' ');
        let what =
            if is_odd { "is followed by a character that is not a space" } else { "needs a space after it" };
        return Some(format!("the `:` {what}: write `{key}: {}`", first_line(value)));
    }
    if let Some((key, value)) = text.split_once('=').filter(|_| is_mapping)
        && is_key(key.trim())
    {
        return Some(format!("write `{}: {}`", key.trim(), first_line(value)));
    }
    if let Some((key, value)) = text.split_once(' ').filter(|_| wanted.may_be(Kind::Pair))
        && is_key(key)
    {
        return Some(format!("a name needs a `:` after it: write `{key}: {}`", value.trim()));
    }
    // `22:22` alone is a number to some readers of YAML.
    let quote = if text.contains('"') {
        "'"
    } else if text.replace(", ", "").contains([':', ' ', '#']) {
        "\""
    } else {
        ""
    };
    // What stands in several lines is joined by blanks.
    let is_lines =
        text.contains(' ') && text.split(' ').all(|word| word.contains(':') && !word.ends_with([':', ',']));
    let separator = if is_lines { " " } else { ", " };
    if !is_lines && wanted.is_first(Kind::List) && text.replace(", ", "").contains(',') {
        return Some(format!("write it as a list: `{}`", inline(&json!(divided_by_commas(text)))));
    }
    let elements = text.split(separator);
    let elements: Vec<String> = elements.map(|element| format!("{quote}{element}{quote}")).collect();
    wanted.is_first(Kind::List).then(|| format!("write it as a list: `[{}]`", elements.join(", ")))
}

/// The elements of a list on one line: all of the text where its commas divide something else, as in
/// `type=local,src=a` and `/a:/b:ro,z`.
pub(crate) fn divided_by_commas(text: &str) -> Vec<&str> {
    let elements: Vec<&str> = text.split(',').map(str::trim).collect();
    let colons = |element: &str| element.matches(':').count();
    let are_alike =
        elements.iter().all(|element| !element.is_empty() && colons(element) == colons(elements[0]));
    if are_alike && !text.contains('=') { elements } else { vec![text] }
}

/// The lines of a mapping that YAML joined to one text, since a space or a colon is missing in each:
/// `A=1 B=2`, `image:nginx restart:always`.
pub(super) fn pairs_in(text: &str) -> Option<Vec<String>> {
    let joined = text.replace(" = ", "=").replace("= ", "=");
    let pair = |word: &str| {
        let (key, value) = word.split_once([':', '='])?;
        (is_key(key) && !value.is_empty()).then(|| format!("{key}: {value}"))
    };
    joined.split_whitespace().map(pair).collect()
}

/// The first word of a value, which further lines may have been joined to.
fn first_line(value: &str) -> &str {
    value.trim().split([' ', '\n']).next().unwrap_or_default()
}

pub(super) fn is_key(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::Sections;
    use crate::topology::attribute::Attribute;
    use crate::topology::service::Service;

    #[test]
    fn no_other_name_of_an_attribute_is_one_itself() {
        for fields in [Sections::KEYS, Service::KEYS] {
            for field in fields {
                for name in field.also {
                    assert!(fields.iter().all(|field| field.key != *name), "`{name}` is an attribute");
                }
            }
        }
        for (keys, _) in SERVICE {
            assert!(keys.iter().all(|key| Service::KEYS.iter().all(|field| field.key != *key)), "{keys:?}");
        }
    }
}
