//! Attributes of services.

use super::{Place, beside_another, connected_service, service};

/// Every place.
pub(super) fn places() -> Vec<Place> {
    let mut places = limits();
    places.extend(device_rates());
    places.extend(security());
    places.extend(mounts());
    places.extend(files());
    places.extend(process());
    places.extend(hooks());
    places.extend(names());
    places
}

/// CPUs, memory, processes, block devices.
fn limits() -> Vec<Place> {
    vec![
        service("mem_limit: @", &["64m", "6m", "5m", "-1", "1.5g"]),
        service("mem_reservation: @", &["64m", "6m", "-1"]),
        service("mem_limit: 64m, memswap_limit: @", &["128m", "-1", "64m", "-2"]),
        service("mem_swappiness: @", &["0", "60", "100"]),
        service("deploy: {resources: {limits: {memory: @}}}", &["64m", "5m", "-1"]),
        service("deploy: {resources: {limits: {cpus: @}}}", &["0.5", "0.001"]),
        service("deploy: {resources: {limits: {pids: @}}}", &["10", "-1"]),
        service("shm_size: @", &["64m", "-1"]),
        service("cpus: @", &["0.5", "0.01", "0.001"]),
        service("cpu_shares: @", &["2", "1", "0", "262144", "262145"]),
        service("cpu_period: @", &["100000", "1000", "1000000"]),
        service("cpu_quota: @", &["50000", "1000", "-1"]),
        service("cpuset: @", &["0", "0-1", "0,1", "a", "1-0"]),
        service("pids_limit: @", &["10", "-1"]),
        service("oom_score_adj: @", &["500", "-1000", "1000"]),
        service("ulimits: {nofile: @}", &["1024", "-1"]),
        service("ulimits: {@: 1024}", &["nofile", "nproc"]),
        service("ulimits: {nofile: {soft: @, hard: 1024}}", &["512", "2048"]),
        service("ulimits: {nofile: {soft: 512, hard: @}}", &["1024"]),
        service("deploy: {resources: {limits: {memory: 64m}, reservations: {memory: @}}}", &["32m", "5m"]),
        service("oom_kill_disable: @", &["false"]),
        service("cpu_count: @", &["0"]),
        service("cpu_percent: @", &["0"]),
        service("cpu_rt_period: @", &["0", "100000"]),
        service("cpu_rt_runtime: @", &["0"]),
        service("blkio_config: {weight: @}", &["10", "1000", "9", "1001"]),
        service("blkio_config: {weight_device: [{path: /dev/loop0, weight: @}]}", &["10", "9", "1001"]),
        service("blkio_config: {weight_device: [{path: @, weight: 10}]}", &["/dev/loop0", "/dev/null"]),
    ]
}

/// Limits on one device, one by one, since their units differ.
fn device_rates() -> Vec<Place> {
    let rates: [(&str, &[&str]); 4] = [
        ("device_read_bps", &["1m", "1024", "1.5"]),
        ("device_read_iops", &["100", "1m", "1.5"]),
        ("device_write_bps", &["1m", "1024"]),
        ("device_write_iops", &["100"]),
    ];
    let rate = |(key, values)| {
        let path = service(&format!("blkio_config: {{{key}: [{{path: @, rate: 1024}}]}}"), &["/dev/loop0"]);
        [path, service(&format!("blkio_config: {{{key}: [{{path: /dev/loop0, rate: @}}]}}"), values)]
    };
    rates.into_iter().flat_map(rate).collect()
}

