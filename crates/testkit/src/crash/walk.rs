//! A realm that ends, and kills in the middle of the walk over its sessions and of telling their users' client.
//!
//! Nothing is asked of the sessions: see `storm`. What is looked at is who was told, and how often.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use adieu_core::RealmId;
use axum::http::Method;
use serde_json::json;

use crate::crash::dialects::{Ear, Say};
use crate::crash::receiver::ReceiverProcess;
use crate::crash::server::CrashServer;
use crate::crash::storm::Dice;
use crate::world::profile_config;

/// How long after the last start everybody has to be told.
const TOLD: Duration = Duration::from_secs(90);

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub struct WalkPlan {
    /// Chooses when the kills come.
    pub seed: u64,
    /// How many users there are.
    pub people: usize,
    /// How many sessions each of them has.
    pub sessions_each: usize,
    /// How often the server is killed.
    pub kills: usize,
    /// The realm of the people.
    pub realm: RealmId,
}

/// What was seen.
#[derive(Debug)]
pub struct WalkReport {
    /// Users of whom the client was never told.
    pub untold: Vec<String>,
    /// Of whom or what else it was told.
    pub strange: Vec<String>,
    /// How often it was told of the same user at most.
    pub oftenest: usize,
}

type Book = Arc<Mutex<BTreeMap<String, usize>>>;

fn open(book: &Book) -> MutexGuard<'_, BTreeMap<String, usize>> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the realm, kills the server again and again, and waits until everybody is told.
///
/// # Errors
/// When the test itself could not be run.
pub async fn walk(binary: &Path, receiver: Command, plan: WalkPlan) -> Result<WalkReport, String> {
    let mut receiver = ReceiverProcess::start(receiver)?;
    let mut server = CrashServer::prepare(binary, profile_config("main"), plan.people, false).await?;
    server.tell_at(&receiver.address, plan.sessions_each).await?;
    let (book, dice) = (Book::default(), Dice::of(plan.seed, 0));
    let heard = Arc::clone(&book);
    receiver.hear(move |who, taken| {
        if taken {
            *open(&heard).entry(who.to_owned()).or_default() += 1;
        }
    })?;
    server.start().await?;
    let say = Say {
        method: Method::POST,
        path: "/v1/endings".into(),
        headers: vec![("content-type", "application/json".into())],
        body: json!({"realm": plan.realm.to_string()}).to_string(),
    };
    let ended = server.admin()?.ask(say).await.map_err(|trouble| format!("no ending: {trouble:?}"))?;
    if ended.status != 200 {
        return Err(format!("no ending: {} {}", ended.status, ended.text));
    }
    for _ in 0..plan.kills {
        // Not a wait for a state: the moment of the kill is what the dice choose.
        tokio::time::sleep(Duration::from_millis(dice.roll(150) as u64)).await;
        server.kill(false)?;
        server.start().await?;
    }
    let told = async {
        while open(&book).len() < plan.people {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    // Who is left is in the report.
    let _ = tokio::time::timeout(TOLD, told).await;
    let mut book = open(&book).clone();
    let oftenest = book.values().max().copied().unwrap_or_default();
    let untold = server.people.iter().filter(|person| book.remove(&person.id).is_none());
    let untold = untold.map(|person| person.name.clone()).collect();
    Ok(WalkReport { untold, strange: book.into_keys().collect(), oftenest })
}
