//! Bytes from nowhere, sent to the real routers: what every target of a door shares.
//!
//! A door is asked with a template whose gaps the engine fills. Whatever comes, the answer is no panic, no server error and,
//! where it says that it is JSON, JSON.

use std::cell::RefCell;

use adieu_testkit::World;
use axum::http::{HeaderMap, HeaderValue, Method};
use tokio::runtime::Runtime;

/// What a template asks for.
pub struct Template {
    /// The method.
    pub method: &'static str,
    /// The path; `{}` is a gap.
    pub path: &'static str,
    /// Headers; `{}` in a value is a gap.
    pub headers: &'static [(&'static str, &'static str)],
    /// The body; `{}` is a gap, nothing is no body.
    pub body: &'static str,
}

/// Requests that one world answers; then another takes its place, so that what they leave behind stays small.
const REQUESTS_MAX: u32 = 20_000;

struct Stage {
    runtime: Runtime,
    world: World,
    asked: u32,
}

thread_local! {
    static STAGE: RefCell<Option<Stage>> = const { RefCell::new(None) };
}

fn stage() -> Stage {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let world = runtime.block_on(World::start());
    Stage { runtime, world, asked: 0 }
}

/// Asks one of the templates: the first byte chooses it, the others fill its gaps, a newline between them.
pub fn ask(templates: &[Template], admin: bool, bytes: &[u8]) {
    let Some((&choice, rest)) = bytes.split_first() else { return };
    let template = &templates[usize::from(choice) % templates.len()];
    let mut gaps = rest.split(|byte| *byte == b'\n');
    let mut fill = |text: &str| -> Vec<u8> {
        match text.split_once("{}") {
            None => text.as_bytes().to_vec(),
            Some((before, after)) => {
                [before.as_bytes(), gaps.next().unwrap_or_default(), after.as_bytes()].concat()
            }
        }
    };
    // What no HTTP parser lets through does not come to a door.
    let Ok(path) = String::from_utf8(fill(template.path)) else { return };
    if path.parse::<http::Uri>().is_err() || !path.starts_with('/') {
        return;
    }
    let mut headers = HeaderMap::new();
    for (name, value) in template.headers {
        let Ok(value) = HeaderValue::from_bytes(&fill(value)) else { return };
        headers.append(*name, value);
    }
    let body = fill(template.body);
    STAGE.with_borrow_mut(|slot| {
        let stage = slot.get_or_insert_with(stage);
        stage.asked += 1;
        if stage.asked > REQUESTS_MAX {
            *stage = self::stage();
        }
        let method = Method::from_bytes(template.method.as_bytes()).expect("a method");
        let ask = if admin { stage.world.admin(method, &path) } else { stage.world.ask(method, &path) };
        let reply = stage.runtime.block_on(ask.headers(&headers).body(body).send());
        let status = reply.status.as_u16();
        assert!(status < 500 || status == 501, "{} {path}: {status} {}", template.method, reply.text);
        if reply.header("content-type").starts_with("application/json") && !reply.text.is_empty() {
            let read: Result<serde_json::Value, _> = serde_json::from_str(&reply.text);
            assert!(read.is_ok(), "{path}: {}", reply.text);
        }
    });
}
