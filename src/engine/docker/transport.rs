//! In: requests of bollard and of topo. Out: the engine's responses. Must not: know what a request
//! means.
//!
//! Every request except the first ping gets the API version as a prefix, the highest one that both
//! sides support: bollard adds none on a custom transport.

use std::time::{Duration, Instant};

use bollard::BollardRequest;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde::de::DeserializeOwned;
use tracing::debug;

use super::error;
use super::silence::{NoAnswer, RequestInfo, Silence};
use super::version::ApiVersion;
use super::wire::Connector;
use crate::engine::archive::packing::Pieces;
use crate::engine::{Address, EngineError};
use crate::source::program::Programs;

/// The type of request bodies; it is bollard's, so that one client serves both.
pub type Body = <BollardRequest as BodyOf>::Body;

/// Names the body type of a request.
pub trait BodyOf {
    /// The body type.
    type Body;
}

impl<B> BodyOf for Request<B> {
    type Body = B;
}

/// How long the first response may take; ssh itself may need a while.
const FIRST_ANSWER: Duration = Duration::from_secs(40);

/// The largest response that is buffered, in bytes (256 MiB).
const RESPONSE_LIMIT: usize = 256 * 1024 * 1024;

/// The longest path with its query, in bytes: a URI is limited to 65,534, including the address and
/// the API version.
const TARGET_LIMIT: usize = 65_000;

/// Why a request has no response.
#[derive(Debug, thiserror::Error)]
enum Broken {
    /// It could not be sent, or the connection broke.
    #[error(transparent)]
    Client(legacy::Error),
    /// The engine did not respond.
    #[error(transparent)]
    Silent(NoAnswer),
}

impl From<Broken> for bollard::errors::Error {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Client(error) => error.into(),
            Broken::Silent(no_answer) => std::io::Error::new(std::io::ErrorKind::TimedOut, no_answer).into(),
        }
    }
}

/// A pool of connections to one engine.
#[derive(Clone)]
pub struct Transport {
    address: Address,
    client: Client<Connector, Body>,
    version: ApiVersion,
    /// Headers that are added to every request unless it sets them.
    headers: HeaderMap,
    silence: Silence,
}

/// An upgraded connection: bytes in both directions.
pub type Connection = TokioIo<Upgraded>;

/// A request of topo.
pub struct Call {
    method: Method,
    target: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Body,
}

impl Call {
    /// A request without a body for a path that is already escaped, such as `/containers/json`.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, target: path.into(), headers: Vec::new(), body: bollard::body_full(Bytes::new()) }
    }

    /// A GET request.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// Adds a query parameter.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.target.push(if self.target.contains('?') { '&' } else { '?' });
        self.target.push_str(name);
        self.target.push('=');
        self.target.push_str(&escape(value, ""));
        self
    }

    /// Adds a header whose value is plain ASCII; others are ignored.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    /// Sets a JSON body.
    pub fn json(self, value: &impl serde::Serialize) -> Result<Self, EngineError> {
        let text = serde_json::to_vec(value).map_err(|error| EngineError::BadRequest(error.to_string()))?;
        Ok(self.header("content-type", "application/json").body(bollard::body_full(text.into())))
    }

    /// Sets the body.
    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    fn into_request(self) -> Result<BollardRequest, EngineError> {
        if self.target.len() > TARGET_LIMIT {
            return Err(EngineError::BadRequest(format!(
                "the request to `{}` would be longer than 64 KiB, which engines do not take: shorten what goes \
                 into it (build arguments, labels, names)",
                self.path()
            )));
        }
        let mut request = Request::builder().method(self.method).uri(format!("http://docker{}", self.target));
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request.body(self.body).map_err(|error| EngineError::BadRequest(error.to_string()))
    }
}

