//! Dependence on a container of another service: namespaces, and links on the engine's default
//! network.

use crate::harness::{Project, docker, eventually, project};

fn topology(value: u32) -> String {
    format!(
        "
services:
  vpn:
    image: busybox:1.37
    init: true
    command: sleep 1000
    stop_grace_period: 1s
    environment: {{ VALUE: '{value}' }}
  app:
    image: busybox:1.37
    init: true
    command: sh -c 'echo reached > index.html && httpd -f -p 8800'
    stop_grace_period: 1s
    network_mode: service:vpn
    depends_on: [vpn]
"
    )
}

/// Whether the application is reachable in the network of the other container.
fn assert_reached(project: &Project) {
    let vpn = project.container("vpn");
    let wget = ["exec", vpn.as_str(), "wget", "-qO-", "localhost:8800"];
    eventually("the application answers in the other's network", || docker(&wget) == "reached");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn containers_sharing_a_network_are_restarted_with_its_owner() {
    let project = project("ns-restart", &topology(1));
    project.topo("up", &["-d"]).exits(0);
    assert_reached(&project);
    project.topo("restart", &["vpn"]).exits(0).says("2 containers restarted");
    assert_reached(&project);
    // Behind topo's back.
    docker(&["restart", "-t", "1", &project.container("vpn")]);
    let because = "restart because it still has the old network namespace of vpn";
    project.topo("plan", &[]).exits(0).says(because);
    project.topo("up", &["-d", "vpn"]).exits(0).says("1 container restarted");
    assert_reached(&project);
    project.topo("plan", &[]).exits(0).says("nothing to do");
    project.topo("stop", &["vpn"]).exits(0).says("app shares the network namespace of vpn, and loses it");
    project.topo("start", &["vpn"]).exits(0).says("1 container started, 1 restarted");
    assert_reached(&project);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn containers_sharing_a_network_are_replaced_with_its_owner() {
    let project = project("ns-replace", &topology(1));
    project.topo("up", &["-d"]).exits(0);
    project.write("topology.yaml", &topology(2));
    project.topo("up", &["-d", "vpn"]).exits(0).says("2 containers recreated");
    assert_reached(&project);
    project.topo("rm", &["-sf", "vpn"]).exits(0).says("loses it");
    project.topo("up", &["-d", "app"]).exits(0).says("1 container created, 1 recreated");
    assert_reached(&project);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn links_on_the_default_network_survive_a_replacement() {
    let topology = "
services:
  target: { image: 'busybox:1.37', init: true, command: sleep 1000, network_mode: bridge }
  user: { image: 'busybox:1.37', init: true, command: sleep 1000, network_mode: bridge, links: ['target:other'] }
";
    let project = project("ns-links", topology);
    let user = project.container("user");
    let assert_reached = || {
        let answer = docker(&["exec", user.as_str(), "ping", "-c", "1", "-W", "5", "other"]);
        assert!(answer.contains("1 packets received"), "{answer}");
    };
    project.topo("up", &["-d"]).exits(0);
    assert_reached();
    project.topo("up", &["-d", "--force-recreate"]).exits(0).says("2 containers recreated");
    assert_reached();
    project.topo("up", &["-d", "--force-recreate", "target"]).exits(0).says("2 containers recreated");
    assert_reached();
    project.topo("plan", &[]).exits(0).says("nothing to do");
}
