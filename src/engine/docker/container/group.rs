//! In: a service. Out: its attributes in groups, one for each part of the create request. Must not:
//! apply any.
//!
//! A new attribute does not compile until it is in a group, or among those that are applied
//! elsewhere. Each group is destructured without `..` where it is applied: an attribute that is no
//! longer applied is an unused variable, which is an error in this directory.

use std::collections::BTreeMap;

use crate::source::Spanned;
use crate::topology::Service;
use crate::topology::attribute::{Named, Nullable};
use crate::topology::service::{
    BlkioConfig, CgroupNamespace, CredentialSpec, Deploy, DeviceMapping, DeviceRequests, ExposedPort,
    Healthcheck, Logging, Microseconds, Namespace, Ports, RestartPolicy, Ulimit, VolumesFrom,
};
use crate::topology::value::{
    ByteSize, Command, Decimal, Duration, Flag, HostMap, Integer, OneOrMany, Options, Pairs, SwapLimit,
    WordList,
};
use crate::value::security_option::SecurityOption;
use crate::value::tmpfs::Tmpfs;

macro_rules! groups {
    (
        elsewhere { $($elsewhere:ident,)* }
        $( $(#[doc = $doc:literal])* $name:ident: $group:ident { $($field:ident: $type:ty,)* } )*
    ) => {
        $(
            $(#[doc = $doc])*
            #[derive(Clone, Copy)]
            pub(super) struct $group<'a> {
                $(pub $field: &'a $type,)*
            }
        )*

        /// The attributes of a service that are part of the create request.
        #[derive(Clone, Copy)]
        pub(super) struct Groups<'a> {
            $($(#[doc = $doc])* pub $name: $group<'a>,)*
        }

        impl<'a> Groups<'a> {
            /// The groups of a service.
            pub(super) fn from_service(service: &'a Service) -> Self {
                let Service { $($($field,)*)* $($elsewhere: _,)* extensions: _ } = service;
                Self { $($name: $group { $($field,)* },)* }
            }
        }
    };
}

groups! {
    elsewhere {
        // Applied with the networks: `endpoint`.
        mac_address,
        // Applied in the specification, with the engine's names.
        configs,
        container_name,
        env_file,
        external_links,
        image,
        label_file,
        labels,
        links,
        network_mode,
        networks,
        secrets,
        volumes,
        // Applied by the plan and the run.
        attach,
        build,
        depends_on,
        develop,
        extends,
        models,
        post_start,
        pre_start,
        pre_stop,
        profiles,
        provider,
        pull_policy,
        pull_refresh_after,
        scale,
    }
    /// The process and the container's own settings.
    body: Body {
        command: Command,
        domainname: Option<String>,
        entrypoint: Command,
        environment: Pairs,
        expose: Vec<Spanned<ExposedPort>>,
        healthcheck: Option<Spanned<Healthcheck>>,
        hostname: Option<Spanned<String>>,
        platform: Option<Spanned<String>>,
        stdin_open: Flag,
        stop_grace_period: Option<Duration>,
        stop_signal: Option<Spanned<String>>,
        tty: Flag,
        user: Option<String>,
        working_dir: Option<String>,
    }
    /// Limits and restart policies that override those of the other groups.
    deployment: Deployment {
        deploy: Nullable<Box<Deploy>>,
    }
    /// CPUs.
    processor: Processor {
        cpu_count: Option<Integer>,
        cpu_percent: Option<Decimal>,
        cpu_period: Option<Integer>,
        cpu_quota: Option<Integer>,
        cpu_rt_period: Option<Spanned<Microseconds>>,
        cpu_rt_runtime: Option<Spanned<Microseconds>>,
        cpu_shares: Option<Integer>,
        cpus: Option<Spanned<Decimal>>,
        cpuset: Option<String>,
    }
    /// Memory and processes.
    memory: Memory {
        mem_limit: Option<Spanned<ByteSize>>,
        mem_reservation: Option<Spanned<ByteSize>>,
        mem_swappiness: Option<Spanned<Integer>>,
        memswap_limit: Option<Spanned<SwapLimit>>,
        oom_kill_disable: Flag,
        oom_score_adj: Option<Spanned<Integer>>,
        pids_limit: Option<Spanned<Integer>>,
        shm_size: Option<ByteSize>,
        ulimits: BTreeMap<String, Named<Ulimit>>,
    }
    /// Devices and limits on block devices.
    devices: Devices {
        blkio_config: Option<BlkioConfig>,
        device_cgroup_rules: Vec<Spanned<String>>,
        devices: Vec<Spanned<DeviceMapping>>,
        gpus: DeviceRequests,
    }
    /// Namespaces, privileges and security.
    isolation: Isolation {
        cap_add: Vec<Spanned<String>>,
        cap_drop: Vec<Spanned<String>>,
        cgroup: Option<CgroupNamespace>,
        cgroup_parent: Option<String>,
        credential_spec: Option<CredentialSpec>,
        group_add: WordList,
        ipc: Option<Spanned<Namespace>>,
        isolation: Option<String>,
        pid: Option<Spanned<Namespace>>,
        privileged: Flag,
        security_opt: Vec<Spanned<SecurityOption>>,
        sysctls: Pairs,
        userns_mode: Option<Namespace>,
        uts: Option<Spanned<Namespace>>,
    }
    /// Names and ports.
    network: HostNetwork {
        dns: OneOrMany,
        dns_opt: Vec<Spanned<String>>,
        dns_search: OneOrMany,
        extra_hosts: HostMap,
        ports: Ports,
    }
    /// Storage other than mounts of volumes.
    storage: Storage {
        read_only: Flag,
        storage_opt: Options,
        tmpfs: OneOrMany<Tmpfs>,
        use_api_socket: Flag,
        volumes_from: Vec<Spanned<VolumesFrom>>,
    }
    /// Start, output and end.
    life: Life {
        annotations: Pairs,
        init: Option<bool>,
        logging: Option<Logging>,
        restart: Option<Spanned<RestartPolicy>>,
        runtime: Option<String>,
    }
}
