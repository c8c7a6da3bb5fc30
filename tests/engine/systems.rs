//! The systems of the course's material: each works as its README says, also in a terminal.

use std::collections::BTreeSet;
use std::process::Command;

use crate::harness::{Project, docker, project_of};
use crate::lessons::{copy_topologies, follow};
use crate::terminal::Terminal;

fn system(name: &str) -> Project {
    project_of(name, &format!("topologies/{name}.yaml"))
}

/// Runs a service in a terminal.
fn run_in_terminal(project: &Project, service: &str) -> Terminal {
    project.topo("build", &[]).exits(0);
    Terminal::start(project.command("run", &["--rm", service]))
}

#[test]
#[ignore = "needs a Docker Engine"]
fn hello_world_is_printed_again_by_the_same_container() {
    let project = system("hello-world");
    follow(&project, "hello-world");
    project.topo("up", &[]).exits(0);
    let first = project.id("ola");
    project.topo("start", &[]).exits(0);
    assert_eq!(first, project.id("ola"));
    project.topo("down", &["--rmi", "local"]).exits(0);
    project.assert_gone();
}

#[test]
#[ignore = "needs a Docker Engine"]
fn carguru_draws_a_car_in_a_new_container_and_in_a_stopped_one() {
    let project = system("carguru");
    follow(&project, "carguru");
    let mut cars = BTreeSet::new();
    while cars.len() < 2 {
        cars.insert(project.topo("run", &["--rm", "carguru"]).exits(0).out);
    }
    project.topo("down", &[]).exits(0);
    project.assert_gone();
}

#[test]
#[ignore = "needs a Docker Engine"]
fn hash_generator_reads_a_terminal_and_a_pipe() {
    let project = system("hash-generator");
    follow(&project, "hash-generator");
    let mut terminal = run_in_terminal(&project, "hash-generator");
    terminal.shows("Digite um texto: ");
    terminal.types("docker\r");
    terminal.shows("e982f17bcbe0f724063b708a4f76db211a999304");
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.is_restored());
    project.topo("down", &[]).exits(0);
    project.assert_gone();
}

#[test]
#[ignore = "needs a Docker Engine"]
fn soma_asks_again_for_what_is_not_a_number() {
    let project = system("soma");
    follow(&project, "soma");
    let mut terminal = run_in_terminal(&project, "soma");
    terminal.shows("Primeiro número: ");
    terminal.types("dois\r");
    terminal.shows("não é um número");
    terminal.shows("Primeiro número: ");
    terminal.types("2\r");
    terminal.shows("Segundo número: ");
    terminal.types("3,5\r");
    terminal.shows("2 + 3,5 = 5,5");
    assert_eq!(terminal.ends(), 0);
    let mut terminal = run_in_terminal(&project, "soma");
    terminal.shows("Primeiro número: ");
    terminal.types("\x03");
    terminal.shows("interrompido");
    assert_eq!(terminal.ends(), 130);
    assert!(terminal.is_restored());
    project.topo("down", &[]).exits(0);
    project.assert_gone();
}

#[test]
#[ignore = "needs a Docker Engine"]
fn compose_basico_runs_as_written_for_an_older_compose() {
    let project = system("compose-basico");
    follow(&project, "compose-basico");
    project.topo("up", &["-d"]).exits(0).says("note[obsolete]");
    assert_eq!(project.objects("container"), ["compose-basico-servidor", "compose-basico-visitante"]);
    project.topo("down", &[]).exits(0);
    project.assert_gone();
}

#[test]
#[ignore = "needs a Docker Engine"]
fn app_porta_5000_answers_on_its_port_and_is_removed() {
    let project = system("app-porta-5000");
    follow(&project, "app-porta-5000");
    project.assert_gone();
}

#[test]
#[ignore = "needs a Docker Engine"]
fn minha_app_python_is_tested_inside_its_image_and_has_few_privileges() {
    let project = system("minha-app-python");
    follow(&project, "minha-app-python");
    project.topo("create", &[]).exits(0);
    let template = "{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.SecurityOpt}} {{.HostConfig.CapDrop}} \
                    {{.HostConfig.LogConfig.Type}} {{.HostConfig.LogConfig.Config}} {{.Config.User}}";
    let limits = "true [no-new-privileges:true] [ALL] json-file map[max-file:3 max-size:1m] app";
    assert_eq!(project.inspect("app", template), limits);
    project.topo("down", &["-v"]).exits(0);
    project.assert_gone();
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_test_that_fails_inside_the_image_ends_its_build() {
    let project = system("minha-app-python-quebrada");
    let topologies = copy_topologies(&project);
    let app = topologies.join("minha-app-python/minha_app.py");
    let broken = std::fs::read_to_string(&app).expect("the app").replace("Olá, {nome}!", "Tchau, {nome}!");
    std::fs::write(&app, broken).expect("the app");
    let mut build = Command::new(env!("CARGO_BIN_EXE_topo"));
    build
        .args(["--project-name", project.name(), "build"])
        .arg(topologies.join("minha-app-python.yaml"))
        .arg("testes");
    let output = build.output().expect("topo runs");
    assert_eq!(output.status.code(), Some(4));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("test_a_saudacao_diz_o_nome_e_a_visita"), "{said}");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn registro_accepts_an_image_with_a_password_and_serves_it_to_another_topology() {
    let project = system("registro");
    let others =
        ["registro-publicar", "registro-usar"].map(|name| project_of(name, "topologies/registro.yaml"));
    follow(&project, "registro");
    for project in &others {
        project.assert_gone();
    }
    docker(&["image", "rm", "--force", "localhost:5001/saudacao:1.0"]);
    project.assert_gone();
    assert_eq!(project.objects("volume"), Vec::<String>::new());
}
