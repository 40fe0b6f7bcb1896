//! What became of the notices of an ending, as answers arrive.
//!
//! On a terminal a table that is drawn anew, else a line for each receiver when it has answered for good; what is still pending
//! when the time is over is said last. The ending itself is durable before the first of them.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::time::Duration;

use anyhow::Result;
use http::Method;
use serde_json::Value;

use crate::commands::api::{Api, Reach};
use crate::commands::people::{encoded, open, text};
use crate::commands::shown;
use crate::config::seconds;
use crate::logging::note;

/// How long the last answer may take.
const ANSWER: Duration = Duration::from_secs(10);
/// Rows that are drawn anew: a screen of them. The end names how many there are.
const DRAWN_MAX: usize = 20;
/// The longest wait.
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// A length of time: with a unit, or seconds, as the configuration takes it.
pub(super) fn wait(text: &str) -> Result<Duration, String> {
    let wait = Duration::from_secs(seconds(text)?);
    if wait <= WAIT_MAX { Ok(wait) } else { Err("at most an hour".into()) }
}

/// Shows the receipts of what was ended by this answer, as they are settled or when the time is over.
pub(super) async fn follow(api: &Api, answer: &Value, wait: Duration, json: bool) -> Result<()> {
    let Some(ending) = answer["id"].as_str() else {
        // It was over before: whoever is told was told then.
        return shown::one(answer, json, || "nobody is told again".into());
    };
    if !api.is_served() {
        let found = api.get(&format!("/v1/endings/{}?limit=500", encoded(ending))).await?;
        return shown::one(&found, json, || "told: nobody before a server runs on this folder".into());
    }
    let mut board = Board { on_terminal: !json && std::io::stdout().is_terminal(), ..Board::default() };
    let path = format!("/v1/endings/{}/events?wait_s={}", encoded(ending), wait.as_secs().max(1));
    let followed = api.follow(&path, wait + ANSWER, |name, data| {
        if name != "receipt" {
            return Ok(ControlFlow::Break(()));
        }
        match json {
            true => Ok(ControlFlow::Continue(())),
            false => board.show(data).map(ControlFlow::Continue),
        }
    });
    // A wait of less than a second is one, too.
    if let Ok(followed) = tokio::time::timeout(wait, followed).await {
        followed?;
    }
    let found = api.get(&format!("/v1/endings/{}?limit=500", encoded(ending))).await?;
    let settled = found["notices"]["settled"] == true;
    shown::sentences(&found, json, || summary(&found["notices"], board.on_terminal))?;
    if !settled && !json {
        note(&format!("those are tried for a day: `adieu endings show {ending}` says what became of them"));
    }
    Ok(())
}

/// What is shown of receipts while they come: on a terminal a table that is drawn anew, else a line for each that is settled.
#[derive(Default)]
struct Board {
    on_terminal: bool,
    /// By what tells them apart.
    receipts: BTreeMap<String, Value>,
    /// How many lines of the terminal the table takes.
    drawn: usize,
}

impl Board {
    fn show(&mut self, receipt: Value) -> Result<()> {
        if !self.on_terminal && text(&receipt, "state") != "pending" {
            note(&line(&receipt));
        }
        let drawn = self.drawn_with(receipt);
        if self.on_terminal { shown::print(&drawn) } else { Ok(()) }
    }

    /// The table with one receipt more, or a newer one, in the place of the table that was drawn before.
    fn drawn_with(&mut self, mut receipt: Value) -> String {
        let key = format!("{} {} {}", receiver(&receipt), receipt["sub"], receipt["sid"]);
        receipt["receiver"] = receiver(&receipt).into();
        receipt["next"] = next(&receipt).map_or(Value::Null, Into::into);
        self.receipts.insert(key, receipt);
        let rows: Vec<Value> = self.receipts.values().take(DRAWN_MAX).cloned().collect();
        let table = shown::table(&rows, &COLUMNS);
        let back = if self.drawn > 0 { format!("\u{1b}[{}A\u{1b}[J", self.drawn) } else { String::new() };
        self.drawn = table.lines().count();
        format!("{back}{table}")
    }
}

