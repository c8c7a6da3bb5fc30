//! The proxy does what the tests expect of it.

use super::*;

/// Responds to every request with three lines in chunks, and records it.
fn engine(directory: &Path) -> PathBuf {
    let socket = directory.join("real.sock");
    let listener = UnixListener::bind(&socket).expect("a socket");
    thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.expect("a connection");
            if Head::read(&mut BufReader::new(&client)).is_ok_and(|head| head.is_some()) {
                let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                              4\r\none\n\r\n6\r\ntwo\nth\r\n4\r\nree\n\r\n0\r\n\r\n";
                let _ = (&client).write_all(answer.as_bytes());
            }
        }
    });
    socket
}

fn ask(proxy: &Proxy, path: &str) -> String {
    let Ok(mut stream) = UnixStream::connect(proxy.socket()) else { return "nobody listens".to_owned() };
    stream.set_read_timeout(Some(Duration::from_millis(200))).expect("a limit");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: d\r\n\r\n").expect("a request");
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let text = String::from_utf8(answer).expect("text");
    if read.is_ok() { text } else { text + "(more may come)" }
}

fn body(answer: &str) -> String {
    answer.split_once("\r\n\r\n").map_or(answer, |(_, body)| body).replace("\r\n", "|")
}

#[test]
fn each_trouble_does_what_it_says() {
    let directory = tempfile::tempdir().expect("a directory");
    let proxy = Proxy::before(&engine(directory.path()));
    let whole = "4|one\n|6|two\nth|4|ree\n|0||";
    assert_eq!(body(&ask(&proxy, "/v1.51/_ping")), whole);
    for (trouble, seen) in [
        (Trouble::Cut { after: 6 }, "4|one\n|2|tw|"),
        (Trouble::Stall { after: 4 }, "4|one\n|(more may come)"),
        (Trouble::Hang, "(more may come)"),
        (Trouble::Delay(Duration::from_millis(1)), whole),
        (Trouble::CutAfter(Duration::from_secs(1)), whole),
        (Trouble::Mute, "(more may come)"),
        (Trouble::LoseRequest, ""),
        (Trouble::LoseAnswer, ""),
        (Trouble::Answer { status: 500, body: "no".to_owned() }, "no"),
        (Trouble::DropLines("w".to_owned()), "4|one\n|6|three\n|0||"),
    ] {
        let said = format!("{trouble:?}");
        proxy.rule("GET /events*", trouble).times(1);
        assert_eq!(body(&ask(&proxy, "/v1.51/events?since=1")), seen, "{said}");
        assert_eq!(body(&ask(&proxy, "/events")), whole, "{said} is used up");
    }
    assert_eq!(proxy.requests("GET /events?*").len(), 10);
}

#[test]
fn it_goes_away_and_comes_back() {
    let directory = tempfile::tempdir().expect("a directory");
    let proxy = Proxy::before(&engine(directory.path()));
    let hang = proxy.rule("*", Trouble::Hang);
    let mut held = UnixStream::connect(proxy.socket()).expect("a connection");
    write!(held, "GET /x HTTP/1.1\r\n\r\n").expect("a request");
    crate::harness::eventually("the request", || proxy.requests("GET /x").len() == 1);
    proxy.go_away();
    assert_eq!(held.read_to_end(&mut Vec::new()).ok(), Some(0), "it broke");
    assert_eq!(ask(&proxy, "/x"), "nobody listens");
    proxy.come_back();
    let answer = thread::scope(|scope| {
        let asked = scope.spawn(|| ask(&proxy, "/y"));
        crate::harness::eventually("the request", || proxy.requests("GET /y").len() == 1);
        hang.lift();
        asked.join().expect("an answer")
    });
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "one that was held up goes on: {answer}");
}

#[test]
fn an_asterisk_matches_anything() {
    assert!(matches("GET /containers/*/logs*", "GET /containers/web-1/logs?follow=1"));
    assert!(matches("*", "") && matches("a*", "a") && !matches("a*b", "abc"));
    assert!(!matches("GET /containers/*/logs", "GET /containers/web-1/json"));
    assert!(matches("!GET *", "POST /x") && !matches("!GET *", "GET /x"));
}

#[test]
fn requests_pass_before_a_rule_holds() {
    let directory = tempfile::tempdir().expect("a directory");
    let proxy = Proxy::before(&engine(directory.path()));
    proxy.rule("GET /y", Trouble::LoseRequest).after(1).times(1);
    for is_lost in [false, true, false] {
        assert_eq!(ask(&proxy, "/y").is_empty(), is_lost);
    }
}

#[test]
fn an_engine_is_stopped_and_started_at_a_request() {
    let directory = tempfile::tempdir().expect("a directory");
    let proxy = Proxy::before(&engine(directory.path()));
    proxy.rule("GET /y", Trouble::Restart(Duration::from_millis(100))).times(1);
    assert_eq!(ask(&proxy, "/y"), "");
    crate::harness::eventually("an answer", || ask(&proxy, "/y").starts_with("HTTP/1.1 200 OK"));
}
