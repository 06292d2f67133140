//! What stands behind one hop: what the redirect was built from, what the proxy said, who believes it, and what else the
//! redirect does.

use super::seen::SeenHop;
use crate::lanes::visible::visible;
use crate::lanes::{Author, ForwardedField, Lanes, Reading};
use crate::redirect::Hop;
use crate::tui::lane_text::{short_name, shown_value};
use crate::tui::text::{Runs, pad, run, wrap};
use crate::tui::theme::Tone;

/// What a line is about: in full, and short.
type Label = (&'static str, &'static str);

const BUILT: Label = ("Built from", "built");
const SENT: Label = ("Proxy sent", "sent");
const TRUST: Label = ("Trust", "trust");

/// The headers that a redirect could be built from.
const NAMES: [&str; 5] =
    ["x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix", "forwarded"];

/// Everything known of a hop, for a width in cells.
pub(super) fn behind(hop: &Hop, seen: &SeenHop, width: usize, wide: bool, reveal: bool) -> Vec<Runs> {
    let labels = Labels { width, wide };
    let Some((entry, lanes)) = &seen.known else {
        return labels.lines(BUILT, Tone::Dim, "this exchange was let go");
    };
    let mut lines = Vec::new();
    if hop.redirects {
        lines.extend(built(&labels, lanes, entry.exchange.app.as_deref().and_then(|half| half.request.get("host"))));
        let by_app = !matches!(lanes.answer.by, Author::Proxy(_) | Author::Hopscope | Author::Nobody);
        if by_app && entry.exchange.app.is_some() {
            lines.extend(sent(&labels, lanes, reveal));
            lines.extend(trust(&labels, lanes));
        }
    }
    for remark in &seen.remarks {
        let label = match remark.about {
            "method" => ("Method and body", "method"),
            "authorization" => ("Authorization", "auth"),
            "cookie" => ("Cookies", "cookie"),
            "cors" => ("CORS", "cors"),
            _ => ("Login", "login"),
        };
        let (tone, sign) =
            if remark.wrong { (Tone::Bad, format!("✗ {} ", remark.code)) } else { (Tone::Text, String::new()) };
        lines.extend(labels.lines(label, tone, &format!("{sign}{}", visible(&remark.said))));
    }
    lines
}

/// How labels and sentences share a line.
struct Labels {
    width: usize,
    wide: bool,
}

impl Labels {
    fn lines(&self, (full, short): Label, tone: Tone, text: &str) -> Vec<Runs> {
        let (label, cells) = if self.wide { (full, 16) } else { (short, 7) };
        let wrapped = wrap(text, self.width.saturating_sub(cells));
        let labels = std::iter::once(label).chain(std::iter::repeat(""));
        labels.zip(wrapped).map(|(label, line)| vec![run(Tone::Dim, pad(label, cells)), run(tone, line)]).collect()
    }
}

fn built(labels: &Labels, lanes: &Lanes, host: Option<&[u8]>) -> Vec<Runs> {
    let by = visible(lanes.answer.by.word().as_bytes());
    if matches!(lanes.answer.by, Author::Proxy(_) | Author::Hopscope) {
        return labels.lines(BUILT, Tone::Text, &format!("{by} wrote it itself; the app did not see the request"));
    }
    let Some(view) = &lanes.scope.view else {
        return labels.lines(BUILT, Tone::Dim, "not known: nothing was seen behind the proxy (tap --app)");
    };
    let host = host.map_or_else(|| "none".to_owned(), visible);
    let scope = &view.scope;
    let text =
        format!("scheme={}   Host: {host}   root_path={:?}   path={}", scope.scheme(), scope.root_path, scope.path);
    labels.lines(BUILT, Tone::Text, &visible(text.as_bytes()))
}

fn sent(labels: &Labels, lanes: &Lanes, reveal: bool) -> Vec<Runs> {
    let field = |name: &&str| lanes.forwarded.fields.iter().rev().find(|field| field.name.eq_ignore_ascii_case(name));
    let all: Vec<String> = NAMES.iter().filter_map(field).map(|field| one(field, reveal)).collect();
    let text = if all.is_empty() { "no forwarding header".to_owned() } else { all.join("   ") };
    labels.lines(SENT, Tone::Text, &text)
}

/// `X-F-Proto https ✓`, `X-F-Host h · never read`, `X-F-Prefix absent`
fn one(field: &ForwardedField, reveal: bool) -> String {
    let name = short_name(&visible(field.name.as_bytes()));
    let Some(value) = &field.value else { return format!("{name} absent") };
    let mark = match field.reading {
        Reading::Believed => " ✓",
        Reading::Ignored(_) => " ✗ ignored",
        Reading::NotRead => " · never read",
        Reading::Plain => "",
    };
    format!("{name} {}{mark}", shown_value(field.name.as_bytes(), value, reveal))
}

fn trust(labels: &Labels, lanes: &Lanes) -> Vec<Runs> {
    let Some(verdict) = &lanes.forwarded.trust else { return Vec::new() };
    let peer = lanes.forwarded.peer.map(|peer| format!("peer {peer}: ")).unwrap_or_default();
    let why = visible(verdict.why.as_bytes());
    let (tone, end) = if verdict.trusted { (Tone::Text, "") } else { (Tone::Bad, " → what it forwards is ignored") };
    let mut lines = labels.lines(TRUST, tone, &format!("{peer}{why}{end}"));
    if let Some(without) = lanes.forwarded.without_tap.as_ref().filter(|without| without.trusted != verdict.trusted) {
        let text = format!("! without the tap: {}", visible(without.why.as_bytes()));
        lines.extend(labels.lines(("", ""), Tone::Warn, &text));
    }
    lines
}
