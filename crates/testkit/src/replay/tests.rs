//! The checker is itself checked: a recorded answer holds against itself, and every planted difference is found.
//!
//! Nothing here knows a face: the servers are scripts.

use std::{collections::BTreeMap, sync::Mutex};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

/// A server that answers from a list and remembers what it was sent.
#[derive(Default)]
struct Script {
    answers: Mutex<Vec<WireResponse>>,
    sent: Mutex<Vec<WireRequest>>,
    waited_s: Mutex<f64>,
}

impl Script {
    fn of(answers: &[Value]) -> Self {
        let answers = answers.iter().rev().map(response).collect();
        Self { answers: Mutex::new(answers), ..Self::default() }
    }

    fn sent(&self, at: usize) -> WireRequest {
        self.sent.lock().unwrap()[at].clone()
    }
}

impl Wire for Script {
    fn send(&self, request: WireRequest) -> BoxFuture<'_, Result<WireResponse, String>> {
        self.sent.lock().unwrap().push(request);
        let answer = self.answers.lock().unwrap().pop().ok_or_else(|| "the script is over".to_owned());
        Box::pin(async move { answer })
    }

    fn wait(&self, seconds: f64) -> BoxFuture<'_, ()> {
        *self.waited_s.lock().unwrap() += seconds;
        Box::pin(async {})
    }
}

/// A wire answer from the form in which recordings are kept.
fn response(recorded: &Value) -> WireResponse {
    let pair = |h: &Value| (h[0].as_str().unwrap().to_owned(), h[1].as_str().unwrap().to_owned());
    let body = match (&recorded["json"], &recorded["text"]) {
        (Value::Null, text) => text.as_str().unwrap_or_default().to_owned(),
        (json, _) => json.to_string(),
    };
    WireResponse {
        status: u16::try_from(recorded["status"].as_u64().unwrap()).unwrap(),
        headers: recorded["headers"].as_array().unwrap().iter().map(pair).collect(),
        body: body.into_bytes(),
    }
}

fn scenario(steps: Value) -> Scenario {
    serde_json::from_value(json!({
        "scenario": "planted", "dialect": "none", "checks": [], "about": "A scenario for the checker.",
        "needs": ["public"], "recorded": {"variables": {"public": "http://old.test"}}, "steps": steps,
    }))
    .unwrap()
}

fn vars() -> BTreeMap<String, String> {
    BTreeMap::from([("public".to_owned(), "http://new.test".to_owned())])
}

async fn replay(steps: Value, answers: &[Value]) -> ReplayReport {
    run(&scenario(steps), &vars(), &Script::of(answers)).await
}

/// A rich answer: JSON of every kind, headers, and a cookie.
fn recorded() -> Value {
    json!({"status": 200, "headers": [
        ["Content-Type", "application/json; charset=utf-8"],
        ["Set-Cookie", "session=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"],
        ["Cache-Control", "no-store"], ["Vary", "Cookie, Origin"], ["X-Frame-Options", "DENY"],
    ], "json": {"id": "b3599397-2c61-47f2-b262-2efe1b473f10", "live": true, "count": 2, "list": [1, 2],
        "at": "http://old.test/flow", "none": null}})
}

/// One step whose recording is `recorded`; the server answers the same but for what `plant` does to it.
async fn planted(rules: Value, plant: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut step = json!({"name": "only", "also": ["X-Frame-Options"], "response": recorded()});
    step.as_object_mut().unwrap().extend(rules.as_object().unwrap().clone());
    let mut here = recorded();
    here["json"]["at"] = "http://new.test/flow".into();
    here["json"]["id"] = "00000000-0000-4000-8000-000000000001".into();
    plant(&mut here);
    let report = replay(json!([step]), &[here]).await;
    report.failures.iter().flat_map(|f| f.text.lines()).map(str::to_owned).collect()
}

/// The planted difference is found, and nothing else is.
async fn check(expect: &str, plant: impl FnOnce(&mut Value)) {
    let found = planted(json!({}), plant).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with(expect), "{found:?}");
}

#[tokio::test]
async fn an_answer_that_differs_only_in_what_cannot_be_equal_holds() {
    let found = planted(json!({}), |here| here["json"]["further"] = "ours alone".into()).await;
    assert_eq!(found, Vec::<String>::new());
}

#[tokio::test]
async fn a_planted_status_is_found() {
    check("status: recorded 200, here 201", |here| here["status"] = 201.into()).await;
}

