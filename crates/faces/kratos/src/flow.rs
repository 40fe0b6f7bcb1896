//! What every self-service flow is made of: its head, its texts, the nodes of its form. Contract kratos.md 3.1 and 3.2.
//!
//! A flow holds no password and no code; a secret that was typed is gone with its request.

mod fetch;
mod guard;
mod message;
mod node;
mod traits;

use adieu_authority::{FLOW_BYTES_MAX, NewFlow, Span, Timestamp};
use adieu_http_kit::dates::rfc3339_trimmed;
use adieu_http_kit::form::append_query;
use axum::http::{HeaderValue, Method};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::call::Call;
use crate::csrf::{Token, fingerprint, mask};
use crate::error::KratosError;
use crate::face::Face;

pub(crate) use guard::guarded;
pub(crate) use message::Message;
pub(crate) use node::{csrf_node, input, label, submit, text};
pub(crate) use traits::{
    FieldMessages, SubmittedTraits, faults, fields_shown, known_traits, said_of, submitted_traits,
    trait_nodes,
};

/// A flow can be asked for after its end, to be told that it is over.
const KEPT_AFTER_END: Span = Span::from_s(3600);

/// What is kept of the address of a flow's first request, which anybody may make as long as a head may be (HOME-LIMITS).
const REQUEST_URL_BYTES_MAX: usize = 1024;

/// Who drives a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FlowKind {
    Browser,
    Native,
}

impl FlowKind {
    fn word(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Native => "api",
        }
    }
}

/// What flows of all purposes have.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) id: Uuid,
    pub(crate) kind: FlowKind,
    pub(crate) mount: usize,
    pub(crate) issued_ms: i64,
    pub(crate) expires_ms: i64,
    pub(crate) request_url: String,
    pub(crate) return_to: Option<String>,
    /// Fingerprint of the anti-forgery cookie of the browser that began it.
    pub(crate) browser: Option<String>,
    /// The masked anti-forgery token; masked anew whenever a submission is answered with the flow.
    pub(crate) csrf: String,
}

/// A flow of one purpose.
pub(crate) trait SelfServiceFlow: Serialize + DeserializeOwned {
    /// The kind of record that it is kept as.
    const STORED: &'static str;
    /// Its name in addresses.
    const NAME: &'static str;

    fn head(&self) -> &Head;
}

/// A flow that was found.
pub(crate) enum FoundFlow<F> {
    Open(F),
    Expired(F),
}

impl Head {
    /// Where the form of a flow goes.
    pub(crate) fn action<F: SelfServiceFlow>(&self, base: &str) -> String {
        format!("{base}/self-service/{}?flow={}", F::NAME, self.id)
    }

    /// Where a browser begins anew.
    pub(crate) fn restart<F: SelfServiceFlow>(&self, base: &str) -> String {
        let start = format!("{base}/self-service/{}/browser", F::NAME);
        match &self.return_to {
            Some(to) => append_query(&start, "return_to", to),
            None => start,
        }
    }

    /// The first members of a flow, in their recorded order.
    pub(crate) fn shown(&self, ui: Value, first: &[(&str, Value)]) -> Map<String, Value> {
        let mut flow = Map::new();
        let mut put = |name: &str, value: Value| flow.insert(name.to_owned(), value);
        put("id", self.id.to_string().into());
        for (name, value) in first {
            put(name, value.clone());
        }
        put("type", self.kind.word().into());
        put("expires_at", rfc3339_trimmed(self.expires_ms).into());
        put("issued_at", rfc3339_trimmed(self.issued_ms).into());
        put("request_url", self.request_url.clone().into());
        if let Some(to) = &self.return_to {
            put("return_to", to.clone().into());
        }
        put("ui", ui);
        flow
    }

    /// The same flow with another id, which begins now and lasts as long.
    pub(crate) fn anew(&self, face: &Face) -> Self {
        let life_ms = self.expires_ms.saturating_sub(self.issued_ms);
        let now = face.authority.now().ms();
        Self {
            id: face.authority.draw_uuid(),
            issued_ms: now,
            expires_ms: now.saturating_add(life_ms),
            ..self.clone()
        }
    }
}

/// A flow as it is kept. What was typed into it may make it longer than one may be.
fn body<F: SelfServiceFlow>(flow: &F) -> Result<Vec<u8>, KratosError> {
    let body = serde_json::to_vec(flow).expect("a flow has text keys");
    if body.len() > FLOW_BYTES_MAX {
        return Err(KratosError::malformed("What was sent is too long."));
    }
    Ok(body)
}

/// The form of a flow.
pub(crate) fn ui(action: &str, nodes: Value, messages: &[Message]) -> Value {
    let mut ui = json!({"action": action, "method": "POST", "nodes": nodes});
    if !messages.is_empty() {
        ui["messages"] = json!(messages);
    }
    ui
}

impl Face {
    /// The head of a flow that the request begins.
    pub(crate) fn head(&self, call: &Call, kind: FlowKind, life_s: u64) -> Head {
        self.head_at(call.mount, kind, life_s, self.asked_for(call))
    }

