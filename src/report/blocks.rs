//! The four lanes and the response as blocks of labelled lines, for faces that show them one below the other.

use super::{Shown, Style, way, words};
use crate::asgi::framework::{AppView, RouteMatch};
use crate::asgi::{Address, Outcome, Scope};
use crate::exchange::ExchangeId;
use crate::lanes::visible::visible;
use crate::lanes::{Change, ForwardedField, Lanes, Reading, Rewrite, ScopeLane};

/// One lane.
#[derive(Debug)]
pub(super) struct Block {
    /// Its heading.
    pub(super) title: &'static str,
    /// How it is known.
    pub(super) source: &'static str,
    /// What it says.
    pub(super) rows: Vec<Row>,
}

/// One line of a lane.
#[derive(Debug)]
pub(super) struct Row {
    /// A sign for what is to be noticed; a blank for nothing.
    pub(super) mark: char,
    /// What it is.
    pub(super) label: String,
    /// Its value, visible and without credentials.
    pub(super) value: String,
}

/// The blocks of one exchange, in the order of the lanes, below the way through the proxy where that is known. What lies
/// behind a step that is not understood is not shown.
pub(super) fn blocks(shown: Shown<'_>, style: &Style) -> Vec<Block> {
    let lanes = shown.lanes;
    let original = Block {
        title: "1 Original URL",
        source: words::source(lanes.original.source, "given", style),
        rows: original(shown, style),
    };
    let answer = Block {
        title: "Response",
        source: if style.predicted { "derived" } else { "seen" },
        rows: response(shown, style),
    };
    let proxy = shown.way.map(|way| way::block(way, style));
    if shown.way.is_some_and(|way| way.to.is_none() && !way.unknown.is_empty()) {
        return proxy.into_iter().chain([original, answer]).collect();
    }
    let behind = [
        Block {
            title: "2 Forwarded headers",
            source: words::source(lanes.forwarded.source, "rule", style),
            rows: forwarded(lanes, style),
        },
        Block {
            title: "3 Rewritten path",
            source: words::source(lanes.rewritten.source, "rule", style),
            rows: rewritten(lanes, style),
        },
        Block { title: "4 ASGI scope", source: lanes.scope.source.word(), rows: scope(shown, style) },
    ];
    proxy.into_iter().chain([original]).chain(behind).chain([answer]).collect()
}

fn row(label: &str, value: impl Into<String>) -> Row {
    Row { mark: ' ', label: label.to_owned(), value: value.into() }
}

fn text(label: &str, value: &str) -> Row {
    row(label, visible(value.as_bytes()))
}

fn original(shown: Shown<'_>, style: &Style) -> Vec<Row> {
    let original = &shown.lanes.original;
    let mut rows = vec![text("method", &original.method), row("url", words::original_url(shown, style))];
    if !original.prefix.is_empty() {
        rows.push(text("prefix", &original.prefix));
    }
    if let Some(peer) = original.peer.filter(|_| !style.predicted) {
        rows.push(row("peer", peer.to_string()));
    }
    rows.push(row("http", original.http_version));
    if let Some(referer) = &original.referer {
        rows.push(row("referer", words::url(referer, style)));
    }
    if original.websocket {
        rows.push(row("upgrade", "websocket"));
    }
    if !style.predicted {
        rows.push(row("tap", words::tap(shown)));
    }
    rows
}

fn forwarded(lanes: &Lanes, style: &Style) -> Vec<Row> {
    let lane = &lanes.forwarded;
    let mut rows: Vec<Row> = lane.fields.iter().map(|field| header(field, style)).collect();
    if let Some(verdict) = &lane.trust {
        let answer = if verdict.trusted { "yes" } else { "no" };
        let mark = if verdict.trusted { ' ' } else { '!' };
        rows.push(Row {
            mark,
            label: "trusted".to_owned(),
            value: format!("{answer}: {}", visible(verdict.why.as_bytes())),
        });
    }
    if let Some(verdict) = &lane.without_tap {
        let answer = if verdict.trusted { "yes" } else { "no" };
        rows.push(text("without tap", &format!("{answer}: {}", verdict.why)));
    }
    rows
}