#[tokio::test]
async fn planted_headers_are_found() {
    check("header cache-control", |here| here["headers"][2][1] = "public".into()).await;
    check("header content-type", |here| here["headers"][0][1] = "application/json".into()).await;
    check("header vary", |here| here["headers"][3][1] = "Cookie".into()).await;
    check("header x-frame-options", |here| here["headers"][4][0] = "X-Other".into()).await;
}

#[tokio::test]
async fn a_compared_header_that_only_we_send_is_found() {
    let location = |here: &mut Value| here["headers"].as_array_mut().unwrap().push(json!(["Location", "/"]));
    check("header location: recorded [], here [\"/\"]", location).await;
}

#[tokio::test]
async fn planted_cookies_are_found() {
    let line = |text: &'static str| move |here: &mut Value| here["headers"][1][1] = text.into();
    check("cookies: ", line("session=abc; Path=/; Max-Age=60; SameSite=Lax")).await;
    check("cookies: ", line("session=abc; Path=/; Max-Age=60; HttpOnly; SameSite=None")).await;
    check("cookies: ", line("session=abc; Path=/am; Max-Age=60; HttpOnly; SameSite=Lax")).await;
    check("cookies: ", line("session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")).await;
    check("cookies: ", line("other=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax")).await;
    check("cookies: ", |here| here["headers"][1][0] = "X-None".into()).await;
}

#[tokio::test]
async fn planted_json_is_found() {
    let remove =
        |name: &'static str| move |here: &mut Value| drop(here["json"].as_object_mut().unwrap().remove(name));
    check("live: missing", remove("live")).await;
    check("none: missing", remove("none")).await;
    check("count: recorded 2, here \"2\"", |here| here["json"]["count"] = "2".into()).await;
    check("count: recorded 2, here 3", |here| here["json"]["count"] = 3.into()).await;
    check("live: recorded true, here false", |here| here["json"]["live"] = false.into()).await;
    check("none: recorded null, here 1", |here| here["json"]["none"] = 1.into()).await;
    check("list: recorded 2 elements, here 3", |here| here["json"]["list"] = json!([1, 2, 3])).await;
    check("list[1]: recorded 2, here 5", |here| here["json"]["list"] = json!([1, 5])).await;
    check("at: recorded", |here| here["json"]["at"] = "http://new.test/other".into()).await;
    check("at: recorded", |here| here["json"]["at"] = "http://old.test/flow".into()).await;
    check("id: recorded", |here| here["json"]["id"] = "no uuid".into()).await;
    check("body: recorded JSON", |here| (here["json"], here["text"]) = (Value::Null, "plain".into())).await;
}

#[tokio::test]
async fn planted_plain_text_is_found() {
    let answer =
        |text: &str, kind: &str| json!({"status": 404, "headers": [["Content-Type", kind]], "text": text});
    let steps = |recorded: Value| json!([{"name": "only", "response": recorded}]);
    let plain = steps(answer("not found", "text/plain"));
    assert!(replay(plain.clone(), &[answer("not found", "text/plain")]).await.holds());
    assert!(!replay(plain.clone(), &[answer("gone", "text/plain")]).await.holds());
    assert!(!replay(plain, &[answer("", "text/plain")]).await.holds());
    let page = steps(answer("<p>theirs", "text/html"));
    assert!(replay(page.clone(), &[answer("<p>ours", "text/html")]).await.holds());
    assert!(!replay(page, &[answer("", "text/html")]).await.holds());
}

#[tokio::test]
async fn rules_weaken_only_what_they_name() {
    let changed = |here: &mut Value| here["json"]["at"] = "http://new.test/other".into();
    let typed = |here: &mut Value| here["json"]["at"] = 7.into();
    let rules = |kind: &str, rule: &str| json!({ kind: [rule] });
    assert!(planted(rules("volatile", "json:at"), changed).await.is_empty());
    assert!(planted(rules("volatile", "json:*t"), changed).await.is_empty());
    assert_eq!(planted(rules("volatile", "json:at"), typed).await.len(), 1);
    assert!(planted(rules("ignore", "json:at"), typed).await.is_empty());
    assert_eq!(planted(rules("ignore", "json:list"), typed).await.len(), 1);
    assert!(planted(rules("volatile", "body"), typed).await.is_empty());
    assert!(planted(rules("ignore", "body"), |here| here["json"] = Value::Null).await.is_empty());
    assert!(planted(rules("ignore", "status"), |here| here["status"] = 500.into()).await.is_empty());
    let unset = |here: &mut Value| here["headers"][1][0] = "X-None".into();
    assert!(planted(rules("ignore", "cookie:session"), unset).await.is_empty());
    assert!(planted(rules("ignore", "header:Set-Cookie"), unset).await.is_empty());
    let cached = |here: &mut Value| here["headers"][2][1] = "public".into();
    assert!(planted(rules("volatile", "header:Cache-Control"), cached).await.is_empty());
}

