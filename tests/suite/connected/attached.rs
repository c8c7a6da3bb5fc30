//! `up` in the foreground.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use topo::cli::on_engine::{Background, Exit, Following, Foreground, Key, Session, Typed, fixed_names};
use topo::engine::LogChoice;
use topo::plan::UpChoices;
use topo::report::AfterCancel;
use topo::report::logs::Prefixes;
use topo::run::attached::Abort;
use topo::topology::name::ServiceName;

use super::{Place, WEB_AND_DB, code, in_simulated_time};

/// The actions of the user meanwhile.
pub(super) struct User {
    pub(super) interrupt: CancellationToken,
    kill: CancellationToken,
    keys: tokio::sync::mpsc::UnboundedSender<Typed>,
}

/// Options of `up`.
pub(super) struct UpOptions {
    abort: Abort,
    exit_code_from: Option<ServiceName>,
}

pub(super) const DEFAULTS: UpOptions = UpOptions { abort: Abort::Never, exit_code_from: None };

/// The exit code of an `up`, while its user does something.
pub(super) async fn up(place: &Place, asked: UpOptions, acts: impl AsyncFnOnce(User)) -> u8 {
    let choices = UpChoices::default();
    let plan = place.plan(&choices).await;
    let services: Vec<ServiceName> = place.topology.services.keys().cloned().collect();
    let mut session = Session::new(&place.engine, &place.global, &place.output);
    session.shown = &services;
    session.after_cancel = AfterCancel::Stop;
    session.stops_on_failure = asked.abort != Abort::Never;
    let (keys, mut typed) = unbounded_channel();
    let (interrupt, kill) = (session.cancel.clone(), CancellationToken::new());
    let user = User { interrupt, kill: kill.clone(), keys };
    let foreground = Foreground {
        session,
        kill,
        topology: &place.topology,
        choices: &choices,
        following: Following {
            services: Some(&services),
            index: None,
            choice: LogChoice { follow: true, ..LogChoice::default() },
            prefixes: Prefixes::Names,
            fixed_names: fixed_names(Some(&place.topology)),
        },
        abort: asked.abort,
        exit_code_from: asked.exit_code_from,
    };
    let keys = futures_util::stream::poll_fn(move |context| typed.poll_recv(context));
    let background = Background {
        watcher: Err("no service has rules".to_owned()),
        is_watching: false,
        keys: Some(keys.boxed_local()),
    };
    let (code, ()) = tokio::join!(code(place, foreground.run(&plan, background)), acts(user));
    code
}

/// Does nothing, and keeps the terminal open.
async fn waits(user: User) {
    std::mem::forget(user);
}

#[test]
fn a_container_that_exits_stops_everything_and_its_output_is_shown_completely() {
    in_simulated_time(async {
        let script = "
            container shop-db-1 prints@0ms:ready
            container shop-web-1 prints@10ms:begin prints@1s:\"3 tests failed\" exits@1s:3";
        for abort in [Abort::OnExit, Abort::OnFailure] {
            let place = Place::new(WEB_AND_DB, script);
            let code = up(&place, UpOptions { abort, exit_code_from: None }, waits).await;
            assert_eq!(code, 3);
            let (out, err) = (place.said.out(), place.said.err());
            assert!(out.contains("web-1  | 3 tests failed\n") && out.contains("db-1   | ready\n"), "{out}");
            let stopping = err.find("stopping: shop-web-1 exited with code 3").expect("why it stops");
            assert!(err.find("web-1 exited with code 3").is_some_and(|end| end < stopping), "{err}");
            let done = place.engine.take_done();
            assert_eq!(done, ["start shop-db-1", "start shop-web-1", "stop shop-db-1"], "{err}");
        }
    });
}

#[test]
fn abort_on_failure_needs_a_failure_and_the_exit_code_comes_from_the_chosen_service() {
    in_simulated_time(async {
        let script = "
            container shop-db-1 exits@1s:0
            container shop-web-1 prints@10ms:begin exits@2s:5";
        let place = Place::new(WEB_AND_DB, script);
        assert_eq!(up(&place, UpOptions { abort: Abort::OnFailure, exit_code_from: None }, waits).await, 5);
        let place = Place::new(WEB_AND_DB, script);
        let from_db = UpOptions { abort: Abort::OnFailure, exit_code_from: Some("db".into()) };
        assert_eq!(up(&place, from_db, waits).await, 0);
        let place = Place::new(WEB_AND_DB, script);
        let any = UpOptions { abort: Abort::OnExit, exit_code_from: None };
        assert_eq!(up(&place, any, waits).await, 0, "db ended first");
        assert_eq!(place.engine.take_done().last().map(String::as_str), Some("stop shop-web-1"));
    });
}

