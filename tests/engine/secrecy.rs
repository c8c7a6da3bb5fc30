//! Values of secrets and configs reach only the containers, and are never shown.

use std::process::Command;

use crate::harness::{Project, Ran, docker, project};

/// The prefix of each value: a text without it reveals nothing.
const MARK: &str = "geheim-7f3a";

/// The content of a config is literally in the topology: `topo config` shows it, like Docker
/// Compose.
const WRITTEN: &str = "geheim-7f3a-content";

const TOPOLOGY: &str = "
services:
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    secrets: [file, { source: variable, target: TARGET, mode: 0400 }]
    configs: [file, variable, content]
    labels: { round: ROUND }
  locked:
    image: busybox:1.37
    init: true
    read_only: true
    command: sleep 1000
    secrets: [file, variable]
    configs: [{ source: content, target: /etc/app.conf, uid: '1000' }]
  built:
    profiles: [built]
    image: topo-test-secrecy-built
    build:
      dockerfile_inline: \"FROM busybox:1.37\\nRUN --mount=type=secret,id=variable --mount=type=secret,id=file test -s /run/secrets/variable && RESULT\\n\"
      secrets: [file, variable]
secrets:
  file: { file: ./secret.txt }
  variable: { environment: TOPO_TEST_SECRET }
configs:
  file: { file: ./config.txt }
  variable: { environment: TOPO_TEST_CONFIG }
  content: { content: 'geheim-7f3a-content' }
";

/// Each round has its own values, so that it is a change.
struct Round<'a> {
    project: &'a Project,
    number: u32,
}

impl<'a> Round<'a> {
    fn begin(project: &'a Project, number: u32, replaced: &[(&str, &str)]) -> Self {
        let round = number.to_string();
        let mut topology =
            TOPOLOGY.replace("ROUND", &round).replace("-content'", &format!("-content-{round}'"));
        for (from, to) in [replaced, &[("TARGET", "variable"), ("RESULT", "true")]].concat() {
            topology = topology.replace(from, to);
        }
        project.write("topology.yaml", &topology);
        project.write("secret.txt", &format!("{MARK}-secret-file-{round}"));
        project.write("config.txt", &format!("{MARK}-config-file-{round}"));
        Self { project, number }
    }

    /// The output of topo, which must contain no value.
    fn topo(&self, command: &str, arguments: &[&str]) -> Ran {
        let ran = self.say(command, arguments);
        let said = format!("{}{}", ran.out, ran.err);
        assert!(!said.contains(MARK), "topo {command} {arguments:?} tells:\n{said}");
        ran
    }

    fn say(&self, command: &str, arguments: &[&str]) -> Ran {
        let value = |kind: &str| format!("{MARK}-{kind}-variable-{}", self.number);
        let mut topo = self.project.command(command, arguments);
        topo.env("TOPO_TEST_SECRET", value("secret")).env("TOPO_TEST_CONFIG", value("config"));
        Ran::of(topo.output().expect("topo runs"))
    }

    /// The origin of a value is explained without it.
    fn explains(&self, path: &str) {
        let mut topo = Command::new(env!("CARGO_BIN_EXE_topo"));
        topo.args(["config", "explain", "-f", &self.project.topology(), path]);
        topo.env("TOPO_TEST_SECRET", MARK).env("TOPO_TEST_CONFIG", MARK);
        let ran = Ran::of(topo.output().expect("topo runs")).exits(0);
        assert!(!ran.out.contains(MARK) && !ran.err.contains(MARK), "{path}: {}{}", ran.out, ran.err);
    }

