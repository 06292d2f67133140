//! What a location inherits: settings that a block takes over from the one around it unless it says otherwise.
//!
//! A list is taken over as a whole or not at all: one `proxy_set_header` in a location drops all those of the server.
//! Source: the `merge_loc_conf` functions of the modules, 1.22.1.

use std::sync::Arc;

use ipnet::IpNet;

use super::template::Template;
use super::variables::VariableId;
use super::visit::Regex;
use crate::gateway::{NotUnderstood, Place};

/// Settings in force at some place.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// `root`, `alias`
    pub(super) root: Root,
    /// `index`
    pub(super) index: Arc<Vec<Template>>,
    /// `autoindex`
    pub(super) autoindex: bool,
    /// `internal`
    pub(super) internal: bool,
    /// `absolute_redirect`
    pub(super) absolute_redirect: bool,
    /// `port_in_redirect`
    pub(super) port_in_redirect: bool,
    /// `server_name_in_redirect`
    pub(super) server_name_in_redirect: bool,
    /// `default_type`
    pub(super) default_type: Arc<[u8]>,
    /// `error_page`
    pub(super) error_pages: Arc<Vec<ErrorPage>>,
    /// `recursive_error_pages`
    pub(super) recursive_error_pages: bool,
    /// `satisfy any`
    pub(super) satisfy_any: bool,
    /// `allow`, `deny`
    pub(super) access: Arc<Vec<Access>>,
    /// `auth_basic`, unless it is off.
    pub(super) auth_basic: Option<(Template, Place)>,
    /// `auth_request`, unless it is off.
    pub(super) auth_request: Option<(Vec<u8>, Place)>,
    /// `auth_request_set`
    pub(super) auth_request_sets: Arc<Vec<AuthRequestSet>>,
    /// `client_max_body_size`; 0 for any.
    pub(super) client_max_body_size: u64,
    /// `limit_req`, `limit_conn`: they let a first request pass.
    pub(super) limits: Arc<Vec<Limit>>,
    /// `add_header`
    pub(super) add_headers: Arc<Vec<AddHeader>>,
    pub(super) real_ip: RealIp,
    pub(super) proxy: ProxySettings,
    /// What is not understood here or around here.
    pub(super) doubts: Arc<Vec<NotUnderstood>>,
}

/// `root` or `alias`.
#[derive(Clone, Debug)]
pub(super) struct Root {
    pub(super) path: Template,
    pub(super) alias: bool,
    /// The length of the prefix that an `alias` stands for; `None` in a location by expression, where it stands for all.
    pub(super) prefix: Option<usize>,
    /// `None` for nginx's default.
    pub(super) place: Option<Place>,
}

/// One status of an `error_page`.
#[derive(Clone, Debug)]
pub(super) struct ErrorPage {
    pub(super) status: u16,
    /// `=200`: this status instead; `=`: that of the page; neither: the status stays.
    pub(super) overwrite: Option<Overwrite>,
    /// A URI, `@name`, or a URL to redirect to; arguments included.
    pub(super) target: Template,
    pub(super) text: String,
    pub(super) place: Place,
}

/// What becomes of the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overwrite {
    /// `=200`
    Status(u16),
    /// `=`
    OfPage,
}

/// `limit_req`, `limit_conn`
#[derive(Clone, Debug)]
pub(super) struct Limit {
    /// The directive as written.
    pub(super) text: String,
    /// The rate, if it is so low that a few requests in a row are too many.
    pub(super) slow: Option<String>,
    pub(super) place: Place,
}

/// `allow`, `deny`
#[derive(Clone, Debug)]
pub(super) struct Access {
    pub(super) allow: bool,
    pub(super) from: Peers,
    pub(super) place: Place,
}

/// Some clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Peers {
    /// All.
    All,
    /// Those of a network.
    Net(IpNet),
    /// Those on a unix socket.
    Unix,
}

/// `auth_request_set`
#[derive(Clone, Debug)]
pub(super) struct AuthRequestSet {
    pub(super) variable: VariableId,
    pub(super) value: Template,
}

/// `add_header`
#[derive(Clone, Debug)]
pub(super) struct AddHeader {
    pub(super) name: Vec<u8>,
    pub(super) value: Template,
    pub(super) always: bool,
}

/// `set_real_ip_from`, `real_ip_header`, `real_ip_recursive`
#[derive(Clone, Debug)]
pub(super) struct RealIp {
    pub(super) from: Arc<Vec<(Peers, Place)>>,
    /// The field, in lower case; `proxy_protocol` for that.
    pub(super) header: Arc<[u8]>,
    pub(super) recursive: bool,
}

impl RealIp {
    /// The networks that are trusted.
    pub(super) fn networks(&self) -> Vec<IpNet> {
        let net = |(peers, _): &(Peers, Place)| match peers {
            Peers::Net(net) => vec![*net],
            Peers::All => ["0.0.0.0/0", "::/0"].iter().filter_map(|net| net.parse().ok()).collect(),
            Peers::Unix => Vec::new(),
        };
        self.from.iter().flat_map(net).collect()
    }
}

