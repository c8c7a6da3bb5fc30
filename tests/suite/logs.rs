//! What containers print, brought together.

use std::cell::RefCell;
use std::future::{Future, pending, ready};
use std::io::{self, Write};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::stream::{Stream, StreamExt, empty, once, unfold};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::{Instant, Sleep, sleep};
use topo::engine::{Engine, LogChoice, Progress};
use topo::plan::{Action, Because, Plan, Step};
use topo::report::logs::{
    Begin, Company, HeardOut, HookLines, InHand, Outlet, Prefixes, Printer, Source, Started, follow, show,
};
use topo::report::{Filtered, Look, Report};
use topo::run::{End, Event, Outcome};
use topo::topology::name::{ContainerName, ProjectName, ServiceName};

use crate::memory_engine::MemoryEngine;
use crate::runs::scenario::Scenario;

#[test]
fn what_was_printed_comes_in_the_order_of_time() {
    let engine = "
        container shop-db-1 runs-already prints@10ms:one prints@30ms:three
        container shop-api-1 runs-already prints@20ms:two prints@40ms:four";
    let text = run(engine, async |engine, stage| {
        sleep(Duration::from_millis(35)).await;
        let sources = [source("shop-db-1"), source("shop-api-1")];
        let failed = stage.print(async |printer| show(engine, &sources, 8, printer).await).await;
        assert!(failed.is_empty());
    });
    assert_eq!(text, "0.035  db-1   | one\n0.035  api-1  | two\n0.035  db-1   | three\n");
}

#[test]
fn times_are_shown_when_they_are_wanted() {
    let text = run("container shop-db-1 runs-already prints@10ms:one", async |engine, stage| {
        sleep(Duration::from_millis(20)).await;
        let mut source = source("shop-db-1");
        source.choice.timestamps = true;
        stage.print(async |printer| show(engine, &[source], 8, printer).await).await;
    });
    assert_eq!(text, "0.020  db-1  | 2026-01-01T00:00:00.010000000Z one\n");
}

#[test]
fn a_closed_pipe_ends_it() {
    let engine = "container shop-db-1 runs-already prints@10ms:one prints@20ms:two prints@30ms:three";
    let text = run(engine, async |engine, stage| {
        let (mut out, mut err) = (Failing(io::ErrorKind::BrokenPipe), stage.clone());
        let mut printer = Printer::new(&mut out, &mut err, Prefixes::Names, Look::BARE);
        let project = ProjectName::from("shop");
        let heard_out = HeardOut::default();
        let company = Company {
            project: &project,
            joins: &|_| None,
            heard_out: &heard_out,
            hook_lines: &HookLines::default(),
            in_hand: &InHand::default(),
            patience: Duration::ZERO,
        };
        follow(engine, vec![source("shop-db-1")], company, nobody(), empty(), &mut printer).await;
    });
    assert_eq!(text, "", "the container still runs, but nobody reads");
}

