//! In: a container, running or not, and paths in it. Out: their kind; archives from and to them.
//! Must not: know files of this machine, or keep an archive in memory.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, Method};
use serde::Deserialize;

use super::super::Docker;
use super::super::transport::{Call, body_of, escape};
use crate::engine::archive::packing::Pieces;
use crate::engine::{CopyFiles, EngineError, Kind, OtherKinds, Ownership};
use crate::topology::name::ContainerName;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PathStat {
    /// In Go's format: the type in the highest bits.
    mode: u32,
    #[serde(default)]
    link_target: String,
}

impl CopyFiles for Docker {
    async fn kind_of_path(&self, container: &ContainerName, path: &str) -> Result<Option<Kind>, EngineError> {
        match self.transport.send(call(Method::HEAD, container, path)).await {
            Ok(answer) => kind(answer.headers()).map(Some),
            Err(EngineError::Refused { status: 404, .. }) => Ok(None),
            // The engine reports no proper error for a file whose path ends like a directory's.
            Err(EngineError::Refused { status: 500, .. }) if path.ends_with(['/', '.']) => {
                let file = path.trim_end_matches('.').trim_end_matches('/');
                match self.transport.send(call(Method::HEAD, container, file)).await {
                    Ok(answer) => kind(answer.headers()).map(Some),
                    Err(error) => Err(self.with_message(error, container, file).await),
                }
            }
            Err(error) => Err(self.with_message(error, container, path).await),
        }
    }

    async fn archive_of_path(
        &self,
        container: &ContainerName,
        path: &str,
    ) -> Result<impl Stream<Item = Result<Bytes, EngineError>> + Send + Unpin + use<>, EngineError> {
        self.transport.stream(call(Method::GET, container, path)).await
    }

    async fn unpack_to_path(
        &self,
        container: &ContainerName,
        directory: &str,
        archive: Pieces,
        ownership: Ownership,
        other_kinds: OtherKinds,
    ) -> Result<(), EngineError> {
        let mut call = call(Method::PUT, container, directory)
            .query("noOverwriteDirNonDir", if other_kinds == OtherKinds::Stay { "true" } else { "false" })
            .header("content-type", "application/x-tar")
            .body(body_of(archive));
        if ownership == Ownership::OfContainer {
            call = call.query("copyUIDGID", "true");
        }
        self.transport.send(call).await.map(|_| ())
    }
}

impl Docker {
    /// The response to a HEAD request has no message: the engine gives its reason when the content
    /// is requested.
    async fn with_message(&self, error: EngineError, container: &ContainerName, path: &str) -> EngineError {
        if !matches!(error, EngineError::Refused { .. }) {
            return error;
        }
        match self.transport.send(call(Method::GET, container, path)).await {
            Err(EngineError::Refused { status, message }) => {
                EngineError::Refused { status, message: named_link(&message, path).unwrap_or(message) }
            }
            Ok(_) | Err(_) => error,
        }
    }
}

fn call(method: Method, container: &ContainerName, path: &str) -> Call {
    Call::new(method, format!("/containers/{}/archive", escape(container.as_str(), ""))).query("path", path)
}

/// `evalSymlinksInScope: too many links in /loop`, `lstat /loop/x: too many levels of symbolic links`.
fn named_link(message: &str, path: &str) -> Option<String> {
    let is_loop = ["too many links", "too many levels of symbolic links"];
    is_loop
        .iter()
        .any(|words| message.contains(words))
        .then(|| format!("`{path}` in the container leads to itself: its symbolic links form a loop"))
}

fn kind(headers: &HeaderMap) -> Result<Kind, EngineError> {
    const DIRECTORY: u32 = 1 << 31;
    const LINK: u32 = 1 << 27;
    // Devices, pipes, sockets, character devices, and irregular files in Go's terms.
    const OTHER: u32 = 1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19;
    let stat = headers.get("x-docker-container-path-stat").and_then(|text| STANDARD.decode(text).ok());
    let stat: Option<PathStat> = stat.and_then(|text| serde_json::from_slice(&text).ok());
    match stat {
        Some(PathStat { mode, .. }) if mode & DIRECTORY != 0 => Ok(Kind::Directory),
        Some(PathStat { mode, link_target }) if mode & LINK != 0 => Ok(Kind::Link { target: link_target }),
        Some(PathStat { mode, .. }) if mode & OTHER != 0 => Ok(Kind::Other),
        Some(_) => Ok(Kind::File),
        None => Err(EngineError::BadAnswer("the engine does not say what is at a path".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(stat: &str) -> Kind {
        let header = STANDARD.encode(stat).parse().unwrap();
        kind(&HeaderMap::from_iter([("x-docker-container-path-stat".parse().unwrap(), header)])).unwrap()
    }

    #[test]
    fn the_header_about_a_path_is_understood() {
        let stat = |mode: u32| format!(r#"{{"name":"x","size":4096,"mode":{mode},"linkTarget":"/a/b"}}"#);
        assert_eq!(kind_of(&stat(1 << 31 | 0o755)), Kind::Directory);
        assert_eq!(kind_of(&stat(0o644)), Kind::File);
        assert_eq!(kind_of(&stat(1 << 27 | 0o777)), Kind::Link { target: "/a/b".into() });
        assert_eq!(kind_of(&stat(1 << 26 | 1 << 21 | 0o666)), Kind::Other);
        assert!(kind(&HeaderMap::new()).is_err());
    }
}