/// Namespaces, privileges and security.
fn security() -> Vec<Place> {
    vec![
        service(
            "security_opt: [@]",
            &[
                "no-new-privileges:true",
                "no-new-privileges=false",
                "seccomp=unconfined",
                "seccomp:profile.json",
                "seccomp=nosuch.json",
                "seccomp=builtin",
                "apparmor=unconfined",
                "apparmor:unconfined",
                "label=disable",
                "label:user:a",
                "systempaths=unconfined",
                "systempaths:unconfined",
                "writable-cgroups=true",
            ],
        ),
        service(
            "sysctls: {@: '1'}",
            &[
                "net.ipv4.ip_forward",
                "net.core.somaxconn",
                "net.core.rmem_max",
                "net.ipv4.conf.eth0.forwarding",
                "net.foo.bar",
                "kernel.msgmax",
                "kernel.shm_rmid_forced",
                "fs.mqueue.msg_max",
                "kernel.foo",
                "kernel.hostname",
                "foo.bar",
                "vm.swappiness",
            ],
        ),
        service("sysctls: [@]", &["net.ipv4.ip_forward=1", "net/ipv4/ip_forward=1", "kernel.msgmax=10"]),
        service("sysctls: {net.core.somaxconn: @}", &["1024", "-1"]),
        service("sysctls: {net.ipv4.ip_local_port_range: @}", &["1024 65000", "65000 1024"]),
        service("sysctls: {net.ipv4.ip_unprivileged_port_start: @}", &["80", "65536"]),
        service("sysctls: {kernel.shmmax: @}", &["65536", "-1"]),
        service("sysctls: {kernel.shm_rmid_forced: @}", &["1", "7"]),
        service("sysctls: {kernel.sem: @}", &["250 32000 100 128"]),
        service("sysctls: {fs.mqueue.msg_max: @}", &["10", "0"]),
        service("external_links: [@]", &["topo-test-grammar-other"]),
        service("cap_add: [@]", &["NET_ADMIN", "CAP_NET_ADMIN", "all", "CAP_ALL"]),
        service("cap_drop: [@]", &["NET_RAW", "CAP_ALL"]),
        service("privileged: @", &["true", "false"]),
        service("use_api_socket: @", &["false"]),
        service("devices: [{source: @}]", &["/dev/null", "/dev/nosuch"]),
        service("devices: [{source: /dev/null, target: @}]", &["/dev/x", "x", "/dev/null/x", "/"]),
        service("devices: [{source: /dev/null, target: /dev/x, permissions: @}]", &["rwm", "r", "mr"]),
        service("devices: [@]", &["/dev/null", "/dev/null:/dev/zero2", "/dev/null:/dev/a:rw", "/dev/nosuch"]),
        service("device_cgroup_rules: [@]", &["c 1:3 mr", "a *:* rwm", "b 8:* r", "c 1:3", "foo"]),
        service("group_add: [@]", &["0", "root", "1000", "-1"]),
        service("user: @", &["0", "root", "0:0", "1000:1000", "root:root", "a:b:c", "2147483647"]),
        service("ipc: @", &["host", "private", "none", "shareable"]),
        service("pid: @", &["host", "container:a b"]),
        service("uts: @", &["host"]),
        service("userns_mode: @", &["host"]),
        service("cgroup: @", &["host", "private"]),
        service("isolation: @", &["default", "hyperv", "process"]),
        service("runtime: @", &["runc"]),
    ]
}

