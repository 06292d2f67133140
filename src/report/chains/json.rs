//! A chain for programs. Names are stable; `assets/schema/follow.schema.json` documents them.

use serde_json::{Value, json};

use super::super::Style;
use super::super::line::escaped;
use super::{ShownChain, ShownHop, url};
use crate::lanes::visible::visible;
use crate::redirect::{End, Grown, HostVerdict, Judged, PortVerdict, PrefixVerdict, SchemeVerdict, Slash};

pub(super) fn object(shown: ShownChain<'_>, style: &Style) -> String {
    let hops: Vec<Value> = shown.hops().iter().map(|hop| hop_object(hop, style)).collect();
    let findings: Vec<Value> = shown
        .verdicts()
        .iter()
        .map(|one| json!({ "code": one.code, "title": one.title, "severity": one.severity.word() }))
        .collect();
    let value = json!({
        "v": 1,
        "requests": shown.chain.requests(),
        "redirects": shown.chain.redirects(),
        "hops": hops,
        "end": end(shown, style),
        "loop": shown.chain.circle(),
        "grows": shown.chain.grows().map(|grown| match grown {
            Grown::Path(piece) => json!({ "path": visible(piece) }),
            Grown::Parameter(name) => json!({ "parameter": visible(name) }),
        }),
        "findings": findings,
    });
    escaped(&value.to_string())
}

fn hop_object(hop: &ShownHop<'_>, style: &Style) -> Value {
    let faults: Vec<Value> = hop
        .faults
        .iter()
        .map(|fault| json!({ "part": fault.part, "code": fault.code, "sure": fault.sure, "said": visible(fault.said.as_bytes()) }))
        .collect();
    let remarks: Vec<Value> = hop
        .remarks
        .iter()
        .map(|one| json!({ "about": one.about, "code": one.code, "wrong": one.wrong, "said": visible(&one.said) }))
        .collect();
    json!({
        "number": hop.number,
        "method": visible(&hop.hop.method),
        "url": url(&hop.hop.url, style),
        "status": hop.hop.status,
        "by": if hop.by == "?" { None } else { Some(&hop.by) },
        "error": hop.failure().map(|why| visible(why.as_bytes())),
        "target": hop.target().map(|target| url(target, style)),
        "verdict": hop.hop.sent.as_ref().map(verdict),
        "faults": faults,
        "remarks": remarks,
    })
}

fn verdict(sent: &Judged) -> Value {
    json!({
        "scheme": match sent.scheme {
            SchemeVerdict::Same => "same",
            SchemeVerdict::Downgraded => "downgraded",
            SchemeVerdict::Upgraded => "upgraded",
            SchemeVerdict::Other => "other",
        },
        "host": match sent.host {
            HostVerdict::Same => "same",
            HostVerdict::Internal(_) => "internal",
            HostVerdict::Other => "other",
        },
        "port": match sent.port {
            PortVerdict::Same => "same",
            PortVerdict::Lost => "lost",
            PortVerdict::Wrong => "wrong",
        },
        "prefix": match sent.prefix {
            PrefixVerdict::Unjudged => None,
            PrefixVerdict::Kept => Some("kept"),
            PrefixVerdict::Lost => Some("lost"),
            PrefixVerdict::Doubled => Some("doubled"),
        },
        "slash": sent.slash.map(|slash| match slash {
            Slash::Added => "added",
            Slash::Removed => "removed",
        }),
    })
}

fn end(shown: ShownChain<'_>, style: &Style) -> Value {
    match shown.chain.end() {
        End::Answer(status) => json!({ "kind": "answer", "status": status }),
        End::Circle(length) => json!({ "kind": "loop", "period": length }),
        End::NotSeen(target) => json!({ "kind": "given_up", "url": url(target, style) }),
        End::Nowhere => json!({ "kind": "no_url" }),
    }
}
