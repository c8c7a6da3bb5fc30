//! A plan that was written to a file is carried out as it is, or not at all.

use crate::harness::{Project, docker, project};

const TOPOLOGY: &str = "
services:
  db:
    image: busybox:1.37
    init: true
    command: sleep 1000
    environment: { TOKEN: geheim-9c1 }
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    depends_on: [db]
";

fn planned(name: &str, topology: &str) -> Project {
    let project = project(name, topology);
    project.topo("plan", &["-o", "plan.json"]).exits(0).says("`topo up");
    project
}

#[test]
#[ignore = "needs a Docker Engine"]
fn what_was_planned_is_applied_whatever_the_topology_says_by_now() {
    let project = planned("planned", TOPOLOGY);
    let written = std::fs::read_to_string(project.directory().join("plan.json")).expect("a plan");
    assert!(!written.contains("geheim"), "{written}");
    project.write("topology.yaml", &TOPOLOGY.replace("depends_on", "working_dir: /srv\n    depends_on"));
    let ran = project.topo("up", &["-d", "--plan", "plan.json"]).exits(0);
    let ran = ran.says("edited since the plan was made (`services.web`)");
    assert!(ran.err.contains("2 containers created"), "{}", ran.err);
    assert_eq!(project.inspect("web", "{{.Config.WorkingDir}}"), "/");
    assert!(project.inspect("db", "{{.Config.Env}}").contains("TOKEN=geheim-9c1"));
    project.topo("plan", &["--exit-code"]).exits(5).says("working_dir");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_plan_is_refused_once_the_engine_has_changed_and_what_changed_is_named() {
    let project = project("planned-moved", TOPOLOGY);
    project.topo("up", &["-d"]).exits(0);
    project
        .write("topology.yaml", &TOPOLOGY.replace("sleep 1000\n    depends_on", "sleep 999\n    depends_on"));
    project.topo("plan", &["-o", "plan.json"]).exits(0);
    let id = project.id("web");
    let db = project.container("db");
    let network = format!("{}_default", project.name());
    let refused = |what: &str| {
        let ran = project.topo("up", &["-d", "--plan", "plan.json"]).exits(2);
        ran.says("nothing was touched").says(what).says("topo plan");
        assert_eq!(project.id("web"), id);
    };
    docker(&["stop", "--time", "0", &db]);
    refused(&format!("container `{db}` has stopped"));
    docker(&["start", &db]);
    docker(&["network", "disconnect", &network, &db]);
    refused(&format!("container `{db}` is attached to other networks"));
    docker(&["network", "connect", &network, &db]);
    docker(&["rename", &db, &format!("{db}-other")]);
    refused(&format!("container `{db}` was removed"));
    docker(&["rename", &format!("{db}-other"), &db]);
    project.topo("up", &["-d", "--plan", "plan.json"]).exits(0).says("1 container recreated");
    refused_now(&project);
}

/// A plan is carried out once: it has changed the engine.
fn refused_now(project: &Project) {
    let ran = project.topo("up", &["-d", "--plan", "plan.json"]).exits(2);
    ran.says(&format!("container `{}` was recreated", project.container("web")));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_plan_that_does_not_fit_its_topology_is_refused() {
    let project = planned("planned-other", TOPOLOGY);
    project.write("topology.yaml", &TOPOLOGY.replace("geheim-9c1", "another"));
    let up = |arguments: &[&str]| project.topo("up", &[&["-d", "--plan", "plan.json"], arguments].concat());
    let ran = up(&[]).exits(2).says("services.db.environment.TOKEN");
    assert!(!ran.err.contains("another") && !ran.err.contains("geheim"), "{}", ran.err);
    project.write("topology.yaml", TOPOLOGY);
    up(&["web"]).exits(2).says("`web` is not a topology file");
    up(&["--build"]).exits(2).says("`--build`");
    project.topo("up", &["-d", "--plan", "topology.yaml"]).exits(2).says("does not hold a plan");
    project.topo("up", &["-d", "--plan", "missing.json"]).exits(2).says("`missing.json` does not exist");
    let plan = std::fs::read_to_string(project.directory().join("plan.json")).expect("a plan");
    project.write("plan.json", &plan.replace(project.name(), "topo-test-planned-elsewhere"));
    up(&[]).exits(2).says("the plan is for the project `topo-test-planned-elsewhere`");
    assert_eq!(project.objects("container"), Vec::<String>::new());
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_plan_for_some_services_is_carried_out_for_them() {
    let project = project("planned-some", TOPOLOGY);
    project.topo("plan", &["-o", "plan.json", "--no-start", "db"]).exits(0);
    // What is only created is not followed.
    project.topo("up", &["--plan", "plan.json"]).exits(0).says("1 container created");
    assert_eq!(project.objects("container"), [project.container("db")]);
    assert_eq!(project.inspect("db", "{{.State.Status}}"), "created");
}
