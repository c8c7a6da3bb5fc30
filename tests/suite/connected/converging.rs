//! A run ends when the engine is as it is to be, not when its calls have returned.

use std::time::Duration;

use tokio::time::sleep;

use super::attached::{DEFAULTS, up};
use super::{Place, WEB_AND_DB, in_simulated_time};

/// Brings everything up while `shop-db-1` does something, and leaves after a while. What was started is returned, and
/// what was said.
async fn started_when(db: &str) -> (u8, Vec<String>, String) {
    // The run goes on for about four seconds.
    let script = format!("container shop-web-1 calls-take:2s\ncontainer shop-db-1 {db}");
    let place = Place::new(WEB_AND_DB, &script);
    let code = up(&place, DEFAULTS, async |user| {
        sleep(Duration::from_secs(60)).await;
        user.interrupt.cancel();
        sleep(Duration::from_secs(60)).await;
    });
    let code = code.await;
    let mut done = place.engine.take_done();
    done.retain(|done| done.starts_with("start"));
    (code, done, place.said.err())
}

const ONCE_EACH: [&str; 2] = ["start shop-db-1", "start shop-web-1"];

#[test]
fn what_somebody_stopped_meanwhile_is_started_again_and_told() {
    in_simulated_time(async {
        for db in
            ["once signalled@1s:15 exits@1500ms:143", "once signalled@1s:15 signalled@2s:9 exits@2s:137"]
        {
            let (code, started, said) = started_when(db).await;
            assert_eq!(started, [&ONCE_EACH[..], &["start shop-db-1"]].concat(), "{db}: {said}");
            assert_eq!(code, 130, "{said}");
            assert!(said.contains("shop-db-1  was stopped meanwhile: planning again\n"), "{said}");
            assert_eq!(said.matches("is up: ").count(), 1, "{said}");
        }
    });
}

#[test]
fn a_stop_that_goes_on_at_the_end_is_waited_for() {
    in_simulated_time(async {
        let (_, started, said) = started_when("once signalled@1s:15 exits@9s:143").await;
        assert_eq!(started, [&ONCE_EACH[..], &["start shop-db-1"]].concat(), "{said}");
    });
}

#[test]
fn what_somebody_removed_meanwhile_is_made_again() {
    in_simulated_time(async {
        let (_, started, said) = started_when("once signalled@1s:9 exits@1s:137 removed@1s").await;
        assert!(said.contains("shop-db-1  was removed meanwhile: planning again\n"), "{said}");
        assert_eq!(started.len(), 3, "{started:?} {said}");
    });
}

#[test]
fn what_ends_by_itself_is_left_alone() {
    in_simulated_time(async {
        for db in ["exits@1s:0", "exits@1s:1", "exits@1s:137", "signalled@500ms:1 exits@1s:0"] {
            let (_, started, said) = started_when(db).await;
            assert_eq!(started, ONCE_EACH, "{db}: {said}");
            assert!(!said.contains("meanwhile"), "{db}: {said}");
        }
    });
}

#[test]
fn what_is_changed_again_and_again_ends_the_run_with_a_failure() {
    in_simulated_time(async {
        let (code, started, said) = started_when("signalled@0ms:15 exits@5ms:143").await;
        assert_eq!(code, 4, "{said}");
        assert_eq!(started.iter().filter(|done| *done == "start shop-db-1").count(), 4, "{said}");
        assert!(said.contains("error: something else keeps changing shop-db-1\n"), "{said}");
        assert!(said.contains("project shop is not up: something else keeps changing it\n"), "{said}");
    });
}
