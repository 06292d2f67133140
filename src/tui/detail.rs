//! The detail view as lines of text: heads and bodies in both directions, as the client and as the app's server saw them.

use std::fmt::Write as _;

use serde_json::Value;

use super::events;
use super::finding_text::whole;
use super::lane_text::{shown_value, tap_name};
use super::row::{elapsed, shown_target, status_tone};
use super::text::{Runs, cut_end, pad, run, wrap};
use super::theme::Tone;
use crate::exchange::{Answered, Body, Cut, Ending, Fields, Flow, Frame, Framing, Half, Phase, Tunnel};
use crate::lanes::Setup;
use crate::lanes::secrets::{HIDDEN, is_secret_name, redact_query};
use crate::lanes::visible::visible;
use crate::store::Entry;

/// Lines of one body at most; what is beyond is named, not shown.
const MOST_LINES: usize = 5000;

/// The detail view of an exchange for a width in cells: its heads and bodies, then what was concluded, whole.
pub(super) fn lines(entry: &Entry, setup: &Setup, width: usize, reveal: bool) -> Vec<Runs> {
    let exchange = &entry.exchange;
    let page = Page { width: width.max(20), reveal };
    let mut lines = Vec::new();
    for (who, half) in [("CLIENT SIDE", &exchange.edge), ("APP SIDE", &exchange.app)] {
        let Some(half) = half.as_deref() else { continue };
        let tap = tap_name(setup, half.tap);
        let onward = half.upstream.map_or_else(String::new, |(to, from)| format!(", sent on from {from} to {to}"));
        page.heading(&mut lines, &format!("{who}  at {tap}, from {}{onward}", half.peer));
        page.half(&mut lines, half);
    }
    for finding in entry.findings.iter() {
        page.heading(&mut lines, &format!("{} {}", finding.code, finding.title));
        lines.extend(whole(finding, page.width, false));
    }
    lines
}

struct Page {
    width: usize,
    reveal: bool,
}

impl Page {
    fn heading(&self, lines: &mut Vec<Runs>, text: &str) {
        if !lines.is_empty() {
            lines.push(Vec::new());
        }
        let text = cut_end(text, self.width);
        let rule = "─".repeat(self.width.saturating_sub(text.chars().count() + 1));
        lines.push(vec![run(Tone::Title, text), run(Tone::Border, format!(" {rule}"))]);
    }

    fn half(&self, lines: &mut Vec<Runs>, half: &Half) {
        let request = &half.request;
        lines.push(vec![
            run(Tone::Title, format!("{} ", visible(request.method()))),
            run(Tone::Text, shown_target(request.target(), None, self.reveal)),
            run(Tone::Dim, format!(" {}", request.version())),
        ]);
        self.fields(lines, request.fields());
        self.body(lines, &half.request_body, kind_of(&request.fields()));
        for interim in &half.interim {
            lines.push(Vec::new());
            lines.push(vec![run(Tone::Focus, format!("{} {}", interim.status(), visible(interim.reason())))]);
            self.fields(lines, interim.fields());
        }
        lines.push(Vec::new());
        match &half.response {
            Some(response) => {
                let by = if half.answered == Answered::Hopscope { "  written by hopscope" } else { "" };
                lines.push(vec![
                    run(Tone::Dim, format!("{} ", response.version())),
                    run(status_tone(Some(response.status())), response.status().to_string()),
                    run(Tone::Text, format!(" {}", visible(response.reason()))),
                    run(Tone::Warn, by),
                    run(Tone::Dim, answered_after(half)),
                ]);
                self.fields(lines, response.fields());
                self.body(lines, &half.response_body, kind_of(&response.fields()));
            }
            None => lines.push(vec![run(Tone::Warn, "no response")]),
        }
        lines.extend(ending(&half.ending).map(|(tone, text)| vec![run(tone, text)]));
        if let Some(tunnel) = &half.tunnel {
            self.tunnel(lines, tunnel, may_be_compressed(half));
        }
    }

    fn fields(&self, lines: &mut Vec<Runs>, fields: Fields<'_>) {
        for field in fields {
            let name = visible(field.name);
            let value = shown_value(field.name, field.value, self.reveal);
            let indent = name.chars().count().min(self.width / 2) + 2;
            for (index, line) in wrap(&value, self.width - indent).into_iter().enumerate() {
                let label = if index == 0 { format!("{name}: ") } else { " ".repeat(indent) };
                lines.push(vec![run(Tone::Dim, label), run(Tone::Text, line)]);
            }
        }
    }

