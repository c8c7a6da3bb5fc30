//! Output whose stream breaks.

use std::future::ready;
use std::time::Duration;

use tokio::time::sleep;
use topo::run::logs::read_past;

use super::stage::{follow_all, run, source};

#[test]
fn past_output_is_read_despite_breaks() {
    let engine = "container shop-db-1 runs-already prints@0ms:one prints@0ms:two prints@1ms:three
                  output-breaks-after:2 output-refused:1"
        .replace("\n                 ", "");
    let text = run(&engine, async |engine, stage| {
        sleep(Duration::from_millis(50)).await;
        let sources = [source("shop-db-1")];
        let failed = stage.print(async |printer| read_past(engine, &sources, 8, printer).await).await;
        assert!(failed.is_empty());
    });
    assert_eq!(text, "0.150  db-1  | one\n0.150  db-1  | two\n0.150  db-1  | three\n");
}

#[test]
fn a_broken_event_stream_loses_no_container() {
    let engine = "
        container shop-db-1 runs-already prints@0ms:begin exits@300ms:1 restarts:1
        events break@100ms
        events refuse:3";
    let text = run(engine, async |engine, stage| {
        follow_all(engine, &["shop-db-1"], ready(()), stage).await;
    });
    // It was started and exited again without events.
    let expected = "
0.000  db-1  | begin
0.800  db-1  | begin
0.801  db-1 exited with code 1
";
    assert_eq!(text, expected.trim_start());
}

#[test]
fn a_broken_stream_is_reopened_without_lost_or_repeated_lines() {
    let engine = "
        container shop-db-1 runs-already prints@0ms:one prints@0ms:two prints@800ms:three prints@5s:four exits@6s:0
            output-breaks-after:1 output-refused:3"
        .replace("\n            ", " ");
    let text = run(&engine, async |engine, stage| {
        follow_all(engine, &["shop-db-1"], ready(()), stage).await;
    });
    let expected = "
0.000  db-1  | one
0.700  db-1  | two
0.800  db-1  | three
5.000  db-1  | four
6.001  db-1 exited with code 0
";
    assert_eq!(text, expected.trim_start());
}

#[test]
fn a_stream_that_cannot_be_reopened_is_an_error() {
    let engine = "container shop-db-1 runs-already prints@0ms:one output-breaks-after:1 output-refused:99";
    let text = run(engine, async |engine, stage| {
        let log_drain = follow_all(engine, &["shop-db-1"], ready(()), stage).await;
        assert!(log_drain.has_lost_some());
        log_drain.all_of(&["shop-db-1".into()]).await;
    });
    let expected = "
0.000  db-1  | one
6.301  error: the output of `shop-db-1` cannot be read: the connection to the engine broke: nobody answers
";
    assert_eq!(text, expected.trim_start());
}

#[test]
fn a_stream_that_ends_while_the_container_runs_is_reopened() {
    let engine = "container shop-db-1 runs-already prints@0ms:one prints@4s:two exits@5s:0
                  output-pretends-end-after:1"
        .replace("\n                 ", "");
    let text = run(&engine, async |engine, stage| {
        follow_all(engine, &["shop-db-1"], ready(()), stage).await;
    });
    assert_eq!(text, "0.000  db-1  | one\n4.000  db-1  | two\n5.001  db-1 exited with code 0\n");
}
