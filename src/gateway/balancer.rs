//! What the load balancers of clouds add to a request before a proxy or an app of one's own sees it.
//!
//! They have no configuration that could be read here and no program that could be asked: these are rules, taken from what
//! their makers document. What they answer by themselves, and their rewriting rules, are not modelled.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use super::{
    Action, Back, Destination, Forward, Gateway, Model, NotUnderstood, Onward, Plan, Proxy, Purpose, Received, Reply,
    Returned, Router, Step, StepKind, Upstream, World, hop_by_hop,
};
use crate::exchange::{Field, Fields, RequestHead, ResponseHead};
use crate::redirect::{default_port, split_port};

/// A balancer before the proxy, or before the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Balancer {
    /// AWS Application Load Balancer, with `xff_header_processing.mode` `append`.
    AwsAlb,
    /// Google Cloud's external Application Load Balancer.
    Gcp,
    /// Cloudflare's proxy.
    Cloudflare,
}

/// What becomes of one field.
struct Rule {
    name: &'static str,
    how: How,
    value: Value,
}

enum How {
    /// It is written, whatever the client sent.
    Set,
    /// It is put behind what the client sent, with this between.
    Append(&'static str),
    /// It is written where the client sent none.
    Fill,
}

enum Value {
    /// The client's address.
    Client,
    /// The client's address and the balancer's.
    ClientAndOwn,
    /// `http` or `https`
    Scheme,
    /// The port that the client used.
    Port,
    /// `{"scheme":"https"}`
    Visitor,
    /// Always this.
    Text(&'static str),
    /// What only the balancer knows, such as the number of a request: this stands for it, and the step says so.
    Unknowable(&'static str),
}

const fn rule(name: &'static str, how: How, value: Value) -> Rule {
    Rule { name, how, value }
}

/// docs.aws.amazon.com/elasticloadbalancing/latest/application: "HTTP headers and Application Load Balancers", "Request
/// tracing".
const AWS_ALB: [Rule; 4] = [
    rule("X-Forwarded-For", How::Append(", "), Value::Client),
    rule("X-Forwarded-Proto", How::Set, Value::Scheme),
    rule("X-Forwarded-Port", How::Set, Value::Port),
    rule("X-Amzn-Trace-Id", How::Fill, Value::Unknowable("Root=1-00000000-000000000000000000000000")),
];

/// cloud.google.com/load-balancing/docs/https: "X-Forwarded-For header", "Target proxies".
const GCP: [Rule; 4] = [
    rule("X-Forwarded-For", How::Append(","), Value::ClientAndOwn),
    rule("X-Forwarded-Proto", How::Set, Value::Scheme),
    rule("Via", How::Append(", "), Value::Text("1.1 google")),
    rule("X-Cloud-Trace-Context", How::Fill, Value::Unknowable("00000000000000000000000000000000/0;o=0")),
];

/// developers.cloudflare.com/fundamentals/reference/http-headers.
const CLOUDFLARE: [Rule; 8] = [
    rule("Accept-Encoding", How::Set, Value::Text("gzip, br")),
    rule("CF-Connecting-IP", How::Set, Value::Client),
    rule("CF-IPCountry", How::Set, Value::Unknowable("XX")),
    rule("CF-Ray", How::Set, Value::Unknowable("0000000000000000-XXX")),
    rule("CF-Visitor", How::Set, Value::Visitor),
    rule("CDN-Loop", How::Append(", "), Value::Text("cloudflare; loops=1")),
    rule("X-Forwarded-For", How::Append(","), Value::Client),
    rule("X-Forwarded-Proto", How::Set, Value::Scheme),
];

impl Balancer {
    const ALL: [Self; 3] = [Self::AwsAlb, Self::Gcp, Self::Cloudflare];

    /// The name on the command line and in the lanes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AwsAlb => "aws-alb",
            Self::Gcp => "gcp",
            Self::Cloudflare => "cloudflare",
        }
    }

    const fn rules(self) -> &'static [Rule] {
        match self {
            Self::AwsAlb => &AWS_ALB,
            Self::Gcp => &GCP,
            Self::Cloudflare => &CLOUDFLARE,
        }
    }

    /// An address that it sends from: one of a private network, and ones of the ranges that their owners publish.
    const fn address(self) -> IpAddr {
        IpAddr::V4(match self {
            Self::AwsAlb => Ipv4Addr::new(10, 0, 0, 10),
            Self::Gcp => Ipv4Addr::new(35, 191, 0, 10),
            Self::Cloudflare => Ipv4Addr::new(173, 245, 48, 10),
        })
    }

    /// True for a field that it writes, changed or new.
    pub fn writes(self, name: &str) -> bool {
        self.rules().iter().any(|rule| rule.name.eq_ignore_ascii_case(name))
    }

