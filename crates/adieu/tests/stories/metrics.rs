//! The metrics of a running server: each family of the table is there and no other, and what lies in `packaging/` asks for these.
//!
//! One test of this binary reads the recorder of the process, so others may count meanwhile: figures are compared, never equal.

use std::collections::{BTreeMap, BTreeSet};

use adieu::metering::{self, FAMILIES};
use adieu_testkit::World;
use axum::http::Method;
use serde_json::{Value, json};

use crate::running::{Browser, Running, STALL, at_free_ports, certify, get};

/// The page as a scraper reads it: kind and help by family, value by series.
struct Page {
    kinds: BTreeMap<String, String>,
    helps: BTreeMap<String, String>,
    series: BTreeMap<String, f64>,
}

impl Page {
    fn read(text: &str) -> Self {
        let mut page = Self { kinds: BTreeMap::new(), helps: BTreeMap::new(), series: BTreeMap::new() };
        for line in text.lines().filter(|line| !line.is_empty()) {
            let named =
                |rest: &str| rest.split_once(' ').map(|(name, rest)| (name.to_owned(), rest.to_owned()));
            if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(named) {
                assert!(page.kinds.insert(name, kind).is_none(), "twice: {line}");
            } else if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(named) {
                page.helps.insert(name, help);
            } else {
                let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
                let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
                assert!(page.series.insert(series.to_owned(), value).is_none(), "twice: {line}");
            }
        }
        page
    }

    /// The sum of a family's series with these words in their labels.
    fn sum(&self, family: &str, labels: &[&str]) -> f64 {
        let fits = |series: &str| {
            let (name, rest) = series.split_once('{').unwrap_or((series, ""));
            name == family && labels.iter().all(|label| rest.contains(label))
        };
        self.series.iter().filter(|(series, _)| fits(series)).map(|(_, value)| value).sum()
    }
}

async fn read(browser: &Browser, server: &Running) -> Page {
    let (status, text) = browser.ask(server.admin, get("/metrics")).await;
    assert_eq!(status, 200);
    Page::read(&text)
}

/// Goal: F-38: the page of a running server has every family of the table, with its kind and its help, and no other; labels have
/// the values that the table says; what happened is counted.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_the_families_of_the_table_and_no_others() {
    metering::install();
    let folder = tempfile::tempdir().expect("a folder");
    let pem = certify(folder.path());
    let mut config = at_free_ports();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    (config.public.tls_cert, config.public.tls_key) = (cert.clone(), key.clone());
    (config.admin.tls_cert, config.admin.tls_key) = (cert, key);
    let server = Running::with(config).await;
    let browser = Browser::trusting(&pem, &["h2"]);
    let counted = async {
        // The first count of sessions begins with the server.
        while !read(&browser, &server).await.series.contains_key("adieu_sessions_live") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(STALL, counted).await.expect("sessions are counted");
    let before = read(&browser, &server).await;
    let names = |page: &Page| page.kinds.keys().cloned().collect::<BTreeSet<_>>();
    let expect: BTreeSet<String> = FAMILIES.iter().map(|family| family.name.to_owned()).collect();
    assert_eq!(names(&before), expect);
    for family in FAMILIES {
        assert_eq!(before.kinds[family.name], family.kind.word(), "{}", family.name);
        assert_eq!(before.helps[family.name], family.help, "{}", family.name);
    }
    for series in before.series.keys() {
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let family = FAMILIES.iter().find(|family| means(family, name)).unwrap_or_else(|| panic!("{series}"));
        for pair in labels.trim_end_matches('}').split(',').filter(|pair| !pair.is_empty()) {
            let (label, value) = pair.split_once('=').expect("a pair");
            let known = label == "le"
                || family.labels.iter().any(|(name, values)| {
                    *name == label && (label == "version" || is_said(label, values, value.trim_matches('"')))
                });
            assert!(known, "{series}: {pair}");
        }
    }

    let whoami = browser.ask(server.public, get("/sessions/whoami")).await;
    assert_eq!(whoami.0, 401);
    let after = read(&browser, &server).await;
    for (family, labels) in [
        ("adieu_requests_total", &["channel=\"kratos\"", "status=\"4xx\""][..]),
        ("adieu_request_seconds_count", &["channel=\"kratos\"", "status=\"4xx\""]),
        ("adieu_requests_total", &["channel=\"metrics\"", "status=\"2xx\""]),
    ] {
        assert_eq!(after.sum(family, labels), before.sum(family, labels) + 1.0, "{family} {labels:?}");
    }
    assert!(after.sum("adieu_store_bytes", &["database"]) >= 4096.0);
    let year = 365.0 * 86_400.0;
    for listener in ["public", "admin"] {
        let ends = after.sum("adieu_certificate_expires_timestamp_seconds", &[listener]);
        assert!(ends > after.sum("adieu_started_timestamp_seconds", &[]) + year, "{listener}: {ends}");
    }
}

