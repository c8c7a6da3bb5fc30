//! Known disagreements: a part of the place, a part of the value (empty for every value), and the
//! reason.

/// Refused by `validate`, but accepted by the engine.
const REFUSED: &[(&str, &str, &str)] = &[
    ("expose: [@]", "", "the engine writes down what is no port, and nobody can connect to it"),
    ("networks: {n: {name: @", "..", "the engine does not find a network again whose name is a path"),
    ("networks: {n: {name: @", "//", "the engine does not find a network again whose name is a path"),
    ("networks: {n: {name: @", "/", "the engine does not find a network again whose name is a path"),
    ("stop_signal: @", "-", "the engine takes a negative number for the signal of its positive one"),
    ("tmpfs: ", "size=m", "the kernel takes a unit alone for 0, which is no limit"),
    ("tmpfs: ", "size=%", "the kernel takes a unit alone for 0, which is no limit"),
    ("tmpfs: ", "nr_inodes=k", "the kernel takes a unit alone for 0, which is no limit"),
    ("tmpfs: {mode: @", "9", "Docker Compose reads a mode of the long form as a decimal number"),
    ("mem_reservation: @", "-1", "Docker Compose passes a negative size, which is no limit"),
    ("memswap_limit: @", "-", "Docker Compose passes a negative size, which is no limit"),
    ("restart: @", ":", "Docker Compose passes over what follows another word than `on-failure`"),
    ("mem_swappiness: @", "1.5", "Docker Compose cuts the fraction off without a word"),
    ("mem_reservation: @", "99999999999", "Docker Compose lets the number overflow"),
    ("pull_policy: @", "", "Docker Compose takes a word that it does not know for `missing`"),
    ("restart: @", "on-failure:", "a limit that is not written is a mistake more often than none"),
    ("volumes: ['./dir:/a', @]", ":", "Docker Compose passes over options of a mount that it does not know"),
    ("volumes: [@]", ":", "Docker Compose passes over options of a mount that it does not know"),
    ("labels: [@]", "", "a name that is empty or ends in a blank is a mistake more often than none"),
    ("stop_signal: @", "99999999999", "the engine lets the number overflow"),
    ("devices: [@]", "rw", "Docker Compose takes any word for permissions"),
    ("restart: @", "no:no", "`no` takes no limit"),
    ("stop_grace_period: @", "-", "nothing takes less time than none"),
    ("target: @", "\\", "the engine takes a path of Windows for one of Linux"),
    ("tmpfs: ", "\\", "the engine takes a path of Windows for one of Linux"),
    ("permissions: @", "", "Docker Compose takes any word for permissions"),
    ("volumes_from: [@]", "b:", "Docker Compose passes over words on access that it does not know"),
    (
        "post_start: [{command: 'true', environment: [@]",
        "",
        "a variable without a name is a mistake more often than none",
    ),
    ("mode: @", "-", "Docker Compose does not read the mode of a file that it mounts"),
    (
        "{type: bind, target: /a, source: @",
        "",
        "Docker Compose takes an empty path for the project's directory",
    ),
    ("healthcheck: {test: [CMD, 'true']", "-0", "nothing takes less time than none"),
    ("rate: @", "99999999999", "Docker Compose lets the number overflow"),
    ("rate: @", "10241024", "Docker Compose lets the number overflow"),
    ("rate: @", "100100", "Docker Compose lets the number overflow"),
    ("reservations: {memory: @", "99999999999", "Docker Compose lets the number overflow"),
    ("syslog-address: @", r"\", "the engine reads an address without a host"),
    ("published: @", "/", "Docker Compose publishes a random port in place of one that it cannot read"),
    ("volumes: ['./dir:/a', @]", "/a/", "the one hides the other"),
    ("ports: [{target: @", "0", "a container has no port 0, and Docker Compose publishes nothing"),
];

/// Accepted by `validate`, but refused by the engine.
const TAKEN: &[(&str, &str, &str)] = &[
    ("o: bind, device: @", "/", "which directories there are is the machine's: a warning"),
    ("logging: {options: {@", "", "which driver is the default is the engine's: a warning"),
    ("networks: {n: {driver: @", "", "a plugin of the engine may be a driver"),
    ("ipam: {driver: @", "", "a plugin of the engine may be a driver"),
    ("volumes: {v: {driver: @", "", "a plugin of the engine may be a driver"),
    ("oom_score_adj: @", "-", "an engine that may not lower its own score cannot lower a container's"),
    ("user: @", "", "which names there are is the image's"),
    ("group_add: [@]", "", "which names there are is the image's"),
    ("image: {subpath: @", "", "which directories there are is the image's"),
    ("{type: image, source: @", "", "which images can be pulled is the registry's"),
    ("platform: @", "", "which platforms there are is the image's"),
    ("runtime: @", "", "which runtimes there are is the engine's"),
    ("logging: {driver: @", "", "a plugin of the engine may be a driver"),
    ("storage_opt: {@", "", "which options there are is the storage driver's"),
    ("devices: [{source: @", "/", "which devices there are is the machine's: a warning"),
    ("{type: bind, target: /a, source: @", r"\", "which directories there are is the machine's: a warning"),
    ("pre_start: [{command: @", "", "which programs there are is the image's"),
    ("'true', working_dir: @", "/", "which directories there are is the image's"),
    ("nofile: {soft: @", "0", "how many files the runtime itself opens is its own"),
    ("nofile: {soft: @", "1", "how many files the runtime itself opens is its own"),
    ("nofile: {soft: 512, hard: @", "", "how much a process may have is the machine's"),
    ("devices: [@]", "/", "which devices there are is the machine's: a warning"),
    ("gpus: @", "", "which devices there are is the machine's"),
    ("security_opt: [@]", "apparmor", "which profiles there are is the machine's"),
    ("propagation: @", "", "what spreads is the mount table's of the machine"),
    ("host_ip: @", ".", "which addresses there are is the machine's"),
    ("cpuset: @", "", "which processors there are is the machine's"),
    ("cpus: @", "", "how many processors there are is the machine's"),
    ("ulimits: {nofile: @", "", "how much a process may have is the machine's"),
    ("./dir:@", "r", "what spreads is the mount table's of the machine"),
    ("sysctls: {@", "net.", "which parameters there are is the kernel's"),
    ("sysctls: {@", "fs.mqueue.", "which parameters there are is the kernel's"),
    ("sysctls: [@]", "net", "which parameters there are is the kernel's"),
    ("net.core.somaxconn: @", "", "each parameter has a syntax of its own"),
    ("options: {gelf", "", "the engine's own settings may have the address: a warning"),
    ("options: {fluentd-address: @", "", "a container is not started while nothing listens at the address"),
    ("options: {syslog-address: @", "", "a container is not started while nothing listens at the address"),
    ("options: {max-buffer-size: @", "", "the engine's own settings may have the mode: a warning"),
    ("driver: local, options: {@", "", "other engines know the option: a warning"),
    ("type: @, device: x", "", "which file systems there are is the kernel's: a warning"),
    ("target: @", "/bin", "which files there are is the image's: a warning"),
    ("target: @", "/etc", "which files there are is the image's: a warning"),
    ("dir:@", "/", "which files there are is the image's: a warning"),
    ("./file:@", "/", "which files there are is the image's: a warning"),
    ("pid: @", "container:", "which containers there are is the engine's"),
    ("ipc: @", "container:", "which containers there are is the engine's"),
    ("volumes_from: [@]", "container:", "which containers there are is the engine's"),
    ("external_links: [@]", "", "which containers there are is the engine's"),
    ("post_start: [{command: @", "", "which programs there are is the image's"),
    ("endpoint.sysctls: @", "IFNAME", "which parameters there are is the kernel's"),
    ("path: @", "", "which devices there are is the machine's: a warning"),
    ("target: @", "/sys/", "which directories there are is the kernel's"),
    ("volumes: [@]", "slave", "what spreads is the mount table's of the machine"),
];

/// Never sent to an engine: Engine 28.5 aborts and keeps the container's name reserved forever. The
/// last two names create a network that is not found again, which makes every other run fail.
const HARMFUL: &[(&str, &str)] = &[("group_add: [@]", ""), ("name: @", "/"), ("name: @", "..")];

/// Whether a value at a place would harm the engine.
pub(super) fn is_harmful(place: &str, value: &str) -> bool {
    HARMFUL.iter().any(|(at, harmful)| place.contains(at) && value == *harmful)
}

/// Why `validate` may refuse a value that the engine accepts.
pub(super) fn reason_to_refuse(place: &str, value: &str) -> Option<&'static str> {
    reason(REFUSED, place, value)
}

/// Why `validate` may accept a value that the engine refuses.
pub(super) fn reason_to_take(place: &str, value: &str) -> Option<&'static str> {
    reason(TAKEN, place, value)
}

fn reason(known: &[(&str, &str, &'static str)], place: &str, value: &str) -> Option<&'static str> {
    let is_meant = |(at, text, _): &&(&str, &str, &str)| place.contains(at) && value.contains(text);
    known.iter().find(is_meant).map(|(_, _, reason)| *reason)
}