    fn body(&self, lines: &mut Vec<Runs>, body: &Body, kind: Kind<'_>) {
        if body.total == 0 && body.kept.is_empty() {
            return;
        }
        lines.push(Vec::new());
        lines.push(vec![run(Tone::Dim, about(body, kind))]);
        let text = self.body_text(body, kind);
        let mut wrapped = text.iter().flat_map(|line| wrap(line, self.width));
        lines.extend(wrapped.by_ref().take(MOST_LINES).map(|line| vec![run(Tone::Text, line)]));
        if wrapped.next().is_some() {
            lines.push(vec![run(Tone::Warn, format!("… more than {MOST_LINES} lines, not shown"))]);
        }
        if let Some(cut) = cut_mark(body) {
            lines.push(vec![run(Tone::Warn, cut)]);
        }
        for line in body.trailers.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()) {
            lines.push(vec![run(Tone::Dim, "trailer "), run(Tone::Text, visible(line))]);
        }
    }

    fn body_text(&self, body: &Body, kind: Kind<'_>) -> Vec<String> {
        if kind.encoded.is_some() {
            return hex(&body.kept);
        }
        let Some(text) = text_of(body) else { return hex(&body.kept) };
        if let Ok(mut value) = serde_json::from_str::<Value>(text)
            && (value.is_object() || value.is_array())
        {
            if !self.reveal {
                hide_secrets(&mut value);
            }
            let pretty = serde_json::to_string_pretty(&value).unwrap_or_default();
            return pretty.lines().map(|line| visible(line.as_bytes())).collect();
        }
        if kind.media.starts_with(b"text/event-stream") {
            return events::lines(text).iter().map(|line| visible(line.replace('\t', "    ").as_bytes())).collect();
        }
        if kind.is_form() && !self.reveal {
            return vec![visible(&redact_query(text.as_bytes()))];
        }
        text.lines().map(|line| visible(line.replace('\t', "    ").as_bytes())).collect()
    }

    fn tunnel(&self, lines: &mut Vec<Runs>, tunnel: &Tunnel, compressed: bool) {
        lines.push(Vec::new());
        let flow = |flow: Flow| format!("messages {}, frames {}, {}", flow.messages, flow.frames, size(flow.bytes));
        lines.push(vec![
            run(Tone::Title, "frames  "),
            run(Tone::Text, format!("↑ {}   ↓ {}", flow(tunnel.up), flow(tunnel.down))),
        ]);
        if tunnel.not_frames {
            lines.push(vec![run(Tone::Warn, "these bytes are no websocket frames: only counted")]);
        }
        if tunnel.forgotten > 0 {
            lines.push(vec![run(Tone::Dim, format!("{} older frames were let go", tunnel.forgotten))]);
        }
        lines.extend(tunnel.recent.iter().map(|frame| self.frame(frame, compressed)));
    }

    fn frame(&self, frame: &Frame, compressed: bool) -> Runs {
        let (arrow, tone) = if frame.from_client { ("↑", Tone::Added) } else { ("↓", Tone::Focus) };
        let kind = match frame.opcode {
            0 => "more",
            1 => "text",
            2 => "binary",
            8 => "close",
            9 => "ping",
            10 => "pong",
            _ => "?",
        };
        let cut = frame.length > frame.preview.len() as u64;
        let mark = if cut { "…" } else { "" };
        let head = format!("{:>10} ", elapsed(frame.at));
        let fin = if frame.fin { " " } else { "+" };
        let about = format!(" {}{fin} {:>9}  ", pad(kind, 6), size(frame.length));
        let room = self.width.saturating_sub(head.len() + about.len() + 2);
        let preview = if compressed && frame.opcode < 8 && !is_printable(&frame.preview) {
            run(Tone::Dim, cut_end("(compressed)", room))
        } else {
            run(Tone::Text, cut_end(&format!("{}{mark}", visible(&frame.preview)), room))
        };
        vec![run(Tone::Dim, head), run(tone, arrow), run(Tone::Dim, about), preview]
    }
}

/// True if both ends agreed to compress messages (RFC 7692); each message may still be sent as it is.
fn may_be_compressed(half: &Half) -> bool {
    let agreed = half.response.as_ref().and_then(|head| head.get("sec-websocket-extensions"));
    agreed.is_some_and(|value| value.starts_with(b"permessage-deflate"))
}

fn is_printable(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(|c| !c.is_control() || c.is_whitespace()))
}

/// What the head says of its body.
#[derive(Clone, Copy)]
struct Kind<'a> {
    media: &'a [u8],
    encoded: Option<&'a [u8]>,
}

