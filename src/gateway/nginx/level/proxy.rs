//! The directives that begin with `proxy_`, but for `proxy_pass`.

use std::sync::Arc;

use super::super::compile::Context;
use super::super::config::Handler;
use super::super::proxy_pass::To;
use super::super::settings::{CookieFlags, Pattern, ProxyVersion, Rewriting, SetHeader};
use super::super::tree::Directive;
use super::{Level, value};
use crate::gateway::ConfigError;

impl Level {
    /// Takes in a directive, less its `proxy_`; false if it is none that matters.
    ///
    /// # Errors
    /// nginx refuses it.
    pub(super) fn proxy(&mut self, name: &str, directive: &Directive, cx: &mut Context) -> Result<bool, ConfigError> {
        if self.proxy_flag(name, directive)? {
            return Ok(true);
        }
        match name {
            "set_header" => self.set_header(directive, cx)?,
            "redirect" => self.redirect(directive, cx)?,
            "cookie_path" | "cookie_domain" => self.cookie(name, directive, cx)?,
            "cookie_flags" => self.cookie_flags(directive, cx)?,
            "hide_header" | "pass_header" | "ignore_headers" | "next_upstream" => {
                let first = self.first(directive);
                let proxy = &mut self.settings.proxy;
                let list = match name {
                    "hide_header" => &mut proxy.hide_headers,
                    "pass_header" => &mut proxy.pass_headers,
                    "ignore_headers" => &mut proxy.ignore_headers,
                    _ => &mut proxy.next_upstream,
                };
                if first {
                    *list = Arc::default();
                }
                Arc::make_mut(list).extend(directive.args.iter().map(|name| name.to_ascii_lowercase()));
            }
            _ => return self.proxy_single(name, directive, cx),
        }
        Ok(true)
    }

    fn proxy_flag(&mut self, name: &str, directive: &Directive) -> Result<bool, ConfigError> {
        let proxy = &mut self.settings.proxy;
        let flag = match name {
            "pass_request_headers" => &mut proxy.pass_request_headers,
            "pass_request_body" => &mut proxy.pass_request_body,
            "request_buffering" => &mut proxy.request_buffering,
            "intercept_errors" => &mut proxy.intercept_errors,
            _ => return Ok(false),
        };
        *flag = value::flag(directive)?;
        self.once(directive)?;
        Ok(true)
    }

    fn proxy_single(&mut self, name: &str, directive: &Directive, cx: &mut Context) -> Result<bool, ConfigError> {
        let one = || match directive.args.as_slice() {
            [arg] => Ok(arg.as_slice()),
            _ => Err(directive.wrong("it takes one argument")),
        };
        match name {
            "set_body" => self.settings.proxy.set_body = Some(cx.template(directive, one()?)?),
            "method" => self.settings.proxy.method = Some(cx.template(directive, one()?)?),
            "http_version" => {
                self.settings.proxy.version = Some(match one()? {
                    b"1.0" => ProxyVersion::Http10,
                    b"1.1" => ProxyVersion::Http11,
                    b"2" => ProxyVersion::Http2,
                    _ => return Err(directive.wrong(format!("invalid value \"{}\"", directive.text(0)))),
                });
            }
            "buffer_size" => self.settings.proxy.buffer_size = value::size(directive, one()?)?,
            "cache" => self.settings.proxy.cache = (one()? != b"off").then(|| directive.place.clone()),
            _ => return Ok(false),
        }
        self.once(directive)?;
        Ok(true)
    }

    fn set_header(&mut self, directive: &Directive, cx: &mut Context) -> Result<(), ConfigError> {
        let [name, value] = directive.args.as_slice() else {
            return Err(directive.wrong("it takes a name and a value"));
        };
        let line = SetHeader {
            name: name.clone(),
            value: cx.template(directive, value)?,
            text: directive.to_string(),
            place: directive.place.clone(),
        };
        if self.first(directive) {
            self.settings.proxy.set_headers = Arc::default();
        }
        Arc::make_mut(&mut self.settings.proxy.set_headers).push(line);
        Ok(())
    }

