//! Kratos' dialect on the admin listener: identities, patches, imported hashes, lists, many endings at once.
//!
//! Whoever reaches it may do all of that; nothing of it may break the server.
#![no_main]

use adieu_fuzz::{JSON, Template, ask};
use libfuzzer_sys::fuzz_target;

const TEMPLATES: &[Template] = &[
    Template { method: "GET", path: "/{}", headers: &[("accept", "{}")], body: "" },
    Template { method: "GET", path: "/admin/sessions?{}", headers: &[], body: "" },
    Template { method: "GET", path: "/admin/sessions/<sid>?{}", headers: &[], body: "" },
    Template { method: "POST", path: "/admin/sessions", headers: &[JSON], body: "{}" },
    Template { method: "PATCH", path: "/admin/sessions/{}/extend", headers: &[], body: "" },
    Template { method: "GET", path: "/admin/identities?{}", headers: &[], body: "" },
    Template { method: "GET", path: "/admin/identities/<alice>?{}", headers: &[], body: "" },
    Template { method: "GET", path: "/admin/identities/<alice>/sessions?{}", headers: &[], body: "" },
    Template { method: "POST", path: "/admin/identities", headers: &[JSON], body: "{}" },
    Template {
        method: "POST",
        path: "/admin/identities",
        headers: &[JSON],
        body: "{\"schema_id\":\"person\",\"traits\":{\"email\":\"a@b.test\"},\"credentials\":{\"password\":{\"config\":{\"hashed_password\":\"{}\"}}}}",
    },
    Template { method: "PATCH", path: "/admin/identities", headers: &[JSON], body: "{}" },
    Template { method: "PATCH", path: "/admin/identities/<alice>", headers: &[JSON], body: "{}" },
    Template {
        method: "PATCH",
        path: "/admin/identities/<alice>",
        headers: &[JSON],
        body: "[{\"op\":\"{}\",\"path\":\"{}\",\"value\":{}}]",
    },
    Template { method: "PUT", path: "/admin/identities/<alice>", headers: &[JSON], body: "{}" },
    Template { method: "DELETE", path: "/admin/identities/<alice>/credentials/{}", headers: &[], body: "" },
    Template { method: "GET", path: "/admin/identities/by/external/{}", headers: &[], body: "" },
    Template { method: "DELETE", path: "/admin/identities/{}/sessions", headers: &[], body: "" },
];

fuzz_target!(|bytes: &[u8]| ask(TEMPLATES, true, bytes));
