//! What became of the notices of an ending, as answers arrive.
//!
//! A line for each application when it has answered for good; what is still pending when the time is over is said last. The
//! ending itself is durable before the first of them.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::Result;
use http::Method;
use serde_json::Value;

use crate::commands::api::{Api, Reach};
use crate::commands::people::{encoded, open, text};
use crate::commands::shown;
use crate::logging::note;

/// How often it is looked.
const EVERY: Duration = Duration::from_millis(100);
/// The longest wait.
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// A length of time with a unit.
pub(super) fn wait(text: &str) -> Result<Duration, String> {
    let wait = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if wait <= WAIT_MAX { Ok(wait) } else { Err("at most an hour".into()) }
}

/// Shows the receipts of what was ended by this answer, as they are settled or when the time is over.
pub(super) async fn follow(api: &Api, answer: &Value, wait: Duration, json: bool) -> Result<()> {
    let Some(ending) = answer["id"].as_str() else {
        // It was over before: whoever is told was told then.
        return shown::one(answer, json, || "nobody is told again".into());
    };
    let path = format!("/v1/endings/{}?limit=500", encoded(ending));
    let until = tokio::time::Instant::now() + wait;
    let (mut said, mut found);
    said = HashSet::new();
    loop {
        found = api.get(&path).await?;
        if !json {
            say_new(&found, &mut said);
        }
        if found["notices"]["settled"] == true || tokio::time::Instant::now() >= until {
            break;
        }
        tokio::time::sleep_until(until.min(tokio::time::Instant::now() + EVERY)).await;
    }
    shown::one(&found, json, || summary(&found["notices"]))
}

/// Says what has been settled since the last look.
fn say_new(found: &Value, said: &mut HashSet<String>) {
    for receipt in found["notices"]["receipts"].as_array().into_iter().flatten() {
        let key = format!("{} {} {}", receipt["client"], receipt["sub"], receipt["sid"]);
        if text(receipt, "state") != "pending" && said.insert(key) {
            note(&line(receipt));
        }
    }
}

fn line(receipt: &Value) -> String {
    let (client, state) = (text(receipt, "client"), text(receipt, "state"));
    let answer = match (receipt["last_answer"]["status"].as_u64(), receipt["last_answer"]["outcome"].as_str())
    {
        (Some(status), _) => format!(" ({status})"),
        (None, Some(outcome)) => format!(" ({outcome})"),
        (None, None) => String::new(),
    };
    match receipt["after_ms"].as_i64() {
        Some(ms) => format!("{client}: {state} after {ms} ms"),
        None => format!("{client}: {state}{answer}"),
    }
}

/// How many there are in each state, and what each that is pending waits for.
fn summary(notices: &Value) -> String {
    let counts = notices["counts"].as_object().into_iter().flatten();
    let counts = counts
        .filter(|(_, count)| count.as_u64() != Some(0))
        .map(|(state, count)| format!("{count} {state}"));
    let counts = counts.collect::<Vec<_>>().join(", ");
    let counts = if counts.is_empty() { "nobody took part".to_owned() } else { counts };
    let pending =
        notices["receipts"].as_array().into_iter().flatten().filter(|one| one["state"] == "pending");
    let pending: String = pending.map(|one| format!("\n{}", line(one))).collect();
    let more = if notices["complete"] == true { "" } else { ", and more to come" };
    format!("told: {counts}{more}{pending}")
}

/// `endings retry`, `endings give-up`.
pub(super) async fn again(ending: &str, verb: &str, reach: &Reach) -> Result<()> {
    let path = format!("/v1/endings/{}/{verb}", encoded(ending));
    let done = open(reach)?.ask(Method::POST, &path, None).await?;
    shown::one(&done, reach.json, || {
        let what = if verb == "retry" { "tried again" } else { "given up" };
        format!("{what}: {} notices of ending {ending}", done["notices"])
    })
}
