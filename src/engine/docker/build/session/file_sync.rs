//! In: a call for the files of a directory. Out: their metadata, and the content of those that the
//! builder requests. Must not: keep more than a few chunks in memory, or choose the files.
//!
//! The protocol is BuildKit's `moby.filesync.v1.FileSync/DiffCopy`: this side sends the metadata of
//! every entry, in order; the builder compares it with what it has from the previous build, and
//! requests the content of what changed by the entry's number.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc as blocking;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use super::super::directory::{self, Selection};
use super::super::protobuf::{Fields, Message, Value};
use super::Local;
use super::attributes;
use super::grpc::{Answer, Code, Messages, frame};
use crate::engine::EngineError;
use crate::engine::archive::packing::Stopped;

/// The size of a chunk, in bytes.
const PIECE: usize = 32 * 1024;
/// How many chunks may wait to be sent.
const WAITING: usize = 4;

/// The type of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Sent by this side: the metadata of an entry. Empty after the last one.
    Stat = 0,
    /// Sent by the builder: a request for a file.
    Request = 1,
    /// Sent by this side: a chunk of a file. Empty after the last one.
    Data = 2,
    /// Sent by both: the end.
    End = 3,
    /// Sent by both: an error.
    Failure = 4,
}

/// Sends the files of a directory that the builder requests. The error is one of this side.
pub(super) async fn serve(
    local: Local,
    selection: Selection,
    messages: Messages,
    mut answer: Answer,
) -> Result<(), EngineError> {
    let (numbers, requested) = blocking::channel();
    let (pieces, mut waiting) = mpsc::channel(WAITING);
    let producer = tokio::task::spawn_blocking(move || produce(&local, &selection, &requested, pieces));
    let is_taken = {
        let mut sending = std::pin::pin!(async {
            while let Some(piece) = waiting.recv().await {
                answer.send(piece).await?;
            }
            Ok::<(), h2::Error>(())
        });
        // Requests are read while metadata is sent: neither side waits for the other.
        let mut requests = std::pin::pin!(forward_requests(messages, numbers));
        let mut are_requests_over = false;
        loop {
            tokio::select! { biased;
                () = &mut requests, if !are_requests_over => are_requests_over = true,
                sent = &mut sending => break sent.is_ok(),
            }
        }
    };
    if !is_taken {
        // The builder is gone; the build's response says why.
        return Ok(());
    }
    let produced = producer.await.map_err(|error| EngineError::System(error.to_string()))?;
    // If the builder is gone by now, it has what it requested.
    let _ = match &produced {
        Ok(()) => answer.end(Code::Ok, ""),
        Err(_) => answer.end(Code::Unknown, "the files cannot be read"),
    };
    produced
}

/// Forwards requests for files, until the builder needs no more.
async fn forward_requests(mut messages: Messages, numbers: blocking::Sender<u32>) {
    while let Some(message) = messages.next().await {
        let mut kind = 0;
        let mut number = 0;
        for field in Fields(&message) {
            match field {
                (1, Value::Number(value)) => kind = value,
                (3, Value::Number(value)) => number = u32::try_from(value).unwrap_or(u32::MAX),
                _ => {}
            }
        }
        // A receiver that is gone has failed.
        if kind != Kind::Request as u64 || numbers.send(number).is_err() {
            return;
        }
    }
}

/// Sends all metadata, then the requested contents.
fn produce(
    local: &Local,
    selection: &Selection,
    requested: &blocking::Receiver<u32>,
    pieces: mpsc::Sender<Bytes>,
) -> Result<(), EngineError> {
    let mut packets = Packets { pieces, frames: BytesMut::new() };
    let error = match send_all(local, selection, requested, &mut packets) {
        Ok(()) | Err(Stopped::Unwanted) => return Ok(()),
        Err(Stopped::Unreadable { path, error }) => directory::cannot_read(&path, &error),
        Err(Stopped::Trouble(error)) => error,
    };
    let mut packet = packet(Kind::Failure);
    packet.bytes(4, error.to_string().as_bytes());
    // Without a receiver, the build is over anyway.
    let _ = packets.put(&packet).and_then(|()| packets.flush());
    Err(error)
}

