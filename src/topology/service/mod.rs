//! A service and all its attributes; each with a grammar or keys of its own has a file.
//!
//! Compose Specification, "Services top-level element", and the 93 attributes of its schema.

pub mod build;
pub mod container_file;
pub mod dependency;
pub mod deploy;
pub mod develop;
pub mod device;
pub mod env_file;
pub mod healthcheck;
pub mod hook;
pub mod limit;
pub mod model_binding;
pub mod mount;
pub mod network;
pub mod port;
pub mod provider;
pub mod pull_policy;
pub mod restart;

use std::collections::BTreeMap;

use crate::document::{Identity, MergeRule};
use crate::source::{Span, Spanned};
use crate::topology::attribute::{Named, Nullable, choice, record};
use crate::topology::name::{ConfigKey, ContainerName, SecretKey, ServiceName};
use crate::topology::value::{
    ByteSize, Command, Decimal, Duration, Flag, HostMap, Integer, OneOrMany, Options, Pairs, SwapLimit,
    WordList,
};
pub use crate::value::build_context::BuildContext;
use crate::value::image::ImageReference;
use crate::value::security_option::SecurityOption;
pub use crate::value::sharing::{Link, Namespace, Owner, VolumesFrom, VolumesOwner};
use crate::value::tmpfs::Tmpfs;
pub use build::Build;
pub use container_file::ContainerFile;
pub use dependency::{Dependencies, Dependency, DependencyCondition};
pub use deploy::Deploy;
pub use develop::Develop;
pub use device::{DeviceMapping, DeviceRequests};
pub use env_file::EnvFiles;
pub use healthcheck::Healthcheck;
pub use hook::{Hook, PreStartHook};
pub use limit::{BlkioConfig, Ulimit};
pub use model_binding::ModelBindings;
pub use mount::{Mount, MountKind, Mounts};
pub use network::{ServiceNetwork, ServiceNetworks};
pub use port::{ExposedPort, Port, Ports};
pub use provider::Provider;
pub use pull_policy::PullPolicy;
pub use restart::RestartPolicy;

