//! The settings of one block, while its directives are read.
//!
//! Source: the command tables of the modules, 1.22.1.

mod proxy;
pub(super) mod value;

use std::collections::HashSet;
use std::sync::Arc;

use super::compile::{Context, variable};
use super::config::{Fallback, Handler, TryFiles};
use super::ignored::{self, Meaning};
use super::proxy_pass::To;
use super::request::HeadRules;
use super::settings::{
    Access, AddHeader, AuthRequestSet, ErrorPage, Limit, Overwrite, Pattern, Rewriting, Root, Settings,
};
use super::template::Template;
use super::tree::Directive;
use super::variables::Kind as VariableKind;
use crate::gateway::{ConfigError, NotUnderstood};

/// A block's settings so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Level {
    pub(super) settings: Settings,
    pub(super) rules: HeadRules,
    /// `ssl on`
    pub(super) tls: bool,
    /// `ssl_verify_client`, unless it is off.
    pub(super) verifies_clients: Option<NotUnderstood>,
    /// `resolver`
    pub(super) resolver: bool,
    /// The length of the location's name; `None` in one by expression.
    pub(super) prefix: Option<usize>,
    pub(super) handler: Option<Handler>,
    pub(super) try_files: Option<TryFiles>,
    /// The directives that this block had so far.
    seen: HashSet<String>,
}

impl Level {
    /// What a block inside this one begins with.
    pub(super) fn below(&self) -> Self {
        Self { handler: None, try_files: None, seen: HashSet::new(), ..self.clone() }
    }

    /// Notes that something in this block is not understood.
    pub(super) fn doubt(&mut self, doubt: NotUnderstood) {
        Arc::make_mut(&mut self.settings.doubts).push(doubt);
    }

    /// All directives are read: the default `proxy_redirect` follows from `proxy_pass`.
    pub(super) fn settle(&mut self) {
        let proxy = &self.settings.proxy;
        if proxy.redirect
            && proxy.redirects.is_none()
            && let Some(rule) = self.default_redirect()
        {
            self.settings.proxy.redirects = Some(Arc::new(vec![rule]));
        }
    }

    /// `proxy_redirect default`
    fn default_redirect(&self) -> Option<Rewriting> {
        let Some(Handler::Proxy(pass)) = &self.handler else { return None };
        let To::Fixed(_) = &pass.to else { return None };
        let (from, to) = if pass.has_uri() {
            (pass.url.clone(), pass.location.clone())
        } else {
            ([pass.url.as_slice(), b"/"].concat(), b"/".to_vec())
        };
        Some(Rewriting {
            from: Pattern::Text(Template::literal(from)),
            to: Template::literal(to),
            text: format!("proxy_redirect default of {}", pass.text),
            place: pass.place.clone(),
        })
    }

    /// True the first time that a block has this directive: a list begins anew.
    fn first(&mut self, directive: &Directive) -> bool {
        self.seen.insert(directive.name.clone())
    }

    /// Refuses a directive that a block has already.
    fn once(&mut self, directive: &Directive) -> Result<(), ConfigError> {
        if self.first(directive) { Ok(()) } else { Err(directive.wrong("it is duplicate: the block has it already")) }
    }

    /// Takes in a directive.
    ///
    /// # Errors
    /// nginx refuses it.
    pub(super) fn apply(&mut self, directive: &Directive, cx: &mut Context) -> Result<(), ConfigError> {
        if let Some(rest) = directive.name.strip_prefix("proxy_")
            && self.proxy(rest, directive, cx)?
        {
            return Ok(());
        }
        if self.flag(directive)? || self.list(directive, cx)? || self.single(directive, cx)? {
            return Ok(());
        }
        match ignored::meaning(&directive.name) {
            Meaning::Ignored => Ok(()),
            Meaning::OffOnly if directive.args.iter().all(|arg| arg == b"off") => Ok(()),
            Meaning::Handler(why) => {
                let doubt = cx.note(directive, format!("{directive}: {why}"));
                self.handler = Some(Handler::Other(doubt));
                Ok(())
            }
            Meaning::Misplaced => Err(directive.wrong("it is not allowed here")),
            Meaning::OffOnly | Meaning::Unknown => {
                let doubt = cx.note(directive, format!("{directive}: what it does to a request is not modelled"));
                self.doubt(doubt);
                Ok(())
            }
        }
    }