    /// The head of a flow that something else begins, as if this address had been asked for.
    pub(crate) fn head_at(&self, mount: usize, kind: FlowKind, life_s: u64, request_url: String) -> Head {
        let now = self.authority.now().ms();
        let life_ms = i64::try_from(life_s).unwrap_or(i64::MAX / 1000) * 1000;
        Head {
            id: self.authority.draw_uuid(),
            kind,
            mount,
            issued_ms: now,
            expires_ms: now.saturating_add(life_ms),
            request_url,
            return_to: None,
            browser: None,
            csrf: String::new(),
        }
    }

    /// The address of the request as its sender wrote it, on the public base; cut, because it is kept.
    fn asked_for(&self, call: &Call) -> String {
        let path = call.parts.uri.path_and_query().map_or("", |path| path.as_str());
        debug_assert!([Method::GET, Method::HEAD].contains(&call.parts.method), "flows begin with a GET");
        let mut address = format!("{}{path}", self.settings.base);
        address.truncate(address.floor_char_boundary(REQUEST_URL_BYTES_MAX));
        address
    }

    /// Reads a flow. It is over at the moment that it names.
    pub(crate) async fn flow<F: SelfServiceFlow>(
        &self,
        id: Uuid,
    ) -> Result<Option<FoundFlow<F>>, KratosError> {
        let Some(stored) = self.authority.flow(id.into_bytes(), F::STORED).await? else { return Ok(None) };
        let Ok(flow) = serde_json::from_slice::<F>(&stored.body) else { return Ok(None) };
        let over = self.authority.now().ms() >= flow.head().expires_ms;
        Ok(Some(if over { FoundFlow::Expired(flow) } else { FoundFlow::Open(flow) }))
    }

    /// Keeps a flow that the request begins.
    pub(crate) async fn begin_flow<F: SelfServiceFlow>(
        &self,
        call: &Call,
        flow: &F,
    ) -> Result<(), KratosError> {
        let (realm, from, body) = (self.realm_id().await?, call.address(), body(flow)?);
        let new = NewFlow {
            id: flow.head().id.into_bytes(),
            kind: F::STORED,
            realm,
            life: self.kept_for(flow),
            body,
            from: from.as_deref(),
        };
        Ok(self.authority.begin_flow(new).await?)
    }

    /// Keeps a flow as it is now.
    pub(crate) async fn keep_flow<F: SelfServiceFlow>(&self, flow: &F) -> Result<(), KratosError> {
        let (id, realm, life) = (flow.head().id.into_bytes(), self.realm_id().await?, self.kept_for(flow));
        Ok(self.authority.put_flow(id, F::STORED, realm, life, body(flow)?).await?)
    }

    /// The flow has led where it leads. It stays for those who ask for it once more.
    pub(crate) fn flow_is_over<F: SelfServiceFlow>(&self, flow: &F) {
        self.authority.flow_is_over(flow.head().id.into_bytes(), F::STORED);
    }

    fn kept_for<F: SelfServiceFlow>(&self, flow: &F) -> Span {
        let left = Timestamp::from_ms(flow.head().expires_ms).since(self.authority.now());
        Span::from_ms(left.ms() + KEPT_AFTER_END.ms())
    }

    /// Binds a flow to a browser by its anti-forgery token, masked anew.
    fn bind(&self, head: &mut Head, browser: &Token) {
        head.browser = Some(fingerprint(browser));
        head.csrf = mask(browser, self.authority.draw());
    }

    /// The same for a browser that gets a new secret with the answer, in a cookie to be set.
    pub(crate) fn bind_anew(&self, head: &mut Head) -> HeaderValue {
        let token = self.authority.draw();
        self.bind(head, &token);
        self.csrf.set(&token)
    }

    /// The same for the browser that begins the flow; one without a secret gets one, in a cookie to be set.
    pub(crate) fn bind_first(&self, head: &mut Head, call: &Call) -> Option<HeaderValue> {
        let known = self.csrf.token(call.headers());
        let token = known.unwrap_or_else(|| self.authority.draw());
        self.bind(head, &token);
        known.is_none().then(|| self.csrf.set(&token))
    }

    /// Whether the browser that sends this request is the one that began the flow.
    pub(crate) fn is_of_browser(&self, head: &Head, call: &Call) -> bool {
        let browser = self.csrf.token(call.headers());
        browser.is_some_and(|token| head.browser.as_deref() == Some(&fingerprint(&token)))
    }

    /// The same for the browser that sends this request, if the flow is its own already.
    pub(crate) fn bind_again(&self, head: &mut Head, call: &Call) {
        let browser = self.csrf.token(call.headers()).filter(|_| head.kind == FlowKind::Browser);
        if let Some(browser) = browser.filter(|token| head.browser.as_deref() == Some(&fingerprint(token))) {
            self.bind(head, &browser);
        }
    }

    /// 410 of a submission that came too late: `next` is the flow to go on with (K-48).
    pub(crate) fn expired_at_submit(&self, expired_ms: i64, next: Uuid) -> KratosError {
        let expired = Timestamp::from_ms(expired_ms);
        let since_ns = self.authority.now().since(expired).ms().saturating_mul(1_000_000);
        KratosError::flow_expired_at_submit(rfc3339_trimmed(expired_ms), since_ns, next.to_string())
    }
}
