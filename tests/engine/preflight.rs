//! What would stand in the way is found before anything is made.

use std::net::TcpListener;

use crate::harness::{docker, project};

#[test]
#[ignore = "needs a Docker Engine"]
fn all_that_stands_in_the_way_is_said_before_anything_is_made() {
    let subnet = "10.91.244.0/24";
    let other = project(
        "preflight-other",
        &format!(
            "
services:
  web: {{ image: 'busybox:1.37', init: true, command: sleep 1000, ports: ['80'] }}
networks: {{ default: {{ ipam: {{ config: [{{ subnet: {subnet} }}] }} }} }}
"
        ),
    );
    other.topo("up", &["-d"]).exits(0);
    let published = docker(&["port", &other.container("web"), "80/tcp"]);
    let published = published.lines().next().and_then(|line| line.rsplit(':').next()).expect("a port");
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let bound = listener.local_addr().expect("an address").port();
    let (name, process) = (other.container("web"), std::process::id());
    let project = project(
        "preflight",
        &format!(
            "
services:
  web:
    image: busybox:1.37
    container_name: {name}
    init: true
    command: sleep 1000
    ports: ['{published}:80', '127.0.0.1:{bound}:81']
    volumes: [{{ type: bind, source: ./missing, target: /data, bind: {{ create_host_path: false }} }}]
  gone: {{ image: '127.0.0.1:9/topo-test-missing:1' }}
networks: {{ default: {{ ipam: {{ config: [{{ subnet: {subnet} }}] }} }} }}
"
        ),
    );
    let ran = project.topo("up", &["-d"]).exits(1);
    for said in [
        format!("host port {published}/tcp is in use"),
        format!("`{name}` of project `{}` publishes it", other.name()),
        format!("(process {process}) has 127.0.0.1:{bound}"),
        format!("the container name `{name}` is taken"),
        format!("network `{}_default` of the engine has {subnet}", other.name()),
        "`missing` does not exist".to_owned(),
        "`127.0.0.1:9/topo-test-missing:1` is missing, and cannot be pulled".to_owned(),
        "error: nothing was changed".to_owned(),
    ] {
        assert!(ran.err.contains(&said), "`{said}` is missing:\n{}", ran.err);
    }
    for command in [&["create"][..], &["run", "--rm", "-P", "web", "true"], &["scale", "web=1"]] {
        project.topo(command[0], &command[1..]).exits(1).says("error: nothing was changed");
    }
    project.assert_gone();
    project.topo("up", &["-d", "--no-preflight", "web"]).exits(4).says("Pool overlaps");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn what_a_project_has_is_no_obstacle_to_its_own_changes() {
    let topology = "
services:
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    stop_grace_period: 0s
    environment: { NUMBER: '1' }
    ports: ['127.0.0.1:18975:80', '[::1]:18975:80']
    networks: [back]
networks: { back: { ipam: { config: [{ subnet: 10.91.245.0/24 }] } } }
";
    let project = project("preflight-own", topology);
    project.topo("up", &["-d"]).exits(0);
    let first = project.id("web");
    project.write("topology.yaml", &topology.replace("'1'", "'2'").replace("245.0/24", "245.0/25"));
    project.topo("up", &["-d"]).exits(0);
    assert_ne!(project.id("web"), first);
    project.topo("stop", &["-t", "0"]).exits(0);
    project.topo("up", &["-d"]).exits(0).says("1 container started");
}
