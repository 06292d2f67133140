//! The cookies of one chain: kept, sent and dropped as browsers do, by the same rules that judge them.

use reqwest::header::HeaderValue;

use crate::exchange::ResponseHead;
use crate::redirect::{SetCookie, Url};

/// Cookies kept at most.
const MOST: usize = 64;

/// The cookies, oldest first.
#[derive(Debug, Default)]
pub(super) struct Jar {
    kept: Vec<Kept>,
}

/// A cookie as it was set.
#[derive(Debug)]
struct Kept {
    line: Vec<u8>,
    set_by: Url,
}

impl Jar {
    /// Takes in what an answer sets. Of two with the same name, domain and path the newer stays.
    pub(super) fn take_in(&mut self, from: &Url, response: &ResponseHead) {
        for line in response.fields().all("set-cookie") {
            let Some(cookie) = SetCookie::parse(line) else { continue };
            self.kept.retain(|kept| !kept.is_the_same(&cookie, from));
            if !cookie.removes && self.kept.len() < MOST {
                self.kept.push(Kept { line: line.to_vec(), set_by: from.clone() });
            }
        }
    }

    /// The `Cookie` header for a request, after what the user gave; `None` if there is nothing to add.
    pub(super) fn cookie(&self, to: &Url, given: Option<&HeaderValue>) -> Option<HeaderValue> {
        let sent = self
            .kept
            .iter()
            .filter(|kept| SetCookie::parse(&kept.line).is_some_and(|cookie| cookie.sent_to(&kept.set_by, to).is_ok()));
        let pairs: Vec<&[u8]> = sent.filter_map(|kept| kept.line.split(|&b| b == b';').next()).collect();
        if pairs.is_empty() {
            return None;
        }
        let given = given.map(HeaderValue::as_bytes);
        HeaderValue::from_bytes(&given.into_iter().chain(pairs).collect::<Vec<_>>().join(&b"; "[..])).ok()
    }
}

impl Kept {
    fn is_the_same(&self, other: &SetCookie<'_>, from: &Url) -> bool {
        SetCookie::parse(&self.line).is_some_and(|this| {
            this.name == other.name
                && this.domain.as_deref().unwrap_or(&self.set_by.host) == other.domain.as_deref().unwrap_or(&from.host)
                && this.effective_path(&self.set_by) == other.effective_path(from)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_go_where_they_belong() {
        let url = |text: &str| Url::absolute(text.as_bytes()).unwrap();
        let set =
            |lines: &str| ResponseHead::from_wire(format!("HTTP/1.1 302 F\r\n{lines}\r\n\r\n").into_bytes()).unwrap();
        let mut jar = Jar::default();
        let from = url("https://h/p/login");
        jar.take_in(
            &from,
            &set("Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2; Path=/app\r\nSet-Cookie: c=3; Secure; Path=/"),
        );
        let sent = |jar: &Jar, to: &str| jar.cookie(&url(to), None).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(sent(&jar, "https://h/p/").as_deref(), Some("a=1; c=3"));
        assert_eq!(sent(&jar, "http://h/app/").as_deref(), Some("a=1; b=2"));
        assert_eq!(sent(&jar, "https://other/"), None);
        jar.take_in(&from, &set("Set-Cookie: a=9; Path=/\r\nSet-Cookie: c=; Path=/; Max-Age=0"));
        let given = HeaderValue::from_static("mine=1");
        assert_eq!(jar.cookie(&url("https://h/p/"), Some(&given)).unwrap(), "mine=1; a=9");
    }
}
