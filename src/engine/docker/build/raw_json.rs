//! In: the output of `docker buildx --progress rawjson`. Out: progress, and lines of other text.
//! Must not: run it.

use crate::engine::phrase;
use std::collections::VecDeque;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

use super::steps::{Log, Status, Steps, Transfer, Vertex};
use crate::engine::Progress;

/// The longest line that is parsed, in bytes (16 MiB): progress contains pieces of output.
const LINE_LIMIT: u64 = 16 * 1024 * 1024;

/// How many lines of text are kept, and how many bytes of each: the last ones say why a build
/// failed.
const WORDS_LIMIT: usize = 1000;

/// Reads the output of a build; returns the text other than progress, up to the limits.
pub(super) async fn read(
    mut errors: impl AsyncBufRead + Unpin,
    steps: &mut Steps,
    progress: &dyn Fn(Progress),
) -> std::io::Result<String> {
    let mut words = VecDeque::new();
    let mut line = Vec::new();
    // A longer line arrives in pieces, none of which is progress.
    while (&mut errors).take(LINE_LIMIT).read_until(b'\n', &mut line).await? > 0 {
        match serde_json::from_slice::<SolveStatus>(&line) {
            Ok(status) => steps.apply(status.into(), progress),
            Err(_) => words.extend(kept(&String::from_utf8_lossy(&line))),
        }
        if words.len() > WORDS_LIMIT {
            words.pop_front();
        }
        line.clear();
    }
    Ok(words.make_contiguous().join("\n"))
}

/// The part of a line to keep; `None` for an empty line.
fn kept(line: &str) -> Option<String> {
    let line = line.trim_end_matches(['\r', '\n']);
    let line = &line[..line.floor_char_boundary(WORDS_LIMIT.min(line.len()))];
    (!is_noise(line)).then(|| phrase::ERROR.rest_of(line).unwrap_or(line).to_owned())
}

/// buildx warns about a `$` in the definition, because it first tries to read a Compose file.
pub(super) fn is_noise(line: &str) -> bool {
    phrase::UNSET_VARIABLE.rest_of(line).is_some_and(|rest| rest.ends_with(phrase::BLANK_STRING.words))
}

/// A line of `--progress rawjson`: BuildKit's `SolveStatus`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SolveStatus {
    vertexes: Option<Vec<RawVertex>>,
    statuses: Option<Vec<RawTransfer>>,
    logs: Option<Vec<RawLog>>,
    #[serde(rename = "warnings")]
    _warnings: Option<serde::de::IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawVertex {
    digest: String,
    name: String,
    cached: bool,
    started: Option<String>,
    completed: Option<String>,
    error: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawTransfer {
    id: String,
    vertex: String,
    current: u64,
    total: u64,
    completed: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawLog {
    vertex: String,
    data: String,
}

impl From<SolveStatus> for Status {
    fn from(status: SolveStatus) -> Self {
        let SolveStatus { vertexes, statuses, logs, _warnings: _ } = status;
        let vertex = |raw: RawVertex| Vertex {
            started: raw.started.as_deref().and_then(nanoseconds),
            completed: raw.completed.as_deref().and_then(nanoseconds),
            digest: raw.digest,
            name: raw.name,
            is_cached: raw.cached,
            error: raw.error,
        };
        let transfer = |raw: RawTransfer| Transfer {
            id: raw.id,
            vertex: raw.vertex,
            current: raw.current,
            total: raw.total,
            is_complete: raw.completed.is_some(),
        };
        let log =
            |raw: RawLog| Log { vertex: raw.vertex, message: STANDARD.decode(raw.data).unwrap_or_default() };
        Status {
            vertexes: vertexes.unwrap_or_default().into_iter().map(vertex).collect(),
            transfers: statuses.unwrap_or_default().into_iter().map(transfer).collect(),
            logs: logs.unwrap_or_default().into_iter().map(log).collect(),
        }
    }
}

/// An RFC 3339 time as nanoseconds since 1970.
fn nanoseconds(time: &str) -> Option<i128> {
    Some(time.parse::<jiff::Timestamp>().ok()?.as_nanosecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_zone() {
        assert_eq!(nanoseconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(nanoseconds("2000-03-01T00:00:00.5Z"), Some(951_868_800_500_000_000));
        assert_eq!(nanoseconds("2026-11-22T03:02:32.212645162Z"), Some(1_795_316_552_212_645_162));
        assert_eq!(nanoseconds("2026-11-22T00:02:32-03:00"), nanoseconds("2026-11-22T03:02:32Z"));
        assert_eq!(nanoseconds("yesterday"), None);
    }

    #[tokio::test]
    async fn invalid_utf8_is_kept_as_text() {
        let said: &[u8] = b"{\"logs\":[]}\nERROR: no \xff such file\r\nlast";
        let words = read(said, &mut Steps::default(), &|_| {}).await.unwrap();
        assert_eq!(words, "no \u{fffd} such file\nlast");
        let long = [b"x".repeat(5000), b"\ny".repeat(3000)].concat();
        let words = read(long.as_slice(), &mut Steps::default(), &|_| {}).await.unwrap();
        assert_eq!((words.lines().count(), words.ends_with('y')), (WORDS_LIMIT, true));
    }

    #[test]
    fn progress_is_distinguished_from_other_text() {
        let line = r#"{"vertexes":[{"digest":"sha256:a","name":"RUN x","started":"2026-11-22T03:02:32Z","cached":true}],"logs":[{"vertex":"sha256:a","stream":1,"data":"aGk=","timestamp":"2026-11-22T03:02:32Z"}]}"#;
        let status = Status::from(serde_json::from_str::<SolveStatus>(line).unwrap());
        assert!(status.vertexes[0].is_cached && status.vertexes[0].started.is_some());
        assert_eq!(status.logs[0].message, b"hi");
        assert!(serde_json::from_str::<SolveStatus>("ERROR: failed to solve").is_err());
    }
}
