//! The door of AM's dialect.
//!
//! Versions, realms, actions, filters, callbacks, tokens in all their places.
#![no_main]

use adieu_fuzz::{Template, ask};
use libfuzzer_sys::fuzz_target;

const JSON: (&str, &str) = ("content-type", "application/json");
const VERSION: (&str, &str) = ("accept-api-version", "{}");
const SESSIONS: &str = "/am/json/realms/root/realms/alpha/sessions?{}";
const TEMPLATES: &[Template] = &[
    Template { method: "POST", path: "/am/json/{}", headers: &[VERSION, ("cookie", "{}")], body: "{}" },
    Template {
        method: "POST",
        path: SESSIONS,
        headers: &[VERSION, JSON, ("iplanetdirectorypro", "{}")],
        body: "{}",
    },
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
        method: "POST",
        path: "/am/json/realms/root/realms/alpha/authenticate?{}",
        headers: &[VERSION, JSON],
        body: "{}",
    },
    Template {
        method: "POST",
        path: "/am/json/authenticate?realm={}",
        headers: &[("content-type", "{}"), ("x-openam-username", "{}"), ("x-openam-password", "{}")],
        body: "{}",
    },
    Template { method: "GET", path: "/am/json/serverinfo/{}", headers: &[VERSION], body: "" },
    Template { method: "POST", path: "/am/json/users?{}", headers: &[VERSION, JSON], body: "{}" },
    Template {
        method: "POST",
        path: "/am/json/alpha/sessions?_action=logout&{}",
        headers: &[("x-requested-with", "{}"), ("cookie", "{}")],
        body: "",
    },
];

fuzz_target!(|bytes: &[u8]| ask(TEMPLATES, false, bytes));