#[tokio::test]
async fn of_a_redirect_neither_type_nor_body_counts_and_the_address_does() {
    let answer =
        |to: &str, kind: &str| json!({"status": 303, "headers": [["Location", to], ["Content-Type", kind]]});
    let steps = json!([{"name": "only", "response": answer("http://old.test/a", "text/html")}]);
    assert!(replay(steps.clone(), &[answer("http://new.test/a", "text/plain")]).await.holds());
    assert!(!replay(steps, &[answer("http://new.test/b", "text/html")]).await.holds());
}

#[tokio::test]
async fn a_capture_that_finds_nothing_fails_and_the_steps_go_on() {
    let step = json!({"name": "first", "capture": {"id": "json:id"}, "response": recorded()});
    let empty = json!({"status": 204, "headers": []});
    let then = json!({"name": "second", "path": "/x?id={{id}}", "response": empty});
    let report = replay(json!([step, then]), &[empty.clone(), empty]).await;
    let names: Vec<&str> = report.failures.iter().map(|f| f.step.as_str()).collect();
    assert_eq!((report.steps, names), (2, vec!["first", "second"]));
    assert_eq!(report.failures[0].text, "nothing at json:id");
    assert_eq!(report.failures[1].text, "variable id is not set");
}

#[tokio::test]
async fn a_step_that_differs_is_held_to_its_expectation() {
    let steps = json!([{"name": "only", "differs": "a known fault", "response": recorded(), "expect": {
        "status": 401, "json": {"code": 401}, "headers": {"X-A": "b"}, "cleared": ["session"]}}]);
    let good = json!({"status": 401, "headers": [["X-A", "b"], ["Set-Cookie", "session=; Max-Age=0"]],
        "json": {"code": 401, "more": 1}});
    let report = replay(steps.clone(), std::slice::from_ref(&good)).await;
    assert_eq!((report.holds(), report.not_compared), (true, 1), "{report}");
    let report = replay(steps.clone(), &[recorded()]).await;
    assert_eq!(report.failures[0].text.lines().count(), 4, "{report}");
    for (at, to) in [("/status", json!(200)), ("/json/code", json!(1)), ("/headers/0/1", json!("c"))] {
        let mut bad = good.clone();
        *bad.pointer_mut(at).unwrap() = to;
        assert!(!replay(steps.clone(), &[bad]).await.holds(), "{at}");
    }
}

#[tokio::test]
async fn requests_carry_what_the_step_says_and_cookies_by_their_path() {
    let login = json!({"status": 200, "headers": [
        ["Set-Cookie", "a=1; Path=/"], ["Set-Cookie", "b=2; Path=/am"], ["Set-Cookie", "c=3; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"],
    ], "json": {"token": "x y"}});
    let bare = json!({"status": 200, "headers": []});
    let steps = json!([
        {"name": "in", "jar": "j", "capture": {"t": "json:token", "b": "cookie:b"}, "response": login},
        {"name": "form", "method": "POST", "path": "/am/x?t={{t|url}}", "jar": "j", "form": {"k": "{{t}}", "{{b}}": "ä"},
            "headers": {"Accept": null, "X-T": "{{t|b64}}"}, "wait_s": 1.5, "times": 2, "response": bare},
        {"name": "json", "method": "DELETE", "path": "https://other.test?q", "jar": "j", "json": null, "response": bare},
        {"name": "none", "method": "PUT", "headers": {"host": "h"}, "response": bare},
    ]);
    let script = Script::of(&[login.clone(), bare.clone(), bare.clone(), bare.clone(), bare.clone()]);
    let report = run(&scenario(steps), &vars(), &script).await;
    assert!(report.holds(), "{report}");
    let seen = |at: usize| {
        let sent = script.sent(at);
        let headers: Vec<String> = sent.headers.iter().map(|(k, v)| format!("{k}: {v}")).collect();
        let body = sent.body.map(|b| String::from_utf8(b).unwrap());
        format!("{} {}{} [{}] {body:?}", sent.method, sent.origin, sent.target, headers.join(", "))
    };
    assert_eq!(seen(0), "GET http://new.test/ [Host: new.test, User-Agent: replay, Accept: */*] None");
    assert_eq!(
        seen(2),
        "POST http://new.test/am/x?t=x%20y [Host: new.test, User-Agent: replay, Content-Type: \
         application/x-www-form-urlencoded, Cookie: a=1; b=2, X-T: eCB5, Content-Length: 14] Some(\"k=x+y&2=%C3%A4\")"
    );
    assert_eq!(
        seen(3),
        "DELETE https://other.test/?q [Host: other.test, User-Agent: replay, Accept: */*, Content-Type: \
         application/json, Cookie: a=1, Content-Length: 4] Some(\"null\")"
    );
    assert_eq!(
        seen(4),
        "PUT http://new.test/ [User-Agent: replay, Accept: */*, host: h, Content-Length: 0] None"
    );
    assert!((*script.waited_s.lock().unwrap() - 1.5).abs() < f64::EPSILON);
}

