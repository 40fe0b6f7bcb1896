//! Kratos' dialect on the public listener.
//!
//! Flows, forms, cookies, tokens, return addresses, lists.
#![no_main]

use adieu_fuzz::{FORM, JSON, Template, ask};
use libfuzzer_sys::fuzz_target;

const MULTIPART: (&str, &str) = ("content-type", "multipart/form-data; boundary=x");
const TEMPLATES: &[Template] = &[
    Template { method: "GET", path: "/{}", headers: &[("accept", "{}"), ("cookie", "{}")], body: "" },
    Template {
        method: "GET",
        path: "/sessions/whoami?{}",
        headers: &[("x-session-token", "{}"), ("authorization", "{}"), ("cookie", "ory_kratos_session={}")],
        body: "",
    },
    Template {
        method: "GET",
        path: "/self-service/login/browser?{}",
        headers: &[("accept", "{}"), ("cookie", "{}")],
        body: "",
    },
    Template {
        method: "GET",
        path: "/self-service/logout?token={}&return_to={}",
        headers: &[("accept", "{}")],
        body: "",
    },
    Template { method: "DELETE", path: "/self-service/logout/api", headers: &[JSON], body: "{}" },
    Template {
        method: "POST",
        path: "/self-service/login?flow={}",
        headers: &[JSON, ("cookie", "{}")],
        body: "{}",
    },
    Template {
        method: "POST",
        path: "/self-service/login?{}",
        headers: &[FORM, ("origin", "{}")],
        body: "{}",
    },
    Template {
        method: "POST",
        path: "/self-service/login?{}",
        headers: &[("content-type", "multipart/form-data; boundary={}")],
        body: "{}",
    },
    Template { method: "POST", path: "/self-service/login?flow=<flow>", headers: &[JSON], body: "{}" },
    Template { method: "POST", path: "/self-service/login?flow=<flow>", headers: &[FORM], body: "{}" },
    Template {
        method: "POST",
        path: "/self-service/login?flow=<flow>",
        headers: &[MULTIPART],
        body: "--x\r\nContent-Disposition: form-data; name=\"method\"\r\n\r\npassword\r\n{}",
    },
    Template { method: "GET", path: "/self-service/login/api?{}", headers: &[], body: "" },
    Template { method: "GET", path: "/sessions?{}", headers: &[("x-session-token", "<session>")], body: "" },
    Template {
        method: "GET",
        path: "/self-service/{}",
        headers: &[("x-session-token", "<session>")],
        body: "",
    },
    Template {
        method: "GET",
        path: "/self-service/logout/browser?{}",
        headers: &[("cookie", "ory_kratos_session=<session>; {}"), ("accept", "{}")],
        body: "",
    },
    Template { method: "DELETE", path: "/sessions/{}", headers: &[("authorization", "Bearer {}")], body: "" },
    Template { method: "GET", path: "/self-service/errors?id={}", headers: &[], body: "" },
    Template {
        method: "OPTIONS",
        path: "/{}",
        headers: &[("origin", "{}"), ("access-control-request-method", "{}")],
        body: "",
    },
];

fuzz_target!(|bytes: &[u8]| ask(TEMPLATES, false, bytes));
