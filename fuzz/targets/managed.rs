//! PingOne's management API for a client that may use it: filters, pages, media types, every kind of body.
//!
//! What nobody may without a role is the target `pingone`.
#![no_main]

use adieu_fuzz::{JSON, Template, ask};
use libfuzzer_sys::fuzz_target;

const WORKER: (&str, &str) = ("authorization", "Bearer <worker>");
const ANY: (&str, &str) = ("content-type", "{}");
const MANAGED: &str = "/v1/environments/<realm>/{}";
const USERS: &str = "/v1/environments/<realm>/users";
const USER: &str = "/v1/environments/<realm>/users/<alice>";
const APPS: &str = "/v1/environments/<realm>/applications";
const APP: &str = "/v1/environments/<realm>/applications/<app>";
const POLICIES: &str = "/v1/environments/<realm>/signOnPolicies";
const TEMPLATES: &[Template] = &[
    Template { method: "GET", path: "/v1/{}", headers: &[WORKER], body: "" },
    Template { method: "GET", path: MANAGED, headers: &[WORKER], body: "" },
    Template { method: "POST", path: MANAGED, headers: &[WORKER, ANY], body: "{}" },
    Template { method: "DELETE", path: MANAGED, headers: &[WORKER], body: "" },
    Template {
        method: "GET",
        path: "/v1/environments/<realm>/users?filter={}",
        headers: &[WORKER],
        body: "",
    },
    Template { method: "GET", path: "/v1/environments/<realm>/users?{}", headers: &[WORKER], body: "" },
    Template { method: "POST", path: USERS, headers: &[WORKER, JSON], body: "{}" },
    Template {
        method: "POST",
        path: USERS,
        headers: &[WORKER, JSON],
        body: "{\"username\":\"{}\",\"email\":\"{}\",\"population\":{\"id\":\"<population>\"},{}}",
    },
    Template { method: "PATCH", path: USER, headers: &[WORKER, JSON], body: "{}" },
    Template { method: "PUT", path: USER, headers: &[WORKER, JSON], body: "{}" },
    Template {
        method: "PUT",
        path: "/v1/environments/<realm>/users/<alice>/password",
        headers: &[WORKER, ANY],
        body: "{}",
    },
    Template {
        method: "POST",
        path: "/v1/environments/<realm>/users/<alice>/roleAssignments",
        headers: &[WORKER, JSON],
        body: "{}",
    },
    Template {
        method: "POST",
        path: "/v1/environments/<realm>/sessions/<sid>",
        headers: &[WORKER, ANY],
        body: "{}",
    },
    Template { method: "POST", path: APPS, headers: &[WORKER, JSON], body: "{}" },
    Template { method: "PUT", path: APP, headers: &[WORKER, JSON], body: "{}" },
    Template {
        method: "PUT",
        path: APP,
        headers: &[WORKER, JSON],
        body: "{\"name\":\"x\",\"type\":\"WEB_APP\",\"protocol\":\"OPENID_CONNECT\",\"enabled\":true,\"tokenEndpointAuthMethod\":\"CLIENT_SECRET_BASIC\",\"grantTypes\":[\"AUTHORIZATION_CODE\"],\"responseTypes\":[\"CODE\"],\"redirectUris\":[\"{}\"],{}}",
    },
    Template { method: "POST", path: POLICIES, headers: &[WORKER, JSON], body: "{}" },
    Template {
        method: "PUT",
        path: "/v1/environments/<realm>/ssoCookieSettings",
        headers: &[WORKER, JSON],
        body: "{}",
    },
];

fuzz_target!(|bytes: &[u8]| ask(TEMPLATES, false, bytes));