record! {
    /// One kind of container, run as often as its scale says.
    pub struct Service {
        /// Annotations of the container, for its runtime (OCI).
        annotations: Pairs = public example("{com.example.a: b}"),
        /// Whether `up` in the foreground shows this service's output. True when absent.
        attach: Option<bool> = example("false"),
        /// How the image is built: a directory, or a mapping.
        build: Option<Spanned<Build>> = example(".") form("write `build: .`, or `build: {context: ., dockerfile: Dockerfile}`") merge(MergeRule::Build) long,
        /// Limits on block devices.
        blkio_config: Option<BlkioConfig> = example("{weight: 300}"),
        /// Linux capabilities to add.
        cap_add: Vec<Spanned<String>> = public example("[NET_ADMIN]") instead("the name of a capability: `NET_ADMIN`") unique(Identity::Name),
        /// Linux capabilities to drop.
        cap_drop: Vec<Spanned<String>> = public example("[NET_ADMIN]") instead("the name of a capability: `NET_ADMIN`") unique(Identity::Name),
        /// Control-group namespace: `host` or `private`.
        cgroup: Option<CgroupNamespace> = example("host"),
        /// Parent control group.
        cgroup_parent: Option<String> = public example("m-executor-abcd"),
        /// Command line that replaces the image's `CMD`.
        command: Command = example("[\"serve\", \"--port\", \"80\"]") also(&["cmd", "run", "exec", "script"]) form("write a list of words: `[\"serve\", \"--port\", \"80\"]`") merge(MergeRule::Replace),
        /// Configs that are put into the container.
        configs: Vec<Spanned<ContainerFile<ConfigKey>>> = example("[settings]") unique(Identity::FileTarget("")) long one_by_one,
        /// A fixed name for the container; forbids more than one replica.
        container_name: Option<Spanned<String>> = public example("shop") also(&["name", "container"]) form("write one name"),
        /// Number of CPUs (Windows).
        cpu_count: Option<Integer> = example("2"),
        /// Percentage of the CPUs (Windows).
        cpu_percent: Option<Decimal> = example("50"),
        /// Length of a CFS period, in microseconds.
        cpu_period: Option<Integer> = example("100000"),
        /// CPU time in one CFS period, in microseconds.
        cpu_quota: Option<Integer> = example("50000"),
        /// Length of a real-time period, in microseconds.
        cpu_rt_period: Option<Spanned<Microseconds>> = example("1000000"),
        /// CPU time in one real-time period, in microseconds.
        cpu_rt_runtime: Option<Spanned<Microseconds>> = example("950000"),
        /// Relative weight of the CPU time; 1024 is the default.
        cpu_shares: Option<Integer> = example("512"),
        /// How many CPUs the container may use, such as `1.5`.
        cpus: Option<Spanned<Decimal>> = example("1.5") also(&["cpu", "cpu_limit", "cpu_limits"]),
        /// Which CPUs it may use: `0-3` or `0,1`.
        cpuset: Option<String> = public example("0-1") also(&["cpuset-cpus", "cpuset_cpus"]),
        /// Credentials of a managed account (Windows).
        credential_spec: Option<CredentialSpec> = example("{file: account.json}"),
        /// Services that are started before this one, and what to wait for.
        depends_on: Dependencies = example("[db]") also(&["depend_on", "depends", "depend", "dependencies", "needs", "requires"]) form("write a list: `[db]`") long,
        /// Replicas, resources and restarts.
        deploy: Nullable<Box<Deploy>> = example("{resources: {limits: {memory: 64m}}}") form("write, for example, `deploy: {replicas: 2}`"),
        /// What `watch` does when files change.
        develop: Nullable<Develop> = example("{watch: [{path: ./src, action: rebuild}]}") long,
        /// Rules of the device control group.
        device_cgroup_rules: Vec<Spanned<String>> = public example("[\"c 1:3 mr\"]"),
        /// Host devices that the container sees.
        devices: Vec<Spanned<DeviceMapping>> = example("[\"/dev/snd:/dev/snd\"]") unique(Identity::DeviceTarget) long one_by_one,
        /// DNS servers.
        dns: OneOrMany = public example("9.9.9.9") merge(MergeRule::Texts) unique(Identity::Name) long,
        /// Options of the resolver.
        dns_opt: Vec<Spanned<String>> = public example("[use-vc]") also(&["dns_option", "dns_options"]) merge(MergeRule::Texts) unique(Identity::Name),
        /// Domains that are searched.
        dns_search: OneOrMany = public example("example.com") merge(MergeRule::Texts) unique(Identity::Name),
        /// Domain name of the container.
        domainname: Option<String> = public example("example.com") also(&["domain"]),
        /// Command line that replaces the image's `ENTRYPOINT`.
        entrypoint: Command = example("[\"/entrypoint.sh\"]") form("write a list of words: `[\"serve\", \"--port\", \"80\"]`") merge(MergeRule::Replace),
        /// Files with environment variables; later ones win, `environment` wins over all.
        env_file: EnvFiles = public example("./web.env") merge(MergeRule::Texts) unique(Identity::EnvFile) long one_by_one path,
        /// Environment variables. A name without a value is taken from the caller's environment.
        environment: Pairs = example("{DEBUG: \"1\"}") also(&["env", "envs", "env_vars", "vars", "variables"]),
        /// Ports that are exposed to other containers, without publishing them.
        expose: Vec<Spanned<ExposedPort>> = public example("[\"80\"]") instead("a port: `\"80\"`") unique(Identity::Text) without_empty,
        /// A service that this one is based on.
        extends: Option<Extends> = example("{service: db}"),
        /// Containers outside the project that are linked.
        external_links: Vec<Spanned<Link<ContainerName>>> = public example("[\"other:database\"]"),
        /// Additional lines of the container's hosts file.
        extra_hosts: HostMap = public example("[\"name=203.0.113.7\"]") also(&["hosts", "add-host", "add_host", "extra_host"]) form("write a list: `[\"name=203.0.113.7\"]`") instead("an address such as `192.0.2.7`"),
        /// GPUs: `all`, or a list of requests.
        gpus: DeviceRequests = example("all") also(&["gpu"]) long,
        /// Additional groups of the container's user.
        group_add: WordList = public example("[audio]"),
        /// How to check that the container is healthy.
        healthcheck: Option<Spanned<Healthcheck>> = example("{test: curl -f http://localhost/}") also(&["health", "health_check", "healthy"]) form("write the command below it:\n\nhealthcheck:\n  test: curl -f http://localhost/"),
        /// Host name of the container.
        hostname: Option<Spanned<String>> = public example("web") also(&["host", "host_name"]) form("write one name"),
        /// The image: `name`, `name:tag`, `registry/name@sha256:...`.
        image: Option<Spanned<ImageReference>> = public example("nginx") form("write one name"),
        /// Whether a small init process forwards signals and reaps processes.
        init: Option<bool> = example("true"),
        /// IPC namespace: `host`, `shareable`, `private`, `none`, `service:NAME` or `container:NAME`.
        ipc: Option<Spanned<Namespace>> = public example("host") instead("`host`, `private`, `shareable` or `service:NAME`"),
        /// Isolation technology (Windows).
        isolation: Option<String> = public example("default"),
        /// Files with labels.
        label_file: OneOrMany = public example("./web.labels") merge(MergeRule::Texts) long one_by_one path,
        /// Labels of the container.
        labels: Pairs = example("{com.example.a: b}") also(&["label", "tags"]) without_empty,
        /// Links to other services: `service` or `service:alias`.
        links: Vec<Spanned<Link<ServiceName>>> = public example("[db]") also(&["links_to"]) unique(Identity::Name),
        /// Where the container's output goes.
        logging: Option<Logging> = example("{driver: local}") also(&["log", "logs"]) form("write `logging: {driver: json-file}`") merge(MergeRule::Logging),
        /// Hardware address on the first network.
        mac_address: Option<Spanned<String>> = public example("02:42:ac:11:00:02") instead("an address such as `02:42:ac:11:00:02`") unset_when_empty,
        /// The most memory that the container may use.
        mem_limit: Option<Spanned<ByteSize>> = example("256m") also(&["mem", "memory", "memory_limit", "ram"]),
        /// Memory reserved for the container.
        mem_reservation: Option<Spanned<ByteSize>> = example("64m") also(&["memory_reservation"]),
        /// How readily memory is swapped out: 0 to 100.
        mem_swappiness: Option<Spanned<Integer>> = example("60"),
        /// The most memory and swap together; `-1` means no limit.
        memswap_limit: Option<Spanned<SwapLimit>> = example("512m") also(&["memory-swap", "memory_swap", "memswap"]),
        /// AI models that the service uses.
        models: ModelBindings = example("[llm]") long,
        /// `bridge`, `host`, `none`, `service:NAME` or `container:NAME`, instead of `networks`.
        network_mode: Option<Spanned<Namespace>> = public example("host") also(&["net", "network-mode"]) instead("`bridge`, `host`, `none` or `service:NAME`") instead_of("networks"),
        /// Networks that the container is attached to.
        networks: Option<ServiceNetworks> = example("[front]") also(&["network", "nets"]) form("write a list: `[front]`") long,
        /// Whether the kernel must not kill the container when memory runs out.
        oom_kill_disable: Flag = example("true"),
        /// How readily the kernel kills the container when memory runs out: -1000 to 1000.
        oom_score_adj: Option<Spanned<Integer>> = example("500"),
        /// PID namespace: `host`, `service:NAME` or `container:NAME`.
        pid: Option<Spanned<Namespace>> = public example("host") instead("`host` or `service:NAME`"),
        /// The most processes; `-1` means no limit.
        pids_limit: Option<Spanned<Integer>> = example("100"),
        /// Platform of the image: `linux/amd64`.
        platform: Option<Spanned<String>> = public example("linux/amd64") also(&["arch", "architecture"]) instead("`linux/amd64`, `linux/arm64` or `linux/arm/v7`"),
        /// Ports that are published on the host.
        ports: Ports = example("[\"8080:80\"]") also(&["port", "publish", "published_ports"]) form("write a list:\n\nports:\n  - \"8080:80\"") instead("a port: `\"80\"`") unique(Identity::Port) long,
        /// Commands to run in the container after it has started.
        post_start: Vec<Spanned<Hook>> = example("[{command: ./migrate.sh}]"),
        /// Containers that run to completion before this one starts.
        pre_start: Vec<Spanned<PreStartHook>> = example("[{command: ./migrate.sh}]") long,
        /// Commands to run in the container before it is stopped.
        pre_stop: Vec<Spanned<Hook>> = example("[{command: ./drain.sh}]"),
        /// Whether the container has full access to the host.
        privileged: Flag = example("true"),
        /// The service is active only when one of these profiles is.
        profiles: Vec<Spanned<String>> = public example("[debug]") unique(Identity::Name) without_empty,
        /// A program that runs the service instead of the engine.
        provider: Option<Spanned<Provider>> = example("{type: example}") long instead_of("networks"),
        /// When the image is pulled.
        pull_policy: Option<Spanned<PullPolicy>> = example("always") also(&["pull"]) long,
        /// After how long an image is pulled again.
        pull_refresh_after: Option<Duration> = example("24h"),
        /// Whether the container's root file system is read-only.
        read_only: Flag = example("true") also(&["readonly"]),
        /// When the engine starts the container again.
        restart: Option<Spanned<RestartPolicy>> = example("always") also(&["restart_policy"]),
        /// OCI runtime of the container.
        runtime: Option<String> = public example("runc"),
        /// How many containers run. 1 when absent.
        scale: Option<Spanned<Integer>> = example("2"),
        /// Secrets that are put into the container.
        secrets: Vec<Spanned<ContainerFile<SecretKey>>> = example("[password]") unique(Identity::FileTarget("/run/secrets")) long one_by_one,
        /// Labels and profiles of the host's security system.
        security_opt: Vec<Spanned<SecurityOption>> = public example("[\"no-new-privileges:true\"]"),
        /// Size of `/dev/shm`.
        shm_size: Option<ByteSize> = example("128m"),
        /// Whether standard input stays open.
        stdin_open: Flag = example("true") also(&["interactive", "stdin"]),
        /// How long the container may take to stop before it is killed. 10 seconds when absent.
        stop_grace_period: Option<Duration> = example("20s") also(&["stop-timeout", "stop_timeout"]),
        /// The signal that stops the container. `SIGTERM` when absent.
        stop_signal: Option<Spanned<String>> = public example("SIGINT") instead("the name of a signal: `SIGTERM`"),
        /// Options of the storage driver.
        storage_opt: Options = public example("{size: 1G}"),
        /// Kernel parameters of the container.
        sysctls: Pairs = public example("{net.core.somaxconn: \"1024\"}"),
        /// tmpfs mounts: `/run` or `/run:size=64m`.
        tmpfs: OneOrMany<Tmpfs> = public example("/tmp") instead("a path in the container: `/path`") merge(MergeRule::Texts) unique(Identity::Name),
        /// Whether the container has a terminal.
        tty: Flag = example("true"),
        /// Limits of the container's processes.
        ulimits: BTreeMap<String, Named<Ulimit>> = example("{nofile: 65536}") form("write, for example, `ulimits: {nofile: 65536}`") merge_entries(MergeRule::Replace),
        /// Whether the container gets the engine's socket and the caller's registry credentials.
        use_api_socket: Flag = example("true"),
        /// User that runs the process: `name`, `uid` or `uid:gid`.
        user: Option<String> = public example("\"1000\"") also(&["user_name", "username", "uid", "run_as"]),
        /// User namespace: `host`.
        userns_mode: Option<Namespace> = public example("host") also(&["userns", "user_namespace"]),
        /// UTS namespace: `host`.
        uts: Option<Spanned<Namespace>> = public example("host") instead("`host`"),
        /// Directories, files and volumes that the container sees.
        volumes: Mounts = example("[\"./data:/data\"]") also(&["volume", "mount", "mounts", "bind", "binds"]) form("write a list:\n\nvolumes:\n  - ./data:/data") instead("the source and the path in the container: `./data:/data`") unique(Identity::VolumeTarget) long one_by_one,
        /// Services or containers whose volumes are mounted too: `service:ro`, `container:NAME`.
        volumes_from: Vec<Spanned<VolumesFrom>> = public example("[db]"),
        /// The working directory of the command.
        working_dir: Option<String> = public example("/srv") also(&["workdir", "working_directory", "work_dir", "cwd"]) instead("a path in the container: `/path`") unset_when_empty,
    } elsewhere { crate::topology::attribute::hint::SERVICE }
}

