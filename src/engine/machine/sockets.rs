//! Sockets that are bound to ports, and whose they are. proc(5), `/proc/net/tcp`, `/proc/[pid]/fd`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};

use crate::plan::preflight::{Listener, Process};
use crate::value::port::Protocol;

/// The tables of sockets, and the state of those that are bound and not connected.
const TABLES: [(&str, Protocol, &str); 4] = [
    ("/proc/net/tcp", Protocol::Tcp, "0A"),
    ("/proc/net/tcp6", Protocol::Tcp, "0A"),
    ("/proc/net/udp", Protocol::Udp, "07"),
    ("/proc/net/udp6", Protocol::Udp, "07"),
];

/// A line of a table.
#[derive(Debug, PartialEq, Eq)]
struct Socket {
    address: SocketAddr,
    inode: u64,
}

/// The sockets that are bound to one of these ports.
pub(super) fn of_machine(wanted: &BTreeSet<(Protocol, u16)>) -> Vec<Listener> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut sockets = Vec::new();
    for (path, protocol, state) in TABLES {
        let table = fs::read_to_string(path).unwrap_or_default();
        let bound = table.lines().skip(1).filter_map(|line| socket(line, state));
        let bound = bound.filter(|bound| wanted.contains(&(protocol, bound.address.port())));
        sockets.extend(bound.map(|bound| (protocol, bound)));
    }
    if sockets.is_empty() {
        return Vec::new();
    }
    let owners = owners(&sockets.iter().map(|(_, socket)| socket.inode).collect());
    let listeners = sockets.into_iter().flat_map(|(protocol, Socket { address, inode })| {
        let process = owners.get(&inode).cloned();
        with_v4(protocol, address).map(move |address| Listener {
            address,
            protocol,
            process: process.clone(),
        })
    });
    listeners.collect()
}

/// `0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 12345 ...`: number, address,
/// peer, state, queues, timer, retransmits, user, timeout, inode.
fn socket(line: &str, state: &str) -> Option<Socket> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [_, address, _, its, _, _, _, _, _, inode, ..] = fields.as_slice() else { return None };
    if *its != state {
        return None;
    }
    let (ip, port) = address.split_once(':')?;
    let address = SocketAddr::new(ip_address(ip)?, u16::from_str_radix(port, 16).ok()?);
    Some(Socket { address, inode: inode.parse().ok()? })
}

/// Words of 32 bits in the byte order of the network, each printed as if it were in that of the machine.
fn ip_address(text: &str) -> Option<IpAddr> {
    let words = text.as_bytes().chunks(8).map(|word| {
        let number = u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
        Some(u32::from_be_bytes(number.to_ne_bytes()))
    });
    match words.collect::<Option<Vec<u32>>>()?.as_slice() {
        [word] => Some(IpAddr::V4(Ipv4Addr::from_bits(*word))),
        words @ [_, _, _, _] => {
            let bits = words.iter().fold(0_u128, |bits, word| bits << 32 | u128::from(*word));
            Some(IpAddr::V6(Ipv6Addr::from_bits(bits)))
        }
        _ => None,
    }
}

/// The address, and all of IPv4 if a socket of all of IPv6 takes them too.
fn with_v4(protocol: Protocol, address: SocketAddr) -> impl Iterator<Item = SocketAddr> {
    let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), address.port());
    let takes_v4 = address.is_ipv6() && address.ip().is_unspecified() && !is_free(protocol, any);
    [address].into_iter().chain(takes_v4.then_some(any))
}

/// Tried out, as no table says it. Where trying is not allowed, the port counts as free.
fn is_free(protocol: Protocol, address: SocketAddr) -> bool {
    let bound = match protocol {
        Protocol::Tcp => TcpListener::bind(address).map(drop),
        Protocol::Udp => UdpSocket::bind(address).map(drop),
        Protocol::Sctp => return true,
    };
    bound.err().is_none_or(|error| error.kind() != std::io::ErrorKind::AddrInUse)
}

/// The processes that hold these sockets, as far as they may be seen.
fn owners(inodes: &BTreeSet<u64>) -> BTreeMap<u64, Process> {
    let mut owners = BTreeMap::new();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    for id in entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()) {
        let files = fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten();
        let held: Vec<u64> = files
            .filter_map(|file| socket_inode(fs::read_link(file.path()).ok()?.to_str()?))
            .filter(|inode| inodes.contains(inode))
            .collect();
        if held.is_empty() {
            continue;
        }
        let name = fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default().trim_end().to_owned();
        for inode in held {
            owners.entry(inode).or_insert_with(|| Process { id, name: name.clone() });
        }
    }
    owners
}

/// `socket:[12345]`
fn socket_inode(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_the_kernel_is_read() {
        let word = |bytes: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(bytes));
        let line = |ip: &str, state: &str| {
            format!(
                "   0: {ip}:1F90 00000000:0000 {state} 00000000:00000000 00:00000000 00000000   101        0 7 1 0"
            )
        };
        let local = socket(&line(&word([127, 0, 0, 1]), "0A"), "0A").expect("a socket");
        assert_eq!(local, Socket { address: "127.0.0.1:8080".parse().expect("an address"), inode: 7 });
        assert_eq!(socket(&line(&word([127, 0, 0, 1]), "01"), "0A"), None, "it is connected");
        let v6 = [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]].map(word).concat();
        let address = socket(&line(&v6, "07"), "07").expect("a socket").address;
        assert_eq!(address.to_string(), "[::1]:8080");
        assert_eq!(socket("  sl  local_address rem_address   st", "0A"), None);
    }

    #[test]
    fn a_socket_of_this_process_is_found_with_its_owner() {
        let listener = TcpListener::bind("[::1]:0").or_else(|_| TcpListener::bind("127.0.0.1:0"));
        let address = listener.as_ref().expect("a socket").local_addr().expect("an address");
        let found = of_machine(&[(Protocol::Tcp, address.port())].into());
        let [Listener { address: found, process: Some(process), .. }] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!((*found, process.id), (address, std::process::id()));
        assert_eq!(of_machine(&[(Protocol::Sctp, address.port())].into()), []);
    }
}
