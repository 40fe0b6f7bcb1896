//! What every dialect says of a session: each is asked by a request of its own, as any program would ask it.
//!
//! The requests do not leave the process, and none of them is activity. PingOne answers `sessions/me` to who brings a bearer besides:
//! its face is asked as somebody whose bearer is good. Nothing here knows what makes a session live.

use adieu_authority::{RealmId, SessionToken};
use adieu_face_am::Am;
use adieu_face_kratos::{Kratos, NoActivity};
use adieu_face_pages::{AskDialects, DialectAnswer};
use adieu_face_pingone::PingOne;
use adieu_http_kit::service::{Answers, FaceService};
use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::Request;
use serde_json::{Value, json};

/// An answer about one session is some hundred bytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// The three dialects behind the public listener.
#[derive(Clone)]
pub(crate) struct Dialects {
    pub(crate) am: FaceService<Am>,
    pub(crate) pingone: FaceService<PingOne>,
    pub(crate) kratos: FaceService<Kratos>,
    /// AM's header that carries a token.
    pub(crate) am_header: String,
    /// The path of the one realm that Kratos serves.
    pub(crate) kratos_realm: String,
}

impl Dialects {
    /// Asks all that serve the realm.
    pub(crate) fn asking(self) -> AskDialects {
        std::sync::Arc::new(move |realm, path, token| {
            let dialects = self.clone();
            Box::pin(async move {
                let mut answers =
                    vec![dialects.ask_pingone(realm, &token).await, dialects.ask_am(&path, &token).await];
                if path == dialects.kratos_realm {
                    answers.push(dialects.ask_kratos(&token).await);
                }
                answers
            })
        })
    }

    async fn ask_pingone(&self, realm: RealmId, token: &SessionToken) -> DialectAnswer {
        let path = format!("/v1/environments/{realm}/sessions/me");
        let request = Request::get(&path)
            .header("cookie", format!("ST={}", token.reveal()))
            .header("accept", "application/json")
            .body(Body::empty());
        let (status, answer) = match request {
            Ok(request) => read(self.pingone.face().own_session(realm, request).await).await,
            Err(_) => (0, Value::Null),
        };
        let live = live_by_status(status);
        DialectAnswer {
            dialect: "PingOne",
            request: format!("GET {path}"),
            live,
            said: said(status, &answer),
        }
    }

    async fn ask_am(&self, realm: &str, token: &SessionToken) -> DialectAnswer {
        let path = format!("{}?_action=validate&refresh=false", self.am.face().sessions_path(realm));
        let request = Request::post(&path)
            .header(&self.am_header, token.reveal())
            .header("content-type", "application/json")
            .header("accept-api-version", "resource=3.1, protocol=1.0")
            .body(Body::from("{}"));
        let (status, answer) = heard(&self.am, request).await;
        let live = match (status, answer["valid"].as_bool()) {
            (200, Some(valid)) => Some(valid),
            (401, _) => Some(false),
            _ => None,
        };
        DialectAnswer { dialect: "AM", request: format!("POST {path}"), live, said: said(status, &answer) }
    }

    async fn ask_kratos(&self, token: &SessionToken) -> DialectAnswer {
        let path = "/sessions/whoami";
        let request = Request::get(path)
            .extension(NoActivity)
            .header("x-session-token", token.reveal())
            .header("accept", "application/json")
            .body(Body::empty());
        let (status, answer) = heard(&self.kratos, request).await;
        let live = live_by_status(status);
        DialectAnswer { dialect: "Kratos", request: format!("GET {path}"), live, said: said(status, &answer) }
    }
}

/// Status and JSON of an answer; a request that cannot be sent, or an answer that is no JSON, tells nothing.
async fn heard<F>(face: &FaceService<F>, request: http::Result<Request<Body>>) -> (u16, Value)
where
    F: Answers<Body, Body = Body>,
{
    let Ok(request) = request else { return (0, Value::Null) };
    let answer: Response = face.begin(request).await.unwrap_or_else(|never| match never {});
    read(answer).await
}

async fn read(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let bytes = to_bytes(answer.into_body(), ANSWER_BYTES_MAX).await.unwrap_or_default();
    (status, serde_json::from_slice(&bytes).unwrap_or(json!(null)))
}

/// Whether an answer of this status is about a live session; none if it tells neither (NO-FALSE-NO).
fn live_by_status(status: u16) -> Option<bool> {
    match status {
        200 => Some(true),
        401 | 403 => Some(false),
        _ => None,
    }
}

fn said(status: u16, answer: &Value) -> String {
    format!("{status}\n{}", pretty(answer))
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
