//! `cargo xtask bench end-all`: what it takes to end all sessions of a user, however many there are, in each dialect that does so.
//!
//! An ending of many is one record and one commit: its answer is held against endings of one session, in the same run. Sessions of a realm
//! are in `bench notify million`, which tells of them besides.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::bench::notify::site::{Site, WARMING};
use crate::bench::pace::BenchPace;
use crate::bench::report::{BenchReport, RatioLimit};
use crate::bench::series::{Series, now};
use crate::bench::servers::{measured_profile, seed_with};
use crate::http::{ask_with, json as asked};

/// Sessions of a user, and endings of each kind at each size: another user's each time.
const SIZES: [usize; 3] = [10, 10_000, 100_000];
const ROUNDS: usize = 3;
/// Endings of one session each.
const SINGLE: usize = 50;
/// The answer may take as long as so many endings of one session.
const ALLOWED: f64 = 3.0;

/// The orders that end all sessions of one user.
const ORDERS: [&str; 4] = ["native API", "Kratos administration", "Kratos, all but one's own", "AM by user"];

/// A user with many sessions.
struct Holder<'a> {
    id: String,
    name: String,
    token: &'a str,
}

/// Measures each order at each size.
pub(crate) fn end_all(binary: &Path, pace: BenchPace, report: &mut BenchReport) -> Result<()> {
    let sizes = pace.either(&SIZES[..], &SIZES[..2]);
    let users = 1 + ORDERS.len() * ROUNDS;
    report.times(&format!("All sessions of a user end; medians of {ROUNDS}"));
    for size in sizes {
        let site = Site::open(binary, "end-all", &[], "RS256")?.again_after(binary, |folder| {
            // The last user's are ended one by one.
            let (sessions, users) =
                ((users * size.max(&SINGLE) + users * WARMING).to_string(), users.to_string());
            seed_with(binary, &measured_profile(), folder, &["--sessions", &sessions, "--users", &users])
        })?;
        let text = std::fs::read_to_string(site.folder().join("tokens"))?;
        let tokens: Vec<&str> = text.lines().collect();
        let singles = tokens.iter().skip(users - 1).step_by(users).copied();
        let single = site.single_endings(singles.take(WARMING + SINGLE))?;
        report.unit(&format!("one session, where users have {size}"), &single);
        let admin = amadmin(&site)?;
        for (kind, name) in ORDERS.into_iter().enumerate() {
            let mut ms = Vec::new();
            for round in 0..ROUNDS {
                let holder = holder(&site, tokens.get(kind * ROUNDS + round).context("a token")?)?;
                let began = now();
                order(&site, name, &holder, &admin)?;
                ms.push(began.elapsed().as_secs_f64() * 1000.0);
                let after = ask_with(
                    site.public,
                    "GET",
                    "/sessions/whoami",
                    &[("x-session-token", holder.token)],
                    None,
                )?;
                let spared = name.ends_with("one's own");
                ensure!(after.0 == if spared { 200 } else { 401 }, "{name}: {after:?}");
            }
            report.series(
                &format!("{size} sessions, {name}"),
                &Series::of(ms),
                &single,
                RatioLimit::AtMost(ALLOWED),
            );
        }
    }
    Ok(())
}

fn holder<'a>(site: &Site, token: &'a str) -> Result<Holder<'a>> {
    let (status, text) =
        ask_with(site.public, "GET", "/sessions/whoami", &[("x-session-token", token)], None)?;
    ensure!(status == 200, "{status} {text}");
    let session: Value = serde_json::from_str(&text)?;
    let id = session["identity"]["id"].as_str().context("a user")?.to_owned();
    let user = asked(site.admin, "GET", &format!("/v1/users/{id}"), None)?;
    Ok(Holder { id, name: user["username"].as_str().context("a name")?.to_owned(), token })
}

/// The token of AM's administrator.
fn amadmin(site: &Site) -> Result<String> {
    let known = &site.server.variables["am"];
    let text = |name: &str| known[name].as_str().unwrap_or_default().to_owned();
    let headers = [
        ("x-openam-username", text("admin_user")),
        ("x-openam-password", text("admin_password")),
        ("accept-api-version", "resource=2.0, protocol=1.0".to_owned()),
    ];
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let path = "/am/json/realms/root/authenticate";
    let (status, answer) = ask_with(site.public, "POST", path, &headers, Some(&json!({})))?;
    ensure!(status == 200, "{status} {answer}");
    let answer: Value = serde_json::from_str(&answer)?;
    Ok(answer["tokenId"].as_str().context("a token")?.to_owned())
}

fn order(site: &Site, name: &str, holder: &Holder<'_>, admin: &str) -> Result<()> {
    let (status, text) = match name {
        "native API" => {
            let order = json!({"user": holder.id});
            ask_with(site.admin, "POST", "/v1/endings", &[], Some(&order))?
        }
        "Kratos administration" => {
            let path = format!("/admin/identities/{}/sessions", holder.id);
            ask_with(site.admin, "DELETE", &path, &[], None)?
        }
        "AM by user" => {
            let headers =
                [("iplanetdirectorypro", admin), ("accept-api-version", "resource=5.1, protocol=1.0")];
            let path = "/am/json/realms/root/realms/alpha/sessions/?_action=logoutByUser";
            ask_with(site.public, "POST", path, &headers, Some(&json!({"username": holder.name})))?
        }
        _ => ask_with(site.public, "DELETE", "/sessions", &[("x-session-token", holder.token)], None)?,
    };
    ensure!([200, 204].contains(&status), "{name}: {status} {text}");
    Ok(())
}
