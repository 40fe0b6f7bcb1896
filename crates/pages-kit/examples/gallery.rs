//! Writes every page into a folder, to be looked at in a browser: `cargo run -p adieu-pages-kit --example gallery DIR`.
//! The policy stands in a meta element, so that what it forbids does not show here either.

use std::{env, fs, io, path::Path};

use adieu_core::{HowTold, ToldClient};
use adieu_pages_kit::{
    AllowedApplication, ApplicationsPage, CodeEntry, ConsentPage, ErrorPage, FormField, FormPage,
    FormPostPage, Link, Onward, PageHeaders, SeenByDialect, SettingsPage, SettingsPart, SignOffPage,
    SignOffQuestion, SignOnPage, SignedOffPage, SignedOnPage, SignedOnRealm, SignedOnRealmsPage, StatusPage,
    WelcomePage,
};

fn main() -> io::Result<()> {
    let folder = env::args().nth(1).unwrap_or_else(|| "gallery".into());
    fs::create_dir_all(&folder)?;
    let sign_on = sign_on();
    let failed = SignOnPage {
        identifier: "ada@example.org",
        error: Some("The password is wrong, or there is no such account. Check both and try again."),
        ..sign_on.clone()
    };
    let form = SignOffPage { method: "post", action: "/signoff", hidden: &[], label: "Sign off" };
    let error = ErrorPage {
        title: "This address is not allowed",
        message: "The application asked to send you to an address that it has not registered. You are still signed on.",
        detail: Some("post_logout_redirect_uri: The address is not registered or too long."),
        correlation_id: Some("5b7c9d0e-3f12-4a6b-9c8d-7e6f5a4b3c2d"),
        sign_off: Some(form),
        links: &[HOME],
    };
    let status = StatusPage {
        title: "Nothing to do here",
        message: "This address is for applications, not for people.",
        sign_off: None,
        links: &[HOME],
    };
    let code = CodeEntry {
        leave: Some(SignOffPage { label: "Use another account", ..form }),
        ..CodeEntry::second_step("/login", "code", &[], None)
    };
    let pages = [
        ("sign-on", sign_on.html()),
        ("sign-on-failed", failed.html()),
        ("welcome", welcome()),
        ("signed-on", signed_on()),
        ("signed-on-realms", signed_on_realms()),
        ("signed-off", signed_off()),
        ("signed-off-told", signed_off_told()),
        ("sign-off-question", sign_off_question()),
        ("consent", consent()),
        ("applications", applications()),
        ("error", error.html()),
        ("code-entry", code.html()),
        ("settings", settings()),
        ("sign-up", sign_up()),
        ("status", status.html()),
        ("form-post", FormPostPage::of("https://app.example.org/cb", &[]).html()),
    ];
    for (name, html) in pages {
        let headers = match name {
            "codes" => PageHeaders::keeping_codes(&["'self'"]),
            _ => PageHeaders::new(&["'self'"]),
        };
        fs::write(Path::new(&folder).join(format!("{name}.html")), with_policy(&html, &headers))?;
    }
    Ok(())
}

fn sign_on() -> SignOnPage<'static> {
    SignOnPage {
        realm: "Example Company",
        application: Some("Shop"),
        note: None,
        action: "/login",
        method: "post",
        identifier_name: "identifier",
        identifier: "",
        password_name: "password",
        hidden: &[("csrf_token", "x")],
        error: None,
        others: &[
            Link { href: "/o/_/upstream/corp/begin", text: "Sign on with Corp" },
            Link { href: "/self-service/registration/browser", text: "Sign up" },
        ],
    }
}

/// A file has no headers: the policy stands in the page.
fn with_policy(html: &str, headers: &PageHeaders) -> String {
    let policy = &headers.content_security_policy;
    let policy = format!("<meta http-equiv=\"content-security-policy\" content=\"{policy}\">");
    html.replace("<title>", &format!("{policy}\n<title>"))
}

const HOME: Link<'_> = Link { href: "/", text: "Front page" };
const SETTINGS: Link<'_> = Link { href: "/settings", text: "Settings" };
const DISCOVERY: Link<'_> = Link { href: "/.well-known", text: "OpenID Connect" };
const REALM: &str = "Example Company";

fn seen(live: bool) -> [SeenByDialect<'static>; 3] {
    let one = |dialect, request, said| SeenByDialect { dialect, request, live: Some(live), said };
    [
        one("PingOne", "GET /v1/environments/{environment}/sessions/me", "{\n  \"id\": \"5b7c9d0e\"\n}"),
        one(
            "AM",
            "POST /am/json/realms/root/realms/alpha/sessions?_action=validate",
            "{\n  \"valid\": true\n}",
        ),
        one("Kratos", "GET /sessions/whoami", "{\n  \"active\": true\n}"),
    ]
}

fn welcome() -> String {
    WelcomePage {
        realm: REALM,
        sign_on: &[
            Link { href: "/login", text: "Sign on" },
            Link { href: "/am", text: "Sign on another way" },
        ],
        documents: &[DISCOVERY],
    }
    .html()
}