const COLUMNS: [(&str, &str); 6] = [
    ("RECEIVER", "/receiver"),
    ("STATE", "/state"),
    ("AFTER MS", "/after_ms"),
    ("TRIES", "/tries"),
    ("ANSWER", "/last_answer/status"),
    ("NEXT TRY", "/next"),
];

/// When it is tried next, as far as that is known, and what it waits for where it is not.
fn next(receipt: &Value) -> Option<String> {
    let at = |name: &str| receipt[name].as_str().unwrap_or("now").to_owned();
    Some(match receipt["waits"].as_str()? {
        "being_told" => "being told".to_owned(),
        "due" => "now".to_owned(),
        "held" => "held until this folder takes over".to_owned(),
        "ailing" => format!("ailing since {}, asked again {}", at("ailing_since"), at("next_try_at")),
        _ => at("next_try_at"),
    })
}

/// A client by its id; of a subscriber its kind, too.
fn receiver(receipt: &Value) -> String {
    match receipt["subscriber"].as_str() {
        Some(subscriber) => format!("{} {subscriber}", text(receipt, "kind")),
        None => text(receipt, "client").to_owned(),
    }
}

/// What it answered last: a status, or why there is none.
fn answer(receipt: &Value) -> Option<String> {
    let last = &receipt["last_answer"];
    last["status"]
        .as_u64()
        .map(|status| status.to_string())
        .or_else(|| last["outcome"].as_str().map(Into::into))
}

/// What one waits for, behind what became of it so far.
fn waits(receipt: &Value) -> String {
    match (receipt["waits"].as_str(), next(receipt)) {
        (Some("being_told" | "ailing" | "held"), Some(next)) => format!(", {next}"),
        (Some(_), Some(next)) => format!(", next try {next}"),
        (_, _) => String::new(),
    }
}

fn line(receipt: &Value) -> String {
    let (receiver, state) = (receiver(receipt), text(receipt, "state"));
    let answer = answer(receipt).map(|answer| format!(" ({answer})")).unwrap_or_default();
    match receipt["after_ms"].as_i64() {
        Some(ms) => format!("{receiver}: {state} after {ms} ms"),
        None => format!("{receiver}: {state}{answer}{}", waits(receipt)),
    }
}

/// An ending as it is shown, its receipts in a table.
pub(super) fn shown_with(mut found: Value, json: bool) -> Result<()> {
    if json {
        return shown::members(&found, true);
    }
    let notices = found["notices"].take();
    found.as_object_mut().map(|found| found.shift_remove("notices"));
    shown::members(&found, false)?;
    let mut rows = notices["receipts"].as_array().cloned().unwrap_or_default();
    for row in &mut rows {
        row["receiver"] = receiver(row).into();
        row["answer"] = answer(row).map_or(Value::Null, Into::into);
        row["next"] = next(row).map_or(Value::Null, Into::into);
    }
    let columns = COLUMNS.map(|(heading, pointer)| match heading {
        "ANSWER" => (heading, "/answer"),
        _ => (heading, pointer),
    });
    let table = if rows.is_empty() { String::new() } else { shown::table(&rows, &columns) };
    let more = if notices["next"].is_null() { "" } else { "there are more receipts: --json, and the API\n" };
    shown::print(&format!("\n{}\n{table}{more}", numbers_in_words(&notices)))
}

/// How many notices there are in each state, in words.
pub(super) fn numbers(notices: &Value) -> Option<String> {
    let counts = notices["counts"].as_object().into_iter().flatten();
    let counts = counts.filter(|(_, count)| count.as_u64() != Some(0));
    let words: Vec<String> = counts.map(|(state, count)| format!("{count} {state}")).collect();
    let more = (notices["complete"] == false).then(|| "more to come".to_owned());
    let words = words.into_iter().chain(more).collect::<Vec<_>>().join(", ");
    (!words.is_empty()).then_some(words)
}

/// How many there are in each state, and on a line of its own what each that is pending waits for, unless that was drawn.
fn summary(notices: &Value, drawn: bool) -> Vec<String> {
    let pending =
        notices["receipts"].as_array().into_iter().flatten().filter(|one| one["state"] == "pending");
    let pending = pending.filter(|_| !drawn).map(line);
    std::iter::once(numbers_in_words(notices)).chain(pending).collect()
}

