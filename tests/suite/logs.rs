//! Output of containers, merged.

mod broken;
mod followed;
mod outlet;
mod stage;

use std::time::Duration;

use tokio::time::sleep;
use topo::run::logs::read_past;

use stage::{run, source};

#[test]
fn output_is_sorted_by_time() {
    let engine = "
        container shop-db-1 runs-already prints@10ms:one prints@30ms:three
        container shop-api-1 runs-already prints@20ms:two prints@40ms:four";
    let text = run(engine, async |engine, stage| {
        sleep(Duration::from_millis(35)).await;
        let sources = [source("shop-db-1"), source("shop-api-1")];
        let failed = stage.print(async |printer| read_past(engine, &sources, 8, printer).await).await;
        assert!(failed.is_empty());
    });
    assert_eq!(text, "0.035  db-1   | one\n0.035  api-1  | two\n0.035  db-1   | three\n");
}

#[test]
fn times_are_shown_on_request() {
    let text = run("container shop-db-1 runs-already prints@10ms:one", async |engine, stage| {
        sleep(Duration::from_millis(20)).await;
        let mut source = source("shop-db-1");
        source.choice.timestamps = true;
        stage.print(async |printer| read_past(engine, &[source], 8, printer).await).await;
    });
    assert_eq!(text, "0.020  db-1  | 2026-01-01T00:00:00.010000000Z one\n");
}

#[test]
fn the_number_of_open_streams_is_limited() {
    let engine: String = (1..=9)
        .map(|number| {
            format!(
                "container shop-web-{number} runs-already prints@{number}ms:a prints@{}ms:b\n",
                number + 20
            )
        })
        .collect();
    let text = run(&engine, async |engine, stage| {
        sleep(Duration::from_millis(50)).await;
        let sources: Vec<_> = (1..=9).map(|number| source(&format!("shop-web-{number}"))).collect();
        let failed = stage.print(async |printer| read_past(engine, &sources, 2, printer).await).await;
        assert!(failed.is_empty());
        assert!(engine.most_open() <= 2);
    });
    let labels: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    let each: Vec<String> = (1..=9).map(|number| format!("web-{number}")).collect();
    assert_eq!(labels, [each.clone(), each].concat(), "{text}");
}