fn header(field: &ForwardedField, style: &Style) -> Row {
    let shown = |value: &[u8]| words::value(&field.name, value, style);
    let value = field.value.as_deref().map_or_else(|| "absent".to_owned(), &shown);
    let (mark, value) = match &field.change {
        Change::Unknown | Change::Same => (' ', value),
        Change::Added => ('+', value),
        Change::Changed(was) => (if style.ascii { '#' } else { '≠' }, format!("{value} (was {})", shown(was))),
        Change::Dropped(was) => ('-', format!("dropped (was {})", shown(was))),
        Change::Absent => ('!', "absent".to_owned()),
    };
    let by = field.by.as_ref().map(|by| format!("by {}", visible(by.as_bytes())));
    let used = match &field.reading {
        Reading::Believed => Some("believed".to_owned()),
        Reading::Ignored(why) if field.value.is_some() => Some(format!("ignored: {}", visible(why.as_bytes()))),
        Reading::NotRead if field.value.is_some() => Some("not read by the server".to_owned()),
        Reading::Ignored(_) | Reading::NotRead | Reading::Plain => None,
    };
    let notes: Vec<String> = by.into_iter().chain(used).collect();
    let value = if notes.is_empty() { value } else { format!("{value}   [{}]", notes.join(", ")) };
    Row { mark, label: visible(field.name.as_bytes()), value }
}

fn rewritten(lanes: &Lanes, style: &Style) -> Vec<Row> {
    let lane = &lanes.rewritten;
    let mut rows = Vec::new();
    if let Some(incoming) = &lane.incoming {
        rows.push(row("in", words::path(incoming)));
    }
    if let Some(outgoing) = &lane.outgoing {
        rows.push(row("out", words::path(outgoing) + &words::query(lane.query.as_deref(), style)));
    }
    let (word, part) = words::rewrite(&lane.rewrite);
    match &lane.rewrite {
        Rewrite::Unknown => {}
        Rewrite::NeverReached => {
            rows.push(Row { mark: '!', label: "out".to_owned(), value: "never reached the app".to_owned() });
        }
        Rewrite::Kept | Rewrite::Stripped(_) | Rewrite::Added(_) | Rewrite::Replaced => {
            rows.push(text(word, part.unwrap_or_default()));
        }
    }
    if let Some(rule) = &lane.rule {
        rows.push(text("rule", rule));
    }
    if let Some(upstream) = lane.upstream.filter(|_| !style.predicted) {
        rows.push(row("upstream", upstream.to_string()));
    }
    rows
}

fn scope(shown: Shown<'_>, style: &Style) -> Vec<Row> {
    let lane = &shown.lanes.scope;
    let mut rows = vec![text("server", &lane.server)];
    let provenance = shown.setup.provenance_at(&shown.entry.exchange);
    rows.extend(provenance.lines().map(|(what, from)| text("", &format!("{what}   [{from}]"))));
    rows.extend(provenance.doubts().map(|doubt| Row { mark: '!', ..text("", doubt) }));
    match &lane.outcome {
        None => rows.push(row("scope", "none: the request never reached the server")),
        Some(Outcome::Refused { status, why }) => rows.push(text("answers", &format!("{status} by itself: {why}"))),
        Some(Outcome::Closed { why }) => rows.push(text("closes", why)),
        Some(Outcome::Unknown { why }) => rows.push(text("scope", &format!("not known: {why}"))),
        Some(Outcome::Scope(scope)) => {
            let shown = lane.view.as_ref().map_or(&**scope, |view| &view.scope);
            fields(&mut rows, shown, style);
        }
    }
    if let Some(view) = &lane.view {
        framework(&mut rows, view, style);
    }
    if let Some((name, routed)) = &lane.other {
        let path = routed.path.as_deref().map_or("nothing: 404".to_owned(), |path| visible(path.as_bytes()));
        rows.push(row("routes on", format!("{path}   [{name}]")));
        rows.push(text("links from", &format!("\"{}\"", routed.script_name)));
    }
    probe(&mut rows, lane, style);
    rows
}

/// What the probe said beside the scope, and where the model has it otherwise.
fn probe(rows: &mut Vec<Row>, lane: &ScopeLane, style: &Style) {
    if let Some(word) = &lane.probe {
        rows.extend(word.endpoint.iter().map(|endpoint| text("endpoint", endpoint)));
        if !word.frameworks.is_empty() {
            rows.push(text("with", &word.frameworks.join(", ")));
        }
        rows.extend(word.trouble.iter().map(|trouble| warning("probe", trouble)));
    }
    rows.extend(lane.probe_silent.iter().map(|silence| text("probe", &format!("was asked, and {silence}"))));
    rows.extend(words::model_differs(lane, style).iter().map(|fault| warning("model", fault)));
}

