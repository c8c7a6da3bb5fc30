//! topo and Docker Compose take over each other's projects, and keep what has not changed.

use std::process::Command;

use crate::harness::{Project, docker, project};

const SHOP: &str = "
services:
  web:
    build: web
    init: true
    env_file: [web.env]
    environment:
      MODE: one
    command: sleep 1000
    depends_on:
      db:
        condition: service_healthy
    ports: ['127.0.0.1::80']
    networks: [front, back]
    deploy:
      replicas: 2
      resources:
        limits:
          memory: 64m
          cpus: '0.5'
  db:
    image: busybox:1.37
    init: true
    command: sh -c 'sleep 1000'
    healthcheck:
      test: [CMD, 'true']
      interval: 1s
    volumes: ['data:/data', './web:/web:ro', {type: tmpfs, target: /scratch}]
    networks:
      back:
        aliases: [database]
    secrets: [key]
    labels:
      some.label: a < b & c
    stop_grace_period: 1s
networks:
  front:
  back:
    internal: true
    labels:
      kind: inner
volumes:
  data:
    labels:
      kind: rows
secrets:
  key:
    file: key.txt
";

fn shop(name: &str) -> Project {
    let project = project(name, SHOP);
    project.write("web/Dockerfile", "FROM busybox:1.37\nRUN echo web > /kind\n");
    project.write("web.env", "GREETING=hello\n");
    project.write("key.txt", "secret");
    project
}

/// Runs `docker compose up -d` on the project's topology, and returns its output.
#[track_caller]
fn compose_up(project: &Project) -> String {
    let topology = project.topology();
    let arguments = ["compose", "-p", project.name(), "-f", &topology, "up", "-d", "--wait"];
    let output = Command::new("docker").args(arguments).output().expect("docker compose");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words}");
    words
}

/// The ids of all objects of the project, by name.
fn ids(project: &Project) -> Vec<String> {
    let id = |kind: &str, name: &String| {
        format!("{name} {}", docker(&[kind, "inspect", "--format", "{{.Id}}", name]))
    };
    let of = |kind: &'static str| project.objects(kind).into_iter().map(move |name| id(kind, &name));
    let created =
        |name: String| docker(&["volume", "inspect", "--format", "{{.Name}} {{.CreatedAt}}", &name]);
    of("container").chain(of("network")).chain(project.objects("volume").into_iter().map(created)).collect()
}