record! {
    /// Where a container's output goes.
    pub struct Logging {
        /// The engine's log driver: `json-file`, `local`, `journald`...
        driver: Option<String> = public also(&["type"]),
        /// Options of the driver.
        options: Options = also(&["opts", "option", "driver_opts"]),
    } elsewhere { crate::topology::attribute::hint::LOGGING }
}

record! {
    /// Credentials of a managed account (Windows).
    pub struct CredentialSpec {
        /// A config that holds the specification.
        config: Option<String> = public,
        /// A file that holds it.
        file: Option<String> = public,
        /// A registry key that holds it.
        registry: Option<String> = public,
    }
}

choice! {
    /// A container's control-group namespace.
    pub enum CgroupNamespace {
        /// The host's.
        Host = "host",
        /// Its own.
        Private = "private",
    }
}

pub use extends::Extends;
pub use microseconds::Microseconds;

mod extends {
    //! `extends`, which the document stage has already applied: declared here only so that its key
    //! is known.

    use serde_json::{Map as JsonMap, Value as Json, json};

    use crate::diagnostic::Diagnostics;
    use crate::document::Node;
    use crate::topology::attribute::{Attribute, Form, Sealing};

    /// The service that this one is based on.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct Extends;

    impl Attribute for Extends {
        const SEALING: Sealing = Sealing::Public;