#[test]
fn lines_are_followed_until_all_ended() {
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
fn one_that_is_started_again_goes_on_without_a_line_lost_or_twice() {
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
fn what_topo_itself_takes_down_to_bring_it_back_reads_like_that() {
    let engine = "
        container shop-db-1 runs-already prints@0ms:begin exits@500ms:0
        container shop-api-1 runs-already prints@0ms:begin exits@100ms:3 restarts:1";
    let text = run(engine, async |engine, stage| {
        let plan = restart("shop-db-1");
        let in_hand = InHand::default();
        let restarting = async {
            sleep(Duration::from_millis(50)).await;
            for step in plan.steps.ids() {
                in_hand.note(&plan, &Event::StepStarted { step });
                perform(engine, plan.steps[step].action.clone()).await;
                sleep(Duration::from_millis(20)).await;
                in_hand.note(&plan, &Event::StepEnded { step, end: End::Done, took: Duration::ZERO });
            }
        };
        let (heard_out, project) = (HeardOut::default(), ProjectName::from("shop"));
        let company = Company {
            project: &project,
            joins: &|_| None,
            heard_out: &heard_out,
            hook_lines: &HookLines::default(),
            in_hand: &in_hand,
            patience: Duration::ZERO,
        };
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
fn a_reader_who_stops_reading_holds_up_nothing_but_the_output() {
    let engine = "
        container shop-db-1 runs-already prints@10ms:one prints@20ms:two exits@30ms:0
        container shop-api-1 is-there-already prints@5ms:late exits@50ms:0";
    let text = run(engine, async |engine, stage| {
        let mut out = Late { reads: Box::pin(sleep(Duration::from_secs(5))), stage: stage.clone() };
        let mut err = stage.clone();
        let mut printer = Printer::new(&mut out, &mut err, Prefixes::Names, Look::BARE);
        let project = ProjectName::from("shop");
        let (heard_out, in_hand) = (HeardOut::default(), InHand::default());
        let joins = |container: &ContainerName| Some(source(container.as_str()));
        let company = Company {
            project: &project,
            joins: &joins,
            heard_out: &heard_out,
            hook_lines: &HookLines::default(),
            in_hand: &in_hand,
            patience: Duration::ZERO,
        };
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
fn a_container_that_is_started_later_joins_if_it_is_wanted() {
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
fn what_was_there_is_heard_from_now_on_and_what_did_not_run_from_its_next_start() {
    let engine = "
        container shop-db-1 runs-already prints@0ms:before prints@60ms:after exits@90ms:0
        container shop-job-1 runs-already prints@5ms:line exits@10ms:0";
    let text = run(engine, async |engine, stage| {
        sleep(Duration::from_millis(50)).await;
        let starting = async { perform(engine, start("shop-job-1")).await };
        let heard_out = HeardOut::default();
        let project = ProjectName::from("shop");
        let company = Company {
            project: &project,
            joins: &|_| None,
            heard_out: &heard_out,
            hook_lines: &HookLines::default(),
            in_hand: &InHand::default(),
            patience: Duration::ZERO,
        };
        let from_now = |name| Source { begin: Begin::Now, ..source(name) };
        let sources = vec![from_now("shop-db-1"), from_now("shop-job-1")];
        stage
            .print(async |printer| follow(engine, sources, company, nobody(), until(starting), printer).await)
            .await;
        heard_out.all_of(&["shop-db-1".into(), "shop-job-1".into()]).await;
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
fn an_end_is_told_once_whatever_else_is_heard() {
    let engine = "container shop-db-1 runs-already prints@0ms:begin exits@30ms:1 restarts:1";
    let text = run(engine, async |engine, stage| {
        // Between its two lives it is told to stop, by two at once; later it is started again.
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
fn one_that_is_known_to_have_been_started_joins_without_an_event_and_once() {
    let engine = "
        container shop-job-1 is-there-already prints@0ms:line exits@2ms:0
        events refuse:3";
    let text = run(engine, async |engine, stage| {
        let (starts, started) = unbounded_channel();
        let starting = async {
            perform(engine, start("shop-job-1")).await;
            starts.send(source("shop-job-1")).expect("somebody listens");
            sleep(Duration::from_secs(1)).await;
        };
        let (heard_out, project) = (HeardOut::default(), ProjectName::from("shop"));
        let joins = |container: &ContainerName| Some(source(container.as_str()));
        let company = Company {
            project: &project,
            joins: &joins,
            heard_out: &heard_out,
            hook_lines: &HookLines::default(),
            in_hand: &InHand::default(),
            patience: Duration::ZERO,
        };
        stage
            .print(async |printer| follow(engine, vec![], company, started, until(starting), printer).await)
            .await;
    });
    assert_eq!(text, "0.010  job-1  | line\n0.013  job-1 exited with code 0\n");
}

#[test]
fn a_stream_of_events_that_breaks_loses_nobody() {
    let engine = "
        container shop-db-1 runs-already prints@0ms:begin exits@300ms:1 restarts:1
        events break@100ms
        events refuse:3";
    let text = run(engine, async |engine, stage| {
        follow_all(engine, &["shop-db-1"], ready(()), stage).await;
    });
    // It was started and ended again while nobody listened.
    let expected = "
0.000  db-1  | begin
0.800  db-1  | begin
0.801  db-1 exited with code 1
";
    assert_eq!(text, expected.trim_start());
}

#[test]
fn a_stream_that_breaks_is_asked_for_again_without_a_line_lost_or_twice() {
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
fn a_stream_that_cannot_be_had_again_is_an_error() {
    let engine = "container shop-db-1 runs-already prints@0ms:one output-breaks-after:1 output-refused:99";
    let text = run(engine, async |engine, stage| {
        let heard_out = follow_all(engine, &["shop-db-1"], ready(()), stage).await;
        assert!(heard_out.has_lost_some());
        heard_out.all_of(&["shop-db-1".into()]).await;
    });
    let expected = "
0.000  db-1  | one
6.301  error: the output of `shop-db-1` cannot be read: the connection to the engine broke: nobody answers
";
    assert_eq!(text, expected.trim_start());
}

#[test]
fn a_stream_that_ends_although_the_container_runs_is_asked_for_again() {
    let engine = "container shop-db-1 runs-already prints@0ms:one prints@4s:two exits@5s:0
                  output-pretends-end-after:1"
        .replace("\n                 ", "");
    let text = run(&engine, async |engine, stage| {
        follow_all(engine, &["shop-db-1"], ready(()), stage).await;
    });
    assert_eq!(text, "0.000  db-1  | one\n4.000  db-1  | two\n5.001  db-1 exited with code 0\n");
}

#[test]
fn what_was_printed_so_far_is_read_over_breaks() {
    let engine = "container shop-db-1 runs-already prints@0ms:one prints@0ms:two prints@1ms:three
                  output-breaks-after:2 output-refused:1"
        .replace("\n                 ", "");
    let text = run(&engine, async |engine, stage| {
        sleep(Duration::from_millis(50)).await;
        let sources = [source("shop-db-1")];
        let failed = stage.print(async |printer| show(engine, &sources, 8, printer).await).await;
        assert!(failed.is_empty());
    });
    assert_eq!(text, "0.150  db-1  | one\n0.150  db-1  | two\n0.150  db-1  | three\n");
}

#[test]
fn the_end_of_one_that_had_ended_before_is_no_news_and_that_of_its_next_run_is() {
    let engine = "container shop-db-1 runs-already prints@0ms:one exits@10ms:3";
    let text = run(engine, async |engine, stage| {
        sleep(Duration::from_millis(20)).await;
        let company = Company {
            project: &ProjectName::from("shop"),
            joins: &|_| None,
            heard_out: &HeardOut::default(),
            hook_lines: &HookLines::default(),
            in_hand: &InHand::default(),
            patience: Duration::from_secs(2),
        };
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
fn whether_it_stays_may_change_meanwhile() {
    let engine = "container shop-db-1 runs-already prints@0ms:one exits@10ms:0";
    let text = run(engine, async |engine, stage| {
        let company = Company {
            project: &ProjectName::from("shop"),
            joins: &|_| None,
            heard_out: &HeardOut::default(),
            hook_lines: &HookLines::default(),
            in_hand: &InHand::default(),
            patience: Duration::ZERO,
        };
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
fn what_hooks_print_is_output_of_their_service_while_that_is_shown() {
    let engine = "container shop-db-1 runs-already prints@0ms:one exits@50ms:0";
    let text = run(engine, async |engine, stage| {
        let plan = restart("shop-db-1");
        let hook_lines = HookLines::default();
        let shown = [ServiceName::from("db")];
        let mut report = Filtered::new(Box::new(Reporting(stage.clone())), |plan, event| {
            !hook_lines.capture(plan, event, &shown)
        });
        let says = |step: usize, line: &str| {
            let step = plan.steps.ids().nth(step).expect("a step");
            Event::StepProgress { step, progress: Progress::Output(line.to_owned()) }
        };
        report.event(&plan, &says(1, "too early"));
        let hooks = async {
            sleep(Duration::from_millis(20)).await;
            report.event(&plan, &says(1, "warmed up"));
            report.event(&plan, &says(0, "says goodbye"));
        };
        let company = Company {
            project: &ProjectName::from("shop"),
            joins: &|_| None,
            heard_out: &HeardOut::default(),
            hook_lines: &hook_lines,
            in_hand: &InHand::default(),
            patience: Duration::ZERO,
        };
        let sources = vec![source("shop-db-1")];
        stage
            .print(async |printer| follow(engine, sources, company, nobody(), until(hooks), printer).await)
            .await;
        report.event(&plan, &says(0, "too late"));
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

/// A report that writes what hooks print.
struct Reporting(Stage);

impl Report for Reporting {
    fn event(&mut self, _plan: &Plan, event: &Event) {
        if let Event::StepProgress { progress: Progress::Output(line), .. } = event {
            writeln!(self.0, "reported: {line}").expect("a string takes all");
        }
    }

    fn finish(&mut self, _plan: &Plan, _outcome: &Outcome) {}
}

#[test]
fn no_more_streams_are_open_at_once_than_may_be() {
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
        let failed = stage.print(async |printer| show(engine, &sources, 2, printer).await).await;
        assert!(failed.is_empty());
        assert!(engine.most_open() <= 2);
    });
    let labels: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    let each: Vec<String> = (1..=9).map(|number| format!("web-{number}")).collect();
    assert_eq!(labels, [each.clone(), each].concat(), "{text}");
}

#[test]
fn one_that_was_never_started_is_waited_for_and_one_that_comes_back_soon() {
    let engine = "container shop-db-1 is-there-already prints@0ms:one exits@10ms:0";
    let text = run(engine, async |engine, stage| {
        let starting = async {
            for pause in [5000, 1000, 3000] {
                sleep(Duration::from_millis(pause)).await;
                perform(engine, start("shop-db-1")).await;
            }
            pending().await
        };
        let project = ProjectName::from("shop");
        let (heard_out, in_hand) = (HeardOut::default(), InHand::default());
        let company = Company {
            project: &project,
            joins: &|_| None,
            heard_out: &heard_out,
            hook_lines: &HookLines::default(),
            in_hand: &in_hand,
            patience: Duration::from_secs(2),
        };
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

#[test]
fn a_disk_that_is_full_is_a_failure_and_a_reader_who_has_gone_is_not() {
    for (kind, failure) in [
        (io::ErrorKind::StorageFull, Some("standard output cannot be written: no storage space")),
        (io::ErrorKind::BrokenPipe, None),
    ] {
        run("container shop-db-1 runs-already prints@10ms:one prints@20ms:two", async |engine, stage| {
            let (mut out, mut err) = (Failing(kind), stage.clone());
            let mut printer = Printer::new(&mut out, &mut err, Prefixes::Names, Look::BARE);
            let project = ProjectName::from("shop");
            let heard_out = HeardOut::default();
            let company = Company {
                project: &project,
                joins: &|_| None,
                heard_out: &heard_out,
                hook_lines: &HookLines::default(),
                in_hand: &InHand::default(),
                patience: Duration::ZERO,
            };
            follow(engine, vec![source("shop-db-1")], company, nobody(), empty(), &mut printer).await;
            assert_eq!(heard_out.failure().as_deref(), failure);
        });
    }
}

async fn follow_all(
    engine: &MemoryEngine,
    names: &[&str],
    stay: impl Future<Output = ()>,
    stage: &Stage,
) -> HeardOut {
    let project = ProjectName::from("shop");
    let joins = |container: &ContainerName| {
        (container.as_str() != "shop-other-1").then(|| source(container.as_str()))
    };
    let heard_out = HeardOut::default();
    let company = Company {
        project: &project,
        joins: &joins,
        heard_out: &heard_out,
        hook_lines: &HookLines::default(),
        in_hand: &InHand::default(),
        patience: Duration::ZERO,
    };
    let sources = names.iter().map(|name| source(name)).collect();
    stage.print(async |printer| follow(engine, sources, company, nobody(), until(stay), printer).await).await;
    heard_out
}

/// Stays until something is done.
fn until(done: impl Future<Output = ()>) -> impl Stream<Item = bool> {
    once(done).map(|()| false)
}

/// Nobody is known to have been started.
fn nobody() -> Started {
    unbounded_channel().1
}

async fn perform(engine: &MemoryEngine, action: Action) {
    engine.perform(&action, &|_| {}).await.expect("the engine does it");
}

fn start(container: &str) -> Action {
    Action::StartContainer { container: container.into(), post_start: Vec::new() }
}

/// Stops a container and starts it.
fn restart(container: &str) -> Plan {
    let mut plan = Plan::new("shop".into());
    let stop = Action::StopContainer {
        container: container.into(),
        grace: None,
        pre_stop: Vec::new(),
        after_failed_hook: topo::plan::action::AfterFailedHook::GiveUp,
    };
    for action in [stop, start(container)] {
        plan.steps.push(Step::new(action, Because::Asked, Some("db".into())));
    }
    plan
}

fn source(container: &str) -> Source {
    let label = container.trim_start_matches("shop-").to_owned();
    Source {
        container: container.into(),
        label,
        choice: LogChoice::default(),
        begin: Begin::Past,
        has_ended: false,
    }
}

/// Runs a test in time that passes only when nothing else can happen; returns all lines, each with the
/// time at which it was written.
fn run(engine: &str, test: impl AsyncFnOnce(&MemoryEngine, &Stage)) -> String {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime can be built");
    runtime.block_on(async {
        let stage = Stage { begun: Instant::now(), text: Rc::default() };
        test(&MemoryEngine::new(Scenario::parse(engine).script), &stage).await;
        stage.text.take()
    })
}

/// Notes what is written, each line with its time.
#[derive(Clone)]
struct Stage {
    begun: Instant,
    text: Rc<RefCell<String>>,
}

impl Stage {
    async fn print<T>(&self, print: impl AsyncFnOnce(&mut Printer<'_>) -> T) -> T {
        let (mut out, mut err) = (self.clone(), self.clone());
        print(&mut Printer::new(&mut out, &mut err, Prefixes::Names, Look::BARE)).await
    }
}

impl Write for Stage {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut text = self.text.borrow_mut();
        for line in String::from_utf8_lossy(bytes).split_inclusive('\n') {
            if text.is_empty() || text.ends_with('\n') {
                text.push_str(&format!("{:.3}  ", self.begun.elapsed().as_secs_f64()));
            }
            text.push_str(line);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A reader who takes nothing for a while.
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