fn warning(label: &str, value: &str) -> Row {
    Row { mark: '!', label: label.to_owned(), value: visible(value.as_bytes()) }
}

fn fields(rows: &mut Vec<Row>, scope: &Scope, style: &Style) {
    rows.push(row("type", scope.kind.name()));
    rows.push(text("scheme", scope.scheme()));
    rows.push(text("path", &scope.path));
    rows.push(row("raw_path", words::path(&scope.raw_path)));
    rows.push(row("query_string", words::bare_query(&scope.query_string, style)));
    rows.push(row("root_path", format!("\"{}\"", visible(scope.root_path.as_bytes()))));
    rows.push(text("client", &address(scope.client.as_ref())));
    if !style.predicted {
        rows.push(text("server", &address(scope.server.as_ref())));
    }
    if let Some(version) = &scope.http_version {
        rows.push(text("http_version", version));
    }
}

fn address(address: Option<&Address>) -> String {
    match address {
        None => "None".to_owned(),
        Some(Address { host, port }) => {
            let host = host.as_deref().unwrap_or("None");
            port.as_ref().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
        }
    }
}

fn framework(rows: &mut Vec<Row>, view: &AppView, style: &Style) {
    let (mark, verdict) = match &view.route {
        RouteMatch::Unknown => (' ', String::new()),
        RouteMatch::Route(template) => (' ', format!("   [route {template}]")),
        RouteMatch::OtherMethod(template) => ('!', format!("   [route {template}, not for this method]")),
        RouteMatch::Mount(mount) => (' ', format!("   [mount {mount}]")),
        RouteMatch::Slash(path) => ('!', format!("   [no route, but {path} is one]")),
        RouteMatch::None => ('!', "   [no route]".to_owned()),
    };
    let value = visible(format!("{}{verdict}", view.route_path).as_bytes());
    rows.push(Row { mark, label: "route path".to_owned(), value });
    if !view.path_has_root {
        let value = "path does not start with root_path: mounts and static files give 404".to_owned();
        rows.push(Row { mark: '!', label: String::new(), value });
    }
    let built = |url: &Option<String>| url.clone().unwrap_or_else(|| "none: Starlette raises an exception".to_owned());
    rows.push(text("base_url", &built(&view.base_url)));
    rows.push(text("url_for()", &built(&view.url_for)));
    if matches!(view.route, RouteMatch::Slash(_)) {
        rows.push(row("redirect", words::url(built(&view.slash_redirect).as_bytes(), style)));
    }
    rows.push(text("docs ask for", &view.openapi_url));
}

fn response(shown: Shown<'_>, style: &Style) -> Vec<Row> {
    let answer = &shown.lanes.answer;
    let Some(status) = answer.status else {
        let mut rows = vec![row("status", unanswered(shown, style))];
        if let Some(app) = answer.app_status {
            rows.push(row("app said", app.to_string()));
            rows.extend(answer.location_at_app.iter().map(|to| row("at the app", words::url(to, style))));
        }
        return rows;
    };
    let mut rows = vec![text("status", &format!("{status} by {}", answer.by.word()))];
    if let Some(app) = answer.app_status.filter(|app| *app != status) {
        rows.push(row("app said", app.to_string()));
    }
    if let Some(kind) = &answer.content_type {
        rows.push(text("content-type", kind));
    }
    if let Some(location) = &answer.location {
        rows.push(row("location", words::url(location, style)));
    }
    if let Some(location) = answer.location_at_app.as_ref().filter(|at_app| answer.location.as_ref() != Some(*at_app)) {
        rows.push(Row { mark: '!', label: "at the app".to_owned(), value: words::url(location, style) });
    }
    if !style.predicted {
        rows.push(row("took", words::millis(answer.duration)));
    }
    rows
}

/// Why there is no status.
fn unanswered(shown: Shown<'_>, style: &Style) -> String {
    let (ending, detail) = words::ending(&shown.entry.exchange);
    let unknown = shown.way.is_some_and(|way| !way.unknown.is_empty());
    match detail {
        _ if style.predicted && unknown => "not known: it rests on what is not understood".to_owned(),
        Some(detail) if style.predicted && ending == "refused" => format!("none: {detail}"),
        _ if style.predicted => "not certain: it depends on the app".to_owned(),
        Some(detail) => format!("none: {ending}, {detail}"),
        None => format!("none: {ending}"),
    }
}

/// `#37`.
pub(super) fn number(id: ExchangeId) -> String {
    format!("#{}", id.0)
}