#[tokio::test]
async fn missing_variables_and_a_dead_server_are_failures() {
    let steps = json!([{"name": "only", "response": recorded()}]);
    let report = run(&scenario(steps.clone()), &BTreeMap::new(), &Script::default()).await;
    assert_eq!(report.failures[0].text, "variables missing: public");
    let report = replay(steps, &[]).await;
    assert_eq!(report.failures[0].text, "no answer: the script is over");
}

/// Goal: what is on the wire is what the scenario says, byte for byte. Method: a socket that answers by hand.
#[tokio::test]
async fn the_tcp_wire_sends_exactly_its_headers_and_reads_chunks() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut seen = vec![0; 4096];
        let mut length = 0;
        while !seen[..length].ends_with(b"hi") {
            length += stream.read(&mut seen[length..]).await.unwrap();
        }
        let answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n\
                      Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(seen[..length].to_vec()).unwrap()
    });
    let header = |k: &str, v: &str| (k.to_owned(), v.to_owned());
    let request = WireRequest {
        base: "public".into(),
        method: "POST".into(),
        origin: format!("http://{address}"),
        target: "//a?b".into(),
        headers: vec![header("Host", "h"), header("X", "1"), header("X", "2"), header("Content-Length", "2")],
        body: Some(b"hi".to_vec()),
    };
    let answer = TcpWire.send(request).await.unwrap();
    assert_eq!(
        server.await.unwrap(),
        "POST //a?b HTTP/1.1\r\nHost: h\r\nX: 1\r\nX: 2\r\nContent-Length: 2\r\n\r\nhi"
    );
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"abcde".as_slice()));
    assert_eq!(answer.headers.iter().filter(|(k, _)| k.eq_ignore_ascii_case("set-cookie")).count(), 2);
}

/// Goal: every scenario in `contracts/` can be read, is called as its file, and holds against its own recording.
/// Waiting ones are only read: some make users with random names, which a recording cannot know.
#[tokio::test]
async fn recorded_scenarios_hold_against_themselves() {
    for dialect in ["kratos", "am"] {
        let all = load_folder(contracts_folder().join(dialect)).unwrap();
        let waiting = waiting(contracts_folder(), dialect).unwrap();
        assert!(waiting.keys().all(|name| all.iter().any(|s| s.name == *name)), "{dialect}: {waiting:?}");
        let due = due(dialect).unwrap();
        assert_eq!(due.len(), all.len() - waiting.len());
        for mut scenario in due {
            // The script answers with the values of the recorded day, so nothing is rolled anew.
            scenario.lets.clear();
            let path = contracts_folder().join(dialect).join(format!("{}.json", scenario.name));
            let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            let steps = file["steps"].as_array().unwrap();
            let answers: Vec<Value> = steps.iter().map(|s| s["response"].clone()).collect();
            let vars = file["recorded"]["variables"].as_object().unwrap();
            let vars = vars.iter().map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned())).collect();
            let mut report = run(&scenario, &vars, &Script::of(&answers)).await;
            // Steps marked `differs` are there because the recording strays from the contract.
            let marked =
                |f: &ReplayFailure| steps.iter().any(|s| s["name"] == *f.step && s["differs"].is_string());
            report.failures.retain(|failure| !marked(failure));
            assert!(report.holds(), "{report}");
        }
    }
}
