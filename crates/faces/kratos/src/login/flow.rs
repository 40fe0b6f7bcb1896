//! A login flow: its state as it is kept, and as it is shown. Contract kratos.md 3.2 and 3.3.
//!
//! What is wrong with a submission is decided elsewhere; here it is only told.

use adieu_http_kit::dates::rfc3339_trimmed;
use adieu_http_kit::form::append_query;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{Answer, json as json_answer};
use crate::face::Face;
use crate::flow::{Head, Message, SelfServiceFlow, csrf_node, input, label, said_of, submit, ui};

/// What a login asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Asks {
    /// Name and password.
    #[default]
    Password,
    /// A recovery code, of the user of a live session.
    Code,
    /// A second factor that its user does not have: there is nothing to fill in. K-28
    Nothing,
}

/// A login flow. What a submission added is replaced by the next one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LoginFlow {
    #[serde(flatten)]
    pub(crate) head: Head,
    /// The user who is to confirm who they are, by the name to show.
    pub(crate) refresh: Option<String>,
    #[serde(default)]
    pub(crate) asks: Asks,
    /// The identifier as last entered.
    pub(crate) identifier: String,
    pub(crate) messages: Vec<Message>,
    /// Messages of single fields.
    pub(crate) field_messages: Vec<(String, Message)>,
}

impl SelfServiceFlow for LoginFlow {
    const STORED: &'static str = "kratos-login";
    const NAME: &'static str = "login";

    fn head(&self) -> &Head {
        &self.head
    }
}

impl Face {
    /// A flow as JSON.
    pub(crate) fn login_flow_json(&self, status: StatusCode, flow: &LoginFlow) -> Answer {
        json_answer(status, &flow.shown(&self.base(flow.head.mount)))
    }

    /// The login page of a flow.
    pub(crate) fn login_page(&self, flow: &LoginFlow) -> String {
        append_query(&self.settings.login_ui, "flow", &flow.head.id.to_string())
    }
}

impl LoginFlow {
    fn shown(&self, base: &str) -> Value {
        let nodes = match self.asks {
            Asks::Password => self.nodes(),
            Asks::Code => self.code_nodes(),
            Asks::Nothing => Value::Null,
        };
        let ui = ui(&self.head.action::<Self>(base), nodes, &self.messages);
        let mut flow = self.head.shown(ui, &[("organization_id", Value::Null)]);
        let created = rfc3339_trimmed(self.head.issued_ms);
        flow.insert("created_at".into(), created.into());
        flow.insert("updated_at".into(), created.into());
        flow.insert("refresh".into(), self.refresh.is_some().into());
        let level = if self.asks == Asks::Password { "aal1" } else { "aal2" };
        flow.insert("requested_aal".into(), level.into());
        flow.insert("state".into(), "choose_method".into());
        Value::Object(flow)
    }

    fn said_of(&self, field: &str) -> Vec<&Message> {
        said_of(&self.field_messages, field)
    }

    /// The four nodes of a login with a password, in their recorded order.
    fn nodes(&self) -> Value {
        let named = self.said_of("identifier");
        let field = |kind: &str, value: &str| json!({"name": "identifier", "type": kind, "value": value, "required": true});
        let identifier = match &self.refresh {
            None => {
                let label = label(1_070_004, "Name or e-mail address");
                input("default", field("text", &self.identifier), &named, label)
            }
            Some(name) => {
                let value = if self.identifier.is_empty() { name } else { &self.identifier };
                input("default", field("hidden", value), &named, json!({}))
            }
        };
        let button = if self.refresh.is_some() { 1_010_001 } else { 1_010_022 };
        let password = json!({"name": "password", "type": "password", "required": true,
            "autocomplete": "current-password"});
        json!([
            csrf_node(&self.head),
            identifier,
            input("password", password, &self.said_of("password"), label(1_070_001, "Password")),
            submit("password", "method", "password", label(button, "Sign in")),
        ])
    }

    /// The nodes of a second step.
    fn code_nodes(&self) -> Value {
        let code = json!({"name": "lookup_secret", "type": "text", "value": "", "required": true});
        let group = "lookup_secret";
        json!([
            csrf_node(&self.head),
            input(group, code, &self.said_of("lookup_secret"), label(1_010_007, "Recovery code")),
            submit(group, "method", group, label(1_010_010, "Use recovery code")),
        ])
    }
}
