//! Pulls from registries that are slow, break connections, or hand out tokens.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::door::{self, Visitor};
use crate::harness::{Project, Ran, docker, project};
use crate::images::{Registry, is_there};

/// Which images are asked for at the same time.
#[derive(Default)]
struct Crowd {
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Default)]
struct Inside {
    images: BTreeSet<String>,
    most: usize,
}

impl Crowd {
    /// Keeps whoever asks for a manifest until so many ask at once, and then for a while, in which more
    /// would come if they could. Nothing is ever found.
    fn hold(&self, visitor: Visitor, bound: usize) {
        let request = visitor.request();
        let path = request.split(' ').nth(1).unwrap_or_default();
        let Some((image, _)) = path.split_once("/manifests/") else {
            return visitor.answer("200 OK", &[], "{}");
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
        visitor.answer("404 Not Found", &[], r#"{"errors": [{"code": "MANIFEST_UNKNOWN"}]}"#);
    }
}

/// The most images that a pull of eight asked for at the same time, when `bound` is expected.
fn most_at_once(project: &Project, bound: usize, options: &[&str], variable: &str) -> usize {
    let crowd = Arc::new(Crowd::default());
    let seen = Arc::clone(&crowd);
    let port = door::open(move |visitor| crowd.hold(visitor, bound));
    let service =
        |number| format!("  s{number}: {{ image: '127.0.0.1:{port}/topo-test-crowd-{number}:1' }}\n");
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
fn pulls_run_at_the_same_time_up_to_a_bound_that_the_user_may_set() {
    let project = project("pulls-at-once", "");
    assert_eq!(most_at_once(&project, 4, &[], ""), 4);
    assert_eq!(most_at_once(&project, 2, &["--parallel", "2"], "7"), 2);
    assert_eq!(most_at_once(&project, 6, &[], "6"), 6);
}

/// A registry with an image of some size, which is not in the engine any more: its name behind a door.
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

    /// Makes the topology one that has the image from behind this door.
    fn image_behind(&self, project: &Project, port: u16) -> String {
        let image = self.direct.replace(&format!(":{}/", self.registry.port), &format!(":{port}/"));
        project.write("topology.yaml", &format!("services: {{ app: {{ image: '{image}' }} }}\n"));
        image
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn connections_that_break_are_tried_again_after_longer_and_longer_waits() {
    let project = project("broken", "");
    let remote = Remote::with_image(&project, "broken");
    let port = remote.registry.port;
    let visits = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&visits);
    // An attempt ends with its first connection, when that breaks.
    let door = door::open(move |visitor| {
        let number = {
            let mut visits = visits.lock().expect("no test failed inside");
            visits.push(Instant::now());
            visits.len()
        };
        if number > 2 {
            visitor.pass_on(port, u64::MAX);
        }
    });
    let image = remote.image_behind(&project, door);
    project.topo("pull", &[]).exits(0).says("1 image pulled");
    let visits = seen.lock().expect("no test failed inside");
    let waits: Vec<Duration> = visits.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(waits[0] >= Duration::from_millis(500), "{waits:?}");
    assert!(waits[1] >= Duration::from_secs(2), "{waits:?}");
    assert!(is_there(&image));
    docker(&["image", "rm", &image]);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_connection_that_breaks_amid_a_layer_is_survived() {
    let project = project("broken-layer", "");
    let remote = Remote::with_image(&project, "broken-layer");
    let port = remote.registry.port;
    let cuts = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&cuts);
    let door = door::open(move |visitor| {
        let is_first = {
            let mut cuts = cuts.lock().expect("no test failed inside");
            *cuts += 1;
            *cuts == 1
        };
        visitor.pass_on(port, if is_first { 1_000_000 } else { u64::MAX });
    });
    let image = remote.image_behind(&project, door);
    project.topo("pull", &[]).exits(0).says("1 image pulled");
    assert!(*seen.lock().expect("no test failed inside") > 1, "it came back after the cut");
    assert_eq!(docker(&["run", "--rm", &image, "wc", "-c", "/noise"]), "3000000 /noise");
    docker(&["image", "rm", &image]);
}