/// How many there are in each state.
fn numbers_in_words(notices: &Value) -> String {
    let counts = notices["counts"].as_object().into_iter().flatten();
    let counts = counts
        .filter(|(_, count)| count.as_u64() != Some(0))
        .map(|(state, count)| format!("{count} {state}"));
    let counts = counts.collect::<Vec<_>>().join(", ");
    let nobody = if notices["complete"] == true { "nobody took part" } else { "nobody yet" };
    let counts = if counts.is_empty() { nobody.to_owned() } else { counts };
    let more = if notices["complete"] == true { "" } else { ", and more to come" };
    format!("told: {counts}{more}")
}

/// `endings retry`, `endings give-up`.
pub(super) async fn again(ending: &str, verb: &str, reach: &Reach) -> Result<()> {
    let path = format!("/v1/endings/{}/{verb}", encoded(ending));
    let done = open(reach).await?.ask(Method::POST, &path, None).await?;
    shown::one(&done, reach.json, || {
        let what = if verb == "retry" { "tried again" } else { "given up" };
        let notices = if done["notices"] == 1 { "notice" } else { "notices" };
        format!("{what}: {} {notices} of ending {ending}", done["notices"])
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Goal: what is still pending when the time is over is printed on a line for each, below the numbers; and no control character of a
    /// receiver's name with it.
    #[test]
    fn what_is_pending_is_printed_a_line_each() {
        let pending = |client: &str| json!({"client": client, "state": "pending", "waits": "later", "next_try_at": "T2"});
        let told = json!({"client": "shop", "state": "confirmed", "after_ms": 3});
        let notices = json!({
            "counts": {"pending": 2, "confirmed": 1}, "complete": true,
            "receipts": [pending("wiki"), told, pending("bad\u{1b}[2J")],
        });
        let printed = shown::text_of(&summary(&notices, false));
        let lines: Vec<_> = printed.lines().collect();
        let first = "told: 2 pending, 1 confirmed";
        assert_eq!(lines, [first, "wiki: pending, next try T2", "bad\u{fffd}[2J: pending, next try T2"]);
        assert_eq!(shown::text_of(&summary(&notices, true)), format!("{first}\n"));
    }

    /// Goal: the table on a terminal is drawn over itself, and grows only by applications that were not in it.
    #[test]
    fn the_table_is_drawn_anew_in_its_own_place() {
        let mut board = Board { on_terminal: true, ..Board::default() };
        let receipt = |client: &str, state: &str, tries: u32| json!({"client": client, "sub": "ada", "sid": null, "state": state, "tries": tries, "after_ms": null});
        let head = "RECEIVER  STATE      AFTER MS  TRIES  ANSWER  NEXT TRY\n";
        let first = board.drawn_with(receipt("shop", "confirmed", 1));
        assert_eq!(first, format!("{head}shop      confirmed  -         1      -       -\n"));
        let second = board.drawn_with(receipt("wiki", "pending", 0));
        assert!(second.starts_with("\u{1b}[2A\u{1b}[J") && second.lines().count() == 3, "{second:?}");
        let third = board.drawn_with(receipt("wiki", "refused", 1));
        assert!(third.starts_with("\u{1b}[3A\u{1b}[J") && third.lines().count() == 3, "{third:?}");
        assert!(third.contains("wiki      refused"), "{third:?}");
        let waits = |waits: &str, at: Option<&str>| {
            let receipt = json!({"client": "shop", "state": "pending", "waits": waits, "next_try_at": at, "ailing_since": "T1"});
            (line(&receipt), next(&receipt).expect("it waits"))
        };
        assert_eq!(waits("being_told", None), ("shop: pending, being told".into(), "being told".into()));
        assert_eq!(waits("later", Some("T2")), ("shop: pending, next try T2".into(), "T2".into()));
        assert_eq!(waits("due", None), ("shop: pending, next try now".into(), "now".into()));
        assert_eq!(waits("ailing", Some("T2")).1, "ailing since T1, asked again T2");
        assert_eq!(waits("ailing", None).0, "shop: pending, ailing since T1, asked again now");
        assert_eq!(waits("held", None).0, "shop: pending, held until this folder takes over");
        let hook = json!({"client": null, "subscriber": "audit", "kind": "webhook", "state": "confirmed"});
        assert!(board.drawn_with(hook).contains("webhook audit  confirmed"));
    }
}