        fn decode(_: &Node, _: &mut Diagnostics) -> Option<Self> {
            Some(Self)
        }

        fn canonical(&self, _: Form) -> Json {
            Json::Null
        }

        fn schema(_: &mut JsonMap<String, Json>) -> Json {
            json!({ "anyOf": [{ "type": "string" }, {
                "type": "object",
                "properties": { "service": { "type": "string" }, "file": { "type": "string" } },
                "required": ["service"],
                "additionalProperties": false,
            }] })
        }
    }
}

mod microseconds {
    //! A number of microseconds, or a duration.

    use serde_json::{Map as JsonMap, Value as Json, json};

    use crate::diagnostic::Diagnostics;
    use crate::document::{Kind, Node, Value};
    use crate::topology::attribute::{Attribute, Form, Sealing};
    use crate::topology::value::{Duration, Integer};

    /// A length of time in microseconds.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Microseconds(pub i64);

    impl Attribute for Microseconds {
        const SEALING: Sealing = Sealing::Public;

        fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
            match &node.value {
                Value::Scalar(scalar)
                    if scalar.kind() == Kind::Text && scalar.text.parse::<i64>().is_err() =>
                {
                    Duration::decode(node, found).map(|duration| Self(duration.nanoseconds() / 1000))
                }
                _ => Integer::decode(node, found).map(|number| Self(number.0)),
            }
        }