    /// Directives that are on or off.
    fn flag(&mut self, directive: &Directive) -> Result<bool, ConfigError> {
        let (settings, rules) = (&mut self.settings, &mut self.rules);
        let flag = match directive.name.as_str() {
            "absolute_redirect" => &mut settings.absolute_redirect,
            "port_in_redirect" => &mut settings.port_in_redirect,
            "server_name_in_redirect" => &mut settings.server_name_in_redirect,
            "recursive_error_pages" => &mut settings.recursive_error_pages,
            "autoindex" => &mut settings.autoindex,
            "real_ip_recursive" => &mut settings.real_ip.recursive,
            "merge_slashes" => &mut rules.merge_slashes,
            "underscores_in_headers" => &mut rules.underscores_in_headers,
            "ignore_invalid_headers" => &mut rules.ignore_invalid_headers,
            "ssl" => &mut self.tls,
            _ => return Ok(false),
        };
        *flag = value::flag(directive)?;
        self.once(directive)?;
        Ok(true)
    }

    /// Directives of which a block may have several.
    fn list(&mut self, directive: &Directive, cx: &mut Context) -> Result<bool, ConfigError> {
        match directive.name.as_str() {
            "error_page" => {
                let pages = error_pages(directive, cx)?;
                if self.first(directive) {
                    self.settings.error_pages = Arc::default();
                }
                Arc::make_mut(&mut self.settings.error_pages).extend(pages);
            }
            "allow" | "deny" => {
                let [from] = directive.args.as_slice() else { return Err(directive.wrong("it takes one address")) };
                let from = value::peers(from).map_err(|why| directive.wrong(why))?;
                // Both make one list.
                if self.seen.insert("allow".to_owned()) {
                    self.settings.access = Arc::default();
                }
                let allow = directive.name == "allow";
                let rule = Access { allow, from, place: directive.place.clone() };
                Arc::make_mut(&mut self.settings.access).push(rule);
            }
            "set_real_ip_from" => {
                let [from] = directive.args.as_slice() else { return Err(directive.wrong("it takes one address")) };
                let Ok(from) = value::peers(from) else {
                    let doubt = cx.note(directive, format!("{directive}: the address of a name is not known"));
                    self.doubt(doubt);
                    return Ok(true);
                };
                if self.first(directive) {
                    self.settings.real_ip.from = Arc::default();
                }
                Arc::make_mut(&mut self.settings.real_ip.from).push((from, directive.place.clone()));
            }
            "auth_request_set" => {
                let [name, value] = directive.args.as_slice() else {
                    return Err(directive.wrong("it takes a variable and a value"));
                };
                let name = variable(directive, name)?;
                let variable = cx.make(directive, name, VariableKind::Stored)?;
                let value = cx.template(directive, value)?;
                if self.first(directive) {
                    self.settings.auth_request_sets = Arc::default();
                }
                let set = AuthRequestSet { variable, value };
                Arc::make_mut(&mut self.settings.auth_request_sets).push(set);
            }
            "add_header" => {
                let (name, value, always) = match directive.args.as_slice() {
                    [name, value] => (name, value, false),
                    [name, value, always] if always == b"always" => (name, value, true),
                    _ => return Err(directive.wrong("it takes a name, a value and \"always\" if need be")),
                };
                let value = cx.template(directive, value)?;
                if self.first(directive) {
                    self.settings.add_headers = Arc::default();
                }
                let line = AddHeader { name: name.clone(), value, always };
                Arc::make_mut(&mut self.settings.add_headers).push(line);
            }
            "limit_req" | "limit_conn" => {
                if self.first(directive) {
                    let kept = |limit: &Limit| !limit.text.starts_with(&directive.name);
                    Arc::make_mut(&mut self.settings.limits).retain(kept);
                }
                let zone = |arg: &Vec<u8>| Some(cx.slow_zones.get(arg.strip_prefix(b"zone=")?)?.clone());
                let limit = Limit {
                    text: directive.to_string(),
                    slow: directive.args.iter().find_map(zone),
                    place: directive.place.clone(),
                };
                Arc::make_mut(&mut self.settings.limits).push(limit);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Directives of which a block has one.
    fn single(&mut self, directive: &Directive, cx: &mut Context) -> Result<bool, ConfigError> {
        let one = || match directive.args.as_slice() {
            [arg] => Ok(arg.as_slice()),
            _ => Err(directive.wrong("it takes one argument")),
        };
        match directive.name.as_str() {
            "root" | "alias" => {
                let path = one()?;
                if !self.seen.insert("root".to_owned()) {
                    return Err(directive.wrong("the block has a root or an alias already"));
                }
                self.settings.root = self.root(directive, path, cx)?;
                return Ok(true);
            }
            "index" => {
                let names = directive.args.iter().map(|name| cx.template(directive, name)).collect::<Result<_, _>>()?;
                self.settings.index = Arc::new(names);
            }
            "internal" => self.settings.internal = true,
            "default_type" => self.settings.default_type = Arc::from(one()?),
            "satisfy" => {
                self.settings.satisfy_any = match one()? {
                    b"any" => true,
                    b"all" => false,
                    _ => return Err(directive.wrong("it is all or any")),
                };
            }
            "auth_basic" => {
                let realm = one()?;
                self.settings.auth_basic = match realm {
                    b"off" => None,
                    _ => Some((cx.template(directive, realm)?, directive.place.clone())),
                };
            }
            "auth_request" => {
                let uri = one()?;
                self.settings.auth_request = (uri != b"off").then(|| (uri.to_vec(), directive.place.clone()));
            }
            "client_max_body_size" => self.settings.client_max_body_size = value::size(directive, one()?)?,
            "real_ip_header" => self.settings.real_ip.header = Arc::from(one()?.to_ascii_lowercase()),
            "resolver" => self.resolver = true,
            "try_files" => self.try_files = Some(try_files(directive, cx)?),
            "client_header_buffer_size" => {
                self.rules.client_header_buffer_size = value::length(directive, one()?)?;
            }
            "large_client_header_buffers" => {
                let [count, size] = directive.args.as_slice() else {
                    return Err(directive.wrong("it takes a number and a size"));
                };
                let count = value::length(directive, count)?;
                self.rules.large_client_header_buffers = (count, value::length(directive, size)?);
            }
            "max_headers" => self.rules.max_headers = value::length(directive, one()?)?,
            "ssl_verify_client" => {
                let off = one()? == b"off";
                let what = format!("{directive}: certificates of clients are not looked at");
                self.verifies_clients = if off { None } else { Some(cx.note(directive, what)) };
            }
            _ => return Ok(false),
        }
        self.once(directive)?;
        Ok(true)
    }

    fn root(&self, directive: &Directive, path: &[u8], cx: &mut Context) -> Result<Root, ConfigError> {
        let alias = directive.name == "alias";
        // A root loses one slash at its end; an alias is put before the rest of the path as it stands.
        let path = if alias { path } else { path.strip_suffix(b"/").unwrap_or(path) };
        let path = cx.template(directive, path)?;
        if let Some(folder) = path.constant() {
            cx.folder(folder);
        }
        Ok(Root { path, alias, prefix: self.prefix, place: Some(directive.place.clone()) })
    }
}

/// The statuses of an `error_page`.
fn error_pages(directive: &Directive, cx: &mut Context) -> Result<Vec<ErrorPage>, ConfigError> {
    let Some((target, codes)) = directive.args.split_last() else {
        return Err(directive.wrong("it takes codes and a URI"));
    };
    let invalid = |text: &[u8]| directive.wrong(format!("invalid value \"{}\"", String::from_utf8_lossy(text)));
    let (overwrite, codes) = match codes.split_last() {
        Some((last, codes)) if last.first() == Some(&b'=') && !codes.is_empty() => match last.get(1..) {
            None | Some([]) => (Some(Overwrite::OfPage), codes),
            Some(status) => (Some(Overwrite::Status(value::code(status).ok_or_else(|| invalid(last))?)), codes),
        },
        _ => (None, codes),
    };
    if codes.is_empty() {
        return Err(directive.wrong("it takes at least one code and a URI"));
    }
    let target = cx.template(directive, target)?;
    let page = |code: &Vec<u8>| {
        let status = value::code(code).filter(|status| *status != 499).ok_or_else(|| invalid(code))?;
        if !(300..=599).contains(&status) {
            return Err(directive.wrong(format!("value \"{status}\" must be between 300 and 599")));
        }
        let overwrite = match (overwrite, status) {
            (None, 494..=497) => Some(Overwrite::Status(400)),
            _ => overwrite,
        };
        let (text, place) = (directive.to_string(), directive.place.clone());
        Ok(ErrorPage { status, overwrite, target: target.clone(), text, place })
    };
    codes.iter().map(page).collect()
}

/// `try_files`
fn try_files(directive: &Directive, cx: &mut Context) -> Result<TryFiles, ConfigError> {
    let Some((last, candidates)) = directive.args.split_last().filter(|(_, rest)| !rest.is_empty()) else {
        return Err(directive.wrong("it takes a file at least, and what is done without it"));
    };
    let candidates = candidates.iter().map(|name| cx.template(directive, name)).collect::<Result<_, _>>()?;
    let fallback = match last.strip_prefix(b"=") {
        Some(code) => {
            let code = value::code(code);
            let invalid = || directive.wrong(format!("invalid code \"{}\"", String::from_utf8_lossy(last)));
            Fallback::Status(code.filter(|code| *code <= 999).ok_or_else(invalid)?)
        }
        None => Fallback::Uri(cx.template(directive, last)?),
    };
    Ok(TryFiles { candidates, fallback, text: directive.to_string(), place: directive.place.clone() })
}
