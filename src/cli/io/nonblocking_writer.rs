//! In: the standard output or error, where it is no terminal. Out: an outlet that never blocks.
//! Must not: change the stream itself: other programs may share it.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::task::{Context, Poll, ready};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::PIPE_BUF;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::report::logs::Outlet;

/// A pipe or a file whose reader may take their time. The stream blocks whoever writes to it; so it is asked
/// first whether it takes something, and then gets no more than that.
pub(crate) enum NonBlockingWriter {
    /// It takes what fits.
    Pipe(AsyncFd<File>),
    /// It takes everything: a file, `/dev/null`.
    File(File),
}

impl NonBlockingWriter {
    /// A stream's outlet. It must be made inside a runtime.
    pub(crate) fn of(stream: &impl AsFd) -> io::Result<Self> {
        let file = File::from(stream.as_fd().try_clone_to_owned()?);
        #[expect(
            deprecated,
            reason = "a file keeps its descriptor open, which not everything does that is let in"
        )]
        match AsyncFd::with_interest(file.try_clone()?, Interest::WRITABLE) {
            Ok(pipe) => Ok(Self::Pipe(pipe)),
            // The system watches only what may block.
            Err(_) => Ok(Self::File(file)),
        }
    }
}

impl Outlet for NonBlockingWriter {
    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let pipe = match self {
            Self::Pipe(pipe) => pipe,
            Self::File(file) => return Poll::Ready(file.write_all(bytes).map(|()| bytes.len())),
        };
        loop {
            if takes_something(pipe.get_ref())? {
                match pipe.get_ref().write(&bytes[..bytes.len().min(PIPE_BUF)]) {
                    // Somebody else filled it meanwhile, and does not let it block.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    written => return Poll::Ready(written),
                }
            }
            ready!(pipe.poll_write_ready(context))?.clear_ready();
        }
    }
}

/// Whether a stream takes as much as a pipe takes at once. That its reader is gone shows when it is written to.
fn takes_something(stream: &File) -> io::Result<bool> {
    let mut asked = [PollFd::new(stream, PollFlags::OUT)];
    match poll(&mut asked, Some(&Timespec::default())) {
        Ok(count) => Ok(count > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::Read;

    use super::*;

    const TEXT: usize = 1 << 20;

    #[tokio::test]
    async fn a_reader_who_takes_their_time_gets_everything_and_blocks_nobody() {
        let (mut reader, writer) = io::pipe().unwrap();
        let mut nonblocking_writer = NonBlockingWriter::of(&writer).unwrap();
        drop(writer);
        let text: Vec<u8> = (0..TEXT).map(|place| (place % 251) as u8).collect();
        let mut left = text.as_slice();
        let mut context = Context::from_waker(std::task::Waker::noop());
        while let Poll::Ready(count) = nonblocking_writer.poll_write(&mut context, left) {
            left = &left[count.unwrap()..];
        }
        assert!(!left.is_empty(), "nobody has read so far");
        let reading = std::thread::spawn(move || {
            let mut read = Vec::new();
            reader.read_to_end(&mut read).map(|_| read)
        });
        while !left.is_empty() {
            let count = poll_fn(|context| nonblocking_writer.poll_write(context, left)).await.unwrap();
            left = &left[count..];
        }
        drop(nonblocking_writer);
        assert!(reading.join().unwrap().unwrap() == text);
    }

    #[tokio::test]
    async fn a_reader_who_is_gone_is_noticed_and_a_file_takes_all() {
        let (reader, writer) = io::pipe().unwrap();
        let mut nonblocking_writer = NonBlockingWriter::of(&writer).unwrap();
        drop(reader);
        let written = poll_fn(|context| nonblocking_writer.poll_write(context, b"line")).await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        let mut nonblocking_writer = NonBlockingWriter::of(&tempfile::tempfile().unwrap()).unwrap();
        let written = poll_fn(|context| nonblocking_writer.poll_write(context, &[0; TEXT])).await;
        assert_eq!(written.unwrap(), TEXT);
    }
}
