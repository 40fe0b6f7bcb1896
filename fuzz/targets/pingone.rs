//! PingOne's dialect, authentication and management.
//!
//! Authorization requests, flows, tokens, hints, media types, ids.
#![no_main]

use adieu_fuzz::{FORM, Template, ask};
use libfuzzer_sys::fuzz_target;

const AUTHORIZE: &str = "/<realm>/as/authorize?{}";
const SIGNOFF: &str = "/<realm>/as/signoff?{}";
const TOKEN: &str = "/<realm>/as/token";
const INTROSPECT: &str = "/<realm>/as/introspect";
const FLOW: &str = "/<realm>/flows/{}";
const PAGE: &str = "/<realm>/signon/?{}";
const MANAGED: &str = "/v1/environments/<realm>/{}";
const BASIC: (&str, &str) = ("authorization", "Basic {}");
/// The application's own credential.
const SHOP: (&str, &str) = ("authorization", "Basic <secret>");
const BEARER: (&str, &str) = ("authorization", "Bearer {}");
const TEMPLATES: &[Template] = &[
    Template {
        method: "GET",
        path: "/<realm>/{}",
        headers: &[("accept", "{}"), ("cookie", "ST={}")],
        body: "",
    },
    Template { method: "GET", path: AUTHORIZE, headers: &[("cookie", "{}")], body: "" },
    Template { method: "POST", path: AUTHORIZE, headers: &[FORM], body: "{}" },
    Template { method: "GET", path: SIGNOFF, headers: &[("cookie", "{}"), ("accept", "{}")], body: "" },
    Template { method: "POST", path: SIGNOFF, headers: &[("content-type", "{}")], body: "{}" },
    Template { method: "POST", path: TOKEN, headers: &[FORM, BASIC], body: "{}" },
    Template { method: "POST", path: TOKEN, headers: &[FORM, SHOP], body: "{}" },
    Template { method: "POST", path: INTROSPECT, headers: &[FORM, SHOP], body: "{}" },
    Template { method: "POST", path: "/<realm>/as/revoke", headers: &[FORM, SHOP], body: "{}" },
    Template {
        method: "GET",
        path: "/<realm>/as/authorize?client_id=<app>&response_type=code&{}",
        headers: &[("cookie", "ST=<session>"), ("accept", "{}")],
        body: "",
    },
    Template { method: "GET", path: "/<realm>/as/idpSignoff?{}", headers: &[("cookie", "{}")], body: "" },
    Template {
        method: "GET",
        path: "/<realm>/as/resume?{}",
        headers: &[("cookie", "ST=<session>")],
        body: "",
    },
    Template { method: "GET", path: "/<realm>/as/userinfo", headers: &[BEARER], body: "" },
    Template {
        method: "POST",
        path: "/<realm>/flows/<direct>",
        headers: &[("content-type", "{}")],
        body: "{}",
    },
    Template { method: "POST", path: INTROSPECT, headers: &[FORM, BASIC], body: "token={}" },
    Template {
        method: "POST",
        path: FLOW,
        headers: &[("content-type", "application/vnd.pingidentity.usernamePassword.check+json")],
        body: "{}",
    },
    Template { method: "POST", path: PAGE, headers: &[FORM, ("cookie", "{}")], body: "{}" },
    Template { method: "GET", path: MANAGED, headers: &[BEARER], body: "" },
    Template { method: "POST", path: MANAGED, headers: &[BEARER, ("content-type", "{}")], body: "{}" },
    Template { method: "DELETE", path: "/v1/{}", headers: &[BEARER], body: "" },
];

fuzz_target!(|bytes: &[u8]| ask(TEMPLATES, false, bytes));