fn send_all(
    local: &Local,
    selection: &Selection,
    requested: &blocking::Receiver<u32>,
    packets: &mut Packets,
) -> Result<(), Stopped> {
    match local {
        Local::Directory(root) => {
            let files = send_metadata(root, selection, packets)?;
            for number in requested {
                if let Some((path, length)) = files.get(&number) {
                    send_file(&root.join(path), number, *length, packets)?;
                }
            }
        }
        Local::Texts(texts) => {
            for (name, text) in texts {
                packets.put_stat(&text_stat(name, text))?;
            }
            packets.end_stats()?;
            for number in requested {
                if let Some((_, text)) = texts.get(number as usize) {
                    text.chunks(PIECE).try_for_each(|piece| packets.put_data(number, piece))?;
                    packets.put_data(number, &[])?;
                }
            }
        }
    }
    packets.put(&packet(Kind::End))?;
    packets.flush()
}

/// Sends the metadata of everything in a directory; returns the files by number, with their
/// lengths.
fn send_metadata(
    root: &Path,
    selection: &Selection,
    packets: &mut Packets,
) -> Result<HashMap<u32, (PathBuf, u64)>, Stopped> {
    let mut files = HashMap::new();
    let mut number = 0;
    directory::walk(root, selection, &mut |path, on_disk, metadata| {
        let Some(stat) = stat(path, on_disk, metadata)? else { return Ok(()) };
        // A socket is sent as an empty file.
        if metadata.is_file() || metadata.file_type().is_socket() {
            files.insert(number, (path.to_owned(), metadata.len()));
        }
        number += 1;
        packets.put_stat(&stat)
    })?;
    packets.end_stats()?;
    Ok(files)
}

fn send_file(path: &Path, number: u32, length: u64, packets: &mut Packets) -> Result<(), Stopped> {
    if length == 0 {
        return packets.put_data(number, &[]);
    }
    let unreadable = |error| Stopped::unreadable(path, error);
    let mut file = match File::open(path) {
        Ok(file) => file.take(length),
        // A file that has vanished since is sent as an empty one.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return packets.put_data(number, &[]),
        Err(error) => return Err(unreadable(error)),
    };
    let mut buffer = vec![0; PIECE.min(usize::try_from(length).unwrap_or(PIECE))];
    while file.limit() > 0 {
        let count = match file.read(&mut buffer).map_err(unreadable)? {
            0 => return Err(unreadable(io::Error::other("it was truncated while it was being sent"))),
            count => count,
        };
        packets.put_data(number, &buffer[..count])?;
    }
    packets.put_data(number, &[])
}

/// Packets that are being sent.
struct Packets {
    pieces: mpsc::Sender<Bytes>,
    frames: BytesMut,
}

impl Packets {
    fn put_stat(&mut self, stat: &Message) -> Result<(), Stopped> {
        let mut packet = packet(Kind::Stat);
        packet.bytes(2, stat.as_bytes());
        self.put(&packet)
    }

    fn end_stats(&mut self) -> Result<(), Stopped> {
        self.put_stat(&Message::default())?;
        self.flush()
    }

    fn put_data(&mut self, number: u32, data: &[u8]) -> Result<(), Stopped> {
        let mut packet = packet(Kind::Data);
        packet.number(3, number.into()).bytes(4, data);
        self.put(&packet)?;
        // The end of a file: the builder may be waiting for it.
        if data.is_empty() { self.flush() } else { Ok(()) }
    }

