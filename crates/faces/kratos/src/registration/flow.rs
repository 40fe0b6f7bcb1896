//! A registration flow: its state as it is kept, and as it is shown. Contract kratos.md 3.2 and 3.4.
//!
//! It keeps the traits that were given and no password.

use adieu_http_kit::form::append_query;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{Answer, json as json_answer};
use crate::face::Face;
use crate::flow::{
    FieldMessages, Head, Message, SelfServiceFlow, csrf_node, input, label, said_of, submit, trait_nodes, ui,
};

/// What a registration asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RegistrationStep {
    /// Who it is.
    Traits,
    /// The password.
    Password,
}

/// A registration flow. What a submission added is replaced by the next one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RegistrationFlow {
    #[serde(flatten)]
    pub(crate) head: Head,
    pub(crate) step: RegistrationStep,
    /// The traits as last given.
    pub(crate) traits: Value,
    pub(crate) messages: Vec<Message>,
    pub(crate) field_messages: FieldMessages,
}

impl SelfServiceFlow for RegistrationFlow {
    const STORED: &'static str = "kratos-registration";
    const NAME: &'static str = "registration";

    fn head(&self) -> &Head {
        &self.head
    }
}

impl RegistrationFlow {
    pub(crate) fn new(head: Head) -> Self {
        let (messages, field_messages) = (Vec::new(), Vec::new());
        Self { head, step: RegistrationStep::Traits, traits: json!({}), messages, field_messages }
    }
}

impl Face {
    /// The page of a registration flow.
    pub(crate) fn registration_page(&self, flow: &RegistrationFlow) -> String {
        append_query(&self.settings.registration_ui, "flow", &flow.head.id.to_string())
    }

    /// A flow as JSON.
    pub(crate) fn registration_json(&self, status: StatusCode, flow: &RegistrationFlow) -> Answer {
        let action = flow.head.action::<RegistrationFlow>(&self.base(flow.head.mount));
        let ui = ui(&action, self.registration_nodes(flow), &flow.messages);
        let mut shown = flow.head.shown(ui, &[]);
        shown.insert("organization_id".into(), Value::Null);
        shown.insert("state".into(), "choose_method".into());
        json_answer(status, &Value::Object(shown))
    }

    fn registration_nodes(&self, flow: &RegistrationFlow) -> Value {
        let hidden = flow.step == RegistrationStep::Password;
        let mut nodes = vec![csrf_node(&flow.head)];
        nodes.extend(trait_nodes(&self.schema, ("default", hidden), &flow.traits, &flow.field_messages));
        let sign_up = label(1_040_001, "Sign up");
        match flow.step {
            RegistrationStep::Traits => nodes.push(submit("profile", "method", "profile", sign_up)),
            RegistrationStep::Password => {
                let password = json!({"name": "password", "type": "password", "required": true,
                    "autocomplete": "new-password"});
                let said = said_of(&flow.field_messages, "password");
                nodes.push(input("password", password, &said, label(1_070_001, "Password")));
                nodes.push(submit("password", "method", "password", sign_up));
                nodes.push(submit("profile", "screen", "previous", label(1_040_008, "Back")));
            }
        }
        Value::Array(nodes)
    }
}
