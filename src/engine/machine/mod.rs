//! In: the demands of a plan. Out: what this machine knows about them, if the engine runs on it.
//! Must not: change anything, or fail: what cannot be read is unknown.

mod routes;
mod sockets;

use std::fs;
use std::path::Path;

use crate::engine::{Address, Endpoint, EngineHost};
use crate::plan::preflight::{Demands, Disk, Machine, Neighbour};

/// Where Linux lists the programs that run files of other formats.
const FORMATS: &str = "/proc/sys/fs/binfmt_misc";

/// How the kernel writes the first bytes of a program in the format ELF.
const ELF: &str = "magic 7f454c46";

/// What this machine knows; `None` if the engine runs on another one, or in a virtual machine. `containers` are those
/// of the engine: ports that they publish are not reported as those of programs. Without them, no ports are.
pub fn look(
    address: &Address,
    host: &EngineHost,
    demands: &Demands<'_>,
    containers: Option<&[Neighbour]>,
) -> Option<Machine> {
    if !is_here(address, host) {
        return None;
    }
    let routes =
        if demands.concern_routes() && !host.is_rootless() { routes::of_machine() } else { Vec::new() };
    Some(Machine {
        listeners: containers
            .map(|containers| sockets::of_machine(&demands.ports_beside(containers)))
            .unwrap_or_default(),
        routes,
        disk: if demands.fill_disk() { disk(&host.directory) } else { None },
        emulates: emulates(Path::new(FORMATS)),
    })
}

/// A Unix socket is always on this machine, but its engine may run in a virtual machine, or outside the container that
/// topo runs in: then it has another host name, or a data directory that does not exist here.
fn is_here(address: &Address, host: &EngineHost) -> bool {
    let is_local = matches!(address.endpoint, Endpoint::Unix(_)) && cfg!(target_os = "linux");
    let name = rustix::system::uname();
    is_local && name.nodename().to_bytes() == host.name.as_bytes() && host.directory.is_dir()
}

fn disk(directory: &Path) -> Option<Disk> {
    let read = rustix::fs::statvfs(directory).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(read.f_frsize);
    Some(Disk { path: directory.to_owned(), free: bytes(read.f_bavail), total: bytes(read.f_blocks) })
}

/// Whether an emulator of other processors is registered; `None` if the kernel does not say.
fn emulates(formats: &Path) -> Option<bool> {
    if !formats.join("status").exists() {
        return None;
    }
    let mut entries = fs::read_dir(formats).ok()?.flatten();
    let is_of_programs = |path: &Path| fs::read_to_string(path).is_ok_and(|text| text.contains(ELF));
    Some(entries.any(|entry| is_of_programs(&entry.path())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emulator_is_registered_for_programs() {
        let formats = tempfile::tempdir().expect("a directory");
        let write = |name: &str, text: &str| fs::write(formats.path().join(name), text).expect("a file");
        assert_eq!(emulates(formats.path()), None);
        write("status", "enabled\n");
        write("python3.11", "enabled\ninterpreter /usr/bin/python3.11\nmagic a70d0d0a\n");
        assert_eq!(emulates(formats.path()), Some(false));
        write(
            "qemu-arm",
            "enabled\ninterpreter /usr/bin/qemu-arm\nflags: F\noffset 0\nmagic 7f454c46010101\n",
        );
        assert_eq!(emulates(formats.path()), Some(true));
    }
}
