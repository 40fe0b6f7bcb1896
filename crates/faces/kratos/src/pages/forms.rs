//! The built-in pages of settings, registration and recovery: the flow's own fields, as forms without a script.
//!
//! They show a flow and post it, like any other page. Nothing is decided here.

use adieu_http_kit::form::append_query;
use adieu_pages_kit::{
    CodeEntry, ErrorPage, FormField, FormPage, Link, PageHeaders, SettingsPage, SettingsPart, StatusPage,
    form_action_of,
};
use axum::http::StatusCode;
use serde_json::Value;

use super::and_front_page;
use crate::answer::Answer;
use crate::call::Call;
use crate::credentials::SessionHolder;
use crate::face::Face;
use crate::flow::{FieldMessages, Message, fields_shown, known_traits, said_of};
use crate::go_on::{page, with_headers};
use crate::recovery::RecoveryFlow;
use crate::registration::{RegistrationFlow, RegistrationStep};
use crate::schema::TraitField;
use crate::settings::{Button, END_OTHERS, SettingsFlow};

/// Fields of traits, as texts that a page can borrow.
struct TraitInputs(Vec<TraitInput>);

struct TraitInput {
    name: String,
    label: String,
    kind: &'static str,
    value: String,
    autocomplete: &'static str,
    required: bool,
    said: Option<String>,
}

/// Whom a form asks for traits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TraitsAskedOf {
    /// Somebody new.
    Anew,
    /// A user, who may have come without one that the schema wants.
    ToChange,
}

impl TraitInputs {
    /// What `asked` says decides whether what is missing has to be filled in.
    fn of(face: &Face, traits: &Value, messages: &FieldMessages, asked: TraitsAskedOf) -> Self {
        let input = |field: TraitField<'_>| {
            let name = format!("traits.{}", field.name);
            let value = match traits.pointer(&field.pointer()) {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            let required = field.required && (asked == TraitsAskedOf::Anew || !value.is_empty());
            TraitInput {
                label: label_of(&field),
                kind: field.kind(),
                value,
                autocomplete: field.autocomplete().unwrap_or_default(),
                required,
                said: said_of(messages, &name).first().map(|message| message.text().to_owned()),
                name,
            }
        };
        Self(fields_shown(&face.schema, traits).into_iter().map(input).collect())
    }

    fn fields(&self) -> Vec<FormField<'_>> {
        self.0.iter().map(TraitInput::field).collect()
    }

    fn hidden(&self) -> impl Iterator<Item = (&str, &str)> {
        let filled = self.0.iter().filter(|input| !input.value.is_empty());
        filled.map(|input| (input.name.as_str(), input.value.as_str()))
    }
}

/// What a field is called on our pages: e-mail addresses as everywhere on them, others as the schema says; and whether it may stay empty.
fn label_of(field: &TraitField<'_>) -> String {
    let title = field.title.unwrap_or(&field.name);
    let is_address = ["email", "e-mail"].iter().any(|known| known.eq_ignore_ascii_case(title));
    let title = if is_address { "E-mail address" } else { title };
    if field.required { title.to_owned() } else { format!("{title} (optional)") }
}

impl TraitInput {
    fn field(&self) -> FormField<'_> {
        FormField {
            label: &self.label,
            name: &self.name,
            kind: self.kind,
            value: &self.value,
            autocomplete: self.autocomplete,
            required: self.required,
            said: self.said.as_deref(),
        }
    }
}

fn new_password(messages: &FieldMessages) -> FormField<'_> {
    FormField {
        label: "New password",
        name: "password",
        kind: "password",
        value: "",
        autocomplete: "new-password",
        required: true,
        said: said_of(messages, "password").first().map(|message| message.text()),
    }
}

/// What of the messages is an error.
fn error_of(messages: &[Message]) -> Option<&str> {
    messages.iter().find(|message| message.is_error()).map(Message::text)
}

