//! Cookies of upstreams: `proxy_cookie_domain`, `proxy_cookie_path`, `proxy_cookie_flags`.
//!
//! A cookie that no rule fits goes on byte for byte; one that a rule fits is written anew, `; ` between its attributes.
//!
//! Source: `ngx_http_proxy_rewrite_cookie`, `ngx_http_proxy_parse_cookie`, `ngx_http_proxy_rewrite_cookie_flags`,
//! `ngx_http_proxy_edit_cookie_flags` (`ngx_http_proxy_module.c`, 1.22.1).

use super::redirect::{self, Compare};
use super::settings::{CookieFlags, Pattern};
use super::visit::Visit;
use crate::gateway::StepKind;

/// A `Set-Cookie` value as it goes to the client.
pub(super) fn rewrite(visit: &mut Visit, value: &[u8]) -> Vec<u8> {
    let proxy = visit.settings().proxy.clone();
    let mut cookie = Cookie::parse(value);
    if cookie.attributes.first().is_none_or(|first| first.value.is_none()) {
        return value.to_vec();
    }
    let mut changed = false;
    for attribute in cookie.attributes.iter_mut().skip(1) {
        let rules = if attribute.is("domain") {
            (&proxy.cookie_domains, Compare::Domain)
        } else if attribute.is("path") {
            (&proxy.cookie_paths, Compare::Start)
        } else {
            continue;
        };
        let Some(text) = &attribute.value else { continue };
        if let Some(new) = redirect::rewrite(visit, rules.0, text, 0, rules.1) {
            attribute.value = Some(new);
            changed = true;
        }
    }
    if let Some(flags) = flags(visit, &proxy.cookie_flags, &cookie) {
        cookie.set(flags);
        changed = true;
    }
    if changed { cookie.write() } else { value.to_vec() }
}

/// The flags that the first line for this cookie asks for; `None` if there is none, or it asks for nothing.
fn flags(visit: &mut Visit, lines: &[CookieFlags], cookie: &Cookie) -> Option<Flags> {
    let name = cookie.attributes.first()?.name.clone();
    let line = lines.iter().find(|line| match &line.cookie {
        Pattern::Regex(regex) => visit.matches(regex, &name),
        Pattern::Text(text) => {
            let text = text.fill(visit);
            visit.known(text).eq_ignore_ascii_case(&name)
        }
    })?;
    let mut flags = Flags::default();
    for flag in &line.flags {
        let flag = flag.fill(visit);
        flags.add(&visit.known(flag));
    }
    if flags == Flags::default() {
        return None;
    }
    visit.step(StepKind::Response, format!("proxy_cookie_flags {}", name.escape_ascii()), &line.place);
    Some(flags)
}

/// What is to become of an attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Wish {
    on: bool,
    off: bool,
}

/// What is to become of the three attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Flags {
    secure: Wish,
    httponly: Wish,
    /// The value that goes before the others.
    samesite: Option<SameSite>,
    nosamesite: bool,
}

/// In the order in which nginx looks at them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SameSite {
    Strict,
    Lax,
    None,
}

impl SameSite {
    const fn text(self) -> &'static [u8] {
        match self {
            Self::Strict => b"Strict",
            Self::Lax => b"Lax",
            Self::None => b"None",
        }
    }
}

impl Flags {
    /// Adds a flag by its name; what is none is passed over.
    fn add(&mut self, name: &[u8]) {
        let at_least = |before: Option<SameSite>, now| Some(before.map_or(now, |before| before.min(now)));
        match name.to_ascii_lowercase().as_slice() {
            b"secure" => self.secure.on = true,
            b"nosecure" => self.secure.off = true,
            b"httponly" => self.httponly.on = true,
            b"nohttponly" => self.httponly.off = true,
            b"samesite=strict" => self.samesite = at_least(self.samesite, SameSite::Strict),
            b"samesite=lax" => self.samesite = at_least(self.samesite, SameSite::Lax),
            b"samesite=none" => self.samesite = at_least(self.samesite, SameSite::None),
            b"nosamesite" => self.nosamesite = true,
            _ => {}
        }
    }
}

/// A cookie, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Cookie {
    /// Its name and value, and its attributes.
    attributes: Vec<Attribute>,
}

