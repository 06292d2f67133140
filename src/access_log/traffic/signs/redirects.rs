//! Redirects, and what their clients did next.
//!
//! This file exists because a redirect is wrong only by what follows: the same path again and again is a loop, the same path
//! with a slash a request too many on each call, a POST that comes back as GET a lost body.

use super::{AtHand, Few, Sign, Spread, Visitor};
use crate::access_log::traffic::table::{Table, kept};
use crate::access_log::traffic::{Classes, Keys, Line};

/// What comes later is no answer to a redirect, milliseconds.
const SOON: i64 = 2000;

/// How many lines of a client may lie between a redirect and what follows it.
const BETWEEN: u8 = 8;

/// Redirects of one path (301, 302, 303, 307, 308).
#[derive(Clone, Debug, Default)]
pub struct Redirect {
    /// The status of the last one.
    pub status: u16,
    /// Lines where an upstream gave the redirect.
    pub by_app: u64,
    /// How often the same client then asked for the same path with a slash at its end, or without it.
    pub slash: u64,
    /// How often it then asked for the same path, and was not redirected: http to https, or a cookie that was set.
    pub again: u64,
    /// Of these, how often the log says that it was http before and https then.
    pub secured: u64,
    /// How what followed ended, by class.
    pub after: Classes,
    /// How often what was asked with another method came back as GET.
    pub method_lost: u64,
    /// Lines in a circle: the same client at the same path, or at two in turn, three times or more, nothing else between and
    /// no more than two seconds from each to the next. Monitors, which never follow a redirect, are not counted.
    pub looped: u64,
    /// The longest circle, in lines, and how long that took, milliseconds.
    pub longest: (u32, i64),
    /// Lines in a circle whose target was longer than the last one of the same path.
    pub growing: u64,
    /// Where it led, if the log says: the first `Location`.
    pub location: Option<Box<[u8]>>,
    /// The host that was asked for then.
    pub host: Option<Box<[u8]>>,
    /// The scheme that was asked for then.
    pub scheme: Option<Box<[u8]>>,
    /// How many clients, about.
    pub clients: Spread,
    /// Some lines: redirects, and what followed them.
    pub lines: Few,
}

/// The last redirect of a client.
#[derive(Clone, Debug, Default)]
pub(in crate::access_log::traffic) struct Hop {
    /// The paths of the last two, by hash.
    from: u64,
    before: u64,
    /// The last path with its slash put on or taken off.
    slash: u64,
    /// Its place in the table of redirects.
    place: usize,
    at: i64,
    /// How many in a circle, and since when.
    run: u32,
    since: i64,
    /// How long its last target was, and that of the other path in its circle; whether this one is longer than the last of
    /// its own path.
    target: usize,
    other_target: usize,
    grows: bool,
    had_body: bool,
    plain: bool,
}

const fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// Takes in a line of a client that is redirected, or was.
pub(in crate::access_log::traffic) fn hop(
    table: &mut Table<Redirect>,
    (visitor, at_hand): (&mut Visitor, &mut AtHand),
    line: &Line<'_>,
    keys: &Keys,
) {
    let redirected = is_redirect(line.record.status);
    if !redirected && !at_hand.is_redirected() {
        return;
    }
    let watched = !visitor.is_monitor();
    let hop = visitor.hop.get_or_insert_default();
    let now = line.hit.time().unwrap_or(0);
    let soon = at_hand.pending > 0 && now.saturating_sub(hop.at) <= SOON;
    at_hand.pending = at_hand.pending.saturating_sub(1);
    if soon && hop.is_followed_by(line, redirected) {
        hop.follow(table, line);
        at_hand.pending = 0;
    }
    if redirected {
        at_hand.pending = BETWEEN;
        hop.turn(line, now, soon && watched, keys);
        hop.enter(table, line);
    } else {
        hop.run = 0;
    }
}

impl Hop {
    fn is_followed_by(&self, line: &Line<'_>, redirected: bool) -> bool {
        line.path_hash == self.slash || line.path_hash == self.from && !redirected
    }

    fn follow(&self, table: &mut Table<Redirect>, line: &Line<'_>) {
        if !table.is(self.place, self.from) {
            return;
        }
        let (Some(redirect), record) = (table.facts_mut(self.place), line.record) else { return };
        if line.path_hash == self.slash {
            redirect.slash += 1;
        } else {
            redirect.again += 1;
            redirect.secured += u64::from(self.plain && record.scheme == Some(b"https"));
        }
        if let Some(class) = redirect.after.get_mut(line.hit.class) {
            *class += 1;
        }
        redirect.method_lost += u64::from(self.had_body && record.request.method == b"GET");
        redirect.lines.add_line(line.raw);
    }

    /// Goes on from the redirect before to this one.
    fn turn(&mut self, line: &Line<'_>, now: i64, soon: bool, keys: &Keys) {
        let circle = soon && self.run > 0 && (line.path_hash == self.from || line.path_hash == self.before);
        (self.run, self.since) = if circle { (self.run + 1, self.since) } else { (1, now) };
        let target = line.record.request.target.len();
        if line.path_hash == self.from {
            self.grows = self.target < target;
        } else {
            self.grows = self.other_target < target;
            self.other_target = self.target;
            (self.before, self.from) = (self.from, line.path_hash);
            self.slash = keys.of_other_slash(line.path);
        }
        self.target = target;
        let method = line.record.request.method;
        self.had_body = !matches!(method, b"GET" | b"HEAD" | b"OPTIONS");
        self.plain = line.record.scheme == Some(b"http");
        self.at = now;
    }

    fn enter(&mut self, table: &mut Table<Redirect>, line: &Line<'_>) {
        let record = line.record;
        let (place, _) = table.enter(line.path_hash, || (kept(line.path), Redirect::default(), ()));
        self.place = place;
        table.count(place, &line.hit);
        let Some(redirect) = table.facts_mut(place) else { return };
        redirect.status = record.status;
        redirect.by_app += u64::from(record.upstream.status.is_some());
        redirect.clients.add(line.client_mark);
        if redirect.location.is_none() {
            redirect.location = record.location.map(kept);
            (redirect.host, redirect.scheme) = (record.host.map(kept), record.scheme.map(kept));
        }
        if self.run >= 3 {
            redirect.looped += if self.run == 3 { 3 } else { 1 };
            redirect.growing += u64::from(self.grows);
            if self.run > redirect.longest.0 {
                redirect.longest = (self.run, self.at - self.since);
            }
        }
        // Room is left for what follows.
        if redirect.lines.iter().count() < 2 || self.run >= 3 {
            redirect.lines.add_line(line.raw);
        }
    }
}

impl Sign<'_, Redirect> {
    /// How many of its redirects were followed by the same path with the other slash, in percent.
    pub fn slash_percent(&self) -> u64 {
        self.facts.slash * 100 / self.count.max(1)
    }
}
