//! The course's challenges: each starts, responds, survives a change, and is removed without a
//! trace.

use crate::harness::{GATEWAY_PORT, docker, eventually, get, post, project_of};
use crate::lessons::follow;

#[test]
#[ignore = "needs a Docker Engine"]
fn desafio1_the_client_logs_each_answer_of_the_api() {
    let project = project_of("desafio1", "topologies/desafio1.yaml");
    project.topo("up", &["-d", "--wait"]).exits(0);
    get(8081, "/");
    let answered = || project.topo("logs", &["cliente"]).err.contains("a API respondeu 200");
    eventually("the client logs an answer", answered);
    project.topo("down", &[]).exits(0);
    project.assert_gone();
    follow(&project, "desafio1");
    project.assert_gone();
}

#[test]
#[ignore = "needs a Docker Engine"]
fn desafio2_rows_survive_down_and_are_removed_by_down_v() {
    let project = project_of("desafio2", "topologies/desafio2.yaml");
    project.topo("up", &["-d", "--wait"]).exits(0);
    post(8082, "/notas", r#"{"texto": "lembrar do pão"}"#);
    project.topo("down", &[]).exits(0);
    project.assert_gone();
    assert_eq!(project.objects("volume").len(), 1);
    project.topo("up", &["-d", "--wait"]).exits(0);
    assert!(get(8082, "/notas").contains("lembrar do pão"));
    project.topo("down", &["-v"]).exits(0);
    project.topo("up", &["-d", "--wait"]).exits(0);
    assert!(!get(8082, "/notas").contains("lembrar do pão"));
    project.topo("down", &["-v"]).exits(0);
    project.assert_gone();
    assert_eq!(project.objects("volume"), Vec::<String>::new());
    follow(&project, "desafio2");
    project.assert_gone();
}

#[test]
#[ignore = "needs a Docker Engine"]
fn desafio3_each_visit_is_a_row_in_postgres_and_a_count_in_redis() {
    let project = project_of("desafio3", "topologies/desafio3.yaml");
    project.topo("up", &["-d", "--wait"]).exits(0);
    let first = visits(&get(8083, "/"));
    let second = visits(&get(8083, "/"));
    assert_eq!(second.0, first.0 + 1, "a row more in the database");
    assert_eq!(second.1, first.1 + 1, "one more counted in Redis");
    project.topo("up", &["-d"]).exits(0).says("nothing to do");
    project.topo("down", &["-v"]).exits(0);
    project.assert_gone();
    follow(&project, "desafio3");
    project.assert_gone();
}

/// Rows in the database and the count in Redis.
fn visits(body: &str) -> (u64, u64) {
    let answer: serde_json::Value = serde_json::from_str(body).expect("JSON");
    let number = |key: &str| answer[key].as_u64().unwrap_or_else(|| panic!("no number `{key}` in {body}"));
    (number("linhas_no_postgres"), number("contagem_no_redis"))
}

#[test]
#[ignore = "needs a Docker Engine"]
fn desafio4_one_service_asks_the_other_by_its_name() {
    let project = project_of("desafio4", "topologies/desafio4.yaml");
    project.topo("up", &["-d", "--wait"]).exits(0);
    let users: serde_json::Value = serde_json::from_str(&get(8094, "/usuarios")).expect("JSON");
    let name = users["usuarios"][0]["nome"].as_str().expect("a name").to_owned();
    assert!(get(8084, "/perfis").contains(&name), "what one service knows, the other shows");
    project.topo("down", &[]).exits(0);
    project.assert_gone();
    follow(&project, "desafio4");
    project.assert_gone();
}

#[test]
#[ignore = "needs a Docker Engine"]
fn desafio5_the_gateway_is_the_only_entry_and_joins_both_answers() {
    let project = project_of("desafio5", "topologies/desafio5.yaml");
    let _turn = GATEWAY_PORT.lock();
    project.topo("up", &["-d", "--wait"]).exits(0);
    let joined: serde_json::Value = serde_json::from_str(&get(8085, "/usuarios/1/pedidos")).expect("JSON");
    assert_eq!(joined["usuario"]["id"], 1);
    assert!(joined["pedidos"].as_array().is_some_and(|orders| !orders.is_empty()), "{joined}");
    for hidden in ["usuarios", "pedidos"] {
        assert_eq!(docker(&["port", &project.container(hidden)]), "", "{hidden} publishes no port");
    }
    project.topo("up", &["-d"]).exits(0).says("nothing to do");
    let (gateway, orders) = (project.id("gateway"), project.id("pedidos"));
    docker(&["stop", "-t", "1", &orders]);
    project.topo("up", &["-d", "--wait"]).exits(0);
    assert_eq!((gateway, orders), (project.id("gateway"), project.id("pedidos")), "started, not recreated");
    get(8085, "/usuarios/1/pedidos");
    project.topo("down", &[]).exits(0);
    project.assert_gone();
    follow(&project, "desafio5");
    project.assert_gone();
}
