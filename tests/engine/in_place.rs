//! What the engine can change of a container is changed without a new one: its id and the time of its start stay.

use crate::harness::{Project, docker, project};

/// A service with these lines, and networks.
fn topology(lines: &str) -> String {
    let lines = lines.replace('\n', "\n    ");
    format!(
        "
services:
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    {lines}
networks:
  front: {{ ipam: {{ config: [{{ subnet: 10.231.40.0/24 }}] }} }}
  back:
"
    )
}

/// Which container it is, and since when it runs.
fn life(project: &Project) -> String {
    project.inspect("web", "{{.Id}} {{.State.StartedAt}} {{.State.Status}}")
}

/// Brings up `from`, then `to`: the container stays, and has the value of the template.
#[track_caller]
fn stays(project: &Project, from: &str, to: &str, (template, value): (&str, &str)) {
    project.write("topology.yaml", &topology(from));
    project.topo("up", &["-d", "-t", "1"]).exits(0);
    let before = life(project);
    project.write("topology.yaml", &topology(to));
    project.topo("plan", &["--exit-code"]).exits(5);
    let said = project.topo("up", &["-d", "-t", "1"]).exits(0).err;
    assert_eq!(life(project), before, "{from} -> {to}: {said}");
    assert_eq!(project.inspect("web", template).trim(), value, "{from} -> {to}: {said}");
    project.topo("plan", &["--exit-code"]).exits(0).says("nothing to do");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn limits_and_the_restart_policy_are_updated() {
    let project = project("in-place-limits", &topology(""));
    let limits = "{{with .HostConfig}}";
    for (from, to, template, value) in [
        ("mem_limit: 64m", "mem_limit: 128m", "{{.Memory}} {{.MemorySwap}}", "134217728 268435456"),
        ("mem_limit: 128m", "mem_limit: 64m", "{{.Memory}} {{.MemorySwap}}", "67108864 134217728"),
        ("stdin_open: false", "mem_limit: 64m", "{{.Memory}}", "67108864"),
        ("mem_limit: 64m", "mem_limit: 64m\nmemswap_limit: -1", "{{.MemorySwap}}", "-1"),
        ("mem_limit: 64m\nmemswap_limit: -1", "mem_limit: 64m", "{{.MemorySwap}}", "134217728"),
        ("mem_reservation: 16m", "mem_reservation: 32m", "{{.MemoryReservation}}", "33554432"),
        ("cpus: 0.5", "cpus: 0.25", "{{.NanoCpus}}", "250000000"),
        (
            "cpus: 0.5",
            "deploy: { resources: { limits: { cpus: '0.75', memory: 64m, pids: 30 } } }",
            "{{.NanoCpus}} {{.Memory}} {{.PidsLimit}}",
            "750000000 67108864 30",
        ),
        ("cpu_shares: 256", "cpu_shares: 512", "{{.CpuShares}}", "512"),
        (
            "cpu_quota: 20000",
            "cpu_quota: 30000\ncpu_period: 50000",
            "{{.CpuQuota}} {{.CpuPeriod}}",
            "30000 50000",
        ),
        ("cpu_quota: 20000", "stdin_open: false", "{{.CpuQuota}}", "-1"),
        ("cpuset: '0'", "cpuset: '0-1'", "{{.CpusetCpus}}", "0-1"),
        ("pids_limit: 40", "pids_limit: 50", "{{.PidsLimit}}", "50"),
        ("pids_limit: 40", "stdin_open: false", "{{with .PidsLimit}}{{if gt . 0}}limited{{end}}{{end}}", ""),
        ("restart: 'no'", "restart: on-failure:3", "{{.RestartPolicy}}", "{on-failure 3}"),
        ("restart: always", "stdin_open: false", "{{.RestartPolicy.Name}}", "no"),
        (
            "restart: always",
            "deploy: { restart_policy: { condition: on-failure, max_attempts: 2 } }",
            "{{.RestartPolicy}}",
            "{on-failure 2}",
        ),
    ] {
        stays(&project, from, to, (&format!("{limits}{template}{{{{end}}}}"), value));
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn networks_aliases_and_addresses_are_changed_by_connecting() {
    let project = project("in-place-networks", &topology(""));
    let networks = "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}";
    let (front, back) = (format!("{}_front", project.name()), format!("{}_back", project.name()));
    let of = |template: &str| {
        format!("{{{{with index .NetworkSettings.Networks \"{front}\"}}}}{template}{{{{end}}}}")
    };
    for (from, to, template, value) in [
        ("networks: [front]", "networks: [front, back]", networks.to_owned(), format!("{back} {front}")),
        ("networks: [front, back]", "networks: [front]", networks.to_owned(), front.clone()),
        (
            "networks: { front: { aliases: [site] } }",
            "networks: { front: { aliases: [shop] } }",
            of("{{range .Aliases}}{{if eq . \"shop\"}}it{{end}}{{if eq . \"site\"}}other{{end}}{{end}}"),
            "it".to_owned(),
        ),
        (
            "networks: { front: { ipv4_address: 10.231.40.7 } }",
            "networks: { front: { ipv4_address: 10.231.40.8 } }",
            of("{{.IPAddress}}"),
            "10.231.40.8".to_owned(),
        ),
        (
            "networks: { front: { ipv4_address: 10.231.40.7 } }",
            "networks: [front]",
            of("{{with .IPAMConfig}}{{.IPv4Address}}{{end}}"),
            String::new(),
        ),
    ] {
        stays(&project, from, to, (&template, &value));
        // What is changed is there after a restart as well.
        docker(&["restart", "-t", "1", &project.container("web")]);
        assert_eq!(project.inspect("web", &template).trim(), value);
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_network_that_nobody_has_any_more_goes_and_the_container_starts_again() {
    let project = project("in-place-left", &topology("networks: [back, front]"));
    let without = |network: &str| {
        let kept = if network == "front" { "back" } else { "front" };
        format!(
            "{}networks:\n  {kept}:\n",
            topology(&format!("networks: [{kept}]")).split_once("networks:\n  front").unwrap().0
        )
    };
    // It was created in `back`, and looks for that whenever it starts.
    for (left, stays) in [("front", true), ("back", false)] {
        project.write("topology.yaml", &topology("networks: [back, front]"));
        project.topo("up", &["-d", "-t", "1"]).exits(0);
        let before = life(&project);
        project.write("topology.yaml", &without(left));
        project.topo("up", &["-d", "-t", "1"]).exits(0);
        assert_eq!(life(&project) == before, stays, "{left}");
        assert!(!project.objects("network").contains(&format!("{}_{left}", project.name())), "{left}");
        docker(&["restart", "-t", "1", &project.container("web")]);
        assert_eq!(project.inspect("web", "{{.State.Status}}"), "running", "{left}");
        project.topo("plan", &["--exit-code"]).exits(0).says("nothing to do");
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn what_is_stopped_or_paused_is_updated_too() {
    let project = project("in-place-states", &topology("mem_limit: 64m"));
    project.topo("up", &["-d"]).exits(0);
    let (id, memory) = (project.id("web"), "{{.HostConfig.Memory}}");
    docker(&["stop", "-t", "1", &project.container("web")]);
    project.write("topology.yaml", &topology("mem_limit: 128m"));
    project.topo("up", &["-d", "--no-start"]).exits(0);
    assert_eq!((project.id("web"), project.inspect("web", memory)), (id.clone(), "134217728".to_owned()));
    project.topo("up", &["-d"]).exits(0);
    docker(&["pause", &project.container("web")]);
    project.write("topology.yaml", &topology("mem_limit: 96m"));
    project.topo("up", &["-d"]).exits(0);
    assert_eq!((project.id("web"), project.inspect("web", memory)), (id, "100663296".to_owned()));
    assert_eq!(project.inspect("web", "{{.State.Status}}"), "running");
    project.topo("plan", &["--exit-code"]).exits(0);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn what_the_engine_does_not_update_is_recreated_and_told() {
    let project = project("in-place-refused", &topology("cpuset: '0'"));
    project.topo("up", &["-d", "-t", "1"]).exits(0);
    let id = project.id("web");
    // The planner knows what an update cannot take away.
    project.write("topology.yaml", &topology("mem_limit: 64m"));
    project.topo("up", &["-d", "-t", "1"]).exits(0);
    let recreated = project.id("web");
    assert_ne!(recreated, id);
    // It does not know what a kernel lacks: the engine leaves it out, also of a new container.
    project.write("topology.yaml", &topology("mem_limit: 64m\nblkio_config: { weight: 300 }"));
    let up = project.topo("up", &["-d", "-t", "1"]).exits(0);
    let is_known = project.inspect("web", "{{.HostConfig.BlkioWeight}}") == "300";
    assert_eq!(up.err.contains("cannot be updated in place, and is recreated"), !is_known, "{}", up.err);
    assert_eq!(project.id("web") == recreated, is_known);
    project.topo("plan", &["--exit-code"]).exits(0).says("nothing to do");
    // Memory that is in use cannot be taken away: either it is refused, or what uses it is gone.
    let hungry = "mem_limit: 64m\ntmpfs: ['/full:size=60m']";
    project.write("topology.yaml", &topology(hungry));
    project.topo("up", &["-d", "-t", "1"]).exits(0);
    docker(&["exec", &project.container("web"), "dd", "if=/dev/zero", "of=/full/a", "bs=1M", "count=40"]);
    project.write("topology.yaml", &topology(&hungry.replace("64m", "12m")));
    project.topo("up", &["-d", "-t", "1"]).exits(0);
    assert_eq!(project.inspect("web", "{{.HostConfig.Memory}} {{.State.Status}}"), "12582912 running");
    project.topo("plan", &["--exit-code"]).exits(0);
}