    fn put(&mut self, packet: &Message) -> Result<(), Stopped> {
        frame(packet.as_bytes(), &mut self.frames);
        if self.frames.len() >= PIECE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Stopped> {
        let frames = self.frames.split().freeze();
        if frames.is_empty() {
            return Ok(());
        }
        self.pieces.blocking_send(frames).map_err(|_| Stopped::Unwanted)
    }
}

fn packet(kind: Kind) -> Message {
    let mut packet = Message::default();
    packet.number(1, kind as u64);
    packet
}

/// The metadata of an entry, in terms of Go's `os.FileMode`, without the owners, which mean nothing
/// in an image. As in Docker, a socket is an empty file; `None` if the entry has vanished.
fn stat(path: &Path, on_disk: &Path, metadata: &Metadata) -> Result<Option<Message>, Stopped> {
    let target = match metadata.is_symlink().then(|| std::fs::read_link(on_disk)).transpose() {
        Ok(target) => target.unwrap_or_default(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Stopped::unreadable(on_disk, error)),
    };
    let Some(name) = path.to_str() else {
        return Err(Stopped::Trouble(EngineError::LocalFile(format!(
            "`{}` has a name that is not UTF-8 text, which the builder does not take: rename it, or add it to \
             `.dockerignore`",
            on_disk.display()
        ))));
    };
    let mut stat = Message::default();
    let length = if metadata.is_dir() { 0 } else { metadata.len() };
    let since_1970 = metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec());
    stat.bytes(1, name.as_bytes())
        .number(2, mode(metadata).into())
        .number(5, length)
        .number(6, since_1970.cast_unsigned())
        .bytes(7, target.as_os_str().as_bytes());
    let kind = metadata.file_type();
    if kind.is_block_device() || kind.is_char_device() {
        let device = metadata.rdev();
        stat.number(8, device >> 8 & 0xfff).number(9, device & 0xff | device >> 12 & 0xf_ff00);
    }
    for (name, value) in attributes::extended_attributes(on_disk) {
        let mut attribute = Message::default();
        attribute.bytes(1, &name).bytes(2, &value);
        stat.bytes(10, attribute.as_bytes());
    }
    Ok(Some(stat))
}

/// The metadata of a text as a file modified now: the builder takes files with equal times and
/// sizes for unchanged.
fn text_stat(name: &str, text: &[u8]) -> Message {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let mut stat = Message::default();
    stat.bytes(1, name.as_bytes())
        .number(2, 0o644)
        .number(5, text.len() as u64)
        .number(6, u64::try_from(now).unwrap_or_default());
    stat
}

