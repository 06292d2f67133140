//! uvicorn's `H11Protocol`: what becomes of the bytes with `--http h11`.
//!
//! Source of the rules: uvicorn 0.13 to 0.54 `protocols/http/h11_impl.py`.

use super::arrival::{Arrived, Call, asks_for_upgrade, asks_for_websocket, waiting};
use super::release::Rules;
use crate::asgi::Outcome;
use crate::asgi::server::h11::{H11, MAX_INCOMPLETE};
use crate::asgi::server::request::{Body, Fault, Request, path_and_query};

/// Reads what arrived.
pub(super) fn read(bytes: &[u8], rules: &Rules, root_path: &str, has_websockets: bool) -> Result<Arrived, Outcome> {
    let parser = H11 { release: rules.h11, max_incomplete: MAX_INCOMPLETE };
    let (request, rest) = parser.head(bytes).map_err(|fault| failed(fault, rules))?;
    if rules.root_path_in_path() && !root_path.is_ascii() {
        return Err(Outcome::Closed { why: "--root-path is not ASCII: uvicorn fails and drops the connection".into() });
    }
    let call = call(&request, rules, has_websockets);
    match call {
        Call::App => check_body(&parser, &request, rest, rules)?,
        Call::WebSocket => {}
        Call::Nobody => {
            return Err(Outcome::Refused { status: 400, why: "an upgrade to something else than websocket".into() });
        }
    }
    let (path, query) = path_and_query(&request.target);
    let (path, query) = (path.to_vec(), query.to_vec());
    Ok(Arrived { request, path, query, call })
}

fn call(request: &Request, rules: &Rules, has_websockets: bool) -> Call {
    if has_websockets && asks_for_websocket(&request.lines, rules) {
        Call::WebSocket
    } else if !rules.serves_other_upgrades() && asks_for_upgrade(&request.lines, rules) {
        Call::Nobody
    } else {
        Call::App
    }
}

/// What came behind the head is read before the app runs: a fault in it is the answer.
fn check_body(parser: &H11, request: &Request, rest: &[u8], rules: &Rules) -> Result<(), Outcome> {
    match parser.body(request, rest) {
        Body::Bad(fault) => return Err(failed(fault, rules)),
        Body::Unfinished => {}
        Body::Complete { rest } => {
            let closing = !request.keeps_alive() && !request.proposes_switch();
            if closing && !rest.is_empty() && !rules.stops_at_last_message() {
                return Err(rules.refused("h11: data behind a request that closes the connection"));
            }
        }
    }
    if request.method == b"CONNECT" {
        let why = "h11 takes a 2xx answer to CONNECT for the end of HTTP: the app's body is never sent";
        return Err(Outcome::Closed { why: why.to_owned() });
    }
    Ok(())
}

fn failed(fault: Fault, rules: &Rules) -> Outcome {
    match fault {
        Fault::Refused { why, .. } => rules.refused(&why),
        Fault::Unfinished => waiting(),
    }
}