    fn redirect(&mut self, directive: &Directive, cx: &mut Context) -> Result<(), ConfigError> {
        let first = self.first(directive);
        let own = !first && self.settings.proxy.redirect;
        if !first && !own {
            return Err(directive.wrong("it is duplicate: proxy_redirect is off here"));
        }
        let rule = match directive.args.as_slice() {
            [off] if off == b"off" => {
                if !first {
                    return Err(directive.wrong("it is duplicate"));
                }
                self.settings.proxy.redirect = false;
                self.settings.proxy.redirects = None;
                return Ok(());
            }
            [default] if default == b"default" => {
                let with_variables =
                    matches!(&self.handler, Some(Handler::Proxy(pass)) if matches!(pass.to, To::Variable(_)));
                if with_variables {
                    return Err(directive.wrong("\"default\" cannot be used with a proxy_pass with variables"));
                }
                let rule = self.default_redirect().map(|rule| Rewriting { place: directive.place.clone(), ..rule });
                rule.ok_or_else(|| directive.wrong("\"default\" should be placed after the proxy_pass"))?
            }
            [from, to] => {
                let from = match from.strip_prefix(b"~") {
                    Some(pattern) => regex(pattern, false, directive, cx)?,
                    None => Pattern::Text(cx.template(directive, from)?),
                };
                rewriting(from, to, directive, cx)?
            }
            _ => return Err(directive.wrong("invalid parameter: it is off, default, or two texts")),
        };
        let proxy = &mut self.settings.proxy;
        proxy.redirect = true;
        if first {
            proxy.redirects = None;
        }
        Arc::make_mut(proxy.redirects.get_or_insert_default()).push(rule);
        Ok(())
    }

    fn cookie(&mut self, name: &str, directive: &Directive, cx: &mut Context) -> Result<(), ConfigError> {
        let domain = name == "cookie_domain";
        let rule = match directive.args.as_slice() {
            [off] if off == b"off" => None,
            [from, to] => Some(match from.strip_prefix(b"~") {
                Some(pattern) => rewriting(regex(pattern, domain, directive, cx)?, to, directive, cx)?,
                None if domain => {
                    let bare = |text: &[u8]| text.strip_prefix(b".").unwrap_or(text).to_vec();
                    let from = Pattern::Text(cx.template(directive, &bare(from))?);
                    rewriting(from, &bare(to), directive, cx)?
                }
                None => {
                    let from = Pattern::Text(cx.template(directive, from)?);
                    rewriting(from, to, directive, cx)?
                }
            }),
            _ => return Err(directive.wrong("invalid parameter: it is off, or two texts")),
        };
        let first = self.first(directive);
        let proxy = &mut self.settings.proxy;
        let list = if domain { &mut proxy.cookie_domains } else { &mut proxy.cookie_paths };
        if first {
            *list = Arc::default();
        }
        Arc::make_mut(list).extend(rule);
        Ok(())
    }

    fn cookie_flags(&mut self, directive: &Directive, cx: &mut Context) -> Result<(), ConfigError> {
        let rule = match directive.args.as_slice() {
            [off] if off == b"off" => None,
            [cookie, flags @ ..] if !flags.is_empty() => {
                let cookie = match cookie.strip_prefix(b"~") {
                    Some(pattern) => Pattern::Regex(cx.regex(pattern, true, directive)?),
                    None => Pattern::Text(cx.template(directive, cookie)?),
                };
                let flags = flags.iter().map(|flag| cx.template(directive, flag)).collect::<Result<_, _>>()?;
                Some(CookieFlags { cookie, flags, place: directive.place.clone() })
            }
            _ => return Err(directive.wrong("invalid parameter: it is off, or a cookie and its flags")),
        };
        if self.first(directive) {
            self.settings.proxy.cookie_flags = Arc::default();
        }
        Arc::make_mut(&mut self.settings.proxy.cookie_flags).extend(rule);
        Ok(())
    }
}

/// An expression behind its `~`; with another `*` it ignores case, as those of domains always do.
fn regex(pattern: &[u8], domain: bool, directive: &Directive, cx: &mut Context) -> Result<Pattern, ConfigError> {
    let (pattern, caseless) = match pattern.strip_prefix(b"*") {
        Some(pattern) if !domain => (pattern, true),
        _ => (pattern, domain),
    };
    Ok(Pattern::Regex(cx.regex(pattern, caseless, directive)?))
}

fn rewriting(from: Pattern, to: &[u8], directive: &Directive, cx: &mut Context) -> Result<Rewriting, ConfigError> {
    let to = cx.template(directive, to)?;
    Ok(Rewriting { from, to, text: directive.to_string(), place: directive.place.clone() })
}