impl Call {
    /// The path without its query.
    fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// Escapes text for a path or a query, except for the characters in `kept`.
pub fn escape(text: &str, kept: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        let character = char::from(byte);
        if byte.is_ascii_alphanumeric() || "-._~".contains(character) || kept.contains(character) {
            escaped.push(character);
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

impl Transport {
    /// Asks the engine for its version; the only round trip before the first real request.
    pub async fn open(
        address: Address,
        headers: HeaderMap,
        silence: Silence,
        programs: Programs,
    ) -> Result<Self, EngineError> {
        let connector = Connector { endpoint: address.endpoint.clone(), programs };
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let mut transport = Self { address, client, version: ApiVersion::OLDEST, headers, silence };
        let ping = transport.exchange(transport.with_headers(Call::get("/_ping").into_request()?));
        let response = match tokio::time::timeout(FIRST_ANSWER, ping).await {
            Ok(Ok(response)) => response,
            Ok(Err(Broken::Client(error))) => return Err(error::unreachable(&transport.address, &error)),
            Ok(Err(Broken::Silent(no_answer))) => return Err(no_answer.explained()),
            Err(_) => return Err(error::silent(&transport.address, FIRST_ANSWER)),
        };
        let spoken = response.headers().get("api-version").and_then(|version| version.to_str().ok());
        transport.version = ApiVersion::negotiate(spoken, &transport.address)?;
        checked(response).await?;
        Ok(transport)
    }

    /// The negotiated API version.
    pub fn version(&self) -> ApiVersion {
        self.version
    }

    /// The engine's address.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// A bollard client on this transport.
    pub fn bollard(&self) -> Result<bollard::Docker, EngineError> {
        // bollard's limit would apply to a `stop` with a long grace period too, so it is
        // effectively disabled.
        const NO_LIMIT: u64 = 365 * 24 * 60 * 60;
        let transport = self.clone();
        let serve = move |request| {
            let transport = transport.clone();
            async move {
                let request = transport.versioned(request).map_err(bollard::errors::Error::from)?;
                Ok(transport.exchange(request).await?)
            }
        };
        bollard::Docker::connect_with_custom_transport(
            serve,
            Some("http://docker"),
            NO_LIMIT,
            bollard::API_DEFAULT_VERSION,
        )
        .map_err(|error| self.failure(error))
    }

    /// An error of bollard in topo's terms.
    pub fn failure(&self, error: bollard::errors::Error) -> EngineError {
        error::from_bollard(&self.address, error)
    }

    /// Sends a request; a response without success is an error with the engine's message.
    pub async fn send(&self, call: Call) -> Result<Response<Incoming>, EngineError> {
        let request = self.versioned(call.into_request()?).map_err(|error| {
            EngineError::BadRequest(format!("the request to the engine cannot be written: {error}"))
        })?;
        let response = self.exchange(request).await.map_err(|broken| match broken {
            Broken::Client(error) => error::broken(&self.address, &error),
            Broken::Silent(no_answer) => no_answer.explained(),
        })?;
        checked(response).await
    }

    /// Sends a request and parses the response as JSON.
    pub async fn json<T: DeserializeOwned>(&self, call: Call) -> Result<T, EngineError> {
        let path = call.path().to_owned();
        let asked = RequestInfo::new(&call.method, &path);
        let response = self.send(call).await?;
        let bytes = self
            .silence
            .watch(&asked, collect(response))
            .await
            .map_err(|no_answer| no_answer.explained())??;
        serde_json::from_slice(&bytes).map_err(|error| {
            EngineError::BadAnswer(format!("cannot understand the engine's answer to `{path}`: {error}"))
        })
    }

    /// Like [`Transport::json`], with `None` for what does not exist.
    pub async fn json_if_found<T: DeserializeOwned>(&self, call: Call) -> Result<Option<T>, EngineError> {
        match self.json(call).await {
            Ok(value) => Ok(Some(value)),
            Err(EngineError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends a request and returns the response as a stream.
    pub async fn stream(
        &self,
        call: Call,
    ) -> Result<impl Stream<Item = Result<Bytes, EngineError>> + Send + Unpin + use<>, EngineError> {
        Ok(stream_of(self.send(call).await?))
    }

    /// Sends a request that upgrades the connection, which then carries bytes of this protocol in
    /// both directions. Also returns the headers of the response.
    pub async fn take_over(
        &self,
        call: Call,
        protocol: &str,
    ) -> Result<(Connection, HeaderMap), EngineError> {
        let response = self.send(call.header("connection", "Upgrade").header("upgrade", protocol)).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(EngineError::Unsupported(format!(
                "a proxy between topo and the engine does not pass the connection on (HTTP status {})",
                response.status().as_u16()
            )));
        }
        let headers = response.headers().clone();
        let upgraded = hyper::upgrade::on(response).await.map_err(|error| error::cut_off(&error))?;
        Ok((TokioIo::new(upgraded), headers))
    }

    /// The path of all requests. The query is not logged: build arguments and labels may be
    /// secrets.
    async fn exchange(&self, request: BollardRequest) -> Result<Response<Incoming>, Broken> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let begun = Instant::now();
        let asked = RequestInfo::new(&method, &path);
        let answer = match self.silence.watch(&asked, self.client.request(request)).await {
            Ok(answer) => answer.map_err(Broken::Client),
            Err(no_answer) => Err(Broken::Silent(no_answer)),
        };
        let took = begun.elapsed();
        match &answer {
            Ok(response) => {
                debug!(%method, path, status = response.status().as_u16(), ?took, "request");
            }
            Err(error) => debug!(%method, path, %error, ?took, "request"),
        }
        answer
    }

    fn versioned(&self, mut request: BollardRequest) -> Result<BollardRequest, http::Error> {
        *request.uri_mut() = with_version(request.uri(), self.version)?;
        Ok(self.with_headers(request))
    }

    fn with_headers(&self, mut request: BollardRequest) -> BollardRequest {
        for (name, value) in &self.headers {
            request.headers_mut().entry(name).or_insert_with(|| value.clone());
        }
        request
    }
}

/// The body of a response as a stream.
pub fn stream_of(
    response: Response<Incoming>,
) -> impl Stream<Item = Result<Bytes, EngineError>> + Send + Unpin {
    response.into_body().into_data_stream().map_err(|error| error::cut_off(&error)).fuse()
}

fn with_version(uri: &Uri, version: ApiVersion) -> Result<Uri, http::Error> {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    Ok(Uri::try_from(format!("http://docker/v{version}{target}"))?)
}

async fn checked(response: Response<Incoming>) -> Result<Response<Incoming>, EngineError> {
    let status = response.status();
    if status.is_success() || status.is_informational() || status == StatusCode::NOT_MODIFIED {
        return Ok(response);
    }
    let text = collect(response).await?;
    Err(error::refused(status.as_u16(), &String::from_utf8_lossy(&text)))
}

async fn collect(response: Response<Incoming>) -> Result<Bytes, EngineError> {
    let mut body = stream_of(response);
    let mut bytes = Vec::new();
    while let Some(piece) = body.try_next().await? {
        if bytes.len() + piece.len() > RESPONSE_LIMIT {
            return Err(EngineError::BadAnswer("the engine's answer is larger than 256 MiB".to_owned()));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.into())
}

/// Chunks as the body of a request.
pub fn body_of(pieces: Pieces) -> Body {
    let body = stream::unfold(pieces, async |mut pieces: Pieces| Some((pieces.recv().await?, pieces)));
    bollard::body_try_stream(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_gets_the_version_and_keeps_its_query() {
        let uri = Uri::from_static("http://docker/containers/json?all=1");
        let versioned = with_version(&uri, ApiVersion { minor: 44 }).unwrap();
        assert_eq!(versioned, "http://docker/v1.44/containers/json?all=1");
    }

    #[test]
    fn query_values_are_escaped() {
        let call = Call::get("/events").query("filters", r#"{"a b":["ü&="]}"#).query("x", "1");
        assert_eq!(call.target, "/events?filters=%7B%22a%20b%22%3A%5B%22%C3%BC%26%3D%22%5D%7D&x=1");
    }

    #[test]
    fn a_request_that_is_too_long_is_named_without_its_query() {
        let fits = Call::new(Method::POST, "/build").query("labels", &"x".repeat(TARGET_LIMIT - 14));
        let uri = fits.into_request().unwrap().uri().clone();
        assert!(
            with_version(&uri, ApiVersion { minor: 44 }).is_ok(),
            "the limit leaves room for the version"
        );
        let too_long = Call::new(Method::POST, "/build").query("labels", &"x".repeat(TARGET_LIMIT));
        let error = too_long.into_request().err().unwrap().to_string();
        assert!(error.contains("`/build` would be longer") && !error.contains("xxx"), "{error}");
    }

    #[test]
    fn a_header_with_other_characters_is_ignored() {
        assert_eq!(Call::get("/").header("x-a", "line\nbreak").headers.len(), 0);
    }
}
