//! Output that is followed across starts and exits.

use std::future::{pending, ready};
use std::io::Write;
use std::time::Duration;

use futures_util::stream::{empty, unfold};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::sleep;
use topo::engine::Progress;
use topo::plan::Action;
use topo::run::logs::{Begin, FollowContext, Source, follow};
use topo::run::{End, Event};
use topo::topology::name::{ContainerName, ServiceName};

use super::stage::{Around, follow_all, nobody, nobody_joins, perform, restart, run, source, start, until};

#[test]
fn lines_are_followed_until_all_containers_exit() {
    let engine = "
        container shop-db-1 runs-already prints@10ms:one prints@60ms:three exits@70ms:0
        container shop-api-1 runs-already prints@50ms:two exits@90ms:3";
    let text = run(engine, async |engine, stage| {
        sleep(Duration::from_millis(20)).await;
        follow_all(engine, &["shop-db-1", "shop-api-1"], ready(()), stage).await;
    });
    let expected = "
0.020  db-1   | one
0.050  api-1  | two
0.060  db-1   | three
0.071  db-1 exited with code 0
0.091  api-1 exited with code 3
";
    assert_eq!(text, expected.trim_start());
}

#[test]
fn a_restarted_container_continues_without_lost_or_repeated_lines() {
    let engine = "container shop-db-1 runs-already prints@0ms:begin prints@30ms:end exits@40ms:1 restarts:2";
    let text = run(engine, async |engine, stage| {
        follow_all(engine, &["shop-db-1"], ready(()), stage).await;
    });
    let expected = "
0.000  db-1  | begin
0.030  db-1  | end
0.140  db-1 exited with code 1 and was started again
0.140  db-1  | begin
0.170  db-1  | end
0.280  db-1 exited with code 1 and was started again
0.280  db-1  | begin
0.310  db-1  | end
0.321  db-1 exited with code 1
";
    assert_eq!(text, expected.trim_start());
}

#[test]
fn a_restart_by_topo_is_shown_as_a_restart() {
    let engine = "
        container shop-db-1 runs-already prints@0ms:begin exits@500ms:0
        container shop-api-1 runs-already prints@0ms:begin exits@100ms:3 restarts:1";
    let text = run(engine, async |engine, stage| {
        let around = Around::default();
        let plan = restart("shop-db-1");
        let restarting = async {
            sleep(Duration::from_millis(50)).await;
            for step in plan.steps.ids() {
                around.expected_exits.apply(&plan, &Event::StepStarted { step });
                perform(engine, plan.steps[step].action.clone()).await;
                sleep(Duration::from_millis(20)).await;
                around
                    .expected_exits
                    .apply(&plan, &Event::StepEnded { step, end: End::Done, took: Duration::ZERO });
            }
        };
        let company = around.company(&nobody_joins);
        let sources = vec![source("shop-db-1"), source("shop-api-1")];
        stage
            .print(async |printer| {
                follow(engine, sources, company, nobody(), until(restarting), printer).await
            })
            .await;
    });
    let told = |container: &str| -> Vec<&str> {
        let remark = |line: &'static str| line.split_once(container).map(|(_, words)| words);
        text.clone().leak().lines().filter_map(remark).filter(|words| !words.contains('|')).collect()
    };
    assert_eq!(told("db-1 "), ["was restarted", "exited with code 0"], "{text}");
    assert_eq!(told("api-1 "), ["exited with code 3 and was started again", "exited with code 3"], "{text}");
}

#[test]
fn a_container_started_later_joins_if_selected() {
    let engine = "
        container shop-db-1 runs-already prints@10ms:one exits@30ms:0
        container shop-api-1 is-there-already prints@5ms:late exits@50ms:0
        container shop-other-1 is-there-already prints@5ms:unwanted exits@50ms:0";
    let text = run(engine, async |engine, stage| {
        let starting = async {
            sleep(Duration::from_millis(100)).await;
            for container in ["shop-api-1", "shop-other-1"] {
                perform(engine, start(container)).await;
            }
        };
        follow_all(engine, &["shop-db-1"], starting, stage).await;
    });
    let expected = "
0.010  db-1  | one
0.031  db-1 exited with code 0
0.115  api-1  | late
0.161  api-1 exited with code 0
";
    assert_eq!(text, expected.trim_start());
}

#[test]
fn running_containers_are_followed_from_now_on_and_stopped_ones_from_their_next_start() {
    let engine = "
        container shop-db-1 runs-already prints@0ms:before prints@60ms:after exits@90ms:0
        container shop-job-1 runs-already prints@5ms:line exits@10ms:0";
    let text = run(engine, async |engine, stage| {
        let around = Around::default();
        sleep(Duration::from_millis(50)).await;
        let starting = async { perform(engine, start("shop-job-1")).await };
        let company = around.company(&nobody_joins);
        let from_now = |name| Source { begin: Begin::Now, ..source(name) };
        let sources = vec![from_now("shop-db-1"), from_now("shop-job-1")];
        stage
            .print(async |printer| follow(engine, sources, company, nobody(), until(starting), printer).await)
            .await;
        around.log_drain.all_of(&["shop-db-1".into(), "shop-job-1".into()]).await;
    });
    let expected = "
0.060  db-1   | after
0.066  job-1  | line
0.072  job-1 exited with code 0
0.091  db-1 exited with code 0
";
    assert_eq!(text, expected.trim_start());
}