/// Directories, files and volumes.
fn mounts() -> Vec<Place> {
    vec![
        service(
            "tmpfs: @",
            &["/a", "/a:size=64m", "/a:mode=1777", "/a:size=1k,uid=1000,noexec", "/a:rw", "/a/"],
        ),
        service(
            "tmpfs: [@]",
            &[
                "/a:size=50%",
                "/a:nr_inodes=10k",
                "/a:exec,dev,suid",
                "/a:rprivate",
                "/a:foo=1",
                "/a:size=x",
                "/a:mode=9",
            ],
        ),
        service("volumes: [{type: tmpfs, target: @}]", &["/a", "/a/b", "/proc", "/sys", "/dev", "a", "/a:b"]),
        service("volumes: [{type: tmpfs, target: /a, tmpfs: {size: @}}]", &["64m", "0", "-1"]),
        service("volumes: [{type: tmpfs, target: /a, tmpfs: {mode: @}}]", &["1777", "0755", "9"]),
        service("volumes: [{type: tmpfs, target: /a, source: @}]", &["a"]),
        service(
            "volumes: [{type: bind, source: ./dir, target: @}]",
            &["/a", "/", "/proc", "/a/../b", "/sys/x", "/proc/x", "/proc/uptime", "/etc/hosts", "/dev"],
        ),
        service("volumes: ['./dir/file:/b', './dir:@']", &["/a", "/b/x"]),
        service("volumes: [{type: volume, target: /a, volume: {subpath: @}}]", &["x"]),
        service(
            "volumes: [{type: bind, source: ./dir, target: /a, bind: {propagation: @}}]",
            &["rprivate", "shared"],
        ),
        service(
            "volumes: [{type: bind, source: ./dir, target: /a, bind: {recursive: @}}]",
            &["enabled", "disabled", "readonly", "writable"],
        ),
        service(
            "volumes: [{type: bind, source: ./dir, target: /a, read_only: true, bind: {recursive: @}}]",
            &["enabled", "disabled", "readonly", "writable"],
        ),
        service("volumes: [@]", &["./dir:/a", "./dir:/a:ro", "./dir:/a:z", "./dir:/a:rslave", "/a"]),
        service(
            "volumes: [{type: @, source: ./dir, target: /a}]",
            &["bind", "volume", "tmpfs", "npipe", "cluster", "image"],
        ),
        service(
            "volumes: [{type: image, source: 'busybox:1.37', target: /a, image: {subpath: @}}]",
            &["bin", "/bin", "../x", "a/../bin"],
        ),
        service("volumes: [{type: image, source: @, target: /a}]", &["busybox:1.37"]),
        service("volumes: [{type: volume, target: @}]", &["/a", "/"]),
        service("volumes: [{type: volume, target: /a, volume: {nocopy: @}}]", &["true"]),
        service("volumes: [{type: volume, target: /a, volume: {labels: {@: x}}}]", &["a"]),
        service("volumes: [{type: volume, target: /a, volume: {labels: [@]}}]", &["a", "a=b"]),
        service(
            "volumes: [{type: bind, target: /a, source: @}]",
            &["./dir", "./dir/file", "./nosuch", "dir"],
        ),
        service("volumes: [{type: bind, target: /a, source: ./dir, read_only: @}]", &["true"]),
        service("volumes: [{type: bind, target: /a, source: ./dir, consistency: @}]", &["cached", "default"]),
        service(
            "volumes: [{type: bind, target: /a, source: ./nosuch, bind: {create_host_path: @}}]",
            &["true", "false"],
        ),
        service("volumes: [{type: bind, target: /a, source: ./dir, bind: {selinux: @}}]", &["z", "Z", "zZ"]),
        service("read_only: @", &["true"]),
        beside_another("volumes_from: [@]", &["b", "b:ro", "b:rw", "b:z", "container:b"]),
    ]
}

/// Files that topo puts into a container.
fn files() -> Vec<Place> {
    let place = |kind: &str, attributes: &str, values| {
        Place::new(
            &format!("network_mode: none, {kind}: [{attributes}]"),
            &format!("{kind}: {{f: {{file: ./profile.json}}}}\n"),
            values,
        )
    };
    let of_kind = |kind| {
        [
            place(kind, "@", &["f"]),
            place(kind, "{source: f, target: @}", &["/a", "a", "/a/b", "/proc/a", "/etc/passwd", "/etc"]),
            place(kind, "{source: f, target: /a, mode: @}", &["0440", "0o440", "9", "07777"]),
            place(kind, "{source: f, target: /a, uid: @}", &["0", "1000", "root", "2147483648"]),
            place(kind, "{source: f, target: /a, gid: @}", &["0", "1000"]),
        ]
    };
    ["configs", "secrets"].into_iter().flat_map(of_kind).collect()
}

/// The process and its environment.
fn process() -> Vec<Place> {
    vec![
        service("working_dir: @", &["/", "/tmp", r"C:\x", "/a/../b"]),
        service("environment: {@: x}", &["A", "A.B"]),
        service("environment: [@]", &["A=1", "A", "=1"]),
        service("environment: {A: @}", &["x"]),
        service("labels: {@: x}", &["a", "a.b/c"]),
        service("labels: [@]", &["a=1", "a"]),
        service("annotations: {@: x}", &["a"]),
        service("stop_signal: @", &["SIGTERM", "TERM", "15", "SIGRTMIN+3", "64", "65"]),
        service("stop_grace_period: @", &["1s", "1m30s"]),
        service("restart: @", &["no", "always", "on-failure", "on-failure:3", "unless-stopped"]),
        service("logging: {driver: @}", &["json-file", "local", "none"]),
        service("healthcheck: {test: [CMD, 'true'], interval: @}", &["1s", "1ms", "10us"]),
        service("healthcheck: {test: [CMD, 'true'], timeout: @}", &["1s", "1ms", "0s"]),
        service("healthcheck: {test: [CMD, 'true'], start_period: @}", &["1s", "10us"]),
        service("healthcheck: {test: [CMD, 'true'], start_period: 1s, start_interval: @}", &["1s", "10us"]),
        service("healthcheck: {test: [CMD, 'true'], disable: @}", &["true"]),
        service("healthcheck: {test: [CMD, 'true'], retries: @}", &["3"]),
        service("healthcheck: {test: @}", &["true", "NONE"]),
        service("platform: @", &["linux/amd64", "linux"]),
        service("storage_opt: {@: '1G'}", &["size"]),
        service("init: @", &["true"]),
        service("stdin_open: @", &["true"]),
        service("pull_policy: @", &["never", "missing", "always", "daily"]),
        service("gpus: @", &["all"]),
        service("tty: @", &["true"]),
        service("deploy: {restart_policy: {condition: @}}", &["any", "none", "on-failure", "always"]),
        service("deploy: {restart_policy: {condition: on-failure, max_attempts: @}}", &["3", "0"]),
        Place::of("command: @", &["sleep 9", "sleep '9"]),
        Place::of("command: [@, '9']", &["sleep"]),
        Place::of("command: ['9'], entrypoint: @", &["sleep", "sleep '9"]),
    ]
}

