//! Attributes of networks, and of a service's endpoint in them.

use super::{Place, attached_service, network};

/// Every place. Subnets are parts of one block, as workers bring up networks concurrently.
pub(super) fn places() -> Vec<Place> {
    let mut places = drivers();
    places.extend(addresses());
    places
}

fn drivers() -> Vec<Place> {
    vec![
        network("internal: @", &["true", "false"]),
        network("attachable: @", &["true"]),
        network("driver: @", &["bridge", "host", "null"]),
        network("name: @", &["topo-test-grammar-net", "host", "default", "none", "bridge"]),
        network("enable_ipv4: @", &["true", "false"]),
        network("enable_ipv6: @", &["false"]),
        network("enable_ipv4: false, enable_ipv6: @", &["true", "false"]),
        network("labels: {a: @}", &["b"]),
        network("driver_opts: {com.docker.network.driver.mtu: @}", &["1400", "0"]),
        network("driver_opts: {com.docker.network.bridge.enable_icc: @}", &["true", "0"]),
        network("driver_opts: {com.docker.network.bridge.enable_ip_masquerade: @}", &["false"]),
        network("driver_opts: {com.docker.network.bridge.host_binding_ipv4: @}", &["127.0.0.1"]),
        network("driver_opts: {com.docker.network.bridge.gateway_mode_ipv4: @}", &["nat", "routed"]),
        network("driver_opts: {com.docker.network.bridge.name: @}", &["topo-grammar"]),
        network("driver_opts: {@: 'true'}", &["com.docker.network.bridge.enable_icc", "foo"]),
        network("driver_opts: {com.docker.network.container_iface_prefix: @}", &["shop", "abcdefghijklmnop"]),
        network("ipam: {driver: @}", &["default", "null"]),
        network("ipam: {options: {@: x}}", &["foo"]),
        network("ipam: {driver: 'null', config: [{subnet: @}]}", &["10.213.7.0/24"]),
        attached_service("interface_name: @", &["eth0", "shop0", "lo", "all"]),
        attached_service(
            "driver_opts: {com.docker.network.endpoint.sysctls: @}",
            &["net.ipv4.conf.IFNAME.forwarding=1", "net.ipv4.conf.eth0.forwarding=1", "foo"],
        ),
        attached_service("driver_opts: {com.docker.network.endpoint.ifname: @}", &["eth0"]),
    ]
}

fn addresses() -> Vec<Place> {
    vec![
        network(
            "ipam: {config: [{subnet: @}]}",
            &[
                "10.213.7.0/24",
                "10.213.7.0/32",
                "10.213.7.0/31",
                "10.213.7.0/30",
                "224.0.0.0/24",
                "0.0.0.0/0",
            ],
        ),
        network(
            "ipam: {config: [{subnet: 10.213.7.0/24}, {subnet: @}]}",
            &["10.213.8.0/24", "fd00:213:8::/64"],
        ),
        network(
            "ipam: {config: [{subnet: 10.213.7.0/24, gateway: @}]}",
            &["10.213.7.1", "10.213.7.254", "10.213.7.0", "10.213.7.255"],
        ),
        network(
            "ipam: {config: [{subnet: 10.213.7.0/24, ip_range: @}]}",
            &["10.213.7.128/25", "10.213.7.4/32"],
        ),
        network(
            "ipam: {config: [{subnet: 10.213.7.0/24, aux_addresses: {a: @}}]}",
            &["10.213.7.9", "10.213.7.1", "10.213.7.0"],
        ),
        network(
            "ipam: {config: [{subnet: 10.213.7.0/24, aux_addresses: {a: 10.213.7.9, b: @}}]}",
            &["10.213.7.8", "10.213.7.9"],
        ),
        network("enable_ipv6: true, ipam: {config: [{subnet: @}]}", &["fd00:213:7::/64", "ff00::/64"]),
        attached_service("ipv6_address: @", &["10.213.9.5"]),
        attached_service(
            "ipv4_address: @",
            &["10.213.9.5", "10.213.9.0", "10.213.9.255", "10.213.9.1", "10.213.8.1"],
        ),
        attached_service("link_local_ips: [@]", &["169.254.8.8", "1.2.3.4", "fe80::5"]),
    ]
}