        fn canonical(&self, _: Form) -> Json {
            json!(self.0)
        }

        fn schema(_: &mut JsonMap<String, Json>) -> Json {
            json!({ "type": ["number", "string"] })
        }
    }
}

/// Namespaces that containers can share, and lose when the owner stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NamespaceKind {
    /// `network_mode`.
    Network,
    /// `ipc`.
    Ipc,
    /// `pid`.
    Pid,
    /// `uts`.
    Uts,
}

impl NamespaceKind {
    /// Its name: `network`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Ipc => "IPC",
            Self::Pid => "PID",
            Self::Uts => "UTS",
        }
    }
}

/// Something that a service shares with another container.
#[derive(Clone, Copy, Debug)]
pub struct Share<'a> {
    /// What is shared.
    pub kind: ShareKind,
    /// The owner.
    pub owner: Owner<'a>,
    /// Where that was written.
    pub at: Span,
}

/// What a service can share with another container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareKind {
    /// `links`: its address under a name.
    Link,
    /// A namespace, which is lost when the other container stops.
    Namespace(NamespaceKind),
    /// `volumes_from`.
    Volumes,
}

impl Service {
    /// The most containers of one service: no engine runs more, so a larger number is a typing
    /// error.
    pub const MOST_REPLICAS: u32 = 10_000;

    /// How many containers are wanted.
    pub fn replicas(&self) -> u32 {
        let deployed = self.deploy.as_ref().and_then(|deploy| deploy.replicas.as_ref());
        let wanted = self.scale.as_ref().or(deployed).map_or(1, |count| count.value.0);
        u32::try_from(wanted.max(0)).unwrap_or(u32::MAX)
    }

    /// Commands that are run in each of its containers as soon as it has started.
    pub fn after_start(&self) -> Vec<Hook> {
        self.post_start.iter().map(|hook| hook.value.clone()).collect()
    }

    /// What it shares with other containers, and where that was written: links first, then
    /// namespaces, then volumes.
    pub fn shares(&self) -> impl Iterator<Item = Share<'_>> {
        let links = self.links.iter().map(|link| Share {
            kind: ShareKind::Link,
            owner: Owner::Service(&link.name),
            at: link.span,
        });
        let namespaces = [
            (&self.network_mode, NamespaceKind::Network),
            (&self.ipc, NamespaceKind::Ipc),
            (&self.pid, NamespaceKind::Pid),
            (&self.uts, NamespaceKind::Uts),
        ];
        let namespaces = namespaces.into_iter().filter_map(|(namespace, kind)| {
            let namespace = namespace.as_ref()?;
            Some(Share { kind: ShareKind::Namespace(kind), owner: namespace.owner()?, at: namespace.span })
        });
        let volumes = self.volumes_from.iter().map(|from| Share {
            kind: ShareKind::Volumes,
            owner: from.owner(),
            at: from.span,
        });
        links.chain(namespaces).chain(volumes)
    }

    /// The services whose images its own is built from, and where that was written.
    pub fn context_services(&self) -> impl Iterator<Item = (ServiceName, Span)> {
        let contexts = self.build.iter().flat_map(|build| build.additional_contexts.0.values());
        contexts.filter_map(|context| {
            let name = BuildContext::parse(context.value.as_deref()?).service()?;
            Some((ServiceName::from(name), context.span))
        })
    }

    /// Whether a health check is declared and not disabled.
    pub fn has_healthcheck(&self) -> bool {
        self.healthcheck.as_ref().is_some_and(|healthcheck| !healthcheck.is_disabled())
    }
}
