//! The exchange that a request would become, and its answer where the models are certain of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::asgi::framework::{AppView, FASTAPI_OWN, Prediction};
use crate::asgi::server::Program;
use crate::asgi::{Outcome, ScopeType};
use crate::exchange::{
    Answered, Body, Ending, Exchange, ExchangeId, Framing, Half, Pairing, Phase, RequestHead, ResponseHead, Side,
};
use crate::gateway::{Action, Gateway, Received, Unseen};
use crate::lanes::{Lanes, Setup};

/// Where the stand-in would listen.
pub(super) const STAND_IN: SocketAddr = SocketAddr::new(LOOPBACK, 9999);
/// Where a tap before the app's server would listen.
pub(super) const TAP: SocketAddr = SocketAddr::new(LOOPBACK, 8001);
/// Where the app's server would listen.
pub(super) const SERVER: SocketAddr = SocketAddr::new(LOOPBACK, 8000);

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const CLIENT: SocketAddr = SocketAddr::new(LOOPBACK, 50_000);

/// What a route miss of FastAPI looks like.
const NOT_FOUND: &[u8] = b"{\"detail\":\"Not Found\"}";

/// The request as it goes through the stand-in.
pub(super) fn through(gateway: &Gateway, head: &RequestHead, peer: IpAddr) -> Exchange {
    let edge = Half { side: Side::Edge, peer: CLIENT, local: STAND_IN, ..half(head.clone(), peer) };
    let received = Received { head: head.as_bytes(), body: None, peer: CLIENT, local: STAND_IN, tls: None };
    let sent = match gateway.plan(&received, &Unseen).action {
        Action::Forward(forward) => RequestHead::from_judged(forward.head).ok(),
        Action::Answer(_) | Action::Close => None,
    };
    match sent {
        None => {
            let edge = Half { upstream: None, ending: Ending::NoRoute, ..edge };
            exchange(Some(edge), None, Pairing::Lone)
        }
        Some(head) => {
            let app = Half { side: Side::App, request: head, ..edge.clone() };
            exchange(Some(edge), Some(app), Pairing::StandIn)
        }
    }
}

/// The request as the app's server gets it.
pub(super) fn at_the_app(head: &RequestHead, peer: IpAddr) -> Exchange {
    exchange(None, Some(half(head.clone(), peer)), Pairing::Lone)
}

fn exchange(edge: Option<Half>, app: Option<Half>, pairing: Pairing) -> Exchange {
    Exchange { id: ExchangeId(1), edge: edge.map(Box::new), app: app.map(Box::new), pairing }
}

fn half(request: RequestHead, peer: IpAddr) -> Half {
    let peer = SocketAddr::new(peer, 50_001);
    Half { upstream: Some((SERVER, peer)), ..Half::of_request(Side::App, (peer, TAP), request) }
}

/// A response that would come.
#[derive(Debug, PartialEq, Eq)]
struct Predicted {
    head: String,
    body: &'static [u8],
}

/// The exchange with its answer, if there is only one it can have.
pub(super) fn answered(mut exchange: Exchange, lanes: &Lanes, setup: &Setup) -> Exchange {
    if let Some(edge) = exchange.edge.as_mut().filter(|edge| edge.ending == Ending::NoRoute) {
        answer(edge, &not_found("text/plain", b"", ""), Answered::Hopscope);
        return exchange;
    }
    if let Some(Outcome::Closed { why }) = &lanes.scope.outcome {
        for half in exchange.edge.iter_mut().chain(&mut exchange.app) {
            half.ending = Ending::UpstreamGone(Phase::Wait, why.clone());
        }
        return exchange;
    }
    if let Some(predicted) = predict(lanes, setup) {
        for half in exchange.edge.iter_mut().chain(&mut exchange.app) {
            answer(half, &predicted, Answered::Upstream);
        }
    }
    exchange
}

fn answer(half: &mut Half, predicted: &Predicted, answered: Answered) {
    let Ok(head) = ResponseHead::from_wire(predicted.head.clone().into_bytes()) else { return };
    let total = predicted.body.len() as u64;
    half.response = Some(head);
    half.response_body =
        Body { kept: predicted.body.into(), total, framing: Framing::Length(total), ..Body::default() };
    half.answered = answered;
}

/// What server and app answer; `None` where it depends on more than is known.
fn predict(lanes: &Lanes, setup: &Setup) -> Option<Predicted> {
    if let Some(Outcome::Refused { status, .. }) = &lanes.scope.outcome {
        return Some(response(*status, "content-type: text/plain; charset=utf-8\r\n", b""));
    }
    let view = lanes.scope.view.as_ref()?;
    let served = served(setup.server.program());
    match (view.predicted(&setup.app), view.scope.kind) {
        (Prediction::Found, ScopeType::Http) => Some(response(200, served, b"")),
        (Prediction::Found, ScopeType::WebSocket) => {
            Some(response(101, "connection: Upgrade\r\nupgrade: websocket\r\n", b""))
        }
        (Prediction::Redirect(to), _) => Some(response(307, &format!("{served}location: {to}\r\n"), b"")),
        (answer @ (Prediction::OtherMethod | Prediction::BadHost | Prediction::Failed), kind) => {
            Some(response(answer.status(kind)?, served, b""))
        }
        (Prediction::NotFound, ScopeType::Http) => Some(not_found("application/json", NOT_FOUND, served)),
        (Prediction::NotFound, ScopeType::WebSocket) => Some(response(403, "", b"")),
        (Prediction::Unknown, ScopeType::Http) if FASTAPI_OWN.contains(&view.route_path.as_str()) => {
            Some(response(200, served, b""))
        }
        (Prediction::Unknown, ScopeType::Http) if is_below_a_prefix(view, setup) => {
            Some(not_found("application/json", NOT_FOUND, served))
        }
        (Prediction::Unknown, _) => None,
    }
}

/// The server's mark on what passes through it, as each sends it.
const fn served(program: Program) -> &'static str {
    match program {
        Program::Uvicorn => "server: uvicorn\r\n",
        Program::Hypercorn => "server: hypercorn-h11\r\n",
        Program::Daphne => "Server: daphne\r\n",
        Program::Granian => "server: granian\r\n",
        Program::Gunicorn => "Server: gunicorn/asgi\r\n",
    }
}

/// True if the app is asked for one of its built-in paths, but with a public prefix before it: those paths never have one
/// in the app itself.
fn is_below_a_prefix(view: &AppView, setup: &Setup) -> bool {
    setup.prefixes.iter().filter(|prefix| !prefix.is_empty()).any(|prefix| {
        let mut rest = view.route_path.as_str();
        while let Some(shorter) = rest.strip_prefix(prefix.as_str()) {
            rest = shorter;
        }
        rest.len() < view.route_path.len() && FASTAPI_OWN.contains(&rest)
    })
}

fn not_found(kind: &str, body: &'static [u8], fields: &str) -> Predicted {
    response(404, &format!("{fields}content-type: {kind}\r\n"), body)
}

fn response(status: u16, fields: &str, body: &'static [u8]) -> Predicted {
    let length = if status == 101 { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    Predicted { head: format!("HTTP/1.1 {status}\r\n{fields}{length}\r\n"), body }
}
