//! Lists of projects that topo or Docker Compose created.

use std::process::Command;

use crate::harness::{Project, Running, docker, eventually, project};
use crate::terminal::Terminal;

const SHOP: &str = "
services:
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    ports: ['127.0.0.1::80', '127.0.0.1::53/udp']
    volumes: [data:/data]
  db:
    image: busybox:1.37
    init: true
    command: sleep 1000
  job:
    image: busybox:1.37
    command: sh -c 'exit 3'
volumes:
  data:
";

/// Runs `docker compose` on the project's topology.
fn compose(project: &Project, arguments: &[&str]) -> String {
    let topology = project.topology();
    docker(&[&["compose", "-p", project.name(), "-f", &topology], arguments].concat())
}

#[test]
#[ignore = "needs a Docker Engine"]
fn topo_lists_what_compose_created() {
    let project = project("list-compose", SHOP);
    compose(&project, &["up", "-d"]);
    eventually("the job ends", || project.inspect("job", "{{.State.Status}}") == "exited");
    let names = |arguments: &[&str]| {
        project.topo("ps", &[&["--format", "{{.Service}}"], arguments].concat()).exits(0).out
    };
    assert_eq!(names(&[]), "db\nweb\n");
    assert_eq!(names(&["--all"]), "db\njob\nweb\n");
    assert_eq!(names(&["--status", "exited"]), "job\n");
    assert_eq!(names(&["--filter", "status=running", "web"]), "web\n");
    let codes = project.topo("ps", &["--format", "{{.Service}} {{.ExitCode}}", "--status", "exited"]);
    assert_eq!(codes.exits(0).out, "job 3\n");
    let table = project.topo("ps", &[]).exits(0).out;
    assert!(
        table.starts_with("NAME") && table.contains("COMMAND") && table.contains("\"sleep 1000\""),
        "{table}"
    );
    assert_eq!(project.topo("ps", &["--services", "--all"]).exits(0).out, "db\njob\nweb\n");
    assert_eq!(project.topo("ps", &["--quiet", "web"]).exits(0).out.trim(), project.id("web"));
    project.topo("ps", &["--format", "{{.Nmae}}"]).exits(2).says("names here");
    let listed =
        project.topo_alone(&["ls", "--all", "--filter", &format!("name={}", project.name())]).exits(0).out;
    assert!(listed.contains("exited(1), running(2)") && listed.contains("topology.yaml"), "{listed}");
    let json = project.topo_alone(&["ls", "--format", "json"]).exits(0).out;
    let projects: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let own = projects.as_array().expect("an array").iter().find(|other| other["Name"] == project.name());
    assert_eq!(own.expect("it runs")["Status"], "running(2)");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn images_volumes_and_ports_are_those_of_the_engine() {
    let project = project("list-resources", SHOP);
    project.topo("up", &["-d"]).exits(0);
    let image = project.inspect("web", "{{.Image}}");
    let images =
        project.topo("images", &["--format", "{{.ContainerName}} {{.Repository}}:{{.Tag}} {{.ID}}", "web"]);
    assert_eq!(images.exits(0).out, format!("{} busybox:1.37 {image}\n", project.container("web")));
    let ids = project.topo("images", &["--quiet"]).exits(0).out;
    assert_eq!(ids.trim(), image.trim_start_matches("sha256:"), "one image is listed once");
    let volume = format!("{}_data", project.name());
    project.topo("volumes", &[]).exits(0).says(&volume).says("local");
    assert_eq!(project.topo("volumes", &["-q", "web"]).exits(0).out.trim(), volume);
    assert_eq!(project.topo("volumes", &["-q", "db"]).exits(0).out, "");
    for port in ["80/tcp", "53/udp"] {
        let wanted = docker(&["port", &project.container("web"), port]);
        assert_eq!(project.topo("port", &["web", port]).exits(0).out.trim(), wanted);
    }
    let udp = project.topo("port", &["web", "53", "--protocol", "udp"]).exits(0).out;
    assert_eq!(udp, project.topo("port", &["web", "53/udp"]).out);
    project.topo("port", &["web", "81"]).exits(4).says("it publishes 53/udp, 80/tcp");
    project.topo("port", &["web", "80", "--index", "2"]).exits(4).says("number 2");
    project.topo("port", &["web"]).exits(2).says("web 80`");
    assert_eq!(compose(&project, &["ps", "--services"]), "db\nweb", "Compose sees it as well");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn processes_in_containers_are_listed() {
    let project = project("list-inside", SHOP);
    project.topo("up", &["-d"]).exits(0);
    let top = project.topo("top", &["web"]).exits(0).out;
    assert!(top.starts_with("SERVICE") && top.contains("sleep 1000") && !top.contains("db"), "{top}");
    let stats = project.topo("stats", &["--no-stream", "--format", "json", "db"]).exits(0).out;
    let line: serde_json::Value = serde_json::from_str(&stats).expect("a line of JSON");
    assert_eq!(line["Name"], project.container("db"));
    assert!(line["MemUsage"].as_str().is_some_and(|usage| usage.contains("iB / ")), "{stats}");
    let all = project.topo("stats", &["--no-stream", "--all"]).exits(0).out;
    assert!(all.contains(&project.container("job")) && all.starts_with("CONTAINER ID"), "{all}");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn stats_continue_until_stopped_and_include_new_containers() {
    let project = project("list-stats", SHOP);
    project.topo("up", &["-d", "web"]).exits(0);
    let stats = project.start("stats", &["--format", "{{.Name}}"]);
    stats.shows(&project.container("web"));
    project.topo("up", &["-d", "db"]).exits(0);
    stats.shows(&project.container("db"));
    stats.signal("INT");
    let out = stats.end().exits(130).out;
    let count = |service: &str| out.lines().filter(|line| *line == project.container(service)).count();
    assert!(count("web") > count("db") && count("db") > 0, "{out}");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn past_events_are_listed_once_and_future_ones_as_they_happen() {
    let project = project("list-events", SHOP);
    let mut events = project.command("events", &["--json", "web"]);
    events.env("TOPO_LOG", "topo=debug");
    let following = Running::spawn(events);
    // The engine answers once it is listening for events.
    following.shows("/events");
    project.topo("up", &["-d", "web", "db"]).exits(0);
    project.topo("stop", &["-t", "1"]).exits(0);
    project.topo("run", &["--rm", "--no-deps", "db", "true"]).exits(0);
    let past = project.topo("events", &["--since", "1m", "--until", "0s", "db"]).exits(0).out;
    assert!(!past.contains("-run-"), "what `run` does is none of the services': {past}");
    let container = project.container("db");
    for action in ["create", "start", "die", "stop"] {
        let is_told = past
            .lines()
            .any(|line| line.contains(&format!(" container {action} ")) && line.contains(&container));
        assert!(is_told, "{action} is missing in:\n{past}");
    }
    assert!(!past.contains("web-1") && !past.contains("com.docker.compose"), "{past}");
    following.signal("INT");
    let told = following.end().exits(130).out;
    let actions: Vec<String> = told
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a line of JSON"))
        .map(|event| event["action"].as_str().expect("a word").to_owned())
        .filter(|action| ["create", "start", "die"].contains(&action.as_str()))
        .collect();
    assert_eq!(actions, ["create", "start", "die"]);
    project.topo("events", &["--since", "yesterday"]).exits(2).says("is not a time");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn names_are_not_shortened_before_other_columns() {
    let project = project("list-in-a-terminal-that-is-narrow", SHOP);
    project.topo("up", &["-d", "web"]).exits(0);
    let topo = env!("CARGO_BIN_EXE_topo");
    let mut shell = Command::new("sh");
    let line = format!("stty cols 80; {topo} ps {} -p {}", project.topology(), project.name());
    shell.args(["-c", &line]);
    let mut terminal = Terminal::start(shell);
    assert_eq!(terminal.ends(), 0);
    let container = project.container("web");
    eventually("the list", || terminal.screen().lines().count() > 2);
    let screen = terminal.screen();
    assert!(screen.lines().any(|line| line.starts_with(&container)), "{screen}");
    assert!(screen.lines().count() > 2, "other columns take several lines:\n{screen}");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_closed_pipe_ends_a_list() {
    let project = project("list-pipe", SHOP);
    project.topo("up", &["-d"]).exits(0);
    let topo = env!("CARGO_BIN_EXE_topo");
    let line = format!("timeout 20 {topo} stats {} -p {} | head -1", project.topology(), project.name());
    let output = Command::new("sh").args(["-c", &line]).output().expect("a shell");
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("CONTAINER ID"), "{output:?}");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn version_shows_that_of_the_engine() {
    let project = project("list-version", SHOP);
    let json = project.topo_alone(&["version", "-f", "json"]).exits(0).out;
    let versions: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(versions["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(versions["engine"]["version"], docker(&["version", "--format", "{{.Server.Version}}"]));
    assert_eq!(versions["engine"]["api"], docker(&["version", "--format", "{{.Server.APIVersion}}"]));
    project.topo_alone(&["version"]).exits(0).says("API 1.");
}

/// What a command shows in a terminal of this width, line by line.
fn lines_of(columns: u16, command: Command) -> Vec<String> {
    let mut terminal = Terminal::of_width(columns, command);
    terminal.ends();
    // The program may be faster than the reader of its terminal.
    eventually("something is shown", || terminal.screen().ends_with('\n'));
    terminal.screen().lines().map(|line| line.trim_end().to_owned()).collect()
}

#[test]
#[ignore = "needs a Docker Engine"]
fn every_list_fits_into_60_columns_and_is_complete_in_a_pipe() {
    let project = project("list-that-is-wider-than-a-terminal", SHOP);
    project.topo("up", &["-d"]).exits(0);
    let name = project.container("web");
    for (command, options) in
        [("ps", &[][..]), ("images", &[]), ("top", &[]), ("stats", &["--no-stream"]), ("volumes", &[])]
    {
        let shown = lines_of(60, project.command(command, options));
        assert!(shown.len() > 1, "{command}: {shown:?}");
        assert!(shown.iter().all(|line| line.chars().count() <= 60), "{command}: {shown:#?}");
        let piped = project.topo(command, options).exits(0).out;
        assert!(!piped.contains('…') || command == "ps", "{command}: {piped}");
        // Nothing is left out, and each object has a line.
        let wanted = if command == "volumes" { format!("{}_data", project.name()) } else { name.clone() };
        assert!(piped.contains(&wanted) || command == "top", "{command}: {piped}");
    }
    let whole = project.topo("ps", &["--no-trunc"]).exits(0).out;
    assert!(whole.lines().all(|line| !line.contains('…')) && whole.contains("127.0.0.1:"), "{whole}");
    assert!(whole.lines().next().is_some_and(|titles| titles.contains("COMMAND")), "{whole}");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn sentences_are_wrapped_between_words_in_a_narrow_terminal() {
    let project = project("narrow-words", SHOP);
    let lines = lines_of(40, project.command("exec", &["wbe", "ls"]));
    let first = lines.iter().position(|line| line.contains("did you mean `web`?"));
    let help = first.map(|first| lines[first..].join("\n")).unwrap_or_default();
    assert!(help.ends_with("services\n        here: `db`, `job` and `web`"), "{lines:#?}");
    let mut topo = Command::new(env!("CARGO_BIN_EXE_topo"));
    topo.args(["explain", "unset-variable"]);
    let page = lines_of(40, topo);
    let prose: Vec<&str> = page.iter().filter(|line| !line.starts_with("    ")).map(String::as_str).collect();
    assert!(prose.iter().all(|line| line.chars().count() <= 40), "{page:#?}");
    assert!(prose.join(" ").contains("default, so it becomes an empty string."), "{page:#?}");
}
