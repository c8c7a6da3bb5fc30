//! Start, no change, change, stop, scale, removal.

use crate::harness::{docker, eventually, project};

const TWO: &str = "
services:
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    environment: { DEBUG: '0' }
  db:
    image: busybox:1.37
    init: true
    command: sleep 1000
    volumes: [data:/data]
volumes:
  data:
";

#[test]
#[ignore = "needs a Docker Engine"]
fn a_volume_used_by_another_project_is_kept() {
    let topology = |command: &str| {
        format!(
            "services: {{web: {{image: 'busybox:1.37', command: {command}, init: true, volumes: ['shared:/d']}}}}\n\
             volumes: {{shared: {{name: topo-test-shared-volume}}, own: }}\n"
        )
    };
    let one = project("volume-owner", &topology("sleep 1000"));
    let other = project("volume-user", &topology("sleep 1000").replace("own: ", ""));
    one.topo("up", &["-d"]).exits(0);
    other.topo("up", &["-d"]).exits(0);
    let ran = one.topo("down", &["-v", "-t", "0"]).exits(0);
    let user = other.container("web");
    let ran = ran.says(&format!("remove topo-test-shared-volume: volume is in use by {user}\n"));
    assert!(!ran.err.contains("to go on"), "{}", ran.err);
    other.topo("down", &["-t", "0"]).exits(0);
    one.topo("down", &["-v"]).exits(0);
    assert_eq!(one.objects("volume"), Vec::<String>::new());
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_taken_name_of_run_is_distinguished_from_that_of_the_service() {
    let topology = "
services:
  web: { image: 'busybox:1.37', command: sleep 1000, init: true, container_name: topo-test-run-named }
";
    let project = project("run-name", topology);
    let name = "topo-test-run-name-taken";
    project.topo("run", &["-d", "--name", name, "web"]).exits(0);
    let ran = project.topo("run", &["--rm", "--name", name, "web"]).exits(1);
    assert!(ran.err.contains(&format!("`--name`: a container `{name}` already exists")), "{}", ran.err);
    assert!(ran.err.contains(&format!("docker rm -f {name}")) && !ran.err.contains("bring"), "{}", ran.err);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn up_again_on_an_unchanged_topology_does_nothing_and_says_so() {
    let project = project("unchanged", TWO);
    project.topo("up", &["-d"]).exits(0).says("is up");
    let (web, db) = (project.id("web"), project.id("db"));
    project.topo("up", &["-d"]).exits(0).says("nothing to do");
    project.topo("plan", &["--exit-code"]).exits(0);
    assert_eq!((web, db), (project.id("web"), project.id("db")));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_changed_service_alone_is_recreated_and_the_field_is_named() {
    let project = project("changed", TWO);
    project.topo("up", &["-d"]).exits(0);
    let (web, db) = (project.id("web"), project.id("db"));
    project.write("topology.yaml", &TWO.replace("'0'", "'1'"));
    project.topo("plan", &["--exit-code"]).exits(5).says("environment.DEBUG").says("topology.yaml:7:");
    // The successor's temporary name, and the removal of the old container, are not shown.
    let line = format!("container {}  recreated\n", project.container("web"));
    let told = project.topo("up", &["-d"]).exits(0).says(&line);
    assert!(!told.err.contains("removed"), "{}", told.err);
    assert_ne!(web, project.id("web"));
    assert_eq!(db, project.id("db"));
    assert_eq!(project.objects("container"), [project.container("db"), project.container("web")]);
    assert!(project.inspect("web", "{{.Config.Env}}").contains("DEBUG=1"));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_stopped_container_is_started_and_not_recreated() {
    let project = project("stopped", TWO);
    project.topo("up", &["-d"]).exits(0);
    let web = project.id("web");
    docker(&["stop", "-t", "1", &web]);
    project.topo("up", &["-d"]).exits(0);
    assert_eq!(web, project.id("web"));
    assert_eq!(project.inspect("web", "{{.State.Running}}"), "true");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn down_keeps_volumes_and_down_v_removes_them() {
    let project = project("volumes", TWO);
    project.topo("up", &["-d"]).exits(0);
    docker(&["exec", &project.container("db"), "sh", "-c", "echo kept > /data/file"]);
    let told = project.topo("down", &[]).exits(0).says("is down").says("1 volume kept").says("down -v");
    let quiet = project.topo("down", &["--progress", "quiet"]).exits(0);
    assert!(told.err.contains(&project.objects("volume")[0]) && quiet.err.is_empty(), "{}", quiet.err);
    project.assert_gone();
    project.topo("up", &["-d"]).exits(0);
    assert_eq!(docker(&["exec", &project.container("db"), "cat", "/data/file"]), "kept");
    project.topo("down", &["-v"]).exits(0);
    project.assert_gone();
    assert_eq!(project.objects("volume"), Vec::<String>::new());
    project.topo("down", &[]).exits(0).says("nothing to do");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn replicas_are_added_and_removed_without_touching_others() {
    let project = project("scale", TWO);
    project.topo("up", &["-d", "--scale", "web=3"]).exits(0);
    assert_eq!(project.objects("container").len(), 4);
    let first = project.id("web");
    project.topo("up", &["-d", "--scale", "web=1"]).exits(0);
    assert_eq!(project.objects("container").len(), 2);
    assert_eq!(first, project.id("web"));
    project.topo("up", &["-d", "--scale", "web=0", "web"]).exits(0);
    assert_eq!(project.objects("container"), [project.container("db")]);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn anonymous_volumes_are_inherited_by_the_successor() {
    let topology = "
services:
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    environment: { DEBUG: '0' }
    volumes: [/data]
";
    let project = project("anonymous", topology);
    project.topo("up", &["-d"]).exits(0);
    docker(&["exec", &project.container("web"), "sh", "-c", "echo kept > /data/file"]);
    project.write("topology.yaml", &topology.replace("'0'", "'1'"));
    project.topo("up", &["-d"]).exits(0);
    assert_eq!(docker(&["exec", &project.container("web"), "cat", "/data/file"]), "kept");
    // `up` removes no volumes: the unused one is kept.
    let _given_up = Volume(project.inspect("web", "{{range .Mounts}}{{.Name}}{{end}}"));
    project.topo("up", &["-d", "--force-recreate", "-V"]).exits(0);
    assert_eq!(docker(&["exec", &project.container("web"), "cat", "/data/file"]), "");
    project.topo("down", &["-v"]).exits(0);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_foreign_volume_is_kept_whatever_its_name() {
    let topology = "
services:
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    volumes: ['theirs:/theirs', /ours]
volumes:
  theirs: { external: true, name: NAME }
";
    let project = project("unnamed", "");
    let theirs = Volume(docker(&["volume", "create"]));
    assert_eq!(theirs.0.len(), 64, "the engine names it as it names anonymous ones");
    project.write("topology.yaml", &topology.replace("NAME", &theirs.0));
    project.topo("up", &["-d"]).exits(0);
    let format = r#"{{range .Mounts}}{{if eq .Destination "/ours"}}{{.Name}}{{end}}{{end}}"#;
    let ours = project.inspect("web", format);
    project.topo("up", &["-d", "--force-recreate"]).exits(0);
    assert_eq!(project.inspect("web", format), ours, "it was taken over");
    project.topo("down", &["-v"]).exits(0);
    let left = docker(&["volume", "ls", "--quiet"]);
    assert!(left.contains(&theirs.0), "down -v leaves what the topology calls external");
    assert!(!left.contains(&ours), "down -v takes what is the container's own");
}

/// A volume that is removed with the test.
struct Volume(String);

impl Drop for Volume {
    fn drop(&mut self) {
        docker(&["volume", "rm", "--force", &self.0]);
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn services_find_each_other_by_name_and_alias() {
    let topology = "
services:
  server:
    image: busybox:1.37
    command: sh -c 'mkdir /www; echo ola > /www/index.html; exec httpd -f -p 8000 -h /www'
    init: true
    networks:
      front: { aliases: [site] }
      back: {}
  client:
    image: busybox:1.37
    command: sh -c 'until wget -qO- http://site:8000 && wget -qO- http://server:8000; do sleep 0.1; done'
    networks: [front]
    depends_on: [server]
networks:
  front: {}
  back: { labels: { purpose: test } }
";
    let project = project("names", topology);
    project.topo("up", &["-d"]).exits(0);
    eventually("the client ends", || project.inspect("client", "{{.State.Status}}") == "exited");
    assert_eq!(project.inspect("client", "{{.State.ExitCode}}"), "0");
    project.topo("logs", &[]).exits(0).says("client-1");
    assert_eq!(project.objects("network").len(), 2);
    let label = docker(&[
        "network",
        "inspect",
        "--format",
        "{{.Labels.purpose}}",
        &format!("{}_back", project.name()),
    ]);
    assert_eq!(label, "test");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_job_ends_before_its_dependant_starts_and_is_not_run_again() {
    let topology = "
services:
  migrate:
    image: busybox:1.37
    command: sh -c 'echo done > /data/migrated'
    volumes: [data:/data]
  web:
    image: busybox:1.37
    init: true
    command: sh -c 'test -f /data/migrated && sleep 1000'
    volumes: [data:/data]
    depends_on:
      migrate: { condition: service_completed_successfully }
volumes:
  data:
";
    let project = project("job", topology);
    project.topo("up", &["-d", "--wait"]).exits(0);
    assert_eq!(project.inspect("web", "{{.State.Running}}"), "true");
    let finished = project.inspect("migrate", "{{.State.FinishedAt}}");
    project.topo("up", &["-d"]).exits(0).says("nothing to do");
    assert_eq!(finished, project.inspect("migrate", "{{.State.FinishedAt}}"));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn an_image_is_built_once_and_its_container_replaced_only_after_a_change() {
    let topology = "
services:
  web:
    build: ./app
    init: true
    command: sleep 1000
";
    let project = project("built", topology);
    project.write("app/Dockerfile", "FROM busybox:1.37\nCOPY . /app\n");
    project.write("app/text", "one");
    project.topo("up", &["-d"]).exits(0).says("built");
    let first = project.id("web");
    project.topo("up", &["-d"]).exits(0).says("nothing to do");
    project.topo("up", &["-d", "--build"]).exits(0);
    assert_eq!(first, project.id("web"), "a build that changes nothing replaces nothing");
    project.write("app/text", "two");
    project.topo("up", &["-d", "--build"]).exits(0);
    assert_ne!(first, project.id("web"));
    assert_eq!(docker(&["exec", &project.container("web"), "cat", "/app/text"]), "two");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn orphans_are_reported_and_removed_only_on_request() {
    let project = project("orphans", TWO);
    project.topo("up", &["-d"]).exits(0);
    project.write(
        "topology.yaml",
        "services:\n  db:\n    image: busybox:1.37\n    init: true\n    command: sleep 1000\n",
    );
    project.topo("up", &["-d"]).exits(0).says(&project.container("web")).says("--remove-orphans");
    assert_eq!(project.objects("container").len(), 2);
    project.topo("up", &["-d", "--remove-orphans"]).exits(0);
    assert_eq!(project.objects("container"), [project.container("db")]);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn compose_lists_what_topo_created() {
    let project = project("compose-ps", TWO);
    project.topo("up", &["-d"]).exits(0);
    let listed = docker(&["compose", "-p", project.name(), "ps", "--services"]);
    let mut services: Vec<&str> = listed.lines().collect();
    services.sort_unstable();
    assert_eq!(services, ["db", "web"]);
    project.topo("ps", &["--services"]).exits(0).says("db\nweb\n");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn secrets_and_configs_are_files_with_owner_and_mode() {
    let topology = "
services:
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    secrets:
      - source: token
        uid: '1000'
        gid: '1001'
        mode: 0400
    configs:
      - source: settings
        target: /etc/app.conf
secrets:
  token: { file: ./token.txt }
configs:
  settings: { content: 'port=80' }
";
    let project = project("secrets", topology);
    project.write("token.txt", "geheim");
    project.topo("up", &["-d"]).exits(0);
    let web = project.container("web");
    assert_eq!(docker(&["exec", &web, "cat", "/run/secrets/token"]), "geheim");
    assert_eq!(docker(&["exec", &web, "stat", "-c", "%u %g %a", "/run/secrets/token"]), "1000 1001 400");
    assert_eq!(docker(&["exec", &web, "cat", "/etc/app.conf"]), "port=80");
    assert!(!docker(&["inspect", &web]).contains("geheim"));
    project.write("token.txt", "neu");
    project.topo("plan", &[]).exits(0).says("secrets");
    project.topo("up", &["-d"]).exits(0);
    assert_eq!(docker(&["exec", &web, "cat", "/run/secrets/token"]), "neu");
}