#[derive(Debug, PartialEq, Eq)]
struct Attribute {
    name: Vec<u8>,
    value: Option<Vec<u8>>,
}

impl Attribute {
    fn new(name: &[u8], value: Option<&[u8]>) -> Self {
        Self { name: name.to_vec(), value: value.map(<[u8]>::to_vec) }
    }

    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

impl Cookie {
    fn parse(text: &[u8]) -> Self {
        let attribute = |part: &[u8]| match memchr::memchr(b'=', part) {
            Some(at) => {
                let (name, value) = part.split_at(at);
                Attribute::new(blanks_cut(name), value.get(1..).map(blanks_cut))
            }
            None => Attribute::new(blanks_cut(part), None),
        };
        Self { attributes: text.split(|&byte| byte == b';').map(attribute).collect() }
    }

    /// Does what the flags ask for: to the attributes that are there, and by new ones.
    fn set(&mut self, flags: Flags) {
        let mut rest = flags;
        let mut position = 0;
        self.attributes.retain_mut(|attribute| {
            position += 1;
            position == 1 || rest.meets(attribute)
        });
        let mut add = |name: &[u8], value: Option<&[u8]>| self.attributes.push(Attribute::new(name, value));
        if rest.secure.on {
            add(b"Secure", None);
        }
        if rest.httponly.on {
            add(b"HttpOnly", None);
        }
        if let Some(samesite) = rest.samesite {
            add(b"SameSite", Some(samesite.text()));
        }
    }

    fn write(&self) -> Vec<u8> {
        let text = |attribute: &Attribute| match &attribute.value {
            Some(value) => [attribute.name.as_slice(), b"=", value].concat(),
            None => attribute.name.clone(),
        };
        self.attributes.iter().map(text).collect::<Vec<_>>().join(b"; ".as_slice())
    }
}

impl Flags {
    /// An attribute that is there: what is asked for it is done. False if it is to go.
    fn meets(&mut self, attribute: &mut Attribute) -> bool {
        let wish = if attribute.is("secure") {
            &mut self.secure
        } else if attribute.is("httponly") {
            &mut self.httponly
        } else if attribute.is("samesite") {
            return self.meets_samesite(attribute);
        } else {
            return true;
        };
        if std::mem::take(&mut wish.on) { true } else { !wish.off }
    }

    fn meets_samesite(&mut self, attribute: &mut Attribute) -> bool {
        let Some(samesite) = self.samesite.take() else { return !self.nosamesite };
        let same = attribute.value.as_ref().is_some_and(|value| value.eq_ignore_ascii_case(samesite.text()));
        if !same {
            *attribute = Attribute::new(b"SameSite", Some(samesite.text()));
        }
        true
    }
}

/// Spaces at both ends cut; nginx knows no other blanks here.
fn blanks_cut(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|&byte| byte != b' ').unwrap_or(text.len());
    let end = text.iter().rposition(|&byte| byte != b' ').map_or(start, |at| at + 1);
    text.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_on_cookies() {
        for (cookie, flags, after) in [
            ("a=b", "secure samesite=lax", "a=b; Secure; SameSite=Lax"),
            ("a=b; secure; Path=/", "secure httponly", "a=b; secure; Path=/; HttpOnly"),
            ("a=b;Secure ;HttpOnly;  Max-Age = 5", "nosecure nohttponly", "a=b; Max-Age=5"),
            ("a=b; SameSite=strict", "samesite=strict", "a=b; SameSite=strict"),
            ("a=b; samesite=none", "samesite=lax", "a=b; SameSite=Lax"),
            ("a=b; samesite=none; X", "nosamesite", "a=b; X"),
            ("a=b; samesite", "samesite=none samesite=strict", "a=b; SameSite=Strict"),
            ("a=", "secure", "a=; Secure"),
            ("secure=1; secure", "secure nosecure", "secure=1; secure"),
        ] {
            let mut wished = Flags::default();
            flags.split(' ').for_each(|flag| wished.add(flag.as_bytes()));
            let mut cookie = Cookie::parse(cookie.as_bytes());
            cookie.set(wished);
            assert_eq!(String::from_utf8(cookie.write()).unwrap(), after, "{flags}");
        }
    }
}