fn means(family: &metering::MetricFamily, series: &str) -> bool {
    let rest = series.strip_prefix(family.name);
    match family.kind {
        metering::MetricKind::Histogram => {
            rest.is_some_and(|rest| ["_bucket", "_sum", "_count"].contains(&rest))
        }
        metering::MetricKind::Counter | metering::MetricKind::Gauge => rest == Some(""),
    }
}

/// Whether a value is one of those that the table names.
fn is_said(label: &str, values: &str, value: &str) -> bool {
    let class = label == "status" && ["3xx", "4xx"].contains(&value);
    class || values.split('`').any(|word| word == value)
}

/// Goal: F-38: every expression of the rules and of the dashboard asks for families that there are.
#[test]
fn rules_and_dashboard_ask_for_families_that_there_are() {
    let packaging = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging");
    let read = |name: &str| std::fs::read_to_string(format!("{packaging}/{name}")).expect("a file");
    let rules = read("prometheus-rules.yml");
    let alerts = rules.matches("- alert: ").count();
    let expressions: Vec<&str> = rules
        .split("expr: ")
        .skip(1)
        .map(|rest| {
            rest.split_once("        labels:").or_else(|| rest.split_once("        for:")).expect("it ends").0
        })
        .collect();
    assert!(alerts > 10 && expressions.len() == alerts, "{alerts}");
    let dashboard: Value = serde_json::from_str(&read("grafana-dashboard.json")).expect("JSON");
    let mut asked: BTreeSet<&str> = BTreeSet::new();
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().expect("targets"));
    let shown: Vec<&str> = targets.map(|target| target["expr"].as_str().expect("text")).collect();
    for expression in expressions.iter().chain(&shown) {
        let names: Vec<&str> = families_in(expression).collect();
        assert!(!names.is_empty(), "{expression}");
        for name in names {
            let family = FAMILIES.iter().find(|family| means(family, name));
            asked.insert(family.unwrap_or_else(|| panic!("{name} in {expression}")).name);
        }
    }
    let all: BTreeSet<&str> = FAMILIES.iter().map(|family| family.name).collect();
    assert_eq!(asked, all, "a family that nobody looks at");
}

fn families_in(expression: &str) -> impl Iterator<Item = &str> {
    expression
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with("adieu_"))
}

/// Goal: F-38: a store that can't write says so where whoever looks after the server asks, and why; it serves checks all the
/// while, and is ready again when there is room.
#[tokio::test]
async fn a_full_store_is_not_ready_and_says_why() {
    let mut world = World::start().await;
    let token = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    world.restart_with(|config| config.keep.pages_max = 256).await;
    let ready = async |world: &World| {
        world.wait_s(5); // It is not tried at every question.
        let reply = world.get("/health/ready").send().await;
        let admin = world.admin(Method::GET, "/health/ready").send().await;
        assert_eq!((admin.status, &admin.text), (reply.status, &reply.text));
        reply
    };
    assert_eq!(ready(&world).await.status, 200);
    while world.get("/self-service/login/api").send().await.status == 200 {}
    let told = ready(&world).await;
    assert_eq!(told.status, 503);
    let why = "the disk is full, or the database is as large as it may be";
    assert_eq!(told.json(), json!({"errors": {"database": why}}));
    assert_eq!(told.header("retry-after"), "5");
    assert_eq!(world.get("/health/alive").send().await.status, 200);
    let whoami = world.get("/sessions/whoami").header("x-session-token", &token).send().await;
    assert_eq!(whoami.status, 200);
    let user = json!({"username": "dora", "metadata_admin": {"x": "y".repeat(30_000)}});
    let users = format!("/v1/realms/{}/users", world.data.realm.id);
    let refused = world.admin(Method::POST, &users).json(&user).send().await.json();
    assert_eq!(refused["title"], "Nothing was written", "{refused}");
    let detail = refused["detail"].as_str().expect("text");
    assert!(detail.starts_with("The disk is full, or the database is as large as it may be. "), "{detail}");
    world.restart_with(|config| config.keep.pages_max = 0).await;
    assert_eq!(ready(&world).await.status, 200);
}
