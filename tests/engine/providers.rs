//! Services of external providers.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::harness::{Project, eventually, project};

/// Records its calls, and prints the content of the file `says`.
const PROGRAM: &str = "#!/bin/sh
cd \"$(dirname \"$0\")\"
if [ \"$2\" = metadata ]; then cat metadata 2>/dev/null; exit; fi
if [ -e slow ]; then echo $$ > pid; exec sleep 1000; fi
echo \"$@\" >> calls
cat says
exit $(cat code 2>/dev/null || echo 0)
";

const TOPOLOGY: &str = "
services:
  my_db:
    provider: { type: PROGRAM, options: { kind: mysql, size: [1, 2] } }
  app:
    image: busybox:1.37
    command: sh -c 'env; exec sleep 1000'
    init: true
    environment: { OWN: mine }
    depends_on: [my_db]
  other: { image: 'busybox:1.37', command: sleep 1000, init: true }
";

const SAYS: &str = r#"{"type":"info","message":"half way"}
{"type":"setenv","message":"URL=mysql://x"}
{"type":"rawsetenv","message":"KEY=secret"}
{"type":"debug","message":"not shown"}
"#;

struct Provided {
    project: Project,
    directory: PathBuf,
}

fn provided(name: &str) -> Provided {
    let project = project(name, "");
    let program = project.write("program", PROGRAM);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program");
    project.write("topology.yaml", &TOPOLOGY.replace("PROGRAM", program.to_str().expect("UTF-8")));
    project.write("says", SAYS);
    let directory = program.parent().expect("a directory").to_owned();
    Provided { project, directory }
}

impl Provided {
    /// Its calls since the last time.
    fn calls(&self) -> Vec<String> {
        let path = self.directory.join("calls");
        let calls = fs::read_to_string(&path).unwrap_or_default();
        let _ = fs::remove_file(path);
        calls.lines().map(str::to_owned).collect()
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_provider_is_called_and_its_variables_reach_dependants() {
    let provided = provided("provider");
    let project = &provided.project;
    let call = |order: &str, options: &str| {
        format!("compose --project-name={} {order}{options} my_db", project.name())
    };
    let options = " --kind=mysql --size=1 --size=2";
    let ran = project.topo("up", &["-d"]).exits(0).says("my_db: half way");
    assert!(!ran.err.contains("not shown"), "{}", ran.err);
    assert_eq!(provided.calls(), [call("up", options)]);
    let environment = project.inspect("app", "{{.Config.Env}}");
    for variable in ["MY_DB_URL=mysql://x", "KEY=secret", "OWN=mine"] {
        assert!(environment.contains(variable), "{variable}: {environment}");
    }
    assert!(!project.inspect("other", "{{.Config.Env}}").contains("MY_DB_URL"));
    // The same variables change nothing, others do.
    let id = project.id("app");
    project.topo("up", &["-d"]).exits(0);
    assert_eq!(project.id("app"), id);
    project.write("says", &SAYS.replace("mysql://x", "mysql://y"));
    project.topo("up", &["-d", "app"]).exits(0);
    assert_ne!(project.id("app"), id);
    provided.calls();
    let ran = project.topo("run", &["--rm", "-T", "app", "sh", "-c", "echo $MY_DB_URL"]).exits(0);
    assert_eq!(ran.out, "mysql://y\n");
    provided.calls();
    project.topo("plan", &[]).exits(0).says("what the provider of `my_db` sets is not known before it runs");
    // Services that do not depend on it do not call it, and a provider without `stop` is not
    // stopped.
    project.topo("up", &["-d", "other"]).exits(0);
    project.topo("stop", &["-t", "0"]).exits(0);
    assert_eq!(provided.calls(), Vec::<String>::new());
    project.write(
        "metadata",
        r#"{"description":"x","up":{},"down":{"parameters":[{"name":"kind"}]},"stop":{}}"#,
    );
    project.topo("stop", &["-t", "0"]).exits(0);
    project.topo("down", &["-t", "0"]).exits(0);
    assert_eq!(provided.calls(), [call("stop", ""), call("down", " --kind=mysql")]);
    project.assert_gone();
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_provider_that_fails_ends_the_run_before_anything_is_created() {
    let provided = provided("provider-failed");
    let project = &provided.project;
    project.write("says", "{\"type\":\"error\",\"message\":\"no money\"}\n");
    project.topo("up", &["-d"]).exits(4).says("the provider of `my_db` failed: no money");
    project.write("says", "noise\n");
    project.topo("up", &["-d"]).exits(4).says("the provider wrote `noise`, which is not a message");
    project.write("says", "");
    project.write("code", "3");
    project.topo("up", &["-d"]).exits(4).says("compose up`: exit status: 3");
    project.write("topology.yaml", &TOPOLOGY.replace("PROGRAM", "topo-test-nobody"));
    project.topo("up", &["-d"]).exits(4).says("`topo-test-nobody` is neither a plugin");
    assert_eq!(project.objects("container"), Vec::<String>::new());
}

#[test]
#[ignore = "needs a Docker Engine"]
fn ctrl_c_in_the_foreground_stops_a_provider() {
    let provided = provided("provider-foreground");
    let project = &provided.project;
    project.write("metadata", r#"{"description": "x", "up": {"parameters": []}, "stop": {}}"#);
    let up = project.start("up", &[]);
    eventually("app runs", || project.inspect("app", "{{.State.Running}}") == "true");
    up.signal("INT");
    up.end().exits(130);
    let calls = provided.calls();
    assert!(calls[0].contains(" up "), "{calls:?}");
    assert_eq!(calls[1..], [format!("compose --project-name={} stop my_db", project.name())]);
    assert_eq!(project.inspect("app", "{{.State.Running}}"), "false");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_provider_is_ended_when_topo_is_interrupted() {
    let provided = provided("provider-slow");
    let project = &provided.project;
    project.write("slow", "");
    for (command, arguments) in [("up", &["-d"][..]), ("up", &[]), ("create", &[]), ("scale", &["app=2"])] {
        for (signal, code) in [("INT", 130), ("TERM", 143)] {
            let topo = project.start(command, arguments);
            let id = running(&provided.directory);
            topo.signal(signal);
            topo.end().exits(code).says("the provider of `my_db` was interrupted");
            eventually("the end of the provider", || !PathBuf::from(format!("/proc/{id}")).exists());
        }
    }
    assert_eq!(project.objects("container"), Vec::<String>::new());
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_provider_does_not_affect_other_commands() {
    let provided = provided("provider-start");
    let project = &provided.project;
    project.topo("up", &["-d"]).exits(0);
    project.topo("stop", &["-t", "0"]).exits(0);
    project.topo("start", &[]).exits(0).says("2 containers started");
    project.topo("scale", &["my_db=2"]).exits(2).says("has no containers to scale");
    project.topo("up", &["-d", "--scale", "my_db=2"]).exits(2).says("has no containers to scale");
}

/// The process id of the provider that was just started.
fn running(directory: &std::path::Path) -> String {
    let path = directory.join("pid");
    let mut id = String::new();
    eventually("the start of the provider", || {
        id = fs::read_to_string(&path).unwrap_or_default().trim().to_owned();
        !id.is_empty()
    });
    fs::remove_file(path).expect("it was there");
    id
}