impl Kind<'_> {
    fn is_form(self) -> bool {
        self.media.starts_with(b"application/x-www-form-urlencoded")
    }
}

fn kind_of<'a>(fields: &Fields<'a>) -> Kind<'a> {
    let encoded = fields.get("content-encoding").filter(|value| !value.eq_ignore_ascii_case(b"identity"));
    Kind { media: fields.get("content-type").unwrap_or_default(), encoded }
}

/// `body  application/json, 22 B, Content-Length`
fn about(body: &Body, kind: Kind<'_>) -> String {
    let mut text = "body  ".to_owned();
    if !kind.media.is_empty() {
        let _ = write!(text, "{}, ", visible(kind.media));
    }
    let _ = write!(text, "{}", size(body.total));
    text += match body.framing {
        Framing::None | Framing::Length(_) => "",
        Framing::Chunked => ", chunked",
        Framing::UntilClose => ", until the connection closed",
    };
    if let Some(encoding) = kind.encoded {
        let _ = write!(text, ", {}: shown as it passed, not decoded", visible(encoding));
    }
    text
}

fn cut_mark(body: &Body) -> Option<String> {
    let why = match body.cut {
        Cut::No => return None,
        Cut::AtCap => "",
        Cut::Behind => ", because the recorder was behind",
    };
    Some(format!("… cut at {} of {}{why}", size(body.kept.len() as u64), size(body.total)))
}

/// The kept bytes as text, if they are text. A character that the cap cut in two does not count against it.
fn text_of(body: &Body) -> Option<&str> {
    let text = match std::str::from_utf8(&body.kept) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() && body.cut != Cut::No => {
            std::str::from_utf8(body.kept.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    (!text.contains('\0')).then_some(text)
}

/// `00000010  7b 22 61 22 …  {"a"…`
fn hex(bytes: &[u8]) -> Vec<String> {
    let line = |(index, chunk): (usize, &[u8])| {
        let mut line = format!("{:08x}  ", index * 16);
        for at in 0..16 {
            match chunk.get(at) {
                Some(byte) => {
                    let _ = write!(line, "{byte:02x} ");
                }
                None => line.push_str("   "),
            }
        }
        line.push(' ');
        line.extend(chunk.iter().map(|byte| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' }));
        line
    };
    bytes.chunks(16).take(MOST_LINES + 1).enumerate().map(line).collect()
}

/// Hides the values of telling names, at any depth.
pub(super) fn hide_secrets(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if is_secret_name(name.as_bytes()) && !member.is_null() {
                    *member = Value::String(HIDDEN.to_owned());
                } else {
                    hide_secrets(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide_secrets),
        _ => {}
    }
}

fn answered_after(half: &Half) -> String {
    half.times.answered.map_or_else(String::new, |micros| format!("  after {}", elapsed(micros)))
}

fn ending(ending: &Ending) -> Option<(Tone, String)> {
    let while_ = |phase: Phase| match phase {
        Phase::Request => "while the request was read",
        Phase::Connect => "while connecting",
        Phase::Wait => "while waiting for the response",
        Phase::Response => "during the response",
        Phase::Tunnel => "after the upgrade",
    };
    let text = |text: &str| visible(text.as_bytes());
    Some(match ending {
        Ending::Complete => return None,
        Ending::Open => (Tone::Dim, "● still open".to_owned()),
        Ending::ClientGone(phase) => (Tone::Warn, format!("✗ the client hung up {}", while_(*phase))),
        Ending::UpstreamGone(phase, why) => {
            (Tone::Bad, format!("✗ the upstream failed {}: {}", while_(*phase), text(why)))
        }
        Ending::NoUpstream(why) => (Tone::Bad, format!("✗ the upstream could not be reached: {}", text(why))),
        Ending::TimedOut(phase) => (Tone::Bad, format!("✗ silent for too long {}", while_(*phase))),
        Ending::Refused(why) => (Tone::Warn, format!("✗ refused here: {}", text(why))),
        Ending::NoRoute => (Tone::Warn, "✗ no route of the stand-in matches".to_owned()),
        Ending::Stopped => (Tone::Dim, "hopscope stopped while it ran".to_owned()),
    })
}

/// `22 B`, `64.0 KiB`, `1.2 MiB`
pub(super) fn size(bytes: u64) -> String {
    const KIB: u64 = 1024;
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        0..KIB => format!("{bytes} B"),
        KIB..1_048_576 => format!("{} KiB", tenths(KIB)),
        1_048_576..1_073_741_824 => format!("{} MiB", tenths(KIB * KIB)),
        _ => format!("{} GiB", tenths(KIB * KIB * KIB)),
    }
}
