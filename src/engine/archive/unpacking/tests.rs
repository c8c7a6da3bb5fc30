use std::io::Write;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::os::unix::net::UnixListener;
use std::process::Command;

use futures_util::stream;
use tempfile::TempDir;

use super::*;

/// An archive as an engine writes it.
struct Written(tar::Builder<Vec<u8>>);

impl Written {
    fn new() -> Self {
        Self(tar::Builder::new(Vec::new()))
    }

    fn entry(mut self, kind: EntryType, name: &str, text: &str, target: Option<&str>) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(if kind == EntryType::Directory { 0o755 } else { 0o644 });
        header.set_size(text.len() as u64);
        header.set_mtime(1_000_000);
        // Names that the library would refuse.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        if let Some(target) = target {
            header.set_link_name(target).unwrap();
        }
        header.set_cksum();
        self.0.append(&header, text.as_bytes()).unwrap();
        self
    }

    fn file(self, name: &str, text: &str) -> Self {
        self.entry(EntryType::Regular, name, text, None)
    }

    fn directory(self, name: &str) -> Self {
        self.entry(EntryType::Directory, name, "", None)
    }

    fn into(self, place: Place) -> Result<Vec<String>, String> {
        let bytes = Bytes::from(self.0.into_inner().unwrap());
        let archive = stream::iter([Ok(bytes)]);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        match runtime.block_on(unpack(archive, place, Owners::LeftOut)) {
            Ok(left_out) => Ok(left_out.iter().map(ToString::to_string).collect()),
            Err(Failure::File(error)) => Err(error.to_string()),
            Err(Failure::Engine(error)) => Err(error.to_string()),
        }
    }
}

/// A directory `dd` in a temporary directory.
fn directory() -> (TempDir, PathBuf) {
    let outer = tempfile::tempdir().unwrap();
    let inner = outer.path().join("dd");
    fs::create_dir(&inner).unwrap();
    (outer, inner)
}

fn named_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

#[test]
fn pipes_sockets_and_links_to_them_are_kept_and_the_rest_is_written() {
    let (_outer, dd) = directory();
    named_pipe(&dd.join("pipe"));
    let _listener = UnixListener::bind(dd.join("socket")).unwrap();
    symlink("pipe", dd.join("link")).unwrap();
    let archive = Written::new().directory("./").file("pipe", "1").file("socket", "2").file("link", "3");
    let archive = archive.entry(EntryType::Symlink, "pipe", "", Some("x")).file("rest", "4");
    let archive = archive.entry(EntryType::Link, "other", "", Some("pipe"));
    let place = |name: &str| dd.join(name).display().to_string();
    let left_out = archive.into(Place::Directory(dd.clone())).unwrap();
    assert_eq!(
        left_out,
        [
            format!(
                "`{}` is a link to a device, a pipe or a socket here, which is not replaced",
                place("link")
            ),
            format!("`{}` is a named pipe here, which is not replaced", place("pipe")),
            format!("`{}` is a socket here, which is not replaced", place("socket")),
        ]
    );
    assert!(fs::symlink_metadata(dd.join("pipe")).unwrap().file_type().is_fifo());
    assert!(fs::symlink_metadata(dd.join("socket")).unwrap().file_type().is_socket());
    assert!(dd.join("link").is_symlink());
    assert!(!dd.join("other").exists());
    assert_eq!(fs::read_to_string(dd.join("rest")).unwrap(), "4");
}

#[test]
fn devices_and_paths_outside_are_left_out_and_reported() {
    let (outer, dd) = directory();
    let archive = Written::new().file("../evil", "x").entry(EntryType::Char, "null", "", None);
    let archive = archive.entry(EntryType::Block, "disk", "", None).entry(EntryType::Fifo, "p", "", None);
    assert_eq!(
        archive.file("good", "1").into(Place::Directory(dd.clone())).unwrap(),
        [
            "`disk` is a device",
            "`null` is a device",
            "`p` is a named pipe",
            "`../evil` leads out of the directory"
        ]
    );
    assert!(!outer.path().join("evil").exists());
    assert_eq!(fs::read_dir(&dd).unwrap().count(), 1);
}