#[test]
#[ignore = "needs a Docker Engine"]
fn objects_of_compose_are_taken_over_and_only_different_ones_replaced() {
    let project = shop("takeover-by-topo");
    compose_up(&project);
    let made = ids(&project);
    project.topo("plan", &["--exit-code"]).exits(0).says("nothing to do");
    project.topo("up", &["-d"]).exits(0).says("nothing to do");
    assert_eq!(ids(&project), made, "topo leaves all of it alone");

    let db = project.id("db");
    project.write("topology.yaml", &SHOP.replace("MODE: one", "MODE: two"));
    let plan = project.topo("plan", &["--exit-code"]).exits(5).out;
    assert!(plan.contains("because Docker Compose 2.") && plan.contains("environment.MODE: "), "{plan}");
    project.topo("up", &["-d"]).exits(0);
    assert_eq!(project.id("db"), db, "what did not change is as it was");
    assert!(project.inspect("web", "{{.Config.Env}}").contains("MODE=two"));
    assert_eq!(project.objects("container").len(), 3);

    let changed = ids(&project);
    compose_up(&project);
    assert_eq!(ids(&project), changed, "Docker Compose leaves alone what topo replaced");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn objects_of_topo_are_taken_over_by_compose() {
    let project = shop("takeover-by-compose");
    project.topo("up", &["-d", "--wait"]).exits(0);
    let made = ids(&project);
    let words = compose_up(&project);
    assert_eq!(ids(&project), made, "{words}");
    project.topo("up", &["-d"]).exits(0).says("nothing to do");
}

const SHARING: &str = "
services:
  owner: { image: busybox:1.37, init: true, command: sleep 1000, ipc: shareable, volumes: [/data] }
  network: { image: busybox:1.37, init: true, command: sleep 1000, network_mode: 'service:owner' }
  processes: { image: busybox:1.37, init: true, command: sleep 1000, pid: 'service:owner', ipc: 'service:owner' }
  files: { image: busybox:1.37, init: true, command: sleep 1000, volumes_from: [owner] }
  named:
    image: busybox:1.37
    init: true
    command: sleep 1000
    volumes_from: ['container:topo-test-takeover-sharing-owner-1:rw']
    depends_on: [owner]
";

#[test]
#[ignore = "needs a Docker Engine"]
fn containers_that_share_are_taken_over_in_both_directions() {
    let project = project("takeover-sharing", SHARING);
    compose_up(&project);
    let made = ids(&project);
    project.topo("up", &["-d"]).exits(0).says("nothing to do");
    assert_eq!(ids(&project), made, "topo leaves all of it alone");

    let owner = project.id("owner");
    project.topo("up", &["-d", "-t", "1", "--force-recreate"]).exits(0);
    assert_ne!(project.id("owner"), owner);
    let made = ids(&project);
    project.topo("up", &["-d"]).exits(0).says("nothing to do");
    let words = compose_up(&project);
    assert_eq!(ids(&project), made, "Docker Compose leaves all of it alone: {words}");
}

const RESOURCES: &str = "
services:
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    networks: [plain, named, pool, inner, dual, options]
    volumes: ['plain:/plain', 'named:/named', 'options:/options']
networks:
  plain:
  named: { name: topo-test-takeover-resources-own, labels: { a: '<1>' }, attachable: true }
  pool: { ipam: { driver: default, config: [{ subnet: 10.213.77.0/24, gateway: 10.213.77.1 }] } }
  inner: { internal: true, driver: bridge }
  dual: { enable_ipv6: false, enable_ipv4: true }
  options: { driver_opts: { com.docker.network.bridge.enable_icc: 'true' } }
volumes:
  plain:
  named: { name: topo-test-takeover-resources-own, labels: [a=1] }
  options: { driver: local, driver_opts: { type: tmpfs, device: tmpfs, o: size=1m } }
";

#[test]
#[ignore = "needs a Docker Engine"]
fn different_networks_and_volumes_of_compose_are_noticed() {
    let project = project("takeover-resources", RESOURCES);
    compose_up(&project);
    project.topo("plan", &["--exit-code"]).exits(0).says("nothing to do");
    let (web, volume) = (project.id("web"), project.name().to_owned() + "_options");
    docker(&["exec", &project.container("web"), "touch", "/plain/kept"]);
    let changed = RESOURCES.replace("10.213.77.", "10.213.78.").replace("size=1m", "size=2m");
    project.write("topology.yaml", &changed);
    let plan = project.topo("plan", &["--exit-code"]).exits(5);
    assert!(plan.out.contains("_pool: recreate because Docker Compose 2."), "{}", plan.out);
    let said = format!("the volume `{volume}` was created with other settings");
    project.topo("up", &["-d", "-t", "1"]).exits(0).says(&said);
    assert_eq!(project.id("web"), web, "the container moved to the new network");
    let address = format!("{{{{(index .NetworkSettings.Networks \"{}_pool\").IPAddress}}}}", project.name());
    assert!(project.inspect("web", &address).starts_with("10.213.78."));
    docker(&["exec", &project.container("web"), "ls", "/plain/kept"]);
    let options = docker(&["volume", "inspect", "--format", "{{.Options.o}}", &volume]);
    assert_eq!(options, "size=1m", "a volume is used as it is");
    project.topo("up", &["-d"]).exits(0).says("nothing to do").says(&said);
}