    /// The balancer that a request came through, by the fields that only one of them writes.
    pub fn of(fields: &Fields<'_>) -> Option<Self> {
        let has = |name: &str| fields.get(name).is_some();
        let via = |value: &[u8]| value.split(|&b| b == b',').any(|one| one.trim_ascii() == b"1.1 google");
        if has("cf-ray") && has("cf-connecting-ip") {
            Some(Self::Cloudflare)
        } else if fields.all("via").any(via) {
            Some(Self::Gcp)
        } else if has("x-amzn-trace-id") {
            Some(Self::AwsAlb)
        } else {
            None
        }
    }

    /// The head as it leaves the balancer; `None` if it is no acceptable HTTP.
    fn apply(self, request: &Received<'_>, scheme: &str) -> Option<Vec<u8>> {
        let head = RequestHead::from_wire(request.head).ok()?;
        let fields = head.fields();
        let written = |rule: &Rule| !matches!(rule.how, How::Fill) || fields.get(rule.name).is_none();
        let drop = |field: &Field<'_>| self.rules().iter().any(|rule| written(rule) && field.is(rule.name));
        let mut out = Vec::with_capacity(request.head.len() + 256);
        hop_by_hop::write_request_fields(&mut out, &head, head.target(), drop);
        for rule in self.rules().iter().filter(|rule| written(rule)) {
            let mut value = Vec::new();
            if let How::Append(between) = rule.how {
                for before in fields.all(rule.name) {
                    value.extend_from_slice(before);
                    value.extend_from_slice(between.as_bytes());
                }
            }
            value.extend_from_slice(rule.value.text(request, &head, scheme).as_bytes());
            hop_by_hop::write_field(&mut out, rule.name.as_bytes(), &value);
        }
        out.extend_from_slice(b"\r\n");
        Some(out)
    }

    /// What it does, a step for each field.
    fn steps(self) -> impl Iterator<Item = Step> {
        self.rules().iter().map(move |rule| {
            let verb = match rule.how {
                How::Set => "sets",
                How::Append(_) => "adds to",
                How::Fill => "sends, if the client does not,",
            };
            let stands = match rule.value {
                Value::Unknowable(text) => format!("; {text} stands for a value that only it knows"),
                _ => String::new(),
            };
            Step::own(StepKind::Field(rule.name.to_owned()), format!("{self} {verb} {}{stands}", rule.name))
        })
    }
}

impl Value {
    fn text(&self, request: &Received<'_>, head: &RequestHead, scheme: &str) -> String {
        let client = request.peer.ip().to_canonical();
        match self {
            Self::Client => client.to_string(),
            Self::ClientAndOwn => format!("{client},{}", request.local.ip().to_canonical()),
            Self::Scheme => scheme.to_owned(),
            Self::Port => {
                let named = head.get("host").and_then(|host| split_port(host).1);
                named.or_else(|| default_port(scheme)).unwrap_or_else(|| request.local.port()).to_string()
            }
            Self::Visitor => format!("{{\"scheme\":\"{scheme}\"}}"),
            Self::Text(text) | Self::Unknowable(text) => (*text).to_owned(),
        }
    }
}

impl fmt::Display for Balancer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Balancer {
    type Err = String;

    /// Reads a name of the command line.
    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|balancer| balancer.name() == text);
        known.ok_or_else(|| format!("{text:?} is no balancer that is known: aws-alb, gcp or cloudflare"))
    }
}

/// A balancer in front of a proxy, and how clients reach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Front {
    /// Which one it is.
    pub balancer: Balancer,
    /// Whether clients use TLS; `None` if the connection tells.
    pub tls: Option<bool>,
}

impl Front {
    /// The head as it leaves the balancer; `None` if what came is no acceptable HTTP.
    pub fn apply(&self, request: &Received<'_>) -> Option<Vec<u8>> {
        let scheme = if self.tls.unwrap_or(request.tls.is_some()) { "https" } else { "http" };
        self.balancer.apply(request, scheme)
    }
}

impl Gateway {
    /// The same proxy behind a balancer.
    #[must_use]
    pub fn behind(self, front: Front) -> Self {
        let inner = Arc::clone(&self.model);
        Self { front: Some(front), model: Arc::new(Behind { front, inner }), ..self }
    }

    /// A balancer with the app right behind it.
    pub fn of_balancer(front: Front, upstream: Upstream) -> Self {
        let router = Router {
            name: "/".to_owned(),
            rule: format!("--behind {} --to {upstream}", front.balancer),
            place: None,
            priority: None,
            prefix: Some(String::new()),
            path: "keep".to_owned(),
            upstreams: vec![Destination::Http(upstream.clone())],
        };
        let app = Self::new(Proxy::Flags, None, Arc::new(App(upstream)));
        Self { routers: vec![router], ..app }.behind(front)
    }
}

/// A proxy behind a balancer.
#[derive(Debug)]
struct Behind {
    front: Front,
    inner: Arc<dyn Model>,
}