#[test]
fn nothing_is_written_through_a_link_that_leads_out() {
    let (outer, dd) = directory();
    let elsewhere = outer.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::create_dir(dd.join("inside")).unwrap();
    symlink("../elsewhere", dd.join("sub")).unwrap();
    symlink("inside", dd.join("near")).unwrap();
    let archive = Written::new().directory("sub/").file("sub/a", "1").file("sub/b", "2");
    let archive = archive.directory("near/").file("near/c", "3");
    let whole = elsewhere.canonicalize().unwrap();
    assert_eq!(
        archive.into(Place::Directory(dd.clone())).unwrap(),
        [format!(
            "`{}` is a link here that leads out of the directory, to `{}`",
            dd.join("sub").display(),
            whole.display()
        )]
    );
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    assert_eq!(fs::read_to_string(dd.join("inside/c")).unwrap(), "3");
}

#[test]
fn an_existing_file_keeps_its_permissions_and_other_names_are_unchanged() {
    let (outer, dd) = directory();
    let secret = dd.join("secret");
    fs::write(&secret, "something longer").unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    let shared = dd.join("shared");
    fs::write(&shared, "old").unwrap();
    fs::hard_link(&shared, outer.path().join("name")).unwrap();
    fs::write(outer.path().join("aim"), "old").unwrap();
    symlink("../aim", dd.join("link")).unwrap();
    fs::create_dir(dd.join("private")).unwrap();
    fs::set_permissions(dd.join("private"), Permissions::from_mode(0o700)).unwrap();
    let archive = Written::new().file("secret", "new").file("shared", "new").file("link", "new");
    let archive = archive.directory("private/").file("private/x", "1").directory("public/");
    assert!(archive.into(Place::Directory(dd.clone())).unwrap().is_empty());
    assert_eq!((fs::read_to_string(&secret).unwrap().as_str(), mode(&secret)), ("new", 0o600));
    assert_eq!(fs::read_to_string(&shared).unwrap(), "new");
    for other in ["name", "aim"] {
        assert_eq!(fs::read_to_string(outer.path().join(other)).unwrap(), "old", "{other}");
    }
    assert_eq!(fs::metadata(&secret).unwrap().mtime(), 1_000_000);
    assert_eq!((mode(&dd.join("private")), mode(&dd.join("public"))), (0o700, 0o755));
}

#[test]
fn a_file_is_written_through_a_link_and_into_a_pipe() {
    let (_outer, dd) = directory();
    let pipe = dd.join("pipe");
    named_pipe(&pipe);
    symlink("pipe", dd.join("to-pipe")).unwrap();
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    let written = Written::new().file("hosts", "through").into(Place::File(dd.join("to-pipe")));
    assert_eq!((written, reader.join().unwrap().as_str()), (Ok(Vec::new()), "through"));
    assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
    symlink("late", dd.join("link")).unwrap();
    for text in ["a longer text", "short"] {
        Written::new().file("hosts", text).into(Place::File(dd.join("link"))).unwrap();
        assert_eq!(fs::read_to_string(dd.join("late")).unwrap(), text);
    }
    assert!(dd.join("link").is_symlink());
    // A link is neither written to a pipe, nor does it replace the pipe.
    let left_out =
        Written::new().entry(EntryType::Symlink, "l", "", Some("x")).into(Place::File(pipe.clone()));
    let words = format!("`{}` is a named pipe here, which is not replaced", pipe.display());
    assert_eq!(left_out, Ok(vec![words]));
    assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
}

#[test]
fn a_running_program_is_replaced() {
    let (_outer, dd) = directory();
    let program = dd.join("program");
    fs::copy("/bin/sleep", &program).unwrap();
    let mut running = Command::new(&program).arg("100").spawn().unwrap();
    let written = Written::new().file("program", "new").into(Place::File(program.clone()));
    running.kill().unwrap();
    running.wait().unwrap();
    assert_eq!((written, fs::read_to_string(&program).unwrap().as_str()), (Ok(Vec::new()), "new"));
}

#[test]
fn a_broken_archive_is_an_error() {
    let (_outer, dd) = directory();
    let mut half = Written::new().file("file", "text").0.into_inner().unwrap();
    half.truncate(514);
    let mut text = Vec::new();
    text.write_all(&half).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let archive = stream::iter([Ok(Bytes::from(text))]);
    assert!(runtime.block_on(unpack(archive, Place::Directory(dd), Owners::LeftOut)).is_err());
}
