//! A settings flow: its state as it is kept, and as it is shown. Contract kratos.md 3.2 and 3.5.
//!
//! It keeps the number of the set that is offered, and no code: those are derived when they are shown (EMPTY-HANDS).

use adieu_authority::{CodeSet, User, UserId};
use adieu_http_kit::form::append_query;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answer::{Answer, json as json_answer};
use crate::credentials::SessionHolder;
use crate::face::Face;
use crate::flow::{
    FieldMessages, Head, Message, SelfServiceFlow, csrf_node, input, known_traits, label, said_of, submit,
    text, trait_nodes, ui,
};

const GROUP: &str = "lookup_secret";
/// The button of our own page that ends the user's other sessions; pages of others have `DELETE /sessions`.
pub(crate) const END_OTHERS: &str = "end_other_sessions";

/// A settings flow of one user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SettingsFlow {
    #[serde(flatten)]
    pub(crate) head: Head,
    identity: Uuid,
    /// The set that its user may confirm.
    offered: Option<Uuid>,
    /// Whether the user's own codes are shown.
    pub(crate) revealed: bool,
    /// Whether its user is to choose a password after a recovery.
    #[serde(default)]
    pub(crate) recovered: bool,
    /// Whether a form of this flow has changed the password: the same form once more changes nothing.
    #[serde(default)]
    pub(crate) password_changed: bool,
    /// Whether what was asked for is done.
    pub(crate) done: bool,
    /// Whether that was new recovery codes, which count from then on.
    #[serde(default)]
    pub(crate) codes_kept: bool,
    pub(crate) messages: Vec<Message>,
    /// Messages of single fields.
    #[serde(default)]
    pub(crate) field_messages: FieldMessages,
    /// Traits that were given and not taken.
    #[serde(default)]
    pub(crate) entered: Option<Value>,
}

impl SelfServiceFlow for SettingsFlow {
    const STORED: &'static str = "kratos-settings";
    const NAME: &'static str = "settings";

    fn head(&self) -> &Head {
        &self.head
    }
}

impl SettingsFlow {
    pub(crate) fn new(head: Head, identity: UserId) -> Self {
        let identity = identity.uuid();
        Self {
            head,
            identity,
            offered: None,
            revealed: false,
            recovered: false,
            password_changed: false,
            done: false,
            codes_kept: false,
            messages: Vec::new(),
            field_messages: Vec::new(),
            entered: None,
        }
    }

    /// The flow of a user who has recovered the account, and is to choose a password.
    pub(crate) fn recovered(head: Head, identity: UserId) -> Self {
        Self { recovered: true, messages: vec![Message::recovered()], ..Self::new(head, identity) }
    }

    /// The same flow under another id.
    pub(crate) fn anew(&self, face: &Face) -> Self {
        Self { head: self.head.anew(face), password_changed: false, ..self.clone() }
    }

    /// Nothing is said of the submission before.
    pub(super) fn forget_submission(&mut self) {
        self.done = false;
        self.codes_kept = false;
        self.messages.clear();
        self.field_messages.clear();
        self.entered = None;
    }

    pub(crate) fn is_of(&self, holder: &SessionHolder) -> bool {
        self.identity == holder.user.id.uuid()
    }

    pub(crate) fn offered(&self) -> Option<CodeSet> {
        self.offered.map(|set| CodeSet::from_bytes(set.into_bytes()))
    }

    pub(crate) fn offer(&mut self, set: Option<CodeSet>) {
        self.offered = set.map(|set| Uuid::from_bytes(set.to_bytes()));
    }
}

impl Face {
    /// The settings page of a flow.
    pub(crate) fn settings_page(&self, flow: &SettingsFlow) -> String {
        append_query(&self.settings.settings_ui, "flow", &flow.head.id.to_string())
    }

    /// A flow as JSON, with its user as known now.
    pub(crate) fn settings_json(&self, status: StatusCode, flow: &SettingsFlow, user: &User) -> Answer {
        let action = flow.head.action::<SettingsFlow>(&self.base(flow.head.mount));
        self.settings_json_to(status, flow, user, &action)
    }

