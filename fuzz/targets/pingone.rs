//! The doors of PingOne's dialect, authentication and management.
//!
//! Authorization requests, flows, tokens, hints, media types, ids.
#![no_main]

use adieu_fuzz::{Template, ask};
use libfuzzer_sys::fuzz_target;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const ENV: &str = "/a1fa0000-0000-4000-8000-000000000001";
const AUTHORIZE: &str = "/a1fa0000-0000-4000-8000-000000000001/as/authorize?{}";
const SIGNOFF: &str = "/a1fa0000-0000-4000-8000-000000000001/as/signoff?{}";
const TOKEN: &str = "/a1fa0000-0000-4000-8000-000000000001/as/token";
const INTROSPECT: &str = "/a1fa0000-0000-4000-8000-000000000001/as/introspect";
const FLOW: &str = "/a1fa0000-0000-4000-8000-000000000001/flows/{}";
const PAGE: &str = "/a1fa0000-0000-4000-8000-000000000001/signon/?{}";
const MANAGED: &str = "/v1/environments/a1fa0000-0000-4000-8000-000000000001/{}";
const BASIC: (&str, &str) = ("authorization", "Basic {}");
const BEARER: (&str, &str) = ("authorization", "Bearer {}");
const TEMPLATES: &[Template] = &[
    Template {
        method: "GET",
        path: "/a1fa0000-0000-4000-8000-000000000001/{}",
        headers: &[("accept", "{}"), ("cookie", "ST={}")],
        body: "",
    },
    Template { method: "GET", path: AUTHORIZE, headers: &[("cookie", "{}")], body: "" },
    Template { method: "POST", path: AUTHORIZE, headers: &[FORM], body: "{}" },
    Template { method: "GET", path: SIGNOFF, headers: &[("cookie", "{}"), ("accept", "{}")], body: "" },
    Template { method: "POST", path: SIGNOFF, headers: &[("content-type", "{}")], body: "{}" },
    Template { method: "POST", path: TOKEN, headers: &[FORM, BASIC], body: "{}" },
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

fuzz_target!(|bytes: &[u8]| {
    debug_assert!(AUTHORIZE.starts_with(ENV));
    ask(TEMPLATES, false, bytes);
});
