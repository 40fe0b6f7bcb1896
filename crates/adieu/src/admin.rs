//! One admin listener: a table says whose a path is, and the guard says who may ask.
//!
//! Each part answers in its own words, refusals included. A further part is a row of the table and an arm beside it.
//! The credential and the rule about other sites stand in `guard`.

use std::sync::Arc;

use adieu_authority::Authority;
use adieu_face_kratos::KratosAdmin;
use adieu_face_native::Native;
use adieu_http_kit::service::{Answers, FaceService};
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{Method, StatusCode};
use tracing::Span;

use crate::endings_told::told;
use crate::guard::{Entrance, Guard};
use crate::logging::RequestLine;
use crate::metering::{self, RequestChannel, RequestMeter};

/// What the admin listener serves.
pub struct AdminSide {
    pub(crate) guard: Guard,
    pub(crate) authority: Authority,
    pub(crate) meter: Arc<RequestMeter>,
    pub(crate) native: FaceService<Native>,
    pub(crate) kratos: FaceService<KratosAdmin>,
}

/// Whose a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Metrics,
    Native,
    Kratos,
}

impl Part {
    const fn channel(self) -> RequestChannel {
        match self {
            Self::Metrics => RequestChannel::Metrics,
            Self::Native => RequestChannel::Native,
            Self::Kratos => RequestChannel::KratosAdmin,
        }
    }
}

/// The first row that fits counts. A star stands for whatever follows.
const TABLE: [(&str, Part); 5] = [
    ("/metrics", Part::Metrics),
    ("/metrics/prometheus", Part::Metrics),
    ("/v1", Part::Native),
    ("/v1/*", Part::Native),
    ("*", Part::Kratos),
];

fn part(path: &str) -> Part {
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => path == pattern,
    };
    TABLE.iter().find(|(pattern, _)| fits(pattern)).map_or(Part::Kratos, |(_, part)| *part)
}

impl Answers<Body> for AdminSide {
    type Body = Body;

    async fn answer(&self, request: Request<Body>) -> Response {
        let part = part(request.uri().path());
        let timer = self.meter.begin(part.channel());
        let line = RequestLine::of(part.channel(), &request, &Span::none());
        let answer = self.answer_of(part, request).await;
        timer.answered(answer.status());
        if let Some(line) = line {
            line.answered(answer.status());
        }
        answer
    }
}

impl AdminSide {
    async fn answer_of(&self, part: Part, request: Request<Body>) -> Response {
        match self.guard.entrance(&request) {
            Entrance::Stranger => strange(),
            Entrance::Closed => self.unauthorized(part, request),
            Entrance::Open => {
                let answering = match part {
                    Part::Metrics => return self.metrics(request.method()),
                    Part::Native => self.native.begin(request),
                    Part::Kratos => self.kratos.begin(request),
                };
                told(answering).await.unwrap_or_else(|never| match never {})
            }
        }
    }

    /// The answer to a request without the credential, or with a wrong one, in the words of the service that would have answered.
    fn unauthorized(&self, part: Part, request: Request<Body>) -> Response {
        match part {
            Part::Native => adieu_face_native::unauthorized(),
            Part::Metrics | Part::Kratos => {
                let (parts, _) = request.into_parts();
                self.kratos.face().unauthorized(&parts)
            }
        }
    }
}

impl AdminSide {
    fn metrics(&self, method: &Method) -> Response {
        if ![Method::GET, Method::HEAD].contains(method) {
            return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET,HEAD")]).into_response();
        }
        let Some(recorder) = metering::recorder() else { return StatusCode::NOT_FOUND.into_response() };
        let headers = [
            (CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"),
            (CACHE_CONTROL, "private, no-cache, no-store, must-revalidate"),
        ];
        let shows = *method != Method::HEAD;
        let page = shows.then(|| metering::page(recorder, &self.authority, &self.meter));
        (headers, page.unwrap_or_default()).into_response()
    }
}

fn strange() -> Response {
    let why = "The admin listener has no credential, and answers to no page of another site and to no other name \
               than its own (admin.url, admin.token_file).\n";
    (StatusCode::MISDIRECTED_REQUEST, why).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_whose_a_path_is() {
        for (path, expected) in [
            ("/metrics", Part::Metrics),
            ("/metrics/prometheus", Part::Metrics),
            ("/metrics/other", Part::Kratos),
            ("/v1", Part::Native),
            ("/v1/", Part::Native),
            ("/v1/realms/x", Part::Native),
            ("/v1x", Part::Kratos),
            ("/admin/identities", Part::Kratos),
            ("/health/ready", Part::Kratos),
            ("//v1", Part::Kratos),
            ("", Part::Kratos),
        ] {
            assert_eq!(part(path), expected, "{path}");
        }
    }
}
