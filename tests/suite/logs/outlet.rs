//! Output whose reader is slow or gone.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::stream::empty;
use tokio::time::{Sleep, sleep};
use topo::report::Look;
use topo::report::logs::{Outlet, Prefixes, Printer};
use topo::run::logs::follow;
use topo::topology::name::ContainerName;

use super::stage::{Around, Stage, nobody, nobody_joins, perform, run, source, start, until};

#[test]
fn a_closed_pipe_ends_it() {
    let engine = "container shop-db-1 runs-already prints@10ms:one prints@20ms:two prints@30ms:three";
    let text = run(engine, async |engine, stage| {
        let around = Around::default();
        let (mut out, mut err) = (Failing(io::ErrorKind::BrokenPipe), stage.clone());
        let mut printer = Printer::new(&mut out, &mut err, Prefixes::Names, Look::BARE);
        let company = around.company(&nobody_joins);
        follow(engine, vec![source("shop-db-1")], company, nobody(), empty(), &mut printer).await;
    });
    assert_eq!(text, "", "the container still runs, but nobody reads");
}

#[test]
fn a_reader_that_stops_reading_blocks_only_the_output() {
    let engine = "
        container shop-db-1 runs-already prints@10ms:one prints@20ms:two exits@30ms:0
        container shop-api-1 is-there-already prints@5ms:late exits@50ms:0";
    let text = run(engine, async |engine, stage| {
        let around = Around::default();
        let mut out = Late { reads: Box::pin(sleep(Duration::from_secs(5))), stage: stage.clone() };
        let mut err = stage.clone();
        let mut printer = Printer::new(&mut out, &mut err, Prefixes::Names, Look::BARE);
        let joins = |container: &ContainerName| Some(source(container.as_str()));
        let company = around.company(&joins);
        let starting = async {
            sleep(Duration::from_millis(100)).await;
            perform(engine, start("shop-api-1")).await;
            writeln!(stage.clone(), "api is up").expect("a string takes all");
        };
        follow(engine, vec![source("shop-db-1")], company, nobody(), until(starting), &mut printer).await;
    });
    let expected = "
0.110  api is up
5.000  db-1  | one
5.000  db-1  | two
5.000  api-1  | late
5.001  db-1 exited with code 0
5.001  api-1 exited with code 0
";
    assert_eq!(text, expected.trim_start());
}

#[test]
fn a_full_disk_is_a_failure_and_a_closed_pipe_is_not() {
    for (kind, failure) in [
        (io::ErrorKind::StorageFull, Some("standard output cannot be written: no storage space")),
        (io::ErrorKind::BrokenPipe, None),
    ] {
        run("container shop-db-1 runs-already prints@10ms:one prints@20ms:two", async |engine, stage| {
            let around = Around::default();
            let (mut out, mut err) = (Failing(kind), stage.clone());
            let mut printer = Printer::new(&mut out, &mut err, Prefixes::Names, Look::BARE);
            let company = around.company(&nobody_joins);
            follow(engine, vec![source("shop-db-1")], company, nobody(), empty(), &mut printer).await;
            assert_eq!(around.log_drain.failure().as_deref(), failure);
        });
    }
}

/// A reader that reads nothing for a while.
struct Late {
    reads: Pin<Box<Sleep>>,
    stage: Stage,
}

impl Outlet for Late {
    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.reads.as_mut().poll(context));
        Poll::Ready(self.stage.write(bytes))
    }
}

struct Failing(io::ErrorKind);

impl Write for Failing {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