    /// The same with a form that goes elsewhere.
    pub(crate) fn settings_json_to(
        &self,
        status: StatusCode,
        flow: &SettingsFlow,
        user: &User,
        action: &str,
    ) -> Answer {
        json_answer(status, &self.settings_shown(flow, user, action, None))
    }

    /// What a flow shows, and where its browser goes on.
    pub(super) fn settings_shown(
        &self,
        flow: &SettingsFlow,
        user: &User,
        action: &str,
        continue_with: Option<Value>,
    ) -> Value {
        let ui = ui(action, self.settings_nodes(flow, user), &flow.messages);
        let mut shown = flow.head.shown(ui, &[]);
        let identity = self.identity_wire(flow.head.mount, user);
        shown.insert("identity".into(), json!(identity));
        shown.insert("state".into(), if flow.done { "success" } else { "show_form" }.into());
        if let Some(continue_with) = continue_with {
            shown.insert("continue_with".into(), continue_with);
        }
        Value::Object(shown)
    }

    /// The codes that a flow shows, each with its text: those on offer, or the user's own.
    pub(crate) fn shown_codes(&self, flow: &SettingsFlow, user: &User) -> Option<Vec<Message>> {
        let of = |set| self.authority.recovery_codes(user.id, set);
        if let Some(set) = flow.offered() {
            return Some(of(set).iter().map(|code| Message::code(code, None)).collect());
        }
        let own = user.recovery_codes.as_ref().filter(|_| flow.revealed)?;
        let told = |(place, code): (u8, String)| Message::code(&code, own.used_at(place));
        Some((0..).zip(of(own.set)).map(told).collect())
    }

    fn settings_nodes(&self, flow: &SettingsFlow, user: &User) -> Value {
        let save = || label(1_070_003, "Save");
        let mut nodes = vec![csrf_node(&flow.head)];
        let known = flow.entered.clone().unwrap_or_else(|| known_traits(user));
        nodes.extend(trait_nodes(&self.schema, ("profile", false), &known, &flow.field_messages));
        nodes.push(submit("profile", "method", "profile", save()));
        let password =
            json!({"name": "password", "type": "password", "required": true, "autocomplete": "new-password"});
        let said = said_of(&flow.field_messages, "password");
        nodes.push(input("password", password, &said, label(1_070_001, "Password")));
        nodes.push(submit("password", "method", "password", save()));
        if let Some(codes) = self.shown_codes(flow, user) {
            let meta = label(1_050_010, "These are your recovery codes. Keep them in a safe place.");
            nodes.push(text(GROUP, "lookup_secret_codes", json!(Message::codes(&codes)), meta));
        }
        for button in Button::of(flow, user) {
            nodes.push(submit(GROUP, button.name(), "true", label(button.number(), button.words())));
        }
        Value::Array(nodes)
    }
}

/// What a settings flow offers to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Button {
    /// Makes a new set of codes.
    Regenerate,
    /// Makes the new set the user's own.
    Confirm,
    /// Shows the user's codes.
    Reveal,
    /// Takes the codes away.
    Disable,
}

impl Button {
    pub(crate) const ALL: [Self; 4] = [Self::Regenerate, Self::Confirm, Self::Reveal, Self::Disable];

    /// The buttons that a flow has at present.
    pub(crate) fn of(flow: &SettingsFlow, user: &User) -> Vec<Self> {
        match (flow.offered, &user.recovery_codes) {
            (Some(_), _) => vec![Self::Confirm],
            (None, None) => vec![Self::Regenerate],
            (None, Some(_)) if flow.revealed => vec![Self::Regenerate, Self::Disable],
            (None, Some(_)) => vec![Self::Reveal, Self::Disable],
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Regenerate => "lookup_secret_regenerate",
            Self::Confirm => "lookup_secret_confirm",
            Self::Reveal => "lookup_secret_reveal",
            Self::Disable => "lookup_secret_disable",
        }
    }

    fn number(self) -> u32 {
        match self {
            Self::Regenerate => 1_050_008,
            Self::Confirm => 1_050_011,
            Self::Reveal => 1_050_007,
            Self::Disable => 1_050_016,
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Regenerate => "Make new recovery codes",
            Self::Confirm => "I have kept these codes",
            Self::Reveal => "Show my recovery codes",
            Self::Disable => "Do without recovery codes",
        }
    }
}
