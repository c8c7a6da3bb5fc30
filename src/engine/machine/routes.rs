//! Where this machine reaches others. proc(5), `/proc/net/route`, `/proc/net/ipv6_route`.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::plan::preflight::Route;
use crate::value::subnet::Subnet;

/// A flag of a route that refuses packets, of `linux/route.h` and `linux/ipv6_route.h`.
const REJECTS: u32 = 0x200;

/// The interface of the machine itself.
const LOOPBACK: &str = "lo";

/// The routes of this machine, without those of every network and those to itself.
pub(super) fn of_machine() -> Vec<Route> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let (v4, v6) = (read("/proc/net/route"), read("/proc/net/ipv6_route"));
    let routes = v4.lines().skip(1).filter_map(v4_route).chain(v6.lines().filter_map(v6_route));
    routes.filter(|route| route.interface != LOOPBACK && !is_of_every_network(route.subnet)).collect()
}

/// `eth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0`: interface, destination, gateway, flags... mask.
fn v4_route(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [interface, destination, _, flags, _, _, _, mask, ..] = fields.as_slice() else { return None };
    // The numbers are in the byte order of the network, printed as if they were in that of the machine.
    let number = |text: &str| Some(u32::from_be_bytes(u32::from_str_radix(text, 16).ok()?.to_ne_bytes()));
    let prefix = number(mask)?.leading_ones();
    let is_rejecting = u32::from_str_radix(flags, 16).ok()? & REJECTS != 0;
    let subnet = Subnet::around(IpAddr::V4(Ipv4Addr::from_bits(number(destination)?)), prefix);
    (!is_rejecting).then(|| Route { subnet, interface: (*interface).to_owned() })
}

/// Destination, its prefix, source, its prefix, next hop, metric, references, use, flags, interface.
fn v6_route(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [destination, prefix, _, _, _, _, _, _, flags, interface] = fields.as_slice() else { return None };
    let address = Ipv6Addr::from_bits(u128::from_str_radix(destination, 16).ok()?);
    let is_rejecting = u32::from_str_radix(flags, 16).ok()? & REJECTS != 0;
    let subnet = Subnet::around(IpAddr::V6(address), u32::from_str_radix(prefix, 16).ok()?);
    (!is_rejecting).then(|| Route { subnet, interface: (*interface).to_owned() })
}

/// Link-local and multicast addresses mean another thing on each network.
fn is_of_every_network(subnet: Subnet) -> bool {
    match subnet.network_address() {
        IpAddr::V4(address) => address.is_link_local() || address.is_multicast(),
        IpAddr::V6(address) => address.is_unicast_link_local() || address.is_multicast(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_read_as_the_kernel_prints_them() {
        let number = |bytes: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(bytes));
        let line = format!(
            "tun0\t{}\t{}\t0003\t0\t0\t50\t{}\t0\t0\t0",
            number([10, 8, 0, 0]),
            number([10, 0, 0, 1]),
            number([255, 255, 0, 0])
        );
        let route = v4_route(&line).expect("a route");
        assert_eq!((route.subnet.to_string().as_str(), route.interface.as_str()), ("10.8.0.0/16", "tun0"));
        let line = "fd000000000000000000000000000000 40 00000000000000000000000000000000 00 \
                    00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0";
        let route = v6_route(line).expect("a route");
        assert_eq!((route.subnet.to_string().as_str(), route.interface.as_str()), ("fd00::/64", "eth0"));
        assert_eq!(v4_route("Iface Destination"), None);
        let rejecting =
            format!("*\t{}\t00000000\t0201\t0\t0\t0\t{}", number([10, 9, 0, 0]), number([255; 4]));
        assert_eq!(v4_route(&rejecting), None);
    }
}
