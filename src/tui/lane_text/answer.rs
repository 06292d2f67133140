//! What came back, and the way it went.

use super::{shown_value, tap_name};
use crate::exchange::Half;
use crate::lanes::Setup;
use crate::lanes::visible::visible;
use crate::tui::row::{elapsed, status_tone};
use crate::tui::screenful::Chosen;
use crate::tui::text::{Runs, run};
use crate::tui::theme::Tone;

/// The status the client got and who wrote it, `Location` at both ends.
pub(in crate::tui) fn answer(chosen: &Chosen, reveal: bool) -> Runs {
    let answer = &chosen.lanes.answer;
    let open = !chosen.entry.exchange.is_finished();
    let by = visible(answer.by.word().as_bytes());
    let mut runs = match answer.status {
        Some(status) => vec![run(status_tone(Some(status)), status.to_string())],
        None if open => vec![run(Tone::Dim, "no answer yet")],
        None if chosen.supposed => vec![run(Tone::Dim, "depends on the app")],
        None => vec![run(Tone::Bad, "no answer")],
    };
    if let Some(app) = answer.app_status.filter(|app| Some(*app) != answer.status) {
        runs.push(run(Tone::Changed, format!(" ≠ {app} from the app")));
    }
    if answer.status.is_some() {
        runs.push(run(Tone::Text, format!(" by {by}")));
    }
    if let Some(kind) = &answer.content_type {
        runs.push(run(Tone::Dim, format!("  {}", visible(kind.as_bytes()))));
    }
    if chosen.supposed {
        runs.push(run(Tone::Prefix, "  computed"));
    } else {
        runs.push(run(Tone::Dim, format!("  {}", elapsed(answer.duration))));
    }
    if let Some(location) = &answer.location {
        runs.push(run(Tone::Dim, "  Location "));
        runs.push(run(Tone::Text, shown_value(b"location", location, reveal)));
        match &answer.location_at_app {
            Some(app) if app != location => {
                runs.push(run(Tone::Changed, format!("  ≠ from the app {}", shown_value(b"location", app, reveal))));
            }
            Some(_) => runs.push(run(Tone::Dim, "  as the app sent it")),
            None => {}
        }
    }
    runs
}

/// Where it went: `edge :9998 → :9999 → app :8001 → uvicorn :8000`.
pub(in crate::tui) fn chain(chosen: &Chosen, setup: &Setup) -> String {
    let exchange = &chosen.entry.exchange;
    let onward = |half: &Half| half.upstream.map(|(to, _)| format!(":{}", to.port()));
    let server = &chosen.lanes.scope.server;
    let program = server.split(' ').next().filter(|name| !name.is_empty()).unwrap_or("app");
    let mut stops = Vec::new();
    if let Some(edge) = exchange.edge.as_deref() {
        stops.push(tap_name(setup, edge.tap));
        let stand_in = exchange.app.as_deref().is_some_and(|app| app.tap == edge.tap);
        stops.extend(onward(edge).filter(|_| !stand_in).map(|port| format!("proxy {port}")));
    }
    if let Some(app) = exchange.app.as_deref() {
        let name = tap_name(setup, app.tap);
        if stops.last() != Some(&name) {
            stops.push(name);
        }
        stops.extend(onward(app).map(|port| format!("{} {port}", visible(program.as_bytes()))));
    }
    stops.join(" → ")
}