/// The settings of a user; whoever has still to make a second factor makes that, and nothing else.
pub(super) fn settings(face: &Face, flow: &SettingsFlow, holder: &SessionHolder, half: bool) -> Answer {
    let action = flow.head.action::<SettingsFlow>(&face.base(flow.head.mount));
    let status = format!("{}/self-service/ui/status", face.base(flow.head.mount));
    // Back to the sign-on page that has led here for a second factor.
    let back = flow.head.return_to.as_deref().filter(|to| face.is_sign_on_page(to)).unwrap_or(&status);
    let shown = face.shown_codes(flow, &holder.user).unwrap_or_default();
    let codes: Vec<&str> = shown.iter().map(Message::text).collect();
    let buttons = Button::of(flow, &holder.user).into_iter();
    let buttons: Vec<_> = buttons.map(|button| (button.name(), "true", button.words())).collect();
    let traits = flow.entered.clone().unwrap_or_else(|| known_traits(&holder.user));
    let inputs = TraitInputs::of(face, &traits, &flow.field_messages, TraitsAskedOf::ToChange);
    let (profile, password) = (inputs.fields(), [new_password(&flow.field_messages)]);
    let bare = SettingsPart { title: "", message: "", codes: &[], fields: &[], buttons: &[], quiet: true };
    let codes = SettingsPart {
        title: "Recovery codes",
        message: about_codes(flow, holder),
        codes: &codes,
        buttons: &buttons,
        ..bare
    };
    let change = [("method", "password", "Change password")];
    let password = SettingsPart { title: "Password", fields: &password, buttons: &change, ..bare };
    let save = [("method", "profile", "Save")];
    let profile = SettingsPart { title: "About you", fields: &profile, buttons: &save, ..bare };
    let end_others = [(END_OTHERS, "true", "Sign off everywhere else")];
    let others = SettingsPart {
        title: "Other places",
        message: "Ends your sessions in all other browsers and devices. This one stays signed on.",
        buttons: &end_others,
        ..bare
    };
    let parts = match flow.recovered && !half {
        true => [password, codes, profile, others],
        false => [codes, password, profile, others],
    };
    let front = face.settings.front_page.as_deref().map(|href| Link { href, text: "Front page" });
    // Whoever is half signed on gets nothing there.
    let applications = face.settings.applications.as_deref().filter(|_| !half);
    let applications = applications.map(|href| Link { href, text: "Your applications" });
    let done = Link { href: back, text: "Done" };
    let html = SettingsPage {
        message: if half { about_half(flow) } else { about(flow) },
        error: error_of(&flow.messages),
        action: &action,
        hidden: &[("csrf_token", &flow.head.csrf)],
        parts: if half { &parts[..1] } else { &parts },
        links: &[done].into_iter().chain(applications).chain(front).collect::<Vec<_>>(),
    };
    let target = form_action_of(flow.head.return_to.as_deref().unwrap_or(&face.settings.settings_ui));
    let form_actions = ["'self'", target.as_str()];
    match html.keeps_codes() {
        true => with_headers(StatusCode::OK, html.html(), &PageHeaders::keeping_codes(&form_actions)),
        false => page(StatusCode::OK, html.html(), &form_actions),
    }
}

fn about(flow: &SettingsFlow) -> &str {
    let said = flow.messages.first().filter(|said| !said.is_error());
    match said.map(Message::text) {
        _ if flow.done && flow.codes_kept => {
            "Your changes are saved. Your recovery codes count from now on: one is asked for whenever you sign on."
        }
        _ if flow.done => {
            "Your changes are saved. If somebody else may be signed on as you, sign off everywhere else below."
        }
        Some(said) => said,
        None => "What is changed here counts in every application.",
    }
}

/// The same for whoever has to make a second factor first.
fn about_half(flow: &SettingsFlow) -> &str {
    let said = flow.messages.first().filter(|said| !said.is_error());
    said.map_or("A second factor is asked for here. Make recovery codes before you go on.", Message::text)
}

