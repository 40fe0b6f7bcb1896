//! Bytes from nowhere, sent to the real routers: what every target of a dialect shares.
//!
//! A dialect is asked with a template whose gaps the engine fills. Whatever comes, the answer is no panic, no server
//! error and, where it says that it is JSON, JSON.

mod stage;

use axum::http::{HeaderMap, HeaderValue, Method, Uri};

pub use stage::on_stage;

/// What a template asks for. In all its texts `{}` is a gap, and a word in angle brackets is what it is called on the
/// stage: `<alice>`, say, is the id of a user who is there.
pub struct Template {
    /// The method.
    pub method: &'static str,
    /// The path.
    pub path: &'static str,
    /// Headers.
    pub headers: &'static [(&'static str, &'static str)],
    /// The body; nothing is no body.
    pub body: &'static str,
}

/// What says that a body is JSON.
pub const JSON: (&str, &str) = ("content-type", "application/json");
/// What says that it is a form.
pub const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

impl Template {
    fn gaps(&self) -> usize {
        let texts = self.headers.iter().map(|(_, value)| *value).chain([self.path, self.body]);
        texts.map(|text| text.matches("{}").count()).sum()
    }
}

/// A request that an HTTP parser lets through.
struct Filled {
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// Fills the gaps with lines; the last one takes all that is left, lines or not.
fn filled(template: &Template, named: impl Fn(&str) -> String, bytes: &[u8]) -> Option<Filled> {
    let mut lines = bytes.splitn(template.gaps().max(1), |byte| *byte == b'\n');
    let mut fill = |text: &str| {
        let mut parts = text.split("{}");
        let mut whole = named(parts.next().unwrap_or_default()).into_bytes();
        for part in parts {
            whole.extend(lines.next().unwrap_or_default());
            whole.extend(named(part).into_bytes());
        }
        whole
    };
    let path = encoded(&fill(template.path));
    path.parse::<Uri>().ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in template.headers {
        headers.append(*name, HeaderValue::from_bytes(&fill(value)).ok()?);
    }
    path.starts_with('/').then(|| Filled { path, headers, body: fill(template.body) })
}

/// What no client writes into a path as it is, written as clients do.
fn encoded(path: &[u8]) -> String {
    let one = |byte: &u8| match byte {
        b'!' | b'#'..=b';' | b'=' | b'?'..=b'[' | b']' | b'_' | b'a'..=b'z' | b'~' => {
            char::from(*byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    path.iter().map(one).collect()
}

/// Asks one of the templates: the first byte chooses it, the others fill its gaps, a newline between them.
pub fn ask(templates: &[Template], admin: bool, bytes: &[u8]) {
    let Some((&choice, rest)) = bytes.split_first() else { return };
    let template = &templates[usize::from(choice) % templates.len()];
    on_stage(|stage| {
        let Some(Filled { path, headers, body }) = filled(template, |text| stage.named(text), rest) else {
            return;
        };
        let method = Method::from_bytes(template.method.as_bytes()).expect("a method");
        let world = stage.world();
        let ask = if admin { world.admin(method, &path) } else { world.ask(method, &path) };
        let reply = stage.wait(ask.headers(&headers).body(body).send());
        let status = reply.status.as_u16();
        assert!(status < 500 || status == 501, "{} {path}: {status} {}", template.method, reply.text);
        if reply.header("content-type").starts_with("application/json") && !reply.text.is_empty() {
            let read: Result<serde_json::Value, _> = serde_json::from_str(&reply.text);
            assert!(read.is_ok(), "{path}: {}", reply.text);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: Template =
        Template { method: "POST", path: "/a?x={}&y={}", headers: &[("cookie", "<who>={}")], body: "<{}>" };

    fn fill(bytes: &[u8]) -> Option<Filled> {
        filled(&TEMPLATE, |text| text.replace("<who>", "ada"), bytes)
    }

    #[test]
    fn gaps_are_filled_in_their_order_and_the_last_takes_the_rest() {
        let filled = fill(b"1\n\"2\" 3\n4\nfive\r\nsix").expect("a request");
        assert_eq!(filled.path, "/a?x=1&y=%222%22%203");
        assert_eq!(filled.headers["cookie"], "ada=4");
        assert_eq!(filled.body, b"<five\r\nsix>");
        assert_eq!(fill(b"").expect("a request").body, b"<>");
    }

    #[test]
    fn what_no_parser_lets_through_does_not_come_to_a_door() {
        assert!(fill(b"1\n2\n\r\n").is_none());
    }

    /// Goal: templates are about things that are there, and who ends or disables them finds others in their place.
    #[test]
    fn the_stage_is_set_and_set_again() {
        let get = |path, headers| Template { method: "GET", path, headers, body: "" };
        let whoami: &[(&str, &str)] = &[("x-session-token", "<session>")];
        let open = [
            (false, get("/sessions/whoami", whoami)),
            (true, get("/v1/sessions/<sid>", &[])),
            (true, get("/v1/users/<alice>", &[])),
            (true, get("/v1/clients/<app>", &[])),
            (true, get("/v1/realms/<realm>", &[])),
            (
                false,
                get(
                    "/v1/environments/<realm>/populations/<population>",
                    &[("authorization", "Bearer <worker>")],
                ),
            ),
            (false, get("/self-service/login/flows?id=<flow>", &[])),
            (false, get("/<realm>/flows/<direct>", &[])),
            (
                false,
                get(
                    "/am/json/sessions?_queryFilter=realm%20eq%20%22/alpha%22",
                    &[("iplanetdirectorypro", "<amadmin>"), ("accept-api-version", "resource=2.0")],
                ),
            ),
        ];
        let bad = ["DELETE /v1/users/<alice>", "POST /v1/endings", "GET /v1/environments"];
        for round in 0..=bad.len() {
            for (admin, template) in &open {
                on_stage(|stage| {
                    let filled = filled(template, |text| stage.named(text), b"").expect("a request");
                    let world = stage.world();
                    let ask = if *admin {
                        world.admin(Method::GET, &filled.path)
                    } else {
                        world.ask(Method::GET, &filled.path)
                    };
                    let reply = stage.wait(ask.headers(&filled.headers).send());
                    assert_eq!(reply.status, 200, "{round} {}: {}", template.path, reply.text);
                });
            }
            let Some(bad) = bad.get(round) else { return };
            on_stage(|stage| {
                let (method, path) = bad.split_once(' ').expect("two words");
                let order = stage.named(r#"{"realm": "<realm>"}"#);
                let method = method.parse().expect("a method");
                let ask = stage.world().admin(method, &stage.named(path)).header(JSON.0, JSON.1);
                stage.wait(ask.body(order).send());
            });
        }
    }
}