    /// Shows in every way what would be done, and does it.
    fn is_gone_through(&self, progress: &str) {
        for format in ["text", "json", "dot"] {
            self.topo("plan", &["--format", format]).exits(0);
        }
        self.topo("plan", &["--progress", "json"]).exits(0);
        self.topo("up", &["-d", "--progress", progress]).exits(0);
        for service in ["web", "locked"] {
            let container = self.project.container(service);
            let seen = docker(&["exec", &container, "cat", "/run/secrets/variable"]);
            assert_eq!(seen, format!("{MARK}-secret-variable-{}", self.number), "it is where it belongs");
        }
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn values_of_secrets_and_configs_are_never_shown() {
    let project = project("secrecy", "");
    for (number, progress) in [(1, "json"), (2, "plain")] {
        Round::begin(&project, number, &[]).is_gone_through(progress);
    }
    let round = Round::begin(&project, 3, &[]);
    round.is_gone_through("tty");
    for arguments in
        [&["ps", "--format", "json"][..], &["images", "--format", "json"], &["volumes", "--format", "json"]]
    {
        round.topo(arguments[0], &arguments[1..]).exits(0);
    }
    round.topo("config", &["--services"]).exits(0);
    for path in ["secrets.variable", "secrets.file", "configs.variable", "services.web"] {
        round.explains(path);
    }
    round.topo("graph", &[]).exits(0);
    for format in ["yaml", "json"] {
        let shown = round.say("config", &["--format", format]).exits(0);
        let rest = shown.out.replace(WRITTEN, "");
        assert!(shown.out.contains(WRITTEN) && !rest.contains(MARK), "{rest}");
    }
    for kind in ["container", "network", "volume"] {
        for name in project.objects(kind) {
            assert!(!docker(&[kind, "inspect", &name]).contains(MARK), "{kind} {name}");
        }
    }
    round.topo("events", &["--json", "--since", "10m", "--until", "0s"]);
    round.topo("down", &["-v", "-t", "0", "--progress", "json"]).exits(0);
}

/// `VALUE` is a secret.
const LABELLED: &str = "
services:
  web:
    image: busybox:1.37
    init: true
    command: [sleep, '1000']
    environment: { DB_PASSWORD: VALUE, OPTIONS: ROUND }
    healthcheck: { test: 'true VALUE', interval: 1h }
    logging: { driver: json-file, options: { tag: VALUE } }
    secrets: [pin]
    volumes: ['data:/data']
secrets:
  pin: { file: ./pin.txt }
volumes:
  data: { driver_opts: { type: tmpfs, device: VALUE } }
";

#[test]
#[ignore = "needs a Docker Engine"]
fn labels_contain_no_value_and_changes_are_still_reported() {
    let project = project("secrecy-labels", "");
    let write = |round: &str| {
        project.write("topology.yaml", &LABELLED.replace("VALUE", MARK).replace("ROUND", round));
        project.write("pin.txt", round);
    };
    write("1234");
    project.topo("up", &["-d"]).exits(0);
    project.topo("up", &["-d"]).exits(0).says("nothing to do");
    let filter = format!("label=com.docker.compose.project={}", project.name());
    let told = [
        docker(&["ps", "--no-trunc", "--filter", &filter, "--format", "{{.Labels}}"]),
        docker(&["volume", "ls", "--filter", &filter, "--format", "{{.Labels}}"]),
        docker(&["events", "--since", "1m", "--until", "0s", "--filter", &filter]),
        project.topo("ps", &["--format", "json"]).out,
        project.topo("events", &["--json", "--since", "1m", "--until", "0s"]).out,
    ];
    assert!(told[..2].iter().all(|labels| labels.contains("topo.applied")), "{told:?}");
    // The beginning of the SHA-256 of `1234`, which any table of short secrets contains.
    assert!(told.iter().all(|text| !text.contains(MARK) && !text.contains("03ac674216f3e15c")), "{told:?}");

    write("1235");
    let plan = project.topo("plan", &[]).exits(0).out;
    assert!(plan.contains("environment.OPTIONS: \"1234\" -> \"1235\""), "{plan}");
    assert!(
        plan.contains("content: changed (never shown)") && plan.contains("2 attributes changed"),
        "{plan}"
    );
    project.topo("up", &["-d"]).exits(0);
    project.topo("up", &["-d"]).exits(0).says("nothing to do");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn failures_show_no_value_either() {
    let project = project("secrecy-failed", "");
    // A file cannot be mounted below a file.
    let round = Round::begin(&project, 1, &[("TARGET", "/etc/passwd/variable")]);
    for progress in ["json", "plain"] {
        round.topo("up", &["-d", "--progress", progress]).exits(4);
    }
    let round = Round::begin(&project, 2, &[("init: true", "user: no-such-user")]);
    round.topo("up", &["-d"]).exits(4);
    round.topo("down", &["-v", "-t", "0"]).exits(0);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn builds_show_no_value() {
    let project = project("secrecy-build", "");
    let round = Round::begin(&project, 1, &[]);
    round.topo("build", &["built", "--print"]).exits(0).says("TOPO_BUILD_SECRET");
    round.topo("build", &["built", "--progress", "json"]).exits(0);
    let image = "topo-test-secrecy-built";
    assert!(!docker(&["image", "history", "--no-trunc", image]).contains(MARK));
    assert!(!docker(&["image", "inspect", image]).contains(MARK));
    docker(&["image", "rm", image]);
    let round = Round::begin(&project, 2, &[("RESULT", "false")]);
    for progress in ["json", "plain"] {
        round.topo("build", &["built", "--progress", progress]).exits(4);
    }
}

/// `N` begins with the mark, like the content of the env file.
const VARIABLES: &str = "
services:
  web:
    image: busybox:1.37
    network_mode: none
    command: [sh, -c, \"serve --password=${N}cmdpw --db 'postgres://u:${N}dsnpw@h/d'\"]
    env_file: [values.env]
    environment:
      DB_PW: '${N}one'
      CONNECTION_STRING: 'Server=h;Password=${N}two;'
      HARMLESS: $N
      N:
    labels: { owner: $N }
    healthcheck: { test: [CMD, redis-cli, -a, '${N}three', ping] }
    logging: { driver: json-file, options: { tag: $N } }
";

#[test]
#[ignore = "needs a Docker Engine"]
fn plans_show_neither_the_old_nor_the_new_value_of_a_variable() {
    let project = project("secrecy-variables", VARIABLES);
    let topo = |round: &str, command: &str, arguments: &[&str]| {
        project.write("values.env", &format!("FROM_FILE={MARK}-{round}-file\n"));
        let mut topo = project.command(command, arguments);
        topo.env("N", format!("{MARK}-{round}"));
        Ran::of(topo.output().expect("topo runs")).exits(0)
    };
    topo("old", "create", &[]);
    for format in ["text", "json", "dot"] {
        let ran = topo("new", "plan", &["--format", format]);
        let said = format!("{}{}", ran.out, ran.err);
        assert!(!said.contains(MARK), "{said}");
    }
    let plan = topo("new", "plan", &[]).out;
    assert!(plan.contains("environment.FROM_FILE: changed (hidden)"), "{plan}");
    assert!(plan.contains("values.env:1:11") && plan.contains("`--show-values` shows them"), "{plan}");
    let shown = topo("new", "plan", &["--show-values"]).out;
    for value in ["one", "cmdpw", "three", "two;"] {
        assert!(shown.contains(&format!("{MARK}-new{value}")), "{value}: {shown}");
    }
    assert!(shown.contains(&format!("\"{MARK}-oldone\" -> \"{MARK}-newone\"")), "{shown}");
}

/// What the engine refuses or cannot run, and quotes in its message.
const QUOTED: [(&str, &str); 9] = [
    ("command that is not there", "command: ['/bin/${N}x', '${N}']"),
    ("short word", "command: ['/bin/${S}x']"),
    ("entrypoint that is not there", "entrypoint: '/$N'"),
    ("user that is not there", "user: $N"),
    (
        "directory that is not there",
        "volumes: [{ type: bind, source: '/no/$N', target: /a, bind: { create_host_path: false } }]",
    ),
    ("mount below a file", "volumes: ['/tmp:/bin/busybox/$N']"),
    ("device that is not there", "devices: ['/dev/$N']"),
    ("hook that is not there", "post_start: [{ command: ['/bin/$N'] }]\n    command: [sleep, '1000']"),
    (
        "health check that is not there",
        "healthcheck: { test: [CMD, '/bin/$N'], interval: 1s, retries: 1 }\n    command: [sleep, '1000']",
    ),
];

#[test]
#[ignore = "needs a Docker Engine"]
fn messages_of_the_engine_show_no_value_of_a_variable() {
    let project = project("secrecy-quoted", "");
    for (claim, attributes) in QUOTED {
        project.write(
            "topology.yaml",
            &format!(
                "services:\n  web:\n    image: busybox:1.37\n    network_mode: none\n    {attributes}\n"
            ),
        );
        for progress in ["plain", "json", "quiet"] {
            let mut topo = project.command("up", &["-d", "--wait", "--progress", progress]);
            topo.env("N", MARK).env("S", "pw1");
            let ran = Ran::of(topo.output().expect("topo runs"));
            let said = format!("{}{}", ran.out, ran.err);
            assert!(matches!(ran.code, 1 | 4), "{claim}: {said}");
            assert!(!said.contains(MARK) && !said.contains("pw1"), "{claim}: {said}");
            assert!(said.contains("$N") || said.contains("${"), "{claim}: {said}");
        }
        project.topo("down", &["-t", "0"]).exits(0);
    }
}

const WATCHED: &str = "
services:
  web:
    image: busybox:1.37
    init: true
    network_mode: none
    command: [sh, -c, 'sleep 1000', '$N']
    labels: { owner: $N, said: aloud }
    label_file: [labels.env]
    volumes: ['/tmp:/m/$N']
    healthcheck: { test: [CMD, test, -n, '$N'], interval: 1s, retries: 1 }
    pre_stop: [{ command: [\"/bin/$N\"] }]
";

#[test]
#[ignore = "needs a Docker Engine"]
fn lists_of_running_containers_show_no_value() {
    let project = project("secrecy-watched", WATCHED);
    project.write("labels.env", &format!("from.file={MARK}-file\n"));
    let topo = |round: &str, command: &str, arguments: &[&str]| {
        let mut topo = project.command(command, arguments);
        topo.env("N", format!("{MARK}-{round}"));
        Ran::of(topo.output().expect("topo runs"))
    };
    let tells_none = |ran: Ran| {
        let said = format!("{}{}", ran.out, ran.err);
        assert!(!said.contains(MARK), "{said}");
        said
    };
    topo("old", "up", &["-d", "--wait"]).exits(0);
    let events = ["--json", "--since", "1m", "--until", "0s"];
    let told = tells_none(topo("old", "events", &events).exits(0));
    assert!(told.contains("\"owner\":\"(hidden)\"") && told.contains("\"said\":\"aloud\""), "{told}");
    tells_none(topo("old", "events", &events[1..]).exits(0));
    for format in ["json", "table"] {
        tells_none(topo("old", "ps", &["--no-trunc", "--format", format]).exits(0));
    }
    // Values in labels stay hidden even after the variable has changed.
    let labels = "{{.Labels}}";
    tells_none(topo("new", "ps", &["--format", labels]).exits(0));
    let plan = tells_none(topo("new", "plan", &[]).exits(0));
    assert!(plan.contains("volumes.(hidden)") && plan.contains("`--show-values` shows them"), "{plan}");
    let plan = topo("new", "plan", &["--show-values"]).exits(0).out;
    assert!(plan.contains(&format!("volumes./m/{MARK}-new")), "{plan}");
    tells_none(topo("old", "stop", &[]).exits(4));
    tells_none(topo("old", "run", &["--rm", "-e", "N", "--entrypoint", "/bin/nothing", "web"]));
    topo("old", "down", &["-t", "0", "--force"]).exits(0);
}
