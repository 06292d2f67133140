//! Faults of a configuration that need no request to be seen.

use std::sync::Arc;

use super::config::{Handler, Kind, Location};
use super::headers::keeps_connections;
use super::proxy_pass::{ProxyPass, To};
use super::settings::{ProxyVersion, SetHeader, Settings};
use super::template::Part;
use super::variables::Variables;
use crate::asgi::Release;
use crate::gateway::{Code, Remark, Weight};

/// Variables that carry no path.
const NO_PATH: [&str; 4] = ["args", "is_args", "query_string", "host"];

/// What is wrong with a location; `around` are the settings of the block that it stands in.
pub(super) fn of(location: &Location, around: &Settings, release: Release, variables: &Variables) -> Vec<Remark> {
    let Some(Handler::Proxy(pass)) = &location.handler else { return Vec::new() };
    let mut remarks = Vec::new();
    remarks.extend(lost_headers(location, around));
    remarks.extend(slashes(location, pass));
    remarks.extend(collapse(pass, variables));
    remarks.extend(upgrade(location, pass, release));
    remarks
}

/// One `proxy_set_header` in a location drops all those of the server.
fn lost_headers(location: &Location, around: &Settings) -> Option<Remark> {
    const MATTER: [(&str, Code); 4] = [
        ("host", Code::HostReplaced),
        ("x-forwarded-for", Code::ClientLost),
        ("x-forwarded-proto", Code::SchemeLost),
        ("x-forwarded-prefix", Code::PrefixHeaderLost),
    ];
    let (own, outer) = (&location.settings.proxy.set_headers, &around.proxy.set_headers);
    if Arc::ptr_eq(own, outer) {
        return None;
    }
    let has =
        |lines: &[SetHeader], name: &str| lines.iter().any(|line| line.name.eq_ignore_ascii_case(name.as_bytes()));
    let mut lost = MATTER.into_iter().filter(|(name, _)| has(outer, name) && !has(own, name)).peekable();
    let code = lost.peek()?.1;
    let lines = lost.filter_map(|(name, _)| outer.iter().find(|line| line.name.eq_ignore_ascii_case(name.as_bytes())));
    let lines: Vec<&str> = lines.map(|line| line.text.as_str()).collect();
    let first = own.first()?;
    Some(Remark {
        code,
        weight: Weight::Warning,
        place: first.place.clone(),
        what: format!(
            "a proxy_set_header in {} drops those of the block around it: {} holds no longer here.",
            location.text,
            lines.join(", ")
        ),
        fix: Some(format!("repeat in {}: {};", location.text, lines.join("; "))),
    })
}

/// The slashes of the location and of the URI do not fit.
fn slashes(location: &Location, pass: &ProxyPass) -> Option<Remark> {
    let To::Fixed(url) = &pass.to else { return None };
    let uri = url.authority.uri.as_slice();
    let name = &location.name;
    if !matches!(location.kind, Kind::Prefix | Kind::NoRegex) || uri.is_empty() || uri.contains(&b'?') {
        return None;
    }
    let remark = |code, weight, what: String, fix: String| Remark {
        code,
        weight,
        place: pass.place.clone(),
        what,
        fix: Some(fix),
    };
    let show = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    match (name.ends_with(b"/"), uri.ends_with(b"/")) {
        (true, false) => Some(remark(
            Code::GluedPath,
            Weight::Error,
            format!("{}items is sent on as {}items: nothing stands between them.", show(name), show(uri)),
            format!("{}/;", pass.text),
        )),
        (false, true) => Some(remark(
            Code::DoubleSlash,
            Weight::Warning,
            format!("{}/items is sent on as {}/items, with two slashes.", show(name), show(uri)),
            format!("location {}/ {{ … }}, so that both end with a slash", show(name)),
        )),
        _ if uri == name.as_slice() && uri != b"/" => Some(remark(
            Code::PathDecoded,
            Weight::Note,
            "the URI is that of the location, but with it nginx decodes the path and merges its slashes.".to_owned(),
            format!("{};", pass.text.strip_suffix(&show(uri)).unwrap_or(&pass.text)),
        )),
        _ => None,
    }
}

/// A URI of variables in which the request's path is not.
fn collapse(pass: &ProxyPass, variables: &Variables) -> Option<Remark> {
    let To::Variable(template) = &pass.to else { return None };
    // The URI begins with the first slash or question mark behind the scheme.
    let mut uri = template.parts().iter().skip_while(|part| match part {
        Part::Text(text) => {
            let rest = [b"http://".as_slice(), b"https://"].iter().find_map(|scheme| text.strip_prefix(*scheme));
            !rest.unwrap_or(text).iter().any(|byte| matches!(byte, b'/' | b'?'))
        }
        _ => true,
    });
    let has_uri = uri.next().is_some();
    let carries = |part: &Part| match part {
        Part::Text(_) => false,
        Part::Capture(_) => true,
        Part::Variable(id) => !NO_PATH.contains(&variables.definition(*id).name.as_str()),
    };
    if !has_uri || uri.any(carries) {
        return None;
    }
    Some(Remark {
        code: Code::PathCollapsed,
        weight: Weight::Error,
        place: pass.place.clone(),
        what: "with variables in it the URI is sent as it is, so that every path becomes the same.".to_owned(),
        fix: Some("leave the URI away, or end it with the path as it was asked for: $request_uri".to_owned()),
    })
}

/// A location for websockets that does not let them upgrade.
fn upgrade(location: &Location, pass: &ProxyPass, release: Release) -> Option<Remark> {
    let proxy = &location.settings.proxy;
    let sets = |name: &[u8]| proxy.set_headers.iter().any(|line| line.name.eq_ignore_ascii_case(name));
    let named = location.name.split(|byte| !byte.is_ascii_alphanumeric()).any(|word| {
        [b"ws".as_slice(), b"wss", b"websocket", b"websockets", b"socket"]
            .contains(&word.to_ascii_lowercase().as_slice())
    });
    let old = match proxy.version {
        Some(version) => version == ProxyVersion::Http10,
        None => !keeps_connections(release),
    };
    let missing = match (sets(b"upgrade"), sets(b"connection"), old) {
        (true, true, false) => return None,
        (false, ..) if !named => return None,
        (false, ..) => "no Upgrade is sent on",
        (true, false, _) => "Upgrade is sent on, but no Connection with it",
        (true, true, true) => "Upgrade is sent on with HTTP/1.0, which knows none",
    };
    Some(Remark {
        code: Code::UpgradeDropped,
        weight: Weight::Warning,
        place: pass.place.clone(),
        what: format!("a websocket cannot be opened through {}: {missing}.", location.text),
        fix: Some(
            "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";"
                .to_owned(),
        ),
    })
}
