//! Our own API: queries, cursors, JSON with members that are not known, keys of repetition. And the check of the proxies.
//!
//! Whoever reaches it may do all of that; nothing of it may break the server.
#![no_main]

use adieu_fuzz::{JSON, Template, ask};
use libfuzzer_sys::fuzz_target;

const KEY: (&str, &str) = ("idempotency-key", "{}");
const ADMIN: &[Template] = &[
    Template { method: "GET", path: "/v1/{}", headers: &[("accept", "{}")], body: "" },
    Template { method: "POST", path: "/v1/{}", headers: &[("content-type", "{}")], body: "{}" },
    Template { method: "GET", path: "/v1/realms?{}", headers: &[], body: "" },
    Template { method: "POST", path: "/v1/realms", headers: &[JSON], body: "{}" },
    Template { method: "GET", path: "/v1/realms/<realm>/users?{}", headers: &[], body: "" },
    Template { method: "POST", path: "/v1/realms/<realm>/users", headers: &[JSON], body: "{}" },
    Template { method: "PATCH", path: "/v1/users/<alice>", headers: &[JSON], body: "{}" },
    Template { method: "PUT", path: "/v1/users/<alice>/password", headers: &[JSON], body: "{}" },
    Template { method: "GET", path: "/v1/realms/<realm>/clients?{}", headers: &[], body: "" },
    Template { method: "POST", path: "/v1/realms/<realm>/clients", headers: &[JSON], body: "{}" },
    Template { method: "PATCH", path: "/v1/clients/<app>", headers: &[JSON], body: "{}" },
    Template { method: "GET", path: "/v1/clients/{}", headers: &[], body: "" },
    Template { method: "GET", path: "/v1/realms/<realm>/sessions?{}", headers: &[], body: "" },
    Template { method: "GET", path: "/v1/users/<alice>/sessions?{}", headers: &[], body: "" },
    Template { method: "POST", path: "/v1/endings", headers: &[JSON, KEY], body: "{}" },
    Template {
        method: "POST",
        path: "/v1/endings",
        headers: &[JSON, KEY],
        body: "{\"session\":\"<sid>\",\"reason\":{}}",
    },
];

const PUBLIC: &[Template] = &[
    Template {
        method: "GET",
        path: "/ui/check/{}",
        headers: &[("cookie", "{}"), ("authorization", "{}"), ("forwarded", "{}")],
        body: "",
    },
    Template {
        method: "GET",
        path: "/ui/check-or-sign-on",
        headers: &[
            ("cookie", "ST=<session>; {}"),
            ("accept", "{}"),
            ("x-forwarded-uri", "{}"),
            ("x-forwarded-host", "{}"),
            ("x-original-url", "{}"),
        ],
        body: "",
    },
    Template {
        method: "POST",
        path: "/ui/check-or-sign-on",
        headers: &[
            ("accept", "text/html"),
            ("x-forwarded-proto", "{}"),
            ("x-forwarded-uri", "{}"),
            ("x-forwarded-host", "{}"),
        ],
        body: "",
    },
];

fuzz_target!(|bytes: &[u8]| {
    let Some((&channel, rest)) = bytes.split_first() else { return };
    match channel % 4 {
        0 => ask(PUBLIC, false, rest),
        _ => ask(ADMIN, true, rest),
    }
});
