//! What was probably meant: keys that other tools have, keys that belong one level deeper, and examples
//! of values.

use crate::diagnostic::{Diagnostic, Diagnostics, code, suggest};
use crate::document::{Map, Node, Value};
use crate::topology::attribute::{Field, QUOTE, element, example, quotes};

use Hint::{Advice, Renamed};

/// What to do about a key that is not known where it stands.
#[derive(Clone, Copy)]
pub enum Hint {
    /// The attribute has another name.
    Renamed(&'static str),
    /// It belongs elsewhere, or nowhere.
    Advice(&'static str),
}

/// What is known of `key` in the record of this name.
pub fn of_key(record: &str, key: &str) -> Option<Hint> {
    let (_, known) = RECORDS.iter().find(|(name, _)| *name == record)?;
    let (_, hint) = known.iter().find(|(keys, _)| keys.contains(&key))?;
    Some(*hint)
}

type Known = &'static [(&'static [&'static str], Hint)];

/// What is known of the keys of each record.
const RECORDS: &[(&str, Known)] = &[
    ("Sections", SECTIONS),
    ("Service", SERVICE),
    ("BuildSection", BUILD),
    ("Healthcheck", HEALTHCHECK),
    ("Deploy", DEPLOY),
    ("Resources", RESOURCES),
    ("Limits", LIMITS),
    ("Reservations", LIMITS),
    ("PortSection", PORT),
    ("MountSection", MOUNT),
    ("Network", NETWORK),
    ("Ipam", IPAM),
    ("Volume", VOLUME),
    ("Logging", LOGGING),
];

const SECTIONS: Known = &[
    (&["service", "container", "containers"], Renamed("services")),
    (&["network"], Renamed("networks")),
    (&["volume"], Renamed("volumes")),
    (&["secret"], Renamed("secrets")),
    (&["config"], Renamed("configs")),
    (&["project", "project_name"], Renamed("name")),
];

const SERVICE: Known = &[
    (&["net", "network-mode"], Renamed("network_mode")),
    (&["cmd", "run", "exec", "script"], Renamed("command")),
    (&["env", "envs", "env_vars", "vars", "variables"], Renamed("environment")),
    (&["port", "publish", "published_ports"], Renamed("ports")),
    (&["volume", "mount", "mounts", "bind", "binds"], Renamed("volumes")),
    (&["depend_on", "depends", "depend", "dependencies", "needs", "requires"], Renamed("depends_on")),
    (&["mem", "memory", "memory_limit", "ram"], Renamed("mem_limit")),
    (&["memory_reservation"], Renamed("mem_reservation")),
    (&["memory-swap", "memory_swap", "memswap"], Renamed("memswap_limit")),
    (&["cpu", "cpu_limit", "cpu_limits"], Renamed("cpus")),
    (&["gpu"], Renamed("gpus")),
    (&["cpuset-cpus", "cpuset_cpus"], Renamed("cpuset")),
    (&["name", "container"], Renamed("container_name")),
    (&["workdir", "working_directory", "work_dir", "cwd"], Renamed("working_dir")),
    (&["hosts", "add-host", "add_host", "extra_host"], Renamed("extra_hosts")),
    (&["host", "host_name"], Renamed("hostname")),
    (&["network", "nets"], Renamed("networks")),
    (&["user_name", "username", "uid", "run_as"], Renamed("user")),
    (&["stop-timeout", "stop_timeout"], Renamed("stop_grace_period")),
    (&["health", "health_check", "healthy"], Renamed("healthcheck")),
    (&["restart_policy"], Renamed("restart")),
    (&["pull"], Renamed("pull_policy")),
    (&["log", "logs"], Renamed("logging")),
    (&["interactive", "stdin"], Renamed("stdin_open")),
    (&["label", "tags"], Renamed("labels")),
    (&["links_to"], Renamed("links")),
    (&["readonly"], Renamed("read_only")),
    (&["arch", "architecture"], Renamed("platform")),
    (&["domain"], Renamed("domainname")),
    (
        &["context", "dockerfile", "dockerfile_inline", "cache_from", "cache_to", "build_args", "build-args"],
        Advice(
            "it belongs below `build`:\n\nbuild:\n  context: .\n  dockerfile: Dockerfile\n  args: {NAME: value}",
        ),
    ),
    (
        &["args"],
        Advice("arguments of a build belong below `build`; the words of a command line are `command`"),
    ),
    (
        &["target"],
        Advice("the stage of a Dockerfile belongs below `build`:\n\nbuild:\n  context: .\n  target: stage"),
    ),
    (
        &["test", "interval", "timeout", "retries", "retry", "start_period", "start_interval"],
        Advice(
            "it belongs below `healthcheck`:\n\nhealthcheck:\n  test: curl -f http://localhost/\n  interval: 10s\n  retries: 3",
        ),
    ),
    (&["replicas"], Advice("write `scale: 2`, or `replicas` below `deploy`")),
    (
        &["placement", "update_config", "rollback_config", "endpoint_mode", "resources"],
        Advice("it belongs below `deploy`"),
    ),
    (
        &["limits", "reservations", "limit"],
        Advice(
            "it belongs below `deploy`:\n\ndeploy:\n  resources:\n    limits: {cpus: \"0.5\", memory: 256m}",
        ),
    ),
    (&["watch"], Advice("it belongs below `develop`")),
    (
        &["aliases", "alias", "ipv4_address", "ipv6_address", "ip", "ip_address", "static_ip"],
        Advice(
            "it belongs below a network of the service:\n\nnetworks:\n  NETWORK:\n    aliases: [name]\n    ipv4_address: 172.28.0.10",
        ),
    ),
    (
        &["condition", "required"],
        Advice(
            "it belongs below a service of `depends_on`:\n\ndepends_on:\n  SERVICE:\n    condition: service_healthy",
        ),
    ),
    (
        &["driver", "options", "log_driver", "log-driver", "log_opt", "log-opt", "log_opts", "max-size"],
        Advice("it belongs below `logging`:\n\nlogging:\n  driver: json-file\n  options: {max-size: 10m}"),
    ),
    (
        &["services"],
        Advice("`services` occurs once, at the top of the file; services do not contain services"),
    ),
    (&["external"], Advice("it belongs to a network, volume, secret or config at the top level")),
    (&["detach", "d"], Advice("remove it: `topo up -d` leaves the containers running in the background")),
    (&["rm"], Advice("remove it: `topo down` removes the containers, `topo run --rm` one that runs once")),
    (&["version"], Advice("remove it: files have no version any more")),
    (&["it"], Advice("write `stdin_open: true` and `tty: true`")),
];

const BUILD: Known = &[
    (&["path", "dir", "directory", "folder"], Renamed("context")),
    (&["file", "docker_file", "docker-file"], Renamed("dockerfile")),
    (&["arg", "build_args", "build-args", "build_arg"], Renamed("args")),
    (&["stage"], Renamed("target")),
    (&["image", "tag"], Advice("name the image beside `build`: `image: NAME`")),
    (
        &["environment", "env"],
        Advice("while an image is built there are `args`; `environment` belongs beside `build`"),
    ),
];

const HEALTHCHECK: Known = &[
    (&["command", "cmd", "check"], Renamed("test")),
    (&["retry", "attempts", "max_attempts"], Renamed("retries")),
    (&["start", "start-period", "initial_delay"], Renamed("start_period")),
    (&["period", "every"], Renamed("interval")),
    (&["disabled"], Renamed("disable")),
];

const DEPLOY: Known = &[
    (&["scale", "replica", "instances"], Renamed("replicas")),
    (&["limits", "reservations"], Advice("it belongs below `resources`")),
    (&["cpus", "memory", "cpu", "mem"], Advice("it belongs below `resources` and `limits`")),
    (&["restart"], Renamed("restart_policy")),
    (&["condition"], Advice("it belongs below `restart_policy`")),
];

const RESOURCES: Known = &[
    (&["limit"], Renamed("limits")),
    (&["reservation"], Renamed("reservations")),
    (&["cpus", "cpu", "memory", "mem", "mem_limit", "ram"], Advice("it belongs below `limits`")),
];

const LIMITS: Known = &[(&["cpu"], Renamed("cpus")), (&["mem", "mem_limit", "ram"], Renamed("memory"))];

const PORT: Known = &[
    (&["container", "container_port", "port", "to"], Renamed("target")),
    (&["host", "host_port", "public", "from"], Renamed("published")),
    (&["ip", "address"], Renamed("host_ip")),
];

const MOUNT: Known = &[
    (&["destination", "dst", "to", "path", "container"], Renamed("target")),
    (&["src", "from", "host"], Renamed("source")),
    (&["readonly", "ro", "read-only"], Renamed("read_only")),
    (&["size", "mode"], Advice("it belongs below `tmpfs`")),
    (&["propagation", "create_host_path", "selinux", "recursive"], Advice("it belongs below `bind`")),
    (&["nocopy"], Advice("it belongs below `volume`")),
    (&["subpath"], Advice("it belongs below `volume` or `image`")),
];

const NETWORK: Known = &[
    (
        &["subnet", "gateway", "ip_range", "config"],
        Advice("it belongs below `ipam`:\n\nipam:\n  config:\n    - subnet: 172.28.0.0/16"),
    ),
    (&["opts", "options", "driver_options"], Renamed("driver_opts")),
    (&["mtu"], Advice("write `driver_opts: {com.docker.network.driver.mtu: 1400}`")),
    (&["ipv4_address", "aliases"], Advice("it belongs to a service, below its `networks`")),
];

const IPAM: Known = &[(
    &["subnet", "gateway", "ip_range"],
    Advice("it belongs to an element of `config`:\n\nconfig:\n  - subnet: 172.28.0.0/16"),
)];

const VOLUME: Known = &[
    (&["opts", "options", "driver_options"], Renamed("driver_opts")),
    (
        &["type", "device", "o"],
        Advice(
            "it belongs below `driver_opts`:\n\ndriver_opts:\n  type: none\n  o: bind\n  device: /srv/data",
        ),
    ),
    (
        &["source", "target", "path", "mountpoint"],
        Advice("where a volume is mounted is said by the services that use it"),
    ),
];

const LOGGING: Known = &[
    (&["type"], Renamed("driver")),
    (&["opts", "option", "driver_opts"], Renamed("options")),
    (&["max-size", "max-file"], Advice("it belongs below `options`")),
];

/// Says how the value of an attribute is written, where a finding of the wrong type does not yet.
/// `node` is that value, and `keys` those of the mappings in it.
pub fn explain_types(record: &str, key: &str, keys: &[Field], node: &Node, found: &mut [Diagnostic]) {
    quotes::replace(record, key, node, found);
    let wrong = found.iter_mut().filter(|found| found.code == code::WRONG_TYPE);
    for diagnostic in wrong {
        if let Some(help) = image_of_service(record, key, keys, node, diagnostic) {
            diagnostic.help(help);
        }
        let is_whole = diagnostic.span() == Some(node.span);
        if let Some(help) = example::in_place_of(record, key, node).filter(|_| is_whole) {
            diagnostic.help(help);
        }
        if diagnostic.help.is_some() {
            continue;
        }
        if let Some(help) = example::of_value(record, key).filter(|_| is_whole) {
            diagnostic.help(help);
        } else if let Some(help) = example_entry(record, key, keys, node, diagnostic)
            .or_else(|| example_element(record, key, node, diagnostic))
        {
            diagnostic.help(help);
        }
    }
}

/// For a service that is nothing but its image: the `:` of `web: nginx:1.27` is that of a tag.
fn image_of_service(
    record: &str,
    key: &str,
    keys: &[Field],
    node: &Node,
    diagnostic: &Diagnostic,
) -> Option<String> {
    let mut entries = node.as_map().filter(|_| (record, key) == ("Sections", "services"))?.entries.iter();
    let (name, value) = entries.find(|(_, value)| diagnostic.span() == Some(value.span))?;
    let image = value.as_text().filter(|text| !text.contains([' ', '\n', '=']))?;
    let is_attribute = image.split(':').next().is_some_and(|key| keys.iter().any(|field| field.key == key));
    (!is_attribute).then(|| format!("write the image below it:\n\n{}:\n  image: {image}", name.text))
}

/// For a value of the wrong type in a mapping by name.
fn example_entry(
    record: &str,
    key: &str,
    keys: &[Field],
    node: &Node,
    diagnostic: &Diagnostic,
) -> Option<String> {
    let mut entries = node.as_map()?.entries.iter();
    let (name, value) = entries.find(|(_, value)| diagnostic.span() == Some(value.span))?;
    let name = &name.text;
    let text = value.as_text().unwrap_or_default();
    match (record, key) {
        ("Sections", "services") if without_colon(text, keys).is_some() => without_colon(text, keys),
        ("Sections", "services") => Some(format!("write it as keys:\n\n{name}:\n  image: nginx")),
        ("Sections", "networks" | "volumes") if text.starts_with(['.', '/', '~']) => Some(format!(
            "for a directory, write `{text}:/path/in/container` at the service, and leave the volume out"
        )),
        ("Sections", "networks" | "volumes") => Some(match text {
            "" => format!("leave it empty: `{name}:`"),
            driver => format!("write `{name}: {{driver: {driver}}}`, or leave it empty: `{name}:`"),
        }),
        ("Sections", "secrets" | "configs") => Some(match text {
            "" => format!("write `{name}: {{file: ./{name}}}`"),
            file => format!("write `{name}: {{file: {file}}}`"),
        }),
        ("Service", "depends_on") => Some(format!("write `{name}: {{condition: service_started}}`")),
        ("Service", "networks") => Some(format!("leave it empty: `{name}:`")),
        ("Service", "environment" | "labels") => {
            Some("a value is one text: quote what is to be read as it is, `'{\"a\": 1}'`".to_owned())
        }
        _ => None,
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
fn example_element(record: &str, key: &str, node: &Node, diagnostic: &Diagnostic) -> Option<String> {
    let element = node.as_list()?.iter().find(|element| diagnostic.span() == Some(element.span))?;
    let entries = element.as_map()?.entries.as_slice();
    let (name, value) = entries.first()?;
    let (name, value) = (&name.text, value.as_text().filter(|_| entries.len() == 1));
    match (record, key, value) {
        ("Service", "depends_on" | "models" | "networks", _) => {
            Some(format!("leave the dashes out: `{name}:`, and what belongs to it below"))
        }
        ("Service", "extra_hosts", Some(address)) => Some(format!("write `\"{name}={address}\"`")),
        ("Service", "tmpfs" | "links" | "external_links" | "volumes_from" | "security_opt", Some(rest)) => {
            Some(format!("write it without the blank: `\"{name}:{rest}\"`"))
        }
        (_, _, Some(rest)) => Some(format!("if it is one text, quote it: `\"{name}: {rest}\"`")),
        (_, _, None) => None,
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
    let what = if is_quoted_apart { "a `:` outside of quotes" } else { "a blank at the `:`" };
    found
        .error(code::WRONG_TYPE, format!("{what} makes a mapping of this text"))
        .label(node.span, "this is a mapping")
        .help(match () {
            _ if is_cut_off => format!("write what follows the `:`: `\"{}:{text}\"`", key.text.trim()),
            _ if is_quoted_apart => {
                format!("put one pair of quotes around all of it: `\"{}:{text}\"`", key.text)
            }
            _ => format!("write it without the blank: `\"{}:{text}\"`", key.text.trim()),
        });
    true
}

/// What to type where a text stands in place of something else: `wanted`.
pub fn of_text(text: &str, wanted: &str) -> Option<String> {
    if let Some(help) = element::of_text(text).filter(|_| wanted.contains("a list")) {
        return Some(help);
    }
    let is_mapping = wanted.contains("mapping");
    if let Some(lines) = pairs_in(text).filter(|lines| is_mapping && lines.len() > 1) {
        return Some(format!("write a line for each:\n\n{}", lines.join("\n")));
    }
    if let Some((key, value)) = text.split_once(':').filter(|_| is_mapping)
        && is_key(key)
    {
        let is_odd = value.starts_with(|letter: char| letter.is_whitespace() && letter != ' ');
        let what =
            if is_odd { "is followed by a blank that is not a space" } else { "needs a space after it" };
        return Some(format!("the `:` {what}: write `{key}: {}`", first_line(value)));
    }
    if let Some((key, value)) = text.split_once('=').filter(|_| is_mapping)
        && is_key(key.trim())
    {
        return Some(format!("write `{}: {}`", key.trim(), first_line(value)));
    }
    if let Some((key, value)) = text.split_once(' ').filter(|_| wanted.contains("NAME"))
        && is_key(key)
    {
        return Some(format!("a name needs a `:` after it: write `{key}: {}`", value.trim()));
    }
    if wanted.starts_with("a string") {
        return Some(format!("{QUOTE}\"{text}\""));
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
    let elements = text.split(if is_lines { " " } else { ", " });
    let elements: Vec<String> = elements.map(|element| format!("{quote}{element}{quote}")).collect();
    wanted.starts_with("a list").then(|| format!("write it as a list: `[{}]`", elements.join(", ")))
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
    use serde_json::Map as JsonMap;

    #[test]
    fn every_other_name_is_an_attribute_of_its_record() {
        let mut records = JsonMap::new();
        Sections::schema(&mut records);
        for (record, known) in RECORDS {
            for (keys, hint) in *known {
                let attributes = &records[*record]["properties"];
                for key in *keys {
                    assert!(attributes.get(key).is_none(), "`{key}` is an attribute of {record}");
                }
                if let Renamed(name) = hint {
                    assert!(attributes.get(name).is_some(), "{record} has no `{name}`");
                }
            }
        }
    }
}
