use super::*;
use crate::gateway::go::{Server, read_request};

/// What a rule says of a request, `?` where it cannot say, and its error.
fn ask(rule: &str, syntax: Syntax, head: &str) -> Result<char, String> {
    let unknown = |what: String| NotUnderstood { place: None, what };
    let rule = Rule::new(rule, syntax, true, &unknown).map_err(|error| error.to_string())?;
    let head = format!("{}\r\n\r\n", head.replace('\n', "\r\n"));
    let request = read_request(head.as_bytes(), Server::default()).unwrap();
    let host = request.host.clone();
    let path = request.url.path.clone();
    let subject = Subject::new(&request, &host, &path, "192.0.2.7".parse().unwrap());
    Ok(match rule.matches(&subject) {
        Verdict::Yes => 'y',
        Verdict::No => 'n',
        Verdict::Unknown(_) => '?',
    })
}

const HEAD: &str = "GET /api/v1/items?a=1&b=x%2Fy&a=2&e HTTP/1.1\nHost: api.example.com\nx-key: one\nX-Key: two";

#[test]
fn v3() {
    for (rule, expected) in [
        ("Host(`API.example.com`)", Ok('y')),
        ("Host(`api.example.com.`)", Ok('y')),
        ("Host(`*.example.com`)", Ok('y')),
        ("Host(`*.com`)", Ok('n')),
        ("Host(`*`)", Ok('y')),
        ("HostRegexp(`^api\\.`)", Ok('y')),
        ("HostRegexp(`^$`)", Ok('y')),
        ("host(`api.example.com`) && PATHPREFIX(`/api`) && Pathprefix(`/`)", Ok('y')),
        ("Path(`/api/v1/items`)", Ok('y')),
        ("Path(`/api/v1`)", Ok('n')),
        ("PathPrefix(`/api/v1/it`)", Ok('y')),
        ("PathRegexp(`items$`)", Ok('y')),
        ("Method(`get`)", Ok('y')),
        ("Method(`POST`) || !Method(`PUT`)", Ok('y')),
        ("Header(`X-KEY`, `two`)", Ok('y')),
        ("Header(`X-Key`, `t`)", Ok('n')),
        ("HeaderRegexp(`X-Key`, `^t`)", Ok('y')),
        ("Query(`a`, `2`)", Ok('y')),
        ("Query(`e`)", Ok('y')),
        ("Query(`a`)", Ok('n')),
        ("QueryRegexp(`b`, `^x/y$`)", Ok('y')),
        ("ClientIP(`192.0.2.0/24`)", Ok('y')),
        ("ClientIP(`192.0.2.8`)", Ok('n')),
        ("PathRegexp(`\\Bx`) || Host(`api.example.com`)", Ok('y')),
        ("PathRegexp(`\\Bx`) && Host(`api.example.com`)", Ok('?')),
        ("PathRegexp(`\\Bx`) && Host(`x`)", Ok('n')),
        ("Path(`api`)", Err("does not start with /")),
        ("Host(`a`, `b`)", Err("takes 1 value(s) and has 2")),
        ("Headers(`a`, `b`)", Err("it is one of the v2 syntax")),
        ("Host(``)", Err("empty value")),
        ("PathRegexp(`(`)", Err("missing closing )")),
        ("Hosts(`a`)", Err("no matcher Hosts")),
        ("Host(`é`)", Err("ASCII")),
        ("ClientIP(`x`)", Err("neither an address")),
    ] {
        match (ask(rule, Syntax::V3, HEAD), expected) {
            (Err(error), Err(part)) => assert!(error.contains(part), "{rule}: {error}"),
            (said, expected) => assert_eq!(said, expected.map_err(str::to_owned), "{rule}"),
        }
    }
}

#[test]
fn v2() {
    for (rule, expected) in [
        ("Host(`x`, `api.example.com`)", Ok('y')),
        ("HostHeader(`x`)", Ok('n')),
        ("HostRegexp(`{sub:[a-z]+}.example.com`)", Ok('y')),
        ("Path(`/x`, `/api/{v}/items`)", Ok('y')),
        ("PathPrefix(`/api/{v:v[0-9]}/`)", Ok('y')),
        ("Method(`PUT`, `get`)", Ok('y')),
        ("Headers(`x-key`, `two`)", Ok('y')),
        ("HeadersRegexp(`x-key`, `^tw`)", Ok('y')),
        ("Headers(`x-none`, `a`)", Ok('n')),
        ("Query(`a=1`)", Ok('y')),
        ("Query(`a=2`)", Ok('n')),
        ("Query(`a=1`, `b={v}`)", Ok('y')),
        ("Query(`a={v}`, `b={v}`)", Err("there twice")),
        ("Query(`a`)", Err("name=value")),
        ("Headers(`a`)", Err("pairs")),
        ("PathRegexp(`a`)", Err("it is one of the v3 syntax")),
    ] {
        match (ask(rule, Syntax::V2, HEAD), expected) {
            (Err(error), Err(part)) => assert!(error.contains(part), "{rule}: {error}"),
            (said, expected) => assert_eq!(said, expected.map_err(str::to_owned), "{rule}"),
        }
    }
}

#[test]
fn what_lists_of_routers_show() {
    let unknown = |what: String| NotUnderstood { place: None, what };
    for (rule, hosts, prefix) in [
        ("Host(`a`) && PathPrefix(`/x`)", Some(vec!["a"]), Some("/x")),
        ("(Host(`a`) || Host(`b`)) && Path(`/x`)", Some(vec!["a", "b"]), Some("/x")),
        ("Host(`a`) || PathPrefix(`/x`)", None, None),
        ("Host(`*.a`)", None, Some("")),
        ("PathPrefix(`/x`) || PathPrefix(`/y`)", None, None),
        ("!PathPrefix(`/x`)", None, None),
        ("PathPrefix(`/x`) && !PathPrefix(`/x/y`)", None, None),
    ] {
        let rule = Rule::new(rule, Syntax::V3, true, &unknown).unwrap();
        assert_eq!((rule.hosts(), rule.prefix()), (hosts, prefix), "{rule:?}");
    }
}
