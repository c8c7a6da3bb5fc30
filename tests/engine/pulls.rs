//! Pulls from registries that are slow, break connections, or require tokens.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::harness::{Project, Ran, docker, project};
use crate::images::{Registry, exists};
use crate::interceptor::{self, Connection};

/// Tracks which images are requested concurrently.
#[derive(Default)]
struct Concurrency {
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Default)]
struct Inside {
    images: BTreeSet<String>,
    most: usize,
}

impl Concurrency {
    /// Holds requests for a manifest until there are `bound` concurrent ones, and then for a while,
    /// in which more would arrive if allowed. Nothing is ever found.
    fn hold(&self, connection: Connection, bound: usize) {
        let request = connection.request();
        let path = request.split(' ').nth(1).unwrap_or_default();
        let Some((image, _)) = path.split_once("/manifests/") else {
            return connection.answer("200 OK", &[], "{}");
        };
        let mut inside = self.inside.lock().expect("no test failed inside");
        inside.images.insert(image.to_owned());
        inside.most = inside.most.max(inside.images.len());
        self.changed.notify_all();
        let patience = Duration::from_secs(20);
        let waited = self.changed.wait_timeout_while(inside, patience, |inside| inside.most < bound);
        drop(waited);
        std::thread::sleep(Duration::from_millis(500));
        self.inside.lock().expect("no test failed inside").images.remove(image);
        connection.answer("404 Not Found", &[], r#"{"errors": [{"code": "MANIFEST_UNKNOWN"}]}"#);
    }
}

/// The most images that a pull of eight requested concurrently, when `bound` is expected.
fn most_at_once(project: &Project, bound: usize, options: &[&str], variable: &str) -> usize {
    let concurrency = Arc::new(Concurrency::default());
    let seen = Arc::clone(&concurrency);
    let port = interceptor::start(move |connection| concurrency.hold(connection, bound));
    let service =
        |number| format!("  s{number}: {{ image: '127.0.0.1:{port}/topo-test-concurrency-{number}:1' }}\n");
    let services: String = (1..=8).map(service).collect();
    project.write("topology.yaml", &format!("services:\n{services}"));
    let mut topo = project.command("pull", &[&["--ignore-pull-failures"], options].concat());
    topo.env("COMPOSE_PARALLEL_LIMIT", variable);
    Ran::of(topo.output().expect("topo runs")).exits(0);
    let inside = seen.inside.lock().expect("no test failed inside");
    inside.most
}

#[test]
#[ignore = "needs a Docker Engine"]
fn pulls_run_concurrently_up_to_a_configurable_limit() {
    let project = project("pulls-at-once", "");
    assert_eq!(most_at_once(&project, 4, &[], ""), 4);
    assert_eq!(most_at_once(&project, 2, &["--parallel", "2"], "7"), 2);
    assert_eq!(most_at_once(&project, 6, &[], "6"), 6);
}

/// A registry with a large image that is not in the engine: its name behind a test server.
struct Remote {
    registry: Registry,
    direct: String,
}

impl Remote {
    fn with_image(project: &Project, name: &str) -> Self {
        let registry = Registry::start();
        let direct = registry.image(&format!("{name}:1"));
        project.write("Dockerfile", "FROM busybox:1.37\nRUN head -c 3000000 /dev/urandom > /noise\n");
        project.write("topology.yaml", &format!("services: {{ app: {{ build: ., image: '{direct}' }} }}\n"));
        project.topo("build", &["--push"]).exits(0);
        docker(&["image", "rm", &direct]);
        Self { registry, direct }
    }

    /// Sets the image in the topology to the one behind this server.
    fn image_behind(&self, project: &Project, port: u16) -> String {
        let image = self.direct.replace(&format!(":{}/", self.registry.port), &format!(":{port}/"));
        project.write("topology.yaml", &format!("services: {{ app: {{ image: '{image}' }} }}\n"));
        image
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn broken_connections_are_retried_with_backoff() {
    let project = project("broken", "");
    let remote = Remote::with_image(&project, "broken");
    let port = remote.registry.port;
    let visits = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&visits);
    // An attempt ends with its first connection, if that breaks.
    let front = interceptor::start(move |connection| {
        let number = {
            let mut visits = visits.lock().expect("no test failed inside");
            visits.push(Instant::now());
            visits.len()
        };
        if number > 2 {
            connection.pass_on(port, u64::MAX);
        }
    });
    let image = remote.image_behind(&project, front);
    project.topo("pull", &[]).exits(0).says("1 image pulled");
    let visits = seen.lock().expect("no test failed inside");
    let waits: Vec<Duration> = visits.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(waits[0] >= Duration::from_millis(500), "{waits:?}");
    assert!(waits[1] >= Duration::from_secs(2), "{waits:?}");
    assert!(exists(&image));
    docker(&["image", "rm", &image]);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_connection_that_breaks_within_a_layer_is_retried() {
    let project = project("broken-layer", "");
    let remote = Remote::with_image(&project, "broken-layer");
    let port = remote.registry.port;
    let cuts = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&cuts);
    let front = interceptor::start(move |connection| {
        let is_first = {
            let mut cuts = cuts.lock().expect("no test failed inside");
            *cuts += 1;
            *cuts == 1
        };
        connection.pass_on(port, if is_first { 1_000_000 } else { u64::MAX });
    });
    let image = remote.image_behind(&project, front);
    project.topo("pull", &[]).exits(0).says("1 image pulled");
    assert!(*seen.lock().expect("no test failed inside") > 1, "it came back after the cut");
    assert_eq!(docker(&["run", "--rm", &image, "wc", "-c", "/noise"]), "3000000 /noise");
    docker(&["image", "rm", &image]);
}