/// Hooks.
fn hooks() -> Vec<Place> {
    let of_kind = |kind: &str, command: &str| {
        let place = |attribute: &str, values| service(&format!("{kind}: [{{{attribute}}}]"), values);
        [
            place("command: @", &["true"]),
            place(&format!("{command}, user: @"), &["0", "root:root", "1000", "a:b:c"]),
            place(&format!("{command}, privileged: @"), &["true"]),
            place(&format!("{command}, working_dir: @"), &["/", "/tmp", "tmp", r"C:\x"]),
            place(&format!("{command}, environment: {{@: x}}"), &["A"]),
            place(&format!("{command}, environment: [@]"), &["A=1", "=1"]),
        ]
    };
    let mut places: Vec<Place> = of_kind("post_start", "command: 'true'").into();
    places.extend(of_kind("pre_start", "command: 'true'"));
    places.push(service("pre_start: [{command: 'true', per_replica: @}]", &["true"]));
    places
}

/// Names and addresses.
fn names() -> Vec<Place> {
    vec![
        service("hostname: @", &["a", "a.b", "a_b"]),
        service("domainname: @", &["a", "example.com"]),
        service("container_name: @", &["topo-test-grammar-name"]),
        service("extra_hosts: [@]", &["a=127.0.0.1", "a:127.0.0.1", "a=host-gateway", "a=::1"]),
        service("dns: @", &["9.9.9.9", "::1"]),
        service("dns_opt: [@]", &["ndots:1"]),
        service("dns_search: @", &["example.com", "."]),
        service("network_mode: @", &["none", "host", "bridge"]),
        connected_service(
            "mac_address: @",
            &["02:42:ac:11:00:02", "01:00:5e:00:00:01", "00:00:00:00:00:00", "02-42-ac-11-00-02"],
        ),
        connected_service(
            "networks: {default: {mac_address: @}}",
            &["02:42:ac:11:00:02", "01:00:5e:00:00:01", "0242.ac11.0002"],
        ),
        connected_service("networks: {default: {aliases: [@]}}", &["a", "a.b"]),
        connected_service("networks: {default: {gw_priority: @}}", &["1", "-1"]),
        connected_service("networks: {default: {priority: @}}", &["1", "-1"]),
        beside_another("links: [@]", &["b", "b:c", "b:c.d"]),
        connected_service("ports: [{target: 80, host_ip: 127.0.0.1, protocol: @}]", &["tcp", "udp", "sctp"]),
        connected_service("ports: [{target: 80, host_ip: 127.0.0.1, mode: @}]", &["host", "ingress"]),
        connected_service("expose: [@]", &["80", "80/udp", "80-82"]),
        connected_service(
            "ports: [@]",
            &[
                "127.0.0.1:28471:80",
                "127.0.0.1::80",
                "127.0.0.1:28471:80/udp",
                "[::1]:28471:80",
                "[fe80::1]:28471:80",
                "80",
            ],
        ),
        connected_service("ports: [{target: 80, host_ip: @}]", &["127.0.0.1", "::1", "fe80::1", "1.2.3.4"]),
        connected_service(
            "ports: [{target: 80, published: @, host_ip: 127.0.0.1}]",
            &["28471", "28471-28475"],
        ),
        connected_service("ports: [{target: @, host_ip: 127.0.0.1}]", &["80"]),
    ]
}
