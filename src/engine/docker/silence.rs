//! In: a request that was sent. Out: how long its response may take, and a message when it is
//! overdue. Must not: give up what the engine is still working on.

use std::fmt;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Method;
use tokio::time::{Instant, sleep};

use crate::engine::EngineError;

/// Called with a message when the engine has not responded for a while.
pub type OnSilence = Arc<dyn Fn(&str) + Send + Sync>;

/// How long to wait for a response before reporting the delay.
const TOLD_AFTER: Duration = Duration::from_secs(10);

/// How long to wait for a response that engines give at once before giving up.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(60);

/// Reports overdue responses.
#[derive(Clone)]
pub struct Silence {
    on_silence: OnSilence,
    /// The time of the last report: one is enough for concurrent requests.
    told: Arc<Mutex<Option<Instant>>>,
}

/// The parts of a request that determine how long it takes.
#[derive(Clone, Debug)]
pub struct RequestInfo {
    method: Method,
    /// The path without the API's version. No query: it may hold secrets.
    path: String,
}

/// How long engines need for a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// No time: it is a mere query.
    AtOnce,
    /// Usually a moment.
    AMoment,
    /// Any time: a pull, a build, the exit of a process.
    Open,
}

/// The engine did not give a response that engines give at once.
#[derive(Debug, thiserror::Error)]
#[error("the engine has not answered `{asked}` for {} s", GIVEN_UP_AFTER.as_secs())]
pub struct NoAnswer {
    asked: RequestInfo,
}

impl NoAnswer {
    /// As an engine error.
    pub fn explained(&self) -> EngineError {
        EngineError::NoAnswer(self.to_string())
    }
}

impl Silence {
    /// Reports with this callback.
    pub fn new(on_silence: OnSilence) -> Self {
        Self { on_silence, told: Arc::default() }
    }

    /// Waits for a response, and reports when it is overdue.
    pub async fn watch<T>(
        &self,
        asked: &RequestInfo,
        answer: impl Future<Output = T>,
    ) -> Result<T, NoAnswer> {
        tokio::select! { biased;
            answer = answer => Ok(answer),
            no_answer = self.lasts(asked) => Err(no_answer),
        }
    }

    async fn lasts(&self, asked: &RequestInfo) -> NoAnswer {
        let pace = asked.pace();
        if pace == Pace::Open {
            return pending().await;
        }
        sleep(TOLD_AFTER).await;
        self.tell(asked);
        if pace != Pace::AtOnce {
            return pending().await;
        }
        sleep(GIVEN_UP_AFTER.saturating_sub(TOLD_AFTER)).await;
        NoAnswer { asked: asked.clone() }
    }

    fn tell(&self, asked: &RequestInfo) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|told| told.elapsed() >= TOLD_AFTER) {
            *told = Some(Instant::now());
            (self.on_silence)(&format!(
                "the engine has not answered `{asked}` for {} s",
                TOLD_AFTER.as_secs()
            ));
        }
    }
}

impl RequestInfo {
    /// A request for a path, which may begin with the API's version.
    pub fn new(method: &Method, path: &str) -> Self {
        let is_version = |part: &str| {
            part.strip_prefix('v').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
        };
        let rest = path.strip_prefix('/').and_then(|path| path.split_once('/'));
        let path = match rest {
            Some((version, rest)) if is_version(version) => format!("/{rest}"),
            _ => path.to_owned(),
        };
        Self { method: method.clone(), path }
    }

    fn pace(&self) -> Pace {
        let ends_with = |ends: &[&str]| ends.iter().any(|end| self.path.ends_with(end));
        let is_question = matches!(self.method, Method::GET | Method::HEAD);
        // The engine packs files, measures volumes, or asks registries.
        let is_work = ends_with(&["/archive", "/export", "/get", "/system/df"])
            || self.path.starts_with("/distribution/");
        let lasts = ["/build", "/create", "/push", "/commit", "/load", "/prune", "/session", "/grpc"];
        match is_question {
            true if is_work => Pace::Open,
            true => Pace::AtOnce,
            // Of all that is created, only images need a download.
            false if self.path.ends_with("/create") && self.path != "/images/create" => Pace::AMoment,
            false if ends_with(&lasts) || ends_with(&["/archive", "/stop", "/restart", "/wait"]) => {
                Pace::Open
            }
            false => Pace::AMoment,
        }
    }
}

impl fmt::Display for RequestInfo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: Method, path: &str) -> RequestInfo {
        RequestInfo::new(&method, path)
    }

    #[test]
    fn only_requests_that_engines_answer_at_once_have_a_limit() {
        for path in ["/_ping", "/v1.51/networks", "/v1.51/containers/json", "/containers/a/logs", "/info"] {
            assert_eq!(asked(Method::GET, path).pace(), Pace::AtOnce, "{path}");
        }
        for path in ["/containers/create", "/networks/create", "/v1.51/containers/a/start"] {
            assert_eq!(asked(Method::POST, path).pace(), Pace::AMoment, "{path}");
        }
        for path in ["/images/create", "/build", "/containers/a/stop", "/containers/a/wait", "/v1.44/commit"]
        {
            assert_eq!(asked(Method::POST, path).pace(), Pace::Open, "{path}");
        }
        assert_eq!(asked(Method::GET, "/containers/a/export").pace(), Pace::Open);
        assert_eq!(asked(Method::PUT, "/containers/a/archive").pace(), Pace::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_reported_once_and_ends_requests_with_a_limit() {
        let words = Arc::new(Mutex::new(Vec::new()));
        let heard = words.clone();
        let silence = Silence::new(Arc::new(move |told: &str| heard.lock().unwrap().push(told.to_owned())));
        let (first, second) = (asked(Method::GET, "/v1.51/networks"), asked(Method::GET, "/v1.51/volumes"));
        let later = async {
            sleep(Duration::from_millis(1)).await;
            silence.watch(&second, pending::<()>()).await
        };
        let (given_up, _) = tokio::join!(silence.watch(&first, pending::<()>()), later);
        assert_eq!(given_up.unwrap_err().to_string(), "the engine has not answered `GET /networks` for 60 s");
        // Either may come first.
        let told = words.lock().unwrap().clone();
        assert!(told.len() == 1 && told[0].ends_with("` for 10 s"), "{told:?}");
        let start = asked(Method::POST, "/containers/a/start");
        let started = silence.watch(&start, sleep(Duration::from_secs(600))).await;
        assert!(started.is_ok(), "what the engine does is waited for");
        assert_eq!(words.lock().unwrap().len(), 2);
    }
}
