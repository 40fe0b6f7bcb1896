//! AM's dialect.
//!
//! Versions, realms, actions, filters, callbacks, tokens in all their places.
#![no_main]

use adieu_fuzz::{FORM, JSON, Template, ask};
use libfuzzer_sys::fuzz_target;

const VERSION: (&str, &str) = ("accept-api-version", "{}");
const LATEST: (&str, &str) = ("accept-api-version", "resource=5.1, protocol=2.1");
const ADMIN: (&str, &str) = ("iplanetdirectorypro", "<amadmin>");
const ALICE: (&str, &str) = ("iplanetdirectorypro", "<session>");
const SESSIONS: &str = "/am/json/realms/root/realms/alpha/sessions?{}";
const TEMPLATES: &[Template] = &[
    Template { method: "POST", path: "/am/json/{}", headers: &[VERSION, ("cookie", "{}")], body: "{}" },
    Template {
        method: "POST",
        path: SESSIONS,
        headers: &[VERSION, JSON, ("iplanetdirectorypro", "{}")],
        body: "{}",
    },
    Template { method: "POST", path: SESSIONS, headers: &[VERSION, JSON, ALICE], body: "{}" },
    Template { method: "POST", path: SESSIONS, headers: &[LATEST, JSON, ADMIN], body: "{}" },
    Template {
        method: "POST",
        path: "/am/json/realms/root/realms/alpha/sessions/{}",
        headers: &[VERSION],
        body: "{}",
    },
    Template {
        method: "GET",
        path: SESSIONS,
        headers: &[VERSION, ("cookie", "iPlanetDirectoryPro={}")],
        body: "",
    },
    Template {
        method: "GET",
        path: "/am/json/sessions?_queryFilter={}",
        headers: &[("accept-api-version", "resource=2.0, protocol=1.0"), ADMIN],
        body: "",
    },
    Template {
        method: "GET",
        path: "/am/json/sessions?_queryFilter={}",
        headers: &[LATEST, ADMIN],
        body: "",
    },
    Template {
        method: "POST",
        path: "/am/json/realms/root/realms/alpha/authenticate?{}",
        headers: &[VERSION, JSON],
        body: "{}",
    },
    Template {
        method: "POST",
        path: "/am/json/realms/root/realms/alpha/authenticate",
        headers: &[JSON],
        body: "{\"authId\":\"<attempt>\",\"callbacks\":{}}",
    },
    Template {
        method: "POST",
        path: "/am/json/authenticate?realm={}",
        headers: &[("content-type", "{}"), ("x-openam-username", "{}"), ("x-openam-password", "{}")],
        body: "{}",
    },
    Template { method: "GET", path: "/am/json/serverinfo/{}", headers: &[VERSION], body: "" },
    Template { method: "POST", path: "/am/json/users?{}", headers: &[VERSION, JSON, ALICE], body: "{}" },
    Template {
        method: "POST",
        path: "/am/json/alpha/sessions?_action=logout&{}",
        headers: &[("x-requested-with", "{}"), ("cookie", "{}")],
        body: "",
    },
    Template { method: "GET", path: "/am/{}", headers: &[("cookie", "{}"), ("accept", "{}")], body: "" },
    Template { method: "POST", path: "/am/UI/Login?{}", headers: &[FORM, ("cookie", "{}")], body: "{}" },
];

fuzz_target!(|bytes: &[u8]| ask(TEMPLATES, false, bytes));
