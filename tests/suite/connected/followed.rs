//! `logs --follow`.

use std::time::Duration;

use tokio::time::sleep;
use topo::cli::on_engine::{Exit, Following, Session, fixed_names, follow_all, sources};
use topo::engine::LogChoice;
use topo::report::logs::Prefixes;

use super::{Place, WEB_AND_DB, code, in_simulated_time};

/// Follows all services of a project that was brought up.
async fn follow(place: &Place, interrupts: impl Future<Output = ()>) -> u8 {
    place.bring_up().await;
    let following = Following {
        services: None,
        index: None,
        choice: LogChoice { follow: true, ..LogChoice::default() },
        prefixes: Prefixes::Names,
        fixed_names: fixed_names(Some(&place.topology)),
    };
    let session = Session::new(&place.engine, &place.global, &place.output);
    let sources = sources(&place.observed().await, &following);
    let interrupted = async {
        interrupts.await;
        session.cancel.cancel();
        std::future::pending().await
    };
    let followed = follow_all(&session, &place.topology.name, sources, &following);
    tokio::select! {
        code = code(place, followed) => code,
        () = interrupted => unreachable!("it never ends"),
    }
}

#[test]
fn it_ends_when_all_followed_containers_are_gone() {
    in_simulated_time(async {
        let script = "
            container shop-db-1 prints@0ms:ready exits@3s:137 removed@3s
            container shop-web-1 prints@1s:served exits@2s:0";
        let place = Place::new(WEB_AND_DB, script);
        let exit = follow(&place, std::future::pending()).await;
        assert_eq!(exit, Exit::Success.code(), "{}", place.said.err());
        assert_eq!(place.said.out(), "db-1   | ready\nweb-1  | served\n");
    });
}

#[test]
fn a_permanently_broken_stream_is_a_failure() {
    in_simulated_time(async {
        let script = "
            container shop-db-1 exits@1s:0
            container shop-web-1 prints@0ms:one prints@1s:two output-breaks-after:1 output-refused:99";
        let place = Place::new(WEB_AND_DB, script);
        let exit = follow(&place, std::future::pending()).await;
        assert_eq!(exit, Exit::Failed.code());
        assert_eq!(place.said.out(), "web-1  | one\n");
        let lost = "error: the output of `shop-web-1` cannot be read: ";
        assert!(place.said.err().contains(lost), "{}", place.said.err());
    });
}

#[test]
fn ctrl_c_ends_it_without_touching_containers() {
    in_simulated_time(async {
        let place = Place::new(WEB_AND_DB, "container shop-db-1 prints@0ms:ready");
        let exit = follow(&place, sleep(Duration::from_secs(5))).await;
        assert_eq!(exit, Exit::Interrupted.code());
        assert_eq!(place.said.out(), "db-1   | ready\n");
        assert_eq!(place.engine.take_done(), [""; 0]);
    });
}