#[test]
fn an_exit_is_reported_once_whatever_other_events_arrive() {
    let engine = "container shop-db-1 runs-already prints@0ms:begin exits@30ms:1 restarts:1";
    let text = run(engine, async |engine, stage| {
        // Between its two runs it is told to stop, by two commands at once; later it is restarted.
        let stopping = async {
            sleep(Duration::from_millis(50)).await;
            let kill = || Action::KillContainer { container: "shop-db-1".into(), signal: "KILL".to_owned() };
            tokio::join!(perform(engine, kill()), perform(engine, kill()));
            sleep(Duration::from_millis(100)).await;
            perform(engine, start("shop-db-1")).await;
            sleep(Duration::from_millis(10)).await;
        };
        follow_all(engine, &["shop-db-1"], stopping, stage).await;
    });
    assert_eq!(text.matches("exited with code 137").count(), 1, "{text}");
    assert!(text.contains("db-1 was started again"), "{text}");
}

#[test]
fn a_container_known_to_be_started_joins_once_without_an_event() {
    let engine = "
        container shop-job-1 is-there-already prints@0ms:line exits@2ms:0
        events refuse:3";
    let text = run(engine, async |engine, stage| {
        let around = Around::default();
        let (starts, started) = unbounded_channel();
        let starting = async {
            perform(engine, start("shop-job-1")).await;
            starts.send(source("shop-job-1")).expect("somebody listens");
            sleep(Duration::from_secs(1)).await;
        };
        let joins = |container: &ContainerName| Some(source(container.as_str()));
        let company = around.company(&joins);
        stage
            .print(async |printer| follow(engine, vec![], company, started, until(starting), printer).await)
            .await;
    });
    assert_eq!(text, "0.010  job-1  | line\n0.013  job-1 exited with code 0\n");
}

#[test]
fn an_exit_before_following_is_not_reported_but_that_of_the_next_run_is() {
    let engine = "container shop-db-1 runs-already prints@0ms:one exits@10ms:3";
    let text = run(engine, async |engine, stage| {
        let around = Around::default();
        sleep(Duration::from_millis(20)).await;
        let company = FollowContext { patience: Duration::from_secs(2), ..around.company(&nobody_joins) };
        let sources = vec![Source { has_ended: true, ..source("shop-db-1") }];
        let starting = async {
            sleep(Duration::from_secs(1)).await;
            perform(engine, start("shop-db-1")).await;
        };
        let following =
            stage.print(async |printer| follow(engine, sources, company, nobody(), empty(), printer).await);
        tokio::join!(following, starting);
    });
    let expected = "
0.020  db-1  | one
1.030  db-1 was started again
1.030  db-1  | one
1.041  db-1 exited with code 3
";
    assert_eq!(text, expected.trim_start());
}

#[test]
fn whether_following_continues_may_change_meanwhile() {
    let engine = "container shop-db-1 runs-already prints@0ms:one exits@10ms:0";
    let text = run(engine, async |engine, stage| {
        let around = Around::default();
        let company = around.company(&nobody_joins);
        let stay = unfold(0, async |said| {
            sleep(Duration::from_millis(5)).await;
            Some((said != 0 && said < 9, said + 1))
        });
        let sources = vec![source("shop-db-1")];
        stage.print(async |printer| follow(engine, sources, company, nobody(), stay, printer).await).await;
        writeln!(stage.clone(), "over").expect("a string takes all");
    });
    assert_eq!(text, "0.000  db-1  | one\n0.011  db-1 exited with code 0\n0.050  over\n");
}

#[test]
fn output_of_hooks_is_shown_with_that_of_their_service() {
    let engine = "container shop-db-1 runs-already prints@0ms:one exits@50ms:0";
    let text = run(engine, async |engine, stage| {
        let around = Around::default();
        let plan = restart("shop-db-1");
        let shown = [ServiceName::from("db")];
        let says = |step: usize, line: &str| {
            let step = plan.steps.ids().nth(step).expect("a step");
            let event = Event::StepProgress { step, progress: Progress::Output(line.to_owned()) };
            if !around.hook_lines.capture(&plan, &event, &shown) {
                writeln!(stage.clone(), "reported: {line}").expect("a string takes all");
            }
        };
        says(1, "too early");
        let hooks = async {
            sleep(Duration::from_millis(20)).await;
            says(1, "warmed up");
            says(0, "says goodbye");
        };
        let company = around.company(&nobody_joins);
        let sources = vec![source("shop-db-1")];
        stage
            .print(async |printer| follow(engine, sources, company, nobody(), until(hooks), printer).await)
            .await;
        says(0, "too late");
    });
    let expected = "
0.000  reported: too early
0.000  db-1  | one
0.020  db-1 ->  | warmed up
0.020  db-1 ->  | says goodbye
0.051  db-1 exited with code 0
0.051  reported: too late
";
    assert_eq!(text, expected.trim_start());
}

#[test]
fn containers_that_were_never_started_or_restart_soon_are_waited_for() {
    let engine = "container shop-db-1 is-there-already prints@0ms:one exits@10ms:0";
    let text = run(engine, async |engine, stage| {
        let around = Around::default();
        let starting = async {
            for pause in [5000, 1000, 3000] {
                sleep(Duration::from_millis(pause)).await;
                perform(engine, start("shop-db-1")).await;
            }
            pending().await
        };
        let company = FollowContext { patience: Duration::from_secs(2), ..around.company(&nobody_joins) };
        let sources = vec![source("shop-db-1")];
        let following = async {
            stage
                .print(async |printer| follow(engine, sources, company, nobody(), empty(), printer).await)
                .await;
            writeln!(stage.clone(), "over").expect("a string takes all");
        };
        tokio::select! { () = following => {}, () = starting => {} }
    });
    let expected = "
5.010  db-1  | one
5.021  db-1 exited with code 0
6.020  db-1 was started again
6.020  db-1  | one
6.031  db-1 exited with code 0
8.031  over
";
    assert_eq!(text, expected.trim_start());
}
