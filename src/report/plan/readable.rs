//! Values of the model as a person would write them.

use serde_json::Value as Json;

/// The attributes that are sizes in bytes, by their last keys; `*` is any key.
const SIZES: &[&[&str]] = &[
    &["mem_limit"],
    &["mem_reservation"],
    &["memswap_limit"],
    &["shm_size"],
    &["limits", "memory"],
    &["reservations", "memory"],
    &["tmpfs", "size"],
    &["device_read_bps", "*"],
    &["device_write_bps", "*"],
];

/// The last keys of attributes that are durations.
const DURATIONS: &[&str] =
    &["interval", "timeout", "start_period", "start_interval", "stop_grace_period", "delay", "window"];

/// The value at a path: `64m` instead of 67108864, `2m` instead of 2m0s.
pub(super) fn readable<'a>(mut path: Vec<&'a str>, value: &'a Json) -> Json {
    at(&mut path, value)
}

fn at<'path>(path: &mut Vec<&'path str>, value: &'path Json) -> Json {
    match value {
        Json::Object(map) => {
            let entry = |(key, value): (&'path String, &'path Json)| {
                path.push(key);
                let read = at(path, value);
                path.pop();
                (key.clone(), read)
            };
            map.iter().map(entry).collect()
        }
        Json::String(text) if is_size(path) => size(text).map_or_else(|| value.clone(), Json::String),
        Json::String(text) if path.last().is_some_and(|last| DURATIONS.contains(last)) => {
            Json::String(duration(text).to_owned())
        }
        Json::Number(number) if is_size(path) => {
            size(&number.to_string()).map_or_else(|| value.clone(), Json::String)
        }
        _ => value.clone(),
    }
}

fn is_size(path: &[&str]) -> bool {
    SIZES.iter().any(|keys| {
        path.len() >= keys.len()
            && path[path.len() - keys.len()..]
                .iter()
                .zip(*keys)
                .all(|(key, known)| key == known || *known == "*")
    })
}

/// The size in the largest unit that gives an integer.
fn size(text: &str) -> Option<String> {
    let bytes: u64 = text.parse().ok()?;
    let units = [(1 << 40, "t"), (1 << 30, "g"), (1 << 20, "m"), (1 << 10, "k")];
    let fits = |(factor, _): &(u64, &str)| bytes > 0 && bytes.is_multiple_of(*factor);
    units.into_iter().find(fits).map(|(factor, unit)| format!("{}{unit}", bytes / factor))
}

/// The duration without trailing parts that are zero.
fn duration(text: &str) -> &str {
    let ends_with_zero = |text: &str, end: &str| {
        text.strip_suffix(end).is_some_and(|rest| rest.ends_with(|letter: char| letter.is_alphabetic()))
    };
    let text = if ends_with_zero(text, "0s") { &text[..text.len() - 2] } else { text };
    if ends_with_zero(text, "0m") { &text[..text.len() - 2] } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sizes_have_units() {
        let sizes = [67_108_864_u64, 1 << 30, 3 << 29, 1_000_000, 1 << 40, 0, 512];
        let read = sizes
            .map(|bytes| readable("mem_limit".split('.').collect(), &json!(bytes.to_string())).to_string());
        assert_eq!(
            read,
            [r#""64m""#, r#""1g""#, r#""1536m""#, r#""1000000""#, r#""1t""#, r#""0""#, r#""512""#]
        );
        assert_eq!(readable("mem_limit".split('.').collect(), &json!("-1")), json!("-1"));
        let limits = json!({ "cpus": 0.5, "memory": "67108864" });
        assert_eq!(
            readable("deploy.resources.limits".split('.').collect(), &limits),
            json!({ "cpus": 0.5, "memory": "64m" })
        );
        let mount = json!({ "target": "/a", "tmpfs": { "size": "1048576" } });
        assert_eq!(readable("volumes./a".split('.').collect(), &mount)["tmpfs"]["size"], json!("1m"));
    }

    #[test]
    fn durations_have_no_trailing_zeros() {
        let read = ["1h0m0s", "2m0s", "1m30s", "10s", "0s", "1h0m1s", "10m0s", "1h10m0s"].map(duration);
        assert_eq!(read, ["1h", "2m", "1m30s", "10s", "0s", "1h0m1s", "10m", "1h10m"]);
    }

    #[test]
    fn other_values_are_unchanged() {
        assert_eq!(readable("environment.MEMORY".split('.').collect(), &json!("1024")), json!("1024"));
        assert_eq!(
            readable("sysctls.net.core.rmem_max".split('.').collect(), &json!("1048576")),
            json!("1048576")
        );
    }
}