/// Permissions and type, in the bits of Go's `os.FileMode`.
fn mode(metadata: &Metadata) -> u32 {
    let bits = metadata.permissions().mode();
    let kind = metadata.file_type();
    let flags = [
        (kind.is_dir(), 31),
        (kind.is_symlink(), 27),
        (kind.is_block_device() || kind.is_char_device(), 26),
        (kind.is_fifo(), 25),
        (bits & 0o4000 != 0, 23),
        (bits & 0o2000 != 0, 22),
        (kind.is_char_device(), 21),
        (bits & 0o1000 != 0, 20),
    ];
    let set = flags.into_iter().filter(|(holds, _)| *holds);
    set.fold(bits & 0o777, |mode, (_, bit)| mode | 1 << bit)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::engine::docker::build::ignore::Ignore;

    /// The packets sent for a directory when every file is requested: kinds, and paths or contents.
    fn sent(
        local: Local,
        selection: Selection,
        wanted: &[u32],
    ) -> (Vec<(u64, String)>, Result<(), EngineError>) {
        let (numbers, requested) = blocking::channel();
        wanted.iter().for_each(|number| numbers.send(*number).unwrap());
        drop(numbers);
        let (pieces, mut waiting) = mpsc::channel(WAITING);
        let producer = std::thread::spawn(move || produce(&local, &selection, &requested, pieces));
        let mut bytes = Vec::new();
        while let Some(piece) = waiting.blocking_recv() {
            bytes.extend_from_slice(&piece);
        }
        (packets(&bytes), producer.join().unwrap())
    }

    fn packets(mut bytes: &[u8]) -> Vec<(u64, String)> {
        let mut packets = Vec::new();
        while let Some((head, rest)) = bytes.split_first_chunk::<5>() {
            let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
            packets.push(read(&rest[..length]));
            bytes = &rest[length..];
        }
        packets
    }

    fn read(packet: &[u8]) -> (u64, String) {
        let (mut kind, mut words) = (0, Vec::new());
        for field in Fields(packet) {
            match field {
                (1, Value::Number(number)) => kind = number,
                (2, Value::Bytes(stat)) => words.extend(Fields(stat).filter_map(|field| match field {
                    (1, Value::Bytes(path)) => Some(String::from_utf8_lossy(path).into_owned()),
                    (2, Value::Number(mode)) => Some(format!("{mode:o}")),
                    (5, Value::Number(length)) => Some(length.to_string()),
                    (7, Value::Bytes(target)) => Some(format!("-> {}", String::from_utf8_lossy(target))),
                    _ => None,
                })),
                (3, Value::Number(number)) => words.push(format!("#{number}")),
                (4, Value::Bytes(data)) => words.push(String::from_utf8_lossy(data).into_owned()),
                _ => {}
            }
        }
        (kind, words.join(" "))
    }

    fn packet_of(kind: Kind, words: &str) -> (u64, String) {
        (kind as u64, words.to_owned())
    }

    #[test]
    fn metadata_of_a_directory_and_requested_files_are_sent() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir(root.join("a")).unwrap();
        fs::write(root.join("a/file"), "content").unwrap();
        fs::write(root.join("a.log"), "left out").unwrap();
        fs::write(root.join("b"), "not asked for").unwrap();
        std::os::unix::fs::symlink("a/file", root.join("link")).unwrap();
        for (path, mode) in [("a", 0o2755), ("a/file", 0o4711), ("b", 0o644)] {
            fs::set_permissions(root.join(path), fs::Permissions::from_mode(mode)).unwrap();
        }
        let ignored = Ignore::from_patterns(["*.log"].into_iter()).unwrap();
        let selection = Selection { ignored, only: None };
        let (packets, ended) = sent(Local::Directory(root.to_owned()), selection, &[1, 99]);
        assert_eq!(ended, Ok(()));
        assert_eq!(
            packets,
            [
                packet_of(Kind::Stat, "a 20020000755"),
                packet_of(Kind::Stat, "a/file 40000711 7"),
                packet_of(Kind::Stat, "b 644 13"),
                packet_of(Kind::Stat, "link 1000000777 6 -> a/file"),
                packet_of(Kind::Stat, ""),
                packet_of(Kind::Data, "#1 content"),
                packet_of(Kind::Data, "#1"),
                packet_of(Kind::End, ""),
            ]
        );
    }

    #[test]
    fn texts_are_sent_as_files() {
        let texts = vec![("Dockerfile".to_owned(), Bytes::from_static(b"FROM scratch"))];
        let (packets, ended) = sent(Local::Texts(texts), Selection::default(), &[0]);
        assert_eq!(ended, Ok(()));
        assert_eq!(packets[0], packet_of(Kind::Stat, "Dockerfile 644 12"));
        assert_eq!(packets[2..4], [packet_of(Kind::Data, "FROM scratch"), packet_of(Kind::Data, "")]);
    }

    #[test]
    fn pipes_are_never_opened_and_sockets_are_empty() {
        let directory = tempfile::tempdir().unwrap();
        let made = std::process::Command::new("mkfifo").arg(directory.path().join("pipe")).status().unwrap();
        assert!(made.success());
        let _socket = std::os::unix::net::UnixListener::bind(directory.path().join("socket")).unwrap();
        let (packets, ended) =
            sent(Local::Directory(directory.path().to_owned()), Selection::default(), &[0, 1]);
        assert_eq!(ended, Ok(()));
        assert!(packets[0].1.starts_with("pipe 200000"), "{packets:?}");
        assert!(packets[1].1.starts_with("socket "), "{packets:?}");
        assert_eq!(packets.len(), 5, "{packets:?}");
        assert_eq!(packets[3], packet_of(Kind::Data, "#1"));
    }

    #[test]
    fn a_name_that_is_not_text_is_an_error_unless_it_is_ignored() {
        let directory = tempfile::tempdir().unwrap();
        let name = std::ffi::OsStr::from_bytes(b"a\xff.txt");
        if fs::write(directory.path().join(name), "").is_err() {
            return;
        }
        let local = Local::Directory(directory.path().to_owned());
        let (_, ended) = sent(local.clone(), Selection::default(), &[]);
        let error = ended.unwrap_err().to_string();
        assert!(error.contains("has a name that is not UTF-8 text"), "{error}");
        let ignored = Ignore::from_patterns(["*.txt"].into_iter()).unwrap();
        let (packets, ended) = sent(local, Selection { ignored, only: None }, &[]);
        assert_eq!((packets.len(), ended), (2, Ok(())));
    }

    #[test]
    fn an_unreadable_file_ends_the_call_and_is_reported_to_both_sides() {
        let root = Path::new("/nowhere-to-be-found/context");
        let (packets, ended) = sent(Local::Directory(root.join("\0")), Selection::default(), &[]);
        let error = ended.unwrap_err().to_string();
        assert!(error.starts_with("cannot read `/nowhere"), "{error}");
        assert_eq!(packets, [packet_of(Kind::Failure, &error)]);
    }
}