#[test]
fn ctrl_c_stops_dependants_first_and_their_last_output_is_shown() {
    in_simulated_time(async {
        let place = Place::new(WEB_AND_DB, "container shop-web-1 prints@10ms:begin");
        let code = up(&place, DEFAULTS, async |user| {
            sleep(Duration::from_secs(1)).await;
            user.interrupt.cancel();
            waits(user).await;
        });
        assert_eq!(code.await, Exit::Interrupted.code());
        let done = place.engine.take_done();
        assert_eq!(done[2..], ["stop shop-web-1", "stop shop-db-1"]);
        let err = place.said.err();
        assert!(err.contains("stopping; press Ctrl-C again to kill"), "{err}");
        assert!(
            err.contains("web-1 exited with code 143") && err.contains("db-1 exited with code 143"),
            "{err}"
        );
    });
}

#[test]
fn another_ctrl_c_kills_what_is_being_stopped() {
    in_simulated_time(async {
        let script = "
            container shop-web-1 prints@10ms:begin calls-take:20s
            container shop-db-1 prints@10ms:begin";
        let place = Place::new(WEB_AND_DB, script);
        let code = up(&place, DEFAULTS, async |user| {
            sleep(Duration::from_secs(60)).await;
            user.interrupt.cancel();
            sleep(Duration::from_secs(1)).await;
            user.kill.cancel();
            waits(user).await;
        });
        assert_eq!(code.await, Exit::Interrupted.code());
        let done = place.engine.take_done();
        assert!(done.contains(&"kill shop-web-1".to_owned()), "{done:?}");
        assert!(done.contains(&"kill shop-db-1".to_owned()), "{done:?}");
    });
}

#[test]
fn ctrl_c_during_startup_stops_what_is_already_running() {
    in_simulated_time(async {
        let topology = WEB_AND_DB.replace("[db]", "{ db: { condition: service_healthy } }").replace(
            "db: { image: 'app:1' }",
            "db: { image: 'app:1', healthcheck: { test: [CMD, 'true'] } }",
        );
        let place = Place::new(&topology, "container shop-db-1 healthcheck healthy@100s prints@0ms:slow");
        let code = up(&place, DEFAULTS, async |user| {
            sleep(Duration::from_secs(5)).await;
            user.interrupt.cancel();
            waits(user).await;
        });
        assert_eq!(code.await, Exit::Interrupted.code());
        assert_eq!(place.engine.take_done(), ["start shop-db-1", "stop shop-db-1"]);
        assert!(place.said.out().contains("db-1   | slow"), "{}", place.said.out());
    });
}

#[test]
fn detaching_leaves_the_services_running() {
    in_simulated_time(async {
        let place = Place::new(WEB_AND_DB, "container shop-web-1 prints@10ms:begin");
        let code = up(&place, DEFAULTS, async |user| {
            sleep(Duration::from_secs(1)).await;
            user.keys.send(Typed::Key(Key::Watch)).expect("somebody listens");
            user.keys.send(Typed::Key(Key::Detach)).expect("somebody listens");
            waits(user).await;
        });
        assert_eq!(code.await, 0);
        assert_eq!(place.engine.take_done(), ["start shop-db-1", "start shop-web-1"]);
        let err = place.said.err();
        assert!(err.contains("watch: nothing can be watched: no service has rules"), "{err}");
        assert!(err.contains("detached: the services keep running"), "{err}");
    });
}

#[test]
fn output_of_a_broken_stream_is_shown_completely_and_once() {
    in_simulated_time(async {
        let web = "container shop-web-1 prints@0ms:one prints@1s:two prints@2s:three exits@3s:0";
        let script = format!("{web} output-breaks-after:1 output-refused:2\ncontainer shop-db-1 exits@1s:0");
        let place = Place::new(WEB_AND_DB, &script);
        assert_eq!(up(&place, DEFAULTS, waits).await, 0, "all ended");
        assert_eq!(place.said.out(), "web-1  | one\nweb-1  | two\nweb-1  | three\n");
    });
}

#[test]
fn lost_output_is_an_error_and_a_failure() {
    in_simulated_time(async {
        let web = "container shop-web-1 prints@0ms:one prints@1s:two exits@60s:0";
        let script = format!("{web} output-breaks-after:1 output-refused:99\ncontainer shop-db-1 exits@1s:0");
        let place = Place::new(WEB_AND_DB, &script);
        assert_eq!(up(&place, DEFAULTS, waits).await, Exit::Failed.code());
        let err = place.said.err();
        assert!(err.contains("the output of `shop-web-1` cannot be read"), "{err}");
    });
}

#[test]
fn a_failed_start_ends_up_and_stops_the_rest_only_with_abort_options() {
    in_simulated_time(async {
        let script = "container shop-web-1 refuses-start:broken";
        let place = Place::new(WEB_AND_DB, script);
        assert_eq!(up(&place, DEFAULTS, waits).await, Exit::Failed.code());
        assert_eq!(place.engine.take_done(), ["start shop-db-1"]);
        let place = Place::new(WEB_AND_DB, script);
        let asked = UpOptions { abort: Abort::OnExit, exit_code_from: None };
        assert_eq!(up(&place, asked, waits).await, Exit::Failed.code());
        assert_eq!(place.engine.take_done(), ["start shop-db-1", "stop shop-db-1"]);
    });
}
