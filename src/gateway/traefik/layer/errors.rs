//! errors: pages of another service for some answers.
//!
//! Traefik 3.7, `pkg/middlewares/customerrors/custom_errors.go`.

use std::sync::Arc;

use super::Return;
use crate::gateway::go::{Header, Mode, Request, Url, canonical, escape, status_text};
use crate::gateway::traefik::entry::error;
use crate::gateway::traefik::journey::{Journey, Response, Stages};
use crate::gateway::{Place, Step, StepKind};

/// `errors`
#[derive(Debug)]
pub(in crate::gateway::traefik) struct Errors {
    /// The answers that are replaced.
    pub(super) status: Vec<(u16, u16)>,
    /// What their status becomes.
    pub(super) rewrites: Vec<((u16, u16), u16)>,
    pub(super) query: String,
    /// The fields that the page is asked with; all if not given.
    pub(super) headers: Option<Vec<String>>,
    /// The service that has the pages.
    pub(super) page: Arc<Stages>,
}

/// Reads `500-599`, `404` (`NewHTTPCodeRanges`).
pub(super) fn range(text: &str) -> Option<(u16, u16)> {
    let mut ends = text.split('-');
    let low = ends.next()?;
    let high = ends.next().unwrap_or(low);
    Some((low.parse().ok()?, high.parse().ok()?))
}

impl Errors {
    /// What becomes of an answer.
    ///
    /// # Errors
    /// The request for the page that takes its place.
    pub(super) fn answer(
        &self,
        journey: &mut Journey,
        response: Response,
        place: Option<Place>,
    ) -> Result<Response, (Box<Journey>, Arc<Stages>)> {
        let original = response.answer.status;
        let within = |range: &(u16, u16)| (range.0..=range.1).contains(&original);
        // A switch of protocols takes the connection over; nothing is caught any more.
        if original < 200 || !self.status.iter().any(within) {
            return Ok(response);
        }
        let status = self.rewrites.iter().find(|(range, _)| within(range)).map_or(original, |(_, to)| *to);
        let Some(request) = self.request(journey, status, original) else {
            return Ok(error(status, status_text(status)).into());
        };
        let target = String::from_utf8_lossy(&request.request_uri).into_owned();
        let step = Step::own(StepKind::Response, format!("errors: the page {target} for {original}"));
        let mut page = journey.clone();
        page.steps.push(Step { place, ..step });
        page.request = request;
        // Traefik makes this request by itself: it has no peer.
        page.appends_for = false;
        page.behind.push(Return::Status(status));
        Err((Box::new(page), Arc::clone(&self.page)))
    }

    /// The target of the page.
    fn page_query(&self, journey: &Journey, status: u16, original: u16) -> String {
        if self.query.is_empty() {
            return String::new();
        }
        let from = &journey.request;
        let asked = if journey.behaviour.tells_whole_url {
            Url {
                scheme: if journey.secure { b"https".to_vec() } else { b"http".to_vec() },
                host: from.host.clone(),
                path: from.url.path.clone(),
                raw_path: from.url.raw_path.clone(),
                raw_query: from.url.raw_query.clone(),
                ..Url::default()
            }
        } else {
            from.url.clone()
        };
        let asked = escape(&asked.text(), Mode::Query);
        let query = format!("/{}", self.query.strip_prefix('/').unwrap_or(&self.query));
        let mut query = query.replace("{status}", &status.to_string());
        if journey.behaviour.tells_original_status {
            query = query.replace("{originalStatus}", &original.to_string());
        }
        query.replace("{url}", &String::from_utf8_lossy(&asked))
    }

    /// The request for the page; `None` if it cannot be made.
    fn request(&self, journey: &Journey, status: u16, original: u16) -> Option<Request> {
        let from = &journey.request;
        let query = self.page_query(journey, status, original);
        let parsed = Url::parse(&[b"http://", from.host.as_slice(), query.as_bytes()].concat())?;
        let url = Url::parse(&parsed.text())?;
        let header = match &self.headers {
            Some(names) => {
                let mut header = Header::default();
                for name in names.iter().map(|name| canonical(name)) {
                    let values = from.header.values(&name);
                    if !values.is_empty() {
                        header.put_raw(name, values.to_vec());
                    }
                }
                header
            }
            None => from.header.clone(),
        };
        let host = url.host.strip_suffix(b":").unwrap_or(&url.host).to_vec();
        Some(Request {
            method: "GET".to_owned(),
            request_uri: parsed.request_uri(),
            url,
            proto: (1, 1),
            header,
            host,
            content_length: Some(0),
            trailer: Vec::new(),
            close: false,
        })
    }
}