fn signed_on() -> String {
    SignedOnPage {
        username: "ada@example.org",
        realm: REALM,
        seen: &seen(true),
        sign_off: SignOffPage { method: "post", action: "/off", hidden: &[], label: "Sign off everywhere" },
        links: &[SETTINGS, HOME],
        documents: &[DISCOVERY],
    }
    .html()
}

fn signed_on_realms() -> String {
    let sign_off = |label| SignOffPage { method: "post", action: "/off", hidden: &[], label };
    let seen = seen(true);
    let one = |realm, message, links| SignedOnRealm {
        realm,
        message,
        seen: &seen,
        sign_off: sign_off("Sign off of this realm"),
        links,
    };
    SignedOnRealmsPage {
        realms: &[
            one(REALM, "You are signed on as ada@example.org.", &[SETTINGS]),
            one("Another Company", "You are signed on as ada.", &[]),
        ],
        documents: &[DISCOVERY],
    }
    .html()
}

fn signed_off() -> String {
    let again = Some(Link { href: "/login", text: "Sign on again" });
    SignedOffPage { realm: REALM, seen: &seen(false), again, ..SignedOffPage::default() }.html()
}

fn signed_off_told() -> String {
    let one = |name: &str, how| ToldClient { name: name.into(), how };
    let told = [
        one("Shop", HowTold::Confirmed),
        one("Wiki", HowTold::Pending),
        one("Billing", HowTold::Failed),
        one("Forum", HowTold::ByBrowser),
        one("An application whose name is longer than a line of this page", HowTold::NotAtAll),
    ];
    let onward = Some(Onward::look_again("/signed-off"));
    SignedOffPage { realm: REALM, told: &told, onward, ..SignedOffPage::default() }.html()
}

fn gets() -> Vec<String> {
    ["Who you are here", "Your e-mail address", "Access after you have signed off, until you withdraw it"]
        .map(str::to_owned)
        .to_vec()
}

fn consent() -> String {
    ConsentPage {
        application: "Shop",
        goes_to: Some("shop.example.test"),
        other_places: &["till.example.test".into(), "a program on this device (com.example.till:)".into()],
        username: "ada",
        gets: &gets(),
        action: "/consent",
        hidden: &[],
        answer: "choice",
    }
    .html()
}

fn applications() -> String {
    let one = |name: &str| AllowedApplication {
        application: name.into(),
        id: name.into(),
        gets: gets(),
        since: "2026-11-30".into(),
    };
    ApplicationsPage {
        username: "ada",
        done: Some("It is withdrawn."),
        applications: &[one("Shop"), one("Calendar")],
        action: "/applications",
        hidden: &[],
        name: "application",
        links: &[HOME],
    }
    .html()
}

fn sign_off_question() -> String {
    SignOffQuestion {
        message: "Shop asks you to sign off. You are signed on as ada@example.org.",
        applications: &["Shop", "Wiki"],
        action: "/sign-off",
        hidden: &[],
        reach: "reach",
        only_at: Some("Shop"),
        links: &[Link { href: "/", text: "Stay signed on" }],
    }
    .html()
}

const FIELD: FormField<'_> = FormField {
    label: "E-mail",
    name: "traits.email",
    kind: "email",
    value: "ada@example.org",
    autocomplete: "email",
    required: true,
    said: None,
};

fn settings() -> String {
    let password = FormField {
        label: "New password",
        name: "password",
        kind: "password",
        value: "",
        autocomplete: "new-password",
        said: Some("Many people use this password. Please choose one that nobody else has."),
        ..FIELD
    };
    let part = SettingsPart { title: "", message: "", codes: &[], fields: &[], buttons: &[], quiet: true };
    let parts = [
        SettingsPart {
            title: "Password",
            fields: &[password],
            buttons: &[("method", "password", "Change password")],
            ..part
        },
        SettingsPart {
            title: "Recovery codes",
            message: "You are asked for a recovery code after your password. Each of them works once.",
            codes: &["tl800o3x", "zcjz7beh", "x8g5dr89", "Used 2026-11-20"],
            buttons: &[
                ("confirm", "true", "I have kept these codes"),
                ("disable", "true", "Do without recovery codes"),
            ],
            ..part
        },
        SettingsPart {
            title: "About you",
            fields: &[FIELD],
            buttons: &[("method", "profile", "Save")],
            ..part
        },
    ];
    SettingsPage {
        message: "What is changed here counts in every application.",
        error: None,
        action: "/settings",
        hidden: &[],
        parts: &parts,
        links: &[HOME],
    }
    .html()
}

fn sign_up() -> String {
    FormPage {
        title: "Sign up",
        message: "Please say who you are. The password comes next.",
        error: Some("There is an account with this name or e-mail address already."),
        action: "/registration",
        hidden: &[],
        fields: &[FIELD],
        buttons: &[("method", "profile", "Go on")],
        elsewhere: Some(Link { href: "/login", text: "Sign on with an account that you have" }),
    }
    .html()
}
