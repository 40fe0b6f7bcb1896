//! A recovery flow: its state as it is kept, and as it is shown. Contract kratos.md 3.2 and 3.6.
//!
//! It keeps for whom the code or link is, and neither of them: those are derived (EMPTY-HANDS).

use adieu_authority::{Generations, RecoveryPass, RecoveryWay, UserId};
use adieu_http_kit::form::append_query;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answer::{Answer, json as json_answer};
use crate::face::Face;
use crate::flow::{Head, Message, SelfServiceFlow, csrf_node, input, label, submit, ui};

/// What an administrator gave out, as it is kept.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct PassKept {
    number: Uuid,
    identity: Uuid,
    user_generation: u64,
    realm_generation: u64,
    link: bool,
    tries_left: u8,
}

impl From<RecoveryPass> for PassKept {
    fn from(pass: RecoveryPass) -> Self {
        Self {
            number: Uuid::from_bytes(pass.number),
            identity: pass.user.uuid(),
            user_generation: pass.generations.user,
            realm_generation: pass.generations.realm,
            link: pass.way == RecoveryWay::Link,
            tries_left: pass.tries_left,
        }
    }
}

impl From<PassKept> for RecoveryPass {
    fn from(kept: PassKept) -> Self {
        Self {
            number: kept.number.into_bytes(),
            user: UserId::from_uuid(kept.identity),
            generations: Generations { user: kept.user_generation, realm: kept.realm_generation },
            way: if kept.link { RecoveryWay::Link } else { RecoveryWay::Code },
            tries_left: kept.tries_left,
        }
    }
}

/// A recovery flow.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RecoveryFlow {
    #[serde(flatten)]
    pub(crate) head: Head,
    /// What was given out; none once it is used up.
    pub(crate) pass: Option<PassKept>,
    /// Whether somebody was signed on by it.
    pub(crate) done: bool,
    pub(crate) messages: Vec<Message>,
}

impl SelfServiceFlow for RecoveryFlow {
    const STORED: &'static str = "kratos-recovery";
    const NAME: &'static str = "recovery";

    fn head(&self) -> &Head {
        &self.head
    }
}

impl Face {
    /// The page of a recovery flow.
    pub(crate) fn recovery_page(&self, flow: &RecoveryFlow) -> String {
        append_query(&self.settings.recovery_ui, "flow", &flow.head.id.to_string())
    }

    /// A flow as JSON.
    pub(crate) fn recovery_json(&self, status: StatusCode, flow: &RecoveryFlow) -> Answer {
        json_answer(status, &self.recovery_shown(flow, None))
    }

    /// The same with where to go on.
    pub(crate) fn recovery_shown(&self, flow: &RecoveryFlow, continue_with: Option<Value>) -> Value {
        let code =
            json!({"name": "code", "type": "text", "required": true, "pattern": "[0-9]+", "maxlength": 6});
        let mut nodes = vec![
            input("code", code, &[], label(1_070_010, "Recovery code")),
            submit("code", "method", "code", label(1_070_009, "Go on")),
        ];
        if flow.done {
            nodes.push(csrf_node(&flow.head)); // Quirk: it has an anti-forgery token once nothing can be sent any more. K-50
        }
        let action = flow.head.action::<RecoveryFlow>(&self.base(flow.head.mount));
        let mut shown = flow.head.shown(ui(&action, Value::Array(nodes), &flow.messages), &[]);
        shown.insert("active".into(), "code".into());
        shown.insert("state".into(), if flow.done { "passed_challenge" } else { "sent_email" }.into());
        if let Some(continue_with) = continue_with {
            shown.insert("continue_with".into(), continue_with);
        }
        shown.insert("transient_payload".into(), json!({}));
        Value::Object(shown)
    }
}
