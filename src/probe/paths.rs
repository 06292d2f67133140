//! Which of some paths the app has: for an app without a description.
//!
//! This file exists because plain Starlette, Django and a FastAPI with `openapi_url=None` name no routes. Whether a path that
//! such an app answered with 404 merely has a prefix too many, only the app can tell: the same path is asked for without its
//! leading segments, by HEAD, which changes nothing and has no body.

use crate::gateway::Upstream;

use super::{LIMIT, client};

/// Requests sent at most.
const ASKED_AT_MOST: usize = 16;

/// A path that the app answered with 404, and the part of it that it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shorter {
    /// The leading part that is too many, `/api/v1`.
    pub prefix: String,
    /// The rest, which the app has, `/items/`.
    pub rest: String,
}

/// Asks the app behind `upstream` for each of `paths` without its first segment, then without its first two, and so on, until
/// it answers with something else than 404. At most 16 requests are sent. An app that cannot be asked has nothing to tell.
pub async fn shorter(upstream: &Upstream, paths: &[String]) -> Vec<Shorter> {
    let Ok(client) = client().tls_certs_only([]).timeout(LIMIT).build() else { return Vec::new() };
    let host = if upstream.host.contains(':') { format!("[{}]", upstream.host) } else { upstream.host.clone() };
    let mut left = ASKED_AT_MOST;
    let mut found: Vec<Shorter> = Vec::new();
    for path in paths {
        for (prefix, rest) in cuts(path) {
            let Some(fewer) = left.checked_sub(1) else { return found };
            left = fewer;
            let url = format!("http://{host}:{}{rest}", upstream.port);
            let Ok(answer) = client.head(url).send().await else { return found };
            if is_there(answer.status().as_u16()) {
                found.push(Shorter { prefix: prefix.to_owned(), rest: rest.to_owned() });
                break;
            }
        }
    }
    found
}

/// Ways to take leading segments off that leave a path with a name in it; every app has `/`.
fn cuts(path: &str) -> impl Iterator<Item = (&str, &str)> {
    let borders = path.match_indices('/').filter(|&(at, _)| at > 0);
    borders
        .filter_map(|(at, _)| path.split_at_checked(at))
        .filter(|(_, rest)| rest.len() > 1 && !rest.starts_with("//"))
}

/// True for the answers of a route: it went well, leads on, or wants a login or another method.
const fn is_there(status: u16) -> bool {
    matches!(status, 200..=399 | 401 | 405)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_segments_go_one_by_one_and_a_name_stays() {
        let of = |path| cuts(path).map(|(_, rest)| rest).collect::<Vec<_>>();
        assert_eq!(of("/api/v1/items/"), ["/v1/items/", "/items/"]);
        assert_eq!(of("/items/"), Vec::<&str>::new());
        assert_eq!(of("/a//b"), ["/b"]);
    }

    #[test]
    fn only_a_route_answers_so() {
        let there: Vec<u16> =
            [200, 307, 400, 401, 403, 404, 405, 422, 500].into_iter().filter(|s| is_there(*s)).collect();
        assert_eq!(there, [200, 307, 401, 405]);
    }
}