fn about_codes(flow: &SettingsFlow, holder: &SessionHolder) -> &'static str {
    match (flow.offered(), &holder.user.recovery_codes) {
        (Some(_), _) => "Keep these codes in a safe place. They count once you say that you have them.",
        (None, Some(_)) => "You are asked for a recovery code after your password. Each of them works once.",
        (None, None) => "With recovery codes nobody signs on by your password alone.",
    }
}

pub(super) fn registration(face: &Face, flow: &RegistrationFlow) -> Answer {
    let base = face.base(flow.head.mount);
    let action = flow.head.action::<RegistrationFlow>(&base);
    let inputs = TraitInputs::of(face, &flow.traits, &flow.field_messages, TraitsAskedOf::Anew);
    let sign_on = match &flow.head.return_to {
        Some(page) if face.is_sign_on_page(page) => page.clone(),
        Some(to) => append_query(&format!("{base}/self-service/login/browser"), "return_to", to),
        None => format!("{base}/self-service/login/browser"),
    };
    let csrf = ("csrf_token", flow.head.csrf.as_str());
    let bare = FormPage {
        title: "Sign up",
        message: match &flow.head.return_to {
            Some(to) if face.is_sign_on_page(to) => {
                "Please say who you are. The password comes next; then you go on to the application."
            }
            Some(_) | None => "Please say who you are. The password comes next.",
        },
        error: error_of(&flow.messages),
        action: &action,
        hidden: &[csrf],
        fields: &inputs.fields(),
        buttons: &[("method", "profile", "Go on")],
        elsewhere: Some(Link { href: &sign_on, text: "Sign on with an account that you have" }),
    };
    let html = match flow.step {
        RegistrationStep::Traits => bare.html(),
        RegistrationStep::Password => FormPage {
            title: "Choose a password",
            message: "It is asked for whenever you sign on.",
            hidden: &inputs.hidden().chain([csrf]).collect::<Vec<_>>(),
            fields: &[new_password(&flow.field_messages)],
            buttons: &[("method", "password", "Sign up"), ("screen", "previous", "Back")],
            ..bare
        }
        .html(),
    };
    let target = flow.head.return_to.as_deref().unwrap_or(face.registration_return.as_str());
    page(StatusCode::OK, html, &["'self'", &form_action_of(target)])
}

/// An administrator's code is asked for, or it is said that it is over.
pub(super) fn recovery(face: &Face, call: &Call, flow: Option<&RecoveryFlow>) -> Answer {
    let sign_on = format!("{}/self-service/login/browser", face.base(call.mount));
    let links = and_front_page(face, Link { href: &sign_on, text: "Sign on" }, "Front page");
    let Some(flow) = flow else {
        let html = ErrorPage {
            title: "This code is not valid any more",
            message: "An administrator can give you another one.",
            detail: None,
            correlation_id: None,
            sign_off: None,
            links: &links,
        };
        return page(StatusCode::GONE, html.html(), &["'none'"]);
    };
    if flow.done {
        let (title, message) = ("That is done", "This code was used. You can close this page.");
        let html = StatusPage { title, message, sign_off: None, links: &links };
        return page(StatusCode::OK, html.html(), &["'none'"]);
    }
    let action = flow.head.action::<RecoveryFlow>(&face.base(flow.head.mount));
    let html = CodeEntry {
        title: "Get in again",
        message: "Please enter the code that an administrator has given you. Then you choose a new password.",
        action: &action,
        label: "Code from your administrator",
        name: "code",
        hidden: &[("method", "code")],
        error: error_of(&flow.messages),
        without: None,
        leave: None,
        links: &links,
    };
    let headers = PageHeaders::new(&["'self'", &form_action_of(&face.settings.settings_ui)]);
    with_headers(StatusCode::OK, html.html(), &headers.saying_origin_at_home())
}
