//! Runs are killed at each of their steps and at random times: the next `up` leaves nothing half done.

use std::time::Duration;

use crate::harness::{Project, Ran, Running, docker, eventually, project};
use crate::proxy::{Proxy, Trouble};

/// `db` takes a while to end.
const SHOP: &str = r#"
services:
  web: { image: 'busybox:1.37', command: sleep 1000, init: true, depends_on: { db: { condition: service_healthy } } }
  db:
    image: busybox:1.37
    command: [sh, -c, "trap 'sleep 0.4; exit' TERM; sleep 1000 & wait"]
    stop_grace_period: 2s
    healthcheck: { test: [CMD, 'true'], interval: 1s, start_interval: 100ms, start_period: 10s }
    volumes: ['data:/data', /anonymous]
    labels: { edition: EDITION }
volumes: { data: {} }
"#;

const SERVICES: [&str; 2] = ["db", "web"];

/// A project behind a proxy, whose topology changes from run to run.
struct Shop {
    project: Project,
    proxy: Proxy,
    edition: usize,
}

impl Shop {
    fn new(name: &str) -> Self {
        let mut shop = Self { project: project(name, ""), proxy: Proxy::start(), edition: 0 };
        shop.edit();
        shop.topo("up", &["-d"]).exits(0);
        shop
    }

    fn start(&self, command: &str, arguments: &[&str]) -> Running {
        let mut topo = self.project.command(command, arguments);
        topo.env("DOCKER_HOST", self.proxy.address());
        Running::spawn(topo)
    }

    fn topo(&self, command: &str, arguments: &[&str]) -> Ran {
        self.start(command, arguments).end()
    }

    fn edit(&mut self) {
        self.edition += 1;
        let text = SHOP.replace("EDITION", &format!("'{}'", self.edition));
        self.project.write("topology.yaml", &text);
    }

    /// Fails the test unless a killed run is followed by one that makes the project whole at once.
    fn assert_recovers(&self, how: &str) {
        let next = self.topo("up", &["-d"]);
        assert_eq!(next.code, 0, "{how}\n{}", next.err);
        self.assert_is_whole(&format!("{how}\n{}", next.err));
        let after = self.topo("up", &["-d"]).exits(0);
        assert!(after.err.contains("up to date"), "{how}\n{}\nafter it:\n{}", next.err, after.err);
        self.assert_is_whole(how);
    }

    fn assert_is_whole(&self, how: &str) {
        let containers = SERVICES.map(|service| self.project.container(service));
        let state = "{{.State.Status}} {{.State.ExitCode}} {{.Config.Labels.edition}}";
        let names: Vec<&str> = containers.iter().map(String::as_str).collect();
        let states = docker(&[&["inspect", "--format", state], &names[..]].concat());
        let whole = format!("running 0 {}\nrunning 0 <no value>", self.edition);
        assert_eq!(states, whole, "{how}");
        assert_eq!(self.project.objects("container"), containers, "{how}");
        assert_eq!(self.project.objects("network").len(), 1, "{how}");
        assert_eq!(self.project.objects("volume").len(), 1, "{how}");
    }

    /// Kills a command at each request by which it changes something. Returns how many there are.
    fn kill_at_each_step(&mut self, command: &str, arguments: &[&str], prepare: impl Fn(&mut Self)) -> usize {
        for number in 0.. {
            prepare(self);
            let before = self.proxy.requests("!GET *").len();
            // The engine has got the request, and nobody waits for its answer any more.
            let mute = self.proxy.rule("!GET *", Trouble::Mute).after(number).times(1);
            let mut run = self.start(command, arguments);
            let sent = || self.proxy.requests("!GET *").split_off(before);
            eventually("the request, or the end", || sent().len() > number || run.has_ended());
            let requests = sent();
            if requests.len() > number {
                run.signal("KILL");
            }
            mute.lift();
            run.end();
            self.assert_recovers(&format!("{command} killed at {:?}", requests.get(number)));
            if requests.len() <= number {
                return number;
            }
        }
        unreachable!("a command has an end")
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_kill_at_any_step_of_a_first_up_loses_nothing() {
    let mut shop = Shop::new("kills-first");
    let steps = shop.kill_at_each_step("up", &["-d"], |shop| {
        shop.topo("down", &["--volumes", "--timeout", "0"]).exits(0);
    });
    assert_eq!(steps, 6, "a network, a volume, and two containers are created, and these started");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_kill_at_any_step_of_a_replacement_loses_nothing() {
    let mut shop = Shop::new("kills-again");
    let steps = shop.kill_at_each_step("up", &["-d", "--force-recreate"], Shop::edit);
    assert!(steps >= 10, "two containers are created, stopped, removed, renamed and started: {steps}");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_kill_at_any_step_of_down_loses_nothing() {
    let mut shop = Shop::new("kills-down");
    let steps = shop.kill_at_each_step("down", &[], |_| {});
    assert_eq!(steps, 5, "two containers are stopped and removed, and the network");
}

/// How many kills are tried at random times.
fn random_kills() -> u64 {
    std::env::var("TOPO_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(6)
}

#[test]
#[ignore = "needs a Docker Engine"]
#[expect(clippy::print_stderr, reason = "a longer run says how many kills met a run that was under way")]
fn a_kill_at_any_time_loses_nothing() {
    let mut shop = Shop::new("kills-times");
    let mut interrupted = 0;
    for kill in 0..random_kills() {
        let (command, arguments): (&str, &[&str]) = match kill % 6 {
            0 | 3 => ("up", &["-d"]),
            1 => ("up", &["-d", "--force-recreate"]),
            2 => ("restart", &[]),
            4 => ("stop", &[]),
            _ => ("down", &[]),
        };
        if matches!(kill % 6, 0 | 3) {
            shop.edit();
        }
        // Spread evenly over the time that a run takes: multiples of the golden ratio.
        let after = Duration::from_secs_f64((kill as f64 * 0.618_034).fract() * 1.2);
        let mut run = shop.start(command, arguments);
        std::thread::sleep(after);
        if !run.has_ended() {
            interrupted += 1;
            run.signal("KILL");
        }
        run.end();
        shop.assert_recovers(&format!("{command} {arguments:?} killed after {after:?}"));
    }
    eprintln!("{interrupted} runs killed before their ends, none lost");
}
