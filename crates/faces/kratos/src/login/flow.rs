//! A login flow: its state as it is kept, and as it is shown. Contract kratos.md 3.2.
//!
//! It holds no password; a secret that was typed is gone with its request.

use adieu_authority::{Span, Timestamp};
use adieu_http_kit::dates::rfc3339_trimmed;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::answer::{Answer, json as json_answer};
use crate::csrf::{Token, fingerprint, mask};
use crate::error::KratosError;
use crate::face::Face;

const STORED: &str = "kratos-login";
/// A flow can be asked for after its end, to be told that it is over.
const KEPT_AFTER_END: Span = Span::from_s(3600);

/// Who drives a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Browser,
    Native,
}

/// A login flow. What a submission added is replaced by the next one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LoginFlow {
    pub(crate) id: Uuid,
    pub(crate) kind: Kind,
    pub(crate) mount: usize,
    pub(crate) issued_ms: i64,
    pub(crate) expires_ms: i64,
    pub(crate) request_url: String,
    pub(crate) return_to: Option<String>,
    /// Fingerprint of the anti-forgery cookie of the browser that began it.
    pub(crate) browser: Option<String>,
    /// The masked anti-forgery token; masked anew whenever a submission is answered with the flow.
    pub(crate) csrf: String,
    /// The user who is to confirm who they are, by the name to show.
    pub(crate) refresh: Option<String>,
    /// Whether a second factor is asked for. Nobody has one here, so such a flow has nothing to fill in. K-28
    #[serde(default)]
    pub(crate) second_factor: bool,
    /// The identifier as last entered.
    pub(crate) identifier: String,
    pub(crate) messages: Vec<Message>,
    /// Messages of single fields.
    pub(crate) field_messages: Vec<(String, Message)>,
}

/// A text with the number by which clients know it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Message {
    id: u32,
    text: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Value>,
}

impl Message {
    fn error(id: u32, text: impl Into<String>) -> Self {
        Self { id, text: text.into(), kind: "error".into(), context: None }
    }

    /// 4000001: what came can't be used. `reason` is a wire fact (recorded), the text is ours.
    pub(crate) fn unusable(text: &str, reason: &str) -> Self {
        Self { context: Some(json!({"reason": reason})), ..Self::error(4_000_001, text) }
    }

    /// 4000002: a field is empty.
    pub(crate) fn missing(property: &str) -> Self {
        let text = format!("Please fill in {property}.");
        Self { context: Some(json!({"property": property})), ..Self::error(4_000_002, text) }
    }

    /// 4000006: name and password do not fit.
    pub(crate) fn wrong_credentials() -> Self {
        Self::error(4_000_006, "Name and password do not fit together. Please check both.")
    }

    /// 4010001: the flow before this one was too old.
    pub(crate) fn flow_expired(expired: Timestamp) -> Self {
        let context = json!({"expired_at": rfc3339_trimmed(expired.ms()), "expired_at_unix": expired.s()});
        Self { context: Some(context), ..Self::error(4_010_001, "That took too long. Please sign in again.") }
    }

    /// 4010002: nobody knows how to sign on like that.
    pub(crate) fn no_method() -> Self {
        Self::error(4_010_002, "The form does not say how to sign in.")
    }

    /// 1010003: confirm who you are.
    pub(crate) fn confirm() -> Self {
        let text = "Please confirm that it is you.".into();
        Self { id: 1_010_003, text, kind: "info".into(), context: None }
    }

