//! In: what a builder may request from this machine. Out: the responses, for as long as a build
//! lasts. Must not: build.
//!
//! A session is a connection that the engine upgrades (`POST /session`, Engine API 1.31): on it,
//! the builder is the client of a gRPC service on this side. It requests the Dockerfile and the
//! context as two separate directories, so that neither needs to contain the other.

mod attributes;
mod file_sync;
mod grpc;
mod wanted;

use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use h2::RecvStream;
use h2::server::SendResponse;
use http::{Method, Request};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::super::transport::{Call, Connection, Transport};
use super::directory::Selection;
use crate::engine::EngineError;
use grpc::{Answer, Code, Messages};
use wanted::Wanted;

const FILES: &str = "/moby.filesync.v1.FileSync/DiffCopy";
const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// `grpc.health.v1.HealthCheckResponse` with the status `SERVING`.
const HEALTHY: [u8; 2] = [1 << 3, 1];

/// A directory that is offered to a builder.
#[derive(Clone)]
pub(super) enum Local {
    /// A directory.
    Directory(PathBuf),
    /// Files in memory, by name.
    Texts(Vec<(String, Bytes)>),
}

/// What a builder may request.
#[derive(Clone)]
pub(super) struct Offer {
    /// The build context.
    pub(super) context: PathBuf,
    /// The Dockerfile, and its own ignore file if it has one.
    pub(super) dockerfile: Vec<(String, Bytes)>,
}

/// A connection on which a builder is served, until it is dropped.
pub(super) struct Session {
    /// The id by which the builder refers to it.
    pub(super) id: String,
    _serving: JoinSet<()>,
    failures: mpsc::UnboundedReceiver<EngineError>,
}

impl Session {
    /// Opens a session; `None` if the engine has none, or a proxy does not let it through.
    pub(super) async fn open(transport: &Transport, offer: Offer) -> Result<Option<Self>, EngineError> {
        let id = id().map_err(|error| {
            EngineError::System(format!("the system provides no random numbers: {error}"))
        })?;
        let name = offer.context.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let call = Call::new(Method::POST, "/session")
            .header("x-docker-expose-session-uuid", &id)
            .header("x-docker-expose-session-name", &name)
            .header("x-docker-expose-session-sharedkey", &shared_key(&offer.context))
            .header("x-docker-expose-session-grpc-method", FILES)
            .header("x-docker-expose-session-grpc-method", HEALTH);
        let connection = match transport.take_over(call, "h2c").await {
            Ok((connection, _)) => connection,
            Err(EngineError::Refused { .. } | EngineError::Unsupported(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let (failed, failures) = mpsc::unbounded_channel();
        let mut serving = JoinSet::new();
        serving.spawn(serve(connection, offer, failed));
        Ok(Some(Self { id, _serving: serving, failures }))
    }

    /// The error of this side, if there was one.
    pub(super) fn failure(&mut self) -> Option<EngineError> {
        self.failures.try_recv().ok()
    }
}

/// Serves calls until the connection ends, which the build's own response explains.
async fn serve(connection: Connection, offer: Offer, failed: mpsc::UnboundedSender<EngineError>) {
    let Ok(mut connection) = h2::server::handshake(connection).await else { return };
    let mut answers = JoinSet::new();
    while let Some(Ok((request, respond))) = connection.accept().await {
        let (offer, failed) = (offer.clone(), failed.clone());
        answers.spawn(async move {
            if let Err(error) = answer(request, respond, offer).await {
                // The error may go unread.
                let _ = failed.send(error);
            }
        });
        while answers.try_join_next().is_some() {}
    }
}

/// Serves a call. The error is one of this side; a builder that disconnects is not an error.
async fn answer(
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
    offer: Offer,
) -> Result<(), EngineError> {
    let Ok(mut answer) = Answer::begin(respond) else { return Ok(()) };
    // It does not matter whether the builder receives the end of its call.
    match request.uri().path() {
        FILES => return send_files(request, answer, offer).await,
        HEALTH => {
            let mut frames = BytesMut::new();
            grpc::frame(&HEALTHY, &mut frames);
            if answer.send(frames.freeze()).await.is_ok() {
                let _ = answer.end(Code::Ok, "");
            }
        }
        _ => {
            let _ = answer.end(Code::Unimplemented, "unknown method");
        }
    }
    Ok(())
}

async fn send_files(request: Request<RecvStream>, answer: Answer, offer: Offer) -> Result<(), EngineError> {
    let wanted = Wanted::read(request.headers());
    let messages = Messages::new(request.into_body());
    let (local, selection) = match wanted.directory.as_str() {
        "context" => {
            let Offer { context, dockerfile: _ } = offer;
            let root = context.clone();
            let selection = super::blocking(move || wanted.selection(&root)).await?;
            (Local::Directory(context), selection)
        }
        "dockerfile" => (Local::Texts(offer.dockerfile), Selection::default()),
        _ => {
            let _ = answer.end(Code::NotFound, "no such directory is offered");
            return Ok(());
        }
    };
    file_sync::serve(local, selection, messages, answer).await
}

/// 32 random hexadecimal digits.
fn id() -> std::io::Result<String> {
    let mut bytes = [0; 16];
    std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, &mut bytes)?;
    Ok(hexadecimal(&bytes))
}

/// A key that identifies a directory across builds: its path and this machine. The builder compares
/// files by time and size, so that two machines must not share a key.
fn shared_key(directory: &Path) -> String {
    let mut digest = Sha256::new();
    digest.update(rustix::system::uname().nodename().to_bytes());
    digest.update([0]);
    digest.update(std::fs::read("/etc/machine-id").unwrap_or_default());
    digest.update([0]);
    digest.update(directory.as_os_str().as_encoded_bytes());
    hexadecimal(&digest.finalize()[..16])
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_directory_is_stable_and_unique() {
        assert_eq!(shared_key(Path::new("/a")), shared_key(Path::new("/a")));
        assert_ne!(shared_key(Path::new("/a")), shared_key(Path::new("/b")));
    }
}