impl Model for Behind {
    fn plan(&self, request: &Received<'_>, world: &dyn World) -> Plan {
        let Front { balancer, .. } = self.front;
        let Some(head) = self.front.apply(request) else {
            let what = format!("what {balancer} makes of a head that is no acceptable HTTP is not modelled");
            return Plan {
                router: None,
                steps: Vec::new(),
                action: Action::Answer(Reply::status(400)),
                unknown: vec![NotUnderstood { place: None, what }],
            };
        };
        let peer = SocketAddr::new(balancer.address(), request.peer.port());
        let plan = self.inner.plan(&Received { head: &head, peer, ..*request }, world);
        Plan { steps: balancer.steps().chain(plan.steps).collect(), ..plan }
    }
}

/// No proxy at all: the head goes on as it is.
#[derive(Debug)]
struct App(Upstream);

impl Model for App {
    fn plan(&self, request: &Received<'_>, _: &dyn World) -> Plan {
        let forward = Forward {
            purpose: Purpose::Request,
            to: Destination::Http(self.0.clone()),
            head: request.head.to_vec(),
            back: Arc::new(AsItComes),
        };
        Plan { router: Some(0), steps: Vec::new(), action: Action::Forward(forward), unknown: Vec::new() }
    }
}

/// Passes every response on.
#[derive(Debug)]
struct AsItComes;

impl Back for AsItComes {
    fn respond(&self, response: &ResponseHead, _: &dyn World) -> Returned {
        Returned { steps: Vec::new(), onward: Onward::Deliver(response.clone()), unknown: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::{Tls, Unseen};

    const CLIENT: &str = "GET /a HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: ftp\r\n\r\n";

    /// The fields that the app gets, by name.
    fn sent(balancer: Balancer, head: &str, tls: bool) -> String {
        let gateway = Gateway::of_balancer(Front { balancer, tls: None }, Upstream::parse("http://app:8000").unwrap());
        let received = Received {
            head: head.as_bytes(),
            body: None,
            peer: "203.0.113.9:5".parse().unwrap(),
            local: "127.0.0.1:80".parse().unwrap(),
            tls: tls.then_some(Tls { name: None }),
        };
        match gateway.plan(&received, &Unseen).action {
            Action::Forward(forward) => String::from_utf8(forward.head).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_balancers_make_of_a_request() {
        assert_eq!(
            sent(Balancer::AwsAlb, CLIENT, true),
            "GET /a HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.9\r\nX-Forwarded-Proto: https\r\n\
             X-Forwarded-Port: 443\r\nX-Amzn-Trace-Id: Root=1-00000000-000000000000000000000000\r\n\r\n"
        );
        let gcp = sent(Balancer::Gcp, CLIENT, false);
        assert!(gcp.contains("X-Forwarded-For: 6.6.6.6,203.0.113.9,127.0.0.1\r\n"), "two entries: {gcp}");
        assert!(gcp.contains("X-Forwarded-Proto: http\r\n") && gcp.contains("Via: 1.1 google\r\n"), "{gcp}");
        let cloudflare =
            sent(Balancer::Cloudflare, &CLIENT.replace("Host: h", "Host: h\r\nCF-Connecting-IP: 1.1.1.1"), true);
        assert!(cloudflare.contains("CF-Connecting-IP: 203.0.113.9\r\n"), "{cloudflare}");
        assert!(!cloudflare.contains("1.1.1.1") && cloudflare.contains("CF-Visitor: {\"scheme\":\"https\"}\r\n"));
    }

    #[test]
    fn a_trace_of_the_client_is_kept() {
        let head = "GET / HTTP/1.1\r\nHost: h:8443\r\nX-Amzn-Trace-Id: Root=1-6-a\r\n\r\n";
        let sent = sent(Balancer::AwsAlb, head, true);
        assert!(
            sent.contains("X-Amzn-Trace-Id: Root=1-6-a\r\n") && sent.contains("X-Forwarded-Port: 8443\r\n"),
            "{sent}"
        );
    }

    #[test]
    fn each_is_known_by_what_it_sends() {
        for balancer in Balancer::ALL {
            let head = RequestHead::from_wire(sent(balancer, CLIENT, false).as_bytes()).unwrap();
            assert_eq!(Balancer::of(&head.fields()), Some(balancer));
            assert_eq!(balancer.name().parse(), Ok(balancer));
        }
        assert_eq!(Balancer::of(&RequestHead::from_wire(CLIENT.as_bytes()).unwrap().fields()), None);
    }

    #[test]
    fn what_is_no_http_is_not_answered_for() {
        let gateway =
            Gateway::of_balancer(Front { balancer: Balancer::Gcp, tls: None }, Upstream::parse("http://app").unwrap());
        let address = "127.0.0.1:1".parse().unwrap();
        let received = Received { head: b"GET\r\n\r\n", body: None, peer: address, local: address, tls: None };
        assert!(!gateway.plan(&received, &Unseen).unknown.is_empty());
    }
}