    /// 1010004: a second factor is asked for.
    pub(crate) fn second_factor() -> Self {
        let text = "Please complete the second step.".into();
        Self { id: 1_010_004, text, kind: "info".into(), context: None }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// A flow that was found.
pub(crate) enum Found {
    Open(LoginFlow),
    Expired(LoginFlow),
}

impl Face {
    /// Reads a flow. It is over at the moment that it names.
    pub(crate) async fn login_flow(&self, id: Uuid) -> Result<Option<Found>, KratosError> {
        let Some(stored) = self.authority.flow(id.into_bytes(), STORED).await? else { return Ok(None) };
        let Ok(flow) = serde_json::from_slice::<LoginFlow>(&stored.body) else { return Ok(None) };
        let over = self.authority.now().ms() >= flow.expires_ms;
        Ok(Some(if over { Found::Expired(flow) } else { Found::Open(flow) }))
    }

    pub(crate) async fn keep_login_flow(&self, flow: &LoginFlow) -> Result<(), KratosError> {
        let body = serde_json::to_vec(flow).expect("a flow has text keys");
        let left = Timestamp::from_ms(flow.expires_ms).since(self.authority.now());
        let life = Span::from_ms(left.ms() + KEPT_AFTER_END.ms());
        let realm = self.realm_id().await?;
        Ok(self.authority.put_flow(flow.id.into_bytes(), STORED, realm, life, body).await?)
    }

    /// A flow as JSON.
    pub(crate) fn login_flow_json(&self, status: StatusCode, flow: &LoginFlow) -> Answer {
        json_answer(status, &flow.shown(&self.base(flow.mount)))
    }

    /// Binds a flow to a browser by its anti-forgery token, masked anew.
    pub(crate) fn bind(&self, flow: &mut LoginFlow, browser: &Token) {
        flow.browser = Some(fingerprint(browser));
        flow.csrf = mask(browser, self.authority.draw());
    }
}

impl LoginFlow {
    pub(crate) fn action(&self, base: &str) -> String {
        format!("{base}/self-service/login?flow={}", self.id)
    }

    /// Where a browser begins anew.
    pub(crate) fn restart(&self, base: &str) -> String {
        let start = format!("{base}/self-service/login/browser");
        match &self.return_to {
            Some(to) => adieu_http_kit::form::append_query(&start, "return_to", to),
            None => start,
        }
    }

    fn shown(&self, base: &str) -> Value {
        let mut flow = Map::new();
        let mut put = |name: &str, value: Value| flow.insert(name.to_owned(), value);
        let created = rfc3339_trimmed(self.issued_ms);
        put("id", self.id.to_string().into());
        put("organization_id", Value::Null);
        put(
            "type",
            match self.kind {
                Kind::Browser => "browser",
                Kind::Native => "api",
            }
            .into(),
        );
        put("expires_at", rfc3339_trimmed(self.expires_ms).into());
        put("issued_at", created.clone().into());
        put("request_url", self.request_url.clone().into());
        if let Some(to) = &self.return_to {
            put("return_to", to.clone().into());
        }
        put("ui", self.ui(base));
        put("created_at", created.clone().into());
        put("updated_at", created.into());
        put("refresh", self.refresh.is_some().into());
        put("requested_aal", if self.second_factor { "aal2" } else { "aal1" }.into());
        put("state", "choose_method".into());
        Value::Object(flow)
    }

    fn ui(&self, base: &str) -> Value {
        let nodes = if self.second_factor { Value::Null } else { self.nodes() };
        let mut ui = json!({"action": self.action(base), "method": "POST", "nodes": nodes});
        if !self.messages.is_empty() {
            ui["messages"] = json!(self.messages);
        }
        ui
    }

    /// The four nodes, in their recorded order.
    fn nodes(&self) -> Value {
        let label = |id: u32, text: &str| json!({"label": {"id": id, "text": text, "type": "info"}});
        let node = |group: &str, attributes: Value, meta: Value| {
            let name = attributes["name"].as_str().unwrap_or_default();
            let own =
                self.field_messages.iter().filter(|(field, _)| field == name).map(|(_, message)| message);
            json!({"type": "input", "group": group, "attributes": attributes,
                "messages": own.collect::<Vec<_>>(), "meta": meta})
        };
        let identifier = match &self.refresh {
            None => node(
                "default",
                json!({"name": "identifier", "type": "text", "value": self.identifier, "required": true,
                    "disabled": false, "node_type": "input"}),
                label(1_070_004, "Name or e-mail address"),
            ),
            Some(name) => node(
                "default",
                json!({"name": "identifier", "type": "hidden",
                    "value": if self.identifier.is_empty() { name } else { &self.identifier },
                    "required": true, "disabled": false, "node_type": "input"}),
                json!({}),
            ),
        };
        let submit =
            if self.refresh.is_some() { label(1_010_001, "Sign in") } else { label(1_010_022, "Sign in") };
        json!([
            node(
                "default",
                json!({"name": "csrf_token", "type": "hidden", "value": self.csrf, "required": true,
                "disabled": false, "node_type": "input"}),
                json!({})
            ),
            identifier,
            node(
                "password",
                json!({"name": "password", "type": "password", "required": true,
                "autocomplete": "current-password", "disabled": false, "node_type": "input"}),
                label(1_070_001, "Password")
            ),
            node(
                "password",
                json!({"name": "method", "type": "submit", "value": "password", "disabled": false,
                "node_type": "input"}),
                submit
            ),
        ])
    }
}