/// What `proxy_…` directives say, but for `proxy_pass`.
#[derive(Clone, Debug)]
pub(super) struct ProxySettings {
    /// `proxy_set_header`
    pub(super) set_headers: Arc<Vec<SetHeader>>,
    /// `proxy_set_body`
    pub(super) set_body: Option<Template>,
    /// `proxy_method`
    pub(super) method: Option<Template>,
    /// `proxy_http_version`
    pub(super) version: Option<ProxyVersion>,
    /// `proxy_pass_request_headers`
    pub(super) pass_request_headers: bool,
    /// `proxy_pass_request_body`
    pub(super) pass_request_body: bool,
    /// `proxy_buffer_size`
    pub(super) buffer_size: u64,
    /// `proxy_request_buffering`
    pub(super) request_buffering: bool,
    /// `proxy_intercept_errors`
    pub(super) intercept_errors: bool,
    /// `proxy_redirect`, the default one as the rule that it stands for.
    pub(super) redirects: Option<Arc<Vec<Rewriting>>>,
    /// False after `proxy_redirect off`.
    pub(super) redirect: bool,
    /// `proxy_cookie_domain`
    pub(super) cookie_domains: Arc<Vec<Rewriting>>,
    /// `proxy_cookie_path`
    pub(super) cookie_paths: Arc<Vec<Rewriting>>,
    /// `proxy_cookie_flags`
    pub(super) cookie_flags: Arc<Vec<CookieFlags>>,
    /// `proxy_hide_header`, in lower case.
    pub(super) hide_headers: Arc<Vec<Vec<u8>>>,
    /// `proxy_pass_header`, in lower case.
    pub(super) pass_headers: Arc<Vec<Vec<u8>>>,
    /// `proxy_ignore_headers`, in lower case.
    pub(super) ignore_headers: Arc<Vec<Vec<u8>>>,
    /// `proxy_next_upstream`: when the next server of a group is asked.
    pub(super) next_upstream: Arc<Vec<Vec<u8>>>,
    /// `proxy_cache`, unless it is off.
    pub(super) cache: Option<Place>,
}

/// `proxy_set_header`
#[derive(Clone, Debug)]
pub(super) struct SetHeader {
    pub(super) name: Vec<u8>,
    pub(super) value: Template,
    /// The directive as written.
    pub(super) text: String,
    pub(super) place: Place,
}

/// `proxy_http_version`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProxyVersion {
    /// `1.0`
    Http10,
    /// `1.1`
    Http11,
    /// `2`
    Http2,
}

/// A text, or a start of it, and what it becomes: `proxy_redirect`, `proxy_cookie_path`, `proxy_cookie_domain`.
#[derive(Clone, Debug)]
pub(super) struct Rewriting {
    pub(super) from: Pattern,
    pub(super) to: Template,
    /// The directive as written.
    pub(super) text: String,
    pub(super) place: Place,
}

/// What a [`Rewriting`] looks for.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    /// A text with variables.
    Text(Template),
    /// `~`, `~*`
    Regex(Regex),
}

/// `proxy_cookie_flags`
#[derive(Clone, Debug)]
pub(super) struct CookieFlags {
    pub(super) cookie: Pattern,
    /// `secure`, `nosamesite`, …, with variables.
    pub(super) flags: Vec<Template>,
    pub(super) place: Place,
}

impl Default for Settings {
    /// What holds where nothing is written.
    fn default() -> Self {
        Self {
            root: Root { path: Template::literal("html"), alias: false, prefix: None, place: None },
            index: Arc::new(vec![Template::literal("index.html")]),
            autoindex: false,
            internal: false,
            absolute_redirect: true,
            port_in_redirect: true,
            server_name_in_redirect: false,
            default_type: Arc::from(b"text/plain".as_slice()),
            error_pages: Arc::default(),
            recursive_error_pages: false,
            satisfy_any: false,
            access: Arc::default(),
            auth_basic: None,
            auth_request: None,
            auth_request_sets: Arc::default(),
            client_max_body_size: 1024 * 1024,
            limits: Arc::default(),
            add_headers: Arc::default(),
            real_ip: RealIp { from: Arc::default(), header: Arc::from(b"x-real-ip".as_slice()), recursive: false },
            proxy: ProxySettings::default(),
            doubts: Arc::default(),
        }
    }
}

impl Default for ProxySettings {
    fn default() -> Self {
        Self {
            set_headers: Arc::default(),
            set_body: None,
            method: None,
            version: None,
            pass_request_headers: true,
            pass_request_body: true,
            buffer_size: 4096,
            request_buffering: true,
            intercept_errors: false,
            redirects: None,
            redirect: true,
            cookie_domains: Arc::default(),
            cookie_paths: Arc::default(),
            cookie_flags: Arc::default(),
            hide_headers: Arc::default(),
            pass_headers: Arc::default(),
            ignore_headers: Arc::default(),
            next_upstream: Arc::new(vec![b"error".to_vec(), b"timeout".to_vec()]),
            cache: None,
        }
    }
}
