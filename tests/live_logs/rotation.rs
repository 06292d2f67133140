//! nginx goes on logging while its log is rotated: every request is told of once.

use std::fs;

use super::logs::Following;
use super::site::Site;
use super::support::http::Client;
use super::support::peers::needs;
use super::support::place::wait_for;

/// A format that nobody else has, in a file of its own.
const OWN: &str = "\
log_format own '$msec|$remote_addr|\"$request\"|$status|'
               '$body_bytes_sent|$request_time|${host}';
access_log access.log own;
";

/// The same as JSON, a part of it behind another name.
const OWN_JSON: &str = "\
log_format own escape=json '{\"at\":\"$time_iso8601\",\"who\":\"$remote_addr\",\"asked\":\"$request\",'
                           '\"status\":$status,\"sent\":$body_bytes_sent,\"agent\":\"$http_user_agent\"}';
access_log access.log own;
";

/// Rotations of one test.
const ROTATIONS: usize = 3;

/// Requests before each step.
const REQUESTS: usize = 40;

/// Sends numbered requests.
struct Numbered {
    client: Client,
    sent: Vec<String>,
}

impl Numbered {
    fn send(&mut self, count: usize) {
        for _ in 0..count {
            let path = format!("/n/{}", self.sent.len());
            let answer = self.client.ask(format!("GET {path} HTTP/1.1\r\nHost: shop.test\r\n\r\n"));
            assert_eq!(answer.status(), 200);
            self.sent.push(path);
        }
    }
}

/// Plays `rotate` between requests, and holds what was told against what was sent.
fn every_request_once(logging: &str, rotate: impl Fn(&Site, &mut Numbered)) {
    needs!("nginx");
    let site = Site::start(logging, "location / { return 200 fine; }");
    let conf = site.path("nginx.conf").display().to_string();
    let mut following = Following::start(&["--nginx-conf", &conf]);
    let mut numbered = Numbered { client: Client::to(site.address), sent: Vec::new() };
    numbered.send(REQUESTS);
    // What was rotated away before it began is not its.
    following.sees("/n/0");
    for _ in 0..ROTATIONS {
        rotate(&site, &mut numbered);
        numbered.send(REQUESTS);
    }
    following.sees(numbered.sent.last().expect("some were sent"));
    let code = following.interrupt().code();
    let mut seen = following.paths();
    let in_order = seen.clone();
    let number = |path: &String| path.rsplit('/').next().and_then(|number| number.parse::<usize>().ok());
    seen.sort_by_key(number);
    assert_eq!(seen, numbered.sent, "each once; as told: {in_order:?}\n{}", following.told());
    assert_eq!(code, Some(130), "{}", following.told());
}

/// `access.log.2` becomes `.3`, `.1` becomes `.2`.
fn shift(site: &Site) {
    for number in (1..ROTATIONS).rev() {
        let name = |number: usize| site.path(&format!("access.log.{number}"));
        if name(number).exists() {
            fs::rename(name(number), name(number + 1)).expect("a file of ours");
        }
    }
}

#[test]
fn renamed_while_nginx_writes_on_to_the_old_file() {
    every_request_once(OWN, |site, numbered| {
        shift(site);
        fs::rename(site.path("access.log"), site.path("access.log.1")).expect("nginx's log");
        numbered.send(REQUESTS);
        site.reopen();
        numbered.send(REQUESTS);
        wait_for("a new log", || site.path("access.log").exists().then_some(()));
    });
}

#[test]
fn copied_and_truncated() {
    every_request_once(OWN_JSON, |site, _| {
        // What is written between the copy and the cut is lost by logrotate itself.
        site.wait_for_lines("access.log", REQUESTS as u64);
        shift(site);
        fs::copy(site.path("access.log"), site.path("access.log.1")).expect("nginx's log");
        let log = fs::File::options().write(true).open(site.path("access.log")).expect("nginx's log");
        log.set_len(0).expect("a file of ours");
    });
}
